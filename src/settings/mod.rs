//! Settings of the whole instance: what its owner changes while the server runs, and the configuration it runs with.
//!
//! What the configuration says stands: a file, an environment variable or a flag is the word of whoever runs the server, and
//! a setting that it fixes cannot be changed here. What it leaves open is as the owner has set it, else as the default is.
//! A change is in force with its commit, and after every restart.

pub mod api;
mod store;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde_json::{Value, json};

use crate::{
    accounts::Registration,
    audit::{self, Entry},
    auth::{self, Auth, Author},
    config,
    http::Change,
    storage::{self, Db, Tx},
};

use store::SettingsRow;

/// The largest rate and burst of API calls, as in the configuration.
const CALLS_MAX: u32 = 1_000_000;

/// What is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Values {
    /// Who may join.
    pub registration: Registration,
    /// API calls of a company per second; 0 sets no limit.
    pub api_per_second: u32,
    /// API calls of a company at once; 0 sets no limit.
    pub api_burst: u32,
}

/// What holds before anybody sets anything.
#[derive(Debug, Clone)]
pub struct Base {
    /// As the configuration or the default has it.
    pub values: Values,
    /// Settings that the configuration fixes, by name, with where it says so.
    pub fixed: BTreeMap<&'static str, String>,
}

/// Puts values in force; quick, and without I/O.
pub type Apply = dyn Fn(Values) + Send + Sync;

/// What the slice is put together from.
pub struct Parts {
    /// The store.
    pub db: Db,
    /// Confirms who changes something.
    pub auth: Auth,
    /// What holds before anybody sets anything.
    pub base: Base,
    /// Puts values in force.
    pub apply: Box<Apply>,
    /// The configuration in force.
    pub configuration: Vec<config::Entry>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("base", &self.base).finish_non_exhaustive()
    }
}

/// Why settings were not changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration says what this is.
    #[error("{0} is set by the configuration ({1}) and cannot be changed here")]
    Fixed(&'static str, String),
    /// A figure is too large.
    #[error("{0} must be at most {CALLS_MAX}")]
    Range(&'static str),
    /// The caller no longer has the rights it came with.
    #[error(transparent)]
    Auth(#[from] auth::Error),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

/// What somebody wants to change; null goes back to the default.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SettingsChange {
    pub(crate) registration: Change<Registration>,
    pub(crate) api_per_second: Change<u32>,
    pub(crate) api_burst: Change<u32>,
}

/// The handle; cheap to clone.
#[derive(Debug, Clone)]
pub struct Settings {
    parts: Arc<Parts>,
}

impl Settings {
    /// Reads what was set and puts it in force; blocks.
    ///
    /// # Errors
    /// When the store fails.
    pub fn open(parts: Parts) -> Result<Self, storage::Error> {
        let row = store::find(&parts.db.snapshot())?;
        (parts.apply)(parts.base.with(&row));
        Ok(Self { parts: Arc::new(parts) })
    }

    /// What is in force.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn values(&self) -> Result<Values, storage::Error> {
        let row = self.parts.db.read(store::find).await??;
        Ok(self.parts.base.with(&row))
    }

    /// Changes what the configuration leaves open, once `fits` has agreed to what is in force now.
    ///
    /// # Errors
    /// [`Error`]; nothing is changed then.
    pub(crate) async fn change<E>(
        &self,
        author: Author,
        change: SettingsChange,
        fits: impl FnOnce(Values) -> Result<(), E> + Send + 'static,
    ) -> Result<Values, E>
    where
        E: From<Error> + From<storage::Error> + Send + 'static,
    {
        let settings = self.clone();
        self.parts.db.write_reclaiming(move |tx| settings.change_in(tx, &author, change, fits)).await
    }

    fn change_in<E: From<Error> + From<storage::Error>>(
        &self,
        tx: &mut Tx<'_>,
        author: &Author,
        change: SettingsChange,
        fits: impl FnOnce(Values) -> Result<(), E>,
    ) -> Result<Values, E> {
        let Parts { auth, base, .. } = &*self.parts;
        auth.confirm(tx, &author.caller).map_err(Error::from)?;
        let mut row = store::find(tx)?;
        let (known, before) = (row, base.with(&row));
        fits(before)?;
        base.check(&change)?;
        change.apply(&mut row);
        let after = base.with(&row);
        // What is set to its default is another word than nothing: the default may change.
        if row != known {
            store::put(tx, &row)?;
            let (before, after) = (before.facts(), after.facts());
            let entry = Entry { action: "settings.update", object: "instance".to_owned(), before, after };
            audit::record(tx, author.caller.company, &author.origin, entry)?;
        }
        let settings = self.clone();
        tx.on_commit(move || (settings.parts.apply)(after));
        Ok(after)
    }
}

impl Base {
    /// What is in force when this was set.
    fn with(&self, row: &SettingsRow) -> Values {
        let Self { values, fixed } = self;
        let is_open = |name| !fixed.contains_key(name);
        Values {
            registration: row.registration.filter(|_| is_open(REGISTRATION)).unwrap_or(values.registration),
            api_per_second: row.api_per_second.filter(|_| is_open(API_PER_SECOND)).unwrap_or(values.api_per_second),
            api_burst: row.api_burst.filter(|_| is_open(API_BURST)).unwrap_or(values.api_burst),
        }
    }

    /// Refuses what the configuration fixes, and figures that it would refuse.
    fn check(&self, change: &SettingsChange) -> Result<(), Error> {
        let SettingsChange { registration, api_per_second, api_burst } = change;
        let wanted = [
            (REGISTRATION, !matches!(registration, Change::Keep), false),
            (API_PER_SECOND, !matches!(api_per_second, Change::Keep), is_too_large(*api_per_second)),
            (API_BURST, !matches!(api_burst, Change::Keep), is_too_large(*api_burst)),
        ];
        for (name, is_wanted, is_too_large) in wanted {
            if let Some(source) = self.fixed.get(name).filter(|_| is_wanted) {
                return Err(Error::Fixed(name, source.clone()));
            }
            if is_too_large {
                return Err(Error::Range(name));
            }
        }
        Ok(())
    }
}

/// The names of the settings, as on the wire.
pub const REGISTRATION: &str = "registration";
/// See [`Values::api_per_second`].
pub const API_PER_SECOND: &str = "api_per_second";
/// See [`Values::api_burst`].
pub const API_BURST: &str = "api_burst";

fn is_too_large(change: Change<u32>) -> bool {
    matches!(change, Change::Set(calls) if calls > CALLS_MAX)
}

impl SettingsChange {
    fn apply(self, row: &mut SettingsRow) {
        self.registration.apply(&mut row.registration);
        self.api_per_second.apply(&mut row.api_per_second);
        self.api_burst.apply(&mut row.api_burst);
    }
}

impl Values {
    fn facts(self) -> Value {
        let Self { registration, api_per_second, api_burst } = self;
        json!({ REGISTRATION: registration, API_PER_SECOND: api_per_second, API_BURST: api_burst })
    }
}
