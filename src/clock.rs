//! Time as an argument, so that every rule about time can be tested.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The time since the Unix epoch.
///
/// All cache lifetimes are measured on the wall clock: a monotonic clock stands still while
/// Lambda has the sandbox frozen, and a withdrawn key would live on.
pub type SinceEpoch = Duration;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The current time since the Unix epoch.
    fn now(&self) -> SinceEpoch;
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SinceEpoch {
        // By a clock before 1970 every token has expired: closed, not open.
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::MAX)
    }
}

/// A clock that stands still until it is told to move, for tests and tools.
#[derive(Debug)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// A clock that shows this many seconds since the Unix epoch.
    pub const fn at(seconds: u64) -> Self {
        Self(AtomicU64::new(seconds))
    }

    /// Moves the clock forward by this many seconds.
    pub fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SinceEpoch {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}
