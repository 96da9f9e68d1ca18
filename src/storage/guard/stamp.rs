//! What the engine writes into every batch about the engine's own bookkeeping.
//!
//! The engine's journal checksum does not cover a batch's sequence number, and a sealed journal that
//! disappears looks like one that was no longer needed. So each batch says below which sequence number it
//! cannot stand, and, for each keyspace, where the batch that last wrote to it stood. The newest stamp
//! is kept as a row in every keyspace a batch touches; being rewritten it is never lost to compaction.

/// Number of keyspaces of a store.
pub const KEYSPACES: usize = 2;
/// Position of the keyspace that every batch writes to: the one with the commit records.
pub const ALWAYS_TOUCHED: usize = 1;
/// Key of the stamp in each keyspace; no table has this number.
pub const STAMP_KEY: [u8; 1] = [u8::MAX];

const FORMAT: u8 = 1;
/// Length of an encoded stamp.
pub const STAMP_LEN: usize = 1 + 8 + KEYSPACES + KEYSPACES * 8;

/// Where a batch stands among all batches, by keyspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stamp {
    /// The engine's next sequence number when the batch was built: it has this one or a slightly higher one.
    pub floor: u64,
    /// Which keyspaces the batch writes to.
    pub touched: [bool; KEYSPACES],
    /// The floor of the last batch before this one that wrote to each keyspace; 0 for none.
    pub before: [u64; KEYSPACES],
}

impl Stamp {
    /// The floor of the last batch that wrote to each keyspace, this one included.
    #[must_use]
    pub fn after(&self) -> [u64; KEYSPACES] {
        let mut after = self.before;
        for (floor, is_touched) in after.iter_mut().zip(self.touched) {
            if is_touched {
                *floor = self.floor;
            }
        }
        after
    }

    /// The stored form.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(STAMP_LEN);
        bytes.push(FORMAT);
        bytes.extend_from_slice(&self.floor.to_be_bytes());
        bytes.extend(self.touched.map(u8::from));
        self.before.iter().for_each(|floor| bytes.extend_from_slice(&floor.to_be_bytes()));
        bytes
    }

    /// Reads the stored form.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (&[format], rest) = bytes.split_first_chunk()?;
        let (floor, rest) = rest.split_first_chunk()?;
        let (touched, mut rest) = rest.split_first_chunk::<KEYSPACES>()?;
        let mut before = [0; KEYSPACES];
        for floor in &mut before {
            let (bytes, others) = rest.split_first_chunk()?;
            *floor = u64::from_be_bytes(*bytes);
            rest = others;
        }
        let is_sound = format == FORMAT && rest.is_empty() && touched.iter().all(|flag| *flag <= 1);
        is_sound.then(|| Self { floor: u64::from_be_bytes(*floor), touched: touched.map(|flag| flag == 1), before })
    }
}

#[cfg(test)]
mod tests {
    use super::{STAMP_LEN, Stamp};

    #[test]
    fn a_stamp_reads_back_and_knows_who_wrote_last() {
        let stamp = Stamp { floor: 1 << 40, touched: [false, true], before: [7, 9] };
        let bytes = stamp.encode();
        assert_eq!(bytes.len(), STAMP_LEN);
        assert_eq!(Stamp::decode(&bytes), Some(stamp));
        assert_eq!(Stamp::decode(&bytes[1..]), None);
        assert_eq!(stamp.after(), [7, 1 << 40]);
    }
}
