//! Finding jobs: by queue, state, kind, tag, group, time, payload field, or any text.
//!
//! The most telling condition that has an index says where to look (`plan`), the others are checked job by job. Each step
//! looks at a bounded number of jobs and bytes and says where to go on, so no search reads a whole store at once. The
//! order is that of the index: newest first by tag, field, queue or kind; the latest end first for finished jobs; the
//! next to become due first for delayed and retrying ones; the line's own order for waiting ones.

mod failures;
mod plan;
mod sources;

use std::{ops::ControlFlow, sync::atomic::Ordering};

use serde_json::Value;

use super::{
    error::Error,
    failures::{fingerprint, last_error},
    index,
    job::{JobView, State},
    name::QueueName,
    registry::Queues,
    state::JobState,
    store::{JOB_STATES, JOBS, JobBody, JobKey, jobs_in},
    view::view,
};
use crate::{
    base::{CompanyId, JobId, RawId, Timestamp},
    storage::{self, KeyRange, Order, Read},
};
use plan::Plan;

pub use failures::ErrorGroups;

/// Jobs that one step looks at when it reads them one by one.
const LOOKED_AT: usize = 1_000;
/// Jobs that one step looks at when it reads them as they lie on disk.
const SCANNED: usize = 2_000;
/// Bytes of payloads after which a step looks no further.
const LOOKED_BYTES: usize = 64 << 20;
/// Bytes of payloads that one step reads as JSON.
const PARSED_BYTES: usize = 8 << 20;
/// Bytes of payloads after which a page ends early; one job always fits.
const LISTED_BYTES: usize = 8 << 20;

/// Which jobs are wanted; all conditions hold together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Of this queue.
    pub queue: Option<QueueName>,
    /// In this state.
    pub state: Option<State>,
    /// In one of these states; in any when there are none.
    pub states: Vec<State>,
    /// Of this kind.
    pub kind: Option<String>,
    /// With this tag.
    pub tag: Option<String>,
    /// Of this group.
    pub group: Option<String>,
    /// Failed with an error like this one: see [`super::FailureGroup::fingerprint`].
    pub error: Option<u64>,
    /// Children of this job.
    pub parent: Option<JobId>,
    /// With this value at this path of the payload.
    pub field: Option<(String, String)>,
    /// With this text anywhere in the payload, as it was sent.
    pub text: Option<String>,
    /// Accepted at this time or later.
    pub since: Option<Timestamp>,
    /// Accepted before this time.
    pub until: Option<Timestamp>,
}

/// Where a search goes on; callers pass it back and do not read it.
pub type Place = [u64; 5];

/// A page of jobs.
#[derive(Debug, Clone, Default)]
pub struct JobPage {
    /// The jobs.
    pub jobs: Vec<JobView>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Place>,
}

/// Jobs that one step of a search has found.
#[derive(Debug, Clone, Default)]
pub struct JobsFound {
    /// Their ids, each with the place behind it.
    pub ids: Vec<(JobId, Place)>,
    /// Where to go on; `None` at the end.
    pub next: Option<Place>,
}

/// How many jobs pass a filter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobCount {
    /// So many, at least.
    pub count: u64,
    /// Whether that is all of them.
    pub is_exact: bool,
}

impl JobFilter {
    /// Whether what never changes of a job passes, but for payload fields and texts.
    fn passes_body(&self, job: u64, body: &JobBody) -> bool {
        let created_at = Timestamp::from_ms((job >> 16).cast_signed());
        self.kind.as_ref().is_none_or(|kind| *kind == body.kind)
            && self.tag.as_ref().is_none_or(|tag| body.tags.contains(tag))
            && self.parent.is_none_or(|parent| body.parent == Some(parent.raw()))
            && self.group.as_ref().is_none_or(|group| body.group_text.as_ref() == Some(group))
            && self.since.is_none_or(|since| created_at >= since)
            && self.until.is_none_or(|until| created_at < until)
            // As the payload was sent; in time that does not multiply with the length of the text.
            && self.text.as_ref().is_none_or(|text| memchr::memmem::find(&body.payload, text.as_bytes()).is_some())
    }

    /// Whether the payload holds the wanted value; `parsed` counts what was read as JSON.
    fn passes_field(&self, body: &JobBody, parsed: &mut usize) -> bool {
        let Some((path, value)) = &self.field else { return true };
        if let Some((_, word)) = body.fields.iter().find(|(known, _)| known == path) {
            return word == value;
        }
        // A number may be written in many ways, and an escaped text too; any other is there as it is or not at all.
        let is_plain = value.parse::<f64>().is_err() && !body.payload.contains(&b'\\');
        if is_plain && memchr::memmem::find(&body.payload, value.as_bytes()).is_none() {
            return false;
        }
        *parsed += body.payload.len();
        let payload = serde_json::from_slice::<Value>(&body.payload).ok();
        payload.and_then(|payload| index::word_at(&payload, path)).is_some_and(|word| word == *value)
    }
}

/// What one step may still look at.
struct Budget {
    jobs: usize,
    bytes: usize,
    parsed: usize,
}

/// A job that passed.
struct Hit {
    /// Where a search goes on behind it.
    place: Place,
    key: JobKey,
    body: JobBody,
    state: JobState,
}

/// One step through the candidates of a search.
struct Walk<'a, R> {
    queues: &'a Queues,
    read: &'a R,
    company: u64,
    filter: &'a JobFilter,
    budget: Budget,
}

/// What could be read; a damaged row hides itself and no other, and is told in the log.
fn readable<T>(row: Result<T, storage::Error>) -> Result<Option<T>, storage::Error> {
    match row {
        Ok(row) => Ok(Some(row)),
        Err(error @ storage::Error::Corrupt { .. }) => {
            tracing::error!(%error, "a damaged job is left out of a search: {error}");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

impl<R: Read> Walk<'_, R> {
    /// Shows every hit until `visit` breaks or the budget is used up; answers where to go on.
    fn run(
        &mut self,
        after: Option<Place>,
        visit: &mut dyn FnMut(Hit) -> ControlFlow<()>,
    ) -> Result<Option<Place>, Error> {
        let plan = Plan::of(self.queues, self.read, self.company, (self.filter, after))?;
        if after.is_some_and(|after| !plan.has_made(&after)) {
            return Err(Error::Invalid { field: "cursor", reason: "is of another search" });
        }
        if plan == Plan::Jobs {
            return self.scan(after, visit);
        }
        let mut place = after;
        loop {
            let batch = plan.next(self.queues, self.read, self.company, self.filter, place)?;
            for (job, own) in batch.candidates {
                place = Some(own);
                let key = (self.company, job);
                self.budget.jobs = self.budget.jobs.saturating_sub(1);
                let body = readable(self.read.get(JOBS, &key))?.flatten();
                if let Some(hit) = body.map(|body| self.look(key, own, body)).transpose()?.flatten()
                    && visit(hit).is_break()
                {
                    return Ok(place);
                }
                if self.is_spent() {
                    return Ok(place);
                }
            }
            if batch.is_end {
                return Ok(None);
            }
            place = batch.go_on.or(place);
        }
    }

    /// Looks at jobs as they lie on disk, newest first.
    fn scan(
        &mut self,
        after: Option<Place>,
        visit: &mut dyn FnMut(Hit) -> ControlFlow<()>,
    ) -> Result<Option<Place>, Error> {
        self.budget.jobs = SCANNED;
        let (newest, oldest) = plan::span(self.filter, after);
        let range = KeyRange::between(&(self.company, oldest), &(self.company, newest));
        let (mut place, mut failure) = (None, None);
        let read = self.read;
        read.scan_past_damage(JOBS, &range, Order::Descending, &mut |key, body| {
            self.budget.jobs = self.budget.jobs.saturating_sub(1);
            let own = Plan::Jobs.place_of(key.1);
            place = Some(own);
            let looked = readable(body).and_then(|body| body.map(|body| self.look(key, own, body)).transpose());
            let is_cut = match looked.map(Option::flatten) {
                Ok(hit) => hit.is_some_and(|hit| visit(hit).is_break()) || self.is_spent(),
                Err(error) => {
                    failure = Some(error);
                    true
                }
            };
            if is_cut { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if let Some(error) = failure {
            return Err(error.into());
        }
        // What stands behind the last one tells whether there is a next page.
        let behind =
            |place: Place| KeyRange::between(&(self.company, oldest), &(self.company, Plan::Jobs.job_of(&place)));
        let Some(place) = place else { return Ok(None) };
        let mut has_more = false;
        read.scan_past_damage(JOBS, &behind(place), Order::Descending, &mut |_, _| {
            has_more = true;
            ControlFlow::Break(())
        })?;
        Ok(has_more.then_some(place))
    }

    fn look(&mut self, key: JobKey, place: Place, body: JobBody) -> Result<Option<Hit>, storage::Error> {
        self.budget.bytes = self.budget.bytes.saturating_sub(body.payload.len());
        let line = self.queues.inner.line(body.queue);
        let is_of_queue = self.filter.queue.as_ref().is_none_or(|name| line.is_some_and(|line| line.name == *name));
        if !is_of_queue || !self.filter.passes_body(key.1, &body) {
            return Ok(None);
        }
        let Some(state) = readable(self.read.get(JOB_STATES, &key))? else { return Ok(None) };
        let state = state.unwrap_or_else(|| body.first_state(key.1));
        let own = state.effective(self.queues.inner.boot);
        let JobFilter { state: wanted, states, .. } = self.filter;
        if wanted.is_some_and(|wanted| wanted != own) || !(states.is_empty() || states.contains(&own)) {
            return Ok(None);
        }
        if let Some(wanted) = self.filter.error {
            let error = if own == State::Failed { readable(last_error(self.read, key, &state))? } else { None };
            if error.is_none_or(|error| fingerprint(&error) != wanted) {
                return Ok(None);
            }
        }
        let mut parsed = 0;
        let passes = self.filter.passes_field(&body, &mut parsed);
        self.budget.parsed = self.budget.parsed.saturating_sub(parsed);
        Ok(passes.then_some(Hit { place, key, body, state }))
    }

    const fn is_spent(&self) -> bool {
        self.budget.jobs == 0 || self.budget.bytes == 0 || self.budget.parsed == 0
    }
}

impl Queues {
    /// The company's jobs that pass the filter, from the given place on.
    ///
    /// A page looks at a bounded number of jobs and bytes, so it may be short although more follow.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a place of another search; when the store cannot be read.
    pub fn list(
        &self,
        read: &impl Read,
        company: CompanyId,
        filter: &JobFilter,
        after: Option<Place>,
        limit: usize,
    ) -> Result<JobPage, Error> {
        let (mut jobs, mut bytes) = (Vec::new(), 0);
        let next = self.walk(read, company, filter).run(after, &mut |hit| {
            bytes += hit.body.payload.len();
            if let Some(line) = self.inner.line(hit.body.queue) {
                jobs.push(view(hit.key, hit.body, &hit.state, &line.name, &line.settings(), self.inner.boot));
            }
            if jobs.len() >= limit || bytes >= LISTED_BYTES {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        Ok(JobPage { jobs, next })
    }

    /// One step through the ids of the jobs that pass the filter; leaves out those the server runs itself.
    ///
    /// # Errors
    /// As [`Queues::list`].
    pub fn find_ids(
        &self,
        read: &impl Read,
        company: CompanyId,
        filter: &JobFilter,
        after: Option<Place>,
        limit: usize,
    ) -> Result<JobsFound, Error> {
        let mut ids = Vec::new();
        let next = self.walk(read, company, filter).run(after, &mut |hit| {
            if !self.is_own_kind(&hit.body.kind) {
                ids.push((JobId::from_raw(RawId { hi: hit.key.1, lo: hit.body.id_lo }), hit.place));
            }
            if ids.len() >= limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(JobsFound { ids, next })
    }

    /// Counts the jobs that pass the filter, in at most `steps` steps; leaves out those the server runs itself.
    ///
    /// # Errors
    /// As [`Queues::list`].
    pub fn count_found(
        &self,
        read: &impl Read,
        company: CompanyId,
        filter: &JobFilter,
        steps: usize,
    ) -> Result<JobCount, Error> {
        if let Some(count) = self.counted(read, company, filter)? {
            return Ok(JobCount { count, is_exact: true });
        }
        let (mut count, mut place) = (0, None);
        for _ in 0..steps {
            let found = self.find_ids(read, company, filter, place, LOOKED_AT)?;
            count += found.ids.len() as u64;
            match found.next {
                Some(next) => place = Some(next),
                None => return Ok(JobCount { count, is_exact: true }),
            }
        }
        Ok(JobCount { count, is_exact: false })
    }

    /// What the counters say, when the filter asks for a queue and states and nothing else.
    fn counted(&self, read: &impl Read, company: CompanyId, filter: &JobFilter) -> Result<Option<u64>, Error> {
        let JobFilter { queue: Some(queue), state, states, .. } = filter else { return Ok(None) };
        let rest = JobFilter { queue: None, state: None, states: Vec::new(), ..filter.clone() };
        let Some(line) = self.inner.find(queue).filter(|_| rest == JobFilter::default()) else { return Ok(None) };
        if line.has_pool.load(Ordering::Relaxed) {
            // Some of them belong to the server.
            return Ok(None);
        }
        let wanted = State::ALL.into_iter().filter(|known| state.is_none_or(|state| state == *known));
        let mut count = 0;
        for known in wanted.filter(|known| states.is_empty() || states.contains(known)) {
            count += read.counter(&jobs_in(company.hi(), line.id, known))?.max(0).cast_unsigned();
        }
        Ok(Some(count))
    }

    fn walk<'a, R: Read>(&'a self, read: &'a R, company: CompanyId, filter: &'a JobFilter) -> Walk<'a, R> {
        let budget = Budget { jobs: LOOKED_AT, bytes: LOOKED_BYTES, parsed: PARSED_BYTES };
        Walk { queues: self, read, company: company.hi(), filter, budget }
    }
}
