//! Why a request was refused, and why a caller has no groups, as far as claims and settings tell.

use atlassian_authorizer::claims::Claims;
use atlassian_authorizer::provider::{Groups, Provider};

use super::compare::{Basis, Comparison, compare};
use super::{Decoded, Explanation};

/// What the token has beside what the settings want.
pub(super) fn compared(explanation: &Explanation, token: &Decoded, now: u64) -> Vec<Comparison> {
    let known = explanation.known.as_ref();
    let claims = known.map(|known| Claims::from(known.claims.clone()));
    let (Some(refusal), Some(settings)) = (explanation.decision.refusal, &explanation.settings)
    else {
        return Vec::new();
    };
    let basis = Basis {
        token,
        claims: claims.as_ref(),
        provider: explanation.provider(),
        settings,
        identity: explanation.decision.identity(),
        access: explanation.access.as_ref(),
        source: explanation.source_ip.as_deref(),
        now,
    };
    compare(refusal, basis)
}

/// Why a caller has no groups.
pub(super) fn groups_note(
    token: &Decoded,
    provider: Option<&Provider>,
    explanation: &Explanation,
) -> Option<String> {
    if matches!(token, Decoded::ApiToken { .. }) {
        return Some("the token was created without --group".to_owned());
    }
    let known = explanation.known.as_ref()?;
    let claims = Claims::from(known.claims.clone());
    let by = match known.from {
        "token" => "token",
        "introspection" => "introspection response",
        _ => "userinfo response",
    };
    Some(match &provider?.groups {
        Groups::None => "the provider has no `groups` setting".to_owned(),
        Groups::Claim { path, separator } => {
            let is_missing = claims
                .names(path, *separator)
                .is_ok_and(|found| found.is_missing);
            let path = path.as_str();
            if is_missing {
                format!("the {by} has no claim `{path}`")
            } else {
                format!("the claim `{path}` of the {by} is empty")
            }
        }
        Groups::KeycloakRoles => {
            let has = |name| claims.claim(name).is_some();
            if has("realm_access") || has("resource_access") {
                format!("`realm_access` and `resource_access` of the {by} have no role")
            } else {
                format!("the {by} has neither `realm_access` nor `resource_access`")
            }
        }
    })
}
