//! Asking a provider about a token: introspection, userinfo, and the vendors' own checks.
//!
//! [`Inspect`] is the seam: each vendor implements it in its own file, below `provider`. A
//! [`ProviderGuard`] stands before every provider, so that one that fails holds up nobody.

mod guard;
mod introspection;
mod pauses;
mod request;
mod signed_answer;
pub mod userinfo;

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::claims::AuthMethod;
use crate::error::Denial;
use crate::http::{Endpoint, FetchError, Reply};
pub use guard::{Inspection, ProviderGuard};
pub use introspection::{ClientAuth, Introspection};
pub use request::InspectionRequest;
pub use signed_answer::AnswerKeys;
pub use userinfo::Userinfo;

/// What a provider says of a token.
pub enum TokenStatus {
    /// It is active; these are its claims, by the names that the rules use.
    Active(Map<String, Value>),
    /// It is none of this provider's, or not active: the provider does not tell which.
    Inactive,
    /// It is this provider's, and it is no good.
    Rejected(Denial),
}

impl TokenStatus {
    /// The claims of an active token.
    ///
    /// # Errors
    ///
    /// [`Denial::TokenInactive`], or the denial of a token that is no good.
    pub fn claims(self) -> Result<Map<String, Value>, Denial> {
        match self {
            Self::Active(claims) => Ok(claims),
            Self::Inactive => Err(Denial::TokenInactive),
            Self::Rejected(denial) => Err(denial),
        }
    }
}

/// Why a provider could not say. Carries nothing of what was sent or received.
#[derive(Debug, Error)]
pub enum InspectionError {
    /// No answer, or none that can be understood.
    #[error(transparent)]
    Unavailable(#[from] FetchError),
    /// Too many requests; the next may come after this time.
    #[error("the provider limits the rate of our requests")]
    RateLimited(Option<Duration>),
    /// The provider refused our own credentials or the request.
    #[error("the provider refused our credentials or the request with status {status}")]
    Misconfigured {
        /// The answer's status.
        status: u16,
        /// Whether it is surely our credentials that were refused.
        credentials: bool,
    },
}

impl InspectionError {
    /// The error of an answer whose status nobody expects.
    pub fn unexpected(reply: &Reply) -> Self {
        Self::Misconfigured {
            status: reply.status,
            credentials: reply.refuses_client(),
        }
    }
}

/// An inspection under way.
pub type Inspecting<'i> =
    Pin<Box<dyn Future<Output = Result<TokenStatus, InspectionError>> + Send + 'i>>;

/// A way to ask a provider about tokens.
pub trait Inspect: fmt::Debug + Send + Sync {
    /// Asks about one token.
    fn inspect<'i>(&'i self, request: &'i InspectionRequest<'_>) -> Inspecting<'i>;

    /// Whether the answer tells which client the token was issued to.
    fn binds_client(&self) -> bool {
        true
    }

    /// How callers authenticate that are verified so.
    fn auth_method(&self) -> AuthMethod {
        AuthMethod::Introspection
    }

    /// How long it takes until one more unknown token may be asked about, beyond those at once.
    fn unknown_token_pause(&self) -> Duration {
        guard::UNKNOWN_TOKEN_PAUSE
    }

    /// The endpoints that are asked.
    fn endpoints(&self) -> Vec<InspectionEndpoint<'_>>;
}

/// An endpoint of a provider, and what it takes.
#[derive(Clone, Copy, Debug)]
pub struct InspectionEndpoint<'e> {
    /// What it is for.
    pub role: EndpointRole,
    /// Where it is.
    pub endpoint: &'e Endpoint,
}

/// What an endpoint is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EndpointRole {
    /// It tells of a token to whoever comes with our own credentials.
    Introspection,
    /// It tells the bearer of a token about the token itself.
    TokenInfo,
    /// It tells the bearer of a token about the user.
    Userinfo,
}

impl EndpointRole {
    /// An endpoint of this role.
    pub const fn at(self, endpoint: &Endpoint) -> InspectionEndpoint<'_> {
        InspectionEndpoint {
            role: self,
            endpoint,
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

/// Claims as the rules read them: times that are written as text become numbers, for some servers
/// quote all numbers ([ballerina-library#3202](https://github.com/ballerina-platform/ballerina-library/issues/3202)),
/// and an empty `sub` is none.
pub(crate) fn normalized(mut claims: Map<String, Value>) -> Map<String, Value> {
    for name in ["exp", "iat", "nbf"] {
        if let Some(value) = claims.get_mut(name)
            && let Some(number) = value.as_str().and_then(whole_number)
        {
            *value = number.into();
        }
    }
    if claims.get("sub").is_some_and(|sub| sub == "") {
        claims.remove("sub");
    }
    claims
}

/// Digits, with no fraction but zeros.
fn whole_number(text: &str) -> Option<u64> {
    let (number, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_whole = !fraction.is_empty() && fraction.bytes().all(|byte| byte == b'0');
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    (is_whole && is_number).then(|| number.parse().ok())?
}

/// A number of seconds that a vendor writes as a number or as text.
pub(crate) fn seconds(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}
