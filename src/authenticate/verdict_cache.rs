//! What was found out about tokens seen before.

use std::sync::Arc;

use super::Verdict;
use crate::clock::UnixTime;
use crate::credential::TokenDigest;
use crate::error::Denial;
use crate::identity::Sender;
use crate::provider::ProviderIndex;
use crate::sync::{Locked, Weighed};

/// The most bytes that all verdicts may hold together, roughly.
const MAX_WEIGHT: usize = 4 * 1024 * 1024;

/// What an entry takes beside its identity.
const OVERHEAD: usize = 256;

/// What was found out about a token.
#[derive(Clone)]
pub(super) enum CachedVerdict {
    /// Whose it is.
    Verified(Verdict),
    /// A provider refused it, and need not be asked again before this time.
    Refused {
        denial: Denial,
        /// The provider.
        provider: Option<ProviderIndex>,
        /// Who sent it, as far as that is known.
        sender: Option<Arc<Sender>>,
        until: UnixTime,
    },
}

impl CachedVerdict {
    fn valid_until(&self) -> UnixTime {
        match self {
            Self::Verified(verdict) => verdict.identity.valid_until,
            Self::Refused { until, .. } => *until,
        }
    }
}

/// Verdicts by token, for one generation of settings.
pub(super) struct VerdictCache(Locked<State>);

struct State {
    generation: u64,
    entries: Weighed<TokenDigest, Kept, MAX_WEIGHT>,
}

struct Kept {
    verdict: CachedVerdict,
    /// By a clock that may since have been set back: then nothing that was kept counts.
    at: UnixTime,
}

impl VerdictCache {
    pub(super) fn new() -> Self {
        Self(Locked::new(State {
            generation: 0,
            entries: Weighed::new(),
        }))
    }

    /// What was found out about a token, under these settings, and has not lapsed.
    pub(super) fn find(
        &self,
        token: &TokenDigest,
        generation: u64,
        now: UnixTime,
    ) -> Option<CachedVerdict> {
        self.0.with(|state| {
            if state.generation != generation {
                return None;
            }
            let kept = state.entries.get(token)?;
            if kept.at <= now && kept.verdict.valid_until() > now {
                return Some(kept.verdict.clone());
            }
            state.entries.remove(token);
            None
        })
    }

    pub(super) fn remove(&self, token: &TokenDigest) {
        self.0.with(|state| state.entries.remove(token));
    }

    /// Keeps a verdict, in place of the least recently used ones where there is no room.
    pub(super) fn keep(
        &self,
        token: TokenDigest,
        generation: u64,
        verdict: CachedVerdict,
        at: UnixTime,
    ) {
        self.0.with(|state| {
            if generation < state.generation {
                return;
            }
            if generation > state.generation {
                state.generation = generation;
                state.entries = Weighed::new();
            }
            let weight = weight(&verdict);
            state.entries.put(token, Kept { verdict, at }, weight);
        });
    }
}

fn weight(verdict: &CachedVerdict) -> usize {
    let identity = match verdict {
        CachedVerdict::Verified(verdict) => {
            let key_id = verdict.key.as_ref().and_then(|key| key.hint.id.as_ref());
            // The provider's, and of any length.
            let key_id = key_id.map_or(0, |id| id.as_str().len());
            verdict.identity.weight().saturating_add(key_id)
        }
        CachedVerdict::Refused { sender, .. } => sender.as_ref().map_or(0, |one| one.weight()),
    };
    identity.saturating_add(OVERHEAD)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::{CachedVerdict, MAX_WEIGHT, VerdictCache, weight};
    use crate::authenticate::{Verdict, VerifyingKey};
    use crate::clock::UnixTime;
    use crate::credential::TokenDigest;
    use crate::identity::Identity;
    use crate::keys::cache::{KeyCache, KeySource, KeyTerms};
    use crate::keys::{KeyHint, KeySet, Thumbprint};

    const UNTIL: UnixTime = UnixTime::from_secs(1_000);

    fn verdict(keys: &Arc<KeyCache>, groups: usize) -> CachedVerdict {
        let groups = vec!["a group with a rather long name".to_owned(); groups];
        CachedVerdict::Verified(Verdict {
            identity: Arc::new(Identity::for_test("alice", groups, UNTIL)),
            key: Some(VerifyingKey {
                keys: Arc::clone(keys),
                hint: KeyHint::default(),
                thumbprint: Thumbprint::ZERO,
            }),
            provider: None,
            answer_until: None,
        })
    }

    fn terms() -> KeyTerms {
        KeyTerms {
            request_timeout: Duration::from_secs(2),
            max_stale: Duration::from_hours(4),
        }
    }

    fn digest(number: u32) -> TokenDigest {
        TokenDigest::for_test(number)
    }

    #[test]
    fn memory_is_bounded_and_the_newest_stay() {
        let keys = Arc::new(KeyCache::new(
            KeySource::Inline(Arc::new(KeySet::default())),
            None,
            terms(),
        ));
        let verdicts = VerdictCache::new();
        for number in 0..20_000 {
            verdicts.keep(digest(number), 0, verdict(&keys, 20), UnixTime::ZERO);
            // The same token again takes no more room.
            verdicts.keep(digest(number), 0, verdict(&keys, 20), UnixTime::ZERO);
        }
        let weight = weight(&verdict(&keys, 20));
        let held = (0..20_000)
            .filter(|number| {
                let found = verdicts.find(&digest(*number), 0, UnixTime::ZERO);
                found.is_some()
            })
            .count();
        assert_eq!(held, MAX_WEIGHT / weight);
        assert!(verdicts.find(&digest(19_999), 0, UnixTime::ZERO).is_some());
        assert!(verdicts.find(&digest(0), 0, UnixTime::ZERO).is_none());
    }

    #[test]
    fn gone_with_time_and_settings() {
        let keys = Arc::new(KeyCache::new(
            KeySource::Inline(Arc::new(KeySet::default())),
            None,
            terms(),
        ));
        let verdicts = VerdictCache::new();
        let keep =
            |generation| verdicts.keep(digest(1), generation, verdict(&keys, 0), UnixTime::ZERO);
        let find = |generation, now| verdicts.find(&digest(1), generation, now).is_some();
        keep(1);
        assert!(find(1, UnixTime::ZERO));
        assert!(!find(2, UnixTime::ZERO));
        // An answer under older settings, still under way when the newer came.
        keep(2);
        keep(1);
        assert!(find(2, UnixTime::ZERO));
        assert!(!find(1, UnixTime::ZERO));
        assert!(!find(2, UNTIL));
        assert!(!find(2, UnixTime::ZERO), "a lapsed verdict is removed");
    }
}
