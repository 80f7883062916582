//! What is shared between events: a mutex for short critical sections that never await and can't
//! panic, a cache of bounded size, and a value that is fetched anew from time to time.

mod refreshed;

use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use lru::LruCache;

pub(crate) use refreshed::{Age, Due, FetchOutcome, Refreshed};

/// A value behind a mutex, reachable only inside a closure, so that no guard outlives a line.
#[derive(Debug, Default)]
pub(crate) struct Locked<T>(Mutex<T>);

impl<T> Locked<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// At most `MOST` entries; the least recently used one makes room for another. Takes no memory
/// before it holds any, as most of these stay empty.
#[derive(Debug)]
pub(crate) struct Recent<K: Eq + Hash, V, const MOST: usize>(LruCache<K, V>);

impl<K: Eq + Hash, V, const MOST: usize> Default for Recent<K, V, MOST> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Eq + Hash, V, const MOST: usize> Recent<K, V, MOST> {
    pub(crate) fn new() -> Self {
        Self(LruCache::unbounded())
    }

    pub(crate) fn get(&mut self, key: &K) -> Option<&V> {
        self.0.get(key)
    }

    pub(crate) fn put(&mut self, key: K, value: V) {
        self.0.put(key, value);
        if self.0.len() > MOST {
            self.0.pop_lru();
        }
    }

    pub(crate) fn remove(&mut self, key: &K) {
        self.0.pop(key);
    }
}

#[cfg(test)]
mod tests {
    use super::Recent;

    #[test]
    fn the_least_recently_used_makes_room() {
        let mut recent = Recent::<_, _, 2>::new();
        recent.put(1, "a");
        recent.put(2, "b");
        assert_eq!(recent.get(&1), Some(&"a"));
        recent.put(3, "c");
        assert_eq!(
            [1, 2, 3].map(|key| recent.get(&key).is_some()),
            [true, false, true]
        );
        recent.remove(&1);
        assert_eq!(recent.get(&1), None);
    }
}
