//! Making and revoking API tokens.

mod records;
mod store;

use std::time::Duration;

use ipnet::IpNet;
use thiserror::Error;

use atlassian_authorizer::authenticate::ApiTokenRules;
use atlassian_authorizer::authenticate::api_token::{MAX_RECORD, Record, hash};
use atlassian_authorizer::clock::UnixTime;
pub use atlassian_authorizer::credential::TokenId;
use atlassian_authorizer::credential::{API_TOKEN_PREFIX, ID_LENGTH, SECRET_LENGTH};
use atlassian_authorizer::http::Deadline;
use atlassian_authorizer::random::{self, RandomError};
use atlassian_authorizer::secret::Secret;
use atlassian_authorizer::store::{LoadError, Source};
use atlassian_authorizer::username::Username;

pub use records::{All, Known, end_by, find, list};

/// What a new token is to be.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// The Atlassian user that it acts as.
    pub username: Username,
    /// What it is for, in the words of whoever makes it.
    pub name: String,
    /// How long it is accepted; no longer than the settings allow.
    pub lifetime: Duration,
    /// Scopes, as access rules name them.
    pub scopes: Vec<String>,
    /// Groups, as access rules name them; `None` where they are not known, which is refused where a
    /// product denies by group.
    pub groups: Option<Vec<String>>,
    /// Only routes that read.
    pub read_only: bool,
    /// Networks that it may be used from; empty for any.
    pub source_cidrs: Vec<IpNet>,
    /// Products that it may be used in; empty for all.
    pub products: Vec<String>,
}

/// A token that has been made. It can't be shown again.
#[derive(Debug)]
pub struct Created {
    /// Its id, by which it is revoked.
    pub id: TokenId,
    /// The whole token.
    pub token: Secret,
    /// When it expires, since the epoch.
    pub expires: UnixTime,
}

/// Why a token could not be made or revoked.
#[derive(Debug, Error)]
pub enum ApiTokenError {
    /// The settings accept no API tokens.
    #[error(
        "the settings accept no API tokens; set `api_tokens.enabled` in the parameter `settings`"
    )]
    Disabled,
    /// A lifetime of nothing, or longer than the settings allow.
    #[error(
        "the lifetime is out of range; expected at least one second and at most {0} days \
         (`api_tokens.max_lifetime_days`)"
    )]
    Lifetime(u64),
    /// The random generator failed.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The record would exceed SSM's limit.
    #[error("the token's record is too large; give fewer groups, scopes or networks")]
    TooLarge,
    /// A record that is none.
    #[error("the token's record can't be read")]
    Unreadable,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] LoadError),
}

/// Makes a token and stores what is to be stored of it.
///
/// # Errors
///
/// [`ApiTokenError`]; nothing has been stored then.
pub async fn create(
    store: &Source,
    rules: Option<&ApiTokenRules>,
    new: NewToken,
    now: UnixTime,
) -> Result<Created, ApiTokenError> {
    let rules = rules.ok_or(ApiTokenError::Disabled)?;
    if new.lifetime < Duration::from_secs(1) || new.lifetime > rules.max_lifetime {
        let days = rules
            .max_lifetime
            .as_secs()
            .checked_div(86_400)
            .unwrap_or_default();
        return Err(ApiTokenError::Lifetime(days));
    }
    let id = random::text(ID_LENGTH)?;
    let secret = random::text(SECRET_LENGTH)?;
    let expires = now.saturating_add(new.lifetime);
    let record = Record {
        secret_sha256: hash(&secret),
        username: new.username.as_str().to_owned(),
        name: new.name,
        created: now.as_secs(),
        expires: expires.as_secs(),
        scopes: new.scopes,
        groups: new.groups,
        read_only: new.read_only,
        source_cidrs: new.source_cidrs,
        products: new.products,
    };
    let text = serde_json::to_string(&record).map_err(|_| ApiTokenError::TooLarge)?;
    if text.len() > MAX_RECORD {
        return Err(ApiTokenError::TooLarge);
    }
    let checksum = rules.checksums.make(&id, &secret);
    let token = [API_TOKEN_PREFIX, &id, &secret, &checksum].concat();
    let id = TokenId::new(&id).ok_or(ApiTokenError::Random(RandomError))?;
    store::write(store, &id, &text, Deadline::start()).await?;
    Ok(Created {
        id,
        token: Secret::new(&token),
        expires,
    })
}

/// Revokes a token by deleting its record. Instances that hold the record accept the token until
/// they read it again, after `api_tokens.recheck_seconds`, and API Gateway for its cache time more.
///
/// Returns whether there was such a token.
///
/// # Errors
///
/// [`ApiTokenError::Store`].
pub async fn revoke(store: &Source, id: &TokenId) -> Result<bool, ApiTokenError> {
    Ok(store::delete(store, id, Deadline::start()).await?)
}
