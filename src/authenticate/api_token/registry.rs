//! Records of API tokens seen before, and ids of which there is no record.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lru::LruCache;
use tracing::error;

use super::{MAX_RECORD, Record, TokenId};
use crate::clock::SinceEpoch;
use crate::error::Fault;
use crate::keys::cache::FetchContext;
use crate::settings::source::Source;
use crate::sync::Locked;

/// The most records that are kept.
const MAX_RECORDS: NonZeroUsize = NonZeroUsize::new(1_000).expect("not zero");
/// The most unknown ids that are kept.
const MAX_UNKNOWN: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");
/// How long an unknown id is not looked for again.
const UNKNOWN_FOR: Duration = Duration::from_secs(30);
/// Lookups of ids that turn out unknown, which are allowed at once and for each second after that.
/// A checksum is easily made: without a bound, guessing would use up the store's rate.
const MISSES_AT_ONCE: u32 = 20;
const MISSES_PER_SECOND: u32 = 1;

/// The records, for as long as they are used without being read again.
pub(crate) struct Registry(Locked<State>);

struct State {
    records: LruCache<TokenId, (Arc<Record>, SinceEpoch)>,
    unknown: LruCache<TokenId, SinceEpoch>,
    misses_left: u32,
    refilled: SinceEpoch,
}

enum Plan {
    Use(Option<(Arc<Record>, SinceEpoch)>),
    Read,
    GiveUp,
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self(Locked::new(State {
            records: LruCache::new(MAX_RECORDS),
            unknown: LruCache::new(MAX_UNKNOWN),
            misses_left: MISSES_AT_ONCE,
            refilled: SinceEpoch::ZERO,
        }))
    }

    /// The record of an id and when it must be read again; `None` where there is none.
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
    ) -> Result<Option<(Arc<Record>, SinceEpoch)>, Fault> {
        match self.0.with(|state| state.plan(id, context.clock.now())) {
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
                error!(%error, "the store of API tokens could not be read");
                Fault::ApiTokensUnavailable
            })?;
        let record = found.map(|text| parse(id, &text)).transpose()?;
        let now = context.clock.now();
        self.0.with(|state| {
            let Some(record) = record else {
                state
                    .unknown
                    .put(id.clone(), now.saturating_add(UNKNOWN_FOR));
                state.misses_left = state.misses_left.saturating_sub(1);
                return Ok(None);
            };
            let entry = (Arc::new(record), now.saturating_add(recheck));
            state.records.put(id.clone(), entry.clone());
            Ok(Some(entry))
        })
    }
}

impl State {
    fn plan(&mut self, id: &TokenId, now: SinceEpoch) -> Plan {
        if let Some((record, until)) = self.records.get(id) {
            if *until > now {
                return Plan::Use(Some((Arc::clone(record), *until)));
            }
            self.records.pop(id);
        }
        if self.unknown.get(id).is_some_and(|until| *until > now) {
            return Plan::Use(None);
        }
        let passed = now.saturating_sub(self.refilled).as_secs();
        if passed > 0 || now < self.refilled {
            let earned = u32::try_from(passed)
                .unwrap_or(u32::MAX)
                .saturating_mul(MISSES_PER_SECOND);
            self.misses_left = self.misses_left.saturating_add(earned).min(MISSES_AT_ONCE);
            self.refilled = now;
        }
        if self.misses_left == 0 {
            Plan::GiveUp
        } else {
            Plan::Read
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
