//! Messages to people.
//!
//! A message is sent inside the transaction that is the reason for it, so none is sent for a change that did not
//! happen, and none is lost with a crash. While no mail server is set up it goes to the *mailbox* of the company, which
//! an operator reads instead: the newest thousand messages for thirty days.
//!
//! Texts can hold links that open an account, so they are stored sealed, bound to their row, and whoever lists a
//! mailbox says which messages the reader may see. What is not here yet: a mail server.

mod model;
mod store;
#[cfg(test)]
mod tests;

use std::{
    ops::ControlFlow,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use crate::{
    base::{CompanyId, MessageId, SealKey, Timestamp, UserId},
    sealing::SealedRows,
    storage::{self, Db, Read, Tx, pause},
};

pub use model::{Message, MessageError};
pub use store::check;

use store::MessageRow;

/// How long a message stays in the mailbox.
const KEPT_MS: u64 = 30 * 24 * 3_600_000;
/// How often old messages are removed.
const SWEEP_EVERY: Duration = Duration::from_mins(10);
/// Companies looked at in one read of the sweep.
const SWEEP_COMPANIES: usize = 500;
/// Messages removed in one transaction.
const SWEEP_PAGE: usize = 100;

/// A message as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageView {
    /// Its id.
    pub id: MessageId,
    /// Whom it is to.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its text; none when it was sealed with another key.
    pub text: Option<MessageText>,
    /// When it was sent.
    pub created_at: Timestamp,
}

/// The text of a message, which `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub struct MessageText(String);

impl MessageText {
    /// The text, for an answer to somebody who may read it.
    #[must_use]
    pub fn expose(self) -> String {
        self.0
    }
}

impl std::fmt::Debug for MessageText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MessageText(…)")
    }
}

/// Sends messages; cheap to clone.
#[derive(Debug, Clone)]
pub struct Mail {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    db: Db,
    seal: Arc<SealKey>,
    /// What links begin with.
    base: OnceLock<String>,
}

impl Mail {
    /// A handle over the store.
    #[must_use]
    pub fn new(db: Db, seal: Arc<SealKey>) -> Self {
        Self { inner: Arc::new(Inner { db, seal, base: OnceLock::new() }) }
    }

    /// Says where people reach the server; once, as soon as it is known.
    pub fn link_to(&self, base: &str) {
        if self.inner.base.set(base.trim_end_matches('/').to_owned()).is_err() {
            tracing::warn!("a second base for links was ignored");
        }
    }

    /// The address of a page that gets `token` behind its `#`, where browsers keep it to themselves.
    #[must_use]
    pub fn link(&self, page: &str, token: &str) -> String {
        format!("{}/{page}#{token}", self.inner.base.get().map_or("", String::as_str))
    }

    /// Sends a message in the transaction that is the reason for it.
    ///
    /// # Errors
    /// When the store fails.
    pub fn send(&self, tx: &mut Tx<'_>, company: CompanyId, message: &Message) -> Result<MessageId, storage::Error> {
        let id = MessageId::from_raw(tx.mint());
        let row = self.row(tx, (company, id), message);
        store::put(tx, company, &row)?;
        Ok(id)
    }

    /// Does the work of [`Mail::send`] and sends nothing, for answers whose time must not tell whether there is somebody
    /// to write to.
    ///
    /// # Errors
    /// When the store fails.
    pub fn pretend(&self, tx: &mut Tx<'_>, message: &Message) -> Result<(), storage::Error> {
        let id = MessageId::from_raw(tx.mint());
        let row = self.row(tx, (store::NOBODY, id), message);
        store::put_decoy(tx, MessageRow { to: String::new(), ..row })
    }

    fn row(&self, tx: &Tx<'_>, (company, id): (CompanyId, MessageId), message: &Message) -> MessageRow {
        let random = self.inner.db.random();
        MessageRow {
            id,
            to: message.to().to_owned(),
            subject: message.subject().to_owned(),
            sealed_text: self.inner.seal.seal(&**random, &store::place(company.hi(), id), message.text().as_bytes()),
            user: message.user(),
            created_at: tx.now(),
        }
    }

    /// Messages of a company before `before`, the newest first: at most `limit`, which is not 0, of those that
    /// `may_read` lets through, which is asked with the person each is about.
    ///
    /// # Errors
    /// When the store fails.
    pub fn list(
        &self,
        read: &impl Read,
        company: CompanyId,
        (before, limit): (Option<u64>, usize),
        may_read: &mut dyn FnMut(Option<UserId>) -> Result<bool, storage::Error>,
    ) -> Result<Vec<MessageView>, storage::Error> {
        let mut found = Vec::new();
        let mut failed = None;
        store::visit(read, company, before, &mut |row| {
            match may_read(row.user) {
                Ok(true) => found.push(self.view(company, row)),
                Ok(false) => {}
                Err(error) => failed = Some(error),
            }
            let is_end = found.len() >= limit || failed.is_some();
            if is_end { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        failed.map_or(Ok(found), Err)
    }

    fn view(&self, company: CompanyId, row: MessageRow) -> MessageView {
        let MessageRow { id, to, subject, sealed_text, created_at, .. } = row;
        let text = self.inner.seal.open(&store::place(company.hi(), id), &sealed_text).ok();
        let text = text.map(|text| MessageText(String::from_utf8_lossy(&text).into_owned()));
        MessageView { id, to, subject, text, created_at }
    }

    /// Removes old messages, until stopped.
    pub async fn maintain(self, stop: CancellationToken) {
        while pause(SWEEP_EVERY, &stop).await {
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "old messages could not be removed: {error}");
            }
        }
    }

    /// Removes every message that is too old.
    async fn sweep(&self) -> Result<(), storage::Error> {
        let db = &self.inner.db;
        let mut after = store::NOBODY.hi();
        loop {
            let now = db.clock().now();
            let before = Timestamp::from_ms(now.as_ms().saturating_sub_unsigned(KEPT_MS));
            let page = db.read(move |snapshot| store::companies(snapshot, after, before, SWEEP_COMPANIES)).await??;
            for company in page.with_old {
                while db.write(move |tx| store::remove_old(tx, company, before, SWEEP_PAGE)).await? == SWEEP_PAGE {}
            }
            let Some(last) = page.last else { return Ok(()) };
            after = last;
        }
    }
}

/// The texts of messages, sealed.
#[must_use]
pub fn sealed_texts() -> Arc<dyn SealedRows> {
    store::sealed()
}
