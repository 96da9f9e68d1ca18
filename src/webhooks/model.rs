//! What a webhook, a delivery and an attempt are. Pure.

use std::{fmt, net::SocketAddr, str::FromStr};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{
    response::FailureKind,
    retry::RetryPolicy,
    secret::{Secret, Seed},
    subscription::Subscription,
};
use crate::base::{AttemptId, CompanyId, DeliveryId, EventId, JobId, Timestamp, WebhookId};

/// The most webhooks of a company.
pub(super) const WEBHOOKS_MAX: u64 = 10_000;
/// The most subscriptions of a webhook.
pub(super) const SUBSCRIPTIONS_MAX: usize = 100;
/// The longest description of a webhook or an event type, in characters.
pub(super) const DESCRIPTION_CHARS_MAX: usize = 1000;
/// The shortest deadline of an attempt a webhook may ask for.
pub(super) const TIMEOUT_MS_MIN: u32 = 1000;
/// The longest deadline of an attempt a webhook may ask for.
pub(super) const TIMEOUT_MS_MAX: u32 = 30_000;
/// The highest rate a webhook may ask for, in deliveries per second.
pub(super) const RATE_LIMIT_MAX: u32 = 10_000;
/// The longest overlap of a rotation: 7 days.
pub(super) const GRACE_SECONDS_MAX: u64 = 7 * 24 * 3600;
/// The overlap of a rotation when the caller does not say: 24 h.
pub(super) const GRACE_SECONDS_DEFAULT: u64 = 24 * 3600;
/// How long a webhook may fail without one success before it is disabled: 5 days.
pub(super) const FAILING_MS_MAX: u64 = 5 * 24 * 3600 * 1000;

/// The state of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DeliveryState {
    /// Waits for its first or next attempt, or is in one.
    Pending,
    /// An attempt was answered with 2xx.
    Succeeded,
    /// Its attempts are used up, or another one cannot help.
    Failed,
    /// Stopped by a caller, or by the deletion of its webhook.
    Cancelled,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Succeeded, Self::Failed, Self::Cancelled];

    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A word that names no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not one of pending, succeeded, failed, cancelled")]
pub struct UnknownState;

impl FromStr for DeliveryState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(UnknownState)
    }
}

/// Why a delivery was created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trigger {
    /// An event was published.
    Event,
    /// Somebody replayed events or deliveries.
    Replay,
    /// Somebody tested the webhook.
    Test,
}

impl Trigger {
    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Replay => "replay",
            Self::Test => "test",
        }
    }
}

/// Why a webhook does not get events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DisabledReason {
    /// Its owner switched it off.
    Owner,
    /// The receiver answered 410 twice in a row, or asked for it with `webhook-delivery: disable`.
    Gone,
    /// Nothing succeeded for 5 days.
    Failing,
}

impl DisabledReason {
    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Gone => "gone",
            Self::Failing => "failing",
        }
    }
}

/// A webhook without its secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Whose it is.
    pub company: CompanyId,
    /// The canonical URL.
    pub url: String,
    /// What its owner says about it.
    pub description: String,
    /// Which events it gets.
    pub subscriptions: Vec<Subscription>,
    /// Why and since when it gets nothing; `None` while enabled.
    pub disabled: Option<(DisabledReason, Timestamp)>,
    /// When failed deliveries are tried again.
    pub retry: RetryPolicy,
    /// Deadline of one attempt; `None` follows the instance.
    pub timeout_ms: Option<u32>,
    /// Deliveries per second; `None` sets no limit.
    pub rate_limit: Option<u32>,
    /// One delivery at a time, in order.
    pub is_ordered: bool,
    /// The content filter as JSON text.
    pub filter: Option<String>,
    /// Whether attempts also carry an Ed25519 signature.
    pub has_ed25519: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its settings changed last.
    pub updated_at: Timestamp,
}

impl Webhook {
    /// Whether it gets events.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.disabled.is_none()
    }
}

/// What is sealed of a webhook.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secrets {
    /// The secret that signs.
    pub current: Secret,
    /// The seed of the Ed25519 key that signs, when asked for.
    pub seed: Option<Seed>,
    /// The secret before the last rotation.
    pub previous: Option<PreviousSecret>,
    /// Custom headers, in the order given; values may be credentials.
    pub headers: Vec<(String, String)>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").field("headers", &self.headers.len()).finish_non_exhaustive()
    }
}

/// A secret that signs until its time has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousSecret {
    /// The secret.
    pub secret: Secret,
    /// The seed that belonged to it.
    pub seed: Option<Seed>,
    /// When it stops signing.
    pub until: Timestamp,
}

/// One event for one webhook.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Its id; the low half is the webhook's `hi`.
    pub id: DeliveryId,
    /// Whose it is.
    pub company: CompanyId,
    /// The event that is delivered.
    pub event: EventId,
    /// The id its sender chose, by which callers know it.
    pub external_id: Option<String>,
    /// The type of that event.
    pub event_type: String,
    /// The job that carries it, or carried it last.
    pub job: Option<JobId>,
    /// Its state.
    pub state: DeliveryState,
    /// Why it exists.
    pub trigger: Trigger,
    /// Attempts made so far.
    pub attempts: u32,
    /// When the next attempt is due; `None` when at once or never.
    pub next_attempt_at: Option<Timestamp>,
    /// When it left the state pending.
    pub finished_at: Option<Timestamp>,
    /// Status of the last answer.
    pub last_status: Option<u16>,
    /// Why the last attempt failed, in words; empty when it did not.
    pub last_error: String,
}

impl Delivery {
    /// The `hi` of its webhook.
    #[must_use]
    pub const fn webhook_hi(&self) -> u64 {
        self.id.raw().lo
    }

    /// The id callers know its event by.
    #[must_use]
    pub fn message_id(&self) -> String {
        self.external_id.clone().unwrap_or_else(|| self.event.to_string())
    }

    /// When it was created: the time inside its id.
    #[must_use]
    pub const fn created_at(&self) -> Timestamp {
        Timestamp::from_ms((self.id.hi() >> 16).cast_signed())
    }
}

/// One HTTP try of a delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its id.
    pub id: AttemptId,
    /// 1 for the first of its delivery.
    pub number: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// Why it did not succeed; `None` when it did.
    pub failure: Option<FailureKind>,
    /// The reason in words; empty when it succeeded.
    pub reason: String,
    /// Status of the answer, when there was one.
    pub status: Option<u16>,
    /// The request line and headers as sent, one per line, credentials masked.
    pub request: String,
    /// The headers of the answer, one per line.
    pub response: String,
    /// The first bytes of the answer's body.
    pub body: Bytes,
    /// Whether the body was longer than what is kept.
    pub is_truncated: bool,
    /// The address connected to.
    pub address: Option<SocketAddr>,
    /// How long each phase took.
    pub phases: Phases,
}

impl Attempt {
    /// How many bytes its texts take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.request.len() + self.response.len() + self.body.len() + self.reason.len()
    }
}

/// How long each phase of an attempt took, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phases {
    /// Looking up the name.
    pub dns_us: u32,
    /// Opening the connection.
    pub connect_us: u32,
    /// The TLS handshake.
    pub tls_us: u32,
    /// Sending the request.
    pub write_us: u32,
    /// Waiting for the first byte of the answer.
    pub wait_us: u32,
    /// Reading the answer.
    pub read_us: u32,
    /// All of it.
    pub total_us: u32,
    /// Whether an open connection was used again.
    pub is_reused: bool,
}

/// What must be remembered of a webhook's recent results.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Health {
    /// The circuit breaker.
    pub breaker: super::breaker::Breaker,
    /// 410 answers in a row.
    pub gone_in_row: u32,
    /// Since when nothing has succeeded; `None` after a success.
    pub failing_since: Option<Timestamp>,
    /// The last failure, kept after a success too.
    pub last_failure: Option<LastFailure>,
}

/// The last failed attempt of a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LastFailure {
    /// When it ended.
    pub at: Timestamp,
    /// Why, in words.
    pub reason: String,
    /// Status of the answer, when there was one.
    pub status: Option<u16>,
}

impl Health {
    /// Whether a success would change nothing.
    #[must_use]
    pub(super) fn is_clean(&self) -> bool {
        self.gone_in_row == 0 && self.failing_since.is_none() && self.breaker == super::breaker::Breaker::default()
    }
}
