//! The text of a lease token: `lt_<queue>_<generation>_<check>`, in hexadecimal.
//!
//! The check part is 64 bits of a code over job, queue and generation under a key of this store, so
//! a token cannot be worked out from what the API shows, and one of another job is refused without
//! a read. Only leases of workers outside get a token.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::base::{JobId, QueueId, Random, SealKey};

/// Makes and reads tokens.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenKey([u8; 32]);

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey")
    }
}

/// The right to end one attempt of one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) queue: QueueId,
    pub(super) generation: u32,
    check: u64,
}

impl TokenKey {
    /// The key of a store, which follows from the key behind its codes and is itself kept nowhere: leases outlive a
    /// restart, and so do their tokens.
    #[must_use]
    pub fn of(seal: &SealKey) -> Self {
        Self(seal.code(b"lease tokens", b""))
    }

    pub(super) fn generate(random: &dyn Random) -> Self {
        let mut key = [0; 32];
        random.fill(&mut key);
        Self(key)
    }

    pub(super) fn make(&self, job: JobId, queue: QueueId, generation: u32) -> Token {
        let mut code = Hmac::<Sha256>::new_from_slice(&self.0).expect("any length of key is good");
        code.update(&job.raw().hi.to_be_bytes());
        code.update(&job.raw().lo.to_be_bytes());
        code.update(&queue.0.to_be_bytes());
        code.update(&generation.to_be_bytes());
        let check = code.finalize().into_bytes().iter().take(8).fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
        Token { queue, generation, check }
    }

    /// Reads a token shown for a job; `None` when it is not one of this job.
    pub(super) fn parse(&self, text: &str, job: JobId) -> Option<Token> {
        let mut parts = text.strip_prefix("lt_")?.split('_').map(|part| u64::from_str_radix(part, 16).ok());
        let (queue, generation, check) = (parts.next()??, parts.next()??, parts.next()??);
        let (queue, generation) = (u32::try_from(queue).ok()?, u32::try_from(generation).ok()?);
        let token = self.make(job, QueueId(queue), generation);
        (parts.next().is_none() && token.check == check).then_some(token)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lt_{:x}_{:x}_{:016x}", self.queue.0, self.generation, self.check)
    }
}

#[cfg(test)]
mod tests {
    use super::TokenKey;
    use crate::base::{JobId, QueueId, RawId};

    #[test]
    fn only_the_jobs_own_token_is_read() {
        let (key, other_key) = (TokenKey([1; 32]), TokenKey([2; 32]));
        let job = JobId::from_raw(RawId { hi: 5, lo: 77 });
        let other = JobId::from_raw(RawId { hi: 5, lo: 78 });
        let text = key.make(job, QueueId(16), 3).to_string();
        assert_eq!(key.parse(&text, job).unwrap().generation, 3);
        assert_eq!(key.parse(&text, other), None);
        assert_eq!(other_key.parse(&text, job), None, "a token cannot be made without the key");
        for text in ["", "lt_", "lt_10_3", "lt_10_4_00000000", &format!("{text}_1"), "lt_x_3_1"] {
            assert_eq!(key.parse(text, job), None, "{text}");
        }
        assert_eq!(format!("{key:?}"), "TokenKey");
    }
}
