//! The share of a core that Lambda gives a function after INIT.
//!
//! "At 1,769 MB, a function has the equivalent of one vCPU", and less memory has its share of it:
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>. INIT is not limited.

mod cgroup;
mod cycle;

use std::fmt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use testing::bench::{Place, Scheduled};
use testing::undo::Undo;

use cgroup::Group;
use cycle::Cycle;

/// The argument that makes this program one that is only busy.
pub(crate) const BUSY: &str = "--busy";

/// A way to limit a process to its share.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    /// Stopped and continued every 2 ms, the hardest: nothing is saved while it waits, and no
    /// burst runs ahead. `lost` is the time of a turn that signals take away.
    Even { lost: Duration },
    /// The kernel's own quota, over 20 ms. This is the period that others have measured on Lambda
    /// (<https://arxiv.org/abs/2506.01283>). A burst below a tick of the kernel, which is 4 ms with
    /// 250 Hz, runs at full speed and is paid for after it.
    Quota,
    /// None: no limit can be set here.
    Nothing,
}

/// A limit in force, until it is dropped.
#[expect(dead_code, reason = "they work until they are dropped")]
pub(crate) enum Limit {
    Even(Cycle),
    Quota(Group),
    Nothing,
}

impl Way {
    /// Ways that work on this machine, and what is to be known of those that don't.
    pub(crate) fn all(place: Place) -> (Vec<Self>, Vec<String>) {
        let mut ways = Vec::new();
        let mut notes = Vec::new();
        match cycle::lost_time(place) {
            Some(lost) => ways.push(Self::Even { lost }),
            None => notes.push("No process can be stopped and continued here.".to_owned()),
        }
        match Group::new() {
            Ok(_) => ways.push(Self::Quota),
            Err(error) => notes.push(format!(
                "No quota of 20 ms: a cgroup with a limit can't be made here ({error})."
            )),
        }
        if ways.is_empty() {
            notes.push("So NOTHING IS LIMITED: all ran at full speed.".to_owned());
            ways.push(Self::Nothing);
        }
        (ways, notes)
    }

    /// Limits a process from now on to a share of a core.
    pub(crate) fn limit(self, process: Pid, share: f64) -> Limit {
        match self {
            Self::Even { lost } => Limit::Even(Cycle::start(process, share, lost)),
            Self::Quota => {
                let group = Group::new().expect("one could be made before");
                group.limit(process, share);
                Limit::Quota(group)
            }
            Self::Nothing => Limit::Nothing,
        }
    }

    /// The share that a busy process gets this way.
    pub(crate) fn achieved(self, share: f64, place: Place) -> f64 {
        let busy = Busy::start(place);
        let _limit = self.limit(busy.0, share);
        // What it has run ahead at full speed is paid for by then.
        std::thread::sleep(Duration::from_millis(200));
        busy.share(Duration::from_secs(1))
    }
}

impl fmt::Display for Way {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Even { .. } => "evenly, in turns of 2 ms (the harder way)",
            Self::Quota => {
                "by the kernel's quota over 20 ms, as reported of Lambda (bursts run ahead)"
            }
            Self::Nothing => "WITHOUT A LIMIT",
        })
    }
}

/// A process that is always busy.
struct Busy(
    Pid,
    #[expect(dead_code, reason = "it ends the process")] Undo,
);

impl Busy {
    fn start(place: Place) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg(BUSY).stdout(Stdio::null());
        let mut child = place.start(|| command.spawn().unwrap());
        let pid = Pid::from_child(&child);
        let undo = Undo::with(move || {
            let _ = kill_process(pid, Signal::KILL);
            let _ = child.wait();
        });
        Self(pid, undo)
    }

    /// Its share of a core, for as long as this.
    fn share(&self, time: Duration) -> f64 {
        let (started, before) = (Instant::now(), self.cpu());
        std::thread::sleep(time);
        self.cpu().saturating_sub(before).as_secs_f64() / started.elapsed().as_secs_f64()
    }

    fn cpu(&self) -> Duration {
        let scheduled = Scheduled::of(self.0);
        scheduled.expect("it runs until it is dropped").ran
    }
}
