//! Warnings about providers.

use atlassian_authorizer::claims::{EmailRule, TokenUse};
use atlassian_authorizer::document::Kind;
use atlassian_authorizer::provider::Provider;
use atlassian_authorizer::settings::Warning;
use atlassian_authorizer::username::{DEFAULT_ALLOW, Pattern, Transform};

/// What users may write about themselves at most providers.
const OWN_WORDS: [&str; 4] = ["name", "nickname", "given_name", "family_name"];
/// What they may also choose where anyone can have an account, or may change what is known of them.
const CHOSEN: [&str; 3] = ["preferred_username", "login", "username"];

pub(super) fn lint(providers: &[Provider], warnings: &mut Vec<Warning>) {
    for provider in providers {
        let name = format!("providers/{}", provider.id.as_str());
        audience(provider, &name, warnings);
        token_use(provider, &name, warnings);
        attributes(provider, &name, warnings);
    }
    for (index, provider) in providers.iter().enumerate() {
        for other in providers.iter().skip(index.saturating_add(1)) {
            pair(provider, other, warnings);
        }
    }
}

fn audience(provider: &Provider, name: &str, warnings: &mut Vec<Warning>) {
    let rule = &provider.audience;
    let has_audiences = matches!(provider.kind, Kind::Custom | Kind::Keycloak | Kind::Okta)
        && !provider.issuers.is_empty();
    if has_audiences && !rule.client_ids.is_empty() && rule.audiences.is_empty() {
        warnings.push(
            Warning::new("no_audience", name, "audiences")
                .why("a token that one of `client_ids` asked for another API is accepted too")
                .instead(
                    "set `audiences` as well as `client_ids`, if the provider can name this API",
                ),
        );
    }
}

/// An id token tells a client about its user; by RFC 9068, section 4, APIs accept access tokens.
fn token_use(provider: &Provider, name: &str, warnings: &mut Vec<Warning>) {
    // Cognito marks both, and its id tokens are for the clients in the settings alone.
    if provider.kind != Kind::Cognito && provider.token_uses == [TokenUse::Access, TokenUse::Id] {
        warnings.push(
            Warning::new("id_tokens_accepted", name, "token_use")
                .why("id tokens are accepted as well as access tokens: they have no scopes, and live as long as a login")
                .instead("set `access`, and have clients send their access token"),
        );
    }
}

/// Whether anyone can have an account there.
fn is_public(provider: &Provider) -> bool {
    let is_at = |host: &str| {
        let endpoints = provider.opaque.iter().flat_map(|way| way.endpoints());
        let mut hosts = endpoints.filter_map(|one| one.endpoint.host());
        hosts.any(|found| found == host)
    };
    match provider.kind {
        Kind::Google | Kind::Slack | Kind::Facebook => true,
        Kind::Github => is_at("api.github.com"),
        Kind::Gitlab => is_at("gitlab.com"),
        _ => false,
    }
}

fn attributes(provider: &Provider, name: &str, warnings: &mut Vec<Warning>) {
    let rule = &provider.username;
    if rule.map.is_some() {
        return;
    }
    let field = "username";
    // A user's own attributes: whoever is in a pool may change these, unless its clients forbid it.
    let changeable = is_public(provider) || provider.kind == Kind::Cognito;
    for attribute in &rule.attributes {
        let last = attribute.as_str().rsplit('.').next().unwrap_or_default();
        // Cognito's `username` is the one that never changes.
        let chosen = CHOSEN.contains(&last)
            && changeable
            && !(provider.kind == Kind::Cognito && last == "username");
        // GitLab's id tokens have the username there.
        let own =
            OWN_WORDS.contains(&last) && !(provider.kind == Kind::Gitlab && last == "nickname");
        if own || chosen {
            warnings.push(
                Warning::new("user_chosen_name", name, field)
                    .why(format!(
                        "users can choose their own `{last}`, and with it their username here"
                    ))
                    .instead("use an attribute that they can't change, or a `map`")
                    .severe(),
            );
        }
        if attribute.is_email() && rule.email == EmailRule::NotUnverified {
            warnings.push(
                Warning::new("email_unverified", name, field)
                    .why("an email address is accepted unless the provider says that it is not verified")
                    .instead("add {\"claim\": \"email_verified\", \"equals\": true} to `require`, if the provider sends that claim")
                    .severe(),
            );
        }
    }
    let strips = |transform: &Transform| matches!(transform, Transform::StripDomain);
    let many_domains = provider.requirements.is_empty();
    if rule.transforms.iter().any(strips) && many_domains {
        warnings.push(
            Warning::new("strip_domain", name, "username.transform")
                .why("the same name in several domains becomes one user")
                .instead("use a regular expression that names your domain")
                .severe(),
        );
    }
}

/// Two providers whose usernames overlap, or whose issuers are similar.
fn pair(one: &Provider, other: &Provider, warnings: &mut Vec<Warning>) {
    let parameter = format!("providers/{}", other.id.as_str());
    let first = one.id.as_str();
    let same = |left: &str, right: &str| {
        let plain = |text: &str| text.trim_end_matches('/').to_ascii_lowercase();
        plain(left) == plain(right)
    };
    let mut issuers = other.issuers.iter();
    if issuers.any(|issuer| {
        one.issuers
            .iter()
            .any(|first| same(&first.name, &issuer.name))
    }) {
        warnings.push(
            Warning::new("similar_issuers", &*parameter, "issuer")
                .why(format!(
                    "differs from that of providers/{first} only in case or a trailing slash"
                ))
                .instead("use the exact `iss` of the provider's tokens, once"),
        );
    }
    let overlap = match (&one.username.map, &other.username.map) {
        // Both were written by hand.
        (Some(_), Some(_)) => false,
        (Some(map), None) => map.values().any(|user| other.username.allows(user)),
        (None, Some(map)) => map.values().any(|user| one.username.allows(user)),
        (None, None) => {
            let [left, right] = [one, other]
                .map(|provider| provider.username.allow.as_ref().map(Pattern::expression));
            // Of two expressions that an operator has written it is not known whether they overlap.
            left == right || left == Some(DEFAULT_ALLOW) || right == Some(DEFAULT_ALLOW)
        }
    };
    if overlap {
        warnings.push(
            Warning::new("shared_usernames", parameter, "username")
                .why(format!(
                    "this provider and providers/{first} can both name the same user"
                ))
                .instead("set `allow` or `map`, so that each names only its own users")
                .severe(),
        );
    }
}
