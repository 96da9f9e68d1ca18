//! API keys and sessions as they are stored.

use serde::{Deserialize, Serialize};

use super::{model::SecretHash, openings::OpeningRow, sessions::SessionRow};
use crate::{
    base::{ApiKeyId, CompanyId, SessionId, Timestamp, UserId},
    named_value,
    storage::{
        CounterKey, Error, KeyRange, Order, Read, Table, Tx, Value,
        check::{Counted, each},
        keyspaces,
    },
};

const API_KEYS: Table<u64, ApiKeyRow> = Table::of(keyspaces::API_KEYS);
const COMPANY_API_KEYS: Table<(u64, u64), ()> = Table::of(keyspaces::COMPANY_API_KEYS);
const SESSIONS: Table<u64, SessionRow> = Table::of(keyspaces::SESSIONS);
const OPENINGS: Table<u64, OpeningRow> = Table::of(keyspaces::OPENINGS);
const USER_OPENINGS: Table<u64, NumbersRow> = Table::of(keyspaces::USER_OPENINGS);
const SESSION_NUMBERS: Table<u64, NumbersRow> = Table::of(keyspaces::SESSION_NUMBERS);
const USER_SESSIONS: Table<(u64, u64), ()> = Table::of(keyspaces::USER_SESSIONS);

/// Area of this slice's counters.
const AREA: u8 = 50;
/// API keys of a company, revoked ones too.
const KEY_COUNT: u8 = 0;
/// Rows looked at at once in a sweep.
pub(super) const SWEEP_PAGE: usize = 1_000;

/// The sessions of a person, or the openings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NumbersRow {
    /// The oldest first.
    numbers: Vec<u64>,
}
named_value!(NumbersRow, 1);

/// One API key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ApiKeyRow {
    /// Its id; also part of its text.
    pub(super) id: ApiKeyId,
    /// Whose it is.
    pub(super) company: CompanyId,
    /// What people call it.
    pub(super) name: String,
    /// SHA-256 of the secret part.
    pub(super) secret_hash: SecretHash,
    /// The words of its scopes; unknown ones, of a later release, grant nothing.
    pub(super) scopes: Vec<String>,
    /// Who made it; nobody when it was made from the machine.
    #[serde(default)]
    pub(super) created_by: Option<UserId>,
    /// When it was made.
    pub(super) created_at: Timestamp,
    /// When it ends by itself.
    pub(super) expires_at: Option<Timestamp>,
    /// When it was ended by somebody.
    pub(super) revoked_at: Option<Timestamp>,
    /// When it was last used, to within some minutes.
    pub(super) last_used_at: Option<Timestamp>,
}
named_value!(ApiKeyRow, 1);

impl ApiKeyRow {
    /// When it ended for good: revoked, or by itself.
    pub(super) fn ended_at(&self) -> Option<Timestamp> {
        self.revoked_at.into_iter().chain(self.expires_at).min()
    }
}

fn count_of(company: CompanyId) -> CounterKey {
    CounterKey { area: AREA, company: company.hi(), subject: 0, what: KEY_COUNT }
}

pub(super) fn find(read: &impl Read, id: ApiKeyId) -> Result<Option<ApiKeyRow>, Error> {
    Ok(read.get(API_KEYS, &id.hi())?.filter(|row| row.id == id))
}

pub(super) fn insert(tx: &mut Tx<'_>, row: &ApiKeyRow) -> Result<(), Error> {
    tx.add(count_of(row.company), 1);
    tx.put(COMPANY_API_KEYS, &(row.company.hi(), row.id.hi()), &())?;
    put(tx, row)
}

/// Stores a key that was there before.
pub(super) fn put(tx: &mut Tx<'_>, row: &ApiKeyRow) -> Result<(), Error> {
    tx.put(API_KEYS, &row.id.hi(), row)
}

pub(super) fn key_count(tx: &Tx<'_>, company: CompanyId) -> usize {
    usize::try_from(tx.count(&count_of(company))).unwrap_or(0)
}

/// Keys of a company from `before` down, the newest first.
pub(super) fn keys_of(
    read: &impl Read,
    company: CompanyId,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<ApiKeyRow>, Error> {
    let range = KeyRange::page(&(company.hi(),), before.map(|before| (company.hi(), before)).as_ref());
    let keys = read.list(COMPANY_API_KEYS, &range, Order::Descending, limit)?;
    let mut rows = Vec::with_capacity(keys.len());
    for ((_, id), ()) in keys {
        rows.extend(read.get(API_KEYS, &id)?);
    }
    Ok(rows)
}

/// A page of the keys of all companies after one of them, the oldest first.
pub(super) fn all_keys(read: &impl Read, after: Option<u64>) -> Result<Vec<ApiKeyRow>, Error> {
    page_after(read, API_KEYS, after)
}

/// Removes keys that are still there.
pub(super) fn delete_keys(tx: &mut Tx<'_>, rows: &[ApiKeyRow]) -> Result<(), Error> {
    for row in rows {
        if find(tx, row.id)?.is_some() {
            tx.add(count_of(row.company), -1);
            tx.remove(API_KEYS, &row.id.hi())?;
            tx.remove(COMPANY_API_KEYS, &(row.company.hi(), row.id.hi()))?;
        }
    }
    Ok(())
}

/// Compares the index and the counters of keys with the keys, and the numbers of people's sessions with the sessions; tells
/// each contradiction in words.
///
/// # Errors
/// When a row cannot be read.
pub(super) fn check(read: &impl Read, found: &mut dyn FnMut(String)) -> Result<(), Error> {
    let mut counted = Counted::of(AREA);
    each(read, API_KEYS, |id, row| {
        counted.add(row.company.hi(), 0, KEY_COUNT, 1);
        if !read.exists(COMPANY_API_KEYS, &(row.company.hi(), id))? {
            found(format!("API key {} is missing from the list of its company", row.id));
        }
        Ok(())
    })?;
    counted.compare(read, &[KEY_COUNT], found)?;
    let of_session = |row: &SessionRow| (row.user, row.id);
    compare_numbers(read, (SESSIONS, SESSION_NUMBERS), "session", (of_session, session_numbers_of), found)?;
    let of_opening = |row: &OpeningRow| (row.user, row.id);
    let what = "the opening of session";
    compare_numbers(read, (OPENINGS, USER_OPENINGS), what, (of_opening, opening_numbers_of), found)
}

/// Compares rows of people, which say whose they are, with the numbers that are listed for each person.
fn compare_numbers<R: Read, V: Value>(
    read: &R,
    (rows, lists): (Table<u64, V>, Table<u64, NumbersRow>),
    what: &str,
    (of, numbers_of): (impl Fn(&V) -> (UserId, SessionId), impl Fn(&R, UserId) -> Result<Vec<u64>, Error>),
    found: &mut dyn FnMut(String),
) -> Result<(), Error> {
    each(read, rows, |number, row| {
        let (user, id) = of(&row);
        if !numbers_of(read, user)?.contains(&number) {
            found(format!("{what} {id} is missing from the list of its person"));
        }
        Ok(())
    })?;
    each(read, lists, |_, NumbersRow { numbers }| {
        for number in numbers {
            if !read.exists(rows, &number)? {
                found(format!("{what} number {number} is in the list of a person and not there"));
            }
        }
        Ok(())
    })
}

pub(super) fn find_opening(read: &impl Read, id: SessionId) -> Result<Option<OpeningRow>, Error> {
    Ok(read.get(OPENINGS, &id.hi())?.filter(|row| row.id == id))
}

/// Writes an opening; the oldest of the person goes when there are more than `most`.
pub(super) fn insert_opening(tx: &mut Tx<'_>, row: &OpeningRow, most: usize) -> Result<(), Error> {
    let mut numbers = opening_numbers_of(tx, row.user)?;
    numbers.push(row.id.hi());
    let excess = numbers.len().saturating_sub(most);
    numbers.drain(..excess).try_for_each(|number| tx.remove(OPENINGS, &number))?;
    tx.put(USER_OPENINGS, &row.user.hi(), &NumbersRow { numbers })?;
    tx.put(OPENINGS, &row.id.hi(), row)
}

/// Removes an opening that may be there.
pub(super) fn delete_opening(tx: &mut Tx<'_>, (user, number): (UserId, u64)) -> Result<(), Error> {
    let mut numbers = opening_numbers_of(tx, user)?;
    numbers.retain(|other| *other != number);
    if numbers.is_empty() {
        // The person may be gone.
        tx.remove(USER_OPENINGS, &user.hi())?;
    } else {
        tx.put(USER_OPENINGS, &user.hi(), &NumbersRow { numbers })?;
    }
    tx.remove(OPENINGS, &number)
}

/// Removes all openings of a person.
pub(super) fn delete_openings_of(tx: &mut Tx<'_>, user: UserId) -> Result<(), Error> {
    opening_numbers_of(tx, user)?.into_iter().try_for_each(|number| tx.remove(OPENINGS, &number))?;
    tx.remove(USER_OPENINGS, &user.hi())
}

/// All openings of a person, the oldest first.
pub(super) fn openings_of(read: &impl Read, user: UserId) -> Result<Vec<OpeningRow>, Error> {
    let mut rows = Vec::new();
    for number in opening_numbers_of(read, user)? {
        rows.extend(read.get(OPENINGS, &number)?);
    }
    Ok(rows)
}

fn opening_numbers_of(read: &impl Read, user: UserId) -> Result<Vec<u64>, Error> {
    Ok(read.get(USER_OPENINGS, &user.hi())?.map_or_else(Vec::new, |NumbersRow { numbers }| numbers))
}

/// A page of all openings after one of them, the oldest first.
pub(super) fn all_openings(read: &impl Read, after: Option<u64>) -> Result<Vec<OpeningRow>, Error> {
    page_after(read, OPENINGS, after)
}

pub(super) fn find_session(read: &impl Read, id: SessionId) -> Result<Option<SessionRow>, Error> {
    Ok(read.get(SESSIONS, &id.hi())?.filter(|row| row.id == id))
}

/// Writes a new session in the place of those with these numbers. `numbers` are those of the person's sessions, as
/// [`numbers_to_change`] answered them.
pub(super) fn insert_session(
    tx: &mut Tx<'_>,
    row: &SessionRow,
    mut numbers: Vec<u64>,
    in_place_of: &[u64],
) -> Result<(), Error> {
    numbers.retain(|number| !in_place_of.contains(number));
    numbers.push(row.id.hi());
    put_numbers(tx, row.user, numbers)?;
    in_place_of.iter().try_for_each(|number| tx.remove(SESSIONS, number))?;
    put_session(tx, row)
}

/// Writes a session that is there.
pub(super) fn put_session(tx: &mut Tx<'_>, row: &SessionRow) -> Result<(), Error> {
    tx.put(SESSIONS, &row.id.hi(), row)
}

pub(super) fn delete_session(tx: &mut Tx<'_>, row: &SessionRow) -> Result<(), Error> {
    let mut numbers = numbers_to_change(tx, row.user)?;
    numbers.retain(|number| *number != row.id.hi());
    put_numbers(tx, row.user, numbers)?;
    tx.remove(SESSIONS, &row.id.hi())
}

/// Numbers of the sessions of a person, also of some that are over, the oldest first; they are to be written back, since
/// they are no more where earlier releases kept them.
pub(super) fn numbers_to_change(tx: &mut Tx<'_>, user: UserId) -> Result<Vec<u64>, Error> {
    if let Some(NumbersRow { numbers }) = tx.get(SESSION_NUMBERS, &user.hi())? {
        return Ok(numbers);
    }
    let numbers = numbers_of_old(tx, user)?;
    numbers.iter().try_for_each(|number| tx.remove(USER_SESSIONS, &(user.hi(), *number)))?;
    Ok(numbers)
}

/// Also writes that there are none: to look where earlier releases kept them takes about three times as long as this row.
pub(super) fn put_numbers(tx: &mut Tx<'_>, user: UserId, numbers: Vec<u64>) -> Result<(), Error> {
    tx.put(SESSION_NUMBERS, &user.hi(), &NumbersRow { numbers })
}

/// Forgets a person without sessions.
pub(super) fn delete_numbers(tx: &mut Tx<'_>, user: UserId) -> Result<(), Error> {
    tx.remove(SESSION_NUMBERS, &user.hi())
}

/// The session whose id begins with this.
pub(super) fn session_numbered(read: &impl Read, hi: u64) -> Result<Option<SessionRow>, Error> {
    read.get(SESSIONS, &hi)
}

/// Numbers of the sessions of a person, also of some that are over, the oldest first.
fn session_numbers_of(read: &impl Read, user: UserId) -> Result<Vec<u64>, Error> {
    match read.get(SESSION_NUMBERS, &user.hi())? {
        Some(NumbersRow { numbers }) => Ok(numbers),
        None => numbers_of_old(read, user),
    }
}

/// The numbers as earlier releases kept them.
fn numbers_of_old(read: &impl Read, user: UserId) -> Result<Vec<u64>, Error> {
    let keys = read.list(USER_SESSIONS, &KeyRange::prefix(&(user.hi(),)), Order::Ascending, usize::MAX)?;
    Ok(keys.into_iter().map(|((_, id), ())| id).collect())
}

/// Open sessions of a person, and some that are over.
pub(super) fn sessions_of(read: &impl Read, user: UserId) -> Result<Vec<SessionRow>, Error> {
    let numbers = session_numbers_of(read, user)?;
    let mut rows = Vec::with_capacity(numbers.len());
    for number in numbers {
        rows.extend(read.get(SESSIONS, &number)?);
    }
    Ok(rows)
}

/// Puts the numbers of a person's sessions where earlier releases kept them.
#[cfg(test)]
pub(super) fn keep_numbers_as_before(tx: &mut Tx<'_>, user: UserId) -> Result<(), Error> {
    let numbers = session_numbers_of(tx, user)?;
    tx.remove(SESSION_NUMBERS, &user.hi())?;
    numbers.iter().try_for_each(|number| tx.put(USER_SESSIONS, &(user.hi(), *number), &()))
}

/// Whether anything is kept of a person's sessions.
#[cfg(test)]
pub(super) fn knows(read: &impl Read, user: UserId) -> Result<bool, Error> {
    Ok(read.exists(SESSION_NUMBERS, &user.hi())? || read.exists(USER_OPENINGS, &user.hi())?)
}

/// How many numbers are where earlier releases kept them.
#[cfg(test)]
pub(super) fn numbers_as_before(read: &impl Read, user: UserId) -> Result<usize, Error> {
    Ok(numbers_of_old(read, user)?.len())
}

/// A page of the sessions of all people after one of them, the oldest first.
pub(super) fn all_sessions(read: &impl Read, after: Option<u64>) -> Result<Vec<SessionRow>, Error> {
    page_after(read, SESSIONS, after)
}

fn page_after<V: Value>(read: &impl Read, table: Table<u64, V>, after: Option<u64>) -> Result<Vec<V>, Error> {
    let range = after.map_or_else(KeyRange::all, |after| KeyRange::after(&after));
    let rows = read.list(table, &range, Order::Ascending, SWEEP_PAGE)?;
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}
