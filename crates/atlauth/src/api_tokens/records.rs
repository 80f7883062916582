//! What is stored of the tokens that have been made.

use std::time::Duration;

use atlassian_authorizer::authenticate::ApiTokenRules;
use atlassian_authorizer::authenticate::api_token::{Record, parse};
use atlassian_authorizer::clock::UnixTime;
use atlassian_authorizer::http::{Counters, Deadline};
use atlassian_authorizer::store::{RecordName, Source};
use atlassian_authorizer::username::Username;
use ipnet::IpNet;
use serde::Serialize;

use super::{ApiTokenError, NewToken, TokenId, store};

/// How long an operator waits for one answer of the store.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is known of a token, without the hash of its secret.
#[derive(Clone, Debug, Serialize)]
pub struct Known {
    /// Its id.
    pub id: String,
    /// The Atlassian user that it acts as.
    pub username: String,
    /// What it is for.
    pub name: String,
    /// Seconds since the epoch.
    pub created: u64,
    /// Seconds since the epoch, by the record alone: the settings may end it before.
    pub expires: u64,
    /// Scopes, as access rules name them.
    pub scopes: Vec<String>,
    /// Groups; `None` where the record does not say, which no rule that denies by group takes.
    pub groups: Option<Vec<String>>,
    /// Only routes that read.
    pub read_only: bool,
    /// Networks that it may be used from; empty for any.
    pub source_cidrs: Vec<IpNet>,
    /// Products that it may be used in; empty for all.
    pub products: Vec<String>,
}

impl Known {
    fn of(id: &str, record: Record) -> Self {
        Self {
            id: id.to_owned(),
            username: record.username,
            name: record.name,
            created: record.created,
            expires: record.expires,
            scopes: record.scopes,
            groups: record.groups,
            read_only: record.read_only,
            source_cidrs: record.source_cidrs,
            products: record.products,
        }
    }

    /// From when on it is refused, in seconds since the epoch: by its record, and by the longest time that
    /// the settings allow.
    pub fn ends(&self, rules: Option<&ApiTokenRules>) -> u64 {
        let longest = rules.map_or(u64::MAX, |rules| rules.max_lifetime.as_secs());
        self.expires.min(self.created.saturating_add(longest))
    }

    /// A token with the same user, name and limits; `None` where the record names no user.
    pub fn again(&self, lifetime: Duration) -> Option<NewToken> {
        Some(NewToken {
            username: Username::new(self.username.clone())?,
            name: self.name.clone(),
            lifetime,
            scopes: self.scopes.clone(),
            groups: self.groups.clone(),
            read_only: self.read_only,
            source_cidrs: self.source_cidrs.clone(),
            products: self.products.clone(),
        })
    }
}

/// All tokens of a store, in the order of their creation, and the names of records that can't be
/// read.
#[derive(Debug)]
pub struct All {
    /// What can be read.
    pub tokens: Vec<Known>,
    /// What can't.
    pub unreadable: Vec<String>,
}

/// Lists all tokens.
///
/// # Errors
///
/// [`ApiTokenError::Store`].
pub async fn list(source: &Source) -> Result<All, ApiTokenError> {
    let mut all = All {
        tokens: Vec::new(),
        unreadable: Vec::new(),
    };
    for (id, text) in store::all(source, Deadline::after(PATIENCE)).await? {
        match parse(&text).filter(|_| TokenId::new(&id).is_some()) {
            Some(record) => all.tokens.push(Known::of(&id, record)),
            None => all.unreadable.push(id),
        }
    }
    all.tokens.sort_by_key(|token| token.created);
    Ok(all)
}

/// What is known of one token; `None` where there is none.
///
/// # Errors
///
/// [`ApiTokenError::Store`], and [`ApiTokenError::Unreadable`].
pub async fn find(source: &Source, id: &TokenId) -> Result<Option<Known>, ApiTokenError> {
    let record = read(source, id).await?;
    Ok(record.map(|record| Known::of(id.as_str(), record)))
}

/// Has a token expire at a time, unless it does so before. Instances that hold its record learn of
/// it after `api_tokens.recheck_seconds`.
///
/// Returns when it expires, `None` where there is no such token.
///
/// # Errors
///
/// As [`find`].
pub async fn end_by(
    source: &Source,
    id: &TokenId,
    expires: UnixTime,
) -> Result<Option<UnixTime>, ApiTokenError> {
    let Some(mut record) = read(source, id).await? else {
        return Ok(None);
    };
    if expires.as_secs() < record.expires {
        record.expires = expires.as_secs();
        let text = serde_json::to_string(&record).map_err(|_| ApiTokenError::TooLarge)?;
        let deadline = Deadline::after(PATIENCE);
        store::replace(source, id, &text, deadline).await?;
    }
    Ok(Some(UnixTime::from_secs(record.expires)))
}

async fn read(source: &Source, id: &TokenId) -> Result<Option<Record>, ApiTokenError> {
    let name = RecordName::of_api_token(id);
    let text = source
        .read_record(&name, Deadline::after(PATIENCE), &Counters::default())
        .await?;
    text.map(|text| parse(&text).ok_or(ApiTokenError::Unreadable))
        .transpose()
}
