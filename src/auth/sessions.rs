//! Sessions of people: opened at sign-in, kept alive by refresh tokens, ended at once.
//!
//! A refresh token is used once. The one before it is answered with the same successor for a few seconds, because an
//! answer can get lost and a browser has several tabs; later it ends the whole session, since two parties hold it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Auth, Error,
    grants::{Grant, Prepared},
    model::Role,
    openings::{Opening, OpeningRow},
    session_cache::KnownSession,
    store,
    tokens::RefreshText,
};
use crate::{
    audit::{self, Entry, Origin},
    base::{CompanyId, SessionId, Timestamp, UserId},
    named_value,
    storage::{self, Read, Tx},
};

/// How long the token before the current one is answered with the current one.
const GRACE_MS: u64 = 10_000;
/// Sessions a person can have; the oldest goes when there is one more.
pub(super) const SESSIONS_MAX: usize = 50;
/// Characters kept of what the client calls itself.
const CLIENT_CHARACTERS_MAX: usize = 200;

/// One sign-in of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SessionRow {
    pub(super) id: SessionId,
    pub(super) user: UserId,
    pub(super) company: CompanyId,
    pub(super) role: Role,
    pub(super) is_owner: bool,
    #[serde(default)]
    pub(super) is_enrolling: bool,
    #[serde(default)]
    pub(super) needs_password: bool,
    /// Goes into every code of this session.
    pub(super) nonce: [u8; 16],
    /// The number of the refresh token that may be used.
    pub(super) number: u32,
    pub(super) rotated_at: Timestamp,
    pub(super) created_at: Timestamp,
    pub(super) ends_at: Timestamp,
    /// When the person last showed password or second factor; at the sign-in when there is none.
    #[serde(default)]
    pub(super) proven_at: Option<Timestamp>,
    pub(super) address: String,
    pub(super) client: String,
}
named_value!(SessionRow, 1);

/// The order to open a session.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Where the person belongs.
    pub company: CompanyId,
    /// The person's role.
    pub role: Role,
    /// Whether the person owns the instance.
    pub is_owner: bool,
    /// Whether the person has to set up a second factor before anything else.
    pub is_enrolling: bool,
    /// Whether the person has to choose a password before anything else.
    pub needs_password: bool,
    /// The client's address.
    pub address: String,
    /// What the client calls itself; cut to 200 characters.
    pub client: String,
}

/// A session as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    /// Its id.
    pub id: SessionId,
    /// When the person signed in.
    pub created_at: Timestamp,
    /// When its tokens were last renewed.
    pub last_used_at: Timestamp,
    /// When it ends for good.
    pub ends_at: Timestamp,
    /// Where the person signed in from.
    pub address: String,
    /// What the client called itself.
    pub client: String,
}

/// What came of a refresh token.
enum Refreshed {
    Granted(Box<SessionRow>),
    /// It had been used before; its session is ended.
    Reused(SessionId),
    Refused,
}

impl Auth {
    /// Opens a session inside the transaction of the sign-in.
    ///
    /// # Errors
    /// When the store fails.
    pub fn open_session(&self, tx: &mut Tx<'_>, prepared: Prepared, order: NewSession) -> Result<Grant, Error> {
        let (now, Prepared { grant, nonce }) = (tx.now(), prepared);
        self.open_at(tx, now, (grant.user, grant.session, nonce), order)?;
        Ok(grant)
    }

    /// As [`Auth::open_session`], of one that was begun before; it began then.
    ///
    /// # Errors
    /// When the store fails.
    pub fn open_begun(&self, tx: &mut Tx<'_>, opening: &Opening, order: NewSession) -> Result<(), storage::Error> {
        self.open_at(tx, opening.begun_at, (opening.user, opening.session, opening.nonce), order)
    }

    fn open_at(
        &self,
        tx: &mut Tx<'_>,
        now: Timestamp,
        (user, id, nonce): (UserId, SessionId, [u8; 16]),
        order: NewSession,
    ) -> Result<(), storage::Error> {
        let open = store::numbers_to_change(tx, user)?;
        // They stand in the order in which they were opened, so the first ones are the oldest; the others need not be read.
        let excess = (open.len() + 1).saturating_sub(SESSIONS_MAX);
        let gone: Vec<u64> = open.iter().take(excess).copied().collect();
        for number in &gone {
            let Some(row) = store::session_numbered(tx, *number)? else { continue };
            self.forget(tx, row.id);
            if !self.is_over(&row, now) {
                record(tx, &row, "too many sessions")?;
            }
        }
        let row = SessionRow {
            id,
            user,
            company: order.company,
            role: order.role,
            is_owner: order.is_owner,
            is_enrolling: order.is_enrolling,
            needs_password: order.needs_password,
            nonce,
            number: 0,
            rotated_at: now,
            created_at: now,
            ends_at: now.plus_ms(self.inner.settings.session_max_ms),
            proven_at: Some(now),
            address: order.address,
            client: name_of_client(&order.client),
        };
        store::insert_session(tx, &row, open, &gone)
    }

    /// Puts a new session in the place of one whose person has just shown password or second factor; its tokens are
    /// good no more. It ends when the old one would have.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the session is over.
    pub fn renew_session(&self, tx: &mut Tx<'_>, id: SessionId) -> Result<Grant, Error> {
        let now = tx.now();
        let row = store::find_session(tx, id)?.filter(|row| !self.is_over(row, now)).ok_or(Error::Invalid)?;
        self.forget(tx, id);
        let old = [id.hi()];
        let id = SessionId::from_raw(tx.mint());
        let row = SessionRow { id, nonce: self.nonce(), number: 0, rotated_at: now, proven_at: Some(now), ..row };
        let numbers = store::numbers_to_change(tx, row.user)?;
        store::insert_session(tx, &row, numbers, &old)?;
        self.grant(&row, self.inner.clock.now())
    }

    /// Exchanges a refresh token for the next one and an access token.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a token that is none of ours or over, [`Error::Reused`] for one that was used before,
    /// which ends its session.
    pub async fn refresh(&self, token: &str) -> Result<Grant, Error> {
        let claimed = RefreshText::parse(token).ok_or(Error::Invalid)?;
        // What was never ours costs no transaction.
        let is_genuine = |nonce: &_| claimed.is_genuine(&self.inner.refresh_key, nonce);
        let row = self.find_session(claimed.session, is_genuine).await?;
        row.filter(|row| is_genuine(&row.nonce)).ok_or(Error::Invalid)?;
        let auth = self.clone();
        let refreshed = self.inner.db.write_reclaiming(move |tx| auth.rotate(tx, &claimed)).await?;
        match refreshed {
            Refreshed::Granted(row) => self.grant(&row, self.inner.clock.now()),
            Refreshed::Reused(session) => {
                tracing::warn!(session.id = %session, "a refresh token was used twice; its session is ended");
                Err(Error::Reused)
            }
            Refreshed::Refused => Err(Error::Invalid),
        }
    }

    fn rotate(&self, tx: &mut Tx<'_>, claimed: &RefreshText) -> Result<Refreshed, storage::Error> {
        let now = tx.now();
        let Some(mut row) = store::find_session(tx, claimed.session)? else { return Ok(Refreshed::Refused) };
        if !claimed.is_genuine(&self.inner.refresh_key, &row.nonce) {
            return Ok(Refreshed::Refused);
        }
        if self.is_over(&row, now) {
            self.remove(tx, &row)?;
            return Ok(Refreshed::Refused);
        }
        let is_repeat = claimed.number.checked_add(1) == Some(row.number) && now.ms_since(row.rotated_at) <= GRACE_MS;
        if is_repeat {
            return Ok(Refreshed::Granted(Box::new(row)));
        }
        if claimed.number != row.number {
            self.remove(tx, &row)?;
            record(tx, &row, "refresh token used again")?;
            return Ok(Refreshed::Reused(row.id));
        }
        row.number = row.number.saturating_add(1);
        row.rotated_at = now;
        store::put_session(tx, &row)?;
        Ok(Refreshed::Granted(Box::new(row)))
    }

    /// Whether the session may not be renewed any more.
    pub(super) fn is_over(&self, row: &SessionRow, now: Timestamp) -> bool {
        let idle_ends = row.rotated_at.plus_ms(self.inner.settings.session_idle_ms);
        now >= row.ends_at || now >= idle_ends
    }

    fn remove(&self, tx: &mut Tx<'_>, row: &SessionRow) -> Result<(), storage::Error> {
        self.forget(tx, row.id);
        store::delete_session(tx, row)
    }

    /// Sees to it that nobody is let in from memory any more with a session that goes.
    fn forget(&self, tx: &mut Tx<'_>, id: SessionId) {
        let cache = Arc::clone(&self.inner.sessions);
        tx.on_commit(move || cache.forget(id));
    }

    /// Ends a session of a person; `false` when the person has no such session.
    ///
    /// # Errors
    /// When the store fails.
    pub fn end_session(&self, tx: &mut Tx<'_>, user: UserId, id: SessionId) -> Result<bool, storage::Error> {
        if let Some(row) = store::find_session(tx, id)?.filter(|row| row.user == user) {
            self.remove(tx, &row)?;
            return Ok(true);
        }
        let is_opening = store::find_opening(tx, id)?.is_some_and(|row| row.user == user);
        if is_opening {
            store::delete_opening(tx, (user, id.hi()))?;
        }
        Ok(is_opening)
    }

    /// Ends all sessions of a person but one; answers how many.
    ///
    /// # Errors
    /// When the store fails.
    pub fn end_sessions(
        &self,
        tx: &mut Tx<'_>,
        user: UserId,
        keep: Option<SessionId>,
    ) -> Result<usize, storage::Error> {
        store::delete_openings_of(tx, user)?;
        let rows = store::sessions_of(tx, user)?;
        let ended: Vec<_> = rows.into_iter().filter(|row| Some(row.id) != keep).collect();
        for row in &ended {
            self.remove(tx, row)?;
        }
        Ok(ended.len())
    }

    /// Ends all sessions of a person who is removed.
    ///
    /// # Errors
    /// When the store fails.
    pub fn forget_person(&self, tx: &mut Tx<'_>, user: UserId) -> Result<(), storage::Error> {
        self.end_sessions(tx, user, None)?;
        store::delete_numbers(tx, user)
    }

    /// Whether anything is kept of a person's sessions.
    #[cfg(test)]
    pub(crate) fn knows_sessions_of(read: &impl Read, user: UserId) -> bool {
        store::knows(read, user).unwrap()
    }

    /// Ends the sessions of a person that have all rights and not only that to set up a second factor.
    ///
    /// # Errors
    /// When the store fails.
    pub fn end_full_sessions(&self, tx: &mut Tx<'_>, user: UserId) -> Result<(), storage::Error> {
        store::delete_openings_of(tx, user)?;
        let rows = store::sessions_of(tx, user)?;
        rows.iter().filter(|row| !row.is_enrolling).try_for_each(|row| self.remove(tx, row))
    }

    /// The open sessions of a person, the newest first; also those of which a death left open whether they are.
    ///
    /// # Errors
    /// When the store fails.
    pub fn sessions(&self, read: &impl Read, user: UserId) -> Result<Vec<SessionView>, storage::Error> {
        let now = self.inner.clock.now();
        let mut rows = store::sessions_of(read, user)?;
        rows.retain(|row| !self.is_over(row, now));
        let view = |row: SessionRow| SessionView {
            id: row.id,
            created_at: row.created_at,
            last_used_at: row.rotated_at,
            ends_at: row.ends_at,
            address: row.address,
            client: row.client,
        };
        let left = |row: OpeningRow| SessionView {
            id: row.id,
            created_at: row.begun_at,
            last_used_at: row.begun_at,
            ends_at: row.begun_at.plus_ms(self.inner.settings.session_max_ms),
            address: row.sign_in.address.to_string(),
            client: row.sign_in.client,
        };
        let mut views: Vec<_> = rows.into_iter().map(view).collect();
        let room = SESSIONS_MAX.saturating_sub(views.len());
        views.extend(self.left_behind(read, user)?.into_iter().rev().take(room).map(left));
        views.sort_by_key(|view| std::cmp::Reverse(view.created_at));
        Ok(views)
    }

    /// The session behind an access token.
    pub(super) async fn known_session(&self, token: &str) -> Result<Arc<KnownSession>, Error> {
        let now = self.inner.clock.now();
        let (user, id) = self.inner.keyring.at(now).read_access(token, now).ok_or(Error::Invalid)?;
        let known = if let Some(known) = self.inner.sessions.find(id) {
            known
        } else {
            let generation = self.inner.sessions.generation();
            // Our signature says enough.
            let row = self.find_session(id, |_| true).await?;
            self.inner.sessions.remember(KnownSession::from(row.ok_or(Error::Invalid)?), generation)
        };
        if known.user == user && now < known.ends_at { Ok(known) } else { Err(Error::Invalid) }
    }

    /// A token that says whose password was right; good for five minutes.
    pub fn mfa_token(&self, user: UserId, version: u32) -> Option<String> {
        let now = self.inner.clock.now();
        self.inner.keyring.at(now).mfa(user, version, now, super::MFA_TOKEN_S)
    }

    /// Whose password was right, and which version of it.
    pub fn read_mfa_token(&self, token: &str) -> Option<(UserId, u32)> {
        let now = self.inner.clock.now();
        self.inner.keyring.at(now).read_mfa(token, now)
    }

    /// Removes those of the sessions that are still over.
    pub(super) fn remove_over(&self, tx: &mut Tx<'_>, ids: &[SessionId]) -> Result<(), storage::Error> {
        for id in ids {
            if let Some(row) = store::find_session(tx, *id)?.filter(|row| self.is_over(row, tx.now())) {
                self.remove(tx, &row)?;
            }
        }
        Ok(())
    }
}

/// What is kept of what a client calls itself.
pub(super) fn name_of_client(said: &str) -> String {
    said.chars().filter(|c| !c.is_control()).take(CLIENT_CHARACTERS_MAX).collect()
}

/// Records that a session was ended by a rule.
fn record(tx: &mut Tx<'_>, row: &SessionRow, reason: &str) -> Result<(), storage::Error> {
    let after = json!({ "reason": reason, "user": row.user });
    let entry = Entry { action: "session.end", object: row.id.to_string(), before: Value::Null, after };
    audit::record(tx, row.company, &Origin::system(), entry)
}
