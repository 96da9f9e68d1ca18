//! Checks stored people and departments against what follows from them. For offline checks and tests.

use super::{
    ADMIN_COUNT, AREA, COMPANIES, COMPANY_USERS, DEPARTMENT_COUNT, MEMBER_COUNT, USER_COUNT, USER_EMAILS, USERS,
    departments::{DEPARTMENTS, MEMBERS, USER_DEPARTMENTS},
    habits::{HABITS, SWEEPS},
};
use crate::storage::{
    Error, Read,
    check::{Counted, each},
};

/// Compares people and departments with their companies, indexes and counters; tells each contradiction in words.
///
/// # Errors
/// When a row cannot be read; a damaged one is [`Error::Corrupt`].
pub(in crate::accounts) fn check(read: &impl Read, found: &mut dyn FnMut(String)) -> Result<(), Error> {
    let mut counted = Counted::of(AREA);
    each(read, USERS, |user, row| {
        let company = row.company.hi();
        counted.add(company, 0, USER_COUNT, 1);
        counted.add(company, 0, ADMIN_COUNT, i64::from(row.is_active_admin()));
        if !read.exists(COMPANIES, &company)? {
            found(format!("user {} belongs to a company that is not there", row.id));
        }
        let by_email = read.get(USER_EMAILS, &row.email.as_str().to_owned())?;
        if by_email.is_none_or(|entry| entry.user != row.id) || !read.exists(COMPANY_USERS, &(company, user))? {
            found(format!("user {} is missing from an index", row.id));
        }
        Ok(())
    })?;
    each(read, DEPARTMENTS, |(company, _), row| {
        counted.add(company, 0, DEPARTMENT_COUNT, 1);
        if !read.exists(COMPANIES, &company)? {
            found(format!("department {} belongs to a company that is not there", row.id));
        }
        Ok(())
    })?;
    each(read, MEMBERS, |(company, department, user), ()| {
        counted.add(company, department, MEMBER_COUNT, 1);
        let is_whole = read.exists(DEPARTMENTS, &(company, department))?
            && read.get(USERS, &user)?.is_some_and(|row| row.company.hi() == company)
            && read.exists(USER_DEPARTMENTS, &(user, department))?;
        if !is_whole {
            found(format!("company {company}: a membership of department {department} hangs in the air"));
        }
        Ok(())
    })?;
    // Zero stands for every address without an account.
    each(read, HABITS, |user, _| {
        if user != 0 && !read.exists(USERS, &user)? {
            found(format!("the sign-in habits of user {user} belong to nobody"));
        }
        Ok(())
    })?;
    each(read, SWEEPS, |company, _| {
        if !read.exists(COMPANIES, &company)? {
            found(format!("company {company} is not there and its policy is being applied"));
        }
        Ok(())
    })?;
    counted.compare(read, &[USER_COUNT, ADMIN_COUNT, DEPARTMENT_COUNT, MEMBER_COUNT], found)
}
