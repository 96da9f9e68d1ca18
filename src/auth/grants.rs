//! What a client holds of a session: the tokens, made when it is opened or renewed.

use super::{
    Auth, Error,
    sessions::SessionRow,
    tokens::{csrf_text, refresh_text},
};
use crate::base::{SessionId, Timestamp, UserId};

/// Everything a client needs to act for a person.
#[derive(Clone)]
pub struct Grant {
    /// The session.
    pub session: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// Sent as bearer with every request.
    pub access_token: String,
    /// Good for one refresh.
    pub refresh_token: String,
    /// What a browser sends in `X-CSRF-Token`.
    pub csrf_token: String,
    /// How long the access token is good, in seconds.
    pub expires_in_s: u64,
    /// How long the refresh token is good when it is not used, in seconds.
    pub refresh_expires_in_s: u64,
}

impl std::fmt::Debug for Grant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grant").field("session", &self.session).finish_non_exhaustive()
    }
}

/// What a session will be known by, made before it is opened. Nothing of it is good before that.
#[derive(Debug)]
pub struct Prepared {
    pub(super) grant: Grant,
    pub(super) nonce: [u8; 16],
}

impl Prepared {
    /// Whose session it can become.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.grant.user
    }

    /// The session that it can become.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.grant.session
    }

    /// What the client is told of a session that was begun with this, once it is known that it may be opened.
    #[must_use]
    pub fn grant(self) -> Grant {
        self.grant
    }
}

impl Auth {
    /// Makes the tokens of a session before it is known whether it will be opened: they need nothing of the store, and
    /// making them takes longest right after a password was hashed, which leaves nothing else in the processor's caches.
    ///
    /// # Errors
    /// [`Error::Signing`].
    pub fn prepare_session(&self, user: UserId) -> Result<Prepared, Error> {
        let nonce = self.nonce();
        let refresh_expires_ms = self.inner.settings.session_max_ms.min(self.inner.settings.session_idle_ms);
        // Tokens go by the clock that they are checked with, which may have been set back since the last commit.
        let (id, now) = (SessionId::from_raw(self.inner.db.mint()), self.inner.clock.now());
        let grant = self.tokens((user, id), (0, &nonce), now, refresh_expires_ms)?;
        Ok(Prepared { grant, nonce })
    }

    pub(super) fn nonce(&self) -> [u8; 16] {
        let mut nonce = [0; 16];
        self.inner.random.fill(&mut nonce);
        nonce
    }

    /// The tokens of a session as it is stored.
    pub(super) fn grant(&self, row: &SessionRow, now: Timestamp) -> Result<Grant, Error> {
        let refresh_expires_ms = row.ends_at.ms_since(now).min(self.inner.settings.session_idle_ms);
        self.tokens((row.user, row.id), (row.number, &row.nonce), now, refresh_expires_ms)
    }

    fn tokens(
        &self,
        (user, session): (UserId, SessionId),
        (number, nonce): (u32, &[u8; 16]),
        now: Timestamp,
        refresh_expires_ms: u64,
    ) -> Result<Grant, Error> {
        let expires_in_s = self.inner.settings.access_ms / 1_000;
        Ok(Grant {
            session,
            user,
            access_token: self.inner.keyring.at(now).access(user, session, now, expires_in_s).ok_or(Error::Signing)?,
            refresh_token: refresh_text(&self.inner.refresh_key, session, number, nonce),
            csrf_token: csrf_text(&self.inner.refresh_key, session, nonce),
            expires_in_s,
            refresh_expires_in_s: refresh_expires_ms / 1_000,
        })
    }
}
