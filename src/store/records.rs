//! Records that are not part of the settings' tree, each read when it is needed: those of API
//! tokens, and users' own credentials.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;
use std::time::Duration;

use tracing::error;

use super::{RecordName, Source};
use crate::clock::UnixTime;
use crate::http::FetchContext;
use crate::sync::{Allowance, Locked, Recent, Weighed};

/// What a record takes beside itself: its name, and its place in the cache.
const OVERHEAD: usize = 192;
/// The most names without a record that are kept. A cache's rate of misses fills a part of it
/// within [`UNKNOWN_FOR`].
const MAX_UNKNOWN: usize = 1_000;
/// How many names are read at once at the most.
const FLIGHTS: usize = 32;
/// How long a name without a record is not looked for again.
const UNKNOWN_FOR: Duration = Duration::from_secs(30);

/// Records by name, which hold at most `MOST` bytes together, roughly; and names of which there is
/// no record.
pub struct RecordCache<K: Eq + Hash, V, const MOST: usize> {
    state: Locked<State<K, V, MOST>>,
    /// Names that come to nothing.
    misses: Allowance,
    /// Who reads a name; those of some others wait too.
    flights: [tokio::sync::Mutex<()>; FLIGHTS],
    hasher: RandomState,
    weigh: fn(&V) -> usize,
}

struct State<K: Eq + Hash, V, const MOST: usize> {
    /// Lapsed ones stay: a name that had a record is read again however many others are guessed.
    records: Weighed<K, CachedRecord<V>, MOST>,
    unknown: Recent<K, UnixTime, MAX_UNKNOWN>,
}

/// A record, and when it was read.
pub struct CachedRecord<V> {
    /// The record.
    pub record: Arc<V>,
    /// When it was read.
    pub at: UnixTime,
}

impl<V> Clone for CachedRecord<V> {
    fn clone(&self) -> Self {
        Self {
            record: Arc::clone(&self.record),
            at: self.at,
        }
    }
}

/// The store can't be read, holds what is no record, or has been asked for too many unknown names.
/// The log says which.
#[derive(Clone, Copy, Debug)]
pub struct Unavailable;

enum Plan<V> {
    Use(Option<CachedRecord<V>>),
    /// It had a record.
    ReadAgain,
    /// Nothing is known of it.
    Read,
}

impl<K: Clone + Eq + Hash, V, const MOST: usize> RecordCache<K, V, MOST> {
    /// No records yet; `weigh` tells a record's bytes. Of names seen for the first time, `at_once`
    /// may come to nothing, and one more with each `pause`: without a bound, guessing would use up
    /// the store's rate.
    pub fn new(weigh: fn(&V) -> usize, at_once: u32, pause: Duration) -> Self {
        Self {
            state: Locked::new(State {
                records: Weighed::new(),
                unknown: Recent::new(),
            }),
            misses: Allowance::new(at_once, pause),
            flights: Default::default(),
            hasher: RandomState::new(),
            weigh,
        }
    }

    fn flight_of(&self, key: &K) -> &tokio::sync::Mutex<()> {
        // As good a place as any, among not too many.
        let place = self.hasher.hash_one(key).to_le_bytes()[0];
        let place = usize::from(place).checked_rem(FLIGHTS).unwrap_or_default();
        &self.flights[place]
    }

    /// The record of a name, read no longer than `recheck` ago; `None` where there is none.
    ///
    /// # Errors
    ///
    /// [`Unavailable`].
    pub async fn find(
        &self,
        key: &K,
        name: &RecordName,
        parse: impl Fn(&str) -> Option<V>,
        store: &Source,
        recheck: Duration,
        context: FetchContext<'_>,
    ) -> Result<Option<CachedRecord<V>>, Unavailable> {
        let plan = || {
            let now = context.clock.now();
            self.state.with(|state| state.plan(key, recheck, now))
        };
        if let Plan::Use(found) = plan() {
            return Ok(found);
        }
        // One read of a name at a time: whoever waited here finds what was read.
        let allowed = context.deadline.left(Duration::MAX);
        let flight = tokio::time::timeout(allowed, self.flight_of(key).lock()).await;
        let _flight = flight.map_err(|_| Unavailable)?;
        let _reserved = match plan() {
            Plan::Use(found) => return Ok(found),
            Plan::ReadAgain => None,
            Plan::Read => {
                let reserved = self.misses.reserve(context.clock);
                let reserved = tokio::time::timeout(allowed, reserved).await;
                Some(reserved.ok().flatten().ok_or(Unavailable)?)
            }
        };
        context.counters.record_reads.count_try();
        let found = store
            .read_record(name, context.deadline, context.counters)
            .await
            .map_err(|error| {
                context.counters.record_reads.count_failure();
                if self.state.with(|state| state.records.get(key).is_none()) {
                    self.misses.spend();
                }
                error!(%error, "the store of {} could not be read", name.folder());
                Unavailable
            })?;
        let unreadable = || {
            self.misses.spend();
            error!(
                name = name.last_part(),
                "the record can't be read, in the store of {}",
                name.folder()
            );
            Unavailable
        };
        let record = found
            .map(|text| parse(&text).ok_or_else(unreadable))
            .transpose()?;
        let now = context.clock.now();
        Ok(self.state.with(|state| {
            let Some(record) = record else {
                state.records.remove(key);
                state.unknown.put(key.clone(), now);
                self.misses.spend();
                return None;
            };
            let read = CachedRecord {
                record: Arc::new(record),
                at: now,
            };
            state.unknown.remove(key);
            let weight = (self.weigh)(&read.record).saturating_add(OVERHEAD);
            state.records.put(key.clone(), read.clone(), weight);
            Some(read)
        }))
    }
}

impl<K: Eq + Hash, V, const MOST: usize> State<K, V, MOST> {
    fn plan(&mut self, key: &K, recheck: Duration, now: UnixTime) -> Plan<V> {
        // What was read in the future was read by a clock that has since been set back.
        let is_young = |at: UnixTime, most| now.checked_since(at).is_some_and(|age| age < most);
        if let Some(read) = self.records.get(key) {
            return if is_young(read.at, recheck) {
                Plan::Use(Some(read.clone()))
            } else {
                Plan::ReadAgain
            };
        }
        if self
            .unknown
            .get(key)
            .is_some_and(|at| is_young(*at, UNKNOWN_FOR))
        {
            return Plan::Use(None);
        }
        Plan::Read
    }
}
