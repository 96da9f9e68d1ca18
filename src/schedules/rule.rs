//! When a schedule ticks: the cron rule or the interval, and what the clocks of its time zone do to it. Pure.
//!
//! A cron rule names local times. Where a zone sets its clock, this is what happens:
//!
//! - a local time that is skipped happens at the moment the clock is set forward; several that are skipped together are
//!   one tick, also with one that stands at that moment anyway;
//! - a local time that comes twice happens the first time only, unless the rule names every hour of the day: such a rule
//!   follows real time, so "every ten minutes" and "@hourly" tick in both.
//!
//! The pattern itself is matched by `croner` on local times without a zone, and the zones are those bundled with `jiff`,
//! so that a rule means the same on every machine, also without files of time zones.

use std::fmt;

use croner::{
    Cron,
    errors::CronError,
    parser::{CronParser, Seconds, Year},
};
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};

use crate::base::Timestamp;

/// Longest text of a cron rule, in bytes.
pub(super) const CRON_BYTES_MAX: usize = 256;
/// Shortest interval.
pub(super) const EVERY_MS_MIN: u64 = 1_000;
/// Longest interval: a year.
pub(super) const EVERY_MS_MAX: u64 = 366 * 24 * 3_600_000;
/// Settings of the clock that are looked across for the next tick; no zone has as many in fifty years.
const SETTINGS_MAX: usize = 400;

/// The fields of a cron rule; the first may be left out.
const FIELDS: [&str; 6] = ["seconds", "minute", "hour", "day of month", "month", "day of week"];

/// Why a rule cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The text is no cron rule.
    #[error("is not a cron rule of 5 or 6 fields or one of @hourly, @daily, @weekly, @monthly, @yearly: {0}")]
    Cron(String),
    /// No time ever fits.
    #[error("never comes: no date fits the rule")]
    Never,
    /// There is no such time zone.
    #[error("there is no time zone \"{0}\"; give a name of the IANA database, as Europe/Berlin")]
    Zone(String),
    /// The interval is too short or too long.
    #[error("must be between {EVERY_MS_MIN} and {EVERY_MS_MAX}")]
    Every,
}

/// A rule that was found good.
#[derive(Clone)]
pub(super) enum Rule {
    /// Local times of a zone.
    Cron(Box<CronRule>),
    /// Every so many milliseconds, counted from a moment.
    Every {
        /// The interval.
        ms: u64,
        /// The moment; the first tick is one interval later.
        anchor: Timestamp,
    },
}

/// A pattern of local times in a zone.
#[derive(Clone)]
pub(super) struct CronRule {
    cron: Cron,
    zone: TimeZone,
    /// Whether the pattern names every hour, and so follows real time.
    is_every_hour: bool,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cron(rule) => write!(f, "Cron({:?} in {:?})", rule.cron.pattern.to_string(), rule.zone.iana_name()),
            Self::Every { ms, .. } => write!(f, "Every({ms} ms)"),
        }
    }
}

impl Rule {
    /// The rule of a cron text in a zone that comes at least once after `now`.
    ///
    /// # Errors
    /// [`RuleError::Cron`], [`RuleError::Zone`], [`RuleError::Never`].
    pub(super) fn cron(text: &str, zone: &str, now: Timestamp) -> Result<Self, RuleError> {
        let zone = find_zone(zone)?;
        let cron = parse(text)?;
        let is_every_hour = names_every_hour(text);
        let rule = Self::Cron(Box::new(CronRule { cron, zone, is_every_hour }));
        if rule.next(now).is_none() { Err(RuleError::Never) } else { Ok(rule) }
    }

    /// The rule of an interval.
    ///
    /// # Errors
    /// [`RuleError::Every`].
    pub(super) fn every(ms: u64, anchor: Timestamp) -> Result<Self, RuleError> {
        if (EVERY_MS_MIN..=EVERY_MS_MAX).contains(&ms) { Ok(Self::Every { ms, anchor }) } else { Err(RuleError::Every) }
    }

    /// The first tick after a time; none when there is none before the end of the calendar.
    pub(super) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Cron(rule) => rule.next(after),
            Self::Every { ms, anchor } => {
                let passed = after.ms_since(*anchor) / ms;
                Some(anchor.plus_ms(passed.saturating_add(1).saturating_mul(*ms)))
            }
        }
    }
}

/// The name of a zone as its database spells it.
///
/// # Errors
/// [`RuleError::Zone`].
pub(super) fn zone_name(name: &str) -> Result<String, RuleError> {
    Ok(find_zone(name)?.iana_name().unwrap_or("UTC").to_owned())
}

fn find_zone(name: &str) -> Result<TimeZone, RuleError> {
    let short: String = name.chars().take(64).collect();
    TimeZoneDatabase::bundled().get(&short).map_err(|_| RuleError::Zone(short))
}

fn parse(text: &str) -> Result<Cron, RuleError> {
    if text.len() > CRON_BYTES_MAX {
        return Err(RuleError::Cron(format!("it has more than {CRON_BYTES_MAX} bytes")));
    }
    // The other name that cron has for it.
    let text = if text.trim().eq_ignore_ascii_case("@midnight") { "@daily" } else { text };
    let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
    parser.parse(text).map_err(|error| RuleError::Cron(complaint(parser, text, &error)))
}

/// What is wrong with a text that cannot be read: how many fields it has, or which one cannot stand alone either.
fn complaint(parser: CronParser, text: &str, error: &CronError) -> String {
    let fields: Vec<&str> = text.split_whitespace().collect();
    if text.trim_start().starts_with('@') {
        return "there is no such name".to_owned();
    }
    if !(FIELDS.len() - 1..=FIELDS.len()).contains(&fields.len()) {
        return format!("it has {} fields", fields.len());
    }
    let stands_alone = |place: usize, field: &str| {
        let alone: Vec<&str> = (0..fields.len()).map(|other| if other == place { field } else { "*" }).collect();
        parser.parse(&alone.join(" ")).is_ok()
    };
    let names = FIELDS.iter().skip(FIELDS.len() - fields.len());
    let wrong = fields.iter().zip(names).enumerate().find(|(place, (field, _))| !stands_alone(*place, field));
    match wrong {
        Some((_, (field, name))) => format!("its {name} \"{field}\" cannot be read"),
        None => error.to_string(),
    }
}

/// Whether the field of hours admits all of them.
fn names_every_hour(text: &str) -> bool {
    let text = text.trim();
    if text.starts_with('@') {
        return text.eq_ignore_ascii_case("@hourly");
    }
    // The fourth field from the end, with and without one for seconds.
    let Some(hours) = text.split_whitespace().rev().nth(3) else { return false };
    let Ok(alone) = parse(&format!("0 {hours} * * *")) else { return false };
    let day = jiff::civil::date(2001, 1, 1);
    (0..24).all(|hour| alone.is_time_matching(&day.at(hour, 0, 0, 0)).unwrap_or(false))
}

/// A stretch of time in which the clock of a zone is not set.
struct Stretch {
    /// When it begins, with the offset before; none for the first of all.
    start: Option<(jiff::Timestamp, Offset)>,
    offset: Offset,
    end: Option<jiff::Timestamp>,
}

impl Stretch {
    fn around(zone: &TimeZone, at: jiff::Timestamp) -> Option<Self> {
        let second = jiff::SignedDuration::from_secs(1);
        let start = zone.preceding(at.checked_add(second).ok()?).next().map(|set| set.timestamp());
        let start = start.and_then(|start| Some((start, zone.to_offset(start.checked_sub(second).ok()?))));
        let end = zone.following(at).next().map(|set| set.timestamp());
        Some(Self { start, offset: zone.to_offset(at), end })
    }
}

/// What is known after one stretch was looked at.
enum Found {
    At(jiff::Timestamp),
    /// Nothing before this.
    NotBefore(jiff::Timestamp),
    Never,
}

impl CronRule {
    fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let mut from = jiff::Timestamp::from_second(after.as_seconds().checked_add(1)?).ok()?;
        for _ in 0..SETTINGS_MAX {
            match self.next_in(&Stretch::around(&self.zone, from)?, from)? {
                Found::At(time) => return Some(Timestamp::from_ms(time.as_millisecond())),
                Found::NotBefore(time) => from = time,
                Found::Never => return None,
            }
        }
        None
    }

    fn next_in(&self, stretch: &Stretch, from: jiff::Timestamp) -> Option<Found> {
        let Stretch { start, offset, end } = *stretch;
        let mut local = offset.to_datetime(from);
        if let Some((start, before)) = start {
            let should_be = before.to_datetime(start);
            if from == start && should_be < local && self.find(should_be).is_some_and(|time| time < local) {
                return Some(Found::At(start));
            }
            // Up to what the clock showed when it was set back, everything was there before.
            if !self.is_every_hour {
                local = local.max(should_be);
            }
        }
        let Some(found) = self.find(local) else { return Some(Found::Never) };
        let at = offset.to_timestamp(found).ok()?;
        Some(match end {
            Some(end) if at >= end => Found::NotBefore(end),
            _ => Found::At(at),
        })
    }

    /// The first local time from `local` on that fits.
    fn find(&self, local: jiff::civil::DateTime) -> Option<jiff::civil::DateTime> {
        self.cron.find_next_occurrence(&local, true).ok()
    }
}
