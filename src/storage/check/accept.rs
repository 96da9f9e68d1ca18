//! `novapulse check --accept-loss`: goes on with what is left of a damaged store.

use std::path::{Path, PathBuf};

use super::super::{
    Head, Snapshot,
    engine::{
        Engine as _,
        fjall::{FjallEngine, FjallOptions},
    },
    engine_spec,
    guard::{GuardError, accept},
    witness::Mark,
};
use crate::base::{Clock, Random};

pub use accept::Losses;

/// Finds out what would be lost; changes nothing and keeps the directory locked.
///
/// # Errors
/// The directory is in use, or what is wrong with it cannot be accepted.
pub fn weigh_loss(dir: &Path) -> Result<Losses, GuardError> {
    accept::weigh(dir, &engine_spec())
}

/// Gives up what was weighed; tells where everything that was replaced is kept.
///
/// # Errors
/// A file could not be written, or the engine did not open; it may then be tried again.
pub fn accept_loss(losses: Losses, clock: &dyn Clock, random: &dyn Random) -> Result<PathBuf, GuardError> {
    losses.accept(clock.now(), random, &mut |engine| {
        FjallEngine::reconcile(engine)
            .and_then(|()| FjallEngine::open(engine, &FjallOptions::default()))
            .and_then(|engine| Head::read(&Snapshot::new(engine.snapshot())))
            .map(|Head { number, hash, time_ms, last_hi }| Mark {
                n: number,
                hash,
                boot: 0,
                clock_ms: time_ms,
                last_id: last_hi,
            })
            .map_err(|error| error.to_string())
    })
}
