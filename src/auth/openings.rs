//! Sessions that are written down before it is known whether they will be opened.
//!
//! A sign-in may cost its hash and nothing more, so what has to reach the disk is written while the hash is made: an
//! *opening* has all that the session is made of but the answer of the hash. Nobody is told its tokens before the password was
//! found right, so whoever shows one proves that it was. The session is opened behind the answer, in one transaction with all that
//! belongs to it, and no token of it is good before that is on disk: after a crash in between, the first token that
//! comes opens it. What ends the sessions of a person ends the openings too.
//!
//! Whoever calls with a credential waits until the sign-ins of the company that were answered before are open, so that all that
//! belongs to them is seen.

use std::{
    collections::BTreeMap,
    fmt,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{
    Auth, Error, Prepared,
    sessions::{SessionRow, name_of_client},
    store,
};
use crate::{
    base::{CompanyId, SessionId, Timestamp, UserId},
    named_value,
    storage::{self, Place, Read, Tx},
};

/// Openings a person can have; the oldest goes when there is one more. Far more than passwords are hashed at once, so that
/// no one's tries take another's away.
const OPENINGS_MAX: usize = 200;

/// A session that may be opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OpeningRow {
    pub(super) id: SessionId,
    pub(super) user: UserId,
    pub(super) nonce: [u8; 16],
    pub(super) begun_at: Timestamp,
    pub(super) sign_in: SignInFacts,
}
named_value!(OpeningRow, 1);

/// What is known of a sign-in beside the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInFacts {
    /// Which of the person's passwords was tried: each new one has the next number.
    pub password_version: u32,
    /// The client's address.
    pub address: IpAddr,
    /// What the client calls itself.
    pub client: String,
    /// The id of its request.
    pub request_id: String,
}

/// A session that is to be opened now: its tokens are out, or on their way.
#[derive(Debug)]
pub struct Opening {
    /// Whose it will be.
    pub user: UserId,
    /// How the person signed in.
    pub sign_in: SignInFacts,
    /// The session's id.
    pub session: SessionId,
    pub(super) nonce: [u8; 16],
    /// When the person signed in.
    pub begun_at: Timestamp,
}

/// Does inside a transaction what belongs to a sign-in, [`Auth::open_begun`] included, unless the person may not sign
/// in any more.
pub type OpenSession = dyn Fn(&mut Tx<'_>, &Opening) -> Result<(), Error> + Send + Sync;

/// How sessions come to be opened.
pub(super) struct Openings {
    /// Without one, none is opened later.
    opener: OnceLock<Box<OpenSession>>,
    underway: Arc<Underway>,
    /// The first number of a session of this process.
    first: u64,
}

impl Openings {
    pub(super) fn new(first: u64) -> Self {
        Self { opener: OnceLock::new(), underway: Arc::default(), first }
    }
}

impl fmt::Debug for Openings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Openings")
    }
}

/// Sessions whose tokens were told, or are about to be, and that are not open yet.
#[derive(Default)]
struct Underway {
    /// How many, so that nobody asks for the lock while there are none.
    count: AtomicUsize,
    /// The number of the next one, and the company of each.
    companies: Mutex<(u64, BTreeMap<u64, CompanyId>)>,
    /// Marked when one has ended.
    ended: watch::Sender<()>,
}

impl Underway {
    fn companies(&self) -> MutexGuard<'_, (u64, BTreeMap<u64, CompanyId>)> {
        self.companies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(self: &Arc<Self>, company: CompanyId) -> OneUnderway {
        let mut companies = self.companies();
        let number = companies.0;
        companies.0 += 1;
        companies.1.insert(number, company);
        self.count.fetch_add(1, Ordering::AcqRel);
        OneUnderway { all: Arc::clone(self), number }
    }

    /// Waits for those of a company that were begun before.
    async fn wait(&self, company: CompanyId) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut ended = self.ended.subscribe();
        let before = self.companies().0;
        let is_any = || self.companies().1.range(..before).any(|(_, other)| *other == company);
        // There is an end of this as long as there is this.
        while is_any() && ended.changed().await.is_ok() {}
    }
}

/// One of them, until this is dropped.
struct OneUnderway {
    all: Arc<Underway>,
    number: u64,
}

impl Drop for OneUnderway {
    fn drop(&mut self) {
        self.all.companies().1.remove(&self.number);
        self.all.count.fetch_sub(1, Ordering::AcqRel);
        self.all.ended.send_replace(());
    }
}

impl Auth {
    /// Says who does what belongs to a sign-in. The first one stays.
    pub fn open_with(&self, opener: Box<OpenSession>) {
        // A second handle over the same accounts does the same.
        let _is_first = self.inner.openings.opener.set(opener).is_ok();
    }

    /// Writes down inside a transaction what may become a session.
    ///
    /// # Errors
    /// When the store fails.
    pub fn begin_opening(
        &self,
        tx: &mut Tx<'_>,
        prepared: &Prepared,
        mut sign_in: SignInFacts,
    ) -> Result<(), storage::Error> {
        sign_in.client = name_of_client(&sign_in.client);
        let Prepared { grant, nonce } = prepared;
        let row = OpeningRow { id: grant.session, user: grant.user, nonce: *nonce, begun_at: tx.now(), sign_in };
        store::insert_opening(tx, &row, OPENINGS_MAX)
    }

    /// Forgets inside a transaction what will not become a session.
    ///
    /// # Errors
    /// When the store fails.
    pub fn drop_opening(&self, tx: &mut Tx<'_>, (user, id): (UserId, SessionId)) -> Result<(), storage::Error> {
        store::delete_opening(tx, (user, id.hi()))
    }

    /// Opens inside a transaction a session whose tokens somebody has, or is about to get; nothing when it is open, or over.
    ///
    /// # Errors
    /// [`Error::Storage`]; what the one who opens sessions says.
    pub fn finish_opening(&self, tx: &mut Tx<'_>, id: SessionId) -> Result<(), Error> {
        let Some(row) = store::find_opening(tx, id)? else { return Ok(()) };
        store::delete_opening(tx, (row.user, id.hi()))?;
        let Some(open) = self.inner.openings.opener.get().filter(|_| !self.is_opening_over(&row, tx.now())) else {
            return Ok(());
        };
        let OpeningRow { id, user, nonce, begun_at, sign_in } = row;
        open(tx, &Opening { user, sign_in, session: id, nonce, begun_at })
    }

    /// Begins to open a session whose person is told its tokens now; they are good once it is open.
    pub fn open_later(&self, place: Place, company: CompanyId, id: SessionId) {
        let (auth, underway) = (self.clone(), self.inner.openings.underway.begin(company));
        let open = move |tx: &mut Tx<'_>| {
            let done = auth.finish_opening(tx, id);
            done.inspect_err(|error| tracing::warn!(%error, session.id = %id, "a session could not be opened yet"))?;
            tx.on_commit(move || drop(underway));
            Ok::<_, Error>(())
        };
        // It goes on by itself.
        drop(place.write(open));
    }

    /// Waits until the sessions of a company are open whose tokens were told before.
    pub async fn opened(&self, company: CompanyId) {
        self.inner.openings.underway.wait(company).await;
    }

    /// Sessions of a person of which a death left open whether their tokens were told to anybody.
    pub(super) fn left_behind(&self, read: &impl Read, user: UserId) -> Result<Vec<OpeningRow>, storage::Error> {
        let mut rows = store::openings_of(read, user)?;
        let now = self.inner.clock.now();
        rows.retain(|row| row.id.hi() < self.inner.openings.first && !self.is_opening_over(row, now));
        Ok(rows)
    }

    /// The session with this id, opened first when that was left to do and the nonce in it fits the token that came.
    pub(super) async fn find_session(
        &self,
        id: SessionId,
        fits: impl Fn(&[u8; 16]) -> bool,
    ) -> Result<Option<SessionRow>, Error> {
        let find = move |read: &storage::Snapshot| {
            let found = store::find_session(read, id)?;
            let opening = if found.is_none() { store::find_opening(read, id)? } else { None };
            Ok::<_, storage::Error>((found, opening))
        };
        let (found, opening) = self.inner.db.read(find).await??;
        if opening.is_none_or(|opening| !fits(&opening.nonce)) {
            return Ok(found);
        }
        let auth = self.clone();
        // Behind the one that may be on its way, which it then finds done.
        self.inner.db.write_reclaiming(move |tx| auth.finish_opening(tx, id)).await?;
        Ok(self.inner.db.read(find).await??.0)
    }

    pub(super) fn is_opening_over(&self, row: &OpeningRow, now: Timestamp) -> bool {
        let settings = &self.inner.settings;
        now >= row.begun_at.plus_ms(settings.session_idle_ms.min(settings.session_max_ms))
    }

    /// How many openings there are.
    #[cfg(test)]
    pub(crate) fn openings(read: &impl Read) -> usize {
        store::all_openings(read, None).unwrap().len()
    }

    /// Removes what is over, and answers how many.
    #[cfg(test)]
    pub(crate) async fn sweep_openings_once(&self) -> usize {
        self.sweep_openings(None).await.unwrap().removed
    }
}
