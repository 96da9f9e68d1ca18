//! The logs that still count, as far as there is room for them. Pure.
//!
//! A log that is taken out for want of room stays in the store. From then on, until it has ended there too, a log that
//! is missing here may be one of those, and has to be looked for in the store.

use std::collections::{BTreeSet, HashMap};

use super::{Policy, Refusal, sliding};
use crate::base::RawId;

/// Ended logs that are removed with each call: more than a call can add, so that they do not pile up.
const ENDED_AT_ONCE: usize = 8;

/// The last calls of a subject under a policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Log {
    /// Their times in milliseconds, the oldest first.
    pub(super) calls: Vec<i64>,
    /// When the last of them no longer counts.
    pub(super) ends_at: i64,
}

#[derive(Debug, Default)]
struct Known {
    log: Log,
    /// How many of its calls hold it here, until the store shows them to transactions.
    holders: usize,
}

/// The logs of an instance.
#[derive(Debug)]
pub(super) struct Memory {
    room: usize,
    logs: HashMap<RawId, Known>,
    /// In the order in which they end.
    ends: BTreeSet<(i64, RawId)>,
    /// What was taken out for want of room has ended by then.
    forgotten_until: i64,
}

impl Memory {
    /// Nothing yet, with room for so many logs.
    pub(super) fn new(room: usize) -> Self {
        Self { room, logs: HashMap::new(), ends: BTreeSet::new(), forgotten_until: i64::MIN }
    }

    /// Whether the log of this key is here, or nowhere.
    pub(super) fn tells(&self, key: RawId, now_ms: i64) -> bool {
        self.forgotten_until <= now_ms || self.logs.contains_key(&key)
    }

    /// Whether the log of this key is here.
    pub(super) fn holds(&self, key: RawId) -> bool {
        self.logs.contains_key(&key)
    }

    /// How many logs are here.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.logs.len()
    }

    /// Takes in what the store holds of a key; room is made with the next call.
    pub(super) fn take_in(&mut self, key: RawId, log: Log) {
        self.put(key, log, 0);
    }

    /// The same, unless a log of the key came here since the store was read: that one has later calls.
    pub(super) fn take_in_absent(&mut self, key: RawId, log: Option<Log>) {
        if let Some(log) = log
            && !self.holds(key)
        {
            self.take_in(key, log);
        }
    }

    /// Notes that the store holds more logs than there is room for, none of which ends later than this.
    pub(super) fn leaves_out(&mut self, ends_at: i64) {
        self.forgotten_until = self.forgotten_until.max(ends_at);
    }

    /// Admits a call that all these limits admit, and counts it for each. Each key has to be told of here. Their logs stay
    /// here until [`Memory::let_go`] is told of the keys that are answered.
    pub(super) fn admit(&mut self, limits: &[(Policy, RawId)], now_ms: i64) -> Result<Vec<RawId>, Refusal> {
        self.remove_ended(now_ms);
        let logs = limits.iter().map(|(policy, key)| Ok((*key, self.counted(*policy, *key, now_ms)?)));
        let logs = logs.collect::<Result<Vec<_>, Refusal>>();
        let keys = logs.map(|logs| logs.into_iter().map(|(key, log)| self.put(key, log, 1)).collect());
        self.make_room();
        keys
    }

    /// The logs of these keys, as far as they are here.
    pub(super) fn logs_of(&self, keys: &[RawId]) -> Vec<(RawId, Log)> {
        keys.iter().filter_map(|key| Some((*key, self.logs.get(key)?.log.clone()))).collect()
    }

    /// Lets logs leave that were held by a call.
    pub(super) fn let_go(&mut self, keys: &[RawId]) {
        for key in keys {
            if let Some(known) = self.logs.get_mut(key) {
                known.holders = known.holders.saturating_sub(1);
            }
        }
    }

    /// The log of a key with one more call.
    fn counted(&self, policy: Policy, key: RawId, now_ms: i64) -> Result<Log, Refusal> {
        let mut calls = self.logs.get(&key).map(|known| known.log.calls.clone()).unwrap_or_default();
        sliding::admit(&mut calls, now_ms, policy.quota, policy.window_ms).map_err(|wait_ms| {
            let retry_after_s = u32::try_from(wait_ms.div_ceil(1_000)).unwrap_or(u32::MAX);
            let (quota, window_s) = (policy.quota as u64, policy.window_ms / 1_000);
            Refusal { policy: policy.name, quota, window_s, retry_after_s }
        })?;
        let last = calls.last().copied().unwrap_or(now_ms);
        let ends_at = last.saturating_add(i64::try_from(policy.window_ms).unwrap_or(i64::MAX));
        Ok(Log { calls, ends_at })
    }

    fn put(&mut self, key: RawId, log: Log, holders: usize) -> RawId {
        let known = self.logs.entry(key).or_default();
        self.ends.remove(&(known.log.ends_at, key));
        self.ends.insert((log.ends_at, key));
        known.log = log;
        known.holders += holders;
        key
    }

    fn remove_ended(&mut self, now_ms: i64) {
        for _ in 0..ENDED_AT_ONCE {
            let Some(&(ends_at, key)) = self.ends.first() else { return };
            if ends_at > now_ms || !self.remove((ends_at, key)) {
                return;
            }
        }
    }

    /// Takes out what ends first, but nothing that is held.
    fn make_room(&mut self) {
        while self.logs.len() > self.room {
            let is_free = |(_, key): &&(i64, RawId)| self.logs.get(key).is_some_and(|known| known.holders == 0);
            let Some(&first) = self.ends.iter().find(is_free) else { return };
            self.remove(first);
            self.leaves_out(first.0);
        }
    }

    /// Removes a log unless it is held; answers whether it is gone.
    fn remove(&mut self, (ends_at, key): (i64, RawId)) -> bool {
        if self.logs.get(&key).is_some_and(|known| known.holders > 0) {
            return false;
        }
        self.logs.remove(&key);
        self.ends.remove(&(ends_at, key))
    }
}
