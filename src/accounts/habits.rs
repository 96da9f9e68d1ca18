//! What a person's sign-ins usually look like, and what the person was told of late; pure.
//!
//! A *place* is a network with a kind of client: what an address and a `User-Agent` leave of themselves when what changes
//! by itself is taken off. Places are kept as hashes, the last few of each person.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::letters::Notice;
use crate::{base::Timestamp, limits::Subject, named_value};

/// Places that are remembered of a person; the one that was not seen for the longest time gives way.
const PLACES_MAX: usize = 20;
/// How many failed tries before a sign-in are worth telling about.
const FAILURES_TOLD: u32 = 3;
/// How long a person is not told the same again.
const TOLD_EVERY_MS: u64 = 3_600_000;

/// The word under which a look at the mailbox is remembered.
const MAILBOX: &str = "mailbox";

/// A network with a kind of client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place([u8; 16]);

impl Place {
    /// Where a client with this address and name is. Providers change the last part of an address and browsers their
    /// version from day to day, so these do not count.
    pub(super) fn of(address: IpAddr, client: &str) -> Self {
        let network = match address.to_canonical() {
            IpAddr::V4(v4) => u128::from(v4.to_bits() >> 8),
            IpAddr::V6(v6) => (1 << 127) | (v6.to_bits() >> 80),
        };
        let kind: String = client.chars().filter(|c| c.is_alphabetic()).take(200).collect();
        Self(Subject::of(&[&network.to_be_bytes(), kind.as_bytes()]).bytes())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    place: Place,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    notice: String,
    at: Timestamp,
}

/// What is remembered of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HabitsRow {
    places: Vec<Seen>,
    /// Refused tries since the last sign-in.
    failures: u32,
    told: Vec<Told>,
}
named_value!(HabitsRow, 1);

impl HabitsRow {
    /// Counts a refused try.
    pub(super) fn failed(&mut self) {
        self.failures = self.failures.saturating_add(1);
    }

    /// Takes a sign-in in; answers what is unusual about it. Nothing is, at the first one of all.
    pub(super) fn signed_in(&mut self, place: Place, now: Timestamp) -> Vec<Notice> {
        let mut unusual = Vec::new();
        let failures = std::mem::take(&mut self.failures);
        if failures >= FAILURES_TOLD {
            unusual.push(Notice::SignedInAfterFailures);
        }
        let is_first = self.places.is_empty();
        if let Some(seen) = self.places.iter_mut().find(|seen| seen.place == place) {
            seen.at = now;
            return unusual;
        }
        if !is_first {
            unusual.push(Notice::SignedInElsewhere);
        }
        if self.places.len() >= PLACES_MAX {
            let oldest = self.places.iter().map(|seen| seen.at).min();
            let position = self.places.iter().position(|seen| Some(seen.at) == oldest);
            position.map(|position| self.places.swap_remove(position));
        }
        self.places.push(Seen { place, at: now });
        unusual
    }

    /// Whether the person should be told this now, which counts as telling it.
    pub(super) fn is_news(&mut self, notice: Notice, now: Timestamp) -> bool {
        self.is_first_of_hour(notice.as_str(), now)
    }

    /// Whether a look at the mailbox of the company is to be recorded now, which counts as recording it.
    pub(super) fn looks_anew(&mut self, now: Timestamp) -> bool {
        self.is_first_of_hour(MAILBOX, now)
    }

    fn is_first_of_hour(&mut self, what: &str, now: Timestamp) -> bool {
        self.told.retain(|told| now.ms_since(told.at) < TOLD_EVERY_MS);
        let is_first = self.told.iter().all(|told| told.notice != what);
        if is_first {
            self.told.push(Told { notice: what.to_owned(), at: now });
        }
        is_first
    }
}

#[cfg(test)]
mod tests {
    use super::{HabitsRow, Notice, PLACES_MAX, Place};
    use crate::base::Timestamp;

    const HOUR_MS: i64 = 3_600_000;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms)
    }

    fn place(address: &str, client: &str) -> Place {
        Place::of(address.parse().unwrap(), client)
    }

    #[test]
    fn what_changes_by_itself_makes_no_other_place() {
        let home = place("192.0.2.1", "Browser/100.0 (Linux)");
        assert_eq!(home, place("192.0.2.77", "Browser/101.2 (Linux)"));
        assert_eq!(home, place("::ffff:192.0.2.9", "Browser/100.0 (Linux)"));
        for other in
            [place("192.0.3.1", "Browser/100.0 (Linux)"), place("192.0.2.1", "curl/8"), place("2001:db8::1", "")]
        {
            assert_ne!(home, other);
        }
        assert_eq!(place("2001:db8:1::1", "a"), place("2001:db8:1:ff::2", "a"));
        assert_ne!(place("2001:db8:1::1", "a"), place("2001:db8:2::1", "a"));
    }

    #[test]
    fn only_a_place_that_is_not_known_is_news_and_never_the_first_one() {
        let mut habits = HabitsRow::default();
        let (home, cafe) = (place("192.0.2.1", "a"), place("198.51.100.1", "a"));
        assert_eq!(habits.signed_in(home, at(1)), []);
        assert_eq!(habits.signed_in(home, at(2)), []);
        assert_eq!(habits.signed_in(cafe, at(3)), [Notice::SignedInElsewhere]);
        assert_eq!(habits.signed_in(cafe, at(4)), []);
    }

    #[test]
    fn the_places_are_bounded_and_the_longest_unseen_goes() {
        let mut habits = HabitsRow::default();
        let numbered = |number: usize| place(&format!("10.0.{number}.1"), "a");
        for number in 0..=PLACES_MAX {
            habits.signed_in(numbered(number), at(number as i64));
        }
        assert_eq!(habits.places.len(), PLACES_MAX);
        assert_eq!(habits.signed_in(numbered(1), at(100)), []);
        assert_eq!(habits.signed_in(numbered(0), at(101)), [Notice::SignedInElsewhere], "forgotten");
        assert_eq!(habits.signed_in(numbered(1), at(102)), [], "seen lately, so kept");
    }

    #[test]
    fn failures_are_told_with_the_sign_in_after_them_and_begin_anew() {
        let mut habits = HabitsRow::default();
        let home = place("192.0.2.1", "a");
        habits.signed_in(home, at(0));
        habits.failed();
        habits.failed();
        assert_eq!(habits.signed_in(home, at(1)), [], "anybody mistypes");
        (0..3).for_each(|_| habits.failed());
        assert_eq!(habits.signed_in(home, at(2)), [Notice::SignedInAfterFailures]);
        assert_eq!(habits.signed_in(home, at(3)), []);
    }

    #[test]
    fn the_same_is_told_once_an_hour() {
        let mut habits = HabitsRow::default();
        assert!(habits.is_news(Notice::FactorRefused, at(0)));
        assert!(!habits.is_news(Notice::FactorRefused, at(HOUR_MS - 1)));
        assert!(habits.is_news(Notice::PasswordChanged, at(HOUR_MS - 1)), "something else");
        assert!(habits.is_news(Notice::FactorRefused, at(HOUR_MS)));
        assert!(habits.told.len() <= 2);
    }
}
