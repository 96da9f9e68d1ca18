//! Who works: workers outside that asked for jobs lately, and what they hold.
//!
//! Presence is in memory only and bounded, for each company and in all: a worker is there while it asks, holds jobs, or did
//! so within a minute; after a restart it is there again once it is heard of. No company keeps another one's from view:
//! when there are too many in all, the company with the most makes room.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Error, Jobs};
use crate::{
    base::{CompanyId, JobId, Timestamp},
    queue::{JobView, LeaseRequest, LeasedJob, QueueName},
};

/// A worker that was silent for so long is gone; longer than the longest poll.
const SILENT_MS: u64 = 60_000;
/// Workers of one company held in memory.
const COMPANY_MAX: usize = 1_000;
/// Workers held in memory, over all companies.
const WORKERS_MAX: usize = 20_000;
/// Jobs shown with the workers of a company.
pub(super) const JOBS_MAX: usize = 1_000;

/// Workers that were heard of.
#[derive(Clone, Default)]
pub(super) struct Presence {
    seen: Arc<Mutex<Companies>>,
}

/// A queue, and what the worker calls itself.
type Name = (QueueName, String);

#[derive(Default)]
struct Companies {
    workers: HashMap<CompanyId, HashMap<Name, Seen>>,
    count: usize,
}

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
    fn seen(&self) -> MutexGuard<'_, Companies> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A worker was heard of.
    fn note(&self, company: CompanyId, name: Name, now: Timestamp, now_ms: u64) {
        let mut seen = self.seen();
        if let Some(known) = seen.find(company, &name) {
            let since = if known.is_silent(now_ms) { now } else { known.since };
            *known = Seen { since, last_at: now, last_mono_ms: now_ms };
            return;
        }
        if seen.make_room(company, now_ms) {
            let fresh = Seen { since: now, last_at: now, last_mono_ms: now_ms };
            seen.workers.entry(company).or_default().insert(name, fresh);
            seen.count += 1;
        }
        // Otherwise it works all the same, and shows once it holds a job.
    }

    fn of(&self, company: CompanyId, now_ms: u64) -> Workers {
        let mut seen = self.seen();
        seen.forget_silent(company, now_ms);
        let own = seen.workers.get(&company).into_iter().flatten();
        let view =
            |known: &Seen| WorkerView { since: Some(known.since), last_seen_at: Some(known.last_at), jobs: Vec::new() };
        own.map(|(name, known)| (name.clone(), view(known))).collect()
    }
}

impl Seen {
    const fn is_silent(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.last_mono_ms) > SILENT_MS
    }
}

impl Companies {
    fn find(&mut self, company: CompanyId, name: &Name) -> Option<&mut Seen> {
        self.workers.get_mut(&company)?.get_mut(name)
    }

    fn held(&self, company: CompanyId) -> usize {
        self.workers.get(&company).map_or(0, HashMap::len)
    }

    fn forget_silent(&mut self, company: CompanyId, now_ms: u64) {
        let Some(own) = self.workers.get_mut(&company) else { return };
        let before = own.len();
        own.retain(|_, known| !known.is_silent(now_ms));
        self.count -= before - own.len();
        if own.is_empty() {
            self.workers.remove(&company);
        }
    }

    /// Whether the company may have one more.
    fn make_room(&mut self, company: CompanyId, now_ms: u64) -> bool {
        if self.held(company) >= COMPANY_MAX {
            self.forget_silent(company, now_ms);
            if self.held(company) >= COMPANY_MAX {
                return false;
            }
        }
        if self.count >= WORKERS_MAX {
            let all: Vec<CompanyId> = self.workers.keys().copied().collect();
            for company in all {
                self.forget_silent(company, now_ms);
            }
        }
        if self.count < WORKERS_MAX {
            return true;
        }
        let largest = self.workers.iter().max_by_key(|(_, own)| own.len());
        let largest = largest.filter(|(_, own)| own.len() > self.held(company) + 1).map(|(company, _)| *company);
        let Some(own) = largest.and_then(|largest| self.workers.get_mut(&largest)) else { return false };
        let oldest = own.iter().min_by_key(|(_, known)| known.last_mono_ms).map(|(name, _)| name.clone());
        if oldest.is_some_and(|oldest| own.remove(&oldest).is_some()) {
            self.count -= 1;
        }
        true
    }
}

impl Jobs {
    /// Leases jobs to a worker outside, which is seen from then on; not when it asks for what the server runs itself.
    ///
    /// # Errors
    /// As [`Queues::lease`](crate::queue::Queues::lease).
    pub(super) async fn lease(&self, wish: LeaseRequest) -> Result<Vec<LeasedJob>, Error> {
        let (company, queue, worker) = (wish.company, wish.queue.clone(), wish.worker.clone());
        self.queues.require_foreign(&queue)?;
        self.note_worker(company, &queue, &worker);
        let leased = self.queues.lease(wish).await?;
        self.note_worker(company, &queue, &worker);
        Ok(leased)
    }

    /// Notes that a worker asks for jobs, or has asked until now; one without a name shows only while it holds jobs.
    fn note_worker(&self, company: CompanyId, queue: &QueueName, worker: &str) {
        if !worker.is_empty() {
            let clock = self.db.clock();
            self.presence.note(company, (queue.clone(), worker.to_owned()), clock.now(), clock.mono_ms());
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
    use super::{COMPANY_MAX, Presence, SILENT_MS, WORKERS_MAX};
    use crate::base::{CompanyId, RawId, Timestamp};

    fn company(number: u64) -> CompanyId {
        CompanyId::from_raw(RawId { hi: number, lo: 1 })
    }

    fn name(name: &str) -> super::Name {
        ("images".parse().unwrap(), name.to_owned())
    }

    #[test]
    fn silence_ends_a_presence_and_memory_is_bounded() {
        let presence = Presence::default();
        let at = Timestamp::from_ms;
        presence.note(company(1), name("a"), at(10), 0);
        presence.note(company(1), name("a"), at(20), SILENT_MS);
        let seen = presence.of(company(1), SILENT_MS * 2);
        let view = seen.values().next().unwrap();
        assert_eq!((view.since, view.last_seen_at), (Some(at(10)), Some(at(20))));
        assert!(presence.of(company(1), SILENT_MS * 2 + 1).is_empty());
        presence.note(company(1), name("a"), at(30), SILENT_MS * 3);
        assert_eq!(presence.of(company(1), SILENT_MS * 3).values().next().unwrap().since, Some(at(30)));
        for number in 0..COMPANY_MAX + 5 {
            presence.note(company(1), name(&number.to_string()), at(40), SILENT_MS * 3);
        }
        assert_eq!(presence.of(company(1), SILENT_MS * 3).len(), COMPANY_MAX);
        presence.note(company(1), name("late"), at(50), SILENT_MS * 5);
        assert_eq!(presence.of(company(1), SILENT_MS * 5).len(), 1, "the silent ones made room");
    }

    #[test]
    fn many_workers_of_others_hide_nobodys() {
        let presence = Presence::default();
        let others = (WORKERS_MAX / COMPANY_MAX) as u64 + 2;
        for other in 0..others {
            for number in 0..COMPANY_MAX {
                presence.note(company(other), name(&number.to_string()), Timestamp::from_ms(1), 1);
            }
        }
        presence.note(company(900), name("a"), Timestamp::from_ms(2), 2);
        assert_eq!(presence.of(company(900), 2).len(), 1);
        let held: usize = (0..others).map(|other| presence.of(company(other), 2).len()).sum();
        assert_eq!(held, WORKERS_MAX - 1);
    }
}
