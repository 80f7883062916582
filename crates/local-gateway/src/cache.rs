//! Outputs that are used again: for what has the same values of an authorizer's identity sources.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use atlassian_authorizer::clock::UnixTime;

use crate::authorizer::AuthorizerOutput;

/// How many outputs are kept before those that have expired are thrown away.
const MANY: usize = 10_000;

/// The values of the identity sources, behind the authorizer's name.
pub(crate) type Key = Vec<String>;

/// The cache of an API's authorizers.
#[derive(Default)]
pub(crate) struct Cache(Mutex<HashMap<Key, Kept>>);

struct Kept {
    until: UnixTime,
    output: Arc<AuthorizerOutput>,
}

impl Cache {
    pub(crate) fn get(&self, key: &Key, now: UnixTime) -> Option<Arc<AuthorizerOutput>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.get(key).filter(|kept| now < kept.until)?;
        Some(Arc::clone(&found.output))
    }

    pub(crate) fn put(&self, key: Key, output: Arc<AuthorizerOutput>, now: UnixTime, seconds: u32) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MANY {
            kept.retain(|_, kept| now < kept.until);
        }
        if kept.len() >= MANY {
            kept.clear();
        }
        let until = now.saturating_add(Duration::from_secs(seconds.into()));
        kept.insert(key, Kept { until, output });
    }
}
