//! Asking a provider about a token, and what keeps a failing provider from holding up others.

use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::RequestBuilder;
use serde_json::{Map, Value};
use thiserror::Error;
use tracing::warn;

use super::introspection::Introspection;
use super::userinfo::Userinfo;
use crate::backoff::{Allowance, Backoff};
use crate::clock::SinceEpoch;
use crate::credential::Token;
use crate::error::{Denial, Fault};
use crate::http::{Deadline, FetchError, HttpClient, REQUEST_TIMEOUT, Reply};
use crate::identity::AuthMethod;
use crate::keys::cache::FetchContext;
use crate::provider::{Provider, Vendor, facebook, github, gitlab, google, slack};
use crate::sync::{Locked, Recent};
use crate::verdicts::TokenDigest;

/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 256 * 1024;
/// The longest pause after failures.
const MAX_PAUSE: Duration = Duration::from_secs(30);
/// How long a provider that limits our rate is left alone when it does not say.
const RATE_LIMIT_PAUSE: Duration = Duration::from_secs(5);
/// Questions about unknown tokens that may be asked at once, and how long one more takes. Anyone can
/// send such tokens; the provider's own limits would keep out everyone.
const MISSES_AT_ONCE: u32 = 100;
const MISS_PAUSE: Duration = Duration::from_millis(100);
/// GitHub answers 5,000 questions an hour of one application.
const GITHUB_MISS_PAUSE: Duration = Duration::from_secs(1);
/// The least time without an answer that counts as the provider's silence.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);
/// The most tokens that are remembered as known.
const MAX_KNOWN: usize = 5_000;
/// The longest `Retry-After` that is believed.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(5);

/// What a provider says of a token.
pub(crate) enum Word {
    /// It is active; these are its claims, by the names that the rules use.
    Claims(Map<String, Value>),
    /// It is none of this provider's, or not active: the provider does not tell which.
    NotMine,
    /// It is this provider's, and it is no good.
    Refused(Denial),
}

impl Word {
    /// The claims of an active token.
    ///
    /// # Errors
    ///
    /// [`Denial::TokenInactive`], or the denial of a token that is no good.
    pub(crate) fn claims(self) -> Result<Map<String, Value>, Denial> {
        match self {
            Self::Claims(claims) => Ok(claims),
            Self::NotMine => Err(Denial::TokenInactive),
            Self::Refused(denial) => Err(denial),
        }
    }
}

/// Why there is no word. Carries nothing of what was sent or received.
#[derive(Debug, Error)]
pub(crate) enum AskError {
    /// No answer, or none that can be understood.
    #[error(transparent)]
    Unavailable(#[from] FetchError),
    /// Too many questions; ask again after this time.
    #[error("the provider limits the rate of our questions")]
    RateLimited(Option<Duration>),
    /// The provider refused our own credentials or the question.
    #[error("the provider refused our credentials or the question with status {status}")]
    Misconfigured {
        /// The answer's status.
        status: u16,
        /// Whether it is surely our credentials that were refused.
        credentials: bool,
    },
}

/// How a provider is asked about tokens.
#[derive(Clone, Debug)]
pub(crate) enum Check {
    /// RFC 7662.
    Introspection(Introspection),
    /// OpenID Connect Core 1.0, section 5.3, and something that binds the token to a client.
    Userinfo(Userinfo),
    /// GitHub's check of a token of our application.
    GitHub(github::TokenCheck),
    /// GitLab's token info and user.
    GitLab(gitlab::TokenInfo),
    /// Google's tokeninfo.
    Google(google::TokenInfo),
    /// Slack's userinfo.
    Slack(slack::UserInfo),
    /// Facebook's `debug_token`.
    Facebook(facebook::DebugToken),
}

impl Check {
    /// Whether the answer tells whom the token was issued to.
    pub(crate) const fn is_bound(&self) -> bool {
        match self {
            Self::Userinfo(userinfo) => userinfo.is_bound(),
            Self::Slack(_) => false,
            _ => true,
        }
    }

    pub(crate) const fn method(&self) -> AuthMethod {
        match self {
            Self::Userinfo(_) | Self::Slack(_) => AuthMethod::Userinfo,
            _ => AuthMethod::Introspection,
        }
    }

    /// Asks about a token that is nobody's, to see whether our own credentials are good.
    #[cfg(feature = "cli")]
    pub(crate) async fn ask_about_nothing(
        &self,
        http: &HttpClient,
        token: &Token<'_>,
        now: SinceEpoch,
    ) -> Result<Word, AskError> {
        self.ask(&Question {
            http,
            token,
            now,
            deadline: Deadline::start(),
        })
        .await
    }

    async fn ask(&self, question: &Question<'_>) -> Result<Word, AskError> {
        match self {
            Self::Introspection(check) => check.ask(question).await,
            Self::Userinfo(check) => check.ask(question).await,
            Self::GitHub(check) => check.ask(question).await,
            Self::GitLab(check) => check.ask(question).await,
            Self::Google(check) => check.ask(question).await,
            Self::Slack(check) => check.ask(question).await,
            Self::Facebook(check) => check.ask(question).await,
        }
    }
}

/// One question about one token.
pub(crate) struct Question<'q> {
    pub(crate) http: &'q HttpClient,
    pub(crate) token: &'q Token<'q>,
    pub(crate) now: SinceEpoch,
    deadline: Deadline,
}

impl Question<'_> {
    /// Sends one of the requests that the question takes. Of the statuses, `429` and those from
    /// `500` up are errors.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Reply, AskError> {
        let again = request.try_clone();
        self.send_or_again(request, again).await
    }

    /// As [`Question::send`], for a request that may be sent just once.
    pub(crate) async fn send_once(&self, request: RequestBuilder) -> Result<Reply, AskError> {
        self.send_or_again(request, None).await
    }

    async fn send_or_again(
        &self,
        request: RequestBuilder,
        again: Option<RequestBuilder>,
    ) -> Result<Reply, AskError> {
        let send = async |request| {
            let allowed = self.deadline.left(REQUEST_TIMEOUT);
            self.http.ask(request, MAX_ANSWER, allowed).await
        };
        let reply = match (send(request).await, again) {
            // A pooled connection that died while Lambda had the sandbox frozen.
            (Err(FetchError::Connection), Some(again)) => send(again).await?,
            (reply, _) => reply?,
        };
        match reply.status {
            429 => Err(AskError::RateLimited(reply.retry_after)),
            500.. => Err(FetchError::Status(reply.status).into()),
            _ => Ok(reply),
        }
    }

    /// Asks with the token as the credential.
    pub(crate) fn with_bearer(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(self.token.reveal())
    }
}

impl Reply {
    /// The answer as a JSON object with unique members.
    pub(crate) fn object(&self) -> Result<Map<String, Value>, AskError> {
        match crate::json::parse(&self.body) {
            Ok(Value::Object(object)) => Ok(object),
            _ => Err(FetchError::Unusable("a JSON object").into()),
        }
    }

    /// Whether a `403` is a rate limit in another form, as GitHub has it.
    pub(crate) fn is_rate_limited(&self) -> bool {
        self.retry_after.is_some() || self.rate_exhausted
    }

    /// The error of a status that nobody expects. It is about our credentials if it says so in the
    /// words of RFC 6749, section 5.2 (Keycloak's is `invalid_request`): a firewall that refuses one
    /// caller's token does not.
    pub(crate) fn refusal(&self) -> AskError {
        let error = self.error();
        AskError::Misconfigured {
            status: self.status,
            credentials: match self.status {
                401 => matches!(
                    error.as_deref(),
                    Some("invalid_client" | "unauthorized_client" | "invalid_request")
                ),
                403 => matches!(
                    error.as_deref(),
                    Some("invalid_client" | "unauthorized_client")
                ),
                _ => false,
            },
        }
    }

    /// The body's `error`, as OAuth 2.0 has it.
    pub(crate) fn error(&self) -> Option<String> {
        match self.object().ok()?.remove("error")? {
            Value::String(error) => Some(error),
            _ => None,
        }
    }
}

/// The line to one provider: cut for a while when it does not answer at all, limits our rate, or
/// refuses our credentials.
#[derive(Debug)]
pub(crate) struct Line(Locked<State>);

#[derive(Debug)]
struct State {
    tries: Backoff,
    /// Questions without an answer, one after the other. The first may be one token's doing.
    silences: u32,
    /// Questions about tokens that are none of our callers'.
    misses: Allowance,
    /// Tokens that were let through: they are asked about again whatever others send.
    known: Recent<TokenDigest, (), MAX_KNOWN>,
    /// A provider that limits our rate is not asked before this time.
    limited_until: SinceEpoch,
}

impl Line {
    pub(crate) fn new(provider: &Provider) -> Self {
        let pause = match provider.vendor {
            Some(Vendor::GitHub) => GITHUB_MISS_PAUSE,
            _ => MISS_PAUSE,
        };
        Self(Locked::new(State {
            tries: Backoff::default(),
            silences: 0,
            misses: Allowance::new(MISSES_AT_ONCE, pause),
            known: Recent::new(),
            limited_until: SinceEpoch::ZERO,
        }))
    }

    /// Asks the provider, unless it has just failed.
    ///
    /// `allowed` is the longest that all requests of the question may take. `signed` says that the
    /// token's signature holds: nobody can make up such tokens, so they draw on no budget.
    ///
    /// # Errors
    ///
    /// [`Fault::ProviderUnavailable`], [`Fault::ProviderRateLimited`] or
    /// [`Fault::ProviderMisconfigured`].
    pub(crate) async fn ask(
        &self,
        provider: &Provider,
        check: &Check,
        token: &Token<'_>,
        context: FetchContext<'_>,
        allowed: Duration,
        signed: bool,
    ) -> Result<Word, Fault> {
        let now = context.clock.now();
        let digest = TokenDigest::of(token);
        let allowed = context.deadline.left(allowed);
        if allowed.is_zero() {
            return Err(Fault::ProviderUnavailable);
        }
        self.0.with(|state| {
            if !signed && state.known.get(&digest).is_none() && !state.misses.is_left(now) {
                return Err(Fault::ProviderRateLimited);
            }
            // A clock that was set back must not close the line for longer than it was meant to.
            let limited = state.limited_until.saturating_sub(now);
            if !limited.is_zero() && limited <= MAX_RETRY_AFTER {
                return Err(Fault::ProviderRateLimited);
            }
            let open = state.tries.may_retry(now, MAX_PAUSE);
            if open {
                Ok(())
            } else {
                Err(Fault::ProviderUnavailable)
            }
        })?;
        context.asks.tried.fetch_add(1, Ordering::Relaxed);
        let question = Question {
            http: provider.http.as_ref().unwrap_or(context.http),
            token,
            now,
            deadline: Deadline::after(allowed),
        };
        let answer = check.ask(&question).await;
        let now = context.clock.now();
        self.0.with(|state| match answer {
            Ok(word) => {
                state.tries.succeeded(now);
                state.silences = 0;
                Ok(word)
            }
            Err(error) => {
                context.asks.failed.fetch_add(1, Ordering::Relaxed);
                warn!(provider = provider.id.as_str(), %error, "the provider could not be asked about a token");
                // What could not be found out has cost a question all the same.
                if !signed {
                    state.settle(digest, false);
                }
                Err(state.failed(&error, now, allowed))
            }
        })
    }

    /// Takes down whether a token that the provider was asked about is one of our callers'. Whoever
    /// holds such a token is asked about again whatever others send; all other tokens, of foreign
    /// applications too, draw on what may be asked about unknown ones.
    pub(crate) fn settle(&self, token: &Token<'_>, verified: bool) {
        let digest = TokenDigest::of(token);
        self.0.with(|state| state.settle(digest, verified));
    }
}

impl State {
    fn settle(&mut self, digest: TokenDigest, verified: bool) {
        if verified {
            self.known.put(digest, ());
        } else if self.known.get(&digest).is_none() {
            self.misses.spend();
        }
    }

    fn failed(&mut self, error: &AskError, now: SinceEpoch, allowed: Duration) -> Fault {
        let is_silence = matches!(
            error,
            AskError::Unavailable(FetchError::Timeout | FetchError::Connection)
        );
        // Within a short while, a silence says little.
        if is_silence && allowed >= LEAST_PATIENCE {
            self.silences = self.silences.saturating_add(1);
            if self.silences > 1 {
                self.tries.failed(now);
            }
        } else if !is_silence {
            self.silences = 0;
        }
        match error {
            AskError::RateLimited(after) => {
                let pause = after.unwrap_or(RATE_LIMIT_PAUSE).min(MAX_RETRY_AFTER);
                self.limited_until = now.saturating_add(pause);
                Fault::ProviderRateLimited
            }
            // An error that comes at once holds nobody up, and may be about this one token.
            AskError::Unavailable(_) => Fault::ProviderUnavailable,
            AskError::Misconfigured { credentials, .. } => {
                // Providers lock out a client that keeps coming with the wrong secret.
                if *credentials {
                    self.tries.failed(now);
                }
                Fault::ProviderMisconfigured
            }
        }
    }
}

/// Renames members of an answer: the first name is the vendor's, the second the one that the
/// rules use. Members that are missing or `null` are left out.
pub(crate) fn renamed(answer: &Map<String, Value>, names: &[(&str, &str)]) -> Map<String, Value> {
    names
        .iter()
        .filter_map(|(theirs, ours)| {
            let value = answer.get(*theirs).filter(|value| !value.is_null())?;
            Some(((*ours).to_owned(), value.clone()))
        })
        .collect()
}

/// A number of seconds that a vendor writes as a number or as text.
pub(crate) fn seconds(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}
