//! The mailbox on the wire.

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{change, person, read};
use crate::{
    accounts::Accounts,
    auth::Author,
    base::{EmailId, MessageId, Timestamp},
    http::{Json, Page, PageParameters, PageQuery, Problem},
    mail::{MessageText, MessageView},
};

/// A message that was sent to a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
pub(super) struct MessageBody {
    /// Its id.
    #[schema(value_type = String)]
    id: MessageId,
    /// Whom it is to.
    to: String,
    /// Its subject.
    subject: String,
    /// Its text; null when the master key it was sealed with is not the present one.
    #[schema(required)]
    text: Option<String>,
    /// The e-mail it is a copy of; null for a message of the server itself.
    #[schema(required, value_type = Option<String>)]
    email_id: Option<EmailId>,
    /// When it was sent.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<MessageView> for MessageBody {
    fn from(view: MessageView) -> Self {
        let MessageView { id, to, subject, text, created_at, email } = view;
        Self { id, to, subject, text: text.map(MessageText::expose), email_id: email, created_at }
    }
}

/// Lists messages to people of the company, the newest first
#[utoipa::path(get, path = "/mailbox", operation_id = "list_mailbox", tag = "mail", params(PageParameters),
    description = "Without a mail server messages stay here: the newest 1,000 for 30 days. They hold links that open \
        accounts, so only admins read them, and only an owner of the instance reads those about an owner. The first look \
        of each person in an hour is recorded in the audit log.",
    responses((status = 200, description = "The messages", body = Page<MessageBody>)))]
pub(super) async fn list_mailbox(
    State(accounts): State<Accounts>,
    author: Author,
    page: PageQuery,
) -> Result<Response, Problem> {
    let caller = author.caller;
    let (user, _) = person(&caller)?;
    change(&accounts, author, move |_, tx, by| Accounts::record_mailbox(tx, user, by)).await?;
    let before = page.after::<1>()?.map(|[before]| before);
    let (handle, limit) = (accounts.clone(), page.limit);
    let found = read(&accounts, move |snapshot| {
        handle.mailbox(snapshot, (caller.company, user), (before, limit.saturating_add(1)))
    })
    .await?;
    let page = Page::cut(found, limit, |view| [view.id.hi()]).map(MessageBody::from);
    // Not even the browser keeps it.
    Ok(([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(page)).into_response())
}
