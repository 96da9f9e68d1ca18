//! Who works: workers outside that asked for jobs lately, and what they hold.
//!
//! Presence is in memory only and bounded: a worker is there while it asks, holds jobs, or did so within a minute; after a
//! restart it is there again once it is heard of.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Error, Jobs};
use crate::{
    base::{CompanyId, JobId, Timestamp},
    queue::{JobView, QueueName},
};

/// A worker that was silent for so long is gone; longer than the longest poll.
const SILENT_MS: u64 = 60_000;
/// Workers held in memory, over all companies.
const WORKERS_MAX: usize = 10_000;
/// Jobs shown with the workers of a company.
pub(super) const JOBS_MAX: usize = 1_000;

/// Workers that were heard of.
#[derive(Clone, Default)]
pub(super) struct Presence {
    seen: Arc<Mutex<HashMap<Name, Seen>>>,
}

/// A company, a queue, and what the worker calls itself.
type Name = (CompanyId, QueueName, String);

#[derive(Debug, Clone, Copy)]
struct Seen {
    since: Timestamp,
    last_at: Timestamp,
    last_mono_ms: u64,
}

impl fmt::Debug for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Presence")
    }
}

/// A worker outside.
#[derive(Debug, Clone, Default)]
pub struct WorkerView {
    /// Since when it is there without a longer silence; `None` when it is known by its jobs only.
    pub since: Option<Timestamp>,
    /// When it asked for jobs last.
    pub last_seen_at: Option<Timestamp>,
    /// What it holds, as far as it is shown.
    pub jobs: Vec<HeldJob>,
}

/// A job with a worker outside.
#[derive(Debug, Clone)]
pub struct HeldJob {
    /// The job.
    pub id: JobId,
    /// What it is.
    pub kind: String,
    /// The attempt that runs.
    pub attempt: u32,
    /// When that began.
    pub started_at: Option<Timestamp>,
}

impl From<JobView> for HeldJob {
    fn from(job: JobView) -> Self {
        Self { id: job.id, kind: job.kind, attempt: job.attempt, started_at: job.started_at }
    }
}

/// Workers by queue and name.
pub type Workers = BTreeMap<(QueueName, String), WorkerView>;

impl Presence {
    fn seen(&self) -> MutexGuard<'_, HashMap<Name, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A worker was heard of.
    fn note(&self, name: Name, now: Timestamp, now_ms: u64) {
        let mut seen = self.seen();
        let is_silent = |known: &Seen| now_ms.saturating_sub(known.last_mono_ms) > SILENT_MS;
        let since = seen.get(&name).filter(|known| !is_silent(known)).map_or(now, |known| known.since);
        if seen.len() >= WORKERS_MAX && !seen.contains_key(&name) {
            seen.retain(|_, known| !is_silent(known));
            if seen.len() >= WORKERS_MAX {
                // It works all the same, and shows once it holds a job.
                return;
            }
        }
        seen.insert(name, Seen { since, last_at: now, last_mono_ms: now_ms });
    }

    fn of(&self, company: CompanyId, now_ms: u64) -> Workers {
        let mut seen = self.seen();
        seen.retain(|_, known| now_ms.saturating_sub(known.last_mono_ms) <= SILENT_MS);
        let own = seen.iter().filter(|((owner, ..), _)| *owner == company);
        let view =
            |known: &Seen| WorkerView { since: Some(known.since), last_seen_at: Some(known.last_at), jobs: Vec::new() };
        own.map(|((_, queue, name), known)| ((queue.clone(), name.clone()), view(known))).collect()
    }
}

impl Jobs {
    /// Notes that a worker asks for jobs, or has asked until now; one without a name shows only while it holds jobs.
    pub(super) fn note_worker(&self, company: CompanyId, queue: &QueueName, worker: &str) {
        if !worker.is_empty() {
            let clock = self.db.clock();
            self.presence.note((company, queue.clone(), worker.to_owned()), clock.now(), clock.mono_ms());
        }
    }

    /// The workers outside that were heard of lately or hold jobs.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn workers(&self, company: CompanyId) -> Result<Workers, Error> {
        let queues = self.queues.clone();
        let held = self.db.read(move |snapshot| queues.held_outside(snapshot, company, JOBS_MAX)).await??;
        let mut workers = self.presence.of(company, self.db.clock().mono_ms());
        for job in held {
            let name = (job.queue.clone(), job.worker.clone().unwrap_or_default());
            workers.entry(name).or_default().jobs.push(job.into());
        }
        Ok(workers)
    }
}

#[cfg(test)]
mod tests {
    use super::{Presence, SILENT_MS, WORKERS_MAX};
    use crate::base::{CompanyId, RawId, Timestamp};

    #[test]
    fn silence_ends_a_presence_and_memory_is_bounded() {
        let presence = Presence::default();
        let company = CompanyId::from_raw(RawId { hi: 1, lo: 1 });
        let name = |name: &str| (company, "images".parse().unwrap(), name.to_owned());
        let at = Timestamp::from_ms;
        presence.note(name("a"), at(10), 0);
        presence.note(name("a"), at(20), SILENT_MS);
        let seen = presence.of(company, SILENT_MS * 2);
        let view = seen.values().next().unwrap();
        assert_eq!((view.since, view.last_seen_at), (Some(at(10)), Some(at(20))));
        assert!(presence.of(company, SILENT_MS * 2 + 1).is_empty());
        presence.note(name("a"), at(30), SILENT_MS * 3);
        assert_eq!(presence.of(company, SILENT_MS * 3).values().next().unwrap().since, Some(at(30)));
        for number in 0..WORKERS_MAX + 5 {
            presence.note(name(&number.to_string()), at(40), SILENT_MS * 3);
        }
        assert_eq!(presence.of(company, SILENT_MS * 3).len(), WORKERS_MAX);
        presence.note(name("late"), at(50), SILENT_MS * 5);
        assert_eq!(presence.of(company, SILENT_MS * 5).len(), 1, "the silent ones made room");
    }
}
