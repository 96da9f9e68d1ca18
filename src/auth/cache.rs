//! Keys that were looked up before, so that checking one costs a hash and no read.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
};

use super::{
    model::{Scopes, SecretHash},
    store::ApiKeyRow,
};
use crate::base::{ApiKeyId, CompanyId, Timestamp};

/// Keys remembered at most; at the limit all are forgotten, which costs each in use one read.
const KEYS_MAX: usize = 10_000;

/// A key that is in force, unless its time is over.
#[derive(Debug)]
pub(super) struct KnownKey {
    pub(super) id: ApiKeyId,
    pub(super) company: CompanyId,
    pub(super) secret_hash: SecretHash,
    pub(super) scopes: Scopes,
    pub(super) ends_at: Option<Timestamp>,
    last_used_ms: AtomicI64,
    is_used: AtomicBool,
}

impl From<ApiKeyRow> for KnownKey {
    fn from(row: ApiKeyRow) -> Self {
        Self {
            id: row.id,
            company: row.company,
            secret_hash: row.secret_hash,
            scopes: row.scopes.iter().filter_map(|scope| scope.parse().ok()).collect(),
            ends_at: row.expires_at,
            last_used_ms: AtomicI64::new(0),
            is_used: AtomicBool::new(false),
        }
    }
}

impl KnownKey {
    pub(super) fn mark_used(&self, now: Timestamp) {
        self.last_used_ms.store(now.as_ms(), Ordering::Relaxed);
        self.is_used.store(true, Ordering::Relaxed);
    }
}

/// The remembered keys.
///
/// A revocation counts the generation up. A key read from the store before that is not taken in after it, so a slow
/// reader cannot bring a revoked key back.
#[derive(Debug, Default)]
pub(super) struct Cache {
    keys: RwLock<HashMap<u64, Arc<KnownKey>>>,
    generation: AtomicU64,
}

impl Cache {
    pub(super) fn find(&self, id: ApiKeyId) -> Option<Arc<KnownKey>> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.get(&id.hi()).filter(|known| known.id == id).cloned()
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    pub(super) fn remember(&self, key: KnownKey, generation: u64) -> Arc<KnownKey> {
        let key = Arc::new(key);
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if self.generation() == generation {
            if keys.len() >= KEYS_MAX {
                keys.clear();
            }
            keys.insert(key.id.hi(), Arc::clone(&key));
        }
        key
    }

    pub(super) fn forget(&self, id: ApiKeyId) {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        self.generation.fetch_add(1, Ordering::SeqCst);
        keys.remove(&id.hi());
    }

    /// The keys used since the last call, with the time.
    pub(super) fn take_used(&self) -> Vec<(ApiKeyId, Timestamp)> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let used = keys.values().filter(|key| key.is_used.swap(false, Ordering::Relaxed));
        used.map(|key| (key.id, Timestamp::from_ms(key.last_used_ms.load(Ordering::Relaxed)))).collect()
    }
}
