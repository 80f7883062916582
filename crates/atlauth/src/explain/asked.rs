//! The claims that a decision was made with.

use std::time::Duration;

use atlassian_authorizer::clock::{Clock, SystemClock};
use atlassian_authorizer::credential::Credential;
use atlassian_authorizer::error::{Denial, Refusal};
use atlassian_authorizer::event::Request;
use atlassian_authorizer::http::HttpClient;
use atlassian_authorizer::inspect::InspectionRequest;
use atlassian_authorizer::provider::Provider;
use serde_json::{Map, Value};

use super::Decoded;

/// The longest that a provider is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Claims, and where they are from.
pub(super) struct KnownClaims {
    /// `token`, or how the provider was asked: `introspection` or `userinfo`.
    pub(super) from: &'static str,
    pub(super) claims: Map<String, Value>,
}

/// The claims that the rules of a provider look at: the token's own, or what the provider that has
/// just decided says of it. A decision does not keep these, so that provider is asked once more.
pub(super) async fn known_claims(
    provider: Option<&Provider>,
    refusal: Option<Refusal>,
    event: &str,
    http: &HttpClient,
) -> Option<KnownClaims> {
    let decoded = Decoded::of_event(event);
    let own = match &decoded {
        Decoded::Jwt { claims, .. } => Some(claims.clone()),
        Decoded::Opaque { .. } => None,
        Decoded::ApiToken { .. } | Decoded::Basic { .. } | Decoded::None => return None,
    };
    let answer = match provider {
        Some(provider) if may_be_asked(provider, refusal, own.as_ref()) => {
            ask(provider, event, http).await
        }
        _ => None,
    };
    answer.or_else(|| {
        own.map(|claims| KnownClaims {
            from: "token",
            claims,
        })
    })
}

/// Whether the provider has been asked about this token already, and has answered.
fn may_be_asked(
    provider: &Provider,
    refusal: Option<Refusal>,
    own: Option<&Map<String, Value>>,
) -> bool {
    let has_answered = match refusal {
        None | Some(Refusal::Forbidden(_)) => true,
        Some(Refusal::Denied(denial)) => !matches!(
            denial,
            Denial::TokenInactive | Denial::SignatureInvalid | Denial::GraphToken
        ),
        Some(Refusal::Failed(_)) => false,
    };
    let issuer = own.and_then(|claims| claims.get("iss"));
    let issuer = issuer.and_then(Value::as_str);
    // A JWT is shown to its provider where there is no key to verify it by.
    let has_key = own.is_some()
        && !provider
            .issuers
            .iter()
            .any(|one| Some(one.name.as_str()) == issuer && one.keys.is_none());
    has_answered && !has_key
}

async fn ask(provider: &Provider, event: &str, http: &HttpClient) -> Option<KnownClaims> {
    let way = provider.opaque.as_ref()?;
    let request = Request::parse(event).ok()?;
    let Credential::Bearer(token) = Credential::of(&request).ok()? else {
        return None;
    };
    let http = provider.client(http);
    let inspection = InspectionRequest::new(&http, &token, SystemClock.now(), PATIENCE)
        .without_user_claims(&provider.machine_claims);
    let status = way.inspect(&inspection).await.ok()?;
    Some(KnownClaims {
        from: way.auth_method().as_str(),
        claims: status.claims().ok()?,
    })
}
