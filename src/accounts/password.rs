//! Passwords: their rules, their hashes, and the pool that hashes them.
//!
//! A hash costs 19 MiB and some 20 ms of a processor, so only a few run at once and only some may wait; more are refused
//! as "try later". An unknown account costs the same as a known one.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::Error;

/// Shortest and longest password, in characters.
pub const PASSWORD_CHARACTERS: std::ops::RangeInclusive<usize> = 12..=128;
/// Longest password in bytes; characters outside ASCII take more than one.
const PASSWORD_BYTES_MAX: usize = 512;
/// Characters a password must have beside names, addresses and ours.
const OWN_CHARACTERS_MIN: usize = 8;
/// How hard to guess a password must be, of 0 to 4.
const LEAST_SCORE: zxcvbn::Score = zxcvbn::Score::Three;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const HASH_BYTES: usize = 32;

/// How long a call waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many calls wait for each that runs.
const WAITING_PER_RUNNING: usize = 32;

/// A password on its way in; wiped when dropped, never shown.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub struct Password(Zeroizing<String>);

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

impl Password {
    /// Checks the rules for a new password; `words` are names and addresses that must not make it up.
    ///
    /// # Errors
    /// [`Error::Password`] by its length, [`Error::WeakPassword`] when it is common or easy to guess.
    pub(super) fn check(&self, words: &[&str]) -> Result<(), Error> {
        if !PASSWORD_CHARACTERS.contains(&self.0.chars().count()) || self.0.len() > PASSWORD_BYTES_MAX {
            return Err(Error::Password);
        }
        let parts = words.iter().flat_map(|word| word.split(|c: char| !c.is_alphanumeric()));
        let mut words: Vec<&str> = parts.filter(|part| part.len() > 2).chain(words.iter().copied()).collect();
        words.push("novapulse");
        let is_weak =
            zxcvbn::zxcvbn(&self.0, &words).score() < LEAST_SCORE || self.rest_of(&words) < OWN_CHARACTERS_MIN;
        if is_weak { Err(Error::WeakPassword) } else { Ok(()) }
    }

    /// Characters left when the words are taken out.
    fn rest_of(&self, words: &[&str]) -> usize {
        let mut rest = Zeroizing::new(self.0.to_lowercase());
        for word in words.iter().filter(|word| word.len() > 2) {
            *rest = rest.replace(&word.to_lowercase(), "");
        }
        rest.chars().count()
    }

    /// Whether it could be one at all; a longer one is not worth hashing.
    fn is_sane(&self) -> bool {
        self.0.len() <= PASSWORD_BYTES_MAX
    }
}

/// An Argon2id hash in the PHC string format (RFC 9106; m = 19 MiB, t = 2, p = 1).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PasswordHash(String);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

impl PasswordHash {
    /// Hashes a password; slow, so not on an async thread.
    fn create(password: &Password, salt: [u8; 16]) -> Result<Self, Error> {
        let hash = derive(password, &salt, MEMORY_KIB, PASSES, LANES)?;
        let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
        Ok(Self(format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${hash}")))
    }

    /// Whether this is the password; slow. A hash that cannot be read fits no password.
    fn fits(&self, password: &Password) -> bool {
        let Some((salt, hash, [memory, passes, lanes])) = self.parts() else { return false };
        derive(password, &salt, memory, passes, lanes).is_ok_and(|derived| derived.ct_eq(&hash).into())
    }

    fn parts(&self) -> Option<(Vec<u8>, Vec<u8>, [u32; 3])> {
        let mut fields = self.0.strip_prefix("$argon2id$v=19$")?.split('$');
        let (costs, salt, hash) = (fields.next()?, fields.next()?, fields.next()?);
        let mut costs = costs.split(',').filter_map(|cost| cost.split_once('=')?.1.parse().ok());
        let costs = [costs.next()?, costs.next()?, costs.next()?];
        let hash = STANDARD_NO_PAD.decode(hash).ok().filter(|hash| hash.len() == HASH_BYTES)?;
        Some((STANDARD_NO_PAD.decode(salt).ok()?, hash, costs))
    }

    #[cfg(test)]
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

fn derive(password: &Password, salt: &[u8], memory: u32, passes: u32, lanes: u32) -> Result<[u8; HASH_BYTES], Error> {
    let failed = |error: argon2::Error| Error::Hash(error.to_string());
    let params = Params::new(memory, passes, lanes, None).map_err(failed)?;
    let mut hash = [0; HASH_BYTES];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.0.as_bytes(), salt, &mut hash)
        .map_err(failed)?;
    Ok(hash)
}

/// Runs hashes on blocking threads, a few at once.
#[derive(Debug)]
pub(super) struct Hasher {
    permits: Semaphore,
    waiting: AtomicUsize,
    waiting_max: usize,
}

impl Hasher {
    /// A pool for this many hashes at once; 0 takes one per processor, at most 8.
    pub(super) fn new(at_once: usize) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from).min(8);
        let at_once = if at_once == 0 { processors } else { at_once };
        let waiting_max = at_once * WAITING_PER_RUNNING;
        Self { permits: Semaphore::new(at_once), waiting: AtomicUsize::new(0), waiting_max }
    }

    /// Hashes a password whose rules were checked.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Hash`].
    pub(super) async fn hash(&self, password: Password, salt: [u8; 16]) -> Result<PasswordHash, Error> {
        self.run(move || PasswordHash::create(&password, salt)).await?
    }

    /// Whether the password is the one behind the hash; without a hash it takes as long and says no.
    ///
    /// # Errors
    /// [`Error::Busy`].
    pub(super) async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<bool, Error> {
        self.run(move || match hash {
            Some(hash) if password.is_sane() => hash.fits(&password),
            _ => {
                let short = Password::from("x".repeat(12));
                // Only the time it takes matters.
                derive(&short, &[0; 16], MEMORY_KIB, PASSES, LANES).is_err()
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed);
        let permit = if waiting < self.waiting_max {
            tokio::time::timeout(PATIENCE, self.permits.acquire()).await.ok().and_then(Result::ok)
        } else {
            None
        };
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        let _permit = permit.ok_or(Error::Busy)?;
        tokio::task::spawn_blocking(work).await.map_err(|error| Error::Hash(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Error, Hasher, Password, PasswordHash};

    fn password(text: &str) -> Password {
        Password::from(text.to_owned())
    }

    #[test]
    fn hashes_fit_their_password_only() {
        let hash = PasswordHash::create(&password("correct horse battery"), [3; 16]).unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(hash.fits(&password("correct horse battery")));
        for other in ["correct horse batterY", " correct horse battery", "correct horse batter", ""] {
            assert!(!hash.fits(&password(other)), "{other}");
        }
        assert!(!PasswordHash("$argon2id$v=19$m=1$x".to_owned()).fits(&password("")));
        assert!(!format!("{hash:?} {:?}", password("secret")).contains("secret"));
    }

    #[test]
    fn long_and_odd_passwords_count_byte_for_byte() {
        let long = "ä ".repeat(64);
        password(&long).check(&[]).unwrap_err();
        let long = format!("{}{}", "correct horse battery staple ", "y7ü".repeat(30));
        password(&long).check(&[]).unwrap();
        let hash = PasswordHash::create(&password(&long), [3; 16]).unwrap();
        assert!(hash.fits(&password(&long)) && !hash.fits(&password(long.trim_end_matches('ü'))));
    }

    #[test]
    fn short_common_and_personal_passwords_are_refused() {
        for text in ["", "short", "elevenchars", &"x".repeat(129)] {
            assert!(matches!(password(text).check(&[]), Err(Error::Password)), "{text}");
        }
        for text in ["password1234", "123456789012", "qwertyuiop12", "aaaaaaaaaaaaaaaa", "novapulse1234"] {
            assert!(matches!(password(text).check(&[]), Err(Error::WeakPassword)), "{text}");
        }
        let personal = ["Ada Lovelace", "ada.lovelace@example.com", "Analytical"];
        assert!(matches!(password("ada.lovelace1").check(&personal), Err(Error::WeakPassword)));
        // No rule about kinds of characters.
        password("tram orbit velvet noon").check(&personal).unwrap();
    }

    #[tokio::test]
    async fn an_unknown_account_is_verified_like_a_known_one() {
        let hasher = Hasher::new(1);
        let hash = hasher.hash(password("correct horse battery"), [1; 16]).await.unwrap();
        assert!(hasher.verify(password("correct horse battery"), Some(hash.clone())).await.unwrap());
        assert!(!hasher.verify(password("correct horse battery"), None).await.unwrap());
        assert!(!hasher.verify(password(&"x".repeat(10_000)), Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn too_many_at_once_are_told_to_come_again() {
        let hasher = Arc::new(Hasher::new(1));
        let held = hasher.permits.acquire().await.unwrap();
        let calls: Vec<_> = (0..100)
            .map(|_| {
                let hasher = Arc::clone(&hasher);
                tokio::spawn(async move { hasher.verify(password("x"), None).await })
            })
            .collect();
        let mut refused = 0;
        while refused < 68 {
            refused = calls.iter().filter(|call| call.is_finished()).count();
            tokio::task::yield_now().await;
        }
        let (refused, waiting): (Vec<_>, Vec<_>) = calls.into_iter().partition(tokio::task::JoinHandle::is_finished);
        for call in refused {
            assert!(matches!(call.await.unwrap(), Err(Error::Busy)));
        }
        assert_eq!(waiting.len(), 32);
        drop(held);
        // One is enough: on a busy machine all of them, one after another, take longer than their patience.
        let mut waiting = waiting.into_iter();
        assert!(matches!(waiting.next().unwrap().await, Ok(Ok(false))));
        waiting.for_each(|call| call.abort());
    }
}
