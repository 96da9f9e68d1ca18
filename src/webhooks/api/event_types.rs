//! The catalogue of event types on the wire.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::read;
use crate::{
    auth::{Author, Caller},
    base::Timestamp,
    http::{Change, Idempotent, IfMatch, Json, Page, PageParameters, PageQuery, Path, Problem, idempotency},
    webhooks::{Error, Webhooks, service::event_types::EventType},
};

/// An event type to add to the catalogue.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "order.created", "description": "An order was placed",
    "schema": { "type": "object", "required": ["order_id"] }, "example": { "order_id": 42 } }))]
pub(super) struct EventTypeInput {
    /// Dotted parts of letters, digits, `_` and `-`.
    #[schema(max_length = 128)]
    name: String,
    /// What it means.
    description: Option<String>,
    /// JSON Schema of the data; for receivers to read, not checked when events are published.
    #[schema(value_type = Option<Object>)]
    schema: Option<Value>,
    /// An example of the data; must conform to the schema.
    #[schema(value_type = Option<Object>)]
    example: Option<Value>,
}

/// Changes to an event type: fields left out stay, null clears.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "description": "An order was placed" }))]
pub(super) struct EventTypePatch {
    /// What it means.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    description: Change<String>,
    /// Replaces the whole schema.
    #[schema(value_type = Option<Object>)]
    #[serde(default)]
    schema: Change<Value>,
    /// Replaces the whole example.
    #[schema(value_type = Option<Object>)]
    #[serde(default)]
    example: Change<Value>,
}

/// An event type of the catalogue.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventType)]
pub(super) struct EventTypeView {
    /// Its name.
    name: String,
    /// What it means.
    description: String,
    /// JSON Schema of the data.
    #[schema(value_type = Option<Object>, required)]
    schema: Option<Value>,
    /// An example of the data.
    #[schema(value_type = Option<Object>, required)]
    example: Option<Value>,
    /// When it was added.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it changed last.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<EventType> for EventTypeView {
    fn from(from: EventType) -> Self {
        Self {
            name: from.name,
            description: from.description,
            schema: from.schema,
            example: from.example,
            created_at: from.created_at,
            updated_at: from.updated_at,
        }
    }
}

/// Lists the event types of the company by name
#[utoipa::path(get, path = "/event-types", operation_id = "list_event_types", tag = "events", params(PageParameters),
    responses((status = 200, description = "A page of event types", body = Page<EventTypeView>)))]
pub(super) async fn list_event_types(
    State(webhooks): State<Webhooks>,
    caller: Caller,
    page: PageQuery,
) -> Result<Json<Page<EventTypeView>>, Problem> {
    let after = page.after_bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let limit = page.limit;
    let handle = webhooks.clone();
    let found =
        read(webhooks.db(), move |snapshot| handle.event_types(snapshot, caller.company, after.as_deref(), limit + 1))
            .await?;
    let views: Vec<EventTypeView> = found.into_iter().map(Into::into).collect();
    Ok(Json(Page::cut_bytes(views, limit, |last| last.name.clone().into_bytes())))
}

/// Adds an event type to the catalogue
#[utoipa::path(post, path = "/event-types", operation_id = "create_event_type", tag = "events",
    request_body = EventTypeInput, responses(
        (status = 201, description = "The event type", body = EventTypeView),
        (status = 409, description = "There is one of that name"),
    ))]
pub(super) async fn create_event_type(
    State(webhooks): State<Webhooks>,
    author: Author,
    idempotent: Idempotent,
    Json(input): Json<EventTypeInput>,
) -> Result<Response, Problem> {
    let none = Timestamp::from_ms(0);
    let new = EventType {
        name: input.name,
        description: input.description.unwrap_or_default(),
        schema: input.schema,
        example: input.example,
        created_at: none,
        updated_at: none,
    };
    let new = read(webhooks.db(), move |_| new.check().map(|()| new)).await?;
    let handle = webhooks.clone();
    idempotency::run(webhooks.db(), idempotent, author.caller.company, move |tx| {
        let created = handle.create_event_type(tx, author.by(), new)?;
        Ok::<_, Error>((StatusCode::CREATED, EventTypeView::from(created)))
    })
    .await
}

/// Shows an event type
#[utoipa::path(get, path = "/event-types/{name}", operation_id = "get_event_type", tag = "events",
    params(("name" = String, Path, description = "The name")),
    responses((status = 200, description = "The event type", body = EventTypeView), (status = 404, description = "Not there")))]
pub(super) async fn get_event_type(
    State(webhooks): State<Webhooks>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<EventTypeView>, Problem> {
    let handle = webhooks.clone();
    let found = read(webhooks.db(), move |snapshot| handle.event_type(snapshot, caller.company, &name)).await?;
    Ok(Json(found.into()))
}

/// Changes an event type
#[utoipa::path(patch, path = "/event-types/{name}", operation_id = "update_event_type", tag = "events",
    params(("name" = String, Path, description = "The name")), request_body = EventTypePatch, responses(
        (status = 200, description = "The event type as it is now", body = EventTypeView),
        (status = 404, description = "Not there"),
        (status = 412, description = "It is not what `If-Match` names"),
    ))]
pub(super) async fn update_event_type(
    State(webhooks): State<Webhooks>,
    author: Author,
    Path(name): Path<String>,
    if_match: IfMatch,
    Json(patch): Json<EventTypePatch>,
) -> Result<Json<EventTypeView>, Problem> {
    let (handle, company) = (webhooks.clone(), author.caller.company);
    let (seen, wanted) = read(webhooks.db(), move |snapshot| {
        let seen = handle.event_type(snapshot, company, &name)?;
        let mut wanted = seen.clone();
        patch.description.apply_or_default(&mut wanted.description);
        patch.schema.apply(&mut wanted.schema);
        patch.example.apply(&mut wanted.example);
        wanted.check()?;
        Ok((seen, wanted))
    })
    .await?;
    let handle = webhooks.clone();
    let updated = webhooks.db().write(move |tx| {
        if_match.check(&EventTypeView::from(handle.event_type(tx, author.caller.company, &seen.name)?))?;
        Ok::<_, Problem>(handle.update_event_type(tx, author.by(), &seen, wanted)?)
    });
    let updated = updated.await?;
    Ok(Json(updated.into()))
}

/// Removes an event type from the catalogue
#[utoipa::path(delete, path = "/event-types/{name}", operation_id = "delete_event_type", tag = "events",
    params(("name" = String, Path, description = "The name")),
    responses((status = 204, description = "Removed"), (status = 404, description = "Not there")))]
pub(super) async fn delete_event_type(
    State(webhooks): State<Webhooks>,
    author: Author,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let handle = webhooks.clone();
    webhooks.db().write_reclaiming(move |tx| handle.delete_event_type(tx, author.by(), &name)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
