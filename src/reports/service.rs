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
    base::{CompanyId, ReportId},
    blob::{BlobKey, Blobs},
    queue::{self, Enqueued, NewJob, QueueName},
    storage::{Db, Read, Tx, pause},
};

/// The kind of the job that renders a report.
pub(super) const RENDER_KIND: &str = "report.render";
/// The longest time one try may take.
const RENDER_MS: u64 = 2 * 3_600_000;
/// How often reports are looked for whose time is over.
const SWEEP_EVERY: Duration = Duration::from_mins(1);
/// Reports looked at in one read of the sweep.
const SWEEP_PAGE: usize = 100;

/// The payload of the job.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RenderPayload {
    pub(super) report_id: ReportId,
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

    /// Asks for a report, in the transaction that is the reason for it: its row, its job and the audit entry.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::TooMany`], or when the disk is nearly full.
    pub fn request(
        &self,
        tx: &mut Tx<'_>,
        (company, origin): (CompanyId, &Origin),
        order: NewReport,
    ) -> Result<ReportView, Error> {
        let Parts { queues, settings, .. } = &self.shared.parts;
        let plan = order.plan(tx.now()).map_err(Error::Invalid)?;
        if store::count(tx, company) >= settings.reports_max {
            return Err(Error::TooMany(settings.reports_max));
        }
        let id = ReportId::from_raw(tx.mint());
        let payload = json!(RenderPayload { report_id: id }).to_string();
        let job = NewJob {
            timeout_ms: Some(RENDER_MS),
            ..NewJob::new(company, QueueName::trusted(QueueName::REPORT), RENDER_KIND, Bytes::from(payload))
        };
        let Enqueued { id: job, .. } = queue::enqueue(tx, queues, job)?;
        let row = ReportRow {
            id,
            company_lo: company.raw().lo,
            plan,
            job,
            created_at: tx.now(),
            ends_at: tx.now().plus_ms(settings.keep_ms),
            is_deleted: false,
            outcome: Outcome::Pending,
        };
        store::insert(tx, company, &row)?;
        let entry = Entry { action: "report.create", object: id.to_string(), before: Value::Null, after: facts(&row) };
        audit::record(tx, company, origin, entry)?;
        Ok(self.shared.view(company, row, State::Waiting, None))
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

    /// Deletes a report, whatever its state; its job is cancelled and its file removed soon after.
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
        let entry = Entry { action: "report.delete", object: id.to_string(), before: facts(&row), after: Value::Null };
        audit::record(tx, company, origin, entry)?;
        Ok(store::mark_deleted(tx, company, row)?)
    }

    /// Removes reports whose time is over with their files, until stopped.
    pub async fn maintain(self, stop: CancellationToken) {
        while pause(SWEEP_EVERY, &stop).await {
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "expired reports could not be removed: {error}");
            }
        }
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
    fn shown(&self, read: &impl Read, company: CompanyId, row: ReportRow) -> Result<ReportView, Error> {
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
        let ReportRow { id, plan, job, created_at, ends_at, outcome, .. } = row;
        let (state, finished_at, rows, file, error) = match outcome {
            Outcome::Pending => (pending, None, self.rows_so_far(id).unwrap_or(0), None, trouble),
            Outcome::Ready { at, rows, size_bytes, sha256, is_truncated } => {
                (State::Ready, Some(at), rows, Some(File { size_bytes, sha256, is_truncated }), None)
            }
            Outcome::Failed { at, error } => (State::Failed, Some(at), 0, None, Some(error)),
        };
        ReportView { id, company, plan, state, job, created_at, finished_at, expires_at: ends_at, rows, file, error }
    }
}

/// What the audit log shows of a report.
fn facts(row: &ReportRow) -> Value {
    let plan = &row.plan;
    json!({
        "name": plan.name, "definition": plan.definition, "format": plan.format.as_str(),
        "since": plan.since, "until": plan.until, "group_by": plan.group_by,
        "filters": plan.filters.keys().collect::<Vec<_>>(),
    })
}
