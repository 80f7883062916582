//! Answers that are used again: for all routes behind an authorizer, by its identity sources.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use atlassian_authorizer::clock::SinceEpoch;

use super::ask::Answer;

/// How many answers are kept before those that have expired are thrown away.
const MANY: usize = 10_000;

/// The values of the identity sources, behind the authorizer's name.
pub(crate) type Key = Vec<String>;

/// The cache of an API's authorizers.
#[derive(Default)]
pub(crate) struct Cache(Mutex<HashMap<Key, Kept>>);

struct Kept {
    until: SinceEpoch,
    answer: Arc<Answer>,
}

impl Cache {
    pub(crate) fn get(&self, key: &Key, now: SinceEpoch) -> Option<Arc<Answer>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.get(key).filter(|kept| now < kept.until)?;
        Some(Arc::clone(&found.answer))
    }

    pub(crate) fn put(&self, key: Key, answer: Arc<Answer>, now: SinceEpoch, seconds: u32) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MANY {
            kept.retain(|_, kept| now < kept.until);
        }
        if kept.len() >= MANY {
            kept.clear();
        }
        let until = now.saturating_add(Duration::from_secs(seconds.into()));
        kept.insert(key, Kept { until, answer });
    }
}
