//! One record of a dataset and its cells. Pure.

use crate::base::Timestamp;

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// There is none.
    Empty,
    /// Text, as it was given by whoever it came from.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A moment.
    Time(Timestamp),
}

impl Cell {
    /// The value as text; empty when there is none.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Time(at) => at.to_string(),
        }
    }

    /// Whether the value reads like this text.
    #[must_use]
    pub fn reads(&self, wanted: &str) -> bool {
        match self {
            Self::Text(text) => text == wanted,
            Self::Empty => wanted.is_empty(),
            Self::Number(_) | Self::Time(_) => self.to_text() == wanted,
        }
    }

    /// A number of any size, as far as it fits.
    pub fn number(value: impl TryInto<i64>) -> Self {
        Self::Number(value.try_into().unwrap_or(i64::MAX))
    }

    /// Text, or nothing.
    pub fn text(value: Option<impl Into<String>>) -> Self {
        value.map_or(Self::Empty, |text| Self::Text(text.into()))
    }

    /// A moment, or nothing.
    #[must_use]
    pub fn time(value: Option<Timestamp>) -> Self {
        value.map_or(Self::Empty, Self::Time)
    }

    /// The milliseconds from one moment to another, when both are known.
    #[must_use]
    pub fn duration(from: Option<Timestamp>, to: Option<Timestamp>) -> Self {
        from.zip(to).map_or(Self::Empty, |(from, to)| Self::number(to.ms_since(from)))
    }
}

/// One record: the moment it counts for, and its cells in the order of the definition's columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The moment.
    pub at: Timestamp,
    /// How many it counts for: one, unless its source has counted them already.
    pub weight: u64,
    /// The cells.
    pub cells: Vec<Cell>,
}
