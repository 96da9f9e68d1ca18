//! E-mails on their way: the row, its sealed content and its files, queued with their job in one transaction.
//!
//! A row keeps its own end, written with the end of its job. While it has none, the job tells where it stands, so a job
//! that ended without its handler (taken back too often, say) is seen as what it is.

mod retention;
mod settle;
mod store;

use std::ops::ControlFlow;

use bytes::Bytes;

use super::{
    Mail,
    email::{Content, EmailState, NewEmail, RecipientKind, RecipientState, TemplateUse},
};
use crate::{
    base::{CompanyId, EmailId, JobId, Timestamp},
    queue::{self, JobView, NewJob, QueueName, State, enqueue},
    storage::{self, Read, Tx},
};

pub(super) use retention::sweep;
pub use settle::{Ended, Via};
pub use store::{AttachmentRow, EmailRow, RecipientRow};
pub(super) use store::{check, place, sealed};

/// The kind of job that sends an e-mail.
pub const SEND_KIND: &str = "email.send";
/// What the server itself writes goes ahead of what companies send.
const OWN_PRIORITY: u8 = 1;
/// Rows looked at for one page of a filtered list.
const LOOKED_AT_MAX: usize = 2_000;

/// Which limit on e-mails that wait to be sent is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsent {
    /// So many wait.
    #[error("{0} e-mails of the company wait to be sent, which is the limit")]
    Count(u64),
    /// They have so many bytes.
    #[error("the e-mails of the company that wait to be sent have {0} bytes, which is the limit")]
    Bytes(u64),
}

/// What the job carries.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Payload {
    email_id: EmailId,
}

/// Which e-mails are wanted.
#[derive(Debug, Clone, Default)]
pub struct EmailQuery {
    /// In this state.
    pub state: Option<EmailState>,
    /// To this address, in whichever way.
    pub to: Option<String>,
    /// Made from this template.
    pub template: Option<String>,
}

/// An e-mail with where it stands.
#[derive(Debug, Clone)]
pub struct EmailView {
    /// The stored row.
    pub row: EmailRow,
    /// Where it stands.
    pub state: EmailState,
    /// Attempts so far.
    pub attempts: u32,
    /// When the next attempt is due.
    pub next_attempt_at: Option<Timestamp>,
    /// What the server said last, or why there is no answer.
    pub answer: Option<String>,
}

/// A page of e-mails.
#[derive(Debug, Default)]
pub struct EmailPage {
    /// The e-mails, the newest first.
    pub found: Vec<EmailView>,
    /// Where the next page begins, unless this was the last.
    pub next: Option<u64>,
}

impl Mail {
    /// Queues an e-mail in the transaction that is the reason for it.
    ///
    /// # Errors
    /// [`queue::Error::Storage`], with [`storage::Error::Full`] when the disk is nearly full.
    pub fn queue(&self, tx: &mut Tx<'_>, company: CompanyId, new: NewEmail) -> Result<EmailRow, queue::Error> {
        let id = EmailId::from_raw(tx.mint());
        let job = self.enqueue(tx, company, id, new.is_own)?;
        let NewEmail { recipients, content, template, attachments, is_own, about, is_counted } = new;
        let subject = content.subject.clone();
        let row = EmailRow {
            id,
            company,
            job,
            message_id: format!("<{}@{}>", id.raw().to_text(), self.sender_domain()),
            recipients: recipients.into_iter().map(|(kind, address)| RecipientRow::waiting(kind, &address)).collect(),
            subject,
            template,
            is_own,
            about,
            attachments: attachments.len() as u32,
            bytes: 0,
            end: None,
            via: None,
            attempts: 0,
            unknown: 0,
            answer: None,
            created_at: tx.now(),
            finished_at: None,
            is_counted,
        };
        let row = store::insert(tx, row, self.seal_content(tx, company, id, &content), attachments)?;
        self.metrics().record_queued(tx);
        Ok(row)
    }

    /// Whether the company may queue one more e-mail that counts: so many and so large may wait to be sent.
    ///
    /// # Errors
    /// [`Unsent`]: the limit that is reached.
    pub fn admit(&self, tx: &Tx<'_>, company: CompanyId) -> Result<(), Unsent> {
        self.fits(store::unsent(tx, company))
    }

    /// Whether it might have queued one when this was read.
    ///
    /// # Errors
    /// When the store fails.
    pub fn has_room(&self, read: &impl Read, company: CompanyId) -> Result<bool, storage::Error> {
        Ok(self.fits(store::unsent_then(read, company)?).is_ok())
    }

    fn fits(&self, (count, bytes): (u64, u64)) -> Result<(), Unsent> {
        let (count_max, bytes_max) = self.unsent_max();
        if count >= count_max {
            return Err(Unsent::Count(count_max));
        }
        if bytes >= bytes_max { Err(Unsent::Bytes(bytes_max)) } else { Ok(()) }
    }

    /// Does the work of [`Mail::queue`] for nobody; the job ends at once.
    pub(super) fn queue_decoy(&self, tx: &mut Tx<'_>, content: &Content) -> Result<(), queue::Error> {
        let id = EmailId::from_raw(store::DECOY);
        self.enqueue(tx, store::NOBODY, id, true)?;
        let sealed = self.seal_content(tx, store::NOBODY, id, content);
        Ok(store::put_decoy(tx, id, sealed)?)
    }

    fn enqueue(&self, tx: &mut Tx<'_>, company: CompanyId, id: EmailId, is_own: bool) -> Result<JobId, queue::Error> {
        let queues = self.queues().ok_or(storage::Error::Stopped)?;
        let payload = serde_json::to_vec(&Payload { email_id: id }).unwrap_or_default();
        let name = QueueName::EMAIL.parse::<QueueName>().expect("the names of built-in queues are valid");
        let mut job = NewJob::new(company, name, SEND_KIND, Bytes::from(payload));
        if is_own {
            job.priority = OWN_PRIORITY;
        }
        Ok(enqueue(tx, queues, job)?.id)
    }

    /// The e-mail a job is for.
    ///
    /// # Errors
    /// When the store fails.
    pub fn of_job(&self, read: &impl Read, job: &JobView) -> Result<Option<EmailRow>, storage::Error> {
        let Ok(payload) = serde_json::from_slice::<Payload>(&job.payload) else { return Ok(None) };
        Ok(store::find(read, job.company, payload.email_id)?.filter(|row| row.job == job.id))
    }

    /// Whether a job stands in for an e-mail to nobody.
    #[must_use]
    pub fn is_decoy(job: &JobView) -> bool {
        job.company == store::NOBODY
    }

    /// What an e-mail says; `None` when it is not kept any more or does not open.
    ///
    /// # Errors
    /// When the store fails.
    pub fn content(&self, read: &impl Read, row: &EmailRow) -> Result<Option<Content>, storage::Error> {
        let Some(sealed) = store::content(read, row.company, row.id)? else { return Ok(None) };
        Ok(self.open_content(row.company, row.id, &sealed))
    }

    /// The files of an e-mail.
    ///
    /// # Errors
    /// When the store fails.
    pub fn attachments(&self, read: &impl Read, row: &EmailRow) -> Result<Vec<AttachmentRow>, storage::Error> {
        store::attachments(read, row.company, row.id)
    }

    /// An e-mail of the company.
    ///
    /// # Errors
    /// When the store fails.
    pub fn find(&self, read: &impl Read, company: CompanyId, id: EmailId) -> Result<Option<EmailView>, queue::Error> {
        store::find(read, company, id)?.map(|row| self.with_standing(read, row)).transpose()
    }

    /// E-mails of the company before one, the newest first; a page may hold fewer than asked for though more follow.
    ///
    /// # Errors
    /// When the store fails.
    pub fn list_emails(
        &self,
        read: &impl Read,
        company: CompanyId,
        query: &EmailQuery,
        (before, limit): (Option<u64>, usize),
    ) -> Result<EmailPage, queue::Error> {
        let (mut page, mut failed) = (EmailPage::default(), None);
        let (mut last, mut looked_at) = (None, 0);
        store::visit(read, company, before, &mut |row| {
            if page.found.len() == limit || looked_at == LOOKED_AT_MAX {
                page.next = last;
                return ControlFlow::Break(());
            }
            (last, looked_at) = (Some(row.id.hi()), looked_at + 1);
            if !row.fits(query) {
                return ControlFlow::Continue(());
            }
            match self.with_standing(read, row) {
                Ok(view) if query.state.is_none_or(|state| state == view.state) => page.found.push(view),
                Ok(_) => {}
                Err(error) => {
                    failed = Some(error);
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        })?;
        failed.map_or(Ok(page), Err)
    }

    /// Shows e-mails of the company whose ids lie from one on and before another, the oldest first, at most `limit` of
    /// them; answers where to go on, unless that was all.
    ///
    /// # Errors
    /// When the store fails.
    pub fn each_email(
        &self,
        read: &impl Read,
        company: CompanyId,
        (from, to): (u64, u64),
        limit: usize,
        show: &mut dyn FnMut(EmailView),
    ) -> Result<Option<u64>, queue::Error> {
        let rows = store::between(read, company, (from, to), limit)?;
        let next = rows.last().filter(|_| rows.len() == limit).map(|last| last.id.hi().saturating_add(1));
        for row in rows {
            show(self.with_standing(read, row)?);
        }
        Ok(next)
    }

    fn with_standing(&self, read: &impl Read, row: EmailRow) -> Result<EmailView, queue::Error> {
        let answer = row.answer.clone();
        if let Some(state) = row.end {
            return Ok(EmailView { state, attempts: row.attempts, next_attempt_at: None, answer, row });
        }
        let job = match self.queues() {
            Some(queues) => queues.find(read, row.company, row.job)?,
            None => None,
        };
        let Some(job) = job else {
            let answer = Some("its job is no longer there".to_owned());
            return Ok(EmailView {
                state: EmailState::Failed,
                attempts: row.attempts,
                next_attempt_at: None,
                answer,
                row,
            });
        };
        let attempts = job.attempt.max(row.attempts);
        let state = match job.state {
            state if state.is_terminal() => EmailState::Failed,
            State::Retrying => EmailState::Retrying,
            _ if row.attempts > 0 => EmailState::Retrying,
            _ => EmailState::Queued,
        };
        let answer = match job.failure {
            Some(failure) if answer.is_none() => Some(format!("the job failed: {}", failure.as_str())),
            _ => answer,
        };
        Ok(EmailView { state, attempts, next_attempt_at: job.run_at, answer, row })
    }
}

impl EmailRow {
    fn fits(&self, query: &EmailQuery) -> bool {
        let is_to = |to: &String| self.recipients.iter().any(|recipient| recipient.address.eq_ignore_ascii_case(to));
        let is_from = |name: &String| self.template.as_ref().is_some_and(|used: &TemplateUse| used.name == *name);
        query.to.as_ref().is_none_or(is_to) && query.template.as_ref().is_none_or(is_from)
    }

    /// Who has not got it yet, by their place among the recipients.
    #[must_use]
    pub fn waiting(&self) -> Vec<usize> {
        let is_waiting = |(_, recipient): &(usize, &RecipientRow)| recipient.state == RecipientState::Waiting;
        self.recipients.iter().enumerate().filter(is_waiting).map(|(place, _)| place).collect()
    }

    /// Everybody with the way they get it, for the headers.
    #[must_use]
    pub fn addressed(&self) -> Vec<(RecipientKind, String)> {
        self.recipients.iter().map(|recipient| (recipient.kind, recipient.address.clone())).collect()
    }
}
