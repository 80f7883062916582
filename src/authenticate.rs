//! From a token to an identity. The only way to an [`Identity`].
//!
//! [`Authenticator`] is the room's door: it remembers verdicts, and makes new ones by a key of the
//! issuer's (`signed`), by the provider's answer (`opaque`), or by a record of ours (`api_token`).

pub mod api_token;
mod authenticator;
mod claim_rules;
mod jwt;
mod opaque;
mod revoked;
mod signed;
mod verdict_cache;

use std::sync::Arc;
use std::time::Duration;

use crate::claims::only;
use crate::clock::UnixTime;
use crate::credential::Token;
use crate::document::ProductKind;
use crate::error::{Denial, Fault, Refusal};
use crate::http::FetchContext;
use crate::identity::{Identity, Sender};
use crate::inspect::{Inspect, Inspection, TokenStatus};
use crate::keys::cache::KeyCache;
use crate::keys::{KeyHint, Thumbprint};
use crate::provider::{Provider, ProviderIndex, Registry};
use crate::route::{Method, Readings};
use crate::store::Source;
pub use api_token::ApiTokenRules;
pub use authenticator::{Authenticated, Authenticator, Rejection};
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub use jwt::verify_jws;
pub use revoked::Revoked;

/// What authentication needs from its surroundings.
#[derive(Clone, Copy)]
pub struct Context<'c> {
    /// Tells the settings in force from those before.
    pub generation: u64,
    /// The providers.
    pub registry: &'c Registry,
    /// What is revoked.
    pub revoked: &'c Revoked,
    /// The rules of our own tokens; `None` accepts none.
    pub api_tokens: Option<&'c ApiTokenRules>,
    /// Where records of our own tokens are.
    pub store: &'c Source,
    /// What outgoing requests need.
    pub fetch: FetchContext<'c>,
    /// What is asked for.
    pub route: Route<'c>,
}

/// What a request asks for.
#[derive(Clone, Copy)]
pub struct Route<'c> {
    /// The method.
    pub method: Method,
    /// All paths in the product that the request's path may mean; `None` where that can't be said.
    pub readings: Option<&'c Readings<'c>>,
    /// The place of its product, and what that is.
    pub product: Option<(usize, Option<ProductKind>)>,
}

/// An identity, and what its verification depends on.
#[derive(Clone)]
struct Verdict {
    identity: Arc<Identity>,
    /// The key that verified its token.
    key: Option<VerifyingKey>,
    /// Its provider; `None` for our own tokens.
    provider: Option<ProviderIndex>,
    /// Until when the provider's answer about a signed token holds; `None` where it was not asked.
    answer_until: Option<UnixTime>,
}

/// A key in a cache.
#[derive(Clone)]
struct VerifyingKey {
    keys: Arc<KeyCache>,
    /// How the token names it.
    hint: KeyHint,
    thumbprint: Thumbprint,
}

/// Why there is no verdict, and what is known of the way there.
struct Failure {
    refusal: Refusal,
    /// The provider that refused or failed.
    provider: Option<ProviderIndex>,
    /// Whether a provider was asked, so that the answer is worth keeping.
    was_asked: bool,
    /// Who sent the token, as far as that is known.
    sender: Option<Arc<Sender>>,
}

impl From<Denial> for Failure {
    fn from(denial: Denial) -> Self {
        Self::new(denial.into())
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::new(fault.into())
    }
}

impl Failure {
    const fn new(refusal: Refusal) -> Self {
        Self {
            refusal,
            provider: None,
            was_asked: false,
            sender: None,
        }
    }

    /// Of this provider.
    fn at(self, provider: ProviderIndex) -> Self {
        Self {
            provider: Some(provider),
            ..self
        }
    }

    /// Of a token by this sender, unless more is known of it already.
    fn by(self, sender: impl FnOnce() -> Option<Sender>) -> Self {
        Self {
            sender: self.sender.or_else(|| sender().map(Arc::new)),
            ..self
        }
    }

    /// After the provider was asked.
    fn asked(self) -> Self {
        Self {
            was_asked: true,
            ..self
        }
    }
}

/// On which terms a provider is asked about a token.
#[derive(Clone, Copy)]
struct Terms<'t> {
    /// A signature of the provider's holds.
    is_signed: bool,
    /// The subject of such a token.
    subject: Option<&'t str>,
    /// The longest that all requests may take.
    allowed: Duration,
}

impl<'t> Terms<'t> {
    /// For a token of this subject whose signature holds.
    const fn signed(subject: Option<&'t str>, allowed: Duration) -> Self {
        Self {
            is_signed: true,
            subject,
            allowed,
        }
    }

    /// For a token of which nothing is known.
    const fn unsigned(allowed: Duration) -> Self {
        Self {
            is_signed: false,
            subject: None,
            allowed,
        }
    }
}

/// Asks a provider about a token.
async fn inspect(
    index: ProviderIndex,
    way: &Arc<dyn Inspect>,
    token: &Token<'_>,
    terms: Terms<'_>,
    cx: Context<'_>,
) -> Result<TokenStatus, Fault> {
    let (provider, guard) = cx
        .registry
        .guarded(index)
        .ok_or(Fault::ProviderMisconfigured)?;
    let http = provider.client(cx.fetch.http);
    let answers = cx
        .registry
        .answer_keys(index)
        .ok_or(Fault::ProviderMisconfigured)?;
    let inspection = Inspection {
        provider: &provider.id,
        inspect: way.as_ref(),
        http: Some(&http),
        token,
        answers,
        subject: terms.subject,
        machine_claims: &provider.machine_claims,
        is_signed: terms.is_signed,
        allowed: terms.allowed,
    };
    // On the heap: most events ask nothing, and need not carry room for it.
    let mut status = Box::pin(guard.inspect(inspection, cx.fetch)).await?;
    // Some servers name a token by itself; its id goes into the audit line.
    if let TokenStatus::Active(claims) = &mut status
        && claims
            .get("jti")
            .is_some_and(|id| only(id) == token.expose_secret())
    {
        claims.remove("jti");
    }
    Ok(status)
}

/// Whether the provider must be asked about a signed token too, for this route.
fn needs_inspection(provider: &Provider, route: Route<'_>) -> bool {
    let Some(online_for) = &provider.online_for else {
        return provider.online.is_some();
    };
    let (Some((place, kind)), Some(readings)) = (route.product, route.readings) else {
        return true;
    };
    let is_of = |path: &str| {
        let targets = online_for.targets.get(place);
        targets.is_none_or(|targets| {
            let mut targets = targets.iter();
            targets.any(|target| target.is_denied(kind, route.method, path))
        })
    };
    readings.iter().any(is_of)
}
