//! What is shared between events: a mutex for short critical sections that never await and can't
//! panic, caches of bounded number or weight, and a value that is fetched anew from time to time.

mod allowance;
mod refreshed;

use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use lru::LruCache;

pub(crate) use allowance::Allowance;
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

/// Entries that weigh at most `MOST` bytes together; the least recently used ones make room for
/// another. What an entry weighs is its owner's estimate.
#[derive(Debug)]
pub(crate) struct Weighed<K: Eq + Hash, V, const MOST: usize> {
    entries: LruCache<K, (V, usize)>,
    weight: usize,
}

impl<K: Eq + Hash, V, const MOST: usize> Weighed<K, V, MOST> {
    pub(crate) fn new() -> Self {
        Self {
            entries: LruCache::unbounded(),
            weight: 0,
        }
    }

    pub(crate) fn get(&mut self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|(value, _)| value)
    }

    pub(crate) fn put(&mut self, key: K, value: V, weight: usize) {
        if let Some((_, replaced)) = self.entries.put(key, (value, weight)) {
            self.weight = self.weight.saturating_sub(replaced);
        }
        self.weight = self.weight.saturating_add(weight);
        while self.weight > MOST
            && let Some((_, (_, oldest))) = self.entries.pop_lru()
        {
            self.weight = self.weight.saturating_sub(oldest);
        }
    }

    pub(crate) fn remove(&mut self, key: &K) {
        if let Some((_, removed)) = self.entries.pop(key) {
            self.weight = self.weight.saturating_sub(removed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Recent, Weighed};

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
    #[test]
    fn as_many_stay_as_weigh_no_more_than_the_most() {
        let mut weighed = Weighed::<_, _, 100>::new();
        for number in 0..1_000 {
            weighed.put(number, "light", 1);
        }
        let held = |weighed: &mut Weighed<i32, &str, 100>| {
            let held = (0..2_000).filter(|number| weighed.get(number).is_some());
            held.collect::<Vec<_>>()
        };
        assert_eq!(held(&mut weighed), (900..1_000).collect::<Vec<_>>());
        for number in 1_000..1_010 {
            weighed.put(number, "heavy", 40);
        }
        assert_eq!(held(&mut weighed), [1_008, 1_009]);
    }

    #[test]
    fn what_is_replaced_or_removed_weighs_nothing() {
        let mut weighed = Weighed::<_, _, 100>::new();
        for weight in [90, 10, 60] {
            weighed.put(1, "a", weight);
        }
        weighed.put(2, "b", 40);
        assert_eq!([1, 2].map(|key| weighed.get(&key).is_some()), [true; 2]);
        weighed.remove(&1);
        weighed.remove(&1);
        weighed.put(3, "c", 60);
        assert_eq!([2, 3].map(|key| weighed.get(&key).is_some()), [true; 2]);
        weighed.put(4, "heavier than all may be", 101);
        assert_eq!([2, 3, 4].map(|key| weighed.get(&key).is_some()), [false; 3]);
        weighed.put(5, "d", 100);
        assert!(weighed.get(&5).is_some());
    }
}
