//! Values that are given sealed: `enc:` and the sealed bytes in Base64, opened with the master key.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::{Config, Secret, master};
use crate::base::{Random, SealError, SealKey};

/// What a sealed value begins with.
const PREFIX: &str = "enc:";
/// What sealed values are bound to: nothing from the store opens as one of them, nor the other way round.
const PLACE: &[u8] = b"novapulse configuration value";

/// The text to put into the configuration instead of the secret.
#[must_use]
pub fn seal_value(key: &SealKey, random: &dyn Random, secret: &Secret) -> String {
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(key.seal(random, PLACE, secret.expose().as_bytes())))
}

fn open_value(key: &SealKey, sealed: &str) -> Result<Secret, SealError> {
    let bytes = URL_SAFE_NO_PAD.decode(sealed.trim()).map_err(|_| SealError::Format)?;
    let plain = key.open(PLACE, &bytes)?;
    let text = std::str::from_utf8(&plain).map_err(|_| SealError::Format)?;
    Ok(Secret::new(text.to_owned()))
}

/// Whether the sealed text was made with the key that seals now.
fn is_current(key: &SealKey, sealed: &str) -> bool {
    URL_SAFE_NO_PAD.decode(sealed.trim()).is_ok_and(|bytes| key.is_newest(&bytes))
}

impl Config {
    /// Opens every sealed value; what does not open is a complaint that names the setting.
    pub(super) fn open_sealed(&mut self, complaints: &mut Vec<String>) {
        let sealed = self.secret_settings(|secret| secret.expose().starts_with(PREFIX));
        if sealed.is_empty() {
            return;
        }
        let say = |name: &str, what: &str| format!("{}: {name} {what}", self.origin(name));
        if sealed.iter().any(|name| name == master::SETTING) {
            complaints.push(say(master::SETTING, "cannot be sealed itself"));
            return;
        }
        let keys = match self.master_keys() {
            Ok(Some(keys)) => keys.seal_key(),
            Ok(None) => {
                let file = self.storage.directory.join(master::MASTER_KEY_FILE);
                let what =
                    format!("is sealed, but neither {} nor {} has a master key", master::SETTING, file.display());
                complaints.extend(sealed.iter().map(|name| say(name, &what)));
                return;
            }
            Err(error) => {
                complaints.push(error.to_string());
                return;
            }
        };
        let mut failed = Vec::new();
        let mut opened = Vec::new();
        self.each_secret(&mut |name, secret| {
            let Some(text) = secret.expose().strip_prefix(PREFIX).map(|text| Zeroizing::new(text.to_owned())) else {
                return;
            };
            match open_value(&keys, &text) {
                Ok(plain) => {
                    *secret = plain;
                    opened.push((name, is_current(&keys, &text)));
                }
                Err(error) => failed.push((name, error)),
            }
        });
        complaints.extend(failed.iter().map(|(name, error)| {
            format!("{}: {name} is a sealed value that does not open: it {error}", self.origin(name))
        }));
        self.sealed.extend(opened);
    }

    /// Settings that were given sealed, and whether with the master key that seals now.
    pub fn sealed_settings(&self) -> impl Iterator<Item = (&str, bool)> {
        self.sealed.iter().map(|(name, is_current)| (name.as_str(), *is_current))
    }

    /// What to write for each setting that was given sealed, once this key is the one that seals.
    #[must_use]
    pub fn seal_again(&self, key: &SealKey, random: &dyn Random) -> Vec<(String, String)> {
        let mut texts = Vec::new();
        self.clone().each_secret(&mut |name, secret| {
            if self.sealed.contains_key(&name) {
                texts.push((name, seal_value(key, random, secret)));
            }
        });
        texts
    }

    /// The names of the secrets that are set and like this.
    fn secret_settings(&mut self, is_wanted: impl Fn(&Secret) -> bool) -> Vec<String> {
        let mut names = Vec::new();
        self.each_secret(&mut |name, secret| {
            if is_wanted(secret) {
                names.push(name);
            }
        });
        names
    }

    /// Shows every secret that is set, with its `table.key`.
    pub(super) fn each_secret(&mut self, visit: &mut dyn FnMut(String, &mut Secret)) {
        for section in self.sections_mut() {
            let table = section.table();
            section.each_secret(&mut |key, secret| visit(format!("{table}.{key}"), secret));
        }
    }
}
