//! Following changes over HTTP: page by page, and live.

#![expect(unused_qualifications, reason = "written by the macro that describes an operation")]

use axum::{
    extract::{FromRef, FromRequestParts, State},
    http::{HeaderName, request::Parts},
    response::Response,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Changes, Error,
    reading::{self, Change, Cursor, Object},
};
use crate::{
    auth::{Auth, Caller},
    base::Timestamp,
    http::{Json, LIMIT_DEFAULT, LIMIT_MAX, Problem, Query, event_stream, problems},
};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// What `after` says to begin with what comes next.
const END: &str = "end";
/// When to come again after too many streams, in seconds.
const STREAM_RETRY_S: u32 = 5;

/// The routes, relative to where they are mounted.
pub fn routes<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Changes: FromRef<S>,
    Auth: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(list_changes)).routes(routes!(get_stream))
}

/// Which changes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ChangesParameters {
    /// `next_cursor` of the page before; from the oldest that is kept when left out; `end` begins with what comes next.
    after: Option<String>,
    /// Changes in a page, 1 to 250; 50 when left out.
    #[param(minimum = 1, maximum = 250, default = 50)]
    limit: Option<u32>,
}

/// One change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Change)]
struct ChangeDocument {
    /// The place behind it.
    #[schema(example = "812-3")]
    cursor: String,
    /// When it was committed.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// `job` or `delivery`.
    #[schema(example = "job")]
    object: &'static str,
    /// The id of the job or delivery.
    id: String,
    /// Of a job `created`, `waiting` (back in line), `delayed`, `started`, `retrying`, `completed`, `failed` or `cancelled`; of a
    /// delivery `created`, `retrying`, `succeeded`, `failed` or `cancelled`.
    #[schema(example = "completed")]
    change: &'static str,
    /// The job's queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<String>,
    /// The job's kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
}

impl ChangeDocument {
    /// What the feed holds of a change; what is for one reader is on the stream only.
    fn of(change: Change) -> Option<Self> {
        let Change { cursor, at, object } = change;
        let cursor = cursor.to_string();
        match object {
            Object::Job { id, queue, kind, change } => {
                let (queue, kind) = (Some(queue), Some(kind));
                Some(Self { cursor, at, object: "job", id, change: change.as_str(), queue, kind })
            }
            Object::Delivery { id, change } => {
                Some(Self { cursor, at, object: "delivery", id, change: change.as_str(), queue: None, kind: None })
            }
            Object::Notification(_) => None,
        }
    }
}

/// Some changes, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
struct ChangesPage {
    /// The changes, in the order of their commits.
    data: Vec<ChangeDocument>,
    /// Pass it as `after` for what follows; also when there is nothing more yet.
    #[schema(example = "812-3")]
    next_cursor: String,
    /// Whether there is more already.
    has_more: bool,
}

/// Lists what changed, the oldest first
///
/// Changes of the company's jobs and deliveries in the order of their commits; a change that was answered is in the feed.
/// Kept for three days, less when they are very many. A change whose job is not there any more is left out. The jobs that
/// carry deliveries are not told: deliveries are.
#[utoipa::path(get, path = "/changes", operation_id = "list_changes", tag = "changes", params(ChangesParameters), responses(
    (status = 200, description = "Some changes", body = ChangesPage),
    (status = 410, description = "What follows the cursor was removed"),
))]
async fn list_changes(
    State(changes): State<Changes>,
    caller: Caller,
    Query(parameters): Query<ChangesParameters>,
) -> Result<Json<ChangesPage>, Problem> {
    let limit = parameters.limit.map_or(LIMIT_DEFAULT, |limit| limit as usize);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Problem::invalid("/limit", format!("must be between 1 and {LIMIT_MAX}")));
    }
    let from_end = parameters.after.as_deref() == Some(END);
    let after = parameters.after.as_deref().filter(|_| !from_end).map(str::parse::<Cursor>).transpose();
    let after = after.map_err(|()| Problem::invalid("/after", "is not a cursor of this feed"))?;
    let queues = changes.parts().queues.clone();
    let read = changes.parts().db.read(move |snapshot| {
        let after = if from_end { Some(reading::end(snapshot, caller.company)?) } else { after };
        reading::page(snapshot, &queues, (caller.company, None), after, limit)
    });
    let batch = read.await.map_err(Error::from)??;
    Ok(Json(ChangesPage {
        data: batch.changes.into_iter().filter_map(ChangeDocument::of).collect(),
        next_cursor: batch.next.to_string(),
        has_more: batch.has_more,
    }))
}

/// The place an `EventSource` names when it comes again; one that names none of ours begins anew.
struct LastEventId(Option<Cursor>);

impl<S: Send + Sync> FromRequestParts<S> for LastEventId {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let text = parts.headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok());
        Ok(Self(text.and_then(|text| text.parse().ok())))
    }
}

/// Follows what changes, live
///
/// Server-sent events: `ready` at the start; `change` with a line of the feed; `notification` with one that is new for the
/// person, as `GET /notifications` shows it; `notifications_read` when the person has marked some as read, in whatever window;
/// `queues` with the figures of the queues, at most
/// once a second and only when something changed; `dropped` when the client was too far behind and goes on from the end; `end`
/// with a reason when the server ends the stream, as when the session ends. The id of an event is a cursor of the feed, and
/// `Last-Event-ID` resumes behind it. Comments keep the connection open. A company has at most 50 streams.
#[utoipa::path(get, path = "/stream", operation_id = "get_stream", tag = "changes",
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was seen")), responses(
        (status = 200, description = "Events until one side ends it", body = String, content_type = "text/event-stream"),
        (status = 429, description = "The company has as many streams as it may"),
    ))]
async fn get_stream(
    State(changes): State<Changes>,
    caller: Caller,
    LastEventId(after): LastEventId,
) -> Result<Response, Problem> {
    Ok(event_stream(changes.open(caller, after).await?))
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let words = error.to_string();
        match error {
            Error::Gone { .. } => Self::of(&problems::CURSOR_GONE).detail(words),
            Error::TooManyStreams(_) => {
                Self::of(&problems::TOO_MANY_STREAMS).detail(words).retry_after_s(STREAM_RETRY_S)
            }
            Error::Stopping => Self::of(&problems::SHUTTING_DOWN).detail(words).retry_after_s(STREAM_RETRY_S),
            Error::Storage(error) => error.into(),
        }
    }
}
