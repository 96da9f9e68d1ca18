//! What handlers can ask for: one handle per slice.
//!
//! The router clones its state for every request and extractor, so it gets the handles behind one pointer.

use std::sync::Arc;

use axum::extract::FromRef;

use crate::{
    accounts::Accounts, auth::Auth, changes::Changes, emails::Emails, jobs::Jobs, reports::Reports,
    schedules::Schedules, settings::Settings, system::System, webhooks::Webhooks,
};

/// The handles behind the routes.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) auth: Auth,
    pub(super) accounts: Accounts,
    pub(super) jobs: Jobs,
    pub(super) emails: Emails,
    pub(super) schedules: Schedules,
    pub(super) changes: Changes,
    pub(super) webhooks: Webhooks,
    pub(super) reports: Reports,
    pub(super) settings: Settings,
    pub(super) system: System,
}

macro_rules! part {
    ($($field:ident: $type:ty),+ $(,)?) => {$(
        impl FromRef<Arc<State>> for $type {
            fn from_ref(state: &Arc<State>) -> Self {
                state.$field.clone()
            }
        }
    )+};
}

part! {
    auth: Auth,
    accounts: Accounts,
    jobs: Jobs,
    emails: Emails,
    schedules: Schedules,
    changes: Changes,
    webhooks: Webhooks,
    reports: Reports,
    settings: Settings,
    system: System,
}
