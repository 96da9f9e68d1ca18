//! What attempts tell of themselves while they run: progress, log lines, and where a handler goes on.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{
    error::Error,
    job::{MAX_LINE_BYTES, MAX_LOG_LINES, MAX_PROGRESS_BYTES, State},
    registry::Queues,
    state::{Extras, JobState},
    store::{JOB_LINES, JOB_NOTES, JOB_STATES, JobKey, LinesRow, NotesRow},
};
use crate::{
    base::{CompanyId, JobId, Timestamp},
    storage::{self, KeyRange, Order, Read, Tx},
};

/// How far a job has come, by its own account.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    /// 0 to 100.
    pub percent: Option<f32>,
    /// JSON of the worker's own, at most [`MAX_PROGRESS_BYTES`].
    pub data: Option<Bytes>,
    /// When it was told.
    pub at: Timestamp,
}

/// A line of a job's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When it was written.
    pub at: Timestamp,
    /// The attempt that wrote it, from 1.
    pub attempt: u32,
    /// What it says.
    pub text: String,
}

/// What is kept of an attempt's own account.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Notes {
    /// How far it has come, once it has told.
    pub progress: Option<Progress>,
    /// Lines of its log.
    pub lines: u32,
    /// Where a handler of this process goes on.
    pub checkpoint: Option<Bytes>,
}

impl From<NotesRow> for Notes {
    fn from(row: NotesRow) -> Self {
        let NotesRow { percent, data, told_at, lines, checkpoint } = row;
        Self { progress: told_at.map(|at| Progress { percent, data, at }), lines, checkpoint }
    }
}

impl Queues {
    /// Keeps how far a worker outside has come, in place of what it told before.
    ///
    /// # Errors
    /// [`Error::LeaseLost`]; [`Error::Invalid`] for a share beyond 0 to 100 or too much data.
    pub fn record_progress(
        &self,
        tx: &mut Tx<'_>,
        company: CompanyId,
        id: JobId,
        token: &str,
        progress: Progress,
    ) -> Result<(), Error> {
        let (key, row) = self.held(tx, company, id, token)?;
        write_progress(tx, key, &row, progress, None)
    }

    /// Keeps how far a handler of this process has come, and where it goes on after a restart.
    ///
    /// # Errors
    /// [`Error::WrongState`] when the job is not active any more; [`Error::Invalid`] as for workers outside.
    pub fn checkpoint(
        &self,
        tx: &mut Tx<'_>,
        company: CompanyId,
        id: JobId,
        progress: Progress,
        checkpoint: Bytes,
    ) -> Result<(), Error> {
        let key = (company.hi(), id.hi());
        let row = tx.get(JOB_STATES, &key)?.ok_or(Error::NotFound(id))?;
        let state = row.effective(self.inner.boot);
        if state != State::Active {
            return Err(Error::WrongState { id, state });
        }
        write_progress(tx, key, &row, progress, Some(checkpoint))
    }

    /// Adds lines to a job's log.
    ///
    /// # Errors
    /// [`Error::LeaseLost`]; [`Error::LogFull`], and none is added; [`Error::Invalid`] for a line that is too long.
    pub fn append_log(
        &self,
        tx: &mut Tx<'_>,
        company: CompanyId,
        id: JobId,
        token: &str,
        lines: Vec<String>,
    ) -> Result<u32, Error> {
        let (key, row) = self.held(tx, company, id, token)?;
        if lines.iter().any(|line| line.len() > MAX_LINE_BYTES) {
            return Err(Error::Invalid { field: "lines", reason: "must be at most 2048 bytes each" });
        }
        let mut notes = tx.get(JOB_NOTES, &key)?.unwrap_or_default();
        let first = notes.lines;
        notes.lines = first.saturating_add(u32::try_from(lines.len()).unwrap_or(u32::MAX));
        if notes.lines > MAX_LOG_LINES {
            return Err(Error::LogFull(id));
        }
        let (at, attempt) = (tx.now(), row.attempt);
        let lines = lines.into_iter().map(|text| LogLine { at, attempt, text }).collect();
        tx.put(JOB_LINES, &(key.0, key.1, first), &LinesRow { lines })?;
        let count = notes.lines;
        write_notes(tx, key, &row, &notes)?;
        Ok(count)
    }

    /// What a job's attempts told.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn notes(&self, read: &impl Read, company: CompanyId, id: JobId) -> Result<Notes, storage::Error> {
        Ok(read.get(JOB_NOTES, &(company.hi(), id.hi()))?.map(Notes::from).unwrap_or_default())
    }

    /// Lines of a job's log from the given number on, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn log(
        &self,
        read: &impl Read,
        company: CompanyId,
        id: JobId,
        from: u32,
        limit: usize,
    ) -> Result<Vec<LogLine>, storage::Error> {
        let prefix = (company.hi(), id.hi());
        // The row that holds a line begins at it or before it.
        let upto = KeyRange::before(&(prefix.0, prefix.1, from.saturating_add(1))).within(&prefix);
        let first = read.list(JOB_LINES, &upto, Order::Descending, 1)?.pop().map_or(from, |((.., first), _)| first);
        let range = KeyRange::from(&(prefix.0, prefix.1, first)).within(&prefix);
        let rows = read.list(JOB_LINES, &range, Order::Ascending, limit.saturating_add(1))?;
        let skip = (from - first.min(from)) as usize;
        Ok(rows.into_iter().flat_map(|(_, row)| row.lines).skip(skip).take(limit).collect())
    }

    /// The row of a job that a worker outside holds.
    fn held(&self, tx: &Tx<'_>, company: CompanyId, id: JobId, token: &str) -> Result<(JobKey, JobState), Error> {
        let token = self.inner.tokens.parse(token, id).ok_or(Error::LeaseLost(id))?;
        let key = (company.hi(), id.hi());
        let row = tx.get(JOB_STATES, &key)?.ok_or(Error::LeaseLost(id))?;
        if row.state != State::Active || row.generation != token.generation {
            return Err(Error::LeaseLost(id));
        }
        Ok((key, row))
    }
}

fn write_progress(
    tx: &mut Tx<'_>,
    key: JobKey,
    row: &JobState,
    progress: Progress,
    checkpoint: Option<Bytes>,
) -> Result<(), Error> {
    if progress.percent.is_some_and(|percent| !(0.0..=100.0).contains(&percent)) {
        return Err(Error::Invalid { field: "percent", reason: "must be 0 to 100" });
    }
    if progress.data.as_ref().is_some_and(|data| data.len() > MAX_PROGRESS_BYTES) {
        return Err(Error::Invalid { field: "data", reason: "must be at most 16 KiB" });
    }
    let before = tx.get(JOB_NOTES, &key)?.unwrap_or_default();
    let notes = NotesRow {
        percent: progress.percent,
        data: progress.data,
        told_at: Some(tx.now()),
        lines: before.lines,
        checkpoint: checkpoint.or(before.checkpoint),
    };
    Ok(write_notes(tx, key, row, &notes)?)
}

fn write_notes(tx: &mut Tx<'_>, key: JobKey, row: &JobState, notes: &NotesRow) -> Result<(), storage::Error> {
    tx.put(JOB_NOTES, &key, notes)?;
    if row.extras.has(Extras::NOTES) {
        return Ok(());
    }
    // Nothing else follows from this mark, so it is not a transition.
    tx.put(JOB_STATES, &key, &JobState { extras: row.extras.with(Extras::NOTES), ..row.clone() })
}

/// Removes what a job's attempts told; answers how many rows.
pub(super) fn forget(tx: &mut Tx<'_>, key: JobKey) -> Result<usize, storage::Error> {
    tx.remove(JOB_NOTES, &key)?;
    let rows = tx.list_past_damage(JOB_LINES, &KeyRange::prefix(&key), Order::Ascending, MAX_LOG_LINES as usize)?;
    for (line, _) in &rows {
        tx.remove(JOB_LINES, line)?;
    }
    Ok(rows.len() + 1)
}
