//! The job that tells those who are to get a report what became of it: the file, where it is, or why there is none.
//!
//! It waits for the job that renders, however that ends. It may run twice: the e-mail is queued in the commit that ends
//! the job, and the row of the report says that it was. Nobody is told of a report that somebody has deleted, and the
//! e-mail counts among those of the company that may wait to be sent: without room it waits here.

use std::sync::Arc;

use super::{
    Error, ReportView, Reports, Shared,
    model::State,
    service::{RenderPayload, SEND_KIND},
    store,
};
use crate::{
    accounts::tell_admins,
    blob::BlobKey,
    mail::{
        Address,
        email::{
            ATTACHMENT_BYTES_MAX, Content, FileSource, NewAttachment, NewEmail, RecipientKind, SUBJECT_CHARACTERS_MAX,
        },
    },
    queue::{self, AttemptContext, Handler, JobView, LoadError, Settlement},
    storage::{self, Snapshot, Tx},
};

/// How long to wait for a report that somebody has begun anew, and for room among the e-mails that wait to be sent.
const AGAIN_MS: u64 = 60_000;

/// Runs jobs of the kind `report.send`.
#[derive(Debug, Clone)]
pub struct SendReport {
    shared: Arc<Shared>,
}

/// What is to be told.
#[derive(Debug)]
pub struct News {
    view: ReportView,
    key: BlobKey,
}

impl Reports {
    /// The handler of the jobs that send reports.
    #[must_use]
    pub fn send(&self) -> SendReport {
        SendReport { shared: Arc::clone(&self.shared) }
    }
}

impl Handler for SendReport {
    type Input = Option<Box<News>>;

    fn kind(&self) -> &'static str {
        SEND_KIND
    }

    fn load(&self, read: &Snapshot, job: &JobView) -> Result<Self::Input, LoadError> {
        let payload: RenderPayload = serde_json::from_slice(&job.payload)
            .map_err(|_| LoadError::Discard("the payload is not one of a report".to_owned()))?;
        let Some(row) = store::find(read, job.company, payload.report_id)?.filter(|row| row.email.is_none()) else {
            return Ok(None);
        };
        if !row.plan.recipients.is_empty() && !self.shared.parts.mail.has_room(read, job.company)? {
            return Err(LoadError::Snooze { ms: AGAIN_MS });
        }
        let key = store::blob_key(job.company, &row);
        let view = self.shared.shown(read, job.company, row).map_err(|error| match error {
            Error::Storage(error) | Error::Queue(queue::Error::Storage(error)) => LoadError::Storage(error),
            other => LoadError::Discard(other.to_string()),
        })?;
        match view.state {
            State::Ready | State::Failed => Ok(Some(Box::new(News { view, key }))),
            State::Waiting | State::Rendering => Err(LoadError::Snooze { ms: AGAIN_MS }),
        }
    }

    async fn run(&self, input: Self::Input, _: AttemptContext) -> Settlement {
        let Some(news) = input else { return Settlement::complete() };
        let shared = Arc::clone(&self.shared);
        Settlement::complete().with_effect(move |tx, _| tell(&shared, tx, *news))
    }
}

/// Queues the e-mail, unless the report was deleted meanwhile.
fn tell(shared: &Shared, tx: &mut Tx<'_>, News { view, key }: News) -> Result<(), storage::Error> {
    let company = view.company;
    let Some(row) = store::find(tx, company, view.id)?.filter(|row| row.email.is_none()) else { return Ok(()) };
    let mail = &shared.parts.mail;
    let attached = view.file.filter(|file| file.size_bytes <= shared.attach_bytes_max()).map(|file| file.size_bytes);
    let letter = Letter::about(&view, attached.is_some(), &mail.page(&format!("reports/{}", view.id)));
    if view.plan.recipients.is_empty() {
        return match view.state {
            State::Failed => tell_admins(mail, tx, company, (&letter.subject, &letter.text)),
            _ => Ok(()),
        };
    }
    let attachments = attached.map(|size_bytes| NewAttachment {
        name: view.file_name(),
        content_type: view.plan.format.media_type().to_owned(),
        source: FileSource::Blob { key, size_bytes },
    });
    let new = letter.email(&view.plan.recipients, attachments);
    mail.admit(tx, company).map_err(|full| storage::Error::Panicked(full.to_string()))?;
    let email = mail.queue(tx, company, new).map_err(of_queue)?;
    store::put_email(tx, company, row, email.id)
}

/// A queue that refuses makes the job be tried again.
fn of_queue(error: queue::Error) -> storage::Error {
    match error {
        queue::Error::Storage(error) => error,
        other => storage::Error::Panicked(format!("the e-mail with a report was not queued: {other}")),
    }
}

impl Shared {
    fn attach_bytes_max(&self) -> u64 {
        self.parts.settings.attach_bytes_max.min(ATTACHMENT_BYTES_MAX as u64)
    }
}

impl ReportView {
    /// The name of the file in plain letters.
    pub(super) fn file_name(&self) -> String {
        let date = self.created_at.to_string();
        let plain: String = self.plan.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        format!("{plain}-{}.{}", date.get(..10).unwrap_or_default(), self.plan.format.as_str())
    }
}

/// What is written to those who are to get a report.
#[derive(Debug)]
struct Letter {
    subject: String,
    text: String,
}

impl Letter {
    fn about(view: &ReportView, is_attached: bool, link: &str) -> Self {
        let plan = &view.plan;
        let end = if view.state == State::Ready { "" } else { ": it could not be made" };
        let room = SUBJECT_CHARACTERS_MAX.saturating_sub(end.len());
        let named: String = format!("Report {}", plan.name).chars().take(room).collect();
        let subject = format!("{named}{end}");
        let about = format!("Report: {}\nPeriod: {} to {}\n", plan.name, plan.since, plan.until);
        let rest = match (&view.file, &view.error) {
            (Some(file), _) => {
                let cut = if file.is_truncated { " of more: the format has a most of rows" } else { "" };
                let facts =
                    format!("Rows: {}{cut}\nFile: {}, {} bytes\n", view.rows, view.file_name(), file.size_bytes);
                let place = if is_attached {
                    "The file is attached. It can also be downloaded".to_owned()
                } else {
                    "The file is too large for an e-mail. It can be downloaded".to_owned()
                };
                format!("{facts}\n{place} until {}: {link}\n", view.expires_at)
            }
            (None, reason) => {
                let reason = reason.as_deref().unwrap_or("the reason is not known");
                format!("\nIt could not be made: {reason}\n")
            }
        };
        Self { subject, text: format!("{about}{rest}") }
    }

    fn email(self, recipients: &[Address], attachment: Option<NewAttachment>) -> NewEmail {
        NewEmail {
            recipients: recipients.iter().map(|address| (RecipientKind::To, address.clone())).collect(),
            content: Content {
                subject: Some(self.subject),
                text: Some(self.text),
                headers: vec![("Auto-Submitted".to_owned(), "auto-generated".to_owned())],
                ..Content::default()
            },
            template: None,
            attachments: attachment.into_iter().collect(),
            is_own: true,
            about: None,
            is_counted: true,
        }
    }
}
