//! Templates of e-mails on the wire.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::read;
use crate::{
    auth::{Author, Caller},
    base::Timestamp,
    emails::{
        Emails, Error,
        model::{Sources, Template},
        service::Wanted,
    },
    http::{Change, Idempotent, IfMatch, Json, Page, PageParameters, PageQuery, Path, Problem, idempotency},
};

/// A template to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EmailTemplateInput, example = json!({ "name": "welcome", "subject": "Welcome, {{ name }}",
    "text": "Hello {{ name }}", "html": "<p>Hello {{ name }}</p>", "sample": { "name": "Ada" } }))]
pub(super) struct TemplateInput {
    /// Small letters, digits, dots, dashes and underscores.
    #[schema(max_length = 64)]
    name: String,
    /// What it is for.
    #[schema(max_length = 500)]
    description: Option<String>,
    /// The subject, with variables in double braces.
    subject: String,
    /// The plain text. A template has a text or HTML, or both.
    text: Option<String>,
    /// The HTML; variables are escaped.
    html: Option<String>,
    /// Variables to try it with.
    #[schema(value_type = Option<Object>)]
    sample: Option<Map<String, Value>>,
}

/// Changes to a template: fields left out stay, null clears. Other texts make a new version.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EmailTemplatePatch, example = json!({ "subject": "Hello, {{ name }}" }))]
pub(super) struct TemplatePatch {
    /// What it is for.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    description: Change<String>,
    /// The subject; cannot be cleared.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    subject: Change<String>,
    /// The plain text.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    text: Change<String>,
    /// The HTML.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    html: Change<String>,
    /// Variables to try it with, replaced as a whole.
    #[schema(value_type = Option<Object>)]
    #[serde(default)]
    sample: Change<Map<String, Value>>,
}

/// A template in its newest version.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EmailTemplate)]
pub(super) struct TemplateBody {
    /// Its name.
    name: String,
    /// What it is for.
    description: String,
    /// The number of the version; a queued e-mail keeps the one it was made with.
    version: u32,
    /// The subject.
    subject: String,
    /// The plain text.
    #[schema(required)]
    text: Option<String>,
    /// The HTML.
    #[schema(required)]
    html: Option<String>,
    /// Variables to try it with.
    #[schema(required, value_type = Option<Object>)]
    sample: Option<Value>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it changed last.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<Template> for TemplateBody {
    fn from(template: Template) -> Self {
        let Template { name, description, version, sources, created_at, updated_at } = template;
        let Sources { subject, text, html, sample } = sources;
        let sample = sample.and_then(|text| serde_json::from_str(&text).ok());
        Self { name, description, version, subject, text, html, sample, created_at, updated_at }
    }
}

fn as_text(sample: Map<String, Value>) -> String {
    Value::Object(sample).to_string()
}

/// Lists the templates of the company by name
#[utoipa::path(get, path = "/email-templates", operation_id = "list_email_templates", tag = "mail",
    params(PageParameters),
    responses((status = 200, description = "A page of templates", body = Page<TemplateBody>)))]
pub(super) async fn list_email_templates(
    State(emails): State<Emails>,
    caller: Caller,
    page: PageQuery,
) -> Result<Json<Page<TemplateBody>>, Problem> {
    let after = page.after_bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let (handle, limit) = (emails.clone(), page.limit);
    let found =
        read(emails.db(), move |snapshot| handle.templates(snapshot, caller.company, after.as_deref(), limit + 1))
            .await?;
    let bodies: Vec<TemplateBody> = found.into_iter().map(Into::into).collect();
    Ok(Json(Page::cut_bytes(bodies, limit, |last| last.name.clone().into_bytes())))
}

/// Makes a template
#[utoipa::path(post, path = "/email-templates", operation_id = "create_email_template", tag = "mail",
    request_body = TemplateInput,
    description = "Templates are written in the language of Jinja: `{{ variable }}`, `{% if %}`, `{% for %}` and some \
        filters. A variable that is missing is an error. What could grow without end (`set`, `with`, `~`, `*`, lists) is \
        refused.",
    responses(
        (status = 201, description = "The template", body = TemplateBody),
        (status = 409, description = "There is one of that name"),
    ))]
pub(super) async fn create_email_template(
    State(emails): State<Emails>,
    author: Author,
    idempotent: Idempotent,
    Json(input): Json<TemplateInput>,
) -> Result<Response, Problem> {
    let TemplateInput { name, description, subject, text, html, sample } = input;
    let sources = Sources { subject, text, html, sample: sample.map(as_text) };
    let wanted = Wanted { name, description: description.unwrap_or_default(), sources };
    let wanted = read(emails.db(), move |_| wanted.check().map(|()| wanted)).await?;
    let handle = emails.clone();
    idempotency::run(emails.db(), idempotent, author.caller.company, move |tx| {
        let made = handle.create_template(tx, author.by(), wanted)?;
        Ok::<_, Error>((StatusCode::CREATED, TemplateBody::from(made)))
    })
    .await
}

/// Shows a template
#[utoipa::path(get, path = "/email-templates/{name}", operation_id = "get_email_template", tag = "mail",
    params(("name" = String, Path, description = "The name")),
    responses((status = 200, description = "The template", body = TemplateBody),
        (status = 404, description = "Not there")))]
pub(super) async fn get_email_template(
    State(emails): State<Emails>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<TemplateBody>, Problem> {
    let handle = emails.clone();
    let found = read(emails.db(), move |snapshot| handle.template(snapshot, caller.company, &name)).await?;
    Ok(Json(found.into()))
}

/// Changes a template
#[utoipa::path(patch, path = "/email-templates/{name}", operation_id = "update_email_template", tag = "mail",
    params(("name" = String, Path, description = "The name")), request_body = TemplatePatch, responses(
        (status = 200, description = "The template as it is now", body = TemplateBody),
        (status = 404, description = "Not there"),
        (status = 412, description = "It is not what `If-Match` names"),
    ))]
pub(super) async fn update_email_template(
    State(emails): State<Emails>,
    author: Author,
    Path(name): Path<String>,
    if_match: IfMatch,
    Json(patch): Json<TemplatePatch>,
) -> Result<Json<TemplateBody>, Problem> {
    let (handle, company) = (emails.clone(), author.caller.company);
    let subject = patch.subject.required("/subject")?;
    let (seen, wanted) = read(emails.db(), move |snapshot| {
        let seen = handle.template(snapshot, company, &name)?;
        let mut wanted = Wanted { name, description: seen.description.clone(), sources: seen.sources.clone() };
        patch.description.apply_or_default(&mut wanted.description);
        if let Some(subject) = subject {
            wanted.sources.subject = subject;
        }
        patch.text.apply(&mut wanted.sources.text);
        patch.html.apply(&mut wanted.sources.html);
        patch.sample.map(as_text).apply(&mut wanted.sources.sample);
        wanted.check()?;
        Ok((seen, wanted))
    })
    .await?;
    let handle = emails.clone();
    let updated = emails.db().write(move |tx| {
        let now = handle.template(tx, company, &seen.name)?;
        if now != seen {
            // Somebody else was faster: the patch was made for another text.
            return Err(Problem::of(&crate::http::problems::CONFLICT)
                .detail("the template has changed meanwhile: read it again"));
        }
        if_match.check(&TemplateBody::from(now))?;
        Ok::<_, Problem>(handle.update_template(tx, author.by(), wanted)?)
    });
    let updated = updated.await?;
    Ok(Json(updated.into()))
}

/// A template as a whole, in the place of what there is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EmailTemplateReplacement, example = json!({ "subject": "Hi {{ name }}", "text": "Hello {{ name }}" }))]
pub(super) struct TemplateReplacement {
    /// What it is for; empty when left out.
    #[schema(max_length = 500)]
    description: Option<String>,
    /// The subject, with variables in double braces.
    subject: String,
    /// The plain text; none when left out.
    text: Option<String>,
    /// The HTML; none when left out.
    html: Option<String>,
    /// Variables to try it with; none when left out.
    #[schema(value_type = Option<Object>)]
    sample: Option<Map<String, Value>>,
}

/// Makes a template, or replaces it as a whole
///
/// Other texts make a new version; the same ones change nothing.
#[utoipa::path(put, path = "/email-templates/{name}", operation_id = "put_email_template", tag = "mail",
    params(("name" = String, Path, description = "The name")), request_body = TemplateReplacement, responses(
        (status = 200, description = "The template as it is now", body = TemplateBody),
        (status = 201, description = "The template, which is new", body = TemplateBody),
        (status = 412, description = "It is not what `If-Match` names"),
    ))]
pub(super) async fn put_email_template(
    State(emails): State<Emails>,
    author: Author,
    Path(name): Path<String>,
    if_match: IfMatch,
    Json(input): Json<TemplateReplacement>,
) -> Result<Response, Problem> {
    let TemplateReplacement { description, subject, text, html, sample } = input;
    let sources = Sources { subject, text, html, sample: sample.map(as_text) };
    let wanted = Wanted { name, description: description.unwrap_or_default(), sources };
    let wanted = read(emails.db(), move |_| wanted.check().map(|()| wanted)).await?;
    let handle = emails.clone();
    let put = emails.db().write(move |tx| match handle.template(tx, author.caller.company, &wanted.name) {
        Ok(now) => {
            if_match.check(&TemplateBody::from(now))?;
            Ok::<_, Problem>((StatusCode::OK, handle.update_template(tx, author.by(), wanted)?))
        }
        Err(Error::NotFound(_)) => {
            if_match.check(&Value::Null)?;
            Ok((StatusCode::CREATED, handle.create_template(tx, author.by(), wanted)?))
        }
        Err(error) => Err(error.into()),
    });
    let (status, template) = put.await?;
    Ok((status, Json(TemplateBody::from(template))).into_response())
}

/// Deletes a template
#[utoipa::path(delete, path = "/email-templates/{name}", operation_id = "delete_email_template", tag = "mail",
    params(("name" = String, Path, description = "The name")),
    description = "E-mails in the queue keep the version they were made with.",
    responses((status = 204, description = "Deleted"), (status = 404, description = "Not there")))]
pub(super) async fn delete_email_template(
    State(emails): State<Emails>,
    author: Author,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let handle = emails.clone();
    emails.db().write_reclaiming(move |tx| handle.delete_template(tx, author.by(), &name)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What to fill a template in with.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EmailPreviewInput, example = json!({ "variables": { "name": "Ada" } }))]
pub(super) struct PreviewInput {
    /// The variables; the template's sample when left out.
    #[schema(value_type = Option<Object>)]
    variables: Option<Map<String, Value>>,
    /// Another version than the newest.
    version: Option<u32>,
}

/// A template filled in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EmailPreview)]
pub(super) struct PreviewBody {
    /// The version.
    version: u32,
    /// The subject.
    subject: String,
    /// The plain text.
    #[schema(required)]
    text: Option<String>,
    /// The HTML.
    #[schema(required)]
    html: Option<String>,
}

/// Fills a template in and sends nothing
#[utoipa::path(post, path = "/email-templates/{name}/preview", operation_id = "preview_email_template", tag = "mail",
    params(("name" = String, Path, description = "The name")), request_body = PreviewInput, responses(
        (status = 200, description = "The template filled in", body = PreviewBody),
        (status = 404, description = "Not there"),
        (status = 422, description = "It cannot be filled in with these variables"),
    ))]
pub(super) async fn preview_email_template(
    State(emails): State<Emails>,
    caller: Caller,
    Path(name): Path<String>,
    Json(input): Json<PreviewInput>,
) -> Result<Json<PreviewBody>, Problem> {
    let handle = emails.clone();
    let (version, rendered) = read(emails.db(), move |snapshot| {
        let PreviewInput { variables, version } = input;
        handle.preview(snapshot, caller.company, (&name, version), variables.map(Value::Object))
    })
    .await?;
    let crate::mail::email::Rendered { subject, text, html } = rendered;
    Ok(Json(PreviewBody { version, subject, text, html }))
}
