//! E-mails that companies send, the texts they are made from, and the job that sends them.
//!
//! Words: an *e-mail* has *recipients* and is `queued`, `retrying`, `sent` or `failed`; a *template* is a text with
//! *variables* and has numbered *versions*; a *preview* is a template filled in and not sent.
//!
//! Invariants:
//! - An e-mail, its files, its job and the entry of the audit log are one transaction.
//! - A queued e-mail is made from the version of its template that was the newest then, whatever becomes of the template.
//! - A variable that is missing is an error in a preview and fails an e-mail, with its name.
//! - What a template can cost is bounded before it is filled in: see `template`.
//!
//! Deliberately absent: addresses of senders per company, bounces that come back as mail, lists of recipients to keep.

pub mod api;
mod jobs;
mod model;
mod service;
mod store;
mod template;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::{
    mail::{Mail, Unsent},
    queue,
    storage::{self, Db},
};

pub use jobs::SendEmail;
pub use store::check;

/// One refused value of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// JSON pointer to the value.
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}

impl Invalid {
    fn new(pointer: impl Into<String>, detail: impl ToString) -> Self {
        Self { pointer: pointer.into(), detail: detail.to_string() }
    }
}

/// Why a use case of this slice fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store refused or failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// The queue refused a job.
    #[error("the e-mail was not queued")]
    Queue(#[from] queue::Error),
    /// There is nothing with this name or id in the company.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Values of the request are refused.
    #[error("values are refused")]
    Invalid(Vec<Invalid>),
    /// There is a template of that name.
    #[error("there is a template `{0}`")]
    TemplateExists(String),
    /// As much waits to be sent as may.
    #[error(transparent)]
    Unsent(#[from] Unsent),
    /// The company has as many of these as it may.
    #[error("there are {limit} {what}, which is the most")]
    Limit {
        /// What there are too many of.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
}

impl Error {
    fn one(pointer: &str, detail: impl ToString) -> Self {
        Self::Invalid(vec![Invalid::new(pointer, detail)])
    }
}

/// The handle of this slice; cheap to clone.
#[derive(Debug, Clone)]
pub struct Emails {
    db: Db,
    mail: Arc<Mail>,
}

impl Emails {
    /// A handle over the store.
    #[must_use]
    pub fn new(db: Db, mail: Mail) -> Self {
        Self { db, mail: Arc::new(mail) }
    }

    fn db(&self) -> &Db {
        &self.db
    }

    /// The handler of the jobs that send.
    #[must_use]
    pub fn send_email(&self) -> SendEmail {
        SendEmail::new(self.clone())
    }
}
