//! Finished jobs whose body is damaged, and their removal with everything that names them.
//!
//! A body holds the words by which its job is found. Without it the job's entries in the indexes are looked for among
//! all of the company's, which takes its time: in a snapshot, before the transaction that removes everything at once.

use std::{collections::HashMap, ops::ControlFlow};

use super::{
    error::Error,
    name::QueueName,
    registry::Queues,
    store::{JOB_FIELDS, JOB_STATES, JOB_TAGS, JOBS, JobKey},
};
use crate::{
    base::{CompanyId, JobId, QueueId},
    queue::State,
    storage::{self, KeyRange, Order, Read, Tx},
};

/// An entry of a job in an index, by the hash of its word.
#[derive(Debug, Clone, Copy)]
enum Entry {
    Tag(u64),
    Field(QueueId, u64),
}

/// The entries of jobs whose bodies cannot tell them.
#[derive(Debug, Clone, Default)]
pub struct LostEntries {
    of: HashMap<u64, Vec<Entry>>,
}

impl LostEntries {
    /// Those of the company's jobs among these whose bodies are damaged.
    pub(super) fn find(read: &impl Read, company: u64, jobs: &[u64]) -> Result<Self, storage::Error> {
        let mut lost = Self::default();
        for job in jobs.iter().copied() {
            match read.get(JOBS, &(company, job)) {
                Err(storage::Error::Corrupt { .. }) => drop(lost.of.insert(job, Vec::new())),
                body => drop(body?),
            }
        }
        if lost.of.is_empty() {
            return Ok(lost);
        }
        let range = KeyRange::prefix(&company);
        read.scan_past_damage(JOB_TAGS, &range, Order::Ascending, &mut |(_, tag, job), _| {
            lost.add(job, Entry::Tag(tag));
            ControlFlow::Continue(())
        })?;
        read.scan_past_damage(JOB_FIELDS, &range, Order::Ascending, &mut |(_, queue, field, job), _| {
            lost.add(job, Entry::Field(queue, field));
            ControlFlow::Continue(())
        })?;
        Ok(lost)
    }

    fn add(&mut self, job: u64, entry: Entry) {
        if let Some(entries) = self.of.get_mut(&job) {
            entries.push(entry);
        }
    }

    /// Removes the entries of a job; `None` when they were not looked for.
    pub(super) fn leave(&self, tx: &mut Tx<'_>, (company, job): JobKey) -> Result<Option<usize>, storage::Error> {
        let Some(entries) = self.of.get(&job) else { return Ok(None) };
        for entry in entries {
            match *entry {
                Entry::Tag(tag) => tx.remove(JOB_TAGS, &(company, tag, job))?,
                Entry::Field(queue, field) => tx.remove(JOB_FIELDS, &(company, queue, field, job))?,
            }
        }
        Ok(Some(entries.len()))
    }
}

/// What is still known of a job whose body is damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remains {
    /// Its queue.
    pub queue: QueueName,
    /// Its state.
    pub state: State,
    /// Its kind, when this process runs the jobs of it.
    pub own_kind: Option<&'static str>,
}

impl Queues {
    /// What names a job whose body is damaged; to be looked for before [`Queues::delete_damaged`].
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn lost_entries(&self, read: &impl Read, company: CompanyId, id: JobId) -> Result<LostEntries, storage::Error> {
        LostEntries::find(read, company.hi(), &[id.hi()])
    }

    /// What is still known of a job whose body is damaged.
    ///
    /// # Errors
    /// When its row cannot be read, either.
    pub fn remains(&self, read: &impl Read, company: CompanyId, id: JobId) -> Result<Option<Remains>, storage::Error> {
        let Some(row) = read.get(JOB_STATES, &(company.hi(), id.hi()))? else { return Ok(None) };
        let Some(line) = self.inner.line(row.place.queue) else { return Ok(None) };
        let (queue, state) = (line.name.clone(), row.effective(self.inner.boot));
        Ok(Some(Remains { queue, state, own_kind: self.own_kind(row.kind) }))
    }

    /// Removes a finished job whose body is damaged, and everything kept with it.
    ///
    /// # Errors
    /// As [`Queues::delete`].
    pub fn delete_damaged(
        &self,
        tx: &mut Tx<'_>,
        company: CompanyId,
        id: JobId,
        lost: &LostEntries,
    ) -> Result<(), Error> {
        let row = tx.get(JOB_STATES, &(company.hi(), id.hi()))?.ok_or(Error::NotFound(id))?;
        self.remove(tx, (company, id), &row, lost)?;
        Ok(())
    }
}
