//! Who did what, when, from where, to what: one entry per change, in the commit of the change.
//!
//! The entries of a company are numbered without gaps and chained: each holds the SHA-256 of the one before and its own
//! content, so `novapulse check` notices when one was changed or taken out. Whoever can rewrite the whole store can
//! rewrite the whole chain; exported copies show that.
//!
//! An entry holds no secrets: callers name what changed with values fit to be read by an admin.

mod chain;
mod changed;
mod export;
mod refusals;
mod store;
#[cfg(test)]
mod tests;

use std::{net::IpAddr, ops::ControlFlow};

use serde_json::Value;

use crate::{
    base::{ApiKeyId, CompanyId, Timestamp, UserId},
    storage::{Error, Read, Tx},
};

pub use changed::changed;
pub use export::{Format, line};
pub use refusals::{RefusalLog, RefusalWriter, refusals};
pub use store::check;

use store::EntryRow;

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A person.
    User(UserId),
    /// Whoever had a link that was sent to this person, who need not have signed in.
    Link(UserId),
    /// A program with an API key.
    ApiKey(ApiKeyId),
    /// Whoever has the machine, over the command line.
    Machine,
    /// The server itself.
    System,
}

/// Who did something, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Who.
    pub actor: Actor,
    /// The client's address; none when nobody called.
    pub address: Option<IpAddr>,
    /// The request's id; empty when nobody called.
    pub request_id: String,
}

impl Origin {
    /// Something the server does by a rule.
    #[must_use]
    pub const fn system() -> Self {
        Self { actor: Actor::System, address: None, request_id: String::new() }
    }

    /// Something done over the command line.
    #[must_use]
    pub const fn machine() -> Self {
        Self { actor: Actor::Machine, address: None, request_id: String::new() }
    }
}

/// One change, as it is recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What was done, as `user.update`.
    pub action: &'static str,
    /// What it was done to: an id or a name.
    pub object: String,
    /// The object's fields before, as far as they matter and are no secret; null when there was none.
    pub before: Value,
    /// The same after; null when there is none any more.
    pub after: Value,
}

/// An entry as it is read.
#[derive(Debug, Clone, PartialEq)]
pub struct EntryView {
    /// Its number in the company, from 1.
    pub number: u64,
    /// When.
    pub time: Timestamp,
    /// Who: the kind (`user`, `link`, `api_key`, `machine`, `system`) and the id.
    pub actor: (String, Option<String>),
    /// What was done.
    pub action: String,
    /// To what.
    pub object: String,
    /// The fields before.
    pub before: Value,
    /// The fields after.
    pub after: Value,
    /// From where.
    pub address: Option<String>,
    /// With which request.
    pub request_id: Option<String>,
    /// SHA-256 over the entry before and this one.
    pub hash: [u8; 32],
}

/// What is looked for; everything that is given must fit.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// The actor's id, or its kind.
    pub actor: Option<String>,
    /// The action, or its part before the dot.
    pub action: Option<String>,
    /// The object.
    pub object: Option<String>,
    /// Not before this time.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

/// Records a change in its own transaction.
///
/// # Errors
/// When the store fails.
pub fn record(tx: &mut Tx<'_>, company: CompanyId, origin: &Origin, entry: Entry) -> Result<(), Error> {
    store::append(tx, company, origin, entry)
}

/// Does all the work of [`record`] and keeps nothing but this one entry, in the place of the one before it.
///
/// For what concerns no company and must not be told apart, by its time, from what concerns one.
///
/// # Errors
/// When the store fails.
pub fn record_of_nobody(tx: &mut Tx<'_>, origin: &Origin, entry: Entry) -> Result<(), Error> {
    store::replace_of_nobody(tx, origin, entry)
}

/// Entries of a company before number `before`, the newest first: at most `limit`, from at most `scan` looked at.
/// Answers the number to go on before, when more may follow.
///
/// # Errors
/// When the store fails.
pub fn list(
    read: &impl Read,
    company: CompanyId,
    query: &Query,
    before: Option<u64>,
    (limit, scan): (usize, usize),
) -> Result<(Vec<EntryView>, Option<u64>), Error> {
    let mut found = Vec::new();
    let (mut next, mut looked_at, mut is_cut) = (None, 0, false);
    store::each_before(read, company, before, |number, row| {
        is_cut = found.len() >= limit || looked_at >= scan;
        if is_cut {
            return ControlFlow::Break(());
        }
        (next, looked_at) = (Some(number), looked_at + 1);
        let view = row.view(number);
        if query.fits(&view) {
            found.push(view);
        }
        ControlFlow::Continue(())
    })?;
    Ok((found, next.filter(|_| is_cut)))
}

/// The oldest entries after number `after`, at most `limit`: for the export, which reads page by page.
///
/// # Errors
/// When the store fails.
pub fn after(read: &impl Read, company: CompanyId, after: u64, limit: usize) -> Result<Vec<EntryView>, Error> {
    let rows = store::rows_after(read, company, after, limit)?;
    Ok(rows.into_iter().map(|(number, row)| row.view(number)).collect())
}

impl Query {
    fn fits(&self, view: &EntryView) -> bool {
        let (kind, id) = &view.actor;
        let of_action = |wanted: &String| {
            view.action == *wanted || view.action.split_once('.').is_some_and(|(group, _)| group == wanted)
        };
        self.actor.as_ref().is_none_or(|wanted| wanted == kind || id.as_ref() == Some(wanted))
            && self.action.as_ref().is_none_or(of_action)
            && self.object.as_ref().is_none_or(|wanted| *wanted == view.object)
            && self.since.is_none_or(|since| view.time >= since)
            && self.until.is_none_or(|until| view.time < until)
    }
}
