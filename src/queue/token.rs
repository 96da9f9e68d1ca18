//! The text of a lease token: `lt_<queue>_<generation>_<check>`, in hexadecimal.
//!
//! The check part covers the job's random half, so a token of another job or a guessed one is
//! refused without a read. It has 64 bits: with 32, two of some ten thousand tokens were the same text.

use std::fmt;

use xxhash_rust::xxh3::xxh3_64;

use crate::base::{JobId, QueueId};

/// The right to end one attempt of one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) queue: QueueId,
    pub(super) generation: u32,
    check: u64,
}

impl Token {
    pub(super) fn new(job: JobId, queue: QueueId, generation: u32) -> Self {
        let mut bytes = [0; 24];
        let parts = [job.raw().hi, job.raw().lo, (u64::from(queue.0) << 32) | u64::from(generation)];
        for (to, part) in bytes.chunks_exact_mut(8).zip(parts) {
            to.copy_from_slice(&part.to_be_bytes());
        }
        Self { queue, generation, check: xxh3_64(&bytes) }
    }

    /// Reads a token shown for a job; `None` when it is not one of this job.
    pub(super) fn parse(text: &str, job: JobId) -> Option<Self> {
        let mut parts = text.strip_prefix("lt_")?.split('_').map(|part| u64::from_str_radix(part, 16).ok());
        let (queue, generation, check) = (parts.next()??, parts.next()??, parts.next()??);
        let (queue, generation) = (u32::try_from(queue).ok()?, u32::try_from(generation).ok()?);
        let token = Self::new(job, QueueId(queue), generation);
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
    use super::Token;
    use crate::base::{JobId, QueueId, RawId};

    #[test]
    fn only_the_jobs_own_token_is_read() {
        let job = JobId::from_raw(RawId { hi: 5, lo: 77 });
        let other = JobId::from_raw(RawId { hi: 5, lo: 78 });
        let text = Token::new(job, QueueId(16), 3).to_string();
        assert_eq!(Token::parse(&text, job).unwrap().generation, 3);
        assert_eq!(Token::parse(&text, other), None);
        for text in ["", "lt_", "lt_10_3", "lt_10_4_00000000", &format!("{text}_1"), "lt_x_3_1"] {
            assert_eq!(Token::parse(text, job), None, "{text}");
        }
    }
}
