//! E-mails as they are handed in: to whom, what, and within which limits. Pure.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Address;
use crate::{base::UserId, blob::BlobKey};

/// Most recipients of one e-mail, all kinds together.
pub const RECIPIENTS_MAX: usize = 50;
/// Longest subject, in characters; with the header's name it fits a line of RFC 5322 §2.1.1 even when encoded.
pub const SUBJECT_CHARACTERS_MAX: usize = 200;
/// Longest text, in bytes.
pub const TEXT_BYTES_MAX: usize = 256 << 10;
/// Longest HTML, in bytes.
pub const HTML_BYTES_MAX: usize = 512 << 10;
/// Most files with one e-mail.
pub const ATTACHMENTS_MAX: usize = 10;
/// Most bytes of these files together: in Base64 they fit the usual limit of 10 MB for a message.
pub const ATTACHMENT_BYTES_MAX: usize = 7 << 20;

/// How somebody gets an e-mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecipientKind {
    /// Addressed.
    To,
    /// Gets a copy.
    Cc,
    /// Gets a copy that nobody is told of.
    Bcc,
}

/// How far an e-mail is for one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecipientState {
    /// Not handed over yet.
    Waiting,
    /// The mail server has taken it over, or it lies in the mailbox.
    Accepted,
    /// Refused for good.
    Refused,
}

/// Where an e-mail stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmailState {
    /// Not tried yet.
    Queued,
    /// Tried in vain, and tried again.
    Retrying,
    /// Handed over for every recipient.
    Sent,
    /// Given up, for one recipient at least.
    Failed,
}

impl EmailState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Queued, Self::Retrying, Self::Sent, Self::Failed];

    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Retrying => "retrying",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing happens any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Sent | Self::Failed)
    }
}

/// Which text an e-mail is made from, and in which version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateUse {
    /// The name.
    pub name: String,
    /// The version the e-mail was made with.
    pub version: u32,
}

/// What an e-mail says, before a template is filled in; stored sealed and not shown by `Debug`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The subject, in the place of a template's.
    pub subject: Option<String>,
    /// The plain text.
    pub text: Option<String>,
    /// The HTML.
    pub html: Option<String>,
    /// The variables of the template, as JSON text.
    pub variables: Option<String>,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// More headers.
    pub headers: Vec<(String, String)>,
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Content(…)")
    }
}

/// What an e-mail says, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: Option<String>,
    /// The HTML.
    pub html: Option<String>,
}

impl fmt::Debug for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rendered(…)")
    }
}

/// Where a file that goes with an e-mail is.
#[derive(Clone, PartialEq, Eq)]
pub enum FileSource {
    /// Here; it is kept with the e-mail.
    Inline(Vec<u8>),
    /// Among the blobs; it is read for each attempt, and an e-mail whose file is gone by then fails.
    Blob {
        /// Its key.
        key: BlobKey,
        /// How long it is.
        size_bytes: u64,
    },
}

impl fmt::Debug for FileSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(bytes) => f.debug_tuple("Inline").field(&bytes.len()).finish(),
            Self::Blob { key, .. } => f.debug_tuple("Blob").field(key).finish(),
        }
    }
}

/// A file to go with an e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAttachment {
    /// The name recipients see.
    pub name: String,
    /// Such as `application/pdf`.
    pub content_type: String,
    /// Where it is.
    pub source: FileSource,
}

/// An e-mail to queue.
#[derive(Debug, Clone)]
pub struct NewEmail {
    /// Who gets it; the first is [`RecipientKind::To`].
    pub recipients: Vec<(RecipientKind, Address)>,
    /// What it says.
    pub content: Content,
    /// The template that fills it, when it has one.
    pub template: Option<TemplateUse>,
    /// Files that go with it.
    pub attachments: Vec<NewAttachment>,
    /// Whether the server itself writes: such a text is shown to nobody else and not kept once it is sent.
    pub is_own: bool,
    /// Whose account it is about.
    pub about: Option<UserId>,
    /// Whether it counts among those of the company that may wait to be sent: all do that the company causes.
    pub is_counted: bool,
}

/// Whether this can be a subject: one line, neither empty nor too long.
#[must_use]
pub fn is_subject(text: &str) -> bool {
    let is_line = !text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'));
    is_line && !text.trim().is_empty() && text.chars().count() <= SUBJECT_CHARACTERS_MAX
}

/// Whether this can be a body of at most so many bytes: no control characters but ends of lines and tabs.
#[must_use]
pub fn is_body(text: &str, bytes_max: usize) -> bool {
    text.len() <= bytes_max && !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::{is_body, is_subject};

    #[test]
    fn subjects_are_one_line_and_bodies_have_an_end() {
        assert!(is_subject("Grüße, Ada"));
        for wrong in ["", "  ", "a\r\nBcc: x@example.com", "a\nb", "a\u{85}b", "a\u{2028}b", &"x".repeat(201)] {
            assert!(!is_subject(wrong), "{wrong:?}");
        }
        assert!(is_body("a\r\n\tb", 9) && !is_body("a\0", 9) && !is_body("\u{1b}[2J", 9) && !is_body("0123456789", 9));
    }
}
