//! What was read before, for at most so long; what changes is forgotten with its commit.

use std::{
    fmt,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Values by key. One that was read before a change is not taken in after it.
pub(super) struct ReadCache<K, V> {
    entries: moka::sync::Cache<K, V>,
    /// How often something was forgotten.
    generation: Mutex<u64>,
}

/// The moment of a reading; made before the snapshot is taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment(u64);

impl<K, V> ReadCache<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// A cache of so many entries, each for so long.
    pub(super) fn new(entries_max: u64, life: Duration) -> Self {
        let entries = moka::sync::Cache::builder().max_capacity(entries_max).time_to_live(life).build();
        Self { entries, generation: Mutex::default() }
    }

    pub(super) fn find(&self, key: &K) -> Option<V> {
        self.entries.get(key)
    }

    /// To be called before reading what will be remembered.
    pub(super) fn moment(&self) -> Moment {
        Moment(*self.generation.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Remembers what was read, unless something was forgotten since.
    pub(super) fn remember(&self, key: K, value: V, moment: Moment) {
        let generation = self.generation.lock().unwrap_or_else(PoisonError::into_inner);
        if *generation == moment.0 {
            self.entries.insert(key, value);
        }
    }

    pub(super) fn forget(&self, key: &K) {
        let mut generation = self.generation.lock().unwrap_or_else(PoisonError::into_inner);
        *generation = generation.wrapping_add(1);
        self.entries.invalidate(key);
    }
}

impl<K, V> fmt::Debug for ReadCache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadCache").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::ReadCache;

    #[test]
    fn what_was_read_before_a_change_is_not_remembered_after_it() {
        let cache = ReadCache::new(10, Duration::from_mins(1));
        let early = cache.moment();
        cache.forget(&1);
        cache.remember(1, "old", early);
        assert_eq!(cache.find(&1), None);
        cache.remember(1, "new", cache.moment());
        assert_eq!(cache.find(&1), Some("new"));
        cache.forget(&1);
        assert_eq!(cache.find(&1), None);
    }

    #[test]
    fn an_entry_ends_with_its_life() {
        let cache = ReadCache::new(10, Duration::ZERO);
        cache.remember(1, "gone", cache.moment());
        assert_eq!(cache.find(&1), None);
    }
}
