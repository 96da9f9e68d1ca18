//! Workers outside: leasing with long poll, and the end of an attempt by token.

use std::{sync::Arc, time::Duration};

use tokio::sync::oneshot;

use super::{
    after::After,
    claim::{Asker, Granted, Want, claim},
    error::Error,
    handler::{Outcome, Settled},
    job::{JobView, MAX_RESULT_BYTES, MAX_TEXT_BYTES},
    line::Line,
    name::QueueName,
    registry::Queues,
    settle::{Ending, PolicySource, settle},
    store::{JOBS, kind_hash},
};
use crate::{
    base::{CompanyId, JobId},
    storage::{self, Read, Tx},
};

/// The most jobs of one lease request.
pub const MAX_LEASE_JOBS: usize = 100;
/// The shortest and the longest lease.
pub const LEASE_MS: std::ops::RangeInclusive<u32> = 1_000..=3_600_000;
/// The lease when the worker names none.
pub const DEFAULT_LEASE_MS: u32 = 30_000;
/// The longest a request may wait for a job.
pub const MAX_WAIT_MS: u64 = 30_000;

/// Payload of one answer, about.
const LEASE_BYTES: usize = 16 << 20;

/// A worker's wish for jobs.
#[derive(Debug, Clone)]
pub struct LeaseRequest {
    /// Whose jobs.
    pub company: CompanyId,
    /// Of which queue; one that does not exist yet is waited for.
    pub queue: QueueName,
    /// 1 to [`MAX_LEASE_JOBS`].
    pub max: usize,
    /// Within [`LEASE_MS`].
    pub lease_ms: u32,
    /// How long to wait when there is none, at most [`MAX_WAIT_MS`].
    pub wait_ms: u64,
    /// The worker's name for itself; may be empty.
    pub worker: String,
    /// Only these kinds; looked for among the next thousand or so jobs of each group.
    pub kinds: Option<Vec<String>>,
}

/// A job under lease.
#[derive(Debug, Clone)]
pub struct LeasedJob {
    /// The job.
    pub job: JobView,
    /// To be shown with heartbeat, complete, fail and snooze.
    pub token: String,
    /// How long the lease holds from now, without a heartbeat.
    pub lease_ms: u64,
}

impl Queues {
    /// Leases jobs to a worker outside; waits for the first one if asked to.
    ///
    /// # Errors
    /// [`Error::Invalid`]; [`Error::OwnQueue`]; [`Error::TooManyLeases`]; [`Error::Storage`].
    pub async fn lease(&self, request: LeaseRequest) -> Result<Vec<LeasedJob>, Error> {
        check(&request)?;
        self.require_foreign(&request.queue)?;
        let company = request.company.hi();
        let kinds = request.kinds.as_ref().map(|kinds| kinds.iter().map(|kind| kind_hash(kind)).collect::<Vec<_>>());
        let asker = Asker::External { company, kinds, worker: request.worker.clone(), lease_ms: request.lease_ms };
        let clock = &self.inner.clock;
        let give_up_ms = clock.mono_ms().saturating_add(request.wait_ms.min(MAX_WAIT_MS));
        let Some(line) = self.wait_for_line(&request.queue, give_up_ms).await else { return Ok(Vec::new()) };
        let waiting = line.wait(company, request.kinds.is_some());
        let mut is_woken = false;
        loop {
            let woken = waiting.notify.notified();
            tokio::pin!(woken);
            woken.as_mut().enable();
            let leased = self.lease_now(&line, &request, &asker).await?;
            let now_ms = clock.mono_ms();
            let left_ms = give_up_ms.saturating_sub(now_ms);
            if !leased.is_empty() || left_ms == 0 || self.is_stopping() {
                // Whoever got something, or was woken in vain, wakes the next one, who looks whether there is more.
                if (is_woken || !leased.is_empty()) && line.core().heads.is_lane_ready(company) {
                    line.wake_worker(company);
                }
                return Ok(leased);
            }
            let next_wake = line.core().heads.next_wake(now_ms);
            let wait_ms = next_wake.map_or(left_ms, |at| at.saturating_sub(now_ms).clamp(1, left_ms));
            tokio::select! {
                () = woken => is_woken = true,
                () = tokio::time::sleep(Duration::from_millis(wait_ms)) => {}
                () = self.stopping() => {}
            }
        }
    }

    async fn stopping(&self) {
        match self.inner.background.get() {
            Some(background) => background.stop.cancelled().await,
            None => std::future::pending().await,
        }
    }

    /// The queue, once it exists: asking for its jobs does not create it.
    async fn wait_for_line(&self, name: &QueueName, give_up_ms: u64) -> Option<Arc<Line>> {
        loop {
            let created = self.inner.queue_created.notified();
            tokio::pin!(created);
            created.as_mut().enable();
            if let Some(line) = self.inner.find(name) {
                return Some(line);
            }
            let left_ms = give_up_ms.saturating_sub(self.inner.clock.mono_ms());
            if left_ms == 0 || self.is_stopping() {
                return None;
            }
            tokio::select! {
                () = created => {}
                () = tokio::time::sleep(Duration::from_millis(left_ms)) => {}
                () = self.stopping() => {}
            }
        }
    }

    async fn lease_now(
        &self,
        line: &Arc<Line>,
        request: &LeaseRequest,
        asker: &Asker,
    ) -> Result<Vec<LeasedJob>, Error> {
        let (is_ready, external) = {
            let mut core = line.core();
            core.heads.begin_pass(self.inner.clock.mono_ms());
            (core.heads.is_lane_ready(request.company.hi()), core.leases.external())
        };
        self.inner.load(line);
        if !is_ready {
            return Ok(Vec::new());
        }
        let limit = self.inner.config.external_leases;
        let max = request.max.min(limit.saturating_sub(external));
        if max == 0 {
            return Err(Error::TooManyLeases(limit));
        }
        let want = Want { jobs: max, lesser: 0, bytes: LEASE_BYTES };
        let (queues, line, request, asker) = (self.clone(), Arc::clone(line), request.clone(), asker.clone());
        let Some(background) = self.inner.background.get() else {
            return queues.claim_and_show(&line, &request, asker, want).await;
        };
        // In a task of its own: a caller that goes away in the middle would leave leases that nobody knows of.
        let (reply, answer) = oneshot::channel();
        background.tracker.spawn(async move {
            let leased = queues.claim_and_show(&line, &request, asker, want).await;
            if let Err(Ok(unsent)) = reply.send(leased) {
                queues.take_back(&line, unsent).await;
            }
        });
        answer.await.unwrap_or(Err(Error::Storage(storage::Error::Stopped)))
    }

    async fn claim_and_show(
        &self,
        line: &Arc<Line>,
        request: &LeaseRequest,
        asker: Asker,
        want: Want,
    ) -> Result<Vec<LeasedJob>, Error> {
        let (queues, own_line) = (self.clone(), Arc::clone(line));
        // Synced: the worker's token must not be given a second time after a power cut.
        let granted = self.inner.db.write(move |tx| claim(tx, &queues, &own_line, want, &asker)).await?;
        self.inner.load(line);
        if granted.is_empty() {
            return Ok(Vec::new());
        }
        self.show_leased(line, request, granted).await
    }

    /// Gives back what was leased for somebody who has gone.
    async fn take_back(&self, line: &Line, leased: Vec<LeasedJob>) {
        let release = |leased: LeasedJob| {
            let token = self.inner.tokens.parse(&leased.token, leased.job.id)?;
            let key = (leased.job.company.hi(), leased.job.id.hi());
            Some(Ending::of(key, token.generation, Outcome::Release, PolicySource::Known(None)))
        };
        let endings = leased.into_iter().filter_map(release).collect();
        if let Err(error) = self.give_back(endings).await {
            tracing::warn!(%error, queue = %line.name, "leases nobody waits for could not be given back; they run out");
        }
    }

    /// Reads the bodies of leased jobs; one of another kind goes back, a damaged one fails.
    async fn show_leased(
        &self,
        line: &Arc<Line>,
        request: &LeaseRequest,
        granted: Vec<Granted>,
    ) -> Result<Vec<LeasedJob>, Error> {
        let (queues, own_line) = (self.clone(), Arc::clone(line));
        let read = move |snapshot: &storage::Snapshot| {
            let show = |granted: Granted| {
                let body = snapshot.get(JOBS, &granted.key);
                let view = body.map(|body| {
                    let (key, state, settings) = (granted.key, &granted.state, own_line.settings());
                    body.map(|body| super::view::view(key, body, state, &own_line.name, &settings, queues.inner.boot))
                });
                (granted, view)
            };
            granted.into_iter().map(show).collect::<Vec<_>>()
        };
        let mut leased = Vec::new();
        let mut unwanted = Vec::new();
        for (granted, job) in self.inner.db.read(read).await? {
            let (key, generation) = (granted.key, granted.state.generation);
            match job {
                Ok(Some(job)) if request.kinds.as_ref().is_none_or(|kinds| kinds.contains(&job.kind)) => {
                    let token = self.inner.tokens.make(job.id, line.id, generation).to_string();
                    let lease_ms = self.limit_lease(line, &job, generation, request.lease_ms);
                    leased.push(LeasedJob { job, token, lease_ms });
                }
                Ok(Some(_)) => {
                    unwanted.push(Ending::of(key, generation, Outcome::Release, PolicySource::Known(None)));
                }
                Ok(None) => unwanted.push(Ending::without_body(key, generation)),
                Err(error) => unwanted.push(Ending::unreadable(key, generation, &error)),
            }
        }
        if !unwanted.is_empty() {
            self.give_back(unwanted).await?;
        }
        Ok(leased)
    }

    /// An attempt ends with its timeout whatever the heartbeats say.
    fn limit_lease(&self, line: &Line, job: &JobView, generation: u32, lease_ms: u32) -> u64 {
        let Some(timeout_ms) = job.timeout_ms else { return u64::from(lease_ms) };
        let cut_off = self.inner.clock.mono_ms().saturating_add(timeout_ms);
        line.core().leases.cut_off_at(job.id.hi(), generation, cut_off);
        self.inner.cut_offs.note(cut_off);
        u64::from(lease_ms).min(timeout_ms)
    }

    async fn give_back(&self, endings: Vec<Ending>) -> Result<(), Error> {
        let queues = self.clone();
        self.inner
            .db
            .write_reclaiming(move |tx| {
                let mut after = After::default();
                for ending in endings {
                    // It was leased just now, so a refusal only means that it was cancelled since.
                    let _refused = settle(tx, &queues, ending, &mut after)?.is_err();
                }
                after.register(tx, &queues);
                Ok::<_, Error>(())
            })
            .await
    }

    /// Ends an attempt of a worker outside, in the caller's transaction.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] for a token that is not the job's current one, and nothing is
    /// changed; [`Error::Invalid`] for a result beyond its limit.
    pub fn settle(
        &self,
        tx: &mut Tx<'_>,
        company: CompanyId,
        id: JobId,
        token: &str,
        outcome: Outcome,
    ) -> Result<Settled, Error> {
        let token = self.inner.tokens.parse(token, id).ok_or(Error::LeaseLost(id))?;
        if let Outcome::Complete { result: Some(result) } = &outcome
            && result.len() > MAX_RESULT_BYTES
        {
            return Err(Error::Invalid { field: "result", reason: "must be at most 256 KiB" });
        }
        let mut after = After::default();
        let ending = Ending { company, id, generation: token.generation, outcome, policy: PolicySource::Body };
        let settled = settle(tx, self, ending, &mut after)?.map_err(|_| Error::LeaseLost(id))?;
        after.register(tx, self);
        Ok(settled)
    }
}

fn check(request: &LeaseRequest) -> Result<(), Error> {
    if !(1..=MAX_LEASE_JOBS).contains(&request.max) {
        return Err(Error::Invalid { field: "max", reason: "must be 1 to 100" });
    }
    if !LEASE_MS.contains(&request.lease_ms) {
        return Err(Error::Invalid { field: "lease_ms", reason: "must be 1000 to 3600000" });
    }
    if request.wait_ms > MAX_WAIT_MS {
        return Err(Error::Invalid { field: "wait_ms", reason: "must be at most 30000" });
    }
    if request.worker.len() > MAX_TEXT_BYTES {
        return Err(Error::Invalid { field: "worker", reason: "must be at most 256 bytes" });
    }
    if request.kinds.as_ref().is_some_and(|kinds| kinds.is_empty() || kinds.len() > MAX_LEASE_JOBS) {
        return Err(Error::Invalid { field: "kinds", reason: "must be 1 to 100 kinds" });
    }
    Ok(())
}
