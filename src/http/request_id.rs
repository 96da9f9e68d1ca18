//! The id of a request: the client's own when it is usable, else minted here.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::base::Random;

/// The header, both ways.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

const ACCEPTED_BYTES_MAX: usize = 128;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Odd, so that multiplying by it maps the 64-bit numbers onto themselves and no two counts give one id.
const SCATTER: u64 = 0x9E37_79B9_7F4A_7C15;

/// Hands out request ids that do not repeat within a run and hardly between runs.
#[derive(Debug)]
pub(super) struct RequestIds {
    seed: u64,
    count: AtomicU64,
}

impl RequestIds {
    pub(super) fn new(random: &dyn Random) -> Self {
        Self { seed: random.next_u64(), count: AtomicU64::new(random.next_u64()) }
    }

    /// The client's id when it is short and plain, else a new one.
    pub(super) fn accept_or_mint(&self, headers: &HeaderMap) -> HeaderValue {
        headers.get(HEADER).filter(|value| is_plain(value.as_bytes())).cloned().unwrap_or_else(|| self.mint())
    }

    fn mint(&self) -> HeaderValue {
        let number = self.count.fetch_add(1, Ordering::Relaxed).wrapping_mul(SCATTER) ^ self.seed;
        let mut text = *b"req_0000000000000";
        for (position, byte) in text.iter_mut().skip(4).enumerate() {
            let digit = (number >> (5 * position)) & 31;
            *byte = *ALPHABET.get(digit as usize).unwrap_or(&b'0');
        }
        HeaderValue::from_bytes(&text).unwrap_or_else(|_| HeaderValue::from_static("req_"))
    }
}

fn is_plain(id: &[u8]) -> bool {
    (1..=ACCEPTED_BYTES_MAX).contains(&id.len())
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte))
}
