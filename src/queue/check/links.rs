//! What hangs on jobs beside their rows: lists of those in no line, tags, fields, children.

use super::Check;
use crate::{
    queue::{
        index::{field_hash, tag_hash},
        job::MAX_CHILDREN,
        state::{Extras, JobState},
        store::{FLOW_CHILDREN, JOB_FIELDS, JOB_STATES, JOB_TAGS, JOBS, JobBody, JobKey, PENDING_JOBS, find_state},
    },
    storage::{Error, KeyRange, Order, Read},
};

impl<R: Read> Check<'_, R> {
    /// Everything that is to be found by a job's words is there, and its children are counted.
    pub(super) fn entries(
        &mut self,
        key @ (company, job): JobKey,
        body: &JobBody,
        row: &JobState,
    ) -> Result<(), Error> {
        let read = self.read;
        if row.extras.has(Extras::INDEXED) {
            for tag in &body.tags {
                if !read.exists(JOB_TAGS, &(company, tag_hash(tag), job))? {
                    self.report(format!("job {key:?} is not to be found by its tag \"{tag}\""));
                }
            }
            for (path, value) in &body.fields {
                if !read.exists(JOB_FIELDS, &(company, body.queue, field_hash(path, value), job))? {
                    self.report(format!("job {key:?} is not to be found by its field \"{path}\""));
                }
            }
        }
        if row.children > 0 || row.blocked_by > 0 {
            let rows =
                read.list(FLOW_CHILDREN, &KeyRange::prefix(&key), Order::Ascending, MAX_CHILDREN as usize + 1)?;
            let open = rows.iter().filter(|(_, child)| child.end.is_none()).count();
            if rows.len() != row.children as usize || open != row.blocked_by as usize {
                let (children, blocked_by) = (row.children, row.blocked_by);
                self.report(format!(
                    "job {key:?} counts {children} children and {blocked_by} open ones, {} and {open} are there",
                    rows.len()
                ));
            }
        }
        Ok(())
    }

    pub(super) fn pending(&mut self) -> Result<(), Error> {
        self.each(PENDING_JOBS, |check, entry @ (company, queue, state, at, job), ()| {
            let row = find_state(check.read, (company, job))?;
            let fits = row.is_some_and(|row| {
                let pending = row.indexes(check.boot).pending;
                row.place.queue == queue && pending.is_some_and(|own| (own.0 as u8, own.1) == (state, at))
            });
            if !fits {
                check.report(format!("entry {entry:?} of jobs in no line belongs to none"));
            }
            Ok(())
        })
    }

    pub(super) fn indexes(&mut self) -> Result<(), Error> {
        self.each(JOB_TAGS, |check, entry @ (company, hash, job), ()| {
            let body = check.read.get(JOBS, &(company, job))?;
            if !body.is_some_and(|body| body.tags.iter().any(|tag| tag_hash(tag) == hash)) {
                check.report(format!("tag entry {entry:?} belongs to no job"));
            }
            Ok(())
        })?;
        self.each(JOB_FIELDS, |check, entry @ (company, queue, hash, job), ()| {
            let body = check.read.get(JOBS, &(company, job))?;
            let is_own = |body: JobBody| {
                body.queue == queue && body.fields.iter().any(|(path, value)| field_hash(path, value) == hash)
            };
            if !body.is_some_and(is_own) {
                check.report(format!("field entry {entry:?} belongs to no job"));
            }
            Ok(())
        })
    }

    /// Children and parents agree on whether the child has ended.
    pub(super) fn children(&mut self) -> Result<(), Error> {
        self.each(FLOW_CHILDREN, |check, entry @ (company, parent, child), row| {
            if !check.read.exists(JOBS, &(company, parent))? {
                check.report(format!("child entry {entry:?} belongs to no parent"));
            }
            // A child that has ended may be removed before its parent.
            let own = check.read.get(JOB_STATES, &(company, child))?;
            let fits = match own {
                Some(own) => own.parent == Some(parent) && row.end == own.state.is_terminal().then_some(own.state),
                None => row.end.is_some(),
            };
            if !fits {
                check.report(format!("child entry {entry:?} does not fit the child"));
            }
            Ok(())
        })
    }
}
