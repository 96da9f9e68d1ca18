//! A point in time with millisecond precision, RFC 3339 in text.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// Why a text is no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    /// It is not of the form.
    #[error("is not an RFC 3339 time such as 2026-01-31T12:00:00Z")]
    Form,
    /// It names a time, but one that lies too far away.
    #[error("lies outside the times that can be kept, which end at 9999-12-30T22:00:00Z")]
    Range,
}

impl Timestamp {
    /// Wraps milliseconds since the epoch.
    #[must_use]
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_ms(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This time plus a number of milliseconds, capped at the ends of the range.
    #[must_use]
    pub const fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add_unsigned(ms))
    }

    /// The last whole multiple of a unit that is not later than this time.
    #[must_use]
    pub const fn floor(self, unit_ms: u64) -> Self {
        Self(self.0.saturating_sub(self.0.rem_euclid(unit_ms.cast_signed())))
    }

    /// Milliseconds from `earlier` to this time; zero when this time is not later.
    #[must_use]
    pub const fn ms_since(self, earlier: Self) -> u64 {
        let difference = self.0.saturating_sub(earlier.0);
        if difference > 0 { difference.cast_unsigned() } else { 0 }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(time) => write!(f, "{time:.3}"),
            Err(_) => write!(f, "{}", if self.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX }),
        }
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        text.parse::<jiff::Timestamp>().map(|time| Self(time.as_millisecond())).map_err(|_| {
            // What has all the parts of a time and is none lies at the ends of the calendar.
            let pieces = jiff::fmt::temporal::Pieces::parse(text);
            let is_whole = pieces.is_ok_and(|pieces| pieces.time().is_some() && pieces.offset().is_some());
            if is_whole { TimestampError::Range } else { TimestampError::Form }
        })
    }
}

/// RFC 3339 text in self-describing formats (JSON), a number in compact ones (postcard).
impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
            text.parse().map_err(serde::de::Error::custom)
        } else {
            i64::deserialize(deserializer).map(Self)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Timestamp, TimestampError};

    #[test]
    fn units_begin_at_whole_multiples() {
        for (ms, floor) in [(0, 0), (59_999, 0), (60_000, 60_000), (-1, -60_000), (i64::MIN, i64::MIN)] {
            assert_eq!(Timestamp::from_ms(ms).floor(60_000), Timestamp::from_ms(floor), "{ms}");
        }
    }

    #[test]
    fn text_has_milliseconds_and_round_trips() {
        let time = Timestamp::from_ms(1_767_225_600_007);
        assert_eq!(time.to_string(), "2026-01-01T00:00:00.007Z");
        assert_eq!("2026-01-01T00:00:00.007Z".parse(), Ok(time));
        assert_eq!("2026-01-01T01:00:00.007+01:00".parse(), Ok(time));
        for form in ["yesterday", "2026-01-31", "2026-01-31T12:00:00", "2026-02-30T12:00:00Z", "12026-01-31T12:00:00Z"]
        {
            assert_eq!(form.parse::<Timestamp>(), Err(TimestampError::Form), "{form}");
        }
        assert_eq!("9999-12-31T23:59:59Z".parse::<Timestamp>(), Err(TimestampError::Range));
        assert!("9999-12-30T22:00:00Z".parse::<Timestamp>().is_ok());
        assert_eq!("9999-12-30T22:00:01Z".parse::<Timestamp>(), Err(TimestampError::Range));
    }
}
