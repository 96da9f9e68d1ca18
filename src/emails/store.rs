//! Templates and their versions as they are stored.
//!
//! A deleted template keeps its row and versions for as long as e-mails made from it are kept, so that those in the
//! queue still find theirs; a new template of the name goes on counting.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::model::{Sources, Template, VERSIONS_MAX};
use crate::{
    base::{CompanyId, Timestamp},
    named_value,
    storage::{
        CounterKey, Error, KeyRange, Order, Read, Table, Tx,
        check::{Counted, each},
        keyspaces,
    },
};

const TEMPLATES: Table<(u64, String), TemplateRow> = Table::of(keyspaces::EMAIL_TEMPLATES);
const VERSIONS: Table<(u64, u32, String), VersionRow> = Table::of(keyspaces::EMAIL_TEMPLATE_VERSIONS);
const AREA: u8 = keyspaces::EMAIL_TEMPLATES.number;
/// Templates of a company, deleted ones included.
const COUNT: u8 = 0;

/// One template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TemplateRow {
    pub(super) description: String,
    /// The newest version.
    pub(super) version: u32,
    pub(super) deleted_at: Option<Timestamp>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}
named_value!(TemplateRow, 1);

/// One version of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct VersionRow {
    pub(super) subject: String,
    pub(super) text: Option<String>,
    pub(super) html: Option<String>,
    pub(super) sample: Option<String>,
    pub(super) created_at: Timestamp,
}
named_value!(VersionRow, 1);

const fn counter(company: u64) -> CounterKey {
    CounterKey { area: AREA, company, subject: 0, what: COUNT }
}

/// A template with its newest version, unless it was deleted.
pub(super) fn find(read: &impl Read, company: CompanyId, name: &str) -> Result<Option<Template>, Error> {
    let Some(row) = row(read, company, name)?.filter(|row| row.deleted_at.is_none()) else { return Ok(None) };
    let sources = version(read, company, name, row.version)?;
    Ok(sources.map(|sources| template(name.to_owned(), row, sources)))
}

pub(super) fn row(read: &impl Read, company: CompanyId, name: &str) -> Result<Option<TemplateRow>, Error> {
    read.get(TEMPLATES, &(company.hi(), name.to_owned()))
}

/// What a version is made of.
pub(super) fn version(read: &impl Read, company: CompanyId, name: &str, number: u32) -> Result<Option<Sources>, Error> {
    let row = read.get(VERSIONS, &(company.hi(), number, name.to_owned()))?;
    Ok(row.map(|row| Sources { subject: row.subject, text: row.text, html: row.html, sample: row.sample }))
}

/// When a version was made.
pub(super) fn version_made_at(
    read: &impl Read,
    company: CompanyId,
    name: &str,
    number: u32,
) -> Result<Option<Timestamp>, Error> {
    Ok(read.get(VERSIONS, &(company.hi(), number, name.to_owned()))?.map(|row| row.created_at))
}

fn template(name: String, row: TemplateRow, sources: Sources) -> Template {
    let TemplateRow { description, version, created_at, updated_at, .. } = row;
    Template { name, description, version, sources, created_at, updated_at }
}

/// Templates of a company after a name, by name.
pub(super) fn list(
    read: &impl Read,
    company: CompanyId,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<Template>, Error> {
    let range = match after {
        // A longer name with the same beginning comes after it too.
        Some(name) => KeyRange::after(&(company.hi(), format!("{name}\0"))).within(&(company.hi(),)),
        None => KeyRange::prefix(&(company.hi(),)),
    };
    let mut rows = Vec::new();
    read.scan(TEMPLATES, &range, Order::Ascending, &mut |(_, name), row| {
        if row.deleted_at.is_none() {
            rows.push((name, row));
        }
        if rows.len() == limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let mut found = Vec::with_capacity(rows.len());
    for (name, row) in rows {
        if let Some(sources) = version(read, company, &name, row.version)? {
            found.push(template(name, row, sources));
        }
    }
    Ok(found)
}

/// Templates of a company, deleted ones included.
pub(super) fn count(tx: &Tx<'_>, company: CompanyId) -> u64 {
    tx.count(&counter(company.hi())).max(0).cast_unsigned()
}

/// Stores a template, and what its newest version is made of when that is new.
pub(super) fn put(
    tx: &mut Tx<'_>,
    company: CompanyId,
    name: &str,
    row: &TemplateRow,
    sources: Option<&Sources>,
) -> Result<(), Error> {
    let key = (company.hi(), name.to_owned());
    if !tx.exists(TEMPLATES, &key)? {
        tx.add(counter(company.hi()), 1);
    }
    tx.put(TEMPLATES, &key, row)?;
    let Some(sources) = sources else { return Ok(()) };
    let Sources { subject, text, html, sample } = sources.clone();
    let version = VersionRow { subject, text, html, sample, created_at: tx.now() };
    tx.put(VERSIONS, &(company.hi(), row.version, name.to_owned()), &version)?;
    if let Some(over) = row.version.checked_sub(VERSIONS_MAX).filter(|over| *over > 0) {
        tx.remove(VERSIONS, &(company.hi(), over, name.to_owned()))?;
    }
    Ok(())
}

/// Templates that were deleted before a time: up to so many.
pub(super) fn deleted_before(read: &impl Read, before: Timestamp, limit: usize) -> Result<Vec<(u64, String)>, Error> {
    let mut found = Vec::new();
    read.scan(TEMPLATES, &KeyRange::all(), Order::Ascending, &mut |key, row| {
        if row.deleted_at.is_some_and(|at| at < before) {
            found.push(key);
        }
        if found.len() == limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(found)
}

/// Removes what is left of a deleted template, unless there is a new one of the name by now.
pub(super) fn remove(tx: &mut Tx<'_>, company: u64, name: &str, before: Timestamp) -> Result<(), Error> {
    let key = (company, name.to_owned());
    let Some(row) = tx.get(TEMPLATES, &key)?.filter(|row| row.deleted_at.is_some_and(|at| at < before)) else {
        return Ok(());
    };
    for number in row.version.saturating_sub(VERSIONS_MAX)..=row.version {
        tx.remove(VERSIONS, &(company, number, name.to_owned()))?;
    }
    tx.remove(TEMPLATES, &key)?;
    tx.add(counter(company), -1);
    Ok(())
}

/// Compares templates with their versions and counters; tells each contradiction in words.
///
/// # Errors
/// When a row cannot be read.
pub fn check(read: &impl Read, found: &mut dyn FnMut(String)) -> Result<(), Error> {
    let mut counted = Counted::of(AREA);
    each(read, TEMPLATES, |(company, name), row: TemplateRow| {
        counted.add(company, 0, COUNT, 1);
        if !read.exists(VERSIONS, &(company, row.version, name.clone()))? {
            found(format!("company {company}: template {name} has no version {}", row.version));
        }
        Ok(())
    })?;
    each(read, VERSIONS, |(company, number, name), _: VersionRow| {
        if !read.exists(TEMPLATES, &(company, name.clone()))? {
            found(format!("company {company}: version {number} of {name} belongs to no template"));
        }
        Ok(())
    })?;
    counted.compare(read, &[COUNT], found)
}
