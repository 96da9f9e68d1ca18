//! What takes a finished message and says what became of it.

use std::{fmt, future::Future, pin::Pin};

use super::Address;
use crate::base::Timestamp;

/// Longest text kept of what a server said.
const WORDS_CHARACTERS_MAX: usize = 500;

/// From whom and to whom a message goes on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Who is told when it cannot be delivered further on.
    pub from: Address,
    /// Who gets it; never empty.
    pub to: Vec<Address>,
}

/// What a server said about one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The server has taken it over.
    Accepted(String),
    /// Not now (4xx).
    Deferred(String),
    /// Never (5xx).
    Refused(String),
}

/// What became of a message that was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handover {
    /// The server has answered, for each recipient in the order of the envelope.
    Answered(Vec<Verdict>),
    /// The server was not reached, or not usable; nobody got anything.
    Unreachable(String),
    /// The message was sent and no answer came: it may have arrived.
    Unknown(String),
}

/// How a transport fares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// When it last got an answer.
    pub reached_at: Option<Timestamp>,
    /// Since when and why it gets none; nothing while all is well.
    pub trouble: Option<(Timestamp, String)>,
}

/// A handover on its way.
pub type HandingOver<'a> = Pin<Box<dyn Future<Output = Handover> + Send + 'a>>;

/// Takes finished messages to where they go.
pub trait Transport: Send + Sync + fmt::Debug {
    /// Hands a message over; ends before the deadline on the process's monotonic clock. Dropping it may leave the
    /// message sent.
    fn hand_over<'a>(&'a self, envelope: &'a Envelope, message: &'a [u8], deadline_mono_ms: u64) -> HandingOver<'a>;

    /// How it fares.
    fn standing(&self) -> Standing;
}

/// What a server said, as one line of bounded length.
pub(super) fn words(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().filter(|c| !c.is_control()).take(WORDS_CHARACTERS_MAX).collect()
}
