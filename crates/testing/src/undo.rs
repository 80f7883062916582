//! What must be undone however a program ends: processes that it started, folders that it made.
//!
//! `Drop` alone does not do: the benchmarks abort when they panic, as the Lambda does, and a signal
//! ends them without it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::signal::unix::{SignalKind, signal};

type Steps = BTreeMap<u64, Box<dyn FnOnce() + Send>>;

static STEPS: Mutex<Steps> = Mutex::new(BTreeMap::new());

/// Undoes something when it is dropped, or when the program ends before that.
pub struct Undo(u64);

impl Undo {
    /// Will do this, once.
    pub fn with(step: impl FnOnce() + Send + 'static) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        steps(|steps| steps.insert(number, Box::new(step)));
        Self(number)
    }
}

impl Drop for Undo {
    fn drop(&mut self) {
        if let Some(step) = steps(|steps| steps.remove(&self.0)) {
            step();
        }
    }
}

/// The steps outlive a panic: what is left of them must still be done.
fn steps<T>(work: impl FnOnce(&mut Steps) -> T) -> T {
    let mut steps = STEPS
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    work(&mut steps)
}

/// Undoes all, the oldest first: a process ends before the group that it was put into later.
fn all() {
    for (_, step) in steps(std::mem::take) {
        step();
    }
}

/// From now on, undoes what is left when the program panics or is told to stop.
pub fn at_any_end() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        all();
    }));
    // In a thread of its own: the others may be busy for longer than anyone waits.
    std::thread::spawn(|| {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build().unwrap().block_on(async {
            let mut terminated = signal(SignalKind::terminate()).unwrap();
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
        });
        all();
        std::process::exit(130);
    });
}
