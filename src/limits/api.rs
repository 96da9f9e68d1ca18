//! What a refusal looks like.

use super::{Error, Refusal};
use crate::http::{Problem, problems};

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let Refusal { policy, quota, window_s, retry_after_s } = refusal;
        Self::of(&problems::RATE_LIMITED).detail(refusal.to_string()).rate_limit(policy, quota, window_s, retry_after_s)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal.into(),
            Error::Storage(error) => error.into(),
        }
    }
}
