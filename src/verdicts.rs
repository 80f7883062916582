//! Verdicts of tokens seen before.

use aws_lc_rs::digest;
use lru::LruCache;

use crate::authenticate::Verdict;
use crate::clock::SinceEpoch;
use crate::credential::Token;
use crate::sync::Locked;

/// The most bytes that all verdicts may hold together, roughly.
const MAX_WEIGHT: usize = 4 * 1024 * 1024;

/// What an entry takes beside its identity.
const OVERHEAD: usize = 256;

/// A token's SHA-256: what a verdict is found by, so that no token is kept.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct TokenDigest([u8; 32]);

impl TokenDigest {
    pub(crate) fn of(token: Token<'_>) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, token.reveal().as_bytes()).as_ref());
        Self(bytes)
    }
}

/// Verdicts by token, for one generation of settings.
pub(crate) struct Verdicts(Locked<State>);

struct State {
    generation: u64,
    entries: LruCache<TokenDigest, Verdict>,
    weight: usize,
}

impl Verdicts {
    pub(crate) fn new() -> Self {
        Self(Locked::new(State {
            generation: 0,
            entries: LruCache::unbounded(),
            weight: 0,
        }))
    }

    /// The verdict of a token, made under these settings and not lapsed.
    pub(crate) fn find(
        &self,
        token: &TokenDigest,
        generation: u64,
        now: SinceEpoch,
    ) -> Option<Verdict> {
        self.0.with(|state| {
            if state.generation != generation {
                return None;
            }
            let verdict = state.entries.get(token)?;
            if verdict.identity.valid_until > now {
                return Some(verdict.clone());
            }
            state.remove(token);
            None
        })
    }

    pub(crate) fn remove(&self, token: &TokenDigest) {
        self.0.with(|state| state.remove(token));
    }

    /// Keeps a verdict, in place of the least recently used ones where there is no room.
    pub(crate) fn keep(&self, token: TokenDigest, generation: u64, verdict: Verdict) {
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
            state.weight = state.weight.saturating_add(weight(&verdict));
            state.entries.put(token, verdict);
            while state.weight > MAX_WEIGHT
                && let Some((_, oldest)) = state.entries.pop_lru()
            {
                state.weight = state.weight.saturating_sub(weight(&oldest));
            }
        });
    }
}

impl State {
    fn remove(&mut self, token: &TokenDigest) {
        if let Some(verdict) = self.entries.pop(token) {
            self.weight = self.weight.saturating_sub(weight(&verdict));
        }
    }
}

fn weight(verdict: &Verdict) -> usize {
    verdict.identity.weight().saturating_add(OVERHEAD)
}
