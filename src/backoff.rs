//! When to try again after failures.

use std::time::Duration;

use crate::clock::UnixTime;

/// The pause after the first failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The last try and how many have failed since the last that did not.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    last_try: UnixTime,
    failures: u32,
}

impl Backoff {
    pub(crate) fn succeeded(&mut self, now: UnixTime) {
        *self = Self {
            last_try: now,
            failures: 0,
        };
    }

    pub(crate) fn failed(&mut self, now: UnixTime) {
        *self = Self {
            last_try: now,
            failures: self.failures.saturating_add(1),
        };
    }

    /// Whether the pause is over, which is at most `longest`.
    pub(crate) fn may_retry(&self, now: UnixTime, longest: Duration) -> bool {
        self.failures == 0 || self.since_try(now) >= self.pause(longest)
    }

    /// The time since the last try. A clock that was set back makes it very long rather than
    /// stop all tries until the clock has caught up.
    pub(crate) fn since_try(&self, now: UnixTime) -> Duration {
        now.checked_since(self.last_try).unwrap_or(Duration::MAX)
    }

    fn pause(&self, longest: Duration) -> Duration {
        let doublings = self.failures.saturating_sub(1).min(10);
        FIRST_PAUSE.saturating_mul(1_u32 << doublings).min(longest)
    }
}

/// A token bucket: a number of things may happen at once, and one more with each further `pause`.
#[derive(Debug)]
pub(crate) struct TokenBucket {
    left: u32,
    most: u32,
    pause: Duration,
    refilled: UnixTime,
}

impl TokenBucket {
    pub(crate) const fn new(most: u32, pause: Duration) -> Self {
        Self {
            left: most,
            most,
            pause,
            refilled: UnixTime::ZERO,
        }
    }

    /// How much is left.
    pub(crate) fn left(&mut self, now: UnixTime) -> u32 {
        // A clock that was set back fills nothing up, and must not stop it from filling either.
        let passed = now.checked_since(self.refilled).unwrap_or_default();
        let earned = passed.as_millis().checked_div(self.pause.as_millis());
        if earned.is_some_and(|earned| earned > 0) || now < self.refilled {
            let earned = u32::try_from(earned.unwrap_or_default()).unwrap_or(u32::MAX);
            self.left = self.left.saturating_add(earned).min(self.most);
            self.refilled = now;
        }
        self.left
    }

    pub(crate) fn spend(&mut self) {
        self.left = self.left.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Backoff, TokenBucket};
    use crate::clock::UnixTime;

    fn has_left(bucket: &mut TokenBucket, now: UnixTime) -> bool {
        bucket.left(now) > 0
    }

    const LONGEST: Duration = Duration::from_secs(30);

    #[test]
    fn the_pause_doubles_up_to_its_bound() {
        let now = UnixTime::from_secs(1_000);
        let mut backoff = Backoff::default();
        assert!(backoff.may_retry(now, LONGEST));
        for pause in [1, 2, 4, 8, 16, 30, 30] {
            backoff.failed(now);
            let after = |millis| now.saturating_add(Duration::from_millis(millis));
            assert!(!backoff.may_retry(after(pause * 1_000 - 1), LONGEST));
            assert!(backoff.may_retry(after(pause * 1_000), LONGEST));
        }
        backoff.succeeded(now);
        assert!(backoff.may_retry(now, LONGEST));
    }

    #[test]
    fn a_token_bucket_is_spent_and_comes_back() {
        let mut now = UnixTime::from_secs(1_000);
        let mut bucket = TokenBucket::new(3, Duration::from_secs(2));
        for _ in 0..3 {
            assert!(has_left(&mut bucket, now));
            bucket.spend();
        }
        assert!(!has_left(&mut bucket, now));
        now = now.saturating_add(Duration::from_secs(1));
        assert!(!has_left(&mut bucket, now));
        now = now.saturating_add(Duration::from_secs(1));
        assert!(has_left(&mut bucket, now));
        bucket.spend();
        assert!(
            !has_left(&mut bucket, UnixTime::from_secs(5)),
            "a clock set back earns nothing"
        );
        assert!(
            has_left(&mut bucket, UnixTime::from_secs(7)),
            "and goes on from there"
        );
        assert!(has_left(
            &mut bucket,
            now.saturating_add(Duration::from_hours(1))
        ));
        assert_eq!(bucket.left, 3);
    }

    #[test]
    fn a_clock_set_back_does_not_stop_tries() {
        let mut backoff = Backoff::default();
        backoff.failed(UnixTime::from_secs(1_000));
        assert!(backoff.may_retry(UnixTime::from_secs(10), LONGEST));
    }
}
