//! One delivery: test, look, retry, cancel.

use std::time::Duration;

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    log::{AttemptView, DeliveryView},
    read,
};
use crate::{
    auth::{Author, Caller},
    base::{DeliveryId, WebhookId},
    http::{Idempotent, Json, NoBody, Path, Problem, RawJson, TimeLimit, idempotency},
    webhooks::{Error, Webhooks, model::Delivery},
};

/// A test that was sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookTest)]
pub(super) struct TestView {
    /// The delivery in the log.
    #[schema(value_type = String)]
    delivery_id: DeliveryId,
    /// The event that was sent.
    event_id: String,
    /// `succeeded` or `failed`.
    state: &'static str,
    /// How it went.
    #[serde(flatten)]
    attempt: AttemptView,
}

/// Sends a signed test event to a webhook now
///
/// The answer comes with the end of the attempt, which is cut off before the request's own time is over.
#[utoipa::path(post, path = "/webhooks/{id}/test", operation_id = "test_webhook", tag = "webhooks",
    params(("id" = String, Path, description = "The webhook's id")), responses(
        (status = 200, description = "The attempt, whether it succeeded or not", body = TestView),
        (status = 404, description = "Not there"),
    ))]
pub(super) async fn test_webhook(
    State(webhooks): State<Webhooks>,
    author: Author,
    Path(id): Path<WebhookId>,
    limit: TimeLimit,
    idempotent: Idempotent,
    _: NoBody,
) -> Result<Response, Problem> {
    let handle = webhooks.clone();
    idempotency::run_outside(webhooks.db(), idempotent, author.caller.company, async move {
        let (delivery, attempt) = handle.test(author.by(), id, Duration::from_millis(limit.0)).await?;
        let view = TestView {
            delivery_id: delivery.id,
            event_id: delivery.message_id(),
            state: delivery.state.as_str(),
            attempt: AttemptView::of(&attempt, usize::MAX),
        };
        Ok((StatusCode::OK, view))
    })
    .await
}

/// A delivery with all that is known of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryDetail)]
pub(super) struct DetailView {
    #[serde(flatten)]
    delivery: DeliveryView,
    /// The exact body that is sent; null when the event is past its retention.
    #[schema(required)]
    body: Option<RawJson>,
}

/// Shows a delivery with its attempts and its body
#[utoipa::path(get, path = "/deliveries/{id}", operation_id = "get_delivery", tag = "deliveries",
    params(("id" = String, Path, description = "The delivery's id")),
    responses((status = 200, description = "The delivery", body = DetailView), (status = 404, description = "Not there")))]
pub(super) async fn get_delivery(
    State(webhooks): State<Webhooks>,
    caller: Caller,
    Path(id): Path<DeliveryId>,
) -> Result<Json<DetailView>, Problem> {
    let handle = webhooks.clone();
    let view = read(webhooks.db(), move |snapshot| {
        let (delivery, attempts, event) = handle.delivery(snapshot, caller.company, id)?;
        let webhook_id = handle.webhook_id(snapshot, caller.company, delivery.webhook_hi())?;
        let attempts = attempts.iter().map(|attempt| AttemptView::of(attempt, usize::MAX)).collect();
        let delivery = DeliveryView { attempts: Some(attempts), ..DeliveryView::of(&delivery, webhook_id) };
        Ok(DetailView { delivery, body: event.map(|event| RawJson::from_trusted(event.body)) })
    })
    .await?;
    Ok(Json(view))
}

/// Tries a delivery again now
#[utoipa::path(post, path = "/deliveries/{id}/retry", operation_id = "retry_delivery", tag = "deliveries",
    params(("id" = String, Path, description = "The delivery's id")), responses(
        (status = 202, description = "It is due now", body = DeliveryView),
        (status = 404, description = "Not there"),
        (status = 409, description = "It is due anyway, or its webhook or event is gone"),
    ))]
pub(super) async fn retry_delivery(
    State(webhooks): State<Webhooks>,
    author: Author,
    Path(id): Path<DeliveryId>,
    idempotent: Idempotent,
    _: NoBody,
) -> Result<Response, Problem> {
    let handle = webhooks.clone();
    idempotency::run(webhooks.db(), idempotent, author.caller.company, move |tx| {
        let delivery = handle.retry(tx, author.by(), id)?;
        let webhook_id = handle.webhook_id(tx, author.caller.company, delivery.webhook_hi())?;
        Ok::<_, Error>((StatusCode::ACCEPTED, DeliveryView::of(&delivery, webhook_id)))
    })
    .await
}

/// Cancels a pending delivery
#[utoipa::path(post, path = "/deliveries/{id}/cancel", operation_id = "cancel_delivery", tag = "deliveries",
    params(("id" = String, Path, description = "The delivery's id")), responses(
        (status = 200, description = "It is cancelled", body = DeliveryView),
        (status = 404, description = "Not there"),
        (status = 409, description = "It is finished"),
    ))]
pub(super) async fn cancel_delivery(
    State(webhooks): State<Webhooks>,
    author: Author,
    Path(id): Path<DeliveryId>,
    idempotent: Idempotent,
    _: NoBody,
) -> Result<Response, Problem> {
    let handle = webhooks.clone();
    // What ends work is done on a full disk, too.
    idempotency::run(&webhooks.db().reclaiming(), idempotent, author.caller.company, move |tx| {
        let delivery: Delivery = handle.cancel(tx, author.by(), id)?;
        let webhook_id = handle.webhook_id(tx, author.caller.company, delivery.webhook_hi())?;
        Ok::<_, Error>((StatusCode::OK, DeliveryView::of(&delivery, webhook_id)))
    })
    .await
}
