//! Messages that can be nothing else: no line of one can pass for a header or another recipient. Pure.

use std::fmt;

use zeroize::Zeroizing;

use super::email::SUBJECT_CHARACTERS_MAX;
use crate::base::UserId;

/// Longest address (RFC 5321 §4.5.3.1.3, without the brackets).
const ADDRESS_BYTES_MAX: usize = 254;
/// Longest text, in bytes.
const TEXT_BYTES_MAX: usize = 16 << 10;
/// What an address may hold beside letters and digits: the characters that need no quoting (RFC 5322 §3.2.3).
const ADDRESS_MARKS: &str = "!#$%&'*+-/=?^_`{|}~.";

/// Why something is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Not exactly one plain address.
    #[error("the address is not one that mail can be sent to")]
    Address,
    /// Empty, too long, or more than one line.
    #[error("a subject is one line of 1 to {SUBJECT_CHARACTERS_MAX} characters")]
    Subject,
    /// Empty, too long, or with control characters beside the ends of lines.
    #[error("a text has 1 to {TEXT_BYTES_MAX} bytes and no control characters but ends of lines")]
    Text,
}

/// A message to one person; its text may hold a secret and is never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    to: String,
    subject: String,
    text: Zeroizing<String>,
    user: Option<UserId>,
    is_counted: bool,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("subject", &self.subject).finish_non_exhaustive()
    }
}

impl Message {
    /// A message to this address.
    ///
    /// # Errors
    /// [`MessageError`] for each part that could be read as more than it is.
    pub fn new(to: &str, subject: &str, text: String) -> Result<Self, MessageError> {
        let text = Zeroizing::new(text);
        if !is_address(to) {
            return Err(MessageError::Address);
        }
        let is_line = !subject.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'));
        if !is_line || !(1..=SUBJECT_CHARACTERS_MAX).contains(&subject.chars().count()) {
            return Err(MessageError::Subject);
        }
        let is_plain = !text.chars().any(|c| c.is_control() && c != '\n');
        if !is_plain || !(1..=TEXT_BYTES_MAX).contains(&text.len()) {
            return Err(MessageError::Text);
        }
        Ok(Self { to: to.to_owned(), subject: subject.to_owned(), text, user: None, is_counted: false })
    }

    /// The same, about the account of this person: who may read it is asked by that.
    #[must_use]
    pub const fn about(mut self, user: UserId) -> Self {
        self.user = Some(user);
        self
    }

    /// The same, as one that something the company does is the reason for: it counts among the e-mails that may wait.
    #[must_use]
    pub const fn counted(mut self) -> Self {
        self.is_counted = true;
        self
    }

    /// Whether it counts among the e-mails that may wait to be sent.
    #[must_use]
    pub const fn is_counted(&self) -> bool {
        self.is_counted
    }

    /// The address.
    #[must_use]
    pub fn to(&self) -> &str {
        &self.to
    }

    /// The subject.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whose account it is about.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        self.user
    }
}

/// What lies in the mailbox of an e-mail that would have gone out; its text is never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Copy {
    /// The addresses, as one text.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The text, or the HTML where there is none.
    pub text: String,
}

impl fmt::Debug for Copy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Copy(…)")
    }
}

/// Longest text of a copy.
const COPY_BYTES_MAX: usize = 64 << 10;

impl Copy {
    /// A copy with its text cut to what a mailbox keeps; the e-mail itself has the whole.
    #[must_use]
    pub fn new(to: String, subject: String, mut text: String) -> Self {
        if text.len() > COPY_BYTES_MAX {
            let end = text.floor_char_boundary(COPY_BYTES_MAX);
            text.truncate(end);
            text.push_str("\n[…]");
        }
        Self { to, subject, text }
    }
}

/// One address without a name, a comment, quotes or a route.
fn is_address(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ADDRESS_MARKS.contains(c);
    let is_part = |part: &str| !part.is_empty() && part.chars().all(is_plain);
    // A domain may also be an address in brackets (RFC 5321 §4.1.3).
    let is_domain = |domain: &str| {
        let inner = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        is_part(domain) || inner.is_some_and(|inner| is_part(&inner.replace(':', ".")))
    };
    text.len() <= ADDRESS_BYTES_MAX
        && text.split_once('@').is_some_and(|(local, domain)| is_part(local) && is_domain(domain))
}

#[cfg(test)]
mod tests {
    use super::{Message, MessageError};

    fn to(address: &str) -> Result<Message, MessageError> {
        Message::new(address, "Hello", "text".to_owned())
    }

    #[test]
    fn addresses_are_one_plain_address() {
        for address in ["ada@example.com", "a.b+c@example.co", "a@localhost", "o'neil@example.com", "a@[192.0.2.1]"] {
            assert_eq!(to(address).unwrap().to(), address);
        }
        let long = format!("{}@example.com", "a".repeat(254));
        for address in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "a@b@c",
            "ada@example.com\r\nBcc: all@example.com",
            "ada@example.com\n",
            "ada@example.com,eve@example.com",
            "a,eve@example.com",
            "a;b@example.com",
            "Ada <ada@example.com>",
            "<ada@example.com>",
            "\"a\"@example.com",
            "a(b)@example.com",
            "ada@exam ple.com",
            "ada@example.com\0",
            "äda@example.com",
            &long,
        ] {
            assert_eq!(to(address).unwrap_err(), MessageError::Address, "{address:?}");
        }
    }

    #[test]
    fn subjects_are_one_line_and_texts_have_an_end() {
        let subject = |subject: &str| Message::new("a@b.c", subject, "text".to_owned());
        subject("Grüße, Ada").unwrap();
        for text in ["", "a\r\nBcc: x@example.com", "a\nb", "a\rb", "a\u{85}b", "a\u{2028}b", "a\0", &"x".repeat(201)] {
            assert_eq!(subject(text).unwrap_err(), MessageError::Subject, "{text:?}");
        }
        let text = |text: &str| Message::new("a@b.c", "s", text.to_owned());
        text("one\ntwo\n").unwrap();
        for wrong in ["", "a\0b", "a\r\nb", "\u{1b}[2J", &"x".repeat((16 << 10) + 1)] {
            assert_eq!(text(wrong).unwrap_err(), MessageError::Text, "{wrong:?}");
        }
    }

    #[test]
    fn a_text_is_not_shown() {
        assert!(!format!("{:?}", Message::new("a@b.c", "s", "the link".to_owned())).contains("link"));
    }
}
