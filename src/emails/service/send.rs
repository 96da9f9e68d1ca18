//! Sending an e-mail, and looking at those that were sent.

use serde_json::{Value, json};

use super::input::CheckedEmail;
use crate::{
    audit::{self, Entry, Origin},
    base::{CompanyId, EmailId},
    emails::{Emails, Error, store},
    mail::{
        AttachmentRow, EmailPage, EmailQuery, EmailRow, EmailView,
        email::{Content, NewEmail, TemplateUse},
    },
    storage::{Read, Tx},
};

/// An e-mail with everything in it.
#[derive(Debug)]
pub(in crate::emails) struct EmailDetail {
    pub(in crate::emails) view: EmailView,
    /// What it says, when its reader may see it.
    pub(in crate::emails) content: Option<Content>,
    pub(in crate::emails) attachments: Vec<AttachmentRow>,
}

impl Emails {
    /// Queues an e-mail, made from the newest version of its template.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is no such template; [`Error::Unsent`]; [`Error::Storage`].
    pub(in crate::emails) fn send(
        &self,
        tx: &mut Tx<'_>,
        (company, origin): (CompanyId, &Origin),
        email: CheckedEmail,
    ) -> Result<EmailRow, Error> {
        self.mail.admit(tx, company)?;
        let CheckedEmail { recipients, content, template, attachments } = email;
        let template = match template {
            None => None,
            Some(name) => {
                let row = store::row(tx, company, &name)?.filter(|row| row.deleted_at.is_none());
                let row = row.ok_or_else(|| Error::one("/template", "there is no template of this name"))?;
                Some(TemplateUse { name, version: row.version })
            }
        };
        let new = NewEmail { recipients, content, template, attachments, is_own: false, about: None, is_counted: true };
        let row = self.mail.queue(tx, company, new)?;
        let after = json!({
            "recipients": row.recipients.iter().map(|recipient| &recipient.address).collect::<Vec<_>>(),
            "template": row.template.as_ref().map(|used| json!({ "name": used.name, "version": used.version })),
            "attachments": row.attachments,
        });
        let entry = Entry { action: "email.send", object: row.id.to_string(), before: Value::Null, after };
        audit::record(tx, company, origin, entry)?;
        Ok(row)
    }

    /// An e-mail of the company with everything in it.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(in crate::emails) fn detail(
        &self,
        read: &impl Read,
        company: CompanyId,
        id: EmailId,
    ) -> Result<EmailDetail, Error> {
        let view = self.mail.find(read, company, id)?.ok_or(Error::NotFound("e-mail"))?;
        // What the server writes may hold a link that opens an account.
        let content = if view.row.is_own { None } else { self.mail.content(read, &view.row)? };
        let attachments = self.mail.attachments(read, &view.row)?;
        Ok(EmailDetail { view, content, attachments })
    }

    /// E-mails of the company before one, the newest first.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub(in crate::emails) fn list(
        &self,
        read: &impl Read,
        company: CompanyId,
        query: &EmailQuery,
        page: (Option<u64>, usize),
    ) -> Result<EmailPage, Error> {
        Ok(self.mail.list_emails(read, company, query, page)?)
    }
}
