//! AWS Cognito user pools. Everything follows from the pool's id.
//!
//! Sources: [verifying tokens](https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html),
//! [access token claims](https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html).

use serde::Deserialize;

use super::draft::Draft;
use super::online::Online;
use super::resolve::{Defaults, resolve_shared};
use super::{Issuer, Provider};
use crate::claims::{Claims, EmailRule, TokenUse};
use crate::document::{AcceptedUse, KeyFields, OnlineFields, grouped};
use crate::error::Denial;
use crate::keys::Algorithm;

/// The attributes that hold the username: of access tokens, then of id tokens.
const USERNAME: [&str; 2] = ["username", "cognito:username"];

/// The claim that holds the groups, in tokens of both kinds.
pub(super) const GROUPS: &str = "cognito:groups";

/// A user pool of AWS Cognito.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct CognitoFields {
    /// The user pool's id, such as `eu-west-1_AbCdEfGhI`. Required, unless there is an `issuer`.
    user_pool_id: Option<String>,
    /// The user pool's domain, such as `example.auth.eu-west-1.amazoncognito.com`, where its userinfo is.
    /// Required with `verify` `jwt+userinfo`, unless there is a `userinfo_endpoint`.
    domain: Option<String>,
}

grouped! {
    /// The document of a provider of this kind.
    pub(crate) struct CognitoDocument {
        own: CognitoFields,
        keys: KeyFields,
        online: OnlineFields,
    }
}

impl CognitoDocument {
    /// Fills in what the vendor knows.
    pub(super) fn resolve(self, mut draft: Draft<'_, '_>) -> Provider {
        let Self {
            own,
            keys,
            mut online,
        } = self;
        let issuers = issuers(own.user_pool_id, &keys, &mut draft);
        if let Some(domain) = own.domain {
            let url = format!("https://{domain}/oauth2/userInfo");
            draft.fill_endpoint(&mut online.userinfo_endpoint, "domain", &url);
        }
        let mut provider = resolve_shared(
            draft,
            Defaults {
                issuers: issuers.unwrap_or_default(),
                algorithms: (keys.algorithms, &[Algorithm::RS256]),
                token_use: Some(AcceptedUse::Both),
                username: Some(&USERNAME),
                groups: GROUPS.into(),
                online: Online {
                    fields: online,
                    ..Online::default()
                },
                ..Defaults::default()
            },
        );
        // Users of a pool can change their address; the new one is theirs once it is verified.
        provider.username.email = EmailRule::Verified;
        // The name of the same attribute differs between the two kinds of token.
        if let [only] = provider.username.attributes.as_slice()
            && only.as_str() == "username"
        {
            provider.username.attributes = USERNAME.into_iter().map(Into::into).collect();
        }
        provider
    }
}

/// What a token is for: Cognito marks all of its own.
pub(super) fn token_use(claims: &Claims) -> Result<TokenUse, Denial> {
    match claims.text("token_use") {
        Some("access") => Ok(TokenUse::Access),
        Some("id") => Ok(TokenUse::Id),
        _ => Err(Denial::TokenUseMismatch),
    }
}

/// An access token that was issued to a client on its own behalf.
pub(super) fn is_of_a_client(claims: &Claims) -> bool {
    token_use(claims) == Ok(TokenUse::Access) && claims.claim("username").is_none()
}

fn issuers(
    pool_id: Option<String>,
    keys: &KeyFields,
    draft: &mut Draft<'_, '_>,
) -> Option<Vec<Issuer>> {
    // An emulator's issuer stands in for both of the pool's.
    if let Some(name) = keys.issuer.clone() {
        let keys = draft.keys(keys, &jwks_uri(&name))?;
        return Some(vec![Issuer {
            name,
            keys: Some(keys),
        }]);
    }
    let pool_id = draft.required(
        pool_id,
        "user_pool_id",
        "a user pool id, for example `eu-west-1_AbCdEfGhI`",
    )?;
    let Some(region) = region(&pool_id) else {
        draft.wrong(
            "user_pool_id",
            "is not a user pool id; expected a region, `_` and letters or digits, for example \
             `eu-west-1_AbCdEfGhI`",
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
            let keys = draft.keys(keys, &jwks_uri(&name))?;
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
