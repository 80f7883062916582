//! What a provider's settings ask of claims, beside what the token has.

use atlassian_authorizer::claims::{
    AttributePath, CLIENT_CLAIMS, Claims, ID_TOKEN_CLAIMS, TOKEN_USE_CLAIMS, TokenUse,
};
use atlassian_authorizer::error::Denial;
use atlassian_authorizer::keys::Algorithm;
use atlassian_authorizer::keys::cache::KeySource;
use atlassian_authorizer::provider::{Groups, Provider, Requirement, Test};
use serde_json::Value;

use super::times::times;
use super::{Basis, Comparison};
use crate::explain::Decoded;

/// What is in the way of a denial's rule.
pub(super) fn compare(denial: Denial, basis: Basis<'_>) -> Vec<Comparison> {
    if denial == Denial::IssuerUnknown {
        return vec![issuer(basis)];
    }
    let Some(provider) = basis.provider else {
        return Vec::new();
    };
    if let Some(of_header) = header(denial, provider, basis) {
        return vec![of_header];
    }
    let Some(claims) = basis.claims else {
        return Vec::new();
    };
    match denial {
        Denial::AudienceMismatch => audience(provider, claims),
        Denial::TokenUseMismatch => vec![token_use(provider, claims)],
        Denial::RequirementUnmet => requirements(provider, claims),
        Denial::UsernameMissing
        | Denial::EmailUnverified
        | Denial::UsernameRejected
        | Denial::UsernameUnmapped => username(denial, provider, claims),
        Denial::MachineUserUnmapped => vec![Comparison::new(
            client_claim(claims),
            values(claims, client_claim(claims)),
            "machine_users",
            provider.machine_users.keys().cloned().collect(),
        )],
        Denial::TokenRevoked => revoked(basis, claims),
        Denial::GroupsIncomplete => vec![Comparison::new(
            &groups_claim(basis),
            values(claims, &groups_claim(basis)),
            "access",
            vec!["all groups, because a rule denies by group".to_owned()],
        )],
        _ => times(denial, provider, claims, basis.now),
    }
}

fn issuer(basis: Basis<'_>) -> Comparison {
    let own = basis.token.claim("iss").and_then(Value::as_str);
    let providers = basis.settings.providers.iter();
    let wanted = providers.flat_map(|provider| {
        let id = provider.id.as_str();
        let issuers = provider.issuers.iter();
        issuers.map(move |issuer| format!("{} ({id})", issuer.name))
    });
    let own = own.map(str::to_owned).into_iter().collect();
    Comparison::new("iss", own, "issuers", wanted.collect())
}

/// What the token's header must be.
fn header(denial: Denial, provider: &Provider, basis: Basis<'_>) -> Option<Comparison> {
    let Decoded::Jwt { header, .. } = basis.token else {
        return None;
    };
    let own = |name: &str| header.get(name).map(text).into_iter().collect();
    match denial {
        Denial::AlgorithmNotAllowed => {
            let all = Algorithm::ALL.iter();
            let allowed = all.filter(|one| provider.algorithms.contains(one));
            let wanted = allowed.map(ToString::to_string).collect();
            Some(Comparison::new("alg", own("alg"), "algorithms", wanted))
        }
        Denial::TokenTypeUnsupported => {
            let accepted = provider.token_types.as_ref()?;
            let is_other = header
                .get("typ")
                .and_then(Value::as_str)
                .is_none_or(|name| !accepted.contains(&name.to_ascii_lowercase()));
            is_other
                .then(|| Comparison::new("header typ", own("typ"), "token_types", accepted.clone()))
        }
        Denial::KeyUnknown => {
            let keys = provider
                .issuers
                .iter()
                .filter_map(|issuer| issuer.keys.as_ref());
            let wanted = keys.map(|source| match source {
                KeySource::Inline(_) => "the keys in `jwks`".to_owned(),
                KeySource::Jwks(endpoint) => format!("the keys of {}", endpoint.as_str()),
                KeySource::Discovery { endpoint, .. } => {
                    format!("the keys that {} names", endpoint.as_str())
                }
            });
            Some(Comparison::new(
                "header kid",
                own("kid"),
                "jwks",
                wanted.collect(),
            ))
        }
        _ => None,
    }
}

fn audience(provider: &Provider, claims: &Claims) -> Vec<Comparison> {
    let rule = &provider.audience;
    let audiences = values(claims, "aud");
    let is_client = |one: &String| rule.client_ids.contains(one);
    let client = client_claim(claims);
    let clients = values(claims, client);
    let mut all = Vec::new();
    if !rule.client_ids.is_empty() {
        if !clients.is_empty() && !clients.iter().any(is_client) {
            all.push((client, clients.clone()));
        } else if clients.is_empty() && !matches!(audiences.as_slice(), [one] if is_client(one)) {
            // Without a client, the one audience stands for it.
            all.push((
                if audiences.is_empty() { client } else { "aud" },
                audiences.clone(),
            ));
        } else if rule.id_tokens_alone && !audiences.iter().all(is_client) {
            all.push(("aud", audiences.clone()));
        }
    }
    let mut all: Vec<Comparison> = all
        .into_iter()
        .map(|(claim, has)| Comparison::new(claim, has, "client_ids", rule.client_ids.clone()))
        .collect();
    let is_id_token = matches!(claims.token_use(), Ok(Some(TokenUse::Id)));
    if is_id_token && rule.client_ids.is_empty() && !rule.any_client {
        all.push(Comparison::new("aud", audiences, "client_ids", Vec::new()));
    } else if !rule.audiences.is_empty()
        && !is_id_token
        && !audiences.iter().any(|one| rule.audiences.contains(one))
    {
        all.push(Comparison::new(
            "aud",
            audiences,
            "audiences",
            rule.audiences.clone(),
        ));
    }
    all
}

/// The claim that names the client; the usual one where none does.
fn client_claim(claims: &Claims) -> &'static str {
    let has = |name: &&str| claims.text(name).is_some_and(|text| !text.is_empty());
    CLIENT_CLAIMS.into_iter().find(has).unwrap_or("client_id")
}

fn token_use(provider: &Provider, claims: &Claims) -> Comparison {
    let mut names = TOKEN_USE_CLAIMS.into_iter().chain(ID_TOKEN_CLAIMS);
    let mark = names.find(|name| claims.claim(name).is_some());
    let wanted = provider.token_uses.iter().map(|one| match one {
        TokenUse::Access => "access".to_owned(),
        TokenUse::Id => "id".to_owned(),
    });
    let found = match claims.token_use() {
        Ok(Some(TokenUse::Access)) => "an access token",
        Ok(Some(TokenUse::Id)) => "an id token",
        _ => "what it is for is not said, so the provider's kind decides",
    };
    let has = match mark {
        // A nonce is nobody's business, and that there is one says enough.
        Some(name) if ID_TOKEN_CLAIMS.contains(&name) => {
            format!("{found}, because it has `{name}`")
        }
        Some(name) => format!("{}: {found}", values(claims, name).join(", ")),
        None => found.to_owned(),
    };
    Comparison::new(
        mark.unwrap_or("token_use"),
        vec![has],
        "token_use",
        wanted.collect(),
    )
}

/// The rules of `require` that do not hold; all of them where that can't be told.
fn requirements(provider: &Provider, claims: &Claims) -> Vec<Comparison> {
    let show = |(place, rule): (usize, &Requirement)| {
        let wanted = match &rule.test {
            Test::OneOf(values) => values.iter().map(text).collect(),
            Test::Contains(value) => vec![format!("a list that contains {}", text(value))],
            Test::Missing => vec!["no such claim".to_owned()],
        };
        let has = claims.attribute(&rule.claim).map(list).unwrap_or_default();
        let setting = format!("require[{place}]");
        Comparison::new(rule.claim.as_str(), has, &setting, wanted)
    };
    let rules = || provider.requirements.iter().enumerate();
    let unmet: Vec<Comparison> = rules()
        .filter(|(_, rule)| is_surely_unmet(rule, claims))
        .map(show)
        .collect();
    if unmet.is_empty() {
        rules().map(show).collect()
    } else {
        unmet
    }
}

/// Whether a rule does not hold, as far as its claim has one value. The authorizer decides the rest.
fn is_surely_unmet(rule: &Requirement, claims: &Claims) -> bool {
    let value = claims.attribute(&rule.claim);
    match (&rule.test, value) {
        (Test::OneOf(_) | Test::Contains(_), None) => true,
        (Test::Missing, value) => value.is_some_and(|value| !list(value).is_empty()),
        (Test::OneOf(wanted), Some(value)) => {
            let is_one = |value: &Value| wanted.contains(value);
            !is_one(value) && !value.as_array().is_some_and(|all| all.iter().any(is_one))
        }
        (Test::Contains(wanted), Some(value)) => match value {
            Value::Array(all) => !all.contains(wanted),
            Value::String(words) => !words.split(' ').any(|word| Some(word) == wanted.as_str()),
            _ => true,
        },
    }
}

fn username(denial: Denial, provider: &Provider, claims: &Claims) -> Vec<Comparison> {
    let rule = &provider.username;
    let wanted = match denial {
        Denial::UsernameMissing => vec!["a text or a number".to_owned()],
        Denial::EmailUnverified => vec!["an address that is marked as verified".to_owned()],
        Denial::UsernameUnmapped => rule
            .map
            .iter()
            .flatten()
            .map(|(key, _)| key.clone())
            .collect(),
        _ => rule
            .allow
            .iter()
            .map(|one| one.expression().to_owned())
            .collect(),
    };
    let field = match denial {
        Denial::UsernameMissing | Denial::EmailUnverified => "username",
        Denial::UsernameUnmapped => "username.map",
        _ => "username.allow",
    };
    let all = rule.attributes.iter().map(|path| {
        let has = claims.attribute(path).map(list).unwrap_or_default();
        Comparison::new(path.as_str(), has, field, wanted.clone())
    });
    let (with, without): (Vec<_>, Vec<_>) = all.partition(|one| !one.token.is_empty());
    // The first attribute with a value decides.
    match denial {
        Denial::UsernameMissing => without.into_iter().chain(with).collect(),
        _ => with.into_iter().take(1).collect(),
    }
}

fn revoked(basis: Basis<'_>, claims: &Claims) -> Vec<Comparison> {
    let list = &basis.settings.revoked;
    let client = client_claim(claims);
    let ids = ["jti", "origin_jti", "sub", client].into_iter();
    let by_id = ids.filter_map(|name| {
        let mut has = values(claims, name);
        has.retain(|one| list.contains(one));
        let wanted = vec!["lists it".to_owned()];
        (!has.is_empty()).then(|| Comparison::new(name, has, "revoked", wanted))
    });
    by_id.collect()
}

/// Where the provider's settings look for groups.
pub(super) fn groups_claim(basis: Basis<'_>) -> String {
    match basis.provider.map(|provider| &provider.groups) {
        Some(Groups::Claim { path, .. }) => path.as_str().to_owned(),
        Some(Groups::KeycloakRoles) => "realm_access.roles".to_owned(),
        Some(Groups::None) | None => "groups".to_owned(),
    }
}

/// The claim that has the scopes.
pub(super) fn scopes_claim(basis: Basis<'_>) -> &'static str {
    let has_scp = basis
        .claims
        .is_some_and(|claims| claims.claim("scope").is_none() && claims.claim("scp").is_some());
    if has_scp { "scp" } else { "scope" }
}

/// The values of a claim, or of one within others.
pub(super) fn values(claims: &Claims, name: &str) -> Vec<String> {
    let path = AttributePath::from(name);
    claims.attribute(&path).map(list).unwrap_or_default()
}

fn list(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().map(text).collect(),
        Value::Null => Vec::new(),
        Value::String(text) if text.is_empty() => Vec::new(),
        value => vec![text(value)],
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
