//! Records of API tokens seen before, and ids of which there is no record.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tracing::error;

use super::{MAX_RECORD, Record, TokenId};
use crate::backoff::Allowance;
use crate::clock::SinceEpoch;
use crate::error::Fault;
use crate::keys::cache::FetchContext;
use crate::settings::source::Source;
use crate::sync::{Locked, Recent};

/// The most records that are kept.
const MAX_RECORDS: usize = 1_000;
/// The most unknown ids that are kept.
const MAX_UNKNOWN: usize = 10_000;
/// How long an unknown id is not looked for again.
const UNKNOWN_FOR: Duration = Duration::from_secs(30);
/// Lookups of ids seen for the first time that may come to nothing at once, and how long one more
/// takes. A checksum is easily made: without a bound, guessing would use up the store's rate.
const MISSES_AT_ONCE: u32 = 20;
const MISS_PAUSE: Duration = Duration::from_secs(1);

/// The records, for as long as they are used without being read again.
pub(crate) struct Registry(Locked<State>);

struct State {
    /// Lapsed ones stay: an id that had a record is read again however many others are guessed.
    records: Recent<TokenId, Read, MAX_RECORDS>,
    unknown: Recent<TokenId, SinceEpoch, MAX_UNKNOWN>,
    misses: Allowance,
}

/// A record, and when it was read.
#[derive(Clone)]
pub(super) struct Read {
    pub(super) record: Arc<Record>,
    pub(super) at: SinceEpoch,
}

enum Plan {
    Use(Option<Read>),
    Read,
    GiveUp,
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self(Locked::new(State {
            records: Recent::new(),
            unknown: Recent::new(),
            misses: Allowance::new(MISSES_AT_ONCE, MISS_PAUSE),
        }))
    }

    /// The record of an id, read no longer than `recheck` ago; `None` where there is none.
    ///
    /// # Errors
    ///
    /// [`Fault::ApiTokensUnavailable`] when the store can't be read, holds what is no record, or
    /// has been asked for too many unknown ids.
    pub(super) async fn record(
        &self,
        id: &TokenId,
        store: &Source,
        recheck: Duration,
        context: FetchContext<'_>,
    ) -> Result<Option<Read>, Fault> {
        match self
            .0
            .with(|state| state.plan(id, recheck, context.clock.now()))
        {
            Plan::Use(found) => return Ok(found),
            Plan::GiveUp => return Err(Fault::ApiTokensUnavailable),
            Plan::Read => {}
        }
        context.asks.tried.fetch_add(1, Ordering::Relaxed);
        let found = store
            .read_token(id, context.deadline)
            .await
            .map_err(|error| {
                context.asks.failed.fetch_add(1, Ordering::Relaxed);
                self.0.with(|state| {
                    if state.records.get(id).is_none() {
                        state.misses.spend();
                    }
                });
                error!(%error, "the store of API tokens could not be read");
                Fault::ApiTokensUnavailable
            })?;
        let record = found.map(|text| parse(id, &text)).transpose()?;
        let now = context.clock.now();
        self.0.with(|state| {
            let Some(record) = record else {
                state.records.remove(id);
                state.unknown.put(id.clone(), now);
                state.misses.spend();
                return Ok(None);
            };
            let read = Read {
                record: Arc::new(record),
                at: now,
            };
            state.unknown.remove(id);
            state.records.put(id.clone(), read.clone());
            Ok(Some(read))
        })
    }
}

impl State {
    fn plan(&mut self, id: &TokenId, recheck: Duration, now: SinceEpoch) -> Plan {
        // What was read in the future was read by a clock that has since been set back.
        let is_young = |at: SinceEpoch, most| now.checked_sub(at).is_some_and(|age| age < most);
        if let Some(read) = self.records.get(id) {
            return if is_young(read.at, recheck) {
                Plan::Use(Some(read.clone()))
            } else {
                Plan::Read
            };
        }
        if self
            .unknown
            .get(id)
            .is_some_and(|at| is_young(*at, UNKNOWN_FOR))
        {
            return Plan::Use(None);
        }
        if self.misses.is_left(now) {
            Plan::Read
        } else {
            Plan::GiveUp
        }
    }
}

fn parse(id: &TokenId, text: &str) -> Result<Record, Fault> {
    let value = (text.len() <= MAX_RECORD)
        .then(|| crate::json::parse(text.as_bytes()).ok())
        .flatten();
    value
        .and_then(|value| serde_json::from_value(value).ok())
        .ok_or_else(|| {
            error!(
                token_id = id.as_str(),
                "the record of an API token can't be read"
            );
            Fault::ApiTokensUnavailable
        })
}
