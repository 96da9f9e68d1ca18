//! The use cases: asking for a report, looking at reports, deleting them, and the sweep.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    Error, File, Parts, ReportView, Reports, Shared,
    model::{NewReport, State},
    store::{self, Outcome, ReportRow},
};
use crate::{
    audit::{self, Entry, Origin},
    base::{CompanyId, JobId, ReportId, ScheduleId, Timestamp},
    blob::{BlobKey, Blobs, LIST_MAX},
    queue::{self, FlowJob, NewJob, OnFailure, QueueName},
    storage::{Db, Read, Tx, pause},
};

/// The kind of the job that renders a report.
pub(super) const RENDER_KIND: &str = "report.render";
/// The kind of the job that sends it to those who are to get it.
pub(super) const SEND_KIND: &str = "report.send";
/// The longest time one try may take.
const RENDER_MS: u64 = 2 * 3_600_000;
/// How often reports are looked for whose time is over.
const SWEEP_EVERY: Duration = Duration::from_mins(1);
/// Every how many sweeps files are looked for that belong to no report.
const ORPHANS_EVERY: u32 = 60;
/// Reports looked at in one read of the sweep.
const SWEEP_PAGE: usize = 100;

/// The payload of both jobs.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RenderPayload {
    pub(super) report_id: ReportId,
}

/// What a report is asked for by, when it is not a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occasion {
    /// The schedule.
    pub schedule: ScheduleId,
    /// The time of its tick, with which a period without an end ends.
    pub at: Timestamp,
}

impl Reports {
    /// Opens the slice; makes and empties the scratch folder, so it blocks.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(parts: Parts) -> std::io::Result<Self> {
        let scratch = &parts.settings.scratch;
        match std::fs::remove_dir_all(scratch) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        std::fs::create_dir_all(scratch)?;
        Ok(Self { shared: Arc::new(Shared { parts, running: std::sync::Mutex::default() }) })
    }

    /// The store, for the transactions of the API.
    pub(super) fn db(&self) -> &Db {
        &self.shared.parts.db
    }

    /// The files.
    pub(super) fn blobs(&self) -> &Blobs {
        &self.shared.parts.blobs
    }

    /// Checks an order without carrying it out.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub fn check_order(&self, order: NewReport) -> Result<(), Error> {
        order.plan(self.db().now()).map(drop).map_err(Error::Invalid)
    }

    /// Asks for a report, in the transaction that is the reason for it: its row, its jobs and the audit entry.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::TooMany`], [`Error::TooMuch`], or when the disk is nearly full.
    pub fn request(
        &self,
        tx: &mut Tx<'_>,
        (company, origin): (CompanyId, &Origin),
        order: NewReport,
        occasion: Option<Occasion>,
    ) -> Result<ReportView, Error> {
        let Parts { settings, .. } = &self.shared.parts;
        let until = occasion.map_or_else(|| tx.now(), |occasion| occasion.at);
        let plan = order.plan(until).map_err(Error::Invalid)?;
        if store::count(tx, company) >= settings.reports_max {
            return Err(Error::TooMany(settings.reports_max));
        }
        if store::bytes_now(tx, company) >= settings.kept_bytes_max {
            return Err(Error::TooMuch(settings.kept_bytes_max));
        }
        let id = ReportId::from_raw(tx.mint());
        let is_told = occasion.is_some() || !plan.recipients.is_empty();
        let job = self.enqueue(tx, (company, id), occasion, is_told)?;
        let row = ReportRow {
            id,
            company_lo: company.raw().lo,
            plan,
            job,
            created_at: tx.now(),
            ends_at: tx.now().plus_ms(settings.keep_ms),
            is_deleted: false,
            outcome: Outcome::Pending,
            schedule: occasion.map(|occasion| occasion.schedule),
            email: None,
        };
        store::insert(tx, company, &row)?;
        let entry = Entry { action: "report.create", object: id.to_string(), before: Value::Null, after: facts(&row) };
        audit::record(tx, company, origin, entry)?;
        Ok(self.shared.view(company, row, State::Waiting, None))
    }

    /// Enqueues the job that renders a report, and behind it the one that tells what became of it; answers the first.
    fn enqueue(
        &self,
        tx: &mut Tx<'_>,
        (company, id): (CompanyId, ReportId),
        occasion: Option<Occasion>,
        is_told: bool,
    ) -> Result<JobId, Error> {
        let queues = &self.shared.parts.queues;
        let payload = Bytes::from(json!(RenderPayload { report_id: id }).to_string());
        let tags: Vec<String> = occasion.map(|occasion| occasion.schedule.to_string()).into_iter().collect();
        let new = |queue, kind| NewJob {
            tags: tags.clone(),
            ..NewJob::new(company, QueueName::trusted(queue), kind, payload.clone())
        };
        let render = NewJob { timeout_ms: Some(RENDER_MS), ..new(QueueName::REPORT, RENDER_KIND) };
        if !is_told {
            return Ok(queue::enqueue(tx, queues, render)?.id);
        }
        let send = FlowJob { job: new(QueueName::EMAIL, SEND_KIND), waited_for_by: None };
        // However rendering ends, somebody waits to hear of it.
        let render = FlowJob { job: render, waited_for_by: Some((0, OnFailure::Continue)) };
        let made = queue::enqueue_flow(tx, queues, vec![send, render])?;
        made.last().map(|render| render.id).ok_or_else(|| Error::Render("its job was not made".to_owned()))
    }

    /// A report.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(super) fn find(&self, read: &impl Read, company: CompanyId, id: ReportId) -> Result<ReportView, Error> {
        let row = store::find(read, company, id)?.ok_or(Error::NotFound)?;
        self.shared.shown(read, company, row)
    }

    /// A report with the key of its file, whether there is one or not.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(super) fn file(
        &self,
        read: &impl Read,
        company: CompanyId,
        id: ReportId,
    ) -> Result<(ReportView, BlobKey), Error> {
        let row = store::find(read, company, id)?.ok_or(Error::NotFound)?;
        let key = store::blob_key(company, &row);
        Ok((self.shared.shown(read, company, row)?, key))
    }

    /// Reports, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) fn list(
        &self,
        read: &impl Read,
        company: CompanyId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<ReportView>, Error> {
        let rows = store::list(read, company, before, limit)?;
        rows.into_iter().map(|row| self.shared.shown(read, company, row)).collect()
    }

    /// Deletes a report, whatever its state; its job is cancelled, an e-mail with it that still waits is not sent, and its
    /// file is removed soon after.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(super) fn delete(
        &self,
        tx: &mut Tx<'_>,
        (company, origin): (CompanyId, &Origin),
        id: ReportId,
    ) -> Result<(), Error> {
        let row = store::find(tx, company, id)?.ok_or(Error::NotFound)?;
        match self.shared.parts.queues.cancel(tx, company, row.job) {
            Ok(_) | Err(queue::Error::NotFound(_) | queue::Error::WrongState { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        // Nobody expects to get what was deleted, and its file would be missing.
        if let Some(email) = row.email {
            self.shared.parts.mail.withdraw(tx, (company, email), "the report was deleted before this was sent")?;
        }
        let entry = Entry { action: "report.delete", object: id.to_string(), before: facts(&row), after: Value::Null };
        audit::record(tx, company, origin, entry)?;
        Ok(store::mark_deleted(tx, company, row)?)
    }

    /// Removes reports whose time is over with their files, until stopped.
    pub async fn maintain(self, stop: CancellationToken) {
        let mut sweeps = 0_u32;
        while pause(SWEEP_EVERY, &stop).await {
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "expired reports could not be removed: {error}");
            }
            if sweeps.is_multiple_of(ORPHANS_EVERY)
                && let Err(error) = self.sweep_orphans(&stop).await
            {
                tracing::warn!(%error, "files that belong to no report could not be looked for: {error}");
            }
            sweeps = sweeps.wrapping_add(1);
        }
    }

    /// Removes files that belong to no report, as a store leaves them that is older than its files; answers how many.
    ///
    /// The row of a report is there before its file and goes after it, so a file that is seen without one is nobody's.
    ///
    /// # Errors
    /// When the store or the files cannot be used.
    pub(super) async fn sweep_orphans(&self, stop: &CancellationToken) -> Result<u64, Error> {
        let (mut after, mut removed): (Option<BlobKey>, u64) = (None, 0);
        while !stop.is_cancelled() {
            let page = self.blobs().list(store::FILES, after.as_ref(), LIST_MAX).await?;
            let is_last = page.len() < LIST_MAX;
            after = page.last().map(|entry| entry.key.clone());
            let orphans = self.db().read(move |snapshot| {
                let mut orphans = Vec::new();
                for entry in page {
                    if store::is_orphan(snapshot, &entry.key)? {
                        orphans.push(entry.key);
                    }
                }
                Ok::<_, Error>(orphans)
            });
            for key in orphans.await?? {
                self.blobs().delete(&key).await?;
                tracing::info!(blob.key = %key, "a file that belonged to no report was removed: {key}");
                removed += 1;
            }
            if is_last {
                break;
            }
        }
        Ok(removed)
    }

    /// Removes every report whose time is over: the file first, so that none is left without a row.
    ///
    /// # Errors
    /// When the store or the files cannot be used; what was not removed is tried again.
    pub(super) async fn sweep(&self) -> Result<(), Error> {
        let db = self.db();
        loop {
            let now = db.now();
            let over = db.read(move |snapshot| store::over(snapshot, now, SWEEP_PAGE)).await??;
            let is_last = over.len() < SWEEP_PAGE;
            let mut removed = 0;
            for (company, row) in over {
                // One that is still being rendered would write its file again; it is told to stop, and looked at later.
                if self.shared.rows_so_far(row.id).is_none() {
                    let id = row.id;
                    match self.remove(company, row).await {
                        Ok(()) => removed += 1,
                        // One file that cannot be removed must not keep the others.
                        Err(error) => tracing::warn!(%error, report.id = %id, "a report that is over stays for now"),
                    }
                }
            }
            if is_last || removed == 0 {
                return Ok(());
            }
        }
    }

    async fn remove(&self, company: CompanyId, row: ReportRow) -> Result<(), Error> {
        let queues = self.shared.parts.queues.clone();
        let (id, job) = (row.id, row.job);
        // A job that still waits would write the file again.
        let is_over = self.db().read(move |snapshot| {
            let job = queues.find(snapshot, company, job)?;
            Ok::<_, queue::Error>(job.is_none_or(|job| job.state.is_terminal()))
        });
        if !is_over.await?? {
            self.db()
                .write_reclaiming({
                    let queues = self.shared.parts.queues.clone();
                    move |tx| match queues.cancel(tx, company, job) {
                        Ok(_) | Err(queue::Error::NotFound(_) | queue::Error::WrongState { .. }) => Ok(()),
                        Err(error) => Err(Error::from(error)),
                    }
                })
                .await?;
        }
        self.blobs().delete(&store::blob_key(company, &row)).await?;
        let removed = self.db().write_reclaiming(move |tx| store::remove(tx, company, id));
        Ok(removed.await?)
    }
}

impl Shared {
    /// The report with the state that follows from its job while nothing came of it yet.
    pub(super) fn shown(&self, read: &impl Read, company: CompanyId, row: ReportRow) -> Result<ReportView, Error> {
        if row.outcome != Outcome::Pending {
            return Ok(self.view(company, row, State::Waiting, None));
        }
        let job = self.parts.queues.find(read, company, row.job)?;
        let (state, error) = match job.map(|job| (job.state, job.failure)) {
            Some((queue::State::Active, _)) => (State::Rendering, None),
            // It ended without saying so here: its tries ran out of time, or it was taken away.
            Some((state, failure)) if state.is_terminal() => {
                let how = failure.map_or(state.as_str(), queue::FailureReason::as_str);
                (State::Failed, Some(format!("the job that renders it has ended: {how}")))
            }
            Some(_) => (State::Waiting, None),
            None => (State::Failed, Some("the job that renders it is gone".to_owned())),
        };
        Ok(self.view(company, row, state, error))
    }

    fn view(&self, company: CompanyId, row: ReportRow, pending: State, trouble: Option<String>) -> ReportView {
        let ReportRow { id, plan, job, created_at, ends_at, outcome, schedule, email, .. } = row;
        let (state, finished_at, rows, file, error) = match outcome {
            Outcome::Pending => (pending, None, self.rows_so_far(id).unwrap_or(0), None, trouble),
            Outcome::Ready { at, rows, size_bytes, sha256, is_truncated, .. } => {
                (State::Ready, Some(at), rows, Some(File { size_bytes, sha256, is_truncated }), None)
            }
            Outcome::Failed { at, error } => (State::Failed, Some(at), 0, None, Some(error)),
        };
        let expires_at = ends_at;
        ReportView {
            id,
            company,
            plan,
            state,
            job,
            created_at,
            finished_at,
            expires_at,
            rows,
            file,
            error,
            schedule,
            email,
        }
    }
}

/// What the audit log shows of a report.
fn facts(row: &ReportRow) -> Value {
    let plan = &row.plan;
    json!({
        "name": plan.name, "definition": plan.definition, "format": plan.format.as_str(),
        "since": plan.since, "until": plan.until, "group_by": plan.group_by,
        "filters": plan.filters.keys().collect::<Vec<_>>(), "recipients": plan.recipients, "schedule": row.schedule,
    })
}
