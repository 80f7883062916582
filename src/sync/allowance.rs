//! What several may use up together, of which more comes with time.

use std::time::Duration;

use tokio::sync::Notify;

use super::Locked;
use crate::backoff::TokenBucket;
use crate::clock::Clock;

/// A token bucket that several draw on at once. Whoever draws reserves first, and spends when it turns
/// out that it must; without that, all who are on their way would look at the same number.
#[derive(Debug)]
pub(crate) struct Allowance {
    state: Locked<Reservations>,
    freed: Notify,
}

#[derive(Debug)]
struct Reservations {
    bucket: TokenBucket,
    reserved: u32,
}

/// What is drawn on an [`Allowance`] and may be spent. Dropped, it is no longer reserved.
pub(crate) struct Reserved<'a>(&'a Allowance);

impl Allowance {
    pub(crate) fn new(most: u32, pause: Duration) -> Self {
        Self {
            state: Locked::new(Reservations {
                bucket: TokenBucket::new(most, pause),
                reserved: 0,
            }),
            freed: Notify::new(),
        }
    }

    /// Reserves one. Waits while others have reserved what is left; `None` where nothing is left.
    pub(crate) async fn reserve(&self, clock: &dyn Clock) -> Option<Reserved<'_>> {
        loop {
            // Made before the look, so that nothing is missed between the two.
            let freed = self.freed.notified();
            let may = self.state.with(|state| {
                if state.bucket.left(clock.now()) > state.reserved {
                    state.reserved = state.reserved.saturating_add(1);
                    Some(true)
                } else {
                    (state.reserved > 0).then_some(false)
                }
            });
            match may {
                Some(true) => return Some(Reserved(self)),
                Some(false) => freed.await,
                None => return None,
            }
        }
    }

    pub(crate) fn spend(&self) {
        self.state.with(|state| state.bucket.spend());
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        let Self(allowance) = self;
        allowance
            .state
            .with(|state| state.reserved = state.reserved.saturating_sub(1));
        allowance.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::future::{FutureExt, join_all};

    use super::Allowance;
    use crate::clock::ManualClock;

    const PAUSE: Duration = Duration::from_secs(1);

    /// Draws once; `true` where it was allowed and spent.
    async fn draw(allowance: &Allowance, clock: &ManualClock, spends: bool) -> bool {
        let Some(_reserved) = allowance.reserve(clock).await else {
            return false;
        };
        // Others come meanwhile.
        tokio::task::yield_now().await;
        if spends {
            allowance.spend();
        }
        true
    }

    #[tokio::test]
    async fn all_at_once_spend_no_more_than_is_left() {
        let clock = ManualClock::at(1_000);
        let allowance = Allowance::new(3, PAUSE);
        let draws = join_all((0..64).map(|_| draw(&allowance, &clock, true))).await;
        assert_eq!(
            draws.into_iter().filter(|let_through| *let_through).count(),
            3
        );
        clock.advance(2);
        let draws = join_all((0..64).map(|_| draw(&allowance, &clock, true))).await;
        assert_eq!(
            draws.into_iter().filter(|let_through| *let_through).count(),
            2
        );
    }

    #[tokio::test]
    async fn those_that_spend_nothing_wait_and_are_all_let_through() {
        let clock = ManualClock::at(1_000);
        let allowance = Allowance::new(3, PAUSE);
        let draws = join_all((0..64).map(|_| draw(&allowance, &clock, false))).await;
        assert!(draws.into_iter().all(|let_through| let_through));
    }

    #[tokio::test]
    async fn one_that_is_given_up_is_no_longer_reserved() {
        let clock = ManualClock::at(1_000);
        let allowance = Allowance::new(1, PAUSE);
        let held = allowance.reserve(&clock).await;
        assert!(allowance.reserve(&clock).now_or_never().is_none());
        drop(held);
        assert!(allowance.reserve(&clock).now_or_never().flatten().is_some());
    }
}
