//! The names of queues.

use std::{fmt, str::FromStr, sync::Arc};

/// The name of a queue: 1 to 64 of `a-z 0-9 . _ -`, beginning with a letter or digit.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QueueName(Arc<str>);

/// A text that is not a queue name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not 1 to 64 characters of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit")]
pub struct QueueNameError;

impl QueueName {
    /// The queue of outgoing mail.
    pub const EMAIL: &'static str = "email";
    /// The queue of webhook deliveries.
    pub const WEBHOOK: &'static str = "webhook";
    /// The queue of workflow steps.
    pub const WORKFLOW: &'static str = "workflow";
    /// The queue of report rendering.
    pub const REPORT: &'static str = "report";

    /// The queue of actions on many jobs.
    pub const ACTIONS: &'static str = "actions";

    /// The queue of actions on many jobs.
    #[must_use]
    pub fn actions() -> Self {
        Self::trusted(Self::ACTIONS)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Wraps the name of a built-in queue or one read from a table.
    pub(crate) fn trusted(name: &str) -> Self {
        Self(Arc::from(name))
    }
}

impl FromStr for QueueName {
    type Err = QueueNameError;

    fn from_str(text: &str) -> Result<Self, QueueNameError> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let begins_well = text.bytes().next().is_some_and(is_plain);
        let is_well_formed = text.len() <= 64 && text.bytes().all(|byte| is_plain(byte) || b"._-".contains(&byte));
        if begins_well && is_well_formed { Ok(Self(Arc::from(text))) } else { Err(QueueNameError) }
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::QueueName;

    #[test]
    fn queue_names_are_checked() {
        for good in ["email", "a", "0-x_y.z", &"a".repeat(64)] {
            assert!(good.parse::<QueueName>().is_ok(), "{good}");
        }
        for bad in ["", "-a", ".a", "A", "a b", "a:b", "ä", &"a".repeat(65)] {
            assert!(bad.parse::<QueueName>().is_err(), "{bad}");
        }
    }
}
