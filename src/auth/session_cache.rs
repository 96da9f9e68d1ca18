//! Sessions that were looked up before, so that checking an access token costs no read.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{model::Role, sessions::SessionRow};
use crate::base::{CompanyId, SessionId, Timestamp, UserId};

/// Sessions remembered at most; at the limit all are forgotten, which costs each in use one read.
const SESSIONS_MAX: usize = 20_000;

/// A session that is open, unless its time is over.
#[derive(Debug)]
pub(super) struct KnownSession {
    pub(super) id: SessionId,
    pub(super) user: UserId,
    pub(super) company: CompanyId,
    pub(super) role: Role,
    pub(super) is_owner: bool,
    pub(super) is_enrolling: bool,
    pub(super) needs_password: bool,
    pub(super) nonce: [u8; 16],
    pub(super) ends_at: Timestamp,
    pub(super) proven_at: Timestamp,
}

impl From<SessionRow> for KnownSession {
    fn from(row: SessionRow) -> Self {
        let SessionRow {
            id,
            user,
            company,
            role,
            is_owner,
            is_enrolling,
            needs_password,
            nonce,
            ends_at,
            proven_at,
            created_at,
            ..
        } = row;
        let proven_at = proven_at.unwrap_or(created_at);
        Self { id, user, company, role, is_owner, is_enrolling, needs_password, nonce, ends_at, proven_at }
    }
}

/// The remembered sessions; a session read before another was forgotten is not taken in after it.
#[derive(Debug, Default)]
pub(super) struct SessionCache {
    sessions: RwLock<HashMap<u64, Arc<KnownSession>>>,
    generation: AtomicU64,
}

impl SessionCache {
    pub(super) fn find(&self, id: SessionId) -> Option<Arc<KnownSession>> {
        let sessions = self.sessions.read().unwrap_or_else(PoisonError::into_inner);
        sessions.get(&id.hi()).filter(|known| known.id == id).cloned()
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    pub(super) fn remember(&self, session: KnownSession, generation: u64) -> Arc<KnownSession> {
        let session = Arc::new(session);
        let mut sessions = self.sessions.write().unwrap_or_else(PoisonError::into_inner);
        if self.generation() == generation {
            if sessions.len() >= SESSIONS_MAX {
                sessions.clear();
            }
            sessions.insert(session.id.hi(), Arc::clone(&session));
        }
        session
    }

    pub(super) fn forget(&self, id: SessionId) {
        let mut sessions = self.sessions.write().unwrap_or_else(PoisonError::into_inner);
        self.generation.fetch_add(1, Ordering::SeqCst);
        sessions.remove(&id.hi());
    }
}
