//! The company itself: its name, its policy, its figures.

use std::sync::Arc;

use serde_json::json;

use crate::{
    accounts::{
        Accounts, Error, mfa, model,
        store::{self, CompanyRow, SweepRow},
    },
    audit::{self, Entry, Origin},
    base::{CompanyId, Timestamp, UserId},
    storage::{self, Read, Snapshot, Tx},
};

/// A company as its people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::accounts) struct CompanyView {
    pub(in crate::accounts) id: CompanyId,
    pub(in crate::accounts) name: String,
    pub(in crate::accounts) requires_mfa: bool,
    pub(in crate::accounts) created_at: Timestamp,
}

impl From<CompanyRow> for CompanyView {
    fn from(row: CompanyRow) -> Self {
        let CompanyRow { id, name, requires_mfa, created_at } = row;
        Self { id, name, requires_mfa, created_at }
    }
}

/// Changes to a company; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub(in crate::accounts) struct CompanyChange {
    pub(in crate::accounts) name: Option<String>,
    pub(in crate::accounts) requires_mfa: Option<bool>,
}

/// What other slices count for a company.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CompanyFigures {
    /// Webhooks.
    pub webhooks: u64,
    /// Types in the catalogue of events.
    pub event_types: u64,
    /// Jobs by state: waiting, delayed, active, retrying, completed, failed, cancelled.
    pub jobs: [u64; 7],
}

/// Reads what other slices count; given by whoever puts the slices together.
pub type ReadFigures = dyn Fn(&Snapshot, CompanyId) -> Result<CompanyFigures, storage::Error> + Send + Sync;

/// How much there is of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::accounts) struct CompanyStats {
    pub(in crate::accounts) users: u64,
    pub(in crate::accounts) active_admins: u64,
    pub(in crate::accounts) departments: u64,
    pub(in crate::accounts) figures: CompanyFigures,
    pub(in crate::accounts) as_of: Timestamp,
}

impl Accounts {
    /// The company.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(in crate::accounts) fn company(read: &impl Read, id: CompanyId) -> Result<CompanyView, Error> {
        store::find_company(read, id)?.map(CompanyView::from).ok_or(Error::NotFound("company"))
    }

    /// Changes the company, once `fits` has agreed to what it is now. After a change of the policy the sessions are to be
    /// fitted to it with [`Accounts::apply_policy`].
    ///
    /// # Errors
    /// [`Error::Name`]; [`Error::MfaFirst`] when whoever asks for second factors has none.
    pub(in crate::accounts) fn update_company<E: From<Error> + From<storage::Error>>(
        tx: &mut Tx<'_>,
        (id, by): (CompanyId, UserId),
        origin: &Origin,
        change: CompanyChange,
        fits: impl FnOnce(&CompanyView) -> Result<(), E>,
    ) -> Result<CompanyView, E> {
        let mut row = store::find_company(tx, id)?.ok_or(Error::NotFound("company"))?;
        fits(&row.clone().into())?;
        let before = facts(&row);
        if let Some(name) = change.name {
            row.name = model::name(&name)?;
        }
        let is_new_policy = change.requires_mfa.is_some_and(|wanted| wanted != row.requires_mfa);
        row.requires_mfa = change.requires_mfa.unwrap_or(row.requires_mfa);
        if is_new_policy {
            if row.requires_mfa && !mfa::is_enabled(tx, by)? {
                return Err(Error::MfaFirst.into());
            }
            store::put_sweep(tx, id, SweepRow::default())?;
        }
        let after = facts(&row);
        if before != after {
            store::put_company(tx, &row)?;
            audit::record(tx, id, origin, Entry { action: "company.update", object: id.to_string(), before, after })?;
        }
        Ok(row.into())
    }

    /// How much there is of everything in the company, at most a minute old.
    pub(in crate::accounts) async fn company_stats(&self, company: CompanyId) -> Result<CompanyStats, Error> {
        let cache = &self.inner.stats;
        if let Some(stats) = cache.find(&company) {
            return Ok(stats);
        }
        let (moment, as_of) = (cache.moment(), self.inner.db.clock().now());
        let figures = Arc::clone(&self.inner.settings.figures.0);
        let stats = self
            .inner
            .db
            .read(move |snapshot| {
                let [users, active_admins, departments] = store::counts(snapshot, company)?;
                let figures = figures(snapshot, company)?;
                Ok::<_, Error>(CompanyStats { users, active_admins, departments, figures, as_of })
            })
            .await
            .map_err(Error::from)??;
        cache.remember(company, stats, moment);
        Ok(stats)
    }
}

fn facts(row: &CompanyRow) -> serde_json::Value {
    json!({ "name": row.name, "mfa_required": row.requires_mfa })
}
