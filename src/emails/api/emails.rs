//! E-mails on the wire.

use std::{collections::BTreeMap, fmt};

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::read;
use crate::{
    auth::{Author, Caller},
    base::{EmailId, JobId, Timestamp},
    emails::{
        Emails, Error,
        service::{AttachmentOrder, EmailDetail, EmailOrder},
    },
    http::{Idempotent, Json, Page, PageQuery, Path, Problem, Query, idempotency},
    mail::{
        Address, EmailQuery, EmailView,
        email::{EmailState, RecipientKind, RecipientState},
    },
};

/// An e-mail to send: with a subject and a text or HTML, or made from a template.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EmailInput, example = json!({ "to": ["ada@example.com"], "template": "welcome",
    "variables": { "name": "Ada" } }))]
pub(super) struct EmailInput {
    /// Whom it is to: plain addresses; one alone need not be a list. 50 in all, with `cc` and `bcc`.
    #[serde(deserialize_with = "one_or_more")]
    #[schema(max_items = 50)]
    to: Vec<String>,
    /// Who gets a copy.
    #[serde(default, deserialize_with = "one_or_more")]
    cc: Vec<String>,
    /// Who gets a copy that nobody else is told of.
    #[serde(default, deserialize_with = "one_or_more")]
    bcc: Vec<String>,
    /// Where answers go, such as `Support <support@example.com>`.
    reply_to: Option<String>,
    /// One line; takes the place of a template's subject as it stands.
    #[schema(max_length = 200)]
    subject: Option<String>,
    /// The plain text, at most 256 KiB; not beside a template.
    text: Option<String>,
    /// The HTML, at most 512 KiB; not beside a template.
    html: Option<String>,
    /// The name of a template; its newest version is used, whatever changes until the e-mail is sent.
    template: Option<String>,
    /// What the template is filled in with; at most 64 KiB. One that is missing fails the e-mail.
    #[schema(value_type = Option<Object>)]
    variables: Option<serde_json::Map<String, Value>>,
    /// More headers: those that begin with `X-`, `List-Unsubscribe`, `References` and a few more.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// Files, at most 10 with 7 MiB together.
    #[serde(default)]
    #[schema(max_items = 10)]
    attachments: Vec<AttachmentInput>,
}

impl fmt::Debug for EmailInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailInput(…)")
    }
}

/// A file to go with an e-mail.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AttachmentInput {
    /// The name recipients see.
    #[schema(max_length = 200)]
    name: String,
    /// Such as `application/pdf`; `application/octet-stream` when left out.
    content_type: Option<String>,
    /// What is in it, in Base64.
    content: String,
}

/// A list, or one text in its place.
fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "must be an address or a list of addresses")]
    enum OneOrMore {
        One(String),
        More(Vec<String>),
    }
    Ok(match OneOrMore::deserialize(deserializer)? {
        OneOrMore::One(text) => vec![text],
        OneOrMore::More(list) => list,
    })
}

impl From<EmailInput> for EmailOrder {
    fn from(input: EmailInput) -> Self {
        let attachments = input.attachments.into_iter().map(|file| AttachmentOrder {
            name: file.name,
            content_type: file.content_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
            content: file.content,
        });
        Self {
            to: input.to,
            cc: input.cc,
            bcc: input.bcc,
            reply_to: input.reply_to,
            subject: input.subject,
            text: input.text,
            html: input.html,
            template: input.template,
            variables: input.variables.map(Value::Object),
            headers: input.headers.into_iter().collect(),
            attachments: attachments.collect(),
        }
    }
}

/// One recipient and what became of the e-mail for it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EmailRecipient)]
pub(super) struct RecipientBody {
    /// The address as it goes over the wire.
    address: String,
    /// How it gets the e-mail.
    #[schema(value_type = String, example = "to")]
    kind: RecipientKind,
    /// `waiting`, `accepted` by the mail server, or `refused` for good.
    #[schema(value_type = String, example = "accepted")]
    state: RecipientState,
    /// What the mail server said about it last.
    #[schema(required)]
    answer: Option<String>,
}

/// The template an e-mail is made from.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EmailTemplateUse)]
pub(super) struct TemplateUseBody {
    /// Its name.
    name: String,
    /// The version.
    version: u32,
}

/// An e-mail.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Email)]
pub(super) struct EmailBody {
    /// Its id.
    #[schema(value_type = String)]
    id: EmailId,
    /// Where it stands: `queued`, `retrying`, `sent` to everybody, or `failed` for somebody at least.
    #[schema(value_type = String, example = "queued")]
    state: EmailState,
    /// Who gets it.
    recipients: Vec<RecipientBody>,
    /// Its subject; null until a template is filled in.
    #[schema(required)]
    subject: Option<String>,
    /// The template it is made from.
    #[schema(required)]
    template: Option<TemplateUseBody>,
    /// How many files go with it.
    attachment_count: u32,
    /// Whether the server itself wrote it, such as an invitation; its text is not shown.
    system: bool,
    /// Attempts so far.
    attempts: u32,
    /// Attempts after which it was not known whether it had arrived; it may have come more than once.
    unknown_outcomes: u32,
    /// What the mail server said last, or why there was no answer.
    #[schema(required)]
    answer: Option<String>,
    /// The way it went last: `smtp`, or `mailbox` while no mail server is set up.
    #[schema(required, value_type = Option<String>)]
    via: Option<crate::mail::Via>,
    /// Its `Message-ID`, the same for every attempt.
    message_id: String,
    /// The job that sends it.
    #[schema(value_type = String)]
    job_id: JobId,
    /// When the next attempt is due.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    next_attempt_at: Option<Timestamp>,
    /// When it was queued.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was sent or given up.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
}

impl From<EmailView> for EmailBody {
    fn from(view: EmailView) -> Self {
        let EmailView { row, state, attempts, next_attempt_at, answer } = view;
        let recipients = row.recipients.into_iter().map(|one| RecipientBody {
            address: one.address,
            kind: one.kind,
            state: one.state,
            answer: one.answer,
        });
        Self {
            id: row.id,
            state,
            recipients: recipients.collect(),
            subject: row.subject,
            template: row.template.map(|used| TemplateUseBody { name: used.name, version: used.version }),
            attachment_count: row.attachments,
            system: row.is_own,
            attempts,
            unknown_outcomes: row.unknown,
            answer,
            via: row.via,
            message_id: row.message_id,
            job_id: row.job,
            next_attempt_at,
            created_at: row.created_at,
            finished_at: row.finished_at,
        }
    }
}

/// A file of an e-mail.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EmailAttachment)]
pub(super) struct AttachmentBody {
    /// The name recipients see.
    name: String,
    /// What it is.
    content_type: String,
    /// How long it is.
    size_bytes: u64,
}

/// An e-mail with what is in it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EmailDetail)]
pub(super) struct EmailDetailBody {
    #[serde(flatten)]
    email: EmailBody,
    /// The plain text as it was given; null when it comes from a template or the server wrote it.
    #[schema(required)]
    text: Option<String>,
    /// The HTML as it was given.
    #[schema(required)]
    html: Option<String>,
    /// The variables of the template.
    #[schema(required, value_type = Option<Object>)]
    variables: Option<Value>,
    /// The files that go with it.
    attachments: Vec<AttachmentBody>,
}

impl From<EmailDetail> for EmailDetailBody {
    fn from(detail: EmailDetail) -> Self {
        let EmailDetail { view, content, attachments } = detail;
        let content = content.unwrap_or_default();
        let attachments = attachments.into_iter().map(|file| AttachmentBody {
            size_bytes: file.size_bytes(),
            name: file.name,
            content_type: file.content_type,
        });
        Self {
            email: view.into(),
            text: content.text,
            html: content.html,
            variables: content.variables.and_then(|text| serde_json::from_str(&text).ok()),
            attachments: attachments.collect(),
        }
    }
}

/// What [`send_email`] answers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QueuedEmail)]
pub(super) struct QueuedBody {
    /// The id of the e-mail.
    #[schema(value_type = String)]
    id: EmailId,
    /// `queued`.
    #[schema(value_type = String, example = "queued")]
    state: EmailState,
    /// Its `Message-ID`.
    message_id: String,
    /// The job that sends it.
    #[schema(value_type = String)]
    job_id: JobId,
}

/// Queues an e-mail
#[utoipa::path(post, path = "/emails", operation_id = "send_email", tag = "mail", request_body = EmailInput,
    description = "The e-mail is durable with its job when this answers. A temporary refusal and a lost connection are \
        tried again by the policy of the queue `email`; a refusal for good is not. After a crash between sending and the \
        server's answer it may arrive twice, with the same `Message-ID`.",
    responses((status = 202, description = "The e-mail is queued", body = QueuedBody),
        (status = 429, description = "Too many e-mails of the company wait to be sent")))]
pub(super) async fn send_email(
    State(emails): State<Emails>,
    author: Author,
    idempotent: Idempotent,
    Json(input): Json<EmailInput>,
) -> Result<Response, Problem> {
    let checked = read(emails.db(), move |_| EmailOrder::from(input).check()).await?;
    let handle = emails.clone();
    idempotency::run(emails.db(), idempotent, author.caller.company, move |tx| {
        let row = handle.send(tx, author.by(), checked)?;
        let body = QueuedBody { id: row.id, state: EmailState::Queued, message_id: row.message_id, job_id: row.job };
        Ok::<_, Error>((StatusCode::ACCEPTED, body))
    })
    .await
}

/// Which e-mails are wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EmailParameters {
    /// In this state: `queued`, `retrying`, `sent` or `failed`.
    state: Option<String>,
    /// To this address, in whichever way.
    to: Option<String>,
    /// Made from this template.
    template: Option<String>,
    /// Items in a page, 1 to 250; 50 when left out.
    #[param(minimum = 1, maximum = 250, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists e-mails, the newest first
#[utoipa::path(get, path = "/emails", operation_id = "list_emails", tag = "mail", params(EmailParameters),
    description = "A page with filters may hold fewer items than asked for, even none, though `next_cursor` says that \
        more may follow.",
    responses((status = 200, description = "A page of e-mails", body = Page<EmailBody>)))]
pub(super) async fn list_emails(
    State(emails): State<Emails>,
    caller: Caller,
    Query(parameters): Query<EmailParameters>,
) -> Result<Json<Page<EmailBody>>, Problem> {
    let EmailParameters { state, to, template, limit, cursor } = parameters;
    let page = PageQuery::parse(limit, cursor.as_deref())?;
    let before = page.after::<1>()?.map(|[before]| before);
    let state = state
        .map(|text| {
            let known = EmailState::ALL.into_iter().find(|state| state.as_str() == text);
            known.ok_or_else(|| Problem::invalid("/state", "must be queued, retrying, sent or failed"))
        })
        .transpose()?;
    let to = to
        .map(|text| text.parse::<Address>().map_err(|error| Problem::invalid("/to", error.to_string())))
        .transpose()?;
    let query = EmailQuery { state, to: to.map(|address| address.as_str().to_owned()), template };
    let handle = emails.clone();
    let found =
        read(emails.db(), move |snapshot| handle.list(snapshot, caller.company, &query, (before, page.limit))).await?;
    let views = found.found.into_iter().map(EmailBody::from).collect();
    Ok(Json(Page::with_next(views, found.next.map(|next| [next]))))
}

/// Shows an e-mail
#[utoipa::path(get, path = "/emails/{id}", operation_id = "get_email", tag = "mail",
    params(("id" = String, Path, description = "The id")),
    responses((status = 200, description = "The e-mail", body = EmailDetailBody),
        (status = 404, description = "Not there")))]
pub(super) async fn get_email(
    State(emails): State<Emails>,
    caller: Caller,
    Path(id): Path<EmailId>,
) -> Result<Response, Problem> {
    let handle = emails.clone();
    let detail = read(emails.db(), move |snapshot| handle.detail(snapshot, caller.company, id)).await?;
    // What people were told is not for caches.
    let headers = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((headers, Json(EmailDetailBody::from(detail))).into_response())
}
