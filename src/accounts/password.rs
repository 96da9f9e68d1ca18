//! Passwords: their rules and their hashes. Where they are hashed, `hasher` says.

use std::panic::{AssertUnwindSafe, catch_unwind};

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;
use zxcvbn::matching::patterns::MatchPattern;

use super::Error;

/// Shortest and longest password, in characters.
pub const PASSWORD_CHARACTERS: std::ops::RangeInclusive<usize> = 12..=128;
/// Longest password in bytes; characters outside ASCII take more than one.
const PASSWORD_BYTES_MAX: usize = 512;
/// Characters a password must have beside names, addresses and ours.
const OWN_CHARACTERS_MIN: usize = 8;
/// Characters a password must have beside one of the bundled list.
const UNLISTED_CHARACTERS_MIN: usize = 5;
/// Characters that the judge looks at at once: what it costs grows with their third power and more.
const JUDGED_CHARACTERS: usize = 40;
/// How hard to guess a password must be, of 0 to 4.
const LEAST_SCORE: zxcvbn::Score = zxcvbn::Score::Three;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const HASH_BYTES: usize = 32;

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
    /// Checks the length of a new password.
    ///
    /// # Errors
    /// [`Error::Password`].
    pub(super) fn check_length(&self) -> Result<(), Error> {
        let fits = PASSWORD_CHARACTERS.contains(&self.0.chars().count()) && self.0.len() <= PASSWORD_BYTES_MAX;
        if fits { Ok(()) } else { Err(Error::Password) }
    }

    /// Checks all rules for a new password; `words` are names and addresses that must not make it up. Slow for passwords
    /// made to be slow, so not on an async thread.
    ///
    /// # Errors
    /// [`Error::Password`] by its length, [`Error::WeakPassword`] when it is common or easy to guess.
    pub(super) fn check(&self, words: &[&str]) -> Result<(), Error> {
        self.check_length()?;
        let parts = words.iter().flat_map(|word| word.split(|c: char| !c.is_alphanumeric()));
        let mut words: Vec<&str> = parts.filter(|part| part.len() > 2).chain(words.iter().copied()).collect();
        words.push("novapulse");
        let is_weak = self.is_listed() || !self.is_hard_to_guess(&words) || self.rest_of(&words) < OWN_CHARACTERS_MIN;
        if is_weak { Err(Error::WeakPassword) } else { Ok(()) }
    }

    /// Whether it is one of the 30,000 passwords of the list that the judge brings along, made of passwords that were
    /// stolen elsewhere, or one of them with a little around it; in capitals, with digits for letters and backwards too.
    fn is_listed(&self) -> bool {
        let characters = self.0.chars().count();
        if characters > JUDGED_CHARACTERS {
            return false;
        }
        let judged = catch_unwind(AssertUnwindSafe(|| zxcvbn::zxcvbn(&self.0, &[])));
        let Ok(judged) = judged else { return true };
        judged.sequence().iter().any(|part| {
            let listed = match &part.pattern {
                MatchPattern::Dictionary(found) => is_of_passwords(&found.dictionary_name),
                MatchPattern::Repeat(found) => found.base_matches.iter().any(|base| {
                    matches!(&base.pattern, MatchPattern::Dictionary(found) if is_of_passwords(&found.dictionary_name))
                }),
                _ => false,
            };
            listed && characters.saturating_sub(part.token.chars().count()) < UNLISTED_CHARACTERS_MIN
        })
    }

    /// Whether the beginning or the end would be a good password by itself.
    fn is_hard_to_guess(&self, words: &[&str]) -> bool {
        let beginning: Zeroizing<String> = Zeroizing::new(self.0.chars().take(JUDGED_CHARACTERS).collect());
        let skipped = self.0.chars().count().saturating_sub(JUDGED_CHARACTERS);
        let end: Zeroizing<String> = Zeroizing::new(self.0.chars().skip(skipped).collect());
        // The judge multiplies without looking at overflow; what it gives up on is no good password.
        let score = |text: &str| catch_unwind(AssertUnwindSafe(|| zxcvbn::zxcvbn(text, words).score())).ok();
        let is_good = |text: &str| score(text).is_some_and(|score| score >= LEAST_SCORE);
        is_good(&beginning) || (skipped > 0 && is_good(&end))
    }

    /// Characters left when the words are taken out.
    fn rest_of(&self, words: &[&str]) -> usize {
        let mut rest = Zeroizing::new(self.0.to_lowercase());
        for word in words.iter().filter(|word| word.len() > 2) {
            *rest = rest.replace(&word.to_lowercase(), "");
        }
        rest.chars().count()
    }

    /// Whether it is the one behind the hash; without a hash it takes as long and says no. Slow, so not on an async thread.
    pub(super) fn is_behind(&self, hash: Option<&PasswordHash>) -> bool {
        match hash {
            Some(hash) if self.is_sane() => hash.fits(self),
            _ => {
                let short = Self::from("x".repeat(12));
                // Only the time it takes matters.
                derive(&short, &[0; 16], MEMORY_KIB, PASSES, LANES).is_err()
            }
        }
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether both are the same text.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }

    /// Whether it could be one at all; a longer one is not worth hashing.
    fn is_sane(&self) -> bool {
        self.0.len() <= PASSWORD_BYTES_MAX
    }
}

/// Whether a list of the judge is that of passwords; it keeps the type of its lists to itself.
fn is_of_passwords(list: &impl std::fmt::Debug) -> bool {
    format!("{list:?}") == "Passwords"
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
    pub(super) fn create(password: &Password, salt: [u8; 16]) -> Result<Self, Error> {
        let hash = derive(password, &salt, MEMORY_KIB, PASSES, LANES)?;
        let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
        Ok(Self(format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${hash}")))
    }

    /// Whether this is the password; slow. A hash that cannot be read fits no password.
    fn fits(&self, password: &Password) -> bool {
        let Some((salt, hash, [memory, passes, lanes])) = self.parts() else { return false };
        derive(password, &salt, memory, passes, lanes).is_ok_and(|derived| derived.ct_eq(&hash).into())
    }

    /// Whether it was made with the costs of today; an older one is made anew when the password is at hand.
    pub(super) fn is_current(&self) -> bool {
        self.parts().is_some_and(|(_, _, costs)| costs == [MEMORY_KIB, PASSES, LANES])
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

#[cfg(test)]
mod tests {
    use super::{Error, Password, PasswordHash};

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

    #[test]
    fn a_stolen_password_is_refused_also_with_a_little_around_it() {
        for text in ["ghjnbdjcnjzybt", "weihnachtsbaum", "Weihnachtsbaum", "fktrcfylhjdf", "qwertasdfgzxcvb"] {
            assert!(password(text).is_listed(), "{text}");
            assert!(matches!(password(text).check(&[]), Err(Error::WeakPassword)), "{text}");
        }
        // Hard enough to guess for the judge, since the list is long.
        let around = password("ghjnbdjcnjzybt7K~x");
        assert!(around.is_hard_to_guess(&[]) && matches!(around.check(&[]), Err(Error::WeakPassword)));
        // With more of its own, or of several words, it is nobody's.
        for text in ["ghjnbdjcnjzybt7K~xQm", "tram orbit velvet noon", "correct horse battery"] {
            password(text).check(&[]).unwrap();
        }
    }

    #[test]
    fn a_password_made_to_break_the_judge_is_weak() {
        for text in ["qw".repeat(50), "\u{0}".repeat(100), "a".repeat(128)] {
            assert!(matches!(password(&text).check(&[]), Err(Error::WeakPassword)), "{text}");
        }
        // Every character of it may stand for several others, all of which the judge tries.
        let judged = password(&"4@8({[<3691!|70$5+%2".repeat(6)).check(&[]);
        assert!(matches!(judged, Ok(()) | Err(Error::WeakPassword)));
    }

    #[test]
    fn hashes_of_other_costs_fit_and_are_not_current() {
        let made = PasswordHash::create(&password("correct horse battery"), [3; 16]).unwrap();
        assert!(made.is_current());
        let hash = super::derive(&password("correct horse battery"), &[3; 16], 12 * 1024, 3, 1).unwrap();
        let encode = |bytes: &[u8]| base64::Engine::encode(&super::STANDARD_NO_PAD, bytes);
        let old = PasswordHash(format!("$argon2id$v=19$m=12288,t=3,p=1${}${}", encode(&[3; 16]), encode(&hash)));
        assert!(old.fits(&password("correct horse battery")) && !old.is_current());
    }
}
