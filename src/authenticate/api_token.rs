//! API tokens: `atl_`, an id, a secret and a checksum.
//!
//! The checksum lets a mistyped token be refused without a look at the store; it is no secret, and
//! nothing rests on it. Of the secret only a SHA-256 is stored: with 256 random bits, there is
//! nothing that a slow hash would add.

use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::Verdict;
use crate::clock::SinceEpoch;
use crate::credential::{API_TOKEN_PREFIX, Token};
use crate::error::{Denial, Fault, Refusal};
use crate::identity::{ApiTokenSubject, Identity, Limits};
use crate::records::Records;
use crate::secret::same;
use crate::settings::source::{RecordName, Source};
use crate::settings::{ApiTokens, ProviderId};
use crate::username::Username;

/// Records of tokens seen before.
pub(crate) type Registry = Records<TokenId, Record>;

/// Lookups of ids seen for the first time that may come to nothing at once, and how long one more
/// takes. A checksum is easily made.
const MISSES_AT_ONCE: u32 = 20;
const MISS_PAUSE: Duration = Duration::from_secs(1);

/// No records yet.
pub(crate) fn registry() -> Registry {
    Records::new(MISSES_AT_ONCE, MISS_PAUSE)
}

/// Five bits a character, and no two characters that look alike.
pub(crate) const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// 80 bits.
pub(crate) const ID_LENGTH: usize = 16;
/// 260 bits.
pub(crate) const SECRET_LENGTH: usize = 52;
/// The largest record, in bytes: SSM's limit of a standard parameter.
pub(crate) const MAX_RECORD: usize = 4_096;
/// 40 bits.
const CHECKSUM_LENGTH: usize = 8;

/// The id of an API token, which is the last part of its parameter's name.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct TokenId(String);

impl TokenId {
    /// Takes an id; `None` for what is none.
    pub fn new(text: &str) -> Option<Self> {
        (text.len() == ID_LENGTH && is_plain(text)).then(|| Self(text.to_owned()))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is stored of a token, as JSON.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    /// SHA-256 of the secret part, in base64url.
    pub(crate) secret_sha256: String,
    pub(crate) username: String,
    /// What the token is for, in the words of whoever made it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
    /// Seconds since the epoch.
    pub(crate) created: u64,
    /// Seconds since the epoch.
    pub(crate) expires: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<String>,
    /// Without it, whether a rule that denies by group is met is not known.
    pub(crate) groups: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) read_only: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) source_cidrs: Vec<IpNet>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) products: Vec<String>,
}

/// A token of the right form and checksum.
pub(crate) struct UnverifiedApiToken<'t> {
    id: TokenId,
    secret: &'t str,
}

impl<'t> UnverifiedApiToken<'t> {
    fn parse(token: &'t Token<'_>) -> Result<Self, Denial> {
        let split = || {
            let body = token
                .reveal()
                .strip_prefix(API_TOKEN_PREFIX)
                .filter(|body| is_plain(body))?;
            let (id, rest) = body.split_at_checked(ID_LENGTH)?;
            let (secret, checksum) = rest.split_at_checked(SECRET_LENGTH)?;
            let right = same(checksum.as_bytes(), self::checksum(id, secret).as_bytes());
            right.then_some(Self {
                id: TokenId::new(id)?,
                secret,
            })
        };
        split().ok_or(Denial::ApiTokenMalformed)
    }
}

/// The end of a token, over all that stands before it.
pub(crate) fn checksum(id: &str, secret: &str) -> String {
    let text = [API_TOKEN_PREFIX, id, secret].concat();
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    characters(digest.as_ref(), CHECKSUM_LENGTH)
}

/// A character for each byte, by its lowest five bits.
pub(crate) fn characters(bytes: &[u8], length: usize) -> String {
    let character = |byte: &u8| {
        char::from(
            ALPHABET
                .get(usize::from(byte & 31))
                .copied()
                .unwrap_or(b'a'),
        )
    };
    bytes.iter().take(length).map(character).collect()
}

/// What is stored of a secret.
pub(crate) fn hash(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, secret.as_bytes()))
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| ALPHABET.contains(&byte))
}

/// Verifies an API token. `username` is the name that came with it by Basic auth.
///
/// # Errors
///
/// A denial for the first thing that does not hold, or [`Fault::ApiTokensUnavailable`].
pub(crate) async fn verify(
    token: &Token<'_>,
    rules: Option<ApiTokens>,
    registry: &Registry,
    around: super::Surroundings<'_>,
    store: &Source,
) -> Result<Verdict, Refusal> {
    let rules = rules.ok_or(Denial::ApiTokensDisabled)?;
    let token = UnverifiedApiToken::parse(token)?;
    let read = registry
        .find(
            &token.id,
            RecordName::ApiToken(&token.id),
            parse,
            store,
            rules.recheck,
            around.fetch,
        )
        .await
        .map_err(|_| Fault::ApiTokensUnavailable)?
        .ok_or(Denial::ApiTokenUnknown)?;
    let record = &read.record;
    // The one check that rests on the secret; nothing of the record is used before it.
    if !same(
        record.secret_sha256.as_bytes(),
        hash(token.secret).as_bytes(),
    ) {
        return Err(Denial::ApiTokenUnknown.into());
    }
    let now = around.fetch.clock.now();
    let created = Duration::from_secs(record.created);
    if created > now.saturating_add(Duration::from_mins(1)) {
        return Err(Denial::TokenNotYetValid.into());
    }
    let expires =
        Duration::from_secs(record.expires).min(created.saturating_add(rules.max_lifetime));
    if now >= expires {
        return Err(Denial::TokenExpired.into());
    }
    let revoked = &around.loaded.settings.revoked;
    if revoked.contains(token.id.as_str()) || revoked.contains(&record.username) {
        return Err(Denial::TokenRevoked.into());
    }
    let until = read.at.saturating_add(rules.recheck);
    let identity = identity(token.id, record, expires.min(until))?;
    Ok(Verdict {
        identity: std::sync::Arc::new(identity),
        key: None,
        provider: None,
        word_until: None,
    })
}

pub(crate) fn parse(text: &str) -> Option<Record> {
    let value = (text.len() <= MAX_RECORD)
        .then(|| crate::json::parse(text.as_bytes()).ok())
        .flatten()?;
    serde_json::from_value(value).ok()
}

fn identity(id: TokenId, record: &Record, valid_until: SinceEpoch) -> Result<Identity, Fault> {
    let username = Username::new(record.username.clone()).ok_or(Fault::ApiTokensUnavailable)?;
    Ok(Identity::from_api_token(ApiTokenSubject {
        provider: ProviderId::api_tokens(),
        id: id.0,
        username,
        scopes: record.scopes.clone(),
        groups: record.groups.clone().unwrap_or_default(),
        groups_incomplete: record.groups.is_none(),
        valid_until,
        limits: Limits {
            read_only: record.read_only,
            products: record.products.clone(),
            source_cidrs: record.source_cidrs.clone(),
        },
    }))
}
