//! What the owner sets while the server runs, and where it goes.

use std::{collections::BTreeMap, sync::Arc};

use arc_swap::ArcSwap;

use crate::{
    accounts::Registration,
    auth::Auth,
    config::{Config, Origin},
    limits::ApiRate,
    settings::{self, Base, Settings, Values},
    storage::{self, Db},
};

/// What follows the settings.
pub(super) struct Changed {
    /// Who may register.
    pub(super) registration: Arc<ArcSwap<Registration>>,
    /// The rate of API calls.
    pub(super) api_rate: Arc<ApiRate>,
}

/// The settings of the instance, in force; blocks.
pub(super) fn open(config: &Config, db: &Db, auth: &Auth, changed: Changed) -> Result<Settings, storage::Error> {
    let limits = &config.limits;
    let values = Values {
        registration: **changed.registration.load(),
        api_per_second: limits.api_per_second,
        api_burst: limits.api_burst,
    };
    let names = [
        (settings::REGISTRATION, "auth.registration"),
        (settings::API_PER_SECOND, "limits.api_per_second"),
        (settings::API_BURST, "limits.api_burst"),
    ];
    let fixed: BTreeMap<_, _> = names
        .into_iter()
        .map(|(name, key)| (name, config.origin(key)))
        .filter(|(_, origin)| *origin != Origin::Default)
        .map(|(name, origin)| (name, origin.to_string()))
        .collect();
    let apply = Box::new(move |values: Values| {
        changed.registration.store(Arc::new(values.registration));
        changed.api_rate.set(values.api_per_second, values.api_burst);
    });
    let (db, auth, configuration) = (db.clone(), auth.clone(), config.entries());
    Settings::open(settings::Parts { db, auth, base: Base { values, fixed }, apply, configuration })
}
