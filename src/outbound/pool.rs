//! Idle connections, kept per scheme, host and port, and bounded per host and in all.
//!
//! A connection was vetted when it was opened; the idle time and the age after which it is
//! closed bound how long an old answer of the name servers stays in use.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasherDefault, Hash, Hasher},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::{target::Authority, wire::Wire};

/// How much is kept, and for how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct PoolLimits {
    pub(super) idle_per_host: usize,
    pub(super) idle_total: usize,
    pub(super) idle_time: Duration,
    pub(super) age: Duration,
}

/// The idle connections of one client.
pub(super) struct Pool {
    shards: [Mutex<Shard>; SHARDS],
    idle: AtomicUsize,
    is_closed: AtomicBool,
    limits: PoolLimits,
}

const SHARDS: usize = 16;

/// A recently used connection needs no check: its next use finds out.
const CHECK_AFTER: Duration = Duration::from_secs(2);

type Shard = HashMap<Authority, VecDeque<Idle>, BuildHasherDefault<Prehashed>>;

struct Idle {
    wire: Wire,
    since: Instant,
}

impl Pool {
    pub(super) fn new(limits: PoolLimits) -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::new(Shard::default())),
            idle: AtomicUsize::new(0),
            is_closed: AtomicBool::new(false),
            limits,
        }
    }

    /// Takes the most recently used idle connection.
    pub(super) fn take(&self, authority: &Authority, now: Instant) -> Option<Wire> {
        loop {
            let idle = self.shard(authority).get_mut(authority).and_then(VecDeque::pop_back)?;
            self.idle.fetch_sub(1, Relaxed);
            if self.is_fresh(&idle, now) {
                return Some(idle.wire);
            }
        }
    }

    /// Keeps a connection for the next exchange, or closes it where a bound is reached.
    pub(super) fn put(&self, authority: &Authority, wire: Wire, since: Instant) {
        if self.is_closed.load(Relaxed) || since.duration_since(wire.opened()) > self.limits.age {
            return;
        }
        if self.idle.fetch_add(1, Relaxed) >= self.limits.idle_total {
            self.idle.fetch_sub(1, Relaxed);
            return;
        }
        let idle = Idle { wire, since };
        let mut shard = self.shard(authority);
        let list = match shard.get_mut(authority) {
            Some(list) => list,
            None => shard.entry(authority.clone()).or_default(),
        };
        list.push_back(idle);
        let evicted = if list.len() > self.limits.idle_per_host { list.pop_front() } else { None };
        drop(shard);
        if evicted.is_some() {
            self.idle.fetch_sub(1, Relaxed);
        }
    }

    /// Closes what is too old or was closed by its peer, and forgets hosts without connections.
    pub(super) fn sweep(&self) {
        let now = Instant::now();
        for shard in &self.shards {
            let mut closed = Vec::new();
            lock(shard).retain(|_, list| {
                for _ in 0..list.len() {
                    let Some(mut idle) = list.pop_front() else { break };
                    let is_due = now.duration_since(idle.since) > CHECK_AFTER;
                    if self.is_fresh(&idle, now) && (!is_due || idle.wire.is_alive()) {
                        list.push_back(idle);
                    } else {
                        closed.push(idle);
                    }
                }
                !list.is_empty()
            });
            self.idle.fetch_sub(closed.len(), Relaxed);
        }
    }

    /// Closes all and keeps none from now on.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Relaxed);
        for shard in &self.shards {
            let taken = std::mem::take(&mut *lock(shard));
            self.idle.fetch_sub(taken.values().map(VecDeque::len).sum(), Relaxed);
        }
    }

    /// How many connections are idle.
    pub(super) fn idle(&self) -> usize {
        self.idle.load(Relaxed)
    }

    fn is_fresh(&self, idle: &Idle, now: Instant) -> bool {
        now.duration_since(idle.since) <= self.limits.idle_time
            && now.duration_since(idle.wire.opened()) <= self.limits.age
    }

    fn shard(&self, authority: &Authority) -> MutexGuard<'_, Shard> {
        let [first, ..] = &self.shards;
        lock(self.shards.get(authority.hash as usize % SHARDS).unwrap_or(first))
    }
}

/// A panic while the lock was held leaves only lists of connections behind, each of them whole.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hash for Authority {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// Passes on the hash that an authority carries.
#[derive(Default)]
struct Prehashed(u64);

impl Hasher for Prehashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
