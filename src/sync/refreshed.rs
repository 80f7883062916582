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
    /// The time when it was last looked at.
    seen: UnixTime,
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
    /// Nothing, but what there is must not serve as it is: this takes its place, as old as it is.
    Amended(T),
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
                seen: UnixTime::ZERO,
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

    /// The time since the value was last fetched, or found to be current.
    pub(crate) fn age(&self, clock: &dyn Clock) -> Duration {
        self.held.with(|held| {
            let now = clock.now();
            held.follow(now);
            now.saturating_since(held.checked)
        })
    }

    /// Lets the next fetch come at once, whatever failed before.
    pub(crate) fn forget_failures(&self) {
        self.held.with(|held| held.tries = Backoff::default());
    }

    fn plan(&self, clock: &dyn Clock, due: impl Fn(&T, Age) -> Due) -> Plan<T> {
        self.held.with(|held| {
            // Read here: what another thread has settled since would be of the future.
            let now = clock.now();
            held.follow(now);
            let may_retry = held.tries.may_retry(now, self.longest_pause);
            let Some(value) = &held.value else {
                return if may_retry {
                    Plan::Fetch(None)
                } else {
                    Plan::GiveUp
                };
            };
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
            held.follow(now);
            match fetched {
                FetchOutcome::New(_) | FetchOutcome::Current => {
                    held.tries.succeeded(now);
                    held.checked = now;
                    held.is_overdue = false;
                    if let FetchOutcome::New(value) = fetched {
                        held.value = Some(Arc::new(value));
                    }
                }
                FetchOutcome::Failed => held.tries.failed(now),
                FetchOutcome::Amended(value) => {
                    held.tries.failed(now);
                    held.value = Some(Arc::new(value));
                }
                FetchOutcome::Withdrawn => {
                    held.tries.failed(now);
                    held.value = None;
                }
            }
        });
    }
}

impl<T> Held<T> {
    /// Keeps the value's age where the clock was set back: it is at least as old as it was when it was
    /// last looked at.
    fn follow(&mut self, now: UnixTime) {
        if let Some(back) = self.seen.checked_since(now) {
            self.is_overdue |= self.checked > now;
            self.checked = self.checked.saturating_sub(back).min(now);
        }
        self.seen = now;
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
    fn a_value_that_is_amended_stays_as_old_and_the_fetch_has_failed() {
        let refreshed = Refreshed::new(LONGEST);
        let clock = ManualClock::at(1_000);
        current(&refreshed, &clock, new(1));
        clock.advance(10);
        let amended = FetchOutcome::Amended("1 with a remark".to_owned());
        let remark = Some("1 with a remark".to_owned());
        assert_eq!(current(&refreshed, &clock, amended), (remark.clone(), true));
        assert_eq!(refreshed.age(&clock), Duration::from_secs(10));
        // The pause after a failure.
        assert_eq!(current(&refreshed, &clock, new(2)), (remark, false));
        clock.advance(1);
        let second = Some("2".to_owned());
        assert_eq!(current(&refreshed, &clock, new(2)), (second, true));
        assert_eq!(refreshed.age(&clock), Duration::ZERO);
    }

    /// However often, and by whatever: no age becomes less, but by a fetch.
    #[test]
    fn a_clock_that_was_set_back_makes_nothing_younger() {
        let refreshed = Refreshed::new(LONGEST);
        current(&refreshed, &ManualClock::at(10_000), new(1));
        let mut expected = 0;
        for (time, passed) in [
            (10_050, 50),
            (10_030, 0),
            (10_045, 15),
            (5_000, 0),
            (5_020, 20),
            (4_999, 0),
            (5_009, 10),
        ] {
            expected += passed;
            let clock = ManualClock::at(time);
            let found = current(&refreshed, &clock, FetchOutcome::Failed).0;
            assert_eq!(found.as_deref(), Some("1"));
            assert_eq!(refreshed.age(&clock).as_secs(), expected, "at {time}");
        }
        let clock = ManualClock::at(5_014);
        let failed = current(&refreshed, &clock, FetchOutcome::Failed);
        assert_eq!(failed.0, None, "100 s old");
        let clock = ManualClock::at(100);
        let failed = current(&refreshed, &clock, FetchOutcome::Failed);
        assert_eq!(failed.0, None, "and no younger");
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
