//! DKIM (RFC 6376): a signature over a message and its headers, by which receivers know the domain it is from.
//!
//! Relaxed in both parts, so that servers on the way may fold lines and trim blanks. `From` is signed once more than it
//! is there, so that none can be added. Written here and not taken from a crate because those at hand bring an RSA that
//! leaks through timing (RUSTSEC-2023-0071), and everything else is with aws-lc-rs already.

use std::fmt;

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};

use crate::base::Timestamp;

/// Headers that are signed when a message has them, in this order; `From` stands twice.
const SIGNED: [&str; 12] = [
    "from",
    "from",
    "to",
    "cc",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
];
/// Signatures in Base64 are folded after so many characters.
const FOLD_AT: usize = 70;

/// Why a key cannot sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DkimError {
    /// Not a private key in PEM form.
    #[error("mail.dkim_key is no private key in PEM form")]
    Pem,
    /// Of another kind, or too short.
    #[error("mail.dkim_key is neither RSA of at least 2,048 bits nor Ed25519")]
    Key,
    /// A domain or selector that cannot stand in a header.
    #[error("mail.dkim_domain and mail.dkim_selector are names of letters, digits, - and .")]
    Name,
}

enum Key {
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// Signs messages for a domain.
pub struct Signer {
    domain: String,
    selector: String,
    key: Key,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("domain", &self.domain).field("selector", &self.selector).finish_non_exhaustive()
    }
}

impl Signer {
    /// Reads the key.
    ///
    /// # Errors
    /// [`DkimError`].
    pub fn new(domain: &str, selector: &str, pem: &str) -> Result<Self, DkimError> {
        let is_name = |text: &str| {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        };
        if !is_name(domain) || !is_name(selector) {
            return Err(DkimError::Name);
        }
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| DkimError::Pem)?;
        let key = match &der {
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()).map(Key::Rsa).ok(),
            PrivateKeyDer::Pkcs8(der) => {
                let der = der.secret_pkcs8_der();
                let rsa = RsaKeyPair::from_pkcs8(der).map(Key::Rsa).ok();
                rsa.or_else(|| Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map(Key::Ed25519).ok())
            }
            _ => None,
        };
        let key = key.ok_or(DkimError::Key)?;
        if matches!(&key, Key::Rsa(pair) if pair.public_modulus_len() < KeySize::Rsa2048.len()) {
            return Err(DkimError::Key);
        }
        Ok(Self { domain: domain.to_ascii_lowercase(), selector: selector.to_owned(), key })
    }

    /// The header to put in front of a message, with the end of its line; `None` when the message has no body or the key
    /// does not sign.
    #[must_use]
    pub fn header(&self, message: &[u8], at: Timestamp) -> Option<String> {
        let text = std::str::from_utf8(message).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let headers = headers(head);
        let mut signed = String::new();
        let mut names = Vec::new();
        let mut used = vec![false; headers.len()];
        for wanted in SIGNED {
            // The last one first, as RFC 6376 §5.4.2 counts them.
            let found = headers
                .iter()
                .enumerate()
                .rev()
                .find(|(at, (name, _))| name == wanted && !used.get(*at).copied().unwrap_or(true));
            match found {
                Some((at, (name, value))) => {
                    signed.extend([name, ":", value, "\r\n"]);
                    names.push(wanted);
                    if let Some(used) = used.get_mut(at) {
                        *used = true;
                    }
                }
                None if wanted == "from" => names.push(wanted),
                None => {}
            }
        }
        let algorithm = match &self.key {
            Key::Rsa(_) => "rsa-sha256",
            Key::Ed25519(_) => "ed25519-sha256",
        };
        let hash = STANDARD.encode(digest(&SHA256, relaxed_body(body).as_bytes()));
        let Self { domain, selector, .. } = self;
        let value = format!(
            "v=1; a={algorithm}; c=relaxed/relaxed; d={domain}; s={selector};\r\n t={}; h={};\r\n bh={hash};\r\n b=",
            at.as_seconds(),
            names.join(":"),
        );
        signed.extend(["dkim-signature:", &relaxed_value(&value)]);
        let signature = STANDARD.encode(self.sign(signed.as_bytes())?);
        Some(format!("DKIM-Signature: {value}{}\r\n", folded(&signature)))
    }

    fn sign(&self, data: &[u8]) -> Option<Vec<u8>> {
        match &self.key {
            Key::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), data, &mut signature).ok()?;
                Some(signature)
            }
            // What is signed is the hash (RFC 8463 §3).
            Key::Ed25519(pair) => Some(pair.sign(digest(&SHA256, data).as_ref()).as_ref().to_vec()),
        }
    }
}

/// The headers with names in lower case and values in relaxed form.
fn headers(head: &str) -> Vec<(String, String)> {
    let mut lines: Vec<String> = Vec::new();
    for line in head.split("\r\n") {
        match lines.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => last.push_str(line),
            _ => lines.push(line.to_owned()),
        }
    }
    let pair = |line: &String| {
        line.split_once(':').map(|(name, value)| (name.trim_end().to_ascii_lowercase(), relaxed_value(value)))
    };
    lines.iter().filter_map(pair).collect()
}

/// Unfolded, one blank for several, none at the ends (RFC 6376 §3.4.2).
fn relaxed_value(value: &str) -> String {
    value.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// One blank for several, none at the ends of lines, no empty lines at the end (RFC 6376 §3.4.4).
fn relaxed_body(body: &str) -> String {
    let mut relaxed = String::with_capacity(body.len());
    for line in body.split("\r\n") {
        let mut is_blank = false;
        for character in line.trim_end_matches([' ', '\t']).chars() {
            let blank = matches!(character, ' ' | '\t');
            if !blank {
                relaxed.push(character);
            } else if !is_blank {
                relaxed.push(' ');
            }
            is_blank = blank;
        }
        relaxed.push_str("\r\n");
    }
    let end = relaxed.trim_end_matches("\r\n").len();
    relaxed.truncate(end);
    if !relaxed.is_empty() {
        relaxed.push_str("\r\n");
    }
    relaxed
}

fn folded(signature: &str) -> String {
    let mut text = String::with_capacity(signature.len() + 16);
    for (at, character) in signature.chars().enumerate() {
        if at > 0 && at % FOLD_AT == 0 {
            text.push_str("\r\n ");
        }
        text.push(character);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{DkimError, Signer, headers, relaxed_body};

    #[test]
    fn bodies_and_headers_take_their_relaxed_form() {
        // The examples of RFC 6376 §3.4.5.
        assert_eq!(relaxed_body(" C \r\nD \t E\r\n\r\n\r\n"), " C\r\nD E\r\n");
        assert_eq!(relaxed_body("\r\n\r\n"), "");
        let found = headers("A: X\r\nB : Y\t\r\n\tZ  ");
        assert_eq!(found, [("a".to_owned(), "X".to_owned()), ("b".to_owned(), "Y Z".to_owned())]);
    }

    #[test]
    fn keys_that_cannot_sign_are_refused() {
        assert_eq!(Signer::new("example.com", "s", "no key").unwrap_err(), DkimError::Pem);
        assert_eq!(Signer::new("example.com; x", "s", "no key").unwrap_err(), DkimError::Name);
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap().serialize_pem();
        assert_eq!(Signer::new("example.com", "s", &key).unwrap_err(), DkimError::Key);
    }

    #[test]
    fn a_signature_names_what_it_covers() {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap().serialize_pem();
        let signer = Signer::new("Example.com", "mail", &key).unwrap();
        let message = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: Hi\r\nX: y\r\n\r\nHello\r\n";
        let header = signer.header(message, crate::base::Timestamp::from_ms(1_000)).unwrap();
        assert!(header.contains("d=example.com; s=mail;") && header.contains("h=from:from:to:subject;"), "{header}");
        assert!(header.contains("t=1;") && header.ends_with("\r\n"), "{header}");
        assert!(!format!("{signer:?}").contains("key"));
    }
}
