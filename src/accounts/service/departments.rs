//! Departments: groups of people inside a company.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{OF_COMPANY_MAX, users::UserView};
use crate::{
    accounts::{
        Accounts, Error, model,
        store::{self, DepartmentRow},
    },
    audit::{self, Entry, Origin},
    auth::Role,
    base::{CompanyId, DepartmentId, Timestamp, UserId},
    storage::{self, Read, Snapshot, Tx},
};

/// The most departments of a company.
const DEPARTMENTS_MAX: usize = 1_000;

/// A department with the number of its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::accounts) struct DepartmentView {
    pub(in crate::accounts) id: DepartmentId,
    pub(in crate::accounts) name: String,
    pub(in crate::accounts) description: String,
    pub(in crate::accounts) members: u64,
    pub(in crate::accounts) created_at: Timestamp,
    pub(in crate::accounts) updated_at: Timestamp,
}

/// Changes to a department; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub(in crate::accounts) struct DepartmentChange {
    pub(in crate::accounts) name: Option<String>,
    pub(in crate::accounts) description: Option<String>,
}

/// Who says who is in a department, and from where.
#[derive(Debug, Clone)]
pub(in crate::accounts) struct Organiser {
    pub(in crate::accounts) company: CompanyId,
    pub(in crate::accounts) user: UserId,
    pub(in crate::accounts) role: Option<Role>,
    pub(in crate::accounts) origin: Origin,
}

impl DepartmentRow {
    fn view(self, read: &impl Read) -> Result<DepartmentView, storage::Error> {
        let members = store::member_count(read, self.company, self.id)?;
        let Self { id, name, description, created_at, updated_at, .. } = self;
        Ok(DepartmentView { id, name, description, members, created_at, updated_at })
    }

    fn facts(&self) -> Value {
        json!({ "name": self.name, "description": self.description })
    }

    fn record(
        &self,
        tx: &mut Tx<'_>,
        origin: &Origin,
        action: &'static str,
        (before, after): (Value, Value),
    ) -> Result<(), storage::Error> {
        audit::record(tx, self.company, origin, Entry { action, object: self.id.to_string(), before, after })
    }
}

impl Accounts {
    /// A page of the company's departments, the newest first.
    pub(in crate::accounts) fn departments(
        read: &Snapshot,
        company: CompanyId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<DepartmentView>, Error> {
        let rows = store::departments_of(read, company, before, limit)?;
        Ok(rows.into_iter().map(|row| row.view(read)).collect::<Result<_, _>>()?)
    }

    /// One department.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(in crate::accounts) fn department(
        read: &impl Read,
        company: CompanyId,
        id: DepartmentId,
    ) -> Result<DepartmentView, Error> {
        Ok(find(read, company, id)?.view(read)?)
    }

    /// Makes a department nobody is in.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Description`], [`Error::DepartmentTaken`], [`Error::TooMany`].
    pub(in crate::accounts) fn create_department(
        &self,
        tx: &mut Tx<'_>,
        (company, origin): (CompanyId, &Origin),
        (name, description): (&str, &str),
    ) -> Result<DepartmentView, Error> {
        let (name, description) = (model::name(name)?, model::description(description)?);
        require_free(tx, company, None, &name)?;
        let now = tx.now();
        let id = DepartmentId::from_raw(tx.mint());
        let row = DepartmentRow { id, company, name, description, created_at: now, updated_at: now };
        store::insert_department(tx, &row)?;
        row.record(tx, origin, "department.create", (Value::Null, row.facts()))?;
        self.forget_stats(tx, company);
        Ok(row.view(tx)?)
    }

    /// Changes a department, once `fits` has agreed to what it is now.
    ///
    /// # Errors
    /// [`Error::NotFound`], and as [`Accounts::create_department`].
    pub(in crate::accounts) fn update_department<E: From<Error> + From<storage::Error>>(
        tx: &mut Tx<'_>,
        (company, origin): (CompanyId, &Origin),
        id: DepartmentId,
        change: DepartmentChange,
        fits: impl FnOnce(&DepartmentView) -> Result<(), E>,
    ) -> Result<DepartmentView, E> {
        let before = find(tx, company, id)?;
        fits(&before.clone().view(tx)?)?;
        let mut row = before.clone();
        if let Some(name) = change.name {
            row.name = model::name(&name)?;
            require_free(tx, company, Some(id), &row.name)?;
        }
        if let Some(description) = change.description {
            row.description = model::description(&description)?;
        }
        if row != before {
            row.updated_at = tx.now();
            store::put_department(tx, &row)?;
            row.record(tx, origin, "department.update", (before.facts(), row.facts()))?;
        }
        Ok(row.view(tx)?)
    }

    /// Removes a department; its members stay in the company.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(in crate::accounts) fn delete_department(
        &self,
        tx: &mut Tx<'_>,
        (company, origin): (CompanyId, &Origin),
        id: DepartmentId,
    ) -> Result<(), Error> {
        let row = find(tx, company, id)?;
        store::delete_department(tx, &row)?;
        row.record(tx, origin, "department.delete", (row.facts(), Value::Null))?;
        self.forget_members(tx, id.hi());
        self.forget_stats(tx, company);
        Ok(())
    }

    /// A page of a department's people, those whose accounts are newest first.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(in crate::accounts) async fn members(
        &self,
        (company, id): (CompanyId, DepartmentId),
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<UserView>, Error> {
        let members = self.member_ids(company, id).await?;
        let wanted = members.iter().filter(|user| before.is_none_or(|before| **user < before)).take(limit);
        let mut views = Vec::with_capacity(limit);
        let mut missing = Vec::new();
        for user in wanted {
            match self.inner.profiles.find(user) {
                Some(view) => views.push(view),
                None => missing.push(*user),
            }
        }
        if !missing.is_empty() {
            let moment = self.inner.profiles.moment();
            let rows = self.inner.db.read(move |snapshot| store::users_by_number(snapshot, &missing)).await??;
            for row in rows {
                let view = Arc::new(UserView::from(row));
                self.inner.profiles.remember(view.id.hi(), Arc::clone(&view), moment);
                views.push(view);
            }
            views.sort_by_key(|view| std::cmp::Reverse(view.id.hi()));
        }
        Ok(views.into_iter().map(Arc::unwrap_or_clone).collect())
    }

    /// The numbers of a department's members, the greatest first.
    async fn member_ids(&self, company: CompanyId, id: DepartmentId) -> Result<Arc<Vec<u64>>, Error> {
        let cache = &self.inner.members;
        let known = cache.find(&id.hi()).filter(|(of, whole, _)| *of == company && *whole == id);
        if let Some((_, _, members)) = known {
            return Ok(members);
        }
        let moment = cache.moment();
        let read = move |snapshot: &Snapshot| {
            find(snapshot, company, id)?;
            Ok::<_, Error>(Arc::new(store::members_of(snapshot, company, id, None, OF_COMPANY_MAX)?))
        };
        let members = self.inner.db.read(read).await.map_err(Error::from)??;
        cache.remember(id.hi(), (company, id, Arc::clone(&members)), moment);
        Ok(members)
    }

    /// Puts a person into a department; being there already is fine.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotYours`] for a manager who is not in it.
    pub(in crate::accounts) fn add_member(
        &self,
        tx: &mut Tx<'_>,
        by: &Organiser,
        (id, user): (DepartmentId, UserId),
    ) -> Result<(), Error> {
        let row = require_say(tx, by, id)?;
        store::find_user_of(tx, by.company, user)?.ok_or(Error::NotFound("user"))?;
        if store::is_member(tx, by.company, id, user)? {
            return Ok(());
        }
        store::add_member(tx, by.company, id, user)?;
        self.forget_members(tx, id.hi());
        let member = json!({ "user": user.to_string() });
        Ok(row.record(tx, &by.origin, "department.add_member", (Value::Null, member))?)
    }

    /// Takes a person out of a department.
    ///
    /// # Errors
    /// [`Error::NotFound`] also when the person is not in it, [`Error::NotYours`] for a manager who is not in it.
    pub(in crate::accounts) fn remove_member(
        &self,
        tx: &mut Tx<'_>,
        by: &Organiser,
        (id, user): (DepartmentId, UserId),
    ) -> Result<(), Error> {
        let row = require_say(tx, by, id)?;
        if !store::is_member(tx, by.company, id, user)? {
            return Err(Error::NotFound("member"));
        }
        store::remove_member(tx, by.company, id, user)?;
        self.forget_members(tx, id.hi());
        let member = json!({ "user": user.to_string() });
        Ok(row.record(tx, &by.origin, "department.remove_member", (member, Value::Null))?)
    }
}

fn find(read: &impl Read, company: CompanyId, id: DepartmentId) -> Result<DepartmentRow, Error> {
    store::find_department(read, company, id)?.ok_or(Error::NotFound("department"))
}

/// Admins say who is in any department, managers who is in their own ones.
fn require_say(read: &impl Read, by: &Organiser, id: DepartmentId) -> Result<DepartmentRow, Error> {
    let row = find(read, by.company, id)?;
    let has_say = by.role == Some(Role::Admin) || store::is_member(read, by.company, id, by.user)?;
    if has_say { Ok(row) } else { Err(Error::NotYours) }
}

/// No two departments have one name, whatever the case of its letters.
fn require_free(read: &impl Read, company: CompanyId, own: Option<DepartmentId>, name: &str) -> Result<(), Error> {
    let others = store::departments_of(read, company, None, DEPARTMENTS_MAX)?;
    if own.is_none() && others.len() >= DEPARTMENTS_MAX {
        return Err(Error::TooMany("1,000 departments"));
    }
    let wanted = name.to_lowercase();
    let is_taken = others.iter().any(|other| Some(other.id) != own && other.name.to_lowercase() == wanted);
    if is_taken { Err(Error::DepartmentTaken) } else { Ok(()) }
}
