//! Creating, reading, changing and deleting webhooks.

use std::collections::BTreeMap;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    patch::WebhookPatch,
    read,
    retry::{RetryInput, RetryView},
};
use crate::{
    auth::{Auth, Author, Caller},
    base::{Timestamp, WebhookId},
    http::{Change, Idempotent, IfMatch, Json, Page, PageParameters, PageQuery, Path, Problem, idempotency},
    webhooks::{
        Error, NewWebhook, Webhook, Webhooks, headers,
        model::{DisabledReason, Secrets},
        retry::RetryPolicy,
    },
};

/// A webhook to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "url": "https://example.com/hooks", "events": ["order.*"], "description": "Orders" }))]
pub(super) struct WebhookInput {
    /// Where to send: `http` or `https`, without credentials, at a public address.
    url: String,
    /// Which events: exact names, `*`, or prefixes such as `order.*`.
    #[schema(min_items = 1, max_items = 100)]
    events: Vec<String>,
    /// What it is for.
    description: Option<String>,
    /// Whether it gets events; true when left out.
    enabled: Option<bool>,
    /// Headers to add to each attempt, at most 20.
    headers: Option<BTreeMap<String, String>>,
    /// When failed deliveries are tried again; the preset `default` when left out.
    retry: Option<RetryInput>,
    /// Deadline of one attempt; 15 s when left out.
    #[schema(minimum = 1000, maximum = 30_000)]
    timeout_ms: Option<u32>,
    /// Deliveries per second; no limit when left out.
    #[schema(minimum = 1, maximum = 10_000)]
    rate_limit: Option<u32>,
    /// One delivery at a time, in order; a failing one holds back those behind it.
    ordered: Option<bool>,
    /// Which `data` it wants, as a filter of fields and operators.
    #[schema(value_type = Option<Object>, example = json!({ "amount": { "$gte": 100 } }))]
    filter: Option<Value>,
    /// Whether attempts also carry an Ed25519 signature (`v1a`).
    ed25519: Option<bool>,
    /// The secret; a new one when left out. Its key must have 24 to 75 bytes.
    secret: Option<String>,
}

/// A webhook.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(super) struct WebhookView {
    /// Its id.
    #[schema(value_type = String, example = "wh_01jd3k7q4m8x2b5n6p9r0s1t2v")]
    id: WebhookId,
    /// Where to send, in canonical form.
    url: String,
    /// Which events.
    events: Vec<String>,
    /// What it is for.
    description: String,
    /// Whether it gets events.
    enabled: bool,
    /// Why it gets none: `owner`, `gone` (410 twice in a row) or `failing` (nothing succeeded for 5 days).
    #[schema(required)]
    disabled_reason: Option<&'static str>,
    /// Since when it gets none.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    disabled_at: Option<Timestamp>,
    /// Headers added to each attempt; values that look like credentials show as `***`.
    headers: BTreeMap<String, String>,
    /// When failed deliveries are tried again.
    retry: RetryView,
    /// Deadline of one attempt; null follows the instance.
    #[schema(required)]
    timeout_ms: Option<u32>,
    /// Deliveries per second; null sets no limit.
    #[schema(required)]
    rate_limit: Option<u32>,
    /// One delivery at a time, in order.
    ordered: bool,
    /// Which `data` it wants.
    #[schema(value_type = Option<Object>, required)]
    filter: Option<Value>,
    /// Whether attempts also carry an Ed25519 signature.
    ed25519: bool,
    /// The secret; in the answer to the creation only.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When its settings changed last.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl WebhookView {
    fn of(webhook: &Webhook, secrets: &Secrets) -> Self {
        let shown = |(name, value): &(String, String)| (name.clone(), headers::shown(name, value).to_owned());
        Self {
            id: webhook.id,
            url: webhook.url.clone(),
            events: webhook.subscriptions.iter().map(ToString::to_string).collect(),
            description: webhook.description.clone(),
            enabled: webhook.is_enabled(),
            disabled_reason: webhook.disabled.map(|(reason, _)| DisabledReason::as_str(reason)),
            disabled_at: webhook.disabled.map(|(_, at)| at),
            headers: secrets.headers.iter().map(shown).collect(),
            retry: RetryView::of(&webhook.retry),
            timeout_ms: webhook.timeout_ms,
            rate_limit: webhook.rate_limit,
            ordered: webhook.is_ordered,
            filter: webhook.filter.as_deref().and_then(|text| serde_json::from_str(text).ok()),
            ed25519: webhook.has_ed25519,
            secret: None,
            created_at: webhook.created_at,
            updated_at: webhook.updated_at,
        }
    }
}

impl WebhookInput {
    fn new_webhook(self) -> Result<NewWebhook, Error> {
        let retry = match self.retry {
            Some(retry) => retry.policy().map_err(|refused| Error::Invalid(vec![refused]))?,
            None => RetryPolicy::default(),
        };
        Ok(NewWebhook {
            url: self.url,
            events: self.events,
            description: self.description.unwrap_or_default(),
            is_enabled: self.enabled.unwrap_or(true),
            headers: self.headers.unwrap_or_default().into_iter().collect(),
            retry,
            timeout_ms: self.timeout_ms,
            rate_limit: self.rate_limit,
            is_ordered: self.ordered.unwrap_or(false),
            filter: self.filter,
            has_ed25519: self.ed25519.unwrap_or(false),
            secret: self.secret,
        })
    }
}

/// Lists the webhooks of the company
#[utoipa::path(get, path = "/webhooks", operation_id = "list_webhooks", tag = "webhooks", params(PageParameters),
    responses((status = 200, description = "A page of webhooks", body = Page<WebhookView>)))]
pub(super) async fn list_webhooks(
    State(webhooks): State<Webhooks>,
    caller: Caller,
    page: PageQuery,
) -> Result<Json<Page<WebhookView>>, Problem> {
    let before = page.after::<1>()?.map(|[hi]| hi);
    let limit = page.limit;
    let handle = webhooks.clone();
    let rows =
        read(webhooks.db(), move |snapshot| handle.webhooks(snapshot, caller.company, before, limit + 1)).await?;
    let views = rows.iter().map(|(webhook, secrets, _)| WebhookView::of(webhook, secrets)).collect();
    Ok(Json(Page::cut(views, limit, |last: &WebhookView| [last.id.hi()])))
}

/// Creates a webhook
#[utoipa::path(post, path = "/webhooks", operation_id = "create_webhook", tag = "webhooks",
    request_body = WebhookInput, responses(
        (status = 201, description = "The webhook, with its secret", body = WebhookView),
        (status = 409, description = "The company has as many webhooks as it may"),
    ))]
pub(super) async fn create_webhook(
    State(webhooks): State<Webhooks>,
    author: Author,
    idempotent: Idempotent,
    Json(input): Json<WebhookInput>,
) -> Result<Response, Problem> {
    let is_given = input.secret.is_some();
    let new = input.new_webhook()?;
    // Before the look-up of the host, which may end differently each time.
    if let Some(kept) =
        idempotency::kept(webhooks.db(), Some(webhooks.seal()), &idempotent, author.caller.company).await?
    {
        return Ok(kept);
    }
    webhooks.vet_url(&new.url).await?;
    let handle = webhooks.clone();
    idempotency::run_sealed(webhooks.db(), webhooks.seal(), idempotent, author.caller.company, move |tx| {
        let (webhook, secrets) = handle.create(tx, author.by(), new)?;
        let mut view = WebhookView::of(&webhook, &secrets);
        view.secret = (!is_given).then(|| secrets.current.expose().to_owned());
        Ok::<_, Error>((StatusCode::CREATED, view))
    })
    .await
}

/// Shows a webhook
#[utoipa::path(get, path = "/webhooks/{id}", operation_id = "get_webhook", tag = "webhooks",
    params(("id" = String, Path, description = "The webhook's id")),
    responses((status = 200, description = "The webhook", body = WebhookView), (status = 404, description = "Not there")))]
pub(super) async fn get_webhook(
    State(webhooks): State<Webhooks>,
    caller: Caller,
    Path(id): Path<WebhookId>,
) -> Result<Json<WebhookView>, Problem> {
    let handle = webhooks.clone();
    let (webhook, secrets, _) =
        read(webhooks.db(), move |snapshot| handle.webhook(snapshot, caller.company, id)).await?;
    Ok(Json(WebhookView::of(&webhook, &secrets)))
}

/// Changes a webhook
#[utoipa::path(patch, path = "/webhooks/{id}", operation_id = "update_webhook", tag = "webhooks",
    params(("id" = String, Path, description = "The webhook's id")), request_body = WebhookPatch, responses(
        (status = 200, description = "The webhook as it is now", body = WebhookView),
        (status = 404, description = "Not there"),
        (status = 412, description = "It is not what `If-Match` names"),
    ))]
pub(super) async fn update_webhook(
    State(webhooks): State<Webhooks>,
    State(auth): State<Auth>,
    author: Author,
    Path(id): Path<WebhookId>,
    if_match: IfMatch,
    Json(patch): Json<WebhookPatch>,
) -> Result<Json<WebhookView>, Problem> {
    if patch.has_secret() {
        auth.require_proof(&author.caller)?;
    }
    if let Change::Set(url) = &patch.url {
        webhooks.vet_url(url).await?;
    }
    let handle = webhooks.clone();
    let (webhook, secrets) = webhooks
        .db()
        .write(move |tx| {
            handle.update(tx, author.by(), id, |webhook, secrets, wanted| {
                if_match.check(&WebhookView::of(webhook, secrets))?;
                Ok::<_, Problem>(patch.apply(wanted)?)
            })
        })
        .await?;
    Ok(Json(WebhookView::of(&webhook, &secrets)))
}

/// Deletes a webhook and cancels its pending deliveries
#[utoipa::path(delete, path = "/webhooks/{id}", operation_id = "delete_webhook", tag = "webhooks",
    params(("id" = String, Path, description = "The webhook's id")),
    responses((status = 204, description = "Deleted; nothing more is sent"), (status = 404, description = "Not there")))]
pub(super) async fn delete_webhook(
    State(webhooks): State<Webhooks>,
    author: Author,
    Path(id): Path<WebhookId>,
) -> Result<Response, Problem> {
    let handle = webhooks.clone();
    webhooks.db().write_reclaiming(move |tx| handle.delete(tx, author.by(), id)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
