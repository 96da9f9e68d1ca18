//! The signatures of a delivery: `X-NovaPulse-Signature` and the Standard Webhooks family.
//!
//! `X-NovaPulse-Signature: sha256=<hex>` is HMAC-SHA256 over the body, keyed with the displayed
//! secret. `webhook-signature` is a list of `v1,<base64>` (HMAC-SHA256 over `id.timestamp.body`,
//! keyed with the decoded secret) and, opted in, `v1a,<base64>` (Ed25519 over the same text).
//! While a rotation overlaps, the list carries the signatures of both secrets and the single
//! header stays on the old one until the grace ends. Source: Standard Webhooks 1.0.0.

use std::fmt;

use aws_lc_rs::{hmac, signature::Ed25519KeyPair};
use base64::{Engine, engine::general_purpose::STANDARD};

use super::secret::{Secret, Seed};
use crate::base::{Timestamp, hex};

/// One secret with the optional Ed25519 seed that belongs to it.
#[derive(Debug, Clone)]
pub(super) struct SecretPair<'a> {
    /// The symmetric secret.
    pub secret: &'a Secret,
    /// The seed of the asymmetric key, when the webhook asked for `v1a`.
    pub seed: Option<&'a Seed>,
}

/// The signature headers of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signatures {
    /// Value of `X-NovaPulse-Signature`.
    pub novapulse: String,
    /// Value of `X-NovaPulse-Signature-Next`: the new secret's, while a rotation overlaps.
    pub novapulse_next: Option<String>,
    /// Value of `webhook-signature`.
    pub standard: String,
}

/// Keys of a webhook, prepared once and used for each of its attempts.
pub(super) struct Signer {
    current: Keys,
    previous: Option<(Keys, Timestamp)>,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("is_rotating", &self.previous.is_some()).finish_non_exhaustive()
    }
}

struct Keys {
    displayed: hmac::Key,
    standard: hmac::Key,
    asymmetric: Option<Ed25519KeyPair>,
}

impl Keys {
    fn new(pair: &SecretPair<'_>) -> Self {
        Self {
            displayed: hmac::Key::new(hmac::HMAC_SHA256, pair.secret.displayed_key()),
            standard: hmac::Key::new(hmac::HMAC_SHA256, &pair.secret.standard_key()),
            asymmetric: pair.seed.map(Seed::key_pair),
        }
    }

    fn sign_body(&self, body: &[u8]) -> String {
        format!("sha256={}", hex(hmac::sign(&self.displayed, body).as_ref()))
    }

    fn sign_standard(&self, prefix: &[u8], body: &[u8], out: &mut String) {
        let mut context = hmac::Context::with_key(&self.standard);
        context.update(prefix);
        context.update(body);
        separate(out);
        out.push_str("v1,");
        STANDARD.encode_string(context.sign().as_ref(), out);
        if let Some(pair) = &self.asymmetric {
            let mut signed = Vec::with_capacity(prefix.len() + body.len());
            signed.extend_from_slice(prefix);
            signed.extend_from_slice(body);
            separate(out);
            out.push_str("v1a,");
            STANDARD.encode_string(pair.sign(&signed).as_ref(), out);
        }
    }
}

impl Signer {
    /// Prepares the keys; `previous` signs too until its time has come.
    #[must_use]
    pub(super) fn new(current: &SecretPair<'_>, previous: Option<(&SecretPair<'_>, Timestamp)>) -> Self {
        Self { current: Keys::new(current), previous: previous.map(|(pair, until)| (Keys::new(pair), until)) }
    }

    /// Signs one attempt at `now`, which also becomes its `webhook-timestamp`.
    #[must_use]
    pub(super) fn sign(&self, message_id: &str, now: Timestamp, body: &[u8]) -> Signatures {
        let prefix = format!("{message_id}.{}.", now.as_seconds());
        let mut standard = String::with_capacity(128);
        self.current.sign_standard(prefix.as_bytes(), body, &mut standard);
        match &self.previous {
            Some((previous, until)) if now < *until => {
                previous.sign_standard(prefix.as_bytes(), body, &mut standard);
                Signatures {
                    novapulse: previous.sign_body(body),
                    novapulse_next: Some(self.current.sign_body(body)),
                    standard,
                }
            }
            _ => Signatures { novapulse: self.current.sign_body(body), novapulse_next: None, standard },
        }
    }

    /// Whether `value` is the `X-NovaPulse-Signature` of `body` under a secret valid at `now`.
    #[must_use]
    pub(super) fn verifies(&self, value: &str, now: Timestamp, body: &[u8]) -> bool {
        let is_same = |expected: String| {
            aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_bytes(), value.as_bytes()).is_ok()
        };
        let previous = self.previous.as_ref().filter(|(_, until)| now < *until);
        is_same(self.current.sign_body(body)) || previous.is_some_and(|(keys, _)| is_same(keys.sign_body(body)))
    }
}

fn separate(out: &mut String) {
    if !out.is_empty() {
        out.push(' ');
    }
}

#[cfg(test)]
mod tests;
