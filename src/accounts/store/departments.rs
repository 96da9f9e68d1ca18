//! Departments and who is in them, as they are stored.

use serde::{Deserialize, Serialize};

use super::{DEPARTMENT_COUNT, MEMBER_COUNT, counter, of_company};
use crate::{
    base::{CompanyId, DepartmentId, Timestamp, UserId},
    named_value,
    storage::{Error, KeyRange, Order, Read, Table, Tx, keyspaces},
};

pub(super) const DEPARTMENTS: Table<(u64, u64), DepartmentRow> = Table::of(keyspaces::DEPARTMENTS);
pub(super) const MEMBERS: Table<(u64, u64, u64), ()> = Table::of(keyspaces::DEPARTMENT_MEMBERS);
pub(super) const USER_DEPARTMENTS: Table<(u64, u64), ()> = Table::of(keyspaces::USER_DEPARTMENTS);

/// Rows removed between two looks at what is left.
const PAGE: usize = 1_000;

/// One department.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::accounts) struct DepartmentRow {
    /// Its id.
    pub(in crate::accounts) id: DepartmentId,
    /// The company it is part of.
    pub(in crate::accounts) company: CompanyId,
    /// What people call it; no other department of the company is called so.
    pub(in crate::accounts) name: String,
    /// What it is for.
    pub(in crate::accounts) description: String,
    /// When it was made.
    pub(in crate::accounts) created_at: Timestamp,
    /// When its name or description last changed.
    pub(in crate::accounts) updated_at: Timestamp,
}
named_value!(DepartmentRow, 1);

pub(in crate::accounts) fn insert_department(tx: &mut Tx<'_>, row: &DepartmentRow) -> Result<(), Error> {
    tx.add(counter(row.company, 0, DEPARTMENT_COUNT), 1);
    put_department(tx, row)
}

/// Stores a department that was there before.
pub(in crate::accounts) fn put_department(tx: &mut Tx<'_>, row: &DepartmentRow) -> Result<(), Error> {
    tx.put(DEPARTMENTS, &(row.company.hi(), row.id.hi()), row)
}

pub(in crate::accounts) fn find_department(
    read: &impl Read,
    company: CompanyId,
    id: DepartmentId,
) -> Result<Option<DepartmentRow>, Error> {
    Ok(read.get(DEPARTMENTS, &(company.hi(), id.hi()))?.filter(|row| row.id == id))
}

/// Departments of a company from `before` down, the newest first.
pub(in crate::accounts) fn departments_of(
    read: &impl Read,
    company: CompanyId,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<DepartmentRow>, Error> {
    let rows = read.list(DEPARTMENTS, &of_company(company, before), Order::Descending, limit)?;
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// Removes a department with its memberships.
pub(in crate::accounts) fn delete_department(tx: &mut Tx<'_>, row: &DepartmentRow) -> Result<(), Error> {
    let (company, id) = (row.company, row.id);
    loop {
        let members = members_of(tx, company, id, None, PAGE)?;
        for user in &members {
            remove_row(tx, company, id.hi(), *user)?;
        }
        if members.len() < PAGE {
            break;
        }
    }
    tx.add(counter(company, 0, DEPARTMENT_COUNT), -1);
    tx.remove(DEPARTMENTS, &(company.hi(), id.hi()))
}

pub(in crate::accounts) fn is_member(
    read: &impl Read,
    company: CompanyId,
    id: DepartmentId,
    user: UserId,
) -> Result<bool, Error> {
    read.exists(MEMBERS, &(company.hi(), id.hi(), user.hi()))
}

/// Makes somebody a member who is not one yet.
pub(in crate::accounts) fn add_member(
    tx: &mut Tx<'_>,
    company: CompanyId,
    id: DepartmentId,
    user: UserId,
) -> Result<(), Error> {
    tx.add(counter(company, id.hi(), MEMBER_COUNT), 1);
    tx.put(MEMBERS, &(company.hi(), id.hi(), user.hi()), &())?;
    tx.put(USER_DEPARTMENTS, &(user.hi(), id.hi()), &())
}

/// Takes somebody out who is a member.
pub(in crate::accounts) fn remove_member(
    tx: &mut Tx<'_>,
    company: CompanyId,
    id: DepartmentId,
    user: UserId,
) -> Result<(), Error> {
    remove_row(tx, company, id.hi(), user.hi())
}

fn remove_row(tx: &mut Tx<'_>, company: CompanyId, department: u64, user: u64) -> Result<(), Error> {
    tx.add(counter(company, department, MEMBER_COUNT), -1);
    tx.remove(MEMBERS, &(company.hi(), department, user))?;
    tx.remove(USER_DEPARTMENTS, &(user, department))
}

/// Takes a person out of every department; answers which.
pub(in crate::accounts) fn leave_all(tx: &mut Tx<'_>, company: CompanyId, user: UserId) -> Result<Vec<u64>, Error> {
    let mut left = Vec::new();
    loop {
        let rows = tx.list(USER_DEPARTMENTS, &KeyRange::prefix(&(user.hi(),)), Order::Ascending, PAGE)?;
        for ((_, department), ()) in &rows {
            remove_row(tx, company, *department, user.hi())?;
            left.push(*department);
        }
        if rows.len() < PAGE {
            return Ok(left);
        }
    }
}

/// Members of a department from `before` down, by the age of their accounts, the newest first.
pub(in crate::accounts) fn members_of(
    read: &impl Read,
    company: CompanyId,
    id: DepartmentId,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<u64>, Error> {
    let (company, department) = (company.hi(), id.hi());
    let before = before.map(|before| (company, department, before));
    let range = KeyRange::page(&(company, department), before.as_ref());
    let rows = read.list(MEMBERS, &range, Order::Descending, limit)?;
    Ok(rows.into_iter().map(|((_, _, user), ())| user).collect())
}

/// How many members a department has.
pub(in crate::accounts) fn member_count(read: &impl Read, company: CompanyId, id: DepartmentId) -> Result<u64, Error> {
    Ok(read.counter(&counter(company, id.hi(), MEMBER_COUNT))?.max(0).cast_unsigned())
}
