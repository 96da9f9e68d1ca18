//! The job that sends one e-mail: fills its template in, makes the message, hands it over, writes down the answer.
//!
//! It may run twice when the process is killed between the server's answer and the commit, or when no answer came. Then
//! the same message, with the same `Message-ID`, arrives twice: at least once, as with every mail server. Into the
//! mailbox it goes once, in the commit that settles the job.

use serde_json::Value;

use super::{Emails, model::Sources, store, template};
use crate::{
    base::{CompanyId, EmailId},
    mail::{EmailRow, Mail, Post, SEND_KIND, email::Rendered},
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
    /// It can never be sent, and why.
    Unsendable((CompanyId, EmailId), String),
    /// It stands in for an e-mail to nobody.
    Nobody,
}

impl SendEmail {
    pub(super) const fn new(emails: Emails) -> Self {
        Self { emails }
    }

    /// The message of an e-mail, or why there can be none.
    fn prepare(&self, read: &Snapshot, row: &EmailRow) -> Result<Result<Post, String>, storage::Error> {
        let mail = &self.emails.mail;
        let Some(content) = mail.content(read, row)? else {
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
        let attachments = mail.attachments(read, row)?;
        if attachments.len() != row.attachments as usize {
            return Ok(Err("a file that goes with it is not there any more".to_owned()));
        }
        Ok(mail.prepare(row, &content, &rendered, attachments))
    }
}

fn fill(sources: &Sources, content: &crate::mail::email::Content) -> Result<Rendered, String> {
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
        Ok(match self.prepare(read, &row)? {
            Ok(post) => Input::Ready(Box::new(post)),
            Err(reason) => Input::Unsendable(email, reason),
        })
    }

    async fn run(&self, input: Input, ctx: AttemptContext) -> Settlement {
        let mail = &self.emails.mail;
        let posted = match input {
            Input::Nobody => return Settlement::complete(),
            Input::Unsendable(email, reason) => mail.unsendable(email, &reason),
            Input::Ready(post) => tokio::select! {
                biased;
                // Sent or not is not known then; it is sent again with the same id.
                () = ctx.cancel.cancelled() => return Settlement::plain(Outcome::Release),
                posted = mail.post(*post, ctx.attempt, ctx.deadline_mono_ms) => posted,
            },
        };
        let mail = std::sync::Arc::clone(mail);
        Settlement::plain(posted.outcome).with_effect(move |tx, settled| mail.settle(tx, posted.ended, settled))
    }
}
