//! Replacing the master key and, when wanted, the seal key of a directory that no server is using.
//!
//! A rotation is a list of steps. After each of them, and after a death within one, a server with the old or the new
//! master key starts, whichever it is given, and the rotation can be begun again. The old key is given up last: at once
//! when the key is kept in the data directory and no setting is sealed with it, else when the operator says so.

#[cfg(test)]
mod tests;

use std::{path::PathBuf, sync::Arc};

use super::{Error, adapters, master_key, sealed::sealed_tables};
use crate::{
    base::{Clock, Random, SystemClock, SystemRandom},
    config::{Config, MasterKeys},
    sealing,
    storage::Directory,
};

/// What is to be replaced.
#[derive(Debug, Clone, Default)]
pub struct RotationOrder {
    /// Holds the new master key; one is made when it is left out and the key is kept in the data directory.
    pub new_key_file: Option<PathBuf>,
    /// Also the key that seals the rows of the store.
    pub with_seal_key: bool,
    /// Only give up the master keys behind the first.
    pub is_end: bool,
}

/// What was done.
#[derive(Debug)]
pub struct Rotated {
    /// How many rows were sealed anew, when that was wanted.
    pub rows: Option<u64>,
    /// Settings that were given sealed, with what to write instead.
    pub settings: Vec<(String, String)>,
    /// Whether the configuration, not the data directory, gives the master key.
    pub is_configured: bool,
    /// Whether nothing is left to be done.
    pub is_finished: bool,
}

/// Why keys are not replaced.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The configured key cannot be replaced by one that is made here.
    #[error("secrets.master_key is configured: give the new key with --new-key-file")]
    NewKeyWanted,
    /// The file of the new key does not exist.
    #[error("{} does not exist", .0.display())]
    NoFile(PathBuf),
    /// The new key is the one in use.
    #[error("the new master key is the one in use")]
    SameKey,
    /// The store was sealed for a newer key: ending now would give that one up.
    #[error("a newer master key opens this store: configure it first, then end the rotation")]
    OtherKey,
    /// Settings are sealed with an older key.
    #[error("these settings are still sealed with an older master key: {}", .0.join(", "))]
    Settings(Vec<String>),
}

/// One step; each is durable when it returns.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// The keys of the store open with these.
    SealFor(MasterKeys),
    /// The file of the data directory holds these.
    Write(MasterKeys),
    /// Every row is sealed with a fresh seal key.
    ReplaceSealKey(MasterKeys),
}

/// Replaces keys; the directory must not be in use.
///
/// # Errors
/// [`Error`]; running it again goes on where it failed.
pub fn rotate(config: &Config, order: &RotationOrder) -> Result<Rotated, Error> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    // Before a directory is made where none is.
    master_key::require(config)?;
    config.present_master_keys()?;
    let directory = adapters::open_directory(config, &clock, &random)?;
    let done = rotate_in(config, order, &directory, usize::MAX);
    directory.close();
    done
}

/// Does the first `steps_max` steps.
fn rotate_in(
    config: &Config,
    order: &RotationOrder,
    directory: &Directory,
    steps_max: usize,
) -> Result<Rotated, Error> {
    let known = config.present_master_keys()?;
    let random = &**directory.db().random();
    sealing::open(directory.db(), &known)?;
    let new = if order.is_end { known.first_alone() } else { new_key(config, order, &known, random)? };
    let is_configured = config.secrets.master_key.is_some();
    let is_first = new.first() == known.first();
    let stale: Vec<String> = config
        .sealed_settings()
        .filter(|(_, is_current)| !(is_first && *is_current))
        .map(|(name, _)| name.to_owned())
        .collect();
    if order.is_end && !stale.is_empty() {
        return Err(RotationError::Settings(stale).into());
    }
    if order.is_end && !sealing::is_newest(&directory.db().snapshot(), &known)? {
        return Err(RotationError::OtherKey.into());
    }
    let is_finished = order.is_end || (stale.is_empty() && !is_configured);
    let mut rows = None;
    for step in steps(&known, &new, order, is_configured, is_finished).into_iter().take(steps_max) {
        match step {
            Step::SealFor(keys) => sealing::seal_for(directory.db(), &known, &keys)?,
            Step::Write(keys) => master_key::write(directory.path(), &keys)?,
            Step::ReplaceSealKey(keys) => {
                rows = Some(sealing::replace_seal_key(directory.db(), &keys, &sealed_tables())?);
            }
        }
    }
    let settings = if stale.is_empty() { Vec::new() } else { config.seal_again(&new.seal_key(), random) };
    Ok(Rotated { rows, settings, is_configured, is_finished })
}

fn steps(
    known: &MasterKeys,
    new: &MasterKeys,
    order: &RotationOrder,
    is_configured: bool,
    is_finished: bool,
) -> Vec<Step> {
    let both = known.behind(new);
    let mut steps = Vec::new();
    if !order.is_end {
        steps.push(Step::SealFor(both.clone()));
        steps.extend((!is_configured).then(|| Step::Write(both.clone())));
    }
    if order.with_seal_key {
        steps.push(Step::ReplaceSealKey(both));
    }
    if is_finished {
        steps.push(Step::SealFor(new.clone()));
        steps.extend((!is_configured).then(|| Step::Write(new.clone())));
    }
    steps
}

/// The key to change to: the given one, that of a rotation that was begun, or a fresh one.
fn new_key(
    config: &Config,
    order: &RotationOrder,
    known: &MasterKeys,
    random: &dyn Random,
) -> Result<MasterKeys, Error> {
    if let Some(path) = &order.new_key_file {
        let given = MasterKeys::read(path)?.ok_or_else(|| RotationError::NoFile(path.clone()))?.first_alone();
        let is_begun = known.count() > 1;
        return if given.first() == known.first() && !is_begun {
            Err(RotationError::SameKey.into())
        } else {
            Ok(given)
        };
    }
    match (known.count(), config.secrets.master_key.is_some()) {
        (1, true) => Err(RotationError::NewKeyWanted.into()),
        (1, false) => Ok(MasterKeys::generate(random)),
        _ => Ok(known.first_alone()),
    }
}
