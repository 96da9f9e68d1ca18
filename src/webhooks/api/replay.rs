//! Replaying deliveries of a webhook, and an event.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::read;
use crate::{
    auth::Author,
    base::{JobId, Timestamp, WebhookId},
    http::{Idempotent, Json, NoBody, Path, Problem, idempotency},
    webhooks::{DeliveryState, Error, Replay, Webhooks, subscription::EVENT_TYPE_BYTES_MAX},
};

const LIST_MAX: usize = 100;

/// Which deliveries to replay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "since": "2026-01-01T00:00:00.000Z", "states": ["failed"], "dry_run": true }))]
pub(super) struct ReplayInput {
    /// Created at this time or later.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Created before this time; now when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// In one of these states: `succeeded`, `failed`, `cancelled`; `failed` when left out.
    states: Option<Vec<String>>,
    /// Of one of these event types; any when left out.
    event_types: Option<Vec<String>>,
    /// Only count.
    dry_run: Option<bool>,
}

/// A replay, begun or only counted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Replay)]
pub(super) struct ReplayView {
    /// Deliveries that match now.
    matched: u64,
    /// Whether all were looked at; otherwise there may be more than `matched`. A count looks at 20,000 deliveries.
    is_complete: bool,
    /// The job that begins the replay; null when only counted.
    #[schema(value_type = Option<String>, required)]
    job_id: Option<JobId>,
}

impl ReplayInput {
    fn replay(self, webhook_id: WebhookId, now: Timestamp) -> Result<(Replay, bool), Problem> {
        let until = self.until.unwrap_or(now);
        if until <= self.since {
            return Err(Problem::invalid("/until", "must be later than since"));
        }
        let states = self.states.unwrap_or_default();
        for (position, state) in states.iter().enumerate() {
            let is_finished = state.parse().is_ok_and(|state: DeliveryState| state != DeliveryState::Pending);
            if !is_finished || position >= LIST_MAX {
                return Err(Problem::invalid(format!("/states/{position}"), "must be succeeded, failed or cancelled"));
            }
        }
        let event_types = self.event_types.unwrap_or_default();
        if event_types.len() > LIST_MAX || event_types.iter().any(|name| name.len() > EVENT_TYPE_BYTES_MAX) {
            return Err(Problem::invalid("/event_types", format!("must be at most {LIST_MAX} names of event types")));
        }
        let replay = Replay { webhook_id, since: self.since, until, states, event_types, after_hi: 0 };
        Ok((replay, self.dry_run.unwrap_or(false)))
    }
}

/// Delivers finished deliveries of a webhook again
#[utoipa::path(post, path = "/webhooks/{id}/replay", operation_id = "replay_webhook", tag = "webhooks",
    params(("id" = String, Path, description = "The webhook's id")), request_body = ReplayInput, responses(
        (status = 200, description = "The count, with `dry_run`", body = ReplayView),
        (status = 202, description = "The replay has begun", body = ReplayView),
        (status = 404, description = "Not there"),
        (status = 409, description = "The webhook is disabled"),
    ))]
pub(super) async fn replay_webhook(
    State(webhooks): State<Webhooks>,
    author: Author,
    Path(id): Path<WebhookId>,
    idempotent: Idempotent,
    Json(input): Json<ReplayInput>,
) -> Result<Response, Problem> {
    let (replay, is_dry) = input.replay(id, webhooks.db().now())?;
    if let Some(kept) = idempotency::kept(webhooks.db(), None, &idempotent, author.caller.company).await? {
        return Ok(kept);
    }
    let (handle, wanted, company) = (webhooks.clone(), replay.clone(), author.caller.company);
    let (matched, is_complete) =
        read(webhooks.db(), move |snapshot| handle.count_replay(snapshot, company, &wanted)).await?;
    let handle = webhooks.clone();
    idempotency::run(webhooks.db(), idempotent, company, move |tx| {
        let job_id = if is_dry { None } else { Some(handle.replay(tx, author.by(), &replay)?) };
        let status = if is_dry { StatusCode::OK } else { StatusCode::ACCEPTED };
        Ok::<_, Error>((status, ReplayView { matched, is_complete, job_id }))
    })
    .await
}

/// An event that is delivered again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventReplay)]
pub(super) struct EventReplayView {
    /// The event.
    id: String,
    /// New deliveries: one for each enabled webhook that subscribes to it now.
    deliveries: u32,
}

/// Delivers an event again to the webhooks that subscribe to it now
#[utoipa::path(post, path = "/events/{id}/replay", operation_id = "replay_event", tag = "events",
    params(("id" = String, Path, description = "The event's id, or the one its sender gave")), responses(
        (status = 202, description = "The new deliveries are due", body = EventReplayView),
        (status = 404, description = "Not there"),
    ))]
pub(super) async fn replay_event(
    State(webhooks): State<Webhooks>,
    author: Author,
    Path(id): Path<String>,
    idempotent: Idempotent,
    _: NoBody,
) -> Result<Response, Problem> {
    let handle = webhooks.clone();
    idempotency::run(webhooks.db(), idempotent, author.caller.company, move |tx| {
        let deliveries = handle.replay_event(tx, author.by(), &id)?;
        Ok::<_, Error>((StatusCode::ACCEPTED, EventReplayView { id, deliveries }))
    })
    .await
}
