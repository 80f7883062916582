//! A value that is fetched anew from time to time, by whoever finds it due.

use std::sync::Arc;
use std::time::Duration;

use super::Locked;
use crate::backoff::Backoff;
use crate::clock::{Clock, UnixTime};

/// A value that is fetched anew from time to time.
///
/// There is one fetch in flight for any number of waiters, and a failed fetch is not repeated
/// before a pause that doubles. What is due and what is too old to use are the owner's rules.
#[derive(Debug)]
pub(crate) struct Refreshed<T> {
    held: Locked<Held<T>>,
    flight: tokio::sync::Mutex<()>,
    longest_pause: Duration,
}

#[derive(Debug)]
struct Held<T> {
    value: Option<Arc<T>>,
    /// When the value was last fetched, or found to be current.
    checked: UnixTime,
    /// The clock was set back: the value's true age is unknown, so it is due until it is fetched.
    is_overdue: bool,
    tries: Backoff,
}

/// How old things are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Age {
    /// Since the value was last fetched, or found to be current.
    pub(crate) of_value: Duration,
    /// Since the last try to fetch it.
    pub(crate) of_try: Duration,
}

/// What to do with a value of some age.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Due {
    /// Fetch it anew, unless failures forbid it.
    pub(crate) fetch: bool,
    /// It may be used where there is no newer one.
    pub(crate) usable: bool,
}

/// What came of a fetch.
pub(crate) enum FetchOutcome<T> {
    /// A new value.
    New(T),
    /// What there is proved current.
    Current,
    /// Nothing; what there is stays.
    Failed,
    /// Nothing, and what there was holds no more.
    Withdrawn,
}

enum Plan<T> {
    Use(Arc<T>),
    /// Fetch; the value is what serves if that fails or must not happen again.
    Fetch(Option<Arc<T>>),
    GiveUp,
}

impl<T> Refreshed<T> {
    /// Nothing yet. The pause after failures doubles up to `longest_pause`.
    pub(crate) fn new(longest_pause: Duration) -> Self {
        Self {
            held: Locked::new(Held {
                value: None,
                checked: UnixTime::ZERO,
                is_overdue: false,
                tries: Backoff::default(),
            }),
            flight: tokio::sync::Mutex::default(),
            longest_pause,
        }
    }

    /// The value, fetched first where it is due; `None` where there is none that may be used.
    ///
    /// `fetch` is given the value that there is.
    pub(crate) async fn current(
        &self,
        clock: &dyn Clock,
        due: impl Fn(&T, Age) -> Due,
        fetch: impl AsyncFnOnce(Option<Arc<T>>) -> FetchOutcome<T>,
    ) -> Option<Arc<T>> {
        match self.plan(clock, &due) {
            Plan::Use(value) => return Some(value),
            Plan::GiveUp => return None,
            Plan::Fetch(_) => {}
        }
        // Whoever waited here finds the plan changed by the fetch that it waited for.
        let flight = self.flight.lock().await;
        if let Plan::Fetch(previous) = self.plan(clock, &due) {
            let fetched = fetch(previous).await;
            self.settle(fetched, clock);
        }
        drop(flight);
        match self.plan(clock, &due) {
            Plan::Use(value) | Plan::Fetch(Some(value)) => Some(value),
            Plan::Fetch(None) | Plan::GiveUp => None,
        }
    }

    /// Fetches the first value ahead of who needs it. If that fails, whoever comes first tries at
    /// once.
    pub(crate) async fn prepare(&self, clock: &dyn Clock, fetch: impl AsyncFnOnce() -> Option<T>) {
        let _flight = self.flight.lock().await;
        if self.held.with(|held| held.value.is_some()) {
            return;
        }
        if let Some(value) = fetch().await {
            self.settle(FetchOutcome::New(value), clock);
        }
    }

    /// Lets the next fetch come at once, whatever failed before.
    pub(crate) fn forget_failures(&self) {
        self.held.with(|held| held.tries = Backoff::default());
    }

    fn plan(&self, clock: &dyn Clock, due: impl Fn(&T, Age) -> Due) -> Plan<T> {
        self.held.with(|held| {
            // Read here: what another thread has settled since would be of the future.
            let now = clock.now();
            let may_retry = held.tries.may_retry(now, self.longest_pause);
            let Some(value) = &held.value else {
                return if may_retry {
                    Plan::Fetch(None)
                } else {
                    Plan::GiveUp
                };
            };
            if held.checked > now {
                held.checked = now;
                held.is_overdue = true;
            }
            let age = Age {
                of_value: now.saturating_since(held.checked),
                of_try: held.tries.since_try(now),
            };
            let due = due(value, age);
            let value = due.usable.then(|| Arc::clone(value));
            if (due.fetch || held.is_overdue) && may_retry {
                Plan::Fetch(value)
            } else {
                value.map_or(Plan::GiveUp, Plan::Use)
            }
        })
    }

    fn settle(&self, fetched: FetchOutcome<T>, clock: &dyn Clock) {
        self.held.with(|held| {
            let now = clock.now();
            match fetched {
                FetchOutcome::New(_) | FetchOutcome::Current => {
                    held.tries.succeeded(now);
                    held.checked = now;
                    held.is_overdue = false;
                    if let FetchOutcome::New(value) = fetched {
                        held.value = Some(Arc::new(value));
                    }
                }
                FetchOutcome::Failed | FetchOutcome::Withdrawn => {
                    held.tries.failed(now);
                    if matches!(fetched, FetchOutcome::Withdrawn) {
                        held.value = None;
                    }
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Age, Due, FetchOutcome, Refreshed};
    use crate::clock::ManualClock;

    const LONGEST: Duration = Duration::from_secs(4);

    /// Fresh for 10 s, usable for 100.
    fn due(_: &String, age: Age) -> Due {
        Due {
            fetch: age.of_value >= Duration::from_secs(10),
            usable: age.of_value < Duration::from_secs(100),
        }
    }

    fn new(number: u32) -> FetchOutcome<String> {
        FetchOutcome::New(number.to_string())
    }

    /// The value, and whether a fetch was asked for.
    fn current(
        refreshed: &Refreshed<String>,
        clock: &ManualClock,
        fetched: FetchOutcome<String>,
    ) -> (Option<String>, bool) {
        let mut asked = false;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let value = runtime.block_on(refreshed.current(clock, due, async |_| {
            asked = true;
            fetched
        }));
        (value.map(|value| (*value).clone()), asked)
    }

    #[test]
    fn a_value_is_fetched_when_it_is_due_and_kept_while_that_fails() {
        let refreshed = Refreshed::new(LONGEST);
        let clock = ManualClock::at(1_000);
        assert_eq!(
            current(&refreshed, &clock, FetchOutcome::Failed),
            (None, true)
        );
        assert_eq!(current(&refreshed, &clock, new(1)), (None, false));
        clock.advance(1);
        assert_eq!(
            current(&refreshed, &clock, new(1)),
            (Some("1".to_owned()), true)
        );
        clock.advance(9);
        assert_eq!(
            current(&refreshed, &clock, new(2)),
            (Some("1".to_owned()), false)
        );
        clock.advance(1);
        assert_eq!(
            current(&refreshed, &clock, FetchOutcome::Failed),
            (Some("1".to_owned()), true)
        );
        assert_eq!(
            current(&refreshed, &clock, new(2)),
            (Some("1".to_owned()), false)
        );
        clock.advance(89);
        assert_eq!(
            current(&refreshed, &clock, FetchOutcome::Failed),
            (Some("1".to_owned()), true)
        );
        clock.advance(4);
        assert_eq!(
            current(&refreshed, &clock, FetchOutcome::Failed),
            (None, true)
        );
        clock.advance(4);
        assert_eq!(
            current(&refreshed, &clock, new(2)),
            (Some("2".to_owned()), true)
        );
        clock.advance(10);
        assert_eq!(
            current(&refreshed, &clock, FetchOutcome::Current),
            (Some("2".to_owned()), true)
        );
        assert_eq!(
            current(&refreshed, &clock, new(3)),
            (Some("2".to_owned()), false)
        );
    }

    #[test]
    fn a_value_that_is_withdrawn_serves_no_more() {
        let refreshed = Refreshed::new(LONGEST);
        let clock = ManualClock::at(1_000);
        current(&refreshed, &clock, new(1));
        clock.advance(10);
        assert_eq!(
            current(&refreshed, &clock, FetchOutcome::Withdrawn),
            (None, true)
        );
    }

    #[test]
    fn after_a_clock_was_set_back_a_value_is_due() {
        let refreshed = Refreshed::new(LONGEST);
        let later = ManualClock::at(1_000);
        current(&refreshed, &later, new(1));
        let earlier = ManualClock::at(500);
        assert_eq!(
            current(&refreshed, &earlier, FetchOutcome::Failed),
            (Some("1".to_owned()), true)
        );
        earlier.advance(1);
        assert_eq!(
            current(&refreshed, &earlier, new(2)),
            (Some("2".to_owned()), true)
        );
        assert_eq!(
            current(&refreshed, &earlier, new(3)),
            (Some("2".to_owned()), false)
        );
    }
}
