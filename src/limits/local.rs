//! The counter of one instance: decides in memory at once, and keeps what it admitted in the store.
//!
//! A log does not leave memory before the store shows its calls to transactions. While memory does not tell of a log (see
//! `memory`), the decision is made inside a transaction, with what the store shows.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{
    Error, Policy, Subject,
    counter::{Admission, Counter, Kept},
    memory::Memory,
    store,
};
use crate::{
    base::RawId,
    storage::{self, Db, Tx},
};

/// Logs in memory, of some 200 bytes each. Many more than transactions can wait, since those on their way stay here.
const ROOM: usize = 50_000;

/// Counts in memory and in the store of this instance.
#[derive(Debug)]
pub(super) struct LocalCounter {
    /// Also taken when the disk is exhausted: people have to sign in to do something about it.
    db: Db,
    memory: Arc<Mutex<Memory>>,
}

impl LocalCounter {
    /// Reads what still counts; blocks.
    pub(super) fn open(db: &Db) -> Result<Self, storage::Error> {
        Self::with_room(db, ROOM)
    }

    pub(super) fn with_room(db: &Db, room: usize) -> Result<Self, storage::Error> {
        let mut memory = Memory::new(room);
        let mut logs = store::last_to_end(&db.snapshot(), room.saturating_add(1))?;
        if logs.len() > room
            && let Some((_, log)) = logs.pop()
        {
            memory.leaves_out(log.ends_at);
        }
        for (key, log) in logs {
            memory.take_in(key, log);
        }
        Ok(Self { db: db.reclaiming(), memory: Arc::new(Mutex::new(memory)) })
    }

    /// Logs in memory.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        lock(&self.memory).len()
    }

    async fn decide(&self, limits: Vec<(Policy, RawId)>) -> Result<Kept, Error> {
        let place = self.db.place().await?;
        let admitted = {
            let mut memory = lock(&self.memory);
            let now_ms = self.db.now().as_ms();
            let is_told = limits.iter().all(|(_, key)| memory.tells(*key, now_ms));
            if is_told { Some(memory.admit(&limits, now_ms)?) } else { None }
        };
        let memory = Arc::clone(&self.memory);
        if let Some(keys) = admitted {
            let unwritten = Unwritten { memory, keys };
            return Ok(Box::pin(async move { place.write(move |tx| unwritten.write(tx)).await }));
        }
        place.write(move |tx| decide_inside(tx, memory, &limits)).await?;
        Ok(Box::pin(std::future::ready(Ok(()))))
    }
}

impl Counter for LocalCounter {
    fn admit(&self, limits: Vec<(Policy, Subject)>) -> Admission<'_> {
        Box::pin(self.decide(limits.into_iter().map(|(policy, subject)| (policy, key_of(policy, subject))).collect()))
    }
}

/// Logs that a call was added to in memory, which they do not leave until this has ended.
struct Unwritten {
    memory: Arc<Mutex<Memory>>,
    keys: Vec<RawId>,
}

impl Unwritten {
    /// Writes the logs down as they are now, with later calls: so the order of such writes does not matter.
    fn write(&self, tx: &mut Tx<'_>) -> Result<(), storage::Error> {
        let logs = lock(&self.memory).logs_of(&self.keys);
        logs.iter().try_for_each(|(key, log)| store::put_log(tx, *key, log))
    }
}

impl Drop for Unwritten {
    fn drop(&mut self) {
        lock(&self.memory).let_go(&self.keys);
    }
}

/// Decides with what the store shows of logs that are not in memory. It is read without the lock, which every other call
/// needs, and for every key: a log that is in memory afterwards counts as it is there, and one that left it meanwhile was
/// written before, by this writer.
fn decide_inside(tx: &mut Tx<'_>, memory: Arc<Mutex<Memory>>, limits: &[(Policy, RawId)]) -> Result<(), Error> {
    let now_ms = tx.now().as_ms();
    let read = limits.iter().map(|(_, key)| Ok((*key, store::find_log(tx, *key)?)));
    let read = read.collect::<Result<Vec<_>, storage::Error>>()?;
    let keys = {
        let mut held = lock(&memory);
        for (key, log) in read {
            held.take_in_absent(key, log);
        }
        held.admit(limits, now_ms)?
    };
    Ok(Unwritten { memory, keys }.write(tx)?)
}

fn key_of(policy: Policy, subject: Subject) -> RawId {
    let key = u128::from_be_bytes(Subject::of(&[policy.name.as_bytes(), &subject.0]).0);
    RawId { hi: (key >> 64) as u64, lo: key as u64 }
}

fn lock(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}
