//! AWS Cognito user pools. Everything follows from the pool's id.
//!
//! Sources: [verifying tokens](https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html),
//! [access token claims](https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html).

use jsonwebtoken::Algorithm;

use super::draft::{Draft, KEYS};
use super::resolve::{Defaults, resolve_shared};
use super::{Groups, Issuer};
use crate::document::TokenUse;

/// The attributes that hold the username: of access tokens, then of id tokens.
const USERNAME: [&str; 2] = ["username", "cognito:username"];

/// The claim that holds the groups, in tokens of both kinds.
pub(super) const GROUPS: &str = "cognito:groups";

pub(super) fn resolve(mut draft: Draft<'_, '_>) -> super::Provider {
    draft.takes(
        &[
            &KEYS[..],
            &[
                "user_pool_id",
                "token_use",
                "domain",
                "verify",
                "online_for",
                "userinfo_endpoint",
            ],
        ]
        .concat(),
    );
    let issuers = issuers(&mut draft);
    let token_uses = draft
        .raw
        .token_use
        .clone()
        .unwrap_or_else(|| vec![TokenUse::Access, TokenUse::Id]);
    let userinfo = draft.raw.domain.clone().and_then(|domain| {
        draft.endpoint(None, "domain", &format!("https://{domain}/oauth2/userInfo"))
    });
    let mut provider = resolve_shared(
        draft,
        Defaults {
            issuers: issuers.unwrap_or_default(),
            algorithms: &[Algorithm::RS256],
            token_uses: Some(token_uses),
            username: Some(&USERNAME),
            groups: Groups::Claim(GROUPS.into()),
            userinfo,
            ..Defaults::default()
        },
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

fn issuers(draft: &mut Draft<'_, '_>) -> Option<Vec<Issuer>> {
    // An emulator's issuer stands in for both of the pool's.
    if let Some(name) = draft.raw.issuer.clone() {
        let keys = draft.keys(&jwks_uri(&name))?;
        return Some(vec![Issuer {
            name,
            keys: Some(keys),
        }]);
    }
    let pool_id = draft.required(
        draft.raw.user_pool_id.clone(),
        "user_pool_id",
        "a user pool id, for example `eu-west-1_AbCdEfGhI`",
    )?;
    let Some(region) = region(&pool_id) else {
        draft.wrong(
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
    ["cognito-idp", "issuer-cognito-idp"]
        .into_iter()
        .map(|service| {
            let name = format!("https://{service}.{region}.{suffix}/{pool_id}");
            let keys = draft.keys(&jwks_uri(&name))?;
            Some(Issuer {
                name,
                keys: Some(keys),
            })
        })
        .collect()
}

fn jwks_uri(issuer: &str) -> String {
    format!("{issuer}/.well-known/jwks.json")
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
