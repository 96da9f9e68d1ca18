//! JSON merge patch (RFC 7396): a field left out stays, a null clears, a value replaces.

use serde::{Deserialize, Deserializer};

use super::Problem;

/// What a patch says about one field. Wire types mark it `#[serde(default)]` and, for the document,
/// `#[schema(value_type = Option<T>)]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Change<T> {
    /// The field was left out.
    #[default]
    Keep,
    /// The field was null.
    Clear,
    /// The field had a value.
    Set(T),
}

impl<T> Change<T> {
    /// Applies the change to a field that may be empty.
    pub fn apply(self, field: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *field = None,
            Self::Set(value) => *field = Some(value),
        }
    }

    /// Applies the change to a field that has a default instead of being empty.
    pub fn apply_or_default(self, field: &mut T)
    where
        T: Default,
    {
        match self {
            Self::Keep => {}
            Self::Clear => *field = T::default(),
            Self::Set(value) => *field = value,
        }
    }

    /// The new value of a field that cannot be cleared.
    ///
    /// # Errors
    /// 422 with the field's pointer for a null.
    pub fn required(self, pointer: &'static str) -> Result<Option<T>, Problem> {
        match self {
            Self::Keep => Ok(None),
            Self::Clear => Err(Problem::invalid(pointer, "cannot be null")),
            Self::Set(value) => Ok(Some(value)),
        }
    }

    /// Whether the patch leaves the field alone.
    #[must_use]
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// The same change of a converted value.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Change<U> {
        match self {
            Self::Keep => Change::Keep,
            Self::Clear => Change::Clear,
            Self::Set(value) => Change::Set(convert(value)),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(|value| value.map_or(Self::Clear, Self::Set))
    }
}
