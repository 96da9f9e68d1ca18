//! Deliveries and attempts on the wire, and the delivery log of a webhook.

#![expect(unused_qualifications, reason = "written by the macro that describes an operation")]

use std::collections::BTreeMap;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::read;
use crate::{
    auth::Caller,
    base::{AttemptId, DeliveryId, JobId, Timestamp, WebhookId},
    http::{Json, Page, PageQuery, Path, Problem, Query},
    webhooks::{
        DeliveryState, Webhooks,
        attempt::{header_lines, request_url},
        model::{Attempt, Delivery},
        store::DeliveryQuery,
    },
};

/// Rows of each table that one page looks at.
const SCAN_LIMIT: usize = 10_000;
/// Bytes of an answer's body shown in the log; the delivery itself shows all that is kept.
const LOG_BODY_BYTES: usize = 1024;

/// One event for one webhook.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(super) struct DeliveryView {
    /// Its id, also in `X-NovaPulse-Delivery-Id`.
    #[schema(value_type = String, example = "dlv_01jd3k7q4m8x2b5n6p9r0s1t2v")]
    pub(super) id: DeliveryId,
    /// The webhook; null when nothing of it is left.
    #[schema(value_type = Option<String>, required)]
    pub(super) webhook_id: Option<WebhookId>,
    /// The event, by the id its sender knows.
    pub(super) event_id: String,
    /// The type of the event.
    pub(super) event_type: String,
    /// `pending`, `succeeded`, `failed` or `cancelled`.
    pub(super) state: &'static str,
    /// Why it exists: `event`, `replay` or `test`.
    pub(super) trigger: &'static str,
    /// Attempts made so far.
    pub(super) attempt_count: u32,
    /// When the next attempt is due; null when at once or never.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub(super) next_attempt_at: Option<Timestamp>,
    /// HTTP status of the last answer.
    #[schema(required)]
    pub(super) last_status: Option<u16>,
    /// Why the last attempt failed, in words.
    #[schema(required)]
    pub(super) last_error: Option<String>,
    /// The job that carries it, or carried it last.
    #[schema(value_type = Option<String>, required)]
    pub(super) job_id: Option<JobId>,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub(super) created_at: Timestamp,
    /// When it was finished.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub(super) finished_at: Option<Timestamp>,
    /// Its attempts, first to last; left out where deliveries are only listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) attempts: Option<Vec<AttemptView>>,
}

impl DeliveryView {
    pub(super) fn of(delivery: &Delivery, webhook_id: Option<WebhookId>) -> Self {
        Self {
            id: delivery.id,
            webhook_id,
            event_id: delivery.message_id(),
            event_type: delivery.event_type.clone(),
            state: delivery.state.as_str(),
            trigger: delivery.trigger.as_str(),
            attempt_count: delivery.attempts,
            next_attempt_at: delivery.next_attempt_at,
            last_status: delivery.last_status,
            last_error: (!delivery.last_error.is_empty()).then(|| delivery.last_error.clone()),
            job_id: delivery.job,
            created_at: delivery.created_at(),
            finished_at: delivery.finished_at,
            attempts: None,
        }
    }
}

/// One HTTP try of a delivery.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Attempt)]
pub(super) struct AttemptView {
    /// Its id.
    #[schema(value_type = String, example = "att_01jd3k7q4m8x2b5n6p9r0s1t2v")]
    id: AttemptId,
    /// 1 for the first of its delivery.
    number: u32,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// Whether the receiver answered with 2xx in time.
    succeeded: bool,
    /// HTTP status of the answer, when there was one.
    #[schema(required)]
    status: Option<u16>,
    /// What kind of failure it was: `status`, `redirect`, `gone`, `throttled`, `dns`, `connect`, `tls`, `protocol`,
    /// `timeout`, `blocked`, or `interrupted` by a restart: then nobody knows whether the receiver got it, and it used
    /// up no retry.
    #[schema(required)]
    failure: Option<&'static str>,
    /// Why it failed, in words.
    #[schema(required)]
    reason: Option<String>,
    /// The address connected to.
    #[schema(required, example = "93.184.215.14:443")]
    address: Option<String>,
    /// What was sent.
    request: RequestView,
    /// What came back, when something did.
    #[schema(required)]
    response: Option<ResponseView>,
    /// How long each part took.
    phases: PhasesView,
}

/// What was sent; the body is the event's.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = AttemptRequest)]
pub(super) struct RequestView {
    /// Where to.
    url: String,
    /// The headers; credentials show as `***`.
    headers: BTreeMap<String, String>,
}

/// What came back.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = AttemptResponse)]
pub(super) struct ResponseView {
    /// The headers; credentials show as `***`.
    headers: BTreeMap<String, String>,
    /// The beginning of the body as text.
    body: String,
    /// Whether the body was longer.
    is_truncated: bool,
}

/// How long each part of an attempt took, in milliseconds.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = AttemptPhases)]
pub(super) struct PhasesView {
    /// Looking up the name.
    dns_ms: f64,
    /// Opening the connection.
    connect_ms: f64,
    /// The TLS handshake.
    tls_ms: f64,
    /// Sending the request.
    write_ms: f64,
    /// Waiting for the first byte of the answer.
    wait_ms: f64,
    /// Reading the answer.
    read_ms: f64,
    /// All of it.
    total_ms: f64,
    /// Whether an open connection was used again.
    is_reused: bool,
}

impl AttemptView {
    pub(super) fn of(attempt: &Attempt, body_bytes: usize) -> Self {
        let ms = |us: u32| f64::from(us) / 1000.0;
        let phases = &attempt.phases;
        let has_response = attempt.status.is_some() || !attempt.response.is_empty();
        let body = attempt.body.get(..body_bytes).unwrap_or(&attempt.body);
        let response = has_response.then(|| ResponseView {
            headers: header_map(header_lines(&attempt.response)),
            body: String::from_utf8_lossy(body).into_owned(),
            is_truncated: attempt.is_truncated || body.len() < attempt.body.len(),
        });
        Self {
            id: attempt.id,
            number: attempt.number,
            started_at: attempt.started_at,
            succeeded: attempt.failure.is_none(),
            status: attempt.status,
            failure: attempt.failure.map(crate::webhooks::response::FailureKind::name),
            reason: (!attempt.reason.is_empty()).then(|| attempt.reason.clone()),
            address: attempt.address.map(|address| address.to_string()),
            request: RequestView {
                url: request_url(&attempt.request).to_owned(),
                headers: header_map(header_lines(&attempt.request)),
            },
            response,
            phases: PhasesView {
                dns_ms: ms(phases.dns_us),
                connect_ms: ms(phases.connect_us),
                tls_ms: ms(phases.tls_us),
                write_ms: ms(phases.write_us),
                wait_ms: ms(phases.wait_us),
                read_ms: ms(phases.read_us),
                total_ms: ms(phases.total_us),
                is_reused: phases.is_reused,
            },
        }
    }
}

/// Headers by name; repeated ones joined as HTTP allows.
fn header_map<'a>(lines: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, String> {
    let mut map: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in lines {
        match map.get_mut(name) {
            Some(known) => {
                known.push_str(", ");
                known.push_str(value);
            }
            None => {
                map.insert(name.to_owned(), value.to_owned());
            }
        }
    }
    map
}

/// Which deliveries to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LogParameters {
    /// Only in these states, separated by commas: `pending`, `succeeded`, `failed`, `cancelled`.
    state: Option<String>,
    /// Only of these event types, separated by commas.
    event_type: Option<String>,
    /// Created at this time or later.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Created before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Items in a page, 1 to 250; 50 when left out.
    #[param(minimum = 1, maximum = 250, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl LogParameters {
    fn query(&self) -> Result<(DeliveryQuery, PageQuery), Problem> {
        let page = PageQuery::parse(self.limit, self.cursor.as_deref())?;
        let listed = |text: &Option<String>| -> Vec<String> {
            let text = text.as_deref().unwrap_or_default();
            text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
        };
        let states: Result<Vec<DeliveryState>, Problem> = listed(&self.state)
            .iter()
            .map(|state| state.parse().map_err(|error| Problem::invalid("/state", format!("{error}"))))
            .collect();
        let query = DeliveryQuery {
            states: states?,
            event_types: listed(&self.event_type),
            since: self.since,
            until: self.until,
            before_hi: page.after::<1>()?.map(|[hi]| hi),
            limit: page.limit,
            scan_limit: SCAN_LIMIT,
            ..DeliveryQuery::default()
        };
        Ok((query, page))
    }
}

/// Lists the deliveries of a webhook with their attempts
#[utoipa::path(get, path = "/webhooks/{id}/logs", operation_id = "list_webhook_logs", tag = "webhooks",
    params(("id" = String, Path, description = "The webhook's id"), LogParameters), responses(
        (status = 200, description = "A page of deliveries; one that looked far without finding may be empty and still \
            have a `next_cursor`", body = Page<DeliveryView>),
        (status = 404, description = "Not there"),
    ))]
pub(super) async fn list_webhook_logs(
    State(webhooks): State<Webhooks>,
    caller: Caller,
    Path(id): Path<WebhookId>,
    Query(parameters): Query<LogParameters>,
) -> Result<Json<Page<DeliveryView>>, Problem> {
    let (query, _) = parameters.query()?;
    let handle = webhooks.clone();
    let (rows, next) = read(webhooks.db(), move |snapshot| handle.log(snapshot, caller.company, id, &query)).await?;
    let data = rows
        .iter()
        .map(|(delivery, attempts)| DeliveryView {
            attempts: Some(attempts.iter().map(|attempt| AttemptView::of(attempt, LOG_BODY_BYTES)).collect()),
            ..DeliveryView::of(delivery, Some(id))
        })
        .collect();
    Ok(Json(Page { data, next_cursor: next.map(|hi| Page::<()>::cursor(&[hi])) }))
}
