//! The hash that chains entries. Pure.

use sha2::{Digest, Sha256};

use super::EntryRow;

/// The hash before the first entry.
pub(super) const START: [u8; 32] = [0; 32];

/// The hash of an entry behind the one with the hash `before`; every field counts, each with its length.
pub(super) fn hash(before: &[u8; 32], company: u64, number: u64, row: &EntryRow) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(company.to_be_bytes());
    hash.update(number.to_be_bytes());
    hash.update(row.time.as_ms().to_be_bytes());
    let texts = [
        Some(row.actor_kind.as_str()),
        row.actor_id.as_deref(),
        Some(&row.action),
        Some(&row.object),
        Some(&row.before),
        Some(&row.after),
        row.address.as_deref(),
        row.request_id.as_deref(),
    ];
    for text in texts {
        let length = text.map_or(u64::MAX, |text| text.len() as u64);
        hash.update(length.to_be_bytes());
        hash.update(text.unwrap_or_default());
    }
    hash.finalize().into()
}
