//! What keeps a failing provider from holding up others, and a flood of unknown tokens from using
//! up the provider's patience.

use std::time::Duration;

use tracing::warn;

use super::pauses::{Pauses, Question, Trouble};
use super::{AnswerKeys, Inspect, InspectionError, InspectionRequest, TokenStatus};
use crate::credential::{Token, TokenDigest};
use crate::document::ProviderId;
use crate::error::Fault;
use crate::http::{FetchContext, FetchError, HttpClient};
use crate::sync::{Allowance, Locked, Recent};

/// Unknown tokens that may be asked about at once. Anyone can send such tokens; the provider's own
/// limits would keep out everyone.
const UNKNOWN_TOKENS_AT_ONCE: u32 = 100;
/// How long one more takes.
pub(super) const UNKNOWN_TOKEN_PAUSE: Duration = Duration::from_millis(100);
/// The least time without an answer that counts as a timeout of the provider's.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);
/// The most tokens that are remembered as accepted.
const MAX_ACCEPTED: usize = 5_000;
/// How much longer than a question may take its answer is waited for before the next may be asked.
const GRACE: Duration = Duration::from_secs(1);

/// Stands before one provider. It leaves tokens alone that the provider does not answer to or limits,
/// and the provider itself where it does so with several, or refuses our credentials.
#[derive(Debug)]
pub struct ProviderGuard {
    state: Locked<State>,
    /// Requests about tokens that are none of our callers'.
    unknown_tokens: Allowance,
}

#[derive(Debug, Default)]
struct State {
    pauses: Pauses,
    /// Tokens that were accepted: the provider is asked about them again, whatever others send.
    accepted: Recent<TokenDigest, (), MAX_ACCEPTED>,
}

/// One token to be inspected.
#[derive(Clone, Copy)]
pub struct Inspection<'i> {
    /// The provider, for the log.
    pub provider: &'i ProviderId,
    /// How it is asked.
    pub inspect: &'i dyn Inspect,
    /// The client that trusts the provider's private CA, where it has one.
    pub http: Option<&'i HttpClient>,
    /// The token.
    pub token: &'i Token<'i>,
    /// The keys that the provider's answers may be signed by.
    pub answers: &'i AnswerKeys,
    /// The token's subject, where a signature of the provider's holds and it names one.
    pub subject: Option<&'i str>,
    /// Names of claims that mark a client's own token.
    pub machine_claims: &'i [String],
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
            state: Locked::default(),
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
        let question = self.state.with(|state| {
            let question = Question {
                digest,
                is_known: inspection.is_signed || state.accepted.get(&digest).is_some(),
                began,
            };
            let admitted = state.pauses.admit(&question, began, None);
            admitted.map(|()| question)
        })?;
        let is_known = question.is_known;
        let _reserved = if is_known {
            None
        } else {
            let reserved = self.unknown_tokens.reserve(context.clock);
            let reserved = tokio::time::timeout(allowed, reserved).await;
            Some(reserved.ok().flatten().ok_or(Fault::ProviderRateLimited)?)
        };
        let allowed = context.deadline.left(allowed);
        // Others may have been asked about meanwhile.
        let began = context.clock.now();
        let question = Question { began, ..question };
        let lease = Some(allowed.saturating_add(GRACE));
        self.state
            .with(|state| state.pauses.admit(&question, began, lease))?;
        context.counters.inspections.count_try();
        let http = inspection.http.unwrap_or(context.http);
        let request = InspectionRequest::new(http, inspection.token, began, allowed)
            .of_subject(inspection.subject)
            .without_user_claims(inspection.machine_claims)
            .verified_by(inspection.answers, context);
        let answer = inspection.inspect.inspect(&request).await;
        let error = match answer {
            Ok(status) => {
                self.state.with(|state| state.pauses.answered(&question));
                return Ok(status);
            }
            Err(error) => error,
        };
        context.counters.inspections.count_failure();
        let provider = inspection.provider.as_str();
        warn!(provider, %error, "an introspection or userinfo request failed");
        // What could not be found out has cost a request all the same.
        if !is_known {
            self.unknown_tokens.spend();
        }
        let (trouble, fault) = judged(&error, allowed);
        let now = context.clock.now();
        let is_left_alone = self
            .state
            .with(|state| state.pauses.troubled(&question, trouble, now));
        if is_left_alone {
            warn!(provider, %error, "backing off from the provider, except for single requests");
        }
        Err(fault)
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

/// What an error says of the provider, and what becomes of the event.
fn judged(error: &InspectionError, allowed: Duration) -> (Trouble, Fault) {
    match error {
        // Within a short while, no answer says little.
        InspectionError::Unavailable(
            FetchError::Timeout | FetchError::Connection | FetchError::Broken,
        ) if allowed < LEAST_PATIENCE => (Trouble::Unheard, Fault::ProviderUnavailable),
        InspectionError::Unavailable(
            FetchError::Timeout | FetchError::Connection | FetchError::Broken,
        ) => (Trouble::Silence, Fault::ProviderUnavailable),
        InspectionError::Unavailable(_) => (Trouble::Other, Fault::ProviderUnavailable),
        InspectionError::RateLimited(after) => {
            (Trouble::Limited(*after), Fault::ProviderRateLimited)
        }
        InspectionError::Misconfigured { credentials, .. } => {
            let trouble = if *credentials {
                Trouble::Refused
            } else {
                Trouble::Other
            };
            (trouble, Fault::ProviderMisconfigured)
        }
    }
}
