//! What a failure of the store means to a client.

use super::{Problem, problems};
use crate::storage;

impl From<storage::Error> for Problem {
    fn from(error: storage::Error) -> Self {
        match &error {
            storage::Error::Unknown(_) => Self::of(&problems::OUTCOME_UNKNOWN).retry_after_s(2).cause(&error),
            storage::Error::Stopped => Self::of(&problems::STORAGE_UNAVAILABLE).retry_after_s(2),
            storage::Error::Full => Self::of(&problems::STORAGE_FULL).retry_after_s(30),
            storage::Error::Corrupt { .. } | storage::Error::Panicked(_) => Self::internal(&error),
            storage::Error::Engine(_) => Self::of(&problems::STORAGE_UNAVAILABLE).retry_after_s(2).cause(&error),
        }
    }
}
