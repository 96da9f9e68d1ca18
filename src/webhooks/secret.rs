//! The secret of a webhook, its two key readings, and the Ed25519 key beside it.
//!
//! One displayed secret gives two keys: the bytes of the whole displayed string sign
//! `X-NovaPulse-Signature` (the form body-only verifiers expect), the base64-decoded bytes after
//! `whsec_` sign `webhook-signature` (Standard Webhooks 1.0.0). A free-form secret that is not
//! base64 uses its own bytes for both.

use std::fmt;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::base::Random;

/// The prefix of a symmetric secret in Standard Webhooks.
pub(super) const SECRET_PREFIX: &str = "whsec_";
/// The fewest bytes a signing key may have.
pub(super) const KEY_BYTES_MIN: usize = 24;
/// The most bytes a signing key may have.
pub(super) const KEY_BYTES_MAX: usize = 75;
const GENERATED_KEY_BYTES: usize = 32;
const TEXT_BYTES_MAX: usize = 128;

/// Why a given secret is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The signing key would be shorter than [`KEY_BYTES_MIN`].
    #[error("is too short: the key has {0} bytes and must have at least {KEY_BYTES_MIN}")]
    TooShort(usize),
    /// The signing key would be longer than [`KEY_BYTES_MAX`].
    #[error("is too long: the key has {0} bytes and must have at most {KEY_BYTES_MAX}")]
    TooLong(usize),
    /// The part after `whsec_` is not standard base64 with padding.
    #[error("is not standard base64 after \"{SECRET_PREFIX}\"")]
    NotBase64,
    /// The text has white space or control characters, which get lost when a secret is copied.
    #[error("has white space at its ends or control characters")]
    Characters,
}

/// A symmetric secret as shown to the owner of the webhook.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Secret {
    /// Makes a new secret: `whsec_` and 32 random bytes in base64.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        let mut key = [0; GENERATED_KEY_BYTES];
        random.fill(&mut key);
        let text = format!("{SECRET_PREFIX}{}", STANDARD.encode(key));
        key.zeroize();
        Self(text)
    }

    /// Checks a secret given by the owner.
    ///
    /// # Errors
    /// [`SecretError`] when it is too short, too long, or not readable as a secret.
    pub fn given(text: &str) -> Result<Self, SecretError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(SecretError::TooLong(text.len()));
        }
        if text.trim() != text || text.chars().any(char::is_control) {
            return Err(SecretError::Characters);
        }
        if let Some(encoded) = text.strip_prefix(SECRET_PREFIX)
            && STANDARD.decode(encoded).is_err()
        {
            return Err(SecretError::NotBase64);
        }
        let secret = Self(text.to_owned());
        let length = secret.standard_key().len();
        if length < KEY_BYTES_MIN {
            return Err(SecretError::TooShort(length));
        }
        if length > KEY_BYTES_MAX {
            return Err(SecretError::TooLong(length));
        }
        Ok(secret)
    }

    /// The secret as shown.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The key of `X-NovaPulse-Signature`: the bytes of the displayed string.
    pub(super) fn displayed_key(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The key of `webhook-signature`: decoded where the text is base64, else its own bytes.
    pub(super) fn standard_key(&self) -> Zeroizing<Vec<u8>> {
        let encoded = self.0.strip_prefix(SECRET_PREFIX).unwrap_or(&self.0);
        Zeroizing::new(STANDARD.decode(encoded).unwrap_or_else(|_| self.0.as_bytes().to_vec()))
    }
}

/// The seed of an Ed25519 key pair.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed([u8; 32]);

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(***)")
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Seed {
    /// Makes a new key pair's seed.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        let mut seed = [0; 32];
        random.fill(&mut seed);
        Self(seed)
    }

    /// Wraps known bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key pair of this seed.
    pub(super) fn key_pair(&self) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&self.0).expect("any 32 bytes are an Ed25519 seed")
    }

    /// The public key in its Standard Webhooks form, `whpk_` and base64.
    #[must_use]
    pub fn public_key(&self) -> String {
        format!("whpk_{}", STANDARD.encode(self.key_pair().public_key().as_ref()))
    }
}
