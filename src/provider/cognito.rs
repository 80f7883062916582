//! AWS Cognito user pools. Everything follows from the pool's id.
//!
//! Sources: [verifying tokens](https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html),
//! [access token claims](https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html).

use jsonwebtoken::Algorithm;

use super::{Defaults, Issuer, Provider, TokenUse, resolve_shared};
use crate::http::Endpoint;
use crate::keys::cache::KeySource;
use crate::settings::ProviderId;
use crate::settings::document::RawProvider;
use crate::settings::problem::Report;

/// The attributes that hold the username: of access tokens, then of id tokens.
const USERNAME: [&str; 2] = ["username", "cognito:username"];

pub(super) fn resolve(id: &ProviderId, raw: RawProvider, report: &mut Report<'_>) -> Provider {
    if raw.discovery.is_some() {
        report.wrong("discovery", "does not belong to kind `cognito`");
    }
    let issuers = issuers(&raw, report);
    let token_uses = raw
        .token_use
        .clone()
        .unwrap_or_else(|| vec![TokenUse::Access, TokenUse::Id]);
    let mut provider = resolve_shared(
        id,
        raw,
        Defaults {
            issuers: issuers.unwrap_or_default(),
            algorithms: &[Algorithm::RS256],
            token_uses: Some(token_uses),
            username: Some(&USERNAME),
            groups: Some("cognito:groups"),
        },
        report,
    );
    // Users of a pool can change their address; the new one is theirs once it is verified.
    provider.username.email_must_be_verified = true;
    // The name of the same attribute differs between the two kinds of token.
    if let [only] = provider.username.attributes.as_slice()
        && only.as_str() == "username"
    {
        provider.username.attributes = USERNAME.into_iter().map(Into::into).collect();
    }
    provider
}

fn issuers(raw: &RawProvider, report: &mut Report<'_>) -> Option<Vec<Issuer>> {
    let inline = super::custom::inline_keys(raw, report);
    if raw.jwks.is_some() && raw.jwks_uri.is_some() {
        report.wrong("jwks_uri", "contradicts `jwks`; leave one of them out");
    }
    // An emulator's issuer stands in for both of the pool's.
    if let Some(name) = &raw.issuer {
        let keys = match (inline, &raw.jwks_uri) {
            (Some(keys), _) => keys,
            (None, Some(uri)) => KeySource::Jwks(uri.clone()),
            (None, None) => KeySource::Jwks(jwks_uri(name, report)?),
        };
        return Some(vec![Issuer {
            name: name.clone(),
            keys,
        }]);
    }
    let Some(pool_id) = &raw.user_pool_id else {
        report.wrong(
            "user_pool_id",
            "is missing; expected a user pool id, for example `eu-west-1_AbCdEfGhI`",
        );
        return None;
    };
    let Some(region) = region(pool_id) else {
        report.wrong(
            "user_pool_id",
            "is no user pool id; expected a region, `_` and letters or digits, for example `eu-west-1_AbCdEfGhI`",
        );
        return None;
    };
    let suffix = if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    // A pool has two issuers. Each has keys of its own, fetched when its first token comes, so
    // a pool that has only one of them is served as well.
    ["cognito-idp", "issuer-cognito-idp"]
        .into_iter()
        .map(|service| {
            let name = format!("https://{service}.{region}.{suffix}/{pool_id}");
            let keys = match (&inline, &raw.jwks_uri) {
                (Some(keys), _) => keys.clone(),
                (None, Some(uri)) => KeySource::Jwks(uri.clone()),
                (None, None) => KeySource::Jwks(jwks_uri(&name, report)?),
            };
            Some(Issuer { name, keys })
        })
        .collect()
}

fn jwks_uri(issuer: &str, report: &mut Report<'_>) -> Option<Endpoint> {
    Endpoint::parse(&format!("{issuer}/.well-known/jwks.json"))
        .map_err(|expected| report.wrong("issuer", expected))
        .ok()
}

fn region(pool_id: &str) -> Option<&str> {
    let (region, id) = pool_id.split_once('_')?;
    let is_region = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (region.contains('-')
        && region.bytes().all(is_region)
        && !id.is_empty()
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    .then_some(region)
}
