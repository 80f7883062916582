//! Turns by signals: a process runs for its share of each turn, and is stopped for the rest.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use testing::bench::{Place, Scheduled};

use super::Busy;

/// Short against what is measured, long against what a signal takes.
const TURN: Duration = Duration::from_millis(2);

/// The share at which it is measured what signals take.
const SHARE: f64 = 0.145;

/// Turns in force, until they are dropped.
pub(crate) struct Cycle {
    over: Arc<AtomicBool>,
    turns: Option<JoinHandle<()>>,
}

impl Cycle {
    pub(super) fn start(process: Pid, share: f64, lost: Duration) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&over);
        // Stopped first: nothing runs at full speed until the thread has begun.
        let _ = kill_process(process, Signal::STOP);
        let turns = std::thread::spawn(move || take_turns(process, share, lost, &is_over));
        Self {
            over,
            turns: Some(turns),
        }
    }
}

impl Drop for Cycle {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(turns) = self.turns.take() {
            let _ = turns.join();
        }
    }
}

fn take_turns(process: Pid, share: f64, lost: Duration, is_over: &AtomicBool) {
    let each = TURN.as_secs_f64() * share;
    let Some(mut before) = Scheduled::of(process) else {
        return;
    };
    let mut left = 0.0_f64;
    let mut next = Instant::now();
    while !is_over.load(Ordering::Relaxed) {
        let Some(now) = Scheduled::of(process) else {
            return;
        };
        // What it took too much is paid for. What it left is not saved, unless it had no core.
        let waited = now.waited.saturating_sub(before.waited).as_secs_f64();
        left = (left - now.ran.saturating_sub(before.ran).as_secs_f64()).min(waited) + each;
        before = now;
        next += TURN;
        if left > 0.0 {
            let begun = Instant::now();
            let _ = kill_process(process, Signal::CONT);
            let time = Duration::from_secs_f64(left) + lost;
            sleep_until(begun + time);
            let _ = kill_process(process, Signal::STOP);
        }
        // A turn that came too late is no reason to make the next ones shorter.
        next = next.max(Instant::now());
        sleep_until(next);
    }
    let _ = kill_process(process, Signal::CONT);
}

fn sleep_until(time: Instant) {
    std::thread::sleep(time.saturating_duration_since(Instant::now()));
}

/// How much of its time a busy process does not get in a turn, as signals take a while; `None`
/// where turns don't work.
pub(super) fn lost_time(place: Place) -> Option<Duration> {
    // A thread's sleep may end 50 us late, which is a third of what the least memory has of a turn.
    // Threads that are started from now on have it from this one.
    let _ = std::fs::write("/proc/self/timerslack_ns", "1");
    let busy = Busy::start(place);
    let turns = Cycle::start(busy.0, SHARE, Duration::ZERO);
    std::thread::sleep(Duration::from_millis(100));
    let achieved = busy.share(Duration::from_millis(500));
    drop(turns);
    let lost = (SHARE - achieved) * TURN.as_secs_f64();
    // Unlimited, it would have all of a core, or half of one that is shared.
    (achieved < 0.3).then(|| Duration::from_secs_f64(lost.max(0.0)))
}
