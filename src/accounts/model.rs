//! Companies, users and the rules for their fields; pure.

use std::str::FromStr;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use serde::{Deserialize, Serialize};

use super::Error;

/// Shortest and longest password, in characters.
pub const PASSWORD_CHARACTERS: std::ops::RangeInclusive<usize> = 12..=128;
/// Longest name of a company or person, in characters.
pub const NAME_CHARACTERS_MAX: usize = 200;
/// Longest e-mail address (RFC 5321 §4.5.3.1.3, without the brackets).
const EMAIL_BYTES_MAX: usize = 254;

/// An e-mail address in lower case, with one `@` and something on both sides.
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

    fn from_str(text: &str) -> Result<Self, Error> {
        let is_plain =
            |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control() || c == '@');
        let is_address = text.len() <= EMAIL_BYTES_MAX
            && text.split_once('@').is_some_and(|(local, domain)| is_plain(local) && is_plain(domain));
        if is_address { Ok(Self(text.to_lowercase())) } else { Err(Error::Email) }
    }
}

/// Checks a name and takes the space around it off.
pub(super) fn name(text: &str) -> Result<String, Error> {
    let text = text.trim();
    let is_name = (1..=NAME_CHARACTERS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if is_name { Ok(text.to_owned()) } else { Err(Error::Name) }
}

/// An Argon2id hash in the PHC string format (RFC 9106; m = 19 MiB, t = 2, p = 1).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PasswordHash(String);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

impl PasswordHash {
    /// Hashes a password; takes some 35 ms of processor time, so not on an async thread.
    ///
    /// # Errors
    /// [`Error::Password`] outside [`PASSWORD_CHARACTERS`].
    pub(super) fn create(password: &str, salt: [u8; 16]) -> Result<Self, Error> {
        if !PASSWORD_CHARACTERS.contains(&password.chars().count()) {
            return Err(Error::Password);
        }
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| Error::Hash(error.to_string()))?;
        let mut hash = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(password.as_bytes(), &salt, &mut hash)
            .map_err(|error| Error::Hash(error.to_string()))?;
        let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
        Ok(Self(format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${hash}")))
    }

    #[cfg(test)]
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}
