//! Webhooks: a company's endpoints and the signed delivery of events to them.
//!
//! Words: a *webhook* is an endpoint of a company with its subscriptions and policy; a *delivery* is
//! one event for one webhook; an *attempt* is one HTTP try of it; a *message id* is what receivers
//! know an event by. A delivery is `pending`, `succeeded`, `failed` or `cancelled`.
//!
//! Invariants:
//! - An event, its deliveries and their jobs are created in one commit; the end of an attempt, its
//!   log, the figures and the breaker are written in the commit that settles the job.
//! - The body of an event is made once and sent byte for byte the same on every attempt.
//! - After the answer to a deletion nothing is sent to that webhook any more.
//! - Waiting on the breaker, on a rate or at shutdown uses no attempt.
//! - Secrets and custom header values lie sealed in the store and masked in the attempt log.
//!
//! Deliberately absent: following redirects, transforming bodies, delivery to anything but HTTP.

pub mod api;
mod attempt;
mod breaker;
mod changes;
mod deliver;
mod directory;
mod endpoint;
mod facts;
mod filter;
mod headers;
mod metrics;
mod model;
mod play;
mod response;
mod retry;
mod schema;
mod secret;
mod service;
mod signing;
mod store;
mod subscription;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use crate::{
    base::{CompanyId, SealError, SealKey},
    events::{self, Events},
    mail::Mail,
    outbound::{Client, Limits},
    queue::{self, Queues},
    sealing::SealedRows,
    storage::{self, Db},
};

pub use changes::DeliveryChange;
pub use deliver::Deliver;
pub use directory::Directory;
pub use metrics::Metrics;
pub use model::{DeliveryState, Webhook};
pub use play::Play;
pub use service::{DeliveryFacts, FanOut, NewWebhook, Replay, ReplayBatch, maintain::Maintained};

/// One refused value of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// JSON pointer to the value.
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}

impl Invalid {
    fn new(pointer: impl Into<String>, detail: impl ToString) -> Self {
        Self { pointer: pointer.into(), detail: detail.to_string() }
    }
}

/// Why a use case of this slice fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store refused or failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// The queue refused a job.
    #[error("a job was not enqueued")]
    Queue(#[from] queue::Error),
    /// An event was not published.
    #[error(transparent)]
    Events(#[from] events::Error),
    /// The secrets of a webhook do not open.
    #[error("the secrets of webhook `{webhook}` do not open")]
    Seal {
        /// The webhook.
        webhook: crate::base::WebhookId,
        /// Why.
        source: SealError,
    },
    /// There is nothing with this name or id in the company.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Values of the request are refused.
    #[error("values are refused")]
    Invalid(Vec<Invalid>),
    /// The company has as many of these as it may.
    #[error("the company has {limit} {what}, which is the limit")]
    Limit {
        /// What there are too many of.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// An event type of that name exists.
    #[error("event type `{0}` exists")]
    EventTypeExists(String),
    /// The state refuses the operation.
    #[error("{0}")]
    State(String),
    /// A test could not be sent, and the fault is ours.
    #[error("no connection can be opened at the moment")]
    Unavailable,
}

/// Limits and times of this slice.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Deliveries at once for one webhook.
    pub concurrency_per_webhook: u32,
    /// Deadline to open a connection.
    pub connect_timeout: Duration,
    /// Deadline of a whole attempt, where the webhook sets none.
    pub attempt_timeout: Duration,
    /// How long events, deliveries and attempts are kept.
    pub keep_ms: u64,
    /// How many bytes of events, and of deliveries, a company may keep.
    pub keep_bytes: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency_per_webhook: 10,
            connect_timeout: Duration::from_secs(5),
            attempt_timeout: Duration::from_secs(15),
            keep_ms: 30 * 24 * 3600 * 1000,
            keep_bytes: 8 << 30,
        }
    }
}

impl Settings {
    fn limits(&self) -> Limits {
        Limits { connect: self.connect_timeout, total: self.attempt_timeout, ..Limits::default() }
    }
}

/// What the slice is made of; the directory must be the one its [`FanOut`] was made with.
#[derive(Debug)]
pub struct Parts {
    /// The store.
    pub db: Db,
    /// The queues.
    pub queues: Queues,
    /// The publisher, connected to this slice's [`FanOut`].
    pub events: Events,
    /// The way out.
    pub outbound: Client,
    /// The key that seals secrets.
    pub seal: Arc<SealKey>,
    /// The webhooks in memory.
    pub directory: Directory,
    /// Limits and times.
    pub settings: Settings,
    /// What is counted; the same as of the [`FanOut`].
    pub metrics: Metrics,
    /// Writes to people.
    pub mail: Mail,
}

/// What the handle, the job and the hooks share.
#[derive(Debug)]
pub(crate) struct Shared {
    db: Db,
    queues: Queues,
    events: Events,
    outbound: Client,
    seal: Arc<SealKey>,
    directory: Directory,
    settings: Settings,
    cursors: service::maintain::Cursors,
    play: Arc<Play>,
    metrics: Metrics,
    mail: Mail,
}

/// The handle of this slice; cheap to clone. Its methods stand in `service/`, one file per use case.
#[derive(Debug, Clone)]
pub struct Webhooks {
    shared: Arc<Shared>,
}

/// The secrets and header values of webhooks, sealed.
#[must_use]
pub fn sealed_secrets() -> Arc<dyn SealedRows> {
    store::sealed()
}

/// How many webhooks and how many event types a company has.
///
/// # Errors
/// When the store fails.
pub fn counts(read: &impl storage::Read, company: CompanyId) -> Result<(u64, u64), storage::Error> {
    store::counts(read, company)
}

/// Compares stored webhooks, deliveries and events with what follows from them; tells each contradiction in words.
///
/// # Errors
/// When a row cannot be read.
pub fn check(read: &impl storage::Read, found: &mut dyn FnMut(String)) -> Result<(), storage::Error> {
    events::check(read, found)?;
    store::check(read, found)
}
