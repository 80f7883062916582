//! Verdicts of tokens seen before.

use aws_lc_rs::digest;
use lru::LruCache;

use crate::authenticate::Verdict;
use crate::clock::SinceEpoch;
use crate::credential::Token;
use crate::error::Denial;
use crate::sync::Locked;

/// The most bytes that all verdicts may hold together, roughly.
const MAX_WEIGHT: usize = 4 * 1024 * 1024;

/// What an entry takes beside its identity.
const OVERHEAD: usize = 256;

/// A token's SHA-256: what a verdict is found by, so that no token is kept.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct TokenDigest([u8; 32]);

impl TokenDigest {
    pub(crate) fn of(token: &Token<'_>) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, token.reveal().as_bytes()).as_ref());
        Self(bytes)
    }
}

/// What was found out about a token.
#[derive(Clone)]
pub(crate) enum Finding {
    /// Whose it is.
    Verified(Verdict),
    /// A provider refused it, and need not be asked again before this time.
    Refused {
        denial: Denial,
        /// The place of the provider in the settings.
        provider: Option<usize>,
        until: SinceEpoch,
    },
}

impl Finding {
    fn valid_until(&self) -> SinceEpoch {
        match self {
            Self::Verified(verdict) => verdict.identity.valid_until,
            Self::Refused { until, .. } => *until,
        }
    }
}

/// Findings by token, for one generation of settings.
pub(crate) struct Verdicts(Locked<State>);

struct State {
    generation: u64,
    entries: LruCache<TokenDigest, Kept>,
    weight: usize,
}

struct Kept {
    finding: Finding,
    /// By a clock that may since have been set back: then nothing that was kept counts.
    at: SinceEpoch,
}

impl Verdicts {
    pub(crate) fn new() -> Self {
        Self(Locked::new(State {
            generation: 0,
            entries: LruCache::unbounded(),
            weight: 0,
        }))
    }

    /// What was found out about a token, under these settings, and has not lapsed.
    pub(crate) fn find(
        &self,
        token: &TokenDigest,
        generation: u64,
        now: SinceEpoch,
    ) -> Option<Finding> {
        self.0.with(|state| {
            if state.generation != generation {
                return None;
            }
            let kept = state.entries.get(token)?;
            if kept.at <= now && kept.finding.valid_until() > now {
                return Some(kept.finding.clone());
            }
            state.remove(token);
            None
        })
    }

    pub(crate) fn remove(&self, token: &TokenDigest) {
        self.0.with(|state| state.remove(token));
    }

    /// Keeps a finding, in place of the least recently used ones where there is no room.
    pub(crate) fn keep(
        &self,
        token: TokenDigest,
        generation: u64,
        finding: Finding,
        at: SinceEpoch,
    ) {
        self.0.with(|state| {
            if generation < state.generation {
                return;
            }
            if generation > state.generation {
                state.generation = generation;
                state.entries.clear();
                state.weight = 0;
            }
            state.remove(&token);
            state.weight = state.weight.saturating_add(weight(&finding));
            state.entries.put(token, Kept { finding, at });
            while state.weight > MAX_WEIGHT
                && let Some((_, oldest)) = state.entries.pop_lru()
            {
                state.weight = state.weight.saturating_sub(weight(&oldest.finding));
            }
        });
    }
}

impl State {
    fn remove(&mut self, token: &TokenDigest) {
        if let Some(kept) = self.entries.pop(token) {
            self.weight = self.weight.saturating_sub(weight(&kept.finding));
        }
    }
}

fn weight(finding: &Finding) -> usize {
    let identity = match finding {
        Finding::Verified(verdict) => verdict.identity.weight(),
        Finding::Refused { .. } => 0,
    };
    identity.saturating_add(OVERHEAD)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use serde_json::json;

    use super::{Finding, MAX_WEIGHT, TokenDigest, Verdicts, weight};
    use crate::authenticate::claims::VerifiedClaims;
    use crate::authenticate::{ByKey, Verdict};
    use crate::identity::{Identity, Subject};
    use crate::keys::cache::{KeyCache, KeySource};
    use crate::keys::{KeySet, Thumbprint};
    use crate::settings::ProviderId;
    use crate::username::Username;

    const UNTIL: Duration = Duration::from_secs(1_000);

    fn finding(keys: &Arc<KeyCache>, groups: usize) -> Finding {
        let claims = VerifiedClaims::for_test(json!({"sub": "1"}));
        let identity = Identity::from_verified(
            &claims,
            Subject {
                provider: ProviderId::for_test("idp"),
                principal: "1".to_owned(),
                username: Username::new("alice".to_owned()).unwrap(),
                client_id: None,
                groups_incomplete: false,
                groups: vec!["a group with a rather long name".to_owned(); groups],
                valid_until: UNTIL,
            },
        );
        Finding::Verified(Verdict {
            identity: Arc::new(identity),
            key: Some(ByKey {
                keys: Arc::clone(keys),
                key_id: None,
                thumbprint: Thumbprint::ZERO,
            }),
            provider: Some(0),
            word_until: None,
        })
    }

    fn digest(number: u32) -> TokenDigest {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        TokenDigest(bytes)
    }

    #[test]
    fn memory_is_bounded_and_the_newest_stay() {
        let keys = Arc::new(KeyCache::new(
            KeySource::Inline(Arc::new(KeySet::default())),
            None,
        ));
        let verdicts = Verdicts::new();
        for number in 0..20_000 {
            verdicts.keep(digest(number), 0, finding(&keys, 20), Duration::ZERO);
            // The same token again takes no more room.
            verdicts.keep(digest(number), 0, finding(&keys, 20), Duration::ZERO);
        }
        let (held, sum) = verdicts.0.with(|state| {
            let sum: usize = state
                .entries
                .iter()
                .map(|(_, kept)| weight(&kept.finding))
                .sum();
            (state.weight, sum)
        });
        assert_eq!(held, sum);
        assert!(held <= MAX_WEIGHT);
        assert!(verdicts.find(&digest(19_999), 0, Duration::ZERO).is_some());
        assert!(verdicts.find(&digest(0), 0, Duration::ZERO).is_none());
    }

    #[test]
    fn gone_with_time_and_settings() {
        let keys = Arc::new(KeyCache::new(
            KeySource::Inline(Arc::new(KeySet::default())),
            None,
        ));
        let verdicts = Verdicts::new();
        let keep =
            |generation| verdicts.keep(digest(1), generation, finding(&keys, 0), Duration::ZERO);
        let find = |generation, now| verdicts.find(&digest(1), generation, now).is_some();
        keep(1);
        assert!(find(1, Duration::ZERO));
        assert!(!find(2, Duration::ZERO));
        // An answer under older settings, still under way when the newer came.
        keep(2);
        keep(1);
        assert!(find(2, Duration::ZERO));
        assert!(!find(1, Duration::ZERO));
        assert!(!find(2, UNTIL));
        assert!(!find(2, Duration::ZERO), "a lapsed verdict is removed");
    }
}
