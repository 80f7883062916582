//! API tokens of our own: verified by their records.
//!
//! Of a token's secret only a SHA-256 is stored: with 256 random bits, there is nothing that a slow
//! hash would add.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Context, Failure, Verdict};
use crate::claims::AuthMethod;
use crate::clock::UnixTime;
use crate::credential::{Checksums, Token, TokenId, UnverifiedApiToken};
use crate::document::ProviderId;
use crate::error::{Denial, Fault};
use crate::identity::{AuditText, Identity, Limits, Sender, Subject, VerifiedSender};
use crate::secret::constant_time_eq;
use crate::store::RecordName;
use crate::store::records::RecordCache;
use crate::username::Username;

/// The rules of our own tokens.
#[derive(Clone, Debug)]
pub struct ApiTokenRules {
    /// Accepted as the password of Basic auth too.
    pub allow_basic: bool,
    /// The longest time from creation.
    pub max_lifetime: Duration,
    /// How long a record is used before it is read again.
    pub recheck: Duration,
    /// Which tokens are looked for in the store.
    pub checksums: Checksums,
}

/// The secret that checksums of new tokens are made with, below `secrets/settings/`.
pub const API_TOKEN_KEY: &str = "api-token-key";
/// The secret that they were made with before; tokens with such a checksum are still good.
pub const PREVIOUS_API_TOKEN_KEY: &str = "api-token-key-previous";

/// Records of tokens seen before, as they are stored: some 12,000 usual ones. Taken apart they
/// would need twice the memory, and a token whose verdict is known needs none.
type Records = RecordCache<TokenId, Box<str>, MAX_RECORDS>;

/// Apart, so that whoever makes up tokens without a key uses up what may be looked for in vain of
/// such tokens alone.
pub(super) struct ApiTokenRecords {
    keyed: Records,
    unkeyed: Records,
}

/// The most bytes of all records that are kept, roughly.
const MAX_RECORDS: usize = 5 * 1024 * 1024;

/// Lookups of ids seen for the first time that may come to nothing at once, and how long one more
/// takes. A checksum is easily made where there is no key.
const UNKNOWN_AT_ONCE: u32 = 20;
const UNKNOWN_PAUSE: Duration = Duration::from_secs(1);

/// No records yet.
pub(super) fn records() -> ApiTokenRecords {
    let records = || Records::new(|text| text.len(), UNKNOWN_AT_ONCE, UNKNOWN_PAUSE);
    ApiTokenRecords {
        keyed: records(),
        unkeyed: records(),
    }
}

/// The largest record, in bytes: SSM's limit of a standard parameter.
pub const MAX_RECORD: usize = 4_096;

/// What is stored of a token, as JSON.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// SHA-256 of the secret part, in base64url.
    pub secret_sha256: String,
    /// The Atlassian user that it acts as.
    pub username: String,
    /// What the token is for, in the words of whoever made it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Seconds since the epoch.
    pub created: u64,
    /// Seconds since the epoch.
    pub expires: u64,
    /// Scopes, as access rules name them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Groups. Without them, whether a rule that denies by group is met is not known.
    pub groups: Option<Vec<String>>,
    /// Only routes that read.
    #[serde(default)]
    pub read_only: bool,
    /// Networks that it may be used from; empty for any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub source_cidrs: Vec<IpNet>,
    /// Products that it may be used in; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<String>,
}

/// What is stored of a secret.
pub fn hash(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, secret.as_bytes()))
}

/// Reads what is stored; `None` for what is no record.
pub fn parse(text: &str) -> Option<Record> {
    let value = (text.len() <= MAX_RECORD)
        .then(|| crate::json::parse(text.as_bytes()).ok())
        .flatten()?;
    serde_json::from_value(value).ok()
}

/// What is kept of a stored text; `None` for what is no record.
fn sound(text: &str) -> Option<Box<str>> {
    parse(text).map(|_| text.into())
}

/// Verifies an API token.
///
/// # Errors
///
/// A denial for the first thing that does not hold, or [`Fault::ApiTokensUnavailable`].
pub(super) async fn verify(
    token: &Token<'_>,
    records: &ApiTokenRecords,
    cx: Context<'_>,
) -> Result<Verdict, Failure> {
    let rules = cx.api_tokens.ok_or(Denial::ApiTokensDisabled)?;
    let token = UnverifiedApiToken::parse(token, &rules.checksums)?;
    let name = RecordName::of_api_token(&token.id);
    let records = if token.is_keyed {
        &records.keyed
    } else {
        &records.unkeyed
    };
    let read = records
        .find(&token.id, &name, sound, cx.store, rules.recheck, cx.fetch)
        .await
        .map_err(|_| Fault::ApiTokensUnavailable)?
        .ok_or(Denial::ApiTokenUnknown)?;
    let record = parse(&read.record).ok_or(Fault::ApiTokensUnavailable)?;
    // The one check of the secret; nothing of the record is used before it.
    if !constant_time_eq(
        record.secret_sha256.as_bytes(),
        hash(token.secret).as_bytes(),
    ) {
        return Err(Denial::ApiTokenUnknown.into());
    }
    let refused = |denial: Denial| Failure::from(denial).by(|| Some(sender(&token.id, &record)));
    let now = cx.fetch.clock.now();
    let created = UnixTime::from_secs(record.created);
    if created > now.saturating_add(Duration::from_mins(1)) {
        return Err(refused(Denial::TokenNotYetValid));
    }
    let expires =
        UnixTime::from_secs(record.expires).min(created.saturating_add(rules.max_lifetime));
    if now >= expires {
        return Err(refused(Denial::TokenExpired));
    }
    if cx.revoked.contains(token.id.as_str()) || cx.revoked.contains_user(&record.username) {
        return Err(refused(Denial::TokenRevoked));
    }
    let until = read.at.saturating_add(rules.recheck);
    let identity = identity(&token.id, &record, expires.min(until))?;
    Ok(Verdict {
        identity: Arc::new(identity),
        key: None,
        provider: None,
        answer_until: None,
    })
}

/// Who sent a token whose secret is the one of this record.
fn sender(id: &TokenId, record: &Record) -> Sender {
    Sender::Verified(Box::new(VerifiedSender {
        provider: ProviderId::api_tokens(),
        auth_method: AuthMethod::ApiToken,
        principal: AuditText::verified(&record.username),
        client_id: None,
        token_id: AuditText::new(id.as_str()),
        issuer: None,
        act: None,
    }))
}

fn identity(id: &TokenId, record: &Record, valid_until: UnixTime) -> Result<Identity, Fault> {
    let username = Username::new(record.username.clone()).ok_or(Fault::ApiTokensUnavailable)?;
    Ok(Identity::from_verified(Subject {
        provider: ProviderId::api_tokens(),
        auth_method: AuthMethod::ApiToken,
        principal: record.username.clone(),
        username,
        client_id: None,
        scopes: record.scopes.clone(),
        groups: record.groups.clone().unwrap_or_default(),
        groups_incomplete: record.groups.is_none(),
        token_id: Some(id.as_str().to_owned()),
        issuer: None,
        act: None,
        valid_until,
        limits: Limits {
            read_only: record.read_only,
            products: record.products.clone(),
            source_cidrs: record.source_cidrs.clone(),
        },
    }))
}
