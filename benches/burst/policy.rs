//! How an instance repeats calls that SSM throttles: the one place from which the model has it.

use std::time::Duration;

use atlassian_authorizer::authorizer::SETTINGS_AHEAD;
use atlassian_authorizer::http::TOTAL_DEADLINE;
use atlassian_authorizer::store::{FIRST_WINDOW, LAST_CALL, LEAST_WINDOW, MOST_THROTTLED};

use crate::random::Random;

/// How long the wait after a throttled call may be; it is random below that ("full jitter").
#[derive(Clone, Copy)]
pub(crate) enum Windows {
    /// Twice as long each time, whatever time is left.
    Doubling { first: Duration, longest: Duration },
    /// All the time that is left, but the first time no more than this.
    TimeLeft { first: Duration },
}

/// What an instance does until it has its settings.
#[derive(Clone, Copy)]
pub(crate) struct Policy {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// The most calls of one load.
    pub(crate) most_calls: u32,
    pub(crate) windows: Windows,
    /// What no wait takes of a load's time: it is for the last call itself.
    pub(crate) last_call: Duration,
    /// The least time to spread a call over; with less, the load ends.
    pub(crate) least_window: Duration,
    /// The longest load in INIT.
    pub(crate) init: Duration,
    /// The longest load of a decision.
    pub(crate) decision: Duration,
    /// Whether the first decision may load at once where INIT could not.
    pub(crate) first_decision_loads: bool,
    /// The pause after a failed load, in which events are answered with faults; it doubles.
    pub(crate) first_pause: Duration,
    pub(crate) longest_pause: Duration,
}

impl Policy {
    /// What the function did before, by the SDK's retries: five calls within a second, and a pause.
    pub(crate) const QUICK: Self = Self {
        name: "quick",
        most_calls: 5,
        windows: Windows::Doubling {
            first: Duration::from_millis(50),
            longest: Duration::from_secs(1),
        },
        last_call: Duration::ZERO,
        least_window: Duration::ZERO,
        init: TOTAL_DEADLINE,
        decision: TOTAL_DEADLINE,
        first_decision_loads: false,
        first_pause: Duration::from_secs(1),
        longest_pause: Duration::from_secs(30),
    };

    /// What it does: few calls, spread over most of the time that Lambda gives INIT.
    pub(crate) const SPREAD: Self = Self {
        name: "spread",
        most_calls: MOST_THROTTLED,
        windows: Windows::TimeLeft {
            first: FIRST_WINDOW,
        },
        last_call: LAST_CALL,
        least_window: LEAST_WINDOW,
        init: SETTINGS_AHEAD,
        decision: TOTAL_DEADLINE,
        first_decision_loads: true,
        first_pause: Duration::from_secs(1),
        longest_pause: Duration::from_secs(30),
    };

    /// What the function does.
    pub(crate) const IN_FORCE: Self = Self::SPREAD;

    /// A policy by its name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::QUICK, Self::SPREAD]
            .into_iter()
            .find(|policy| policy.name == name)
    }

    /// How long to wait after so many calls of a load that has so much time left; `None` where it
    /// ends here.
    pub(crate) fn wait(&self, calls: u32, left: Duration, random: &mut Random) -> Option<Duration> {
        let left = left
            .checked_sub(self.last_call)
            .filter(|left| !left.is_zero() && *left >= self.least_window)?;
        if calls >= self.most_calls {
            return None;
        }
        let window = match self.windows {
            Windows::Doubling { first, longest } => {
                let doublings = calls.saturating_sub(1).min(16);
                first.saturating_mul(1 << doublings).min(longest)
            }
            Windows::TimeLeft { first } if calls == 1 => left.min(first),
            Windows::TimeLeft { .. } => left,
        };
        Some(random.up_to(window))
    }

    /// The pause after so many failed loads; none after none.
    pub(crate) fn pause(&self, failures: u32) -> Duration {
        match failures.checked_sub(1) {
            None => Duration::ZERO,
            Some(doublings) => {
                let pause = self.first_pause.saturating_mul(1 << doublings.min(10));
                pause.min(self.longest_pause)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Policy;
    use crate::random::Random;

    const SECOND: Duration = Duration::from_secs(1);

    fn longest_wait(policy: &Policy, calls: u32, left: Duration) -> Option<Duration> {
        let mut random = Random::seeded(1);
        let waits: Option<Vec<Duration>> = (0..1_000)
            .map(|_| policy.wait(calls, left, &mut random))
            .collect();
        waits?.into_iter().max()
    }

    #[test]
    fn windows_are_what_the_policy_says() {
        for (policy, calls, left, expected) in [
            (Policy::QUICK, 1, SECOND, Some(0.05)),
            (Policy::QUICK, 4, SECOND, Some(0.4)),
            (Policy::QUICK, 5, SECOND, None),
            (Policy::SPREAD, 1, SECOND * 8, Some(5.0)),
            (Policy::SPREAD, 2, SECOND * 8, Some(7.5)),
            (Policy::SPREAD, 1, SECOND * 3, Some(2.5)),
            (Policy::SPREAD, 1, SECOND / 2, None),
            (Policy::SPREAD, 5, SECOND * 8, None),
        ] {
            let longest = longest_wait(&policy, calls, left).map(|wait| wait.as_secs_f64());
            let is_near = match (longest, expected) {
                (Some(longest), Some(expected)) => longest <= expected && longest > expected * 0.95,
                (longest, expected) => longest == expected,
            };
            assert!(is_near, "{} {calls} {left:?}: {longest:?}", policy.name);
        }
    }

    #[test]
    fn pauses_double() {
        let pauses = [0, 1, 2, 3, 20].map(|failures| Policy::QUICK.pause(failures).as_secs());
        assert_eq!(pauses, [0, 1, 2, 4, 30]);
    }
}
