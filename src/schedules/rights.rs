//! With whose rights a schedule ticks: those of whoever made it, or changed it last.
//!
//! Rights are asked for at each tick, in its transaction. A schedule whose author has gone or may no longer do what it
//! does is paused, with the reason, so that nobody's power outlives the person or the key.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Error, Schedules,
    service::SCOPE,
    store::{self, CursorRow, ScheduleRow},
};
use crate::{
    accounts,
    audit::{Actor, Origin},
    auth::{self, Scopes},
    base::{ApiKeyId, CompanyId, UserId},
    storage::{self, Tx},
};

/// Who made a schedule, or changed it last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum AuthorRow {
    /// A person.
    User(UserId),
    /// A program, by its API key.
    ApiKey(ApiKeyId),
}

impl AuthorRow {
    /// Who is behind a change; nobody when that is the server itself.
    pub(super) const fn of(origin: &Origin) -> Option<Self> {
        match origin.actor {
            Actor::User(id) => Some(Self::User(id)),
            Actor::ApiKey(id) => Some(Self::ApiKey(id)),
            Actor::Link(_) | Actor::Machine | Actor::System => None,
        }
    }

    /// What the author may do now; nothing when gone, disabled, revoked or over.
    fn scopes(self, tx: &Tx<'_>, company: CompanyId) -> Result<Option<Scopes>, storage::Error> {
        match self {
            Self::User(id) => accounts::scopes_of(tx, company, id),
            Self::ApiKey(id) => auth::scopes_of_key(tx, company, id, tx.now()),
        }
    }
}

impl std::fmt::Display for AuthorRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::ApiKey(id) => id.fmt(f),
        }
    }
}

impl Schedules {
    /// Why a schedule may not tick, in words; nothing while its author may do what it does. One from before authors were
    /// kept has none.
    pub(super) fn forbidden(&self, tx: &Tx<'_>, row: &ScheduleRow) -> Result<Option<String>, Error> {
        let Some(author) = row.author else { return Ok(None) };
        let scopes = match author.scopes(tx, row.company) {
            // Others tick all the same, and this one again once somebody enables it.
            Err(error @ storage::Error::Corrupt { .. }) => {
                tracing::error!(%error, "the author of a schedule cannot be read: {error}");
                return Ok(Some(format!("{author}, with whose rights it ticked, cannot be read")));
            }
            scopes => scopes?,
        };
        let Some(scopes) = scopes else {
            return Ok(Some(format!("{author}, with whose rights it ticked, is not there any more or is disabled")));
        };
        let lost =
            |what: String| Ok(Some(format!("{author}, with whose rights it ticks, may not do this any more: {what}")));
        if !scopes.contains(SCOPE) {
            return lost(format!("it needs the scope {SCOPE}"));
        }
        match self.inner.starters.allow(row.kind, &row.order, scopes) {
            Err(problem) => lost(problem.to_string()),
            Ok(()) => Ok(None),
        }
    }

    /// Disables a schedule that may not tick, and says why; whoever enables it again is its author from then on.
    pub(super) fn pause(
        &self,
        tx: &mut Tx<'_>,
        (row, cursor): (&ScheduleRow, &CursorRow),
        reason: String,
    ) -> Result<(), Error> {
        let paused = ScheduleRow {
            is_enabled: false,
            revision: row.revision.wrapping_add(1),
            updated_at: tx.now(),
            ..row.clone()
        };
        let after = json!({ "enabled": false, "reason": reason });
        let stopped = CursorRow { next: None, error: Some(format!("paused: {reason}")), ..cursor.clone() };
        store::put(tx, &paused)?;
        self.move_cursor(tx, &paused, cursor, &stopped)?;
        tracing::warn!(schedule.id = %row.id, "schedule {} is paused: its author may not do what it does", row.id);
        paused.record(
            tx,
            &Origin::system(),
            "schedule.pause",
            (json!({ "enabled": true, "reason": Value::Null }), after),
        )
    }
}
