//! Reports: data of the appliance as a file, made by a job and kept for a while.
//!
//! Words: a *definition* says what data there is, in which columns; an *order* asks for a report over a period in a
//! *format*; a *plan* is an order that was checked; a *record* is one row of the data. The rows are read page by page, each
//! rendered before the next is read, and written to the blob store as they come, so memory does not grow with a report.
//!
//! Invariants:
//! - The row of a report, its job and the audit entry are one transaction; so are the end of its job and its size and
//!   checksum.
//! - Who is to get a report by e-mail gets one e-mail, with the report or with the reason why there is none: the job that
//!   sends it waits for the one that renders, and queues the e-mail in the commit of its own end.
//! - A row is there for as long as its file may be: a deletion marks the row, and the sweep removes the file before it.
//! - The job may run twice: both tries write the same key, and the one whose end is recorded wrote last.
//! - Whoever may not read the data may not read its report.
//!
//! Absent on purpose: reports over data of others than the company, definitions made by users, a copy of the data: what
//! retention has removed is in no report.

pub mod api;
pub mod definitions;
mod jobs;
mod metrics;
pub mod model;
pub mod record;
mod render;
mod send;
mod service;
mod source;
mod store;
pub mod tally;
#[cfg(test)]
mod tests;
mod work;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use crate::{
    base::{CompanyId, EmailId, JobId, ReportId, ScheduleId, Timestamp},
    blob::{self, Blobs},
    mail::Mail,
    queue::{self, Queues},
    storage::{self, Db},
    usage::Usage,
    webhooks::{self, Webhooks},
};

pub use api::ReportOrder;
pub use jobs::Render;
pub use metrics::Metrics;
pub use model::{Format, Invalid, NewReport, Period, Plan, State};
pub use send::SendReport;
pub use service::Occasion;
pub use store::{check, check_files};

/// Why a use case of this slice fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store refused or failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// The queue refused the job, or could not be read.
    #[error("the job of a report was refused")]
    Queue(#[from] queue::Error),
    /// The deliveries cannot be read.
    #[error("the deliveries cannot be read")]
    Webhooks(#[from] webhooks::Error),
    /// The e-mails cannot be read.
    #[error("the e-mails cannot be read")]
    Mail(#[source] queue::Error),
    /// The files of reports cannot be read or written.
    #[error("the files of reports cannot be used: {}", .0.in_words())]
    Blob(#[from] blob::Error),
    /// A file would need more room than there is for it, whatever is tried.
    #[error("{0}")]
    NoRoom(String),
    /// A file could not be made.
    #[error("the report cannot be rendered: {0}")]
    Render(String),
    /// The company has no such report.
    #[error("there is no such report")]
    NotFound,
    /// The report has no file: it is not ready yet, or failed.
    #[error("the report is {}, so there is nothing to download", .0.as_str())]
    NotReady(State),
    /// Values of the order are refused.
    #[error("values are refused")]
    Invalid(Vec<Invalid>),
    /// The company has as many reports as it may.
    #[error("the company has {0} reports, which is the limit; delete some, or wait until they expire")]
    TooMany(u64),
    /// The company keeps as many bytes as it may.
    #[error(
        "the reports of the company have {0} bytes or more, which is the limit; delete some, or wait until they expire"
    )]
    TooMuch(u64),
}

/// Times and sizes of this slice.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long a report is kept after it was asked for.
    pub keep_ms: u64,
    /// The largest file.
    pub file_bytes_max: u64,
    /// The most reports of a company.
    pub reports_max: u64,
    /// The most bytes of the files of a company.
    pub kept_bytes_max: u64,
    /// The most bytes in the scratch folder for one report.
    pub scratch_bytes_max: u64,
    /// The largest file that goes with an e-mail; for a larger one the e-mail says where it is.
    pub attach_bytes_max: u64,
    /// Where files are made that cannot be written from front to back; emptied at the start.
    pub scratch: PathBuf,
}

/// What this slice works with.
#[derive(Debug)]
pub struct Parts {
    /// The store.
    pub db: Db,
    /// The queues.
    pub queues: Queues,
    /// The deliveries.
    pub webhooks: Webhooks,
    /// The files.
    pub blobs: Blobs,
    /// The way to those who are to get a report.
    pub mail: Mail,
    /// The calls of the API.
    pub usage: Usage,
    /// Times and sizes.
    pub settings: Settings,
    /// What is counted.
    pub metrics: Metrics,
}

/// The handle of this slice; cheap to clone.
#[derive(Debug, Clone)]
pub struct Reports {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    parts: Parts,
    /// Rows read so far, of the reports that are being rendered; at most as many as the pool runs.
    running: Mutex<HashMap<u64, Arc<AtomicU64>>>,
}

impl Shared {
    fn rows_so_far(&self, report: ReportId) -> Option<u64> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.get(&report.hi()).map(|rows| rows.load(Relaxed))
    }
}

/// A report as a reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportView {
    /// Its id.
    pub id: ReportId,
    /// Whose it is.
    pub company: CompanyId,
    /// What it is made of.
    pub plan: Plan,
    /// How far it is.
    pub state: State,
    /// The job that renders it.
    pub job: JobId,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was ready or had failed.
    pub finished_at: Option<Timestamp>,
    /// When it is removed.
    pub expires_at: Timestamp,
    /// Its rows; while it is rendered, those read so far.
    pub rows: u64,
    /// The file, when it is ready.
    pub file: Option<File>,
    /// Why it failed.
    pub error: Option<String>,
    /// The schedule that asked for it.
    pub schedule: Option<ScheduleId>,
    /// The e-mail that told its recipients what became of it.
    pub email: Option<EmailId>,
}

/// The file of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// Its bytes.
    pub size_bytes: u64,
    /// The SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// Whether it ends before the data does, because its format has a most of rows.
    pub is_truncated: bool,
}
