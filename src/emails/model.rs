//! Templates and their limits. Pure.

use crate::base::Timestamp;

/// Most templates of a company, those deleted a short while ago included.
pub(super) const TEMPLATES_MAX: u64 = 2_000;
/// Most versions of a template that are kept, and may be made while e-mails from the oldest of them are kept.
pub(super) const VERSIONS_MAX: u32 = 100;
/// Longest source of a subject, in bytes.
pub(super) const SUBJECT_SOURCE_BYTES_MAX: usize = 2 << 10;
/// Longest source of a text or of HTML, in bytes.
pub(super) const SOURCE_BYTES_MAX: usize = 128 << 10;
/// Longest variables, as JSON text in bytes.
pub(super) const VARIABLES_BYTES_MAX: usize = 64 << 10;
/// Longest description, in characters.
pub(super) const DESCRIPTION_CHARACTERS_MAX: usize = 500;
const NAME_BYTES_MAX: usize = 64;

/// What a template is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sources {
    /// The subject.
    pub(super) subject: String,
    /// The plain text.
    pub(super) text: Option<String>,
    /// The HTML.
    pub(super) html: Option<String>,
    /// Variables to try it with, as JSON text.
    pub(super) sample: Option<String>,
}

/// A template as its company sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    /// Its name.
    pub(super) name: String,
    /// What it is for.
    pub(super) description: String,
    /// The number of its newest version.
    pub(super) version: u32,
    /// What that version is made of.
    pub(super) sources: Sources,
    /// When it was made.
    pub(super) created_at: Timestamp,
    /// When it changed last.
    pub(super) updated_at: Timestamp,
}

/// Whether this can name a template.
pub(super) fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.len() <= NAME_BYTES_MAX
        && text.bytes().next().is_some_and(is_plain)
        && text.bytes().all(|byte| is_plain(byte) || b"._-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_are_short_and_plain() {
        for good in ["welcome", "order.created", "0-a_b", &"a".repeat(64)] {
            assert!(is_name(good), "{good}");
        }
        for wrong in ["", "-a", "A", "a b", "ä", "a/b", &"a".repeat(65)] {
            assert!(!is_name(wrong), "{wrong}");
        }
    }
}
