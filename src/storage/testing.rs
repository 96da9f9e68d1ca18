//! What the tests of other modules need of the store.

use super::Value;

/// A value of a format that no table reads: whoever meets it finds a damaged row.
pub(crate) struct Damaged;

impl Value for Damaged {
    const FORMAT: u8 = u8::MAX;

    fn encode(&self, _out: &mut Vec<u8>) {}

    fn decode(_format: u8, _bytes: &[u8]) -> Option<Self> {
        None
    }
}
