//! Sealing of secrets at rest: AES-256-GCM with a random nonce and associated data.
//!
//! The associated data is the storage key of the row a sealed value stands in, so that a value
//! moved to another row does not open. Layout: format byte, 4 bytes naming the key, 12 bytes of
//! nonce, ciphertext, 16 bytes of tag. Random 96-bit nonces are safe for 2^32 values per key
//! (NIST SP 800-38D, 8.3).

use std::{fmt, iter};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest, hmac,
};
use zeroize::Zeroizing;

use super::Random;

const FORMAT: u8 = 1;
const NAME_LEN: usize = 4;
const HEADER_LEN: usize = 1 + NAME_LEN + NONCE_LEN;

/// Why a sealed value does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The bytes are not a sealed value of a known format.
    #[error("is not a sealed value of a known format")]
    Format,
    /// The value was sealed with another key.
    #[error("was sealed with another key")]
    OtherKey,
    /// The value was changed, or belongs to another row.
    #[error("was changed or moved since it was sealed")]
    Changed,
}

/// The keys that seal secrets: the newest one seals, all of them open, one makes codes.
pub struct SealKey {
    newest: Cipher,
    older: Vec<Cipher>,
    codes: hmac::Key,
}

struct Cipher {
    key: LessSafeKey,
    name: [u8; NAME_LEN],
}

impl Cipher {
    fn new(bytes: &[u8; 32]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, bytes).expect("32 bytes are an AES-256 key");
        let mut name = [0; NAME_LEN];
        for (to, from) in name.iter_mut().zip(labelled_hash(b"novapulse seal key name\0", bytes).as_ref()) {
            *to = *from;
        }
        Self { key: LessSafeKey::new(key), name }
    }
}

fn labelled_hash(label: &[u8], bytes: &[u8; 32]) -> digest::Digest {
    let mut labelled = Zeroizing::new(label.to_vec());
    labelled.extend_from_slice(bytes);
    digest::digest(&digest::SHA256, &labelled)
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealKey").field("name", &self.newest.name).finish_non_exhaustive()
    }
}

impl SealKey {
    /// Makes the key from its 32 bytes; its codes come from the same.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        let codes = hmac::Key::new(hmac::HMAC_SHA256, &*Self::derived_codes(bytes));
        Self { newest: Cipher::new(bytes), older: Vec::new(), codes }
    }

    /// Lets it open what was sealed with an older key too.
    #[must_use]
    pub fn and_opens(mut self, bytes: &[u8; 32]) -> Self {
        self.older.push(Cipher::new(bytes));
        self
    }

    /// Makes codes with this key instead, so that they stay when the sealing key changes.
    #[must_use]
    pub fn with_codes(mut self, bytes: &[u8; 32]) -> Self {
        self.codes = hmac::Key::new(hmac::HMAC_SHA256, bytes);
        self
    }

    /// The key behind the codes of [`SealKey::from_bytes`].
    #[must_use]
    pub fn derived_codes(bytes: &[u8; 32]) -> Zeroizing<[u8; 32]> {
        let mut codes = Zeroizing::new([0; 32]);
        for (to, from) in codes.iter_mut().zip(labelled_hash(b"novapulse seal key codes\0", bytes).as_ref()) {
            *to = *from;
        }
        codes
    }

    /// Seals `plain`; it opens only with this key and the same `associated` bytes.
    ///
    /// # Panics
    /// When `plain` is longer than AES-GCM allows (64 GiB).
    #[must_use]
    pub fn seal(&self, random: &dyn Random, associated: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce);
        let mut sealed = Vec::with_capacity(HEADER_LEN + plain.len() + AES_256_GCM.tag_len());
        sealed.push(FORMAT);
        sealed.extend_from_slice(&self.newest.name);
        sealed.extend_from_slice(&nonce);
        let mut content = plain.to_vec();
        self.newest
            .key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(associated), &mut content)
            .expect("a secret is far shorter than the limit of the cipher");
        sealed.append(&mut content);
        sealed
    }

    /// A code over `data` that only this key makes, different for each `purpose`.
    #[must_use]
    pub fn code(&self, purpose: &[u8], data: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.codes);
        context.update(&(purpose.len() as u64).to_be_bytes());
        context.update(purpose);
        context.update(data);
        let mut code = [0; 32];
        for (to, from) in code.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        code
    }

    /// Opens what [`SealKey::seal`] made.
    ///
    /// # Errors
    /// [`SealError`] for another key, other associated bytes, or bytes that were changed.
    pub fn open(&self, associated: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let Parts { name, nonce, content } = Parts::of(sealed)?;
        let mut outcome = Err(SealError::OtherKey);
        for cipher in iter::once(&self.newest).chain(&self.older).filter(|cipher| cipher.name == name) {
            let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Format)?;
            let mut plain = Zeroizing::new(content.to_vec());
            match cipher.key.open_in_place(nonce, Aad::from(associated), &mut plain).map(|plain| plain.len()) {
                Ok(length) => {
                    plain.truncate(length);
                    return Ok(plain);
                }
                Err(_) => outcome = Err(SealError::Changed),
            }
        }
        outcome
    }

    /// Whether this was sealed with the newest key.
    #[must_use]
    pub fn is_newest(&self, sealed: &[u8]) -> bool {
        Parts::of(sealed).is_ok_and(|parts| parts.name == self.newest.name)
    }
}

/// A sealed value taken apart.
struct Parts<'a> {
    name: &'a [u8],
    nonce: &'a [u8],
    content: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(sealed: &'a [u8]) -> Result<Self, SealError> {
        let (header, content) = sealed.split_at_checked(HEADER_LEN).ok_or(SealError::Format)?;
        let (format, header) = header.split_first().ok_or(SealError::Format)?;
        let (name, nonce) = header.split_at_checked(NAME_LEN).ok_or(SealError::Format)?;
        if *format == FORMAT { Ok(Self { name, nonce, content }) } else { Err(SealError::Format) }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::SeededRandom, SealError, SealKey};

    #[test]
    fn a_sealed_value_opens_only_with_its_key_and_place() {
        let random = SeededRandom::new(1);
        let key = SealKey::from_bytes(&[7; 32]);
        let sealed = key.seal(&random, b"row 1", b"secret");
        assert_eq!(key.open(b"row 1", &sealed).unwrap().as_slice(), b"secret");
        assert_eq!(key.open(b"row 2", &sealed).unwrap_err(), SealError::Changed);
        assert_eq!(SealKey::from_bytes(&[8; 32]).open(b"row 1", &sealed).unwrap_err(), SealError::OtherKey);
        assert_ne!(key.seal(&random, b"row 1", b"secret"), sealed, "the nonce differs each time");
    }

    #[test]
    fn an_older_key_opens_and_the_newest_seals() {
        let random = SeededRandom::new(1);
        let (old, new) = ([7; 32], [8; 32]);
        let before = SealKey::from_bytes(&old);
        let sealed = before.seal(&random, b"row", b"secret");
        let both = SealKey::from_bytes(&new).and_opens(&old).with_codes(&SealKey::derived_codes(&old));
        assert_eq!(both.open(b"row", &sealed).unwrap().as_slice(), b"secret");
        assert!(!both.is_newest(&sealed) && both.is_newest(&both.seal(&random, b"row", b"secret")));
        assert_eq!(before.open(b"row", &both.seal(&random, b"row", b"secret")).unwrap_err(), SealError::OtherKey);
        assert_eq!(both.code(b"purpose", b"data"), before.code(b"purpose", b"data"));
        assert_ne!(both.code(b"purpose", b"data"), SealKey::from_bytes(&new).code(b"purpose", b"data"));
    }

    #[test]
    fn every_changed_or_cut_byte_is_noticed() {
        let key = SealKey::from_bytes(&[7; 32]);
        let sealed = key.seal(&SeededRandom::new(1), b"", b"secret");
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert!(key.open(b"", &changed).is_err(), "byte {position}");
            assert!(key.open(b"", &sealed[..position]).is_err(), "cut at {position}");
        }
    }
}
