//! Messages to people: e-mails that are queued and handed to a mail server, and the mailbox that stands in for one.
//!
//! A message is sent inside the transaction that is the reason for it, so none is sent for a change that did not
//! happen, and none is lost with a crash. With a mail server it becomes an *e-mail* with a job of its own; without one it
//! goes to the *mailbox* of the company, which an operator reads instead: the newest thousand messages for thirty days.
//!
//! Texts can hold links that open an account, so they are stored sealed, bound to their row, and whoever lists a
//! mailbox says which messages the reader may see. Templates and the API of e-mails are a slice above; the job's
//! handler is there too, because it fills templates in.

mod address;
mod dkim;
pub mod email;
mod metrics;
mod mime;
mod model;
mod outbox;
mod post;
pub mod smtp;
mod store;
#[cfg(test)]
mod tests;
mod transport;

use std::{
    ops::ControlFlow,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use crate::{
    base::{CompanyId, EmailId, MessageId, SealKey, Standing, Timestamp, UserId},
    blob::Blobs,
    queue::{self, Queues},
    sealing::SealedRows,
    storage::{self, Db, Read, Tx, pause},
};

pub use address::{Address, AddressError, Sender};
pub use dkim::{DkimError, Signer};
pub use metrics::Metrics;
pub use mime::is_content_type;
pub use model::{Copy, Message, MessageError};
pub use outbox::{
    AttachmentRow, EmailPage, EmailQuery, EmailRow, EmailView, Ended, RecipientRow, SEND_KIND, Unsent, Via,
};
pub use post::{Post, Posted, Unfetched};
pub use transport::{Envelope, HandingOver, Handover, Transport, Verdict};

use email::{Content, NewEmail, RecipientKind};
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
    /// The e-mail it is a copy of.
    pub email: Option<EmailId>,
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
    /// The queues that e-mails stand in; nothing where no e-mail is made.
    queues: Option<Queues>,
    metrics: Metrics,
    settings: Settings,
}

/// How e-mails leave and how long they are kept.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The way out; without one everything stays in the mailbox.
    pub outgoing: Option<Outgoing>,
    /// How long an e-mail is kept.
    pub keep_ms: u64,
    /// Bytes of e-mails a company may keep.
    pub keep_bytes: u64,
    /// Where files are that e-mails only name.
    pub blobs: Option<Blobs>,
    /// Wait before the second attempt, twice as long after each later one; as the queue says when left out.
    pub retry_ms: Option<u64>,
    /// E-mails of a company that may wait to be sent.
    pub unsent_max: u64,
    /// Bytes of these.
    pub unsent_bytes_max: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            outgoing: None,
            keep_ms: KEPT_MS,
            keep_bytes: 1 << 30,
            blobs: None,
            retry_ms: None,
            unsent_max: 100_000,
            unsent_bytes_max: 1 << 30,
        }
    }
}

/// The way out, and in whose name.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Takes finished messages.
    pub transport: Arc<dyn Transport>,
    /// Whom they are from.
    pub from: Sender,
    /// Where answers go.
    pub reply_to: Option<Sender>,
    /// Signs them.
    pub signer: Option<Arc<Signer>>,
}

impl Mail {
    /// A handle over the store that knows the mailbox only.
    #[must_use]
    pub fn new(db: Db, seal: Arc<SealKey>) -> Self {
        Self::open(db, seal, None, Settings::default(), Metrics::default())
    }

    /// A handle over the store and the queues.
    #[must_use]
    pub fn open(db: Db, seal: Arc<SealKey>, queues: Option<Queues>, settings: Settings, metrics: Metrics) -> Self {
        Self { inner: Arc::new(Inner { db, seal, base: OnceLock::new(), queues, metrics, settings }) }
    }

    /// How the mail server fares; nothing without one.
    #[must_use]
    pub fn standing(&self) -> Option<Standing> {
        self.inner.settings.outgoing.as_ref().map(|outgoing| outgoing.transport.standing())
    }

    fn db(&self) -> &Db {
        &self.inner.db
    }

    fn queues(&self) -> Option<&Queues> {
        self.inner.queues.as_ref()
    }

    fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// How long an e-mail is kept.
    #[must_use]
    pub fn keep_ms(&self) -> u64 {
        self.inner.settings.keep_ms
    }

    fn kept(&self) -> (u64, u64) {
        (self.inner.settings.keep_ms, self.inner.settings.keep_bytes)
    }

    fn unsent_max(&self) -> (u64, u64) {
        (self.inner.settings.unsent_max, self.inner.settings.unsent_bytes_max)
    }

    /// The domain behind the ids of messages.
    fn sender_domain(&self) -> &str {
        self.inner.settings.outgoing.as_ref().map_or("localhost", |outgoing| outgoing.from.address.domain())
    }

    fn seal_content(&self, tx: &Tx<'_>, company: CompanyId, id: EmailId, content: &Content) -> Vec<u8> {
        let _ = tx;
        let plain = zeroize::Zeroizing::new(rmp_serde::to_vec_named(content).unwrap_or_default());
        self.inner.seal.seal(&**self.inner.db.random(), &outbox::place(company.hi(), id), &plain)
    }

    fn open_content(&self, company: CompanyId, id: EmailId, sealed: &[u8]) -> Option<Content> {
        let plain = self.inner.seal.open(&outbox::place(company.hi(), id), sealed).ok()?;
        rmp_serde::from_slice(&plain).ok()
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

    /// The address of a page for people.
    #[must_use]
    pub fn page(&self, path: &str) -> String {
        format!("{}/{path}", self.inner.base.get().map_or("", String::as_str))
    }

    /// Sends a message in the transaction that is the reason for it: as an e-mail, or to the mailbox without a mail
    /// server.
    ///
    /// # Errors
    /// When the store fails.
    pub fn send(&self, tx: &mut Tx<'_>, company: CompanyId, message: &Message) -> Result<(), storage::Error> {
        // One that counts and has no room stays in the mailbox.
        let has_room = !message.is_counted() || self.admit(tx, company).is_ok();
        if let Some(new) = self.as_email(message).filter(|_| has_room) {
            match self.queue(tx, company, new) {
                Ok(_) => return Ok(()),
                // The reason for the message is not to fail for want of space; the mailbox keeps it, and is read.
                Err(queue::Error::Storage(storage::Error::Full)) => {}
                Err(error) => return Err(of_queue(error)),
            }
        }
        let id = MessageId::from_raw(tx.mint());
        let row = self.row(tx, (company, id), message);
        store::put(tx, company, &row)
    }

    /// Does the work of [`Mail::send`] and sends nothing, for answers whose time must not tell whether there is somebody
    /// to write to.
    ///
    /// # Errors
    /// When the store fails.
    pub fn pretend(&self, tx: &mut Tx<'_>, message: &Message) -> Result<(), storage::Error> {
        if let Some(new) = self.as_email(message) {
            match self.queue_decoy(tx, &new.content) {
                Ok(()) => return Ok(()),
                Err(queue::Error::Storage(storage::Error::Full)) => {}
                Err(error) => return Err(of_queue(error)),
            }
        }
        let id = MessageId::from_raw(tx.mint());
        let row = self.row(tx, (store::NOBODY, id), message);
        store::put_decoy(tx, MessageRow { to: String::new(), ..row })
    }

    /// The message as an e-mail; nothing without a mail server, or when the address is none it takes.
    fn as_email(&self, message: &Message) -> Option<NewEmail> {
        self.inner.settings.outgoing.as_ref()?;
        self.queues()?;
        let to: Address = message.to().parse().ok()?;
        let content = Content {
            subject: Some(message.subject().to_owned()),
            text: Some(message.text().to_owned()),
            headers: vec![("Auto-Submitted".to_owned(), "auto-generated".to_owned())],
            ..Content::default()
        };
        let recipients = vec![(RecipientKind::To, to)];
        let (about, is_counted) = (message.user(), message.is_counted());
        let attachments = Vec::new();
        Some(NewEmail { recipients, content, template: None, attachments, is_own: true, about, is_counted })
    }

    /// Puts a copy of an e-mail into the mailbox; `about` is the person it is about, for whom it may be hidden.
    fn put_copy(
        &self,
        tx: &mut Tx<'_>,
        (company, email): (CompanyId, EmailId),
        about: Option<UserId>,
        copy: Copy,
    ) -> Result<(), storage::Error> {
        let id = MessageId::from_raw(tx.mint());
        let place = store::place(company.hi(), id);
        let sealed_text = self.inner.seal.seal(&**self.inner.db.random(), &place, copy.text.as_bytes());
        let Copy { to, subject, .. } = copy;
        let row = MessageRow { id, to, subject, sealed_text, user: about, email: Some(email), created_at: tx.now() };
        self.metrics().record_mailbox(tx);
        store::put(tx, company, &row)
    }

    fn row(&self, tx: &Tx<'_>, (company, id): (CompanyId, MessageId), message: &Message) -> MessageRow {
        let random = self.inner.db.random();
        MessageRow {
            id,
            to: message.to().to_owned(),
            subject: message.subject().to_owned(),
            sealed_text: self.inner.seal.seal(&**random, &store::place(company.hi(), id), message.text().as_bytes()),
            user: message.user(),
            email: None,
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
        let MessageRow { id, to, subject, sealed_text, created_at, email, .. } = row;
        let text = self.inner.seal.open(&store::place(company.hi(), id), &sealed_text).ok();
        let text = text.map(|text| MessageText(String::from_utf8_lossy(&text).into_owned()));
        MessageView { id, to, subject, text, created_at, email }
    }

    /// Removes old messages and e-mails, until stopped.
    pub async fn maintain(self, stop: CancellationToken) {
        while pause(SWEEP_EVERY, &stop).await {
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "old messages could not be removed: {error}");
            }
            if let Err(error) = self.sweep_emails(&stop).await {
                tracing::warn!(%error, "old e-mails could not be removed: {error}");
            }
        }
    }

    /// Removes e-mails that need not be kept; answers how many.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sweep_emails(&self, stop: &CancellationToken) -> Result<u64, queue::Error> {
        outbox::sweep(self, stop).await
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

/// A queue that refuses has no words of its own for a change that has nothing to do with it.
fn of_queue(error: queue::Error) -> storage::Error {
    match error {
        queue::Error::Storage(error) => error,
        other => storage::Error::Panicked(format!("a message was not queued: {other}")),
    }
}

/// The texts of messages and the contents of e-mails, sealed.
#[must_use]
pub fn sealed_texts() -> [Arc<dyn SealedRows>; 2] {
    [store::sealed(), outbox::sealed()]
}

/// Compares messages and e-mails with what follows from them; tells each contradiction in words.
///
/// # Errors
/// When a row cannot be read.
pub fn check(read: &impl Read, found: &mut dyn FnMut(String)) -> Result<(), storage::Error> {
    store::check(read, found)?;
    outbox::check(read, found)
}
