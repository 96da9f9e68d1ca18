//! What takes a finished message and says what became of it.

use std::{fmt, future::Future, net::IpAddr, pin::Pin};

use super::Address;
use crate::base::Standing;

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
    let hidden = |word: &str| {
        if word.contains('@') || names_machine(word) { "(address)".to_owned() } else { word.to_owned() }
    };
    text.split(' ').map(hidden).collect::<Vec<_>>().join(" ")
}

/// Whether the address of a machine stands anywhere in a word, with brackets, a port or a name around it.
fn names_machine(word: &str) -> bool {
    let is_address = |text: &str| text.parse::<IpAddr>().is_ok();
    word.split(|c: char| !(c.is_ascii_hexdigit() || matches!(c, '.' | ':'))).any(|run| {
        let bare = run.trim_matches(['.', ':']);
        let without_port = bare.rsplit_once(':').map_or(bare, |(before, _)| before);
        let without_name = bare.split_once(':').map_or(bare, |(_, after)| after);
        [run, bare, without_port, without_name].into_iter().chain(bare.split(':')).any(is_address)
    })
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
            ("450 rejected, rip=192.0.2.7, lip=[2001:db8::7]:25", "450 rejected, (address) (address)"),
            ("421 (192.0.2.7) from=<mx[192.0.2.7]> ehlo=<[IPv6:fe80::1%eth0]>", "421 (address) (address) (address)"),
            ("554 client:192.0.2.7/32;2001:db8::/32 \"192.0.2.7.\"", "554 (address) (address)"),
            ("source:192.0.2.7:25 and ::1 at 12:30:45", "(address) and (address) at 12:30:45"),
            ("cannot connect: Connection refused (os error 111)", "cannot connect: Connection refused (os error 111)"),
        ] {
            assert_eq!(without_addresses(said), told);
        }
    }
}
