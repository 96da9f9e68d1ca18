//! What takes a finished message and says what became of it.

use std::{fmt, future::Future, net::IpAddr, pin::Pin};

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
    /// Since when and why it gets none, without addresses: anybody may read it. Nothing while all is well.
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

/// The same words without addresses of people and machines, which servers like to repeat.
pub(super) fn without_addresses(text: &str) -> String {
    let is_machine = |word: &str| {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != ':');
        let bare = bare.strip_prefix("IPv6:").unwrap_or(bare);
        let host = bare.rsplit_once(':').map_or(bare, |(host, _)| host.trim_matches(['[', ']']));
        bare.parse::<IpAddr>().is_ok() || host.parse::<IpAddr>().is_ok()
    };
    let hidden =
        |word: &str| if word.contains('@') || is_machine(word) { "(address)".to_owned() } else { word.to_owned() };
    text.split(' ').map(hidden).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::without_addresses;

    #[test]
    fn words_for_everybody_have_no_addresses() {
        for (said, told) in [
            ("550 5.1.0 <ada@example.com>: sender refused", "550 5.1.0 (address) sender refused"),
            (
                "554 Client host [192.0.2.7] blocked using list.example",
                "554 Client host (address) blocked using list.example",
            ),
            ("421 too many from [IPv6:2001:db8::1]", "421 too many from (address)"),
            ("refused by 192.0.2.7:25, later", "refused by (address) later"),
            ("535 5.7.8 sign-in failed for user=ops@example.com", "535 5.7.8 sign-in failed for (address)"),
            ("cannot connect: Connection refused (os error 111)", "cannot connect: Connection refused (os error 111)"),
        ] {
            assert_eq!(without_addresses(said), told);
        }
    }
}
