//! Order-preserving keys: encoded bytes sort like the values they came from.
//!
//! Numbers are big-endian; signed ones have their sign bit flipped. Text and byte vectors
//! carry no length, so they may only be the last part of a key.

use crate::base::{
    ApiKeyId, AttemptId, CompanyId, DeliveryId, EventId, JobId, QueueId, RawId, Timestamp, UserId, WebhookId,
};

/// A key, or a leading part of one.
pub trait Key: Sized {
    /// Appends the encoded form.
    fn encode(&self, out: &mut Vec<u8>);

    /// Takes the encoded form off the front of `bytes`; `None` when it does not fit.
    fn decode(bytes: &mut &[u8]) -> Option<Self>;
}

macro_rules! number_key {
    ($($number:ty),*) => {$(
        impl Key for $number {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }

            fn decode(bytes: &mut &[u8]) -> Option<Self> {
                let (head, rest) = bytes.split_first_chunk()?;
                *bytes = rest;
                Some(Self::from_be_bytes(*head))
            }
        }
    )*};
}

number_key!(u8, u16, u32, u64, u128);

impl Key for i64 {
    fn encode(&self, out: &mut Vec<u8>) {
        (self.cast_unsigned() ^ (1 << 63)).encode(out);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        u64::decode(bytes).map(|number| (number ^ (1 << 63)).cast_signed())
    }
}

impl Key for Timestamp {
    fn encode(&self, out: &mut Vec<u8>) {
        self.as_ms().encode(out);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        i64::decode(bytes).map(Self::from_ms)
    }
}

impl Key for QueueId {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        u32::decode(bytes).map(Self)
    }
}

impl Key for RawId {
    fn encode(&self, out: &mut Vec<u8>) {
        self.hi.encode(out);
        self.lo.encode(out);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        Some(Self { hi: u64::decode(bytes)?, lo: u64::decode(bytes)? })
    }
}

macro_rules! id_key {
    ($($id:ident),*) => {$(
        impl Key for $id {
            fn encode(&self, out: &mut Vec<u8>) {
                self.raw().encode(out);
            }

            fn decode(bytes: &mut &[u8]) -> Option<Self> {
                RawId::decode(bytes).map(Self::from_raw)
            }
        }
    )*};
}

id_key!(ApiKeyId, AttemptId, CompanyId, DeliveryId, EventId, JobId, UserId, WebhookId);

impl<const N: usize> Key for [u8; N] {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk()?;
        *bytes = rest;
        Some(*head)
    }
}

impl Key for Vec<u8> {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        Some(std::mem::take(bytes).to_vec())
    }
}

impl Key for String {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        Self::from_utf8(std::mem::take(bytes).to_vec()).ok()
    }
}

impl Key for () {
    fn encode(&self, _out: &mut Vec<u8>) {}

    fn decode(_bytes: &mut &[u8]) -> Option<Self> {
        Some(())
    }
}

macro_rules! tuple_key {
    ($($part:ident),+) => {
        impl<$($part: Key),+> Key for ($($part,)+) {
            fn encode(&self, out: &mut Vec<u8>) {
                #[expect(non_snake_case, reason = "the parts carry the names of their types")]
                let ($($part,)+) = self;
                $($part.encode(out);)+
            }

            fn decode(bytes: &mut &[u8]) -> Option<Self> {
                Some(($($part::decode(bytes)?,)+))
            }
        }
    };
}

tuple_key!(A);
tuple_key!(A, B);
tuple_key!(A, B, C);
tuple_key!(A, B, C, D);
tuple_key!(A, B, C, D, E);
tuple_key!(A, B, C, D, E, F);

/// The direction of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Smallest key first.
    Ascending,
    /// Largest key first.
    Descending,
}

/// A range of encoded keys within one table: start inclusive, end exclusive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRange {
    start: Vec<u8>,
    end: Option<Vec<u8>>,
}

impl KeyRange {
    /// Every key of the table.
    #[must_use]
    pub const fn all() -> Self {
        Self { start: Vec::new(), end: None }
    }

    /// Every key that begins with these parts.
    #[must_use]
    pub fn prefix(parts: &impl Key) -> Self {
        let start = encoded(parts);
        let end = successor(&start);
        Self { start, end }
    }

    /// From this key on, inclusive.
    #[must_use]
    pub fn from(key: &impl Key) -> Self {
        Self { start: encoded(key), end: None }
    }

    /// Past every key that begins with these parts.
    ///
    /// For a whole key that is everything after it.
    #[must_use]
    pub fn after(key: &impl Key) -> Self {
        let start = encoded(key);
        match successor(&start) {
            Some(start) => Self { start, end: None },
            None => Self { start: Vec::new(), end: Some(Vec::new()) },
        }
    }

    /// Up to this key, exclusive.
    #[must_use]
    pub fn before(key: &impl Key) -> Self {
        Self { start: Vec::new(), end: Some(encoded(key)) }
    }

    /// From `start` inclusive to `end` exclusive.
    #[must_use]
    pub fn between(start: &impl Key, end: &impl Key) -> Self {
        Self { start: encoded(start), end: Some(encoded(end)) }
    }

    /// The part of this range whose keys begin with these parts.
    #[must_use]
    pub fn within(self, parts: &impl Key) -> Self {
        self.and(Self::prefix(parts))
    }

    /// What is in this range and in another.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let end = match (self.end, other.end) {
            (Some(left), Some(right)) => Some(left.min(right)),
            (left, right) => left.or(right),
        };
        Self { start: self.start.max(other.start), end }
    }

    /// Every key that begins with these parts, and from `before` down only when it is given: a page of a list that shows
    /// the newest first.
    #[must_use]
    pub fn page(parts: &impl Key, before: Option<&impl Key>) -> Self {
        before.map_or_else(|| Self::prefix(parts), |key| Self::before(key).within(parts))
    }

    /// The range as whole engine keys, with the table's number in front.
    pub(crate) fn for_table(&self, table: u8) -> (Vec<u8>, Vec<u8>) {
        let mut start = Vec::with_capacity(self.start.len() + 1);
        start.push(table);
        start.extend_from_slice(&self.start);
        let end = if let Some(end) = &self.end {
            let mut bytes = Vec::with_capacity(end.len() + 1);
            bytes.push(table);
            bytes.extend_from_slice(end);
            bytes
        } else {
            vec![table.saturating_add(1)]
        };
        (start, end)
    }
}

fn encoded(key: &impl Key) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(40);
    key.encode(&mut bytes);
    bytes
}

/// The smallest byte string greater than every string that begins with `prefix`.
fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = prefix.to_vec();
    while let Some(last) = bytes.pop() {
        if last < u8::MAX {
            bytes.push(last + 1);
            return Some(bytes);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Key, KeyRange, encoded};
    use crate::base::Timestamp;

    proptest! {
        #[test]
        fn encoded_order_is_value_order(a: (u64, i64, u8), b: (u64, i64, u8)) {
            prop_assert_eq!(a.cmp(&b), encoded(&a).cmp(&encoded(&b)));
        }

        #[test]
        fn keys_round_trip(number: u64, ms: i64, text in "[a-z.]{0,12}") {
            let key = (number, Timestamp::from_ms(ms), text);
            let bytes = encoded(&key);
            let mut rest = bytes.as_slice();
            prop_assert_eq!(<(u64, Timestamp, String)>::decode(&mut rest), Some(key));
            prop_assert!(rest.is_empty());
        }
    }

    #[test]
    fn ranges_meet_without_overlap() {
        let prefix = KeyRange::prefix(&(7_u64,));
        assert_eq!(prefix.for_table(3), (encoded(&(3_u8, 7_u64)), encoded(&(3_u8, 8_u64))));
        assert_eq!(KeyRange::prefix(&u64::MAX).for_table(3), (encoded(&(3_u8, u64::MAX)), vec![4]));
        let tail = KeyRange::after(&(7_u64, 5_u64)).within(&7_u64);
        assert_eq!(tail.for_table(1), (encoded(&(1_u8, 7_u64, 6_u64)), encoded(&(1_u8, 8_u64))));
        let (start, end) = KeyRange::after(&u64::MAX).for_table(1);
        assert!(start >= end);
    }
}
