//! Publishing and reading events.

#![expect(unused_qualifications, reason = "written by the macro that describes an operation")]

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{BatchError, log::DeliveryView, read};
use crate::{
    auth::Caller,
    base::Timestamp,
    events::{Event, EventQuery, NewEvent, Published},
    http::{Idempotent, Json, Page, PageQuery, Path, Problem, Query, RawJson, idempotency},
    webhooks::{Error, Webhooks, service::publish::BATCH_MAX},
};

/// Rows one page looks at.
const SCAN_LIMIT: usize = 10_000;
/// Deliveries shown with an event.
const DELIVERIES_SHOWN: usize = 250;

/// An event to publish.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "type": "order.created", "data": { "order_id": 42, "amount": 99.5 }, "id": "order-42-created" }))]
pub(super) struct EventInput {
    /// The name of its type; it need not be in the catalogue.
    #[serde(rename = "type")]
    #[schema(max_length = 128)]
    event_type: String,
    /// Its data: any JSON of at most 1 MiB, delivered as sent.
    data: RawJson,
    /// An id of the caller's: publishing it again with the same content does nothing.
    #[schema(max_length = 128)]
    id: Option<String>,
}

/// An event that was accepted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AcceptedEvent)]
pub(super) struct AcceptedView {
    /// Its id; the one the caller gave, if any.
    #[schema(example = "evt_01jd3k7q4m8x2b5n6p9r0s1t2v")]
    id: String,
    /// The name of its type.
    #[serde(rename = "type")]
    event_type: String,
    /// Deliveries created for it: now, or before when it is a duplicate.
    deliveries: u32,
    /// Whether the event was there already and nothing was done.
    duplicate: bool,
}

impl AcceptedView {
    fn of(event_type: String, published: Published) -> Self {
        Self {
            id: published.message_id,
            event_type,
            deliveries: published.deliveries,
            duplicate: published.is_duplicate,
        }
    }
}

/// Publishes an event
#[utoipa::path(post, path = "/events", operation_id = "create_event", tag = "events", request_body = EventInput,
    responses(
        (status = 202, description = "The event and its deliveries are stored", body = AcceptedView),
        (status = 409, description = "The id belongs to an event with other content"),
    ))]
pub(super) async fn create_event(
    State(webhooks): State<Webhooks>,
    caller: Caller,
    idempotent: Idempotent,
    Json(input): Json<EventInput>,
) -> Result<Response, Problem> {
    let event_type = input.event_type.clone();
    let event = webhooks.check_event(caller.company, input.event_type, input.data.into_bytes(), input.id)?;
    let handle = webhooks.clone();
    idempotency::run(webhooks.db(), idempotent, caller.company, move |tx| {
        let published = handle.publish(tx, event)?;
        Ok::<_, Error>((StatusCode::ACCEPTED, AcceptedView::of(event_type, published)))
    })
    .await
}

/// Events to publish together.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BatchInput {
    /// 1 to 1,000 events; all are accepted, or none.
    #[schema(min_items = 1, max_items = 1000)]
    events: Vec<EventInput>,
}

/// Events that were accepted, in the order given.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AcceptedEvents)]
pub(super) struct BatchView {
    /// One for each event given.
    events: Vec<AcceptedView>,
}

/// Publishes many events, all or none
#[utoipa::path(post, path = "/events/batch", operation_id = "create_events", tag = "events",
    request_body = BatchInput, responses(
        (status = 202, description = "All are stored", body = BatchView),
        (status = 409, description = "An id belongs to an event with other content; nothing was stored"),
    ))]
pub(super) async fn create_events(
    State(webhooks): State<Webhooks>,
    caller: Caller,
    idempotent: Idempotent,
    Json(input): Json<BatchInput>,
) -> Result<Response, Problem> {
    if !(1..=BATCH_MAX).contains(&input.events.len()) {
        return Err(Problem::invalid("/events", format!("must have 1 to {BATCH_MAX} events")));
    }
    let mut events: Vec<NewEvent> = Vec::with_capacity(input.events.len());
    for (position, one) in input.events.into_iter().enumerate() {
        let event = webhooks
            .check_event(caller.company, one.event_type, one.data.into_bytes(), one.id)
            .map_err(|error| Problem::from(error).below(&format!("/events/{position}")))?;
        events.push(event);
    }
    let handle = webhooks.clone();
    idempotency::run(webhooks.db(), idempotent, caller.company, move |tx| {
        let types: Vec<String> = events.iter().map(|event| event.event_type.clone()).collect();
        let published = handle.publish_batch(tx, events)?;
        let views = types.into_iter().zip(published).map(|(name, one)| AcceptedView::of(name, one));
        Ok::<_, BatchError>((StatusCode::ACCEPTED, BatchView { events: views.collect() }))
    })
    .await
}

/// An event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(super) struct EventView {
    /// Its id; the one its sender gave, if any.
    id: String,
    /// The name of its type.
    #[serde(rename = "type")]
    event_type: String,
    /// When it was accepted; also in the body receivers get.
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    /// Its data.
    data: RawJson,
    /// Deliveries created for it, replays included.
    delivery_count: u32,
    /// Its newest deliveries, at most 250, oldest first; left out where events are only listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    deliveries: Option<Vec<DeliveryView>>,
}

impl EventView {
    fn of(event: &Event) -> Self {
        Self {
            id: event.message_id(),
            event_type: event.event_type.clone(),
            timestamp: event.created_at,
            data: RawJson::from_trusted(event.data()),
            delivery_count: event.deliveries,
            deliveries: None,
        }
    }
}

/// Which events to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EventParameters {
    /// Only of this type.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    event_type: Option<String>,
    /// Accepted at this time or later.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Accepted before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Items in a page, 1 to 250; 50 when left out.
    #[param(minimum = 1, maximum = 250, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists events
#[utoipa::path(get, path = "/events", operation_id = "list_events", tag = "events", params(EventParameters),
    responses((status = 200, description = "A page of events; one that looked far without finding, or whose \
        events are large, may be short or empty and still have a `next_cursor`", body = Page<EventView>)))]
pub(super) async fn list_events(
    State(webhooks): State<Webhooks>,
    caller: Caller,
    Query(parameters): Query<EventParameters>,
) -> Result<Json<Page<EventView>>, Problem> {
    let page = PageQuery::parse(parameters.limit, parameters.cursor.as_deref())?;
    let query = EventQuery {
        event_type: parameters.event_type,
        since: parameters.since,
        until: parameters.until,
        before_hi: page.after::<1>()?.map(|[hi]| hi),
        limit: page.limit,
        scan_limit: SCAN_LIMIT,
    };
    let handle = webhooks.clone();
    let (events, next) = read(webhooks.db(), move |snapshot| handle.events(snapshot, caller.company, &query)).await?;
    let data = events.iter().map(EventView::of).collect();
    Ok(Json(Page { data, next_cursor: next.map(|hi| Page::<()>::cursor(&[hi])) }))
}

/// Shows an event with its deliveries
#[utoipa::path(get, path = "/events/{id}", operation_id = "get_event", tag = "events",
    params(("id" = String, Path, description = "The event's id, or the one its sender gave")),
    responses((status = 200, description = "The event", body = EventView), (status = 404, description = "Not there")))]
pub(super) async fn get_event(
    State(webhooks): State<Webhooks>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<EventView>, Problem> {
    let handle = webhooks.clone();
    let view = read(webhooks.db(), move |snapshot| {
        let (event, deliveries) = handle.event(snapshot, caller.company, &id, DELIVERIES_SHOWN)?;
        let mut views = Vec::with_capacity(deliveries.len());
        for delivery in &deliveries {
            let webhook_id = handle.webhook_id(snapshot, caller.company, delivery.webhook_hi())?;
            views.push(DeliveryView::of(delivery, webhook_id));
        }
        Ok(EventView { deliveries: Some(views), ..EventView::of(&event) })
    })
    .await?;
    Ok(Json(view))
}
