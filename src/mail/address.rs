//! Addresses of mail: exactly one, plain, in the form that goes over the wire. Pure.
//!
//! The domain may be given in any script and is kept in its ASCII form (IDNA); the part before the @ is ASCII, because
//! a server that takes anything else (SMTPUTF8) cannot be counted on.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Longest address (RFC 5321 §4.5.3.1.3, without the brackets).
const ADDRESS_BYTES_MAX: usize = 254;
/// Longest part before the @ (RFC 5321 §4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;
/// Longest name in front of an address.
const NAME_CHARACTERS_MAX: usize = 100;
/// What may stand before the @ beside letters and digits: the characters that need no quoting (RFC 5322 §3.2.3).
const LOCAL_MARKS: &str = "!#$%&'*+-/=?^_`{|}~";

/// One address, such as `ada@example.com`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Address(String);

/// Why a text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not exactly one plain address.
    #[error("is not one plain address such as ada@example.com")]
    Form,
    /// Letters outside ASCII before the @.
    #[error("has letters outside ASCII before the @, which not every mail server takes")]
    Local,
    /// Too long.
    #[error("is longer than {ADDRESS_BYTES_MAX} bytes, or {LOCAL_BYTES_MAX} before the @")]
    Long,
}

impl Address {
    /// The address as it goes over the wire: ASCII without spaces.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands behind the @.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Addresses stay out of logs.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(…)")
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (local, domain) = text.rsplit_once('@').ok_or(AddressError::Form)?;
        if !local.is_ascii() {
            return Err(AddressError::Local);
        }
        if !is_local(local) {
            return Err(AddressError::Form);
        }
        let domain =
            if domain.is_ascii() { domain.to_owned() } else { ascii_domain(domain).ok_or(AddressError::Form)? };
        if !is_domain(&domain) {
            return Err(AddressError::Form);
        }
        if local.len() > LOCAL_BYTES_MAX || local.len() + 1 + domain.len() > ADDRESS_BYTES_MAX {
            return Err(AddressError::Long);
        }
        Ok(Self(format!("{local}@{domain}")))
    }
}

fn is_local(local: &str) -> bool {
    let is_atom =
        |atom: &str| !atom.is_empty() && atom.chars().all(|c| c.is_ascii_alphanumeric() || LOCAL_MARKS.contains(c));
    local.split('.').all(is_atom)
}

fn is_domain(domain: &str) -> bool {
    // A domain may also be an address in brackets (RFC 5321 §4.1.3).
    if let Some(inner) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let address = inner.strip_prefix("IPv6:").unwrap_or(inner);
        return address.parse::<std::net::IpAddr>().is_ok();
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.split('.').all(is_label)
}

/// The ASCII form of a domain in another script (IDNA, as in URLs).
fn ascii_domain(domain: &str) -> Option<String> {
    // A URL would decode these, which nobody means in an address.
    if domain.contains('%') {
        return None;
    }
    match url::Host::parse(domain) {
        Ok(url::Host::Domain(ascii)) => Some(ascii),
        _ => None,
    }
}

/// Whom messages are from: an address with or without a name.
#[derive(Clone, PartialEq, Eq)]
pub struct Sender {
    /// The name in front of the address.
    pub name: Option<String>,
    /// The address.
    pub address: Address,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("name", &self.name).finish_non_exhaustive()
    }
}

impl FromStr for Sender {
    type Err = AddressError;

    /// Reads `Ada <ada@example.com>` or `ada@example.com`.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        let Some((name, rest)) = text.split_once('<') else {
            return Ok(Self { name: None, address: text.parse()? });
        };
        let address = rest.strip_suffix('>').ok_or(AddressError::Form)?.parse()?;
        let name = name.trim().trim_matches('"').trim();
        let is_line = !name.chars().any(char::is_control) && name.chars().count() <= NAME_CHARACTERS_MAX;
        if !is_line {
            return Err(AddressError::Form);
        }
        Ok(Self { name: (!name.is_empty()).then(|| name.to_owned()), address })
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, AddressError, Sender};

    #[test]
    fn an_address_is_one_plain_address() {
        for (given, kept) in [
            ("ada@example.com", "ada@example.com"),
            ("a.b+c@example.co", "a.b+c@example.co"),
            ("a@localhost", "a@localhost"),
            ("o'neil@x-y.example", "o'neil@x-y.example"),
            ("a@[192.0.2.1]", "a@[192.0.2.1]"),
            ("a@[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]"),
            ("ada@bücher.example", "ada@xn--bcher-kva.example"),
            ("ada@例え.example", "ada@xn--r8jz45g.example"),
        ] {
            assert_eq!(given.parse::<Address>().unwrap().as_str(), kept, "{given}");
        }
        let long = format!("{}@example.com", "a".repeat(65));
        for (given, wrong) in [
            ("", AddressError::Form),
            ("ada", AddressError::Form),
            ("@example.com", AddressError::Form),
            ("ada@", AddressError::Form),
            ("a@b@c", AddressError::Form),
            (".a@example.com", AddressError::Form),
            ("a..b@example.com", AddressError::Form),
            ("a@example..com", AddressError::Form),
            ("a@-example.com", AddressError::Form),
            ("a@[example]", AddressError::Form),
            ("a@b%C3%BCcher.example", AddressError::Form),
            ("a@b%üb.example", AddressError::Form),
            ("a@１.２.３.４", AddressError::Form),
            ("ada@example.com\r\nBcc: all@example.com", AddressError::Form),
            ("ada@example.com\n", AddressError::Form),
            ("a@x, b@y", AddressError::Form),
            ("Ada <ada@example.com>", AddressError::Form),
            ("\"a\"@example.com", AddressError::Form),
            ("ada@exam ple.com", AddressError::Form),
            ("äda@example.com", AddressError::Local),
            (&long, AddressError::Long),
        ] {
            assert_eq!(given.parse::<Address>(), Err(wrong), "{given:?}");
        }
    }

    #[test]
    fn a_sender_may_have_a_name() {
        let sender: Sender = "Nova Pulse <no-reply@example.com>".parse().unwrap();
        assert_eq!((sender.name.as_deref(), sender.address.domain()), (Some("Nova Pulse"), "example.com"));
        assert_eq!("\"A, B\" <a@b.c>".parse::<Sender>().unwrap().name.as_deref(), Some("A, B"));
        assert_eq!("a@b.c".parse::<Sender>().unwrap().name, None);
        for wrong in ["a <b", "x\ny <a@b.c>", "a@b.c, d@e.f", "<>"] {
            assert!(wrong.parse::<Sender>().is_err(), "{wrong}");
        }
    }
}
