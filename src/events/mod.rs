//! Events: what happened in a company, stored once and handed to subscribers in one transaction.
//!
//! Words: an *event* is one occurrence of an event type with JSON `data`; its *body* is the exact
//! JSON text that receivers get, made once; its *message id* is the id a caller gave, else its own.
//! A *subscriber* reacts to an event inside the transaction that publishes it, so an event is never
//! stored without what it causes. An *external id* makes publishing idempotent: the same id with the
//! same content is a duplicate, with other content a conflict.
//!
//! What this module does not do: it knows no webhook and sends nothing.

mod numbers;
mod store;
#[cfg(test)]
mod tests;

use std::{cell::OnceCell, fmt, sync::Arc};

use bytes::Bytes;
use serde_json::Value;

use crate::{
    base::{CompanyId, EventId, Timestamp},
    storage::{self, Tx},
};

pub use numbers::are_numbers_in_range;
pub(crate) use store::first_hi_at;
pub use store::{
    EventQuery, Old, check, companies, count, find, find_by_message_id, is_stored, list, oldest, oldest_before, record,
    remove, set_deliveries, stored_bytes,
};

/// The longest id a caller may give an event.
pub const EXTERNAL_ID_BYTES_MAX: usize = 128;
/// The largest data of an event.
pub const DATA_BYTES_MAX: usize = 1 << 20;
/// The most deliveries one transaction may create.
pub const DELIVERIES_MAX: u32 = 20_000;

/// Why an event is not published.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store refused or failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// The id was given before, to an event with other content.
    #[error("event `{0}` exists with another type or other data")]
    OtherContent(String),
    /// More deliveries than one transaction may create.
    #[error("would create more than {DELIVERIES_MAX} deliveries at once")]
    TooManyDeliveries,
    /// A subscriber failed.
    #[error("a subscriber failed")]
    Subscriber(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why a text cannot be the id of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be 1 to {EXTERNAL_ID_BYTES_MAX} letters, digits, \"_\", \"-\" and \":\"; a dot would be read as a separator of the signed text"
)]
pub struct ExternalIdError;

/// Checks an id given by a caller.
///
/// # Errors
/// [`ExternalIdError`] for an empty or too long id and for other characters.
pub fn check_external_id(id: &str) -> Result<(), ExternalIdError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b':');
    let is_good = (1..=EXTERNAL_ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(is_plain);
    if is_good { Ok(()) } else { Err(ExternalIdError) }
}

/// An event to publish.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// Whose event it is.
    pub company: CompanyId,
    /// The name of its type: dotted parts of letters, digits, `_` and `-`.
    pub event_type: String,
    /// Its data as JSON text.
    pub data: Bytes,
    /// The data already parsed, when the caller has it; saves parsing it in the transaction.
    pub parsed: Option<Arc<Value>>,
    /// The id the caller chose, checked by [`check_external_id`].
    pub external_id: Option<String>,
}

/// What publishing did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The event, or the one that has the given id already.
    pub id: EventId,
    /// The id callers and receivers know it by.
    pub message_id: String,
    /// Deliveries created for it: now, or before when it is a duplicate.
    pub deliveries: u32,
    /// Whether the event existed already and nothing was done.
    pub is_duplicate: bool,
}

/// A stored event.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// Whose it is.
    pub company: CompanyId,
    /// The name of its type.
    pub event_type: String,
    /// The id its sender chose.
    pub external_id: Option<String>,
    /// When it was accepted; also in its body.
    pub created_at: Timestamp,
    /// Deliveries created when it was published and by replays of it.
    pub deliveries: u32,
    /// The exact bytes receivers get.
    pub body: Bytes,
    data_at: usize,
    parsed: OnceCell<Option<Arc<Value>>>,
}

impl Event {
    /// The id callers and receivers know it by.
    #[must_use]
    pub fn message_id(&self) -> String {
        self.external_id.clone().unwrap_or_else(|| self.id.to_string())
    }

    /// Its data as JSON text.
    #[must_use]
    pub fn data(&self) -> Bytes {
        let end = self.body.len().saturating_sub(1);
        self.body.slice(self.data_at.min(end)..end)
    }

    /// Its data parsed; done once, and only when a subscriber asks.
    #[must_use]
    pub fn data_value(&self) -> Option<&Value> {
        self.parsed.get_or_init(|| serde_json::from_slice(&self.data()).ok().map(Arc::new)).as_deref()
    }

    /// Builds an event with its body.
    #[must_use]
    pub fn new(id: EventId, created_at: Timestamp, new: NewEvent) -> Self {
        let message_id = new.external_id.clone().unwrap_or_else(|| id.to_string());
        let mut body = Vec::with_capacity(new.data.len() + new.event_type.len() + message_id.len() + 80);
        body.extend_from_slice(b"{\"id\":\"");
        body.extend_from_slice(message_id.as_bytes());
        body.extend_from_slice(b"\",\"type\":\"");
        body.extend_from_slice(new.event_type.as_bytes());
        body.extend_from_slice(b"\",\"timestamp\":\"");
        body.extend_from_slice(created_at.to_string().as_bytes());
        body.extend_from_slice(b"\",\"data\":");
        let data_at = body.len();
        body.extend_from_slice(&new.data);
        body.push(b'}');
        Self {
            id,
            company: new.company,
            event_type: new.event_type,
            external_id: new.external_id,
            created_at,
            deliveries: 0,
            body: body.into(),
            data_at,
            parsed: new.parsed.map_or_else(OnceCell::new, |value| OnceCell::from(Some(value))),
        }
    }

    fn has_content(&self, event_type: &str, data: &[u8]) -> bool {
        if self.event_type != event_type {
            return false;
        }
        let own = self.data();
        own == data || {
            let own = serde_json::from_slice::<Value>(&own);
            let other = serde_json::from_slice::<Value>(data);
            matches!((own, other), (Ok(own), Ok(other)) if own == other)
        }
    }
}

/// Reacts to events inside the transaction that publishes them.
pub trait Subscriber: Send + Sync + 'static {
    /// Handles one event; returns how many deliveries it created.
    ///
    /// # Errors
    /// Any error undoes the whole transaction, the event included.
    fn on_event(&self, tx: &mut Tx<'_>, event: &Event) -> Result<u32, Error>;
}

/// Publishes events to the subscribers it was made with.
#[derive(Clone, Default)]
pub struct Events {
    subscribers: Arc<[Arc<dyn Subscriber>]>,
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("subscribers", &self.subscribers.len()).finish()
    }
}

impl Events {
    /// Connects the subscribers, which are called in this order.
    #[must_use]
    pub fn new(subscribers: Vec<Arc<dyn Subscriber>>) -> Self {
        Self { subscribers: subscribers.into() }
    }

    /// Stores an event and runs the subscribers in the same transaction.
    ///
    /// # Errors
    /// [`Error::OtherContent`] when the given id belongs to an event with other content, also one the server gave; what a
    /// subscriber or the store fails with.
    pub fn publish(&self, tx: &mut Tx<'_>, new: NewEvent) -> Result<Published, Error> {
        tx.admit_new_work()?;
        if let Some(external_id) = &new.external_id
            && let Some(existing) = find_by_message_id(tx, new.company, external_id)?
        {
            return if existing.has_content(&new.event_type, &new.data) {
                let message_id = existing.message_id();
                Ok(Published { id: existing.id, message_id, deliveries: existing.deliveries, is_duplicate: true })
            } else {
                Err(Error::OtherContent(external_id.clone()))
            };
        }
        let id = EventId::from_raw(tx.mint());
        let mut event = Event::new(id, tx.now(), new);
        for subscriber in self.subscribers.iter() {
            event.deliveries += subscriber.on_event(tx, &event)?;
        }
        record(tx, &event)?;
        Ok(Published { id, message_id: event.message_id(), deliveries: event.deliveries, is_duplicate: false })
    }
}
