//! What keeps a failing provider from holding up others, and a flood of unknown tokens from using
//! up the provider's patience.

use std::time::Duration;

use tracing::warn;

use super::{Inspect, InspectionError, InspectionRequest, TokenStatus};
use crate::backoff::Backoff;
use crate::clock::UnixTime;
use crate::credential::{Token, TokenDigest};
use crate::document::ProviderId;
use crate::error::Fault;
use crate::http::{FetchContext, FetchError, HttpClient};
use crate::sync::{Allowance, Locked, Recent};

/// The longest pause after failures.
const MAX_PAUSE: Duration = Duration::from_secs(30);
/// How long a provider that limits our rate is left alone when it does not say.
const RATE_LIMIT_PAUSE: Duration = Duration::from_secs(5);
/// Unknown tokens that may be asked about at once. Anyone can send such tokens; the provider's own
/// limits would keep out everyone.
const UNKNOWN_TOKENS_AT_ONCE: u32 = 100;
/// How long one more takes.
pub(super) const UNKNOWN_TOKEN_PAUSE: Duration = Duration::from_millis(100);
/// The least time without an answer that counts as a timeout of the provider's.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);
/// The most tokens that are remembered as accepted.
const MAX_ACCEPTED: usize = 5_000;
/// The longest `Retry-After` that is believed.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(5);

/// Stands before one provider, and leaves it alone for a while when it does not answer at all,
/// limits our rate, or refuses our credentials.
#[derive(Debug)]
pub struct ProviderGuard {
    state: Locked<State>,
    /// Requests about tokens that are none of our callers'.
    unknown_tokens: Allowance,
}

#[derive(Debug)]
struct State {
    tries: Backoff,
    /// Requests without an answer, one after the other. The first may be one token's doing.
    timeouts: u32,
    /// Tokens that were let through: they are asked about again whatever others send.
    accepted: Recent<TokenDigest, (), MAX_ACCEPTED>,
    /// A provider that limits our rate is not asked before this time.
    limited_until: UnixTime,
}

/// One token to be inspected.
#[derive(Clone, Copy)]
pub struct Inspection<'i> {
    /// The provider, for the log.
    pub provider: &'i ProviderId,
    /// How it is asked.
    pub inspect: &'i dyn Inspect,
    /// The client that trusts the provider's own authority, where it has one.
    pub http: Option<&'i HttpClient>,
    /// The token.
    pub token: &'i Token<'i>,
    /// Whether a signature of the provider's holds. Nobody can make up such tokens, so they draw on
    /// no budget.
    pub is_signed: bool,
    /// The longest that all its requests may take.
    pub allowed: Duration,
}

impl ProviderGuard {
    /// The guard of a provider. One more unknown token may be asked about with each `pause`.
    pub fn new(pause: Duration) -> Self {
        Self {
            state: Locked::new(State {
                tries: Backoff::default(),
                timeouts: 0,
                accepted: Recent::new(),
                limited_until: UnixTime::ZERO,
            }),
            unknown_tokens: Allowance::new(UNKNOWN_TOKENS_AT_ONCE, pause),
        }
    }

    /// Asks the provider, unless it has just failed.
    ///
    /// # Errors
    ///
    /// [`Fault::ProviderUnavailable`], [`Fault::ProviderRateLimited`] or
    /// [`Fault::ProviderMisconfigured`].
    pub async fn inspect(
        &self,
        inspection: Inspection<'_>,
        context: FetchContext<'_>,
    ) -> Result<TokenStatus, Fault> {
        let began = context.clock.now();
        let digest = TokenDigest::of(inspection.token);
        let allowed = context.deadline.left(inspection.allowed);
        if allowed.is_zero() {
            return Err(Fault::ProviderUnavailable);
        }
        let is_known = self.state.with(|state| {
            let is_known = inspection.is_signed || state.accepted.get(&digest).is_some();
            state.admit(began).map(|()| is_known)
        })?;
        let _reserved = if is_known {
            None
        } else {
            let reserved = self.unknown_tokens.reserve(context.clock);
            let reserved = tokio::time::timeout(allowed, reserved).await;
            Some(reserved.ok().flatten().ok_or(Fault::ProviderRateLimited)?)
        };
        let allowed = context.deadline.left(allowed);
        context.counters.inspections.count_try();
        let http = inspection.http.unwrap_or(context.http);
        let request = InspectionRequest::new(http, inspection.token, began, allowed);
        let answer = inspection.inspect.inspect(&request).await;
        let now = context.clock.now();
        self.state.with(|state| match answer {
            Ok(status) => {
                state.tries.succeeded(now);
                state.timeouts = 0;
                Ok(status)
            }
            Err(error) => {
                context.counters.inspections.count_failure();
                warn!(provider = inspection.provider.as_str(), %error, "the provider could not be asked about a token");
                // What could not be found out has cost a request all the same.
                if !is_known {
                    self.unknown_tokens.spend();
                }
                Err(state.failed(&error, began, now, allowed))
            }
        })
    }

    /// Takes down whether a token that the provider was asked about is one of our callers'. Whoever
    /// holds such a token is asked about again whatever others send; all other tokens, of foreign
    /// applications too, draw on what may be asked about unknown ones.
    pub fn record(&self, token: &Token<'_>, is_accepted: bool) {
        let digest = TokenDigest::of(token);
        self.state.with(|state| {
            if is_accepted {
                state.accepted.put(digest, ());
            } else if state.accepted.get(&digest).is_none() {
                self.unknown_tokens.spend();
            }
        });
    }
}

impl State {
    /// Whether the provider may be asked now.
    fn admit(&self, now: UnixTime) -> Result<(), Fault> {
        // A clock that was set back must not keep the provider alone for longer than was meant.
        let limited = self.limited_until.saturating_since(now);
        if !limited.is_zero() && limited <= MAX_RETRY_AFTER {
            return Err(Fault::ProviderRateLimited);
        }
        if self.tries.may_retry(now, MAX_PAUSE) {
            Ok(())
        } else {
            Err(Fault::ProviderUnavailable)
        }
    }

    fn failed(
        &mut self,
        error: &InspectionError,
        began: UnixTime,
        now: UnixTime,
        allowed: Duration,
    ) -> Fault {
        let is_timeout = matches!(
            error,
            InspectionError::Unavailable(
                FetchError::Timeout | FetchError::Connection | FetchError::Broken
            )
        );
        // Within a short while, no answer says little.
        if is_timeout && allowed >= LEAST_PATIENCE {
            self.timeouts = self.timeouts.saturating_add(1);
            if self.timeouts > 1 {
                self.tries.failed_too(began, now);
            }
        } else if !is_timeout {
            self.timeouts = 0;
        }
        match error {
            InspectionError::RateLimited(after) => {
                let pause = after.unwrap_or(RATE_LIMIT_PAUSE).min(MAX_RETRY_AFTER);
                let until = now.saturating_add(pause);
                // Of several answers at once the longest counts, unless the clock was set back.
                let known = self.limited_until.saturating_since(now) <= MAX_RETRY_AFTER;
                self.limited_until = if known {
                    self.limited_until.max(until)
                } else {
                    until
                };
                Fault::ProviderRateLimited
            }
            // An error that comes at once holds nobody up, and may be about this one token.
            InspectionError::Unavailable(_) => Fault::ProviderUnavailable,
            InspectionError::Misconfigured { credentials, .. } => {
                // Providers lock out a client that keeps coming with the wrong secret.
                if *credentials {
                    self.tries.failed_too(began, now);
                }
                Fault::ProviderMisconfigured
            }
        }
    }
}
