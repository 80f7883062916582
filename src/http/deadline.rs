//! How long a decision may take.

use std::time::Duration;

use tokio::time::Instant;

/// The longest that all outgoing requests of one decision may take together.
pub const TOTAL_DEADLINE: Duration = Duration::from_secs(5);

/// The moment by which a decision must be made.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// [`TOTAL_DEADLINE`] from now.
    pub fn start() -> Self {
        Self::after(TOTAL_DEADLINE)
    }

    /// This long from now.
    pub fn after(duration: Duration) -> Self {
        let now = Instant::now();
        Self(now.checked_add(duration).unwrap_or(now))
    }

    /// This deadline, but no later than `most` from now.
    #[must_use]
    pub fn within(self, most: Duration) -> Self {
        let latest = Instant::now().checked_add(most);
        Self(latest.map_or(self.0, |latest| self.0.min(latest)))
    }

    /// The time left, but no more than `most`.
    pub fn left(self, most: Duration) -> Duration {
        self.0.saturating_duration_since(Instant::now()).min(most)
    }
}
