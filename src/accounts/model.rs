//! Companies, users and the rules for their fields; pure.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Error;

/// Longest name of a company or person, in characters.
pub const NAME_CHARACTERS_MAX: usize = 200;
/// Longest description, in characters.
pub const DESCRIPTION_CHARACTERS_MAX: usize = 1_000;
/// Longest e-mail address (RFC 5321 §4.5.3.1.3, without the brackets).
const EMAIL_BYTES_MAX: usize = 254;

/// Who may register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// Everybody may make a company.
    Open,
    /// People join with an invitation only.
    #[default]
    InviteOnly,
    /// Nobody joins.
    Closed,
}

/// An e-mail address in lower case, with one `@` and something on both sides; ASCII only, so that none looks like another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email(String);

impl Email {
    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = Error;

    /// Spaces around an address are no part of it: they come with copying.
    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim_matches(' ');
        let is_plain =
            |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control() || c == '@');
        if !text.is_ascii() {
            return Err(Error::EmailLetters);
        }
        let is_address = text.len() <= EMAIL_BYTES_MAX
            && text.split_once('@').is_some_and(|(local, domain)| is_plain(local) && is_plain(domain));
        if is_address { Ok(Self(text.to_lowercase())) } else { Err(Error::Email) }
    }
}

/// Whether a character has no place in a name: it is not printed, ends a line, or turns the direction of what follows.
fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Checks the name of a company.
pub(super) fn company_name(text: &str) -> Result<String, Error> {
    name(text).map_err(|_| Error::CompanyName)
}

/// Checks a name and takes the space around it off.
pub(super) fn name(text: &str) -> Result<String, Error> {
    let text = text.trim();
    let is_name = (1..=NAME_CHARACTERS_MAX).contains(&text.chars().count()) && !text.chars().any(is_unprintable);
    if is_name { Ok(text.to_owned()) } else { Err(Error::Name) }
}

/// Checks a description and takes the space around it off; it may have several lines.
pub(super) fn description(text: &str) -> Result<String, Error> {
    let text = text.trim();
    let is_plain = text.chars().all(|c| !c.is_control() || c == '\n');
    let is_description = text.chars().count() <= DESCRIPTION_CHARACTERS_MAX && is_plain;
    if is_description { Ok(text.to_owned()) } else { Err(Error::Description) }
}
