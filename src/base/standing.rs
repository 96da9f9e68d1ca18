//! How something outside of the process fares, as the last tries found it.

use super::Timestamp;

/// Whether something outside can be used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// When it could be used last.
    pub reached_at: Option<Timestamp>,
    /// Since when it cannot be used, and why, without addresses, paths and names: anybody may read it. Nothing while all
    /// is well.
    pub trouble: Option<(Timestamp, String)>,
}

impl Standing {
    /// It could be used.
    pub fn reached(&mut self, now: Timestamp) {
        *self = Self { reached_at: Some(now), trouble: None };
    }

    /// It could not be used; trouble that goes on began when it was first seen.
    pub fn failed(&mut self, now: Timestamp, reason: String) {
        let since = self.trouble.as_ref().map_or(now, |(since, _)| *since);
        self.trouble = Some((since, reason));
    }
}
