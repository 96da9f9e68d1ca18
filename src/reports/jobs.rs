//! The job that renders a report.
//!
//! It may run twice, when the process is killed or the first try fails: both tries write the same key, where a file
//! appears whole or not at all, and the size and the checksum of the last one land in the commit that ends the job.

use std::{
    fs,
    io::{Read as _, Seek as _},
    sync::{
        Arc, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use bytes::Bytes;

use super::{
    Error, Reports, Shared,
    model::Plan,
    render::Scratch,
    service::{RENDER_KIND, RenderPayload},
    source::Origins,
    store::{self, Outcome as Became, ReportRow},
    work::{Finished, Step, Work},
};
use crate::{
    base::{CompanyId, ReportId},
    blob::{BlobKey, Stored, Writer},
    notifications::{self, Audience, NewNotification},
    queue::{AttemptContext, Handler, JobView, LoadError, Outcome, Settlement, State},
    storage::Snapshot,
    telemetry::with_causes,
};

/// Bytes of a finished file that are read at once.
const PIECE_BYTES: usize = 256 << 10;

/// Runs jobs of the kind `report.render`.
#[derive(Debug, Clone)]
pub struct Render {
    shared: Arc<Shared>,
}

/// What a try needs.
#[derive(Debug)]
pub struct Input {
    company: CompanyId,
    row: ReportRow,
    room: Room,
}

/// How large the file may get.
#[derive(Debug, Clone, Copy)]
struct Room {
    /// As large as any report.
    file_bytes: u64,
    /// As large as the company has room for beside its other reports.
    kept_bytes: u64,
}

impl Room {
    /// Refuses a file of this size.
    fn admit(self, bytes: u64) -> Result<(), Stop> {
        let Self { file_bytes, kept_bytes } = self;
        if bytes > file_bytes {
            let reason = format!("the file is larger than {file_bytes} bytes; choose a shorter period or a grouping");
            return Err(Stop::Never(reason));
        }
        if bytes > kept_bytes {
            let reason =
                "the file has no room beside the other reports of the company; delete some, or wait until they expire";
            return Err(Stop::Never(reason.to_owned()));
        }
        Ok(())
    }
}

/// Why a try did not come to its end.
enum Stop {
    /// The job was cancelled, or the server stops.
    Cancelled,
    /// Another try may help.
    Failed(Error),
    /// Another try cannot help, for this reason.
    Never(String),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        match error.into() {
            Error::NoRoom(reason) => Self::Never(reason),
            error => Self::Failed(error),
        }
    }
}

impl Reports {
    /// The handler of the jobs that render reports.
    #[must_use]
    pub fn render(&self) -> Render {
        Render { shared: Arc::clone(&self.shared) }
    }
}

impl Handler for Render {
    type Input = Input;

    fn kind(&self) -> &'static str {
        RENDER_KIND
    }

    fn load(&self, read: &Snapshot, job: &JobView) -> Result<Input, LoadError> {
        let payload: RenderPayload = serde_json::from_slice(&job.payload)
            .map_err(|_| LoadError::Discard("the payload is not one of a report".to_owned()))?;
        let row = store::find(read, job.company, payload.report_id)?
            .ok_or_else(|| LoadError::Discard("the report is no longer there".to_owned()))?;
        let settings = &self.shared.parts.settings;
        let kept_bytes = settings.kept_bytes_max.saturating_sub(store::bytes(read, job.company)?);
        Ok(Input { company: job.company, row, room: Room { file_bytes: settings.file_bytes_max, kept_bytes } })
    }

    async fn run(&self, input: Input, ctx: AttemptContext) -> Settlement {
        let Input { company, row, room } = input;
        let (id, format) = (row.id, row.plan.format);
        let running = Running::begin(&self.shared, id);
        let key = store::blob_key(company, &row);
        let rendered = self.rendered((company, Arc::new(row.plan)), (&key, room), &running.rows, &ctx).await;
        let metrics = &self.shared.parts.metrics;
        let (outcome, error) = match rendered {
            Ok((finished, stored)) => {
                let (rows, is_truncated) = (finished.rows, finished.is_truncated);
                metrics.ready(format, rows, stored.size_bytes);
                let Stored { size_bytes, sha256 } = stored;
                return Settlement::complete().with_effect(move |tx, _| {
                    // A report that was deleted meanwhile keeps its row until the sweep has removed the file.
                    let Some(row) = store::find(tx, company, id)? else { return Ok(()) };
                    let at = tx.now();
                    let ready = Became::Ready { at, rows, size_bytes, sha256, is_truncated, is_counted: true };
                    store::put_outcome(tx, company, row, ready)
                });
            }
            Err(Stop::Cancelled) => return Settlement::plain(Outcome::Release),
            Err(Stop::Never(error)) => (Outcome::Discard { error: error.clone() }, error),
            Err(Stop::Failed(error)) => {
                let causes = with_causes(&error);
                tracing::warn!(report.id = %id, error = causes, "a report could not be rendered: {causes}");
                let error = error.to_string();
                (Outcome::Retry { error: error.clone(), after_ms: None }, error)
            }
        };
        metrics.failed(format);
        Settlement::plain(outcome).with_effect(move |tx, settled| {
            let Some(row) = store::find(tx, company, id)?.filter(|_| settled.state == State::Failed) else {
                return Ok(());
            };
            let at = tx.now();
            let told = NewNotification {
                kind: "report_failed",
                // Not the report itself: what fails again and again is its schedule, or the same order.
                topic: row.schedule.map_or_else(|| row.plan.order(), |schedule| schedule.to_string()),
                object: Some(row.id.to_string()),
                detail: Some(row.plan.name.clone()),
                count: None,
            };
            notifications::notify(tx, company, Audience::Operators, told)?;
            store::put_outcome(tx, company, row, Became::Failed { at, error })
        })
    }
}

impl Render {
    async fn rendered(
        &self,
        (company, plan): (CompanyId, Arc<Plan>),
        (key, room): (&BlobKey, Room),
        rows: &AtomicU64,
        ctx: &AttemptContext,
    ) -> Result<(Finished, Stored), Stop> {
        let parts = &self.shared.parts;
        let origins = Origins {
            queues: parts.queues.clone(),
            webhooks: parts.webhooks.clone(),
            mail: parts.mail.clone(),
            usage: parts.usage.clone(),
        };
        let scratch = Scratch { folder: parts.settings.scratch.clone(), bytes_max: parts.settings.scratch_bytes_max };
        let now = parts.db.now();
        let mut writer = parts.blobs.begin(key).await?;
        let begin = move || Work::begin((company, plan), origins, (now, scratch));
        let (mut work, head) = blocking(begin).await?;
        write(&mut writer, room, head).await?;
        loop {
            if ctx.cancel.is_cancelled() {
                return Err(Stop::Cancelled);
            }
            let step = parts.db.read(move |snapshot| work.step(snapshot)).await?;
            let Step { work: next, bytes, is_last } = step?;
            rows.store(next.rows(), Relaxed);
            work = next;
            write(&mut writer, room, bytes).await?;
            if is_last {
                break;
            }
        }
        let mut finished = blocking(move || work.finish()).await?;
        write(&mut writer, room, std::mem::take(&mut finished.bytes)).await?;
        if let Some(file) = finished.file.take() {
            copy(&mut writer, room, file, ctx).await?;
        }
        let stored = writer.finish().await?;
        Ok((finished, stored))
    }
}

async fn write(writer: &mut Writer, room: Room, bytes: Vec<u8>) -> Result<(), Stop> {
    if bytes.is_empty() {
        return Ok(());
    }
    room.admit(writer.size_bytes() + bytes.len() as u64)?;
    Ok(writer.write(Bytes::from(bytes)).await?)
}

/// Writes a file that was made elsewhere, piece by piece.
async fn copy(writer: &mut Writer, room: Room, file: fs::File, ctx: &AttemptContext) -> Result<(), Stop> {
    let mut file = blocking(move || {
        let mut file = file;
        file.rewind().map_err(|error| Error::Render(error.to_string()))?;
        Ok(file)
    })
    .await?;
    loop {
        if ctx.cancel.is_cancelled() {
            return Err(Stop::Cancelled);
        }
        let (rest, piece) = blocking(move || {
            let mut piece = Vec::new();
            let read = (&mut file).take(PIECE_BYTES as u64).read_to_end(&mut piece);
            read.map_err(|error| Error::Render(error.to_string()))?;
            Ok((file, piece))
        })
        .await?;
        if piece.is_empty() {
            return Ok(());
        }
        file = rest;
        write(writer, room, piece).await?;
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Render(error.to_string()))?
}

/// Shows how far a report is, while it is being rendered.
struct Running<'a> {
    shared: &'a Shared,
    report: ReportId,
    rows: Arc<AtomicU64>,
}

impl<'a> Running<'a> {
    fn begin(shared: &'a Shared, report: ReportId) -> Self {
        let rows = Arc::new(AtomicU64::new(0));
        let mut running = shared.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.insert(report.hi(), Arc::clone(&rows));
        Self { shared, report, rows }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut running = self.shared.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.remove(&self.report.hi());
    }
}
