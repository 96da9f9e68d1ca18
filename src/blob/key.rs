//! Keys of blobs: paths that mean the same in a folder, in a bucket and in a URL.

use std::{fmt, str::FromStr};

const KEY_BYTES_MAX: usize = 255;

/// A path of names with `/` between them. A name has lower case letters, digits, `_`, `-` and, not first, `.`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobKey(String);

/// Why a text is not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a path of lower case letters, digits, \"_\", \"-\" and \".\"")]
pub struct KeyError;

impl BlobKey {
    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BlobKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let is_known = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.');
        // A name that begins with a dot would hide, be the folder above, or be a draft of the local store.
        let is_name = |name: &str| !name.is_empty() && !name.starts_with('.') && name.bytes().all(is_known);
        let is_key = text.len() <= KEY_BYTES_MAX && text.split('/').all(is_name);
        if is_key { Ok(Self(text.to_owned())) } else { Err(KeyError) }
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobKey({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::BlobKey;

    #[test]
    fn only_plain_paths_are_keys() {
        for good in ["a", "reports/cmp_01/rpt_02", "a-b/c.d/e_f"] {
            assert_eq!(good.parse::<BlobKey>().unwrap().as_str(), good);
        }
        let long = "a".repeat(256);
        for bad in ["", "/a", "a/", "a//b", "..", "a/../b", ".hidden", "a/.b", "A", "a b", "ä", "a\\b", "a%2f", &long]
        {
            assert!(bad.parse::<BlobKey>().is_err(), "{bad}");
        }
    }
}
