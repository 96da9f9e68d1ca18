//! The job that sends one e-mail: fills its template in, makes the message, hands it over, writes down the answer.
//!
//! It may run twice when the process is killed between the server's answer and the commit, or when no answer came. Then
//! the same message, with the same `Message-ID`, arrives twice: at least once, as with every mail server. Into the
//! mailbox it goes once, in the commit that settles the job.

use std::sync::Arc;

use serde_json::Value;

use super::{Emails, model::Sources, store, template};
use crate::{
    base::{CompanyId, EmailId},
    mail::{
        AttachmentRow, EmailRow, Mail, Post, Posted, SEND_KIND,
        email::{Content, Rendered},
    },
    queue::{AttemptContext, Handler, JobView, LoadError, Outcome, Settlement},
    storage::{self, Snapshot},
};

/// Runs jobs of the kind `email.send`.
#[derive(Debug, Clone)]
pub struct SendEmail {
    emails: Emails,
}

/// What an attempt needs.
#[derive(Debug)]
pub enum Input {
    /// A message that is ready.
    Ready(Box<Post>),
    /// Its files are still to be read.
    Draft(Box<Draft>),
    /// It can never be sent, and why.
    Unsendable((CompanyId, EmailId), String),
    /// It stands in for an e-mail to nobody.
    Nobody,
}

/// An e-mail with files among the blobs.
#[derive(Debug)]
pub struct Draft {
    row: EmailRow,
    content: Content,
    rendered: Rendered,
    files: Vec<AttachmentRow>,
}

impl SendEmail {
    pub(super) const fn new(emails: Emails) -> Self {
        Self { emails }
    }

    /// What an e-mail says with its template filled in, or why there can be none.
    fn draft(&self, read: &Snapshot, row: EmailRow) -> Result<Result<Draft, String>, storage::Error> {
        let mail = &self.emails.mail;
        let Some(content) = mail.content(read, &row)? else {
            return Ok(Err("what it says is not there any more, or was sealed with another key".to_owned()));
        };
        let rendered = match &row.template {
            None => Rendered {
                subject: content.subject.clone().unwrap_or_default(),
                text: content.text.clone(),
                html: content.html.clone(),
            },
            Some(used) => {
                let Some(sources) = store::version(read, row.company, &used.name, used.version)? else {
                    return Ok(Err(format!(
                        "version {} of template {} is not there any more",
                        used.version, used.name
                    )));
                };
                match fill(&sources, &content) {
                    Ok(rendered) => rendered,
                    Err(reason) => return Ok(Err(format!("template {}: {reason}", used.name))),
                }
            }
        };
        let files = mail.attachments(read, &row)?;
        if files.len() != row.attachments as usize {
            return Ok(Err("a file that goes with it is not there any more".to_owned()));
        }
        Ok(Ok(Draft { row, content, rendered, files }))
    }

    /// Reads the files and makes the message; nothing when the attempt ends here.
    async fn complete(&self, draft: Draft) -> Result<Post, Posted> {
        let (mail, email) = (Arc::clone(&self.emails.mail), (draft.row.company, draft.row.id));
        let Draft { row, content, rendered, files } = draft;
        let files = mail.fetch(files).await.map_err(|why| mail.unfetched(email, &why))?;
        let handle = Arc::clone(&mail);
        let made = tokio::task::spawn_blocking(move || handle.prepare(&row, &content, &rendered, files)).await;
        let made = made.unwrap_or_else(|_| Err("the message could not be made".to_owned()));
        made.map_err(|reason| mail.unsendable(email, &reason))
    }

    async fn attempt(&self, input: Input, ctx: &AttemptContext) -> Option<Posted> {
        let mail = &self.emails.mail;
        let post = match input {
            Input::Nobody => return None,
            Input::Unsendable(email, reason) => return Some(mail.unsendable(email, &reason)),
            Input::Ready(post) => *post,
            Input::Draft(draft) => match self.complete(*draft).await {
                Ok(post) => post,
                Err(posted) => return Some(posted),
            },
        };
        Some(mail.post(post, ctx.attempt, ctx.deadline_mono_ms).await)
    }
}

fn fill(sources: &Sources, content: &Content) -> Result<Rendered, String> {
    let variables = content.variables.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let variables = variables.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    template::fill(sources, &variables, content.subject.as_deref()).map_err(|error| error.to_string())
}

impl Handler for SendEmail {
    type Input = Input;

    fn kind(&self) -> &'static str {
        SEND_KIND
    }

    fn load(&self, read: &Snapshot, job: &JobView) -> Result<Input, LoadError> {
        if Mail::is_decoy(job) {
            return Ok(Input::Nobody);
        }
        let Some(row) = self.emails.mail.of_job(read, job)? else {
            return Err(LoadError::Discard("the e-mail is not there any more".to_owned()));
        };
        if row.end.is_some() {
            return Err(LoadError::Discard("the e-mail has ended already".to_owned()));
        }
        let email = (row.company, row.id);
        let draft = match self.draft(read, row)? {
            Ok(draft) => draft,
            Err(reason) => return Ok(Input::Unsendable(email, reason)),
        };
        if draft.files.iter().any(|file| file.blob.is_some()) {
            return Ok(Input::Draft(Box::new(draft)));
        }
        let Draft { row, content, rendered, files } = draft;
        Ok(match self.emails.mail.prepare(&row, &content, &rendered, files) {
            Ok(post) => Input::Ready(Box::new(post)),
            Err(reason) => Input::Unsendable(email, reason),
        })
    }

    async fn run(&self, input: Input, ctx: AttemptContext) -> Settlement {
        let posted = tokio::select! {
            biased;
            // Sent or not is not known then; it is sent again with the same id.
            () = ctx.cancel.cancelled() => return Settlement::plain(Outcome::Release),
            posted = self.attempt(input, &ctx) => posted,
        };
        let Some(posted) = posted else { return Settlement::complete() };
        let mail = Arc::clone(&self.emails.mail);
        Settlement::plain(posted.outcome).with_effect(move |tx, settled| mail.settle(tx, posted.ended, settled))
    }
}
