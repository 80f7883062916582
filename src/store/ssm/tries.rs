//! How a call to SSM is repeated.
//!
//! SSM answers a limited number of calls a second, for the account and region together. When many
//! instances start at once, most of their first calls are refused. Tries that followed each other
//! quickly would only use up what SSM has for others, so they are spread over the time that there
//! is: [full jitter](https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).

use std::time::Duration;

use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::http::{Counters, Deadline};
use crate::random;

/// The longest wait after the first call that SSM refused for its rate. Sixty instances at once,
/// and ten calls a second, need all of it; later waits may take all the time that is left.
pub const FIRST_WINDOW: Duration = Duration::from_secs(5);
/// The most calls that are made for one answer while SSM refuses them for its rate, the first included.
pub const MOST_THROTTLED: u32 = 5;
/// What is kept free at the end of the time, for the last call's own answer.
pub const LAST_CALL: Duration = Duration::from_millis(500);
/// The least time to spread a call over; with less left none is made, for the last calls of all would
/// come together.
pub const LEAST_WINDOW: Duration = Duration::from_millis(500);
/// How long calls are spread, and how many there are, where nobody needs to wait.
const SHORT_WINDOW: Duration = Duration::from_millis(400);
const MOST_IN_PASSING: u32 = 3;
/// The longest wait after an answer that failed otherwise; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The most calls of these.
const MOST_FAILED: u32 = 5;

/// What to do when SSM refuses a call for its rate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WhenThrottled {
    /// Try again later, up to five calls within the deadline: there is nothing else to decide by.
    Wait,
    /// Try twice more within 0.8 s in all: there is something to decide by, and a caller waits.
    Briefly,
}

/// The tries of one piece of work, which may take several calls.
pub(super) struct Tries<'c> {
    counters: &'c Counters,
    deadline: Deadline,
    when_throttled: WhenThrottled,
    throttled: u32,
    failed: u32,
}

/// Why a call failed, as far as another may fare better.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Failing {
    /// SSM refused it for its rate, and says how long to wait, if it says.
    Throttled(Option<Duration>),
    /// It was lost, or SSM had a fault.
    Passing,
    /// The next would fail too.
    Lasting,
}

impl<'c> Tries<'c> {
    pub(super) const fn new(
        deadline: Deadline,
        when_throttled: WhenThrottled,
        counters: &'c Counters,
    ) -> Self {
        Self {
            counters,
            deadline,
            when_throttled,
            throttled: 0,
            failed: 0,
        }
    }

    /// A call was answered: the next has all its tries.
    pub(super) const fn answered(&mut self) {
        self.throttled = 0;
        self.failed = 0;
    }

    /// Waits until the call that failed so may be made again; `false` where it may not.
    pub(super) async fn again<E>(&mut self, error: &SdkError<E, HttpResponse>) -> bool
    where
        E: ProvideErrorMetadata,
    {
        match self.wait_after(failing(error)) {
            Some(wait) => {
                tokio::time::sleep(wait).await;
                true
            }
            None => false,
        }
    }

    fn wait_after(&mut self, failing: Failing) -> Option<Duration> {
        if matches!(failing, Failing::Throttled(_)) {
            self.counters.ssm_throttles.count_try();
        }
        let left = self
            .deadline
            .left(Duration::MAX)
            .checked_sub(LAST_CALL)
            .filter(|left| !left.is_zero())?;
        match failing {
            Failing::Throttled(hint) => {
                self.throttled = self.throttled.saturating_add(1);
                let (most, window) = match self.when_throttled {
                    WhenThrottled::Briefly => (MOST_IN_PASSING, SHORT_WINDOW),
                    WhenThrottled::Wait if self.throttled == 1 => (MOST_THROTTLED, FIRST_WINDOW),
                    WhenThrottled::Wait => (MOST_THROTTLED, Duration::MAX),
                };
                // Who is told to wait for the same time would come back together.
                let hint = hint.unwrap_or_default();
                let left = left.checked_sub(hint)?;
                if self.throttled >= most || left < LEAST_WINDOW.min(window) {
                    return None;
                }
                Some(hint.saturating_add(random::up_to(window.min(left))))
            }
            Failing::Passing => {
                let doublings = self.failed;
                self.failed = self.failed.saturating_add(1);
                let window = FIRST_PAUSE.saturating_mul(1_u32 << doublings.min(MOST_FAILED));
                (self.failed < MOST_FAILED).then(|| random::up_to(window.min(left)))
            }
            Failing::Lasting => None,
        }
    }
}

fn failing<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Failing {
    let status = error
        .raw_response()
        .map(|response| response.status().as_u16());
    let code = error.code().unwrap_or_default();
    if status == Some(429) || is_throttling(code) {
        return Failing::Throttled(error.raw_response().and_then(retry_after));
    }
    match error {
        SdkError::TimeoutError(_) => Failing::Passing,
        SdkError::DispatchFailure(failure) if !failure.is_user() => Failing::Passing,
        SdkError::ServiceError(_)
            if status.is_some_and(|status| status >= 500) || code.starts_with("RequestTimeout") =>
        {
            Failing::Passing
        }
        _ => Failing::Lasting,
    }
}

/// The codes by which AWS's services say that they refuse calls for their rate.
fn is_throttling(code: &str) -> bool {
    code.contains("Throttl") || matches!(code, "RequestLimitExceeded" | "TooManyRequestsException")
}

/// How long the service asks to wait: in milliseconds by AWS's own header, else in seconds (RFC 9110,
/// section 10.2.3).
fn retry_after(response: &HttpResponse) -> Option<Duration> {
    let number = |name| response.headers().get(name)?.trim().parse::<u64>().ok();
    let own = number("x-amz-retry-after").map(Duration::from_millis);
    own.or_else(|| number("retry-after").map(Duration::from_secs))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::{
        FIRST_WINDOW, Failing, HttpResponse, LAST_CALL, MOST_IN_PASSING, MOST_THROTTLED,
        SHORT_WINDOW, Tries, WhenThrottled, is_throttling, retry_after,
    };
    use crate::http::{Counters, Deadline};

    const SPAN: Duration = Duration::from_secs(8);

    fn tries(counters: &Counters, when_throttled: WhenThrottled) -> Tries<'_> {
        Tries::new(Deadline::after(SPAN), when_throttled, counters)
    }

    #[test]
    fn waits_of_throttled_calls_fill_the_time_there_is() {
        let counters = Counters::default();
        let first = |_| tries(&counters, WhenThrottled::Wait).wait_after(Failing::Throttled(None));
        let waits: Vec<Duration> = (0..200).filter_map(first).collect();
        assert_eq!(waits.len(), 200);
        assert!(waits.iter().all(|wait| *wait <= FIRST_WINDOW));
        assert!(waits.iter().any(|wait| *wait < FIRST_WINDOW / 10));
        assert!(waits.iter().any(|wait| *wait > FIRST_WINDOW / 10 * 9));
        let second = |_| {
            let mut tries = tries(&counters, WhenThrottled::Wait);
            tries.wait_after(Failing::Throttled(None));
            tries.wait_after(Failing::Throttled(None)).unwrap()
        };
        let longest = (0..200).map(second).max().unwrap();
        assert!(longest > FIRST_WINDOW && longest + LAST_CALL <= SPAN);
    }

    #[test]
    fn calls_are_few_and_end_before_the_deadline() {
        let counters = Counters::default();
        let mut one = tries(&counters, WhenThrottled::Wait);
        let mut calls = 1;
        while one.wait_after(Failing::Throttled(None)).is_some() {
            calls += 1;
        }
        assert_eq!(calls, MOST_THROTTLED);
        assert_eq!(counters.ssm_throttles.drain().0, u64::from(MOST_THROTTLED));
        let mut late = Tries::new(Deadline::after(LAST_CALL), WhenThrottled::Wait, &counters);
        assert_eq!(late.wait_after(Failing::Throttled(None)), None);
        assert_eq!(late.wait_after(Failing::Passing), None);
    }

    #[test]
    fn what_ssm_asks_for_is_the_least_wait() {
        let counters = Counters::default();
        let hint = Duration::from_secs(3);
        for _ in 0..50 {
            let wait =
                tries(&counters, WhenThrottled::Wait).wait_after(Failing::Throttled(Some(hint)));
            assert!(wait.unwrap() >= hint && wait.unwrap() < SPAN);
        }
        let hint = Some(SPAN);
        assert_eq!(
            tries(&counters, WhenThrottled::Wait).wait_after(Failing::Throttled(hint)),
            None
        );
    }

    #[test]
    fn with_settings_in_force_throttling_is_soon_left_at_that() {
        let counters = Counters::default();
        let mut one = tries(&counters, WhenThrottled::Briefly);
        for _ in 1..MOST_IN_PASSING {
            assert!(one.wait_after(Failing::Throttled(None)).unwrap() <= SHORT_WINDOW);
        }
        assert_eq!(one.wait_after(Failing::Throttled(None)), None);
        assert!(one.wait_after(Failing::Passing).unwrap() < Duration::from_millis(51));
    }

    #[test]
    fn what_lasts_is_not_tried_again() {
        let counters = Counters::default();
        assert_eq!(
            tries(&counters, WhenThrottled::Wait).wait_after(Failing::Lasting),
            None
        );
    }

    #[test]
    fn what_ssm_says_of_throttling() {
        for (headers, expected) in [
            (&[][..], None),
            (&[("retry-after", "2")], Some(Duration::from_secs(2))),
            (
                &[("retry-after", "2"), ("x-amz-retry-after", " 250 ")],
                Some(Duration::from_millis(250)),
            ),
            (&[("retry-after", "Sat, 28 Nov 2026 12:00:00 GMT")], None),
            (&[("x-amz-retry-after", "-1")], None),
        ] {
            let status = StatusCode::try_from(400).unwrap();
            let mut response = HttpResponse::new(status, SdkBody::empty());
            for (name, value) in headers {
                response.headers_mut().insert(*name, *value);
            }
            assert_eq!(retry_after(&response), expected, "{headers:?}");
        }
        for code in ["ThrottlingException", "Throttling", "RequestLimitExceeded"] {
            assert!(is_throttling(code), "{code}");
        }
        for code in ["AccessDeniedException", "ParameterNotFound", ""] {
            assert!(!is_throttling(code), "{code}");
        }
    }
}
