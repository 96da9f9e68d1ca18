//! `store/superblock`: what this store is, written once when it is made.
//!
//! Two lines of text: a JSON object, and the XXH3-128 of that line. The format number is read before
//! anything else, so that a later layout is reported as newer and not as damaged.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use super::{GuardError, durable, error::At as _};
use crate::base::Timestamp;

/// Name of the file in the store.
pub const SUPERBLOCK_FILE: &str = "superblock";
/// The store format this version writes and the newest it reads.
pub const FORMAT: u32 = 1;

const PRODUCT: &str = "novapulse";

/// The identity and shape of a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Superblock {
    /// Always `novapulse`.
    pub product: String,
    /// Store format; see [`FORMAT`].
    pub format: u32,
    /// Random number of this directory in hexadecimal; the witness carries the same one.
    pub directory: String,
    /// Name of the storage engine.
    pub engine: String,
    /// Engine version that made the store.
    pub engine_version: String,
    /// Keyspace names in the order they were made; the engine numbers them from 1.
    pub keyspaces: Vec<String>,
    /// When the store was made.
    pub created_at: Timestamp,
}

#[derive(Deserialize)]
struct Head {
    product: String,
    format: u32,
}

impl Superblock {
    /// Describes a new store.
    #[must_use]
    pub fn new(directory: String, engine: &str, engine_version: &str, keyspaces: &[&str], now: Timestamp) -> Self {
        Self {
            product: PRODUCT.to_owned(),
            format: FORMAT,
            directory,
            engine: engine.to_owned(),
            engine_version: engine_version.to_owned(),
            keyspaces: keyspaces.iter().map(|name| (*name).to_owned()).collect(),
            created_at: now,
        }
    }

    /// Writes the file into a store that does not have one.
    pub(super) fn write(&self, store: &Path) -> Result<(), GuardError> {
        let path = store.join(SUPERBLOCK_FILE);
        let json = serde_json::to_string(self)
            .map_err(|error| GuardError::Create { path: path.clone(), what: error.to_string() })?;
        let text = format!("{json}\n{:032x}\n", xxh3_128(json.as_bytes()));
        durable::write_new(&path, text.as_bytes()).writing(&path)
    }

    /// Reads and checks the file.
    pub(super) fn read(store: &Path) -> Result<Self, GuardError> {
        let path = store.join(SUPERBLOCK_FILE);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(GuardError::missing(&path, "the store has no superblock"));
            }
            other => other.reading(&path)?,
        };
        Self::parse(&bytes, &path)
    }

    fn parse(bytes: &[u8], path: &Path) -> Result<Self, GuardError> {
        let damaged = |what: &str| GuardError::damaged(path, what);
        let text = std::str::from_utf8(bytes).map_err(|_| damaged("the superblock is not text"))?;
        let (json, rest) = text.split_once('\n').ok_or_else(|| damaged("the superblock is cut short"))?;
        if rest != format!("{:032x}\n", xxh3_128(json.as_bytes())) {
            return Err(damaged("the superblock's checksum does not match"));
        }
        let head: Head = serde_json::from_str(json).map_err(|_| damaged("the superblock is not readable"))?;
        if head.product != PRODUCT {
            return Err(damaged("the superblock names another product"));
        }
        if head.format > FORMAT {
            return Err(GuardError::Newer {
                path: path.to_path_buf(),
                what: "store format",
                found: head.format.to_string(),
                known: FORMAT.to_string(),
            });
        }
        serde_json::from_str(json).map_err(|_| damaged("the superblock is not readable"))
    }

    /// The directory's number, as the witness carries it.
    pub(super) fn directory_number(&self, store: &Path) -> Result<[u8; 16], GuardError> {
        u128::from_str_radix(&self.directory, 16)
            .map(u128::to_be_bytes)
            .map_err(|_| GuardError::damaged(&store.join(SUPERBLOCK_FILE), "the directory number is malformed"))
    }

    /// Checks that this binary's engine and keyspaces are those of the store.
    pub(super) fn check(
        &self,
        store: &Path,
        engine: &str,
        version: &str,
        keyspaces: &[&str],
    ) -> Result<(), GuardError> {
        let path = store.join(SUPERBLOCK_FILE);
        let newer = |what, found: &str, known: &str| {
            Err(GuardError::Newer { path: path.clone(), what, found: found.to_owned(), known: known.to_owned() })
        };
        if self.engine != engine {
            return newer("storage engine", &self.engine, engine);
        }
        if major(&self.engine_version) > major(version) {
            return newer("engine version", &self.engine_version, version);
        }
        if let Some(unknown) = self.keyspaces.iter().find(|name| !keyspaces.contains(&name.as_str())) {
            return newer("keyspace", unknown, &keyspaces.join(", "));
        }
        if self.keyspaces != keyspaces {
            let what = format!("it lists keyspaces {:?}, this version needs {keyspaces:?}", self.keyspaces);
            return Err(GuardError::damaged(&path, what));
        }
        Ok(())
    }
}

fn major(version: &str) -> u64 {
    version.split('.').next().and_then(|part| part.parse().ok()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use xxhash_rust::xxh3::xxh3_128;

    use super::{GuardError, Superblock};
    use crate::base::Timestamp;

    fn text(json: &str) -> Vec<u8> {
        format!("{json}\n{:032x}\n", xxh3_128(json.as_bytes())).into_bytes()
    }

    #[test]
    fn any_flipped_byte_is_damage_and_a_later_format_is_newer() {
        let block = Superblock::new("00ff".to_owned(), "fjall", "3.1.13", &["a", "b"], Timestamp::from_ms(0));
        let json = serde_json::to_string(&block).unwrap();
        let good = text(&json);
        let path = Path::new("superblock");
        assert_eq!(Superblock::parse(&good, path).unwrap(), block);
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 4;
            assert!(matches!(Superblock::parse(&bad, path), Err(GuardError::Damaged { .. })), "byte {at}");
        }
        let later = text(r#"{"product":"novapulse","format":2,"something":"else"}"#);
        assert!(matches!(Superblock::parse(&later, path), Err(GuardError::Newer { .. })));
    }

    #[test]
    fn another_engine_or_unknown_keyspace_is_newer() {
        let block = Superblock::new(String::new(), "fjall", "3.1.13", &["a", "b"], Timestamp::from_ms(0));
        let store = Path::new("store");
        assert!(block.check(store, "fjall", "3.9.0", &["a", "b"]).is_ok());
        let code = |result: Result<(), GuardError>| result.unwrap_err().exit_code();
        assert_eq!(code(block.check(store, "redb", "3.1.13", &["a", "b"])), 22);
        assert_eq!(code(block.check(store, "fjall", "2.0.0", &["a", "b"])), 22);
        assert_eq!(code(block.check(store, "fjall", "3.1.13", &["a"])), 22);
        assert_eq!(code(block.check(store, "fjall", "3.1.13", &["b", "a"])), 23);
    }
}
