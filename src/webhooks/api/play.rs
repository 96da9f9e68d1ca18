//! The inspector over HTTP: the receiver, its page, and what the page asks for.
//!
//! A token is all one needs to look at its requests; it is long, random and given out to callers
//! with a credential only. The page has its script and style at addresses of their own, so that a
//! strict content policy holds.

use std::time::Duration;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{FromRef, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{any, get, put},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    auth::Author,
    base::{Timestamp, WebhookId},
    http::{Idempotent, Json, NoBody, Path, Problem, Query, idempotency, problems},
    webhooks::{
        Error, Webhooks,
        play::{Answer, DELAY_MS_MAX, Incoming, Play, Seen},
    },
};

const PAGE: &str = include_str!("../play/page.html");
const SCRIPT: &str = include_str!("../play/inspector.js");
const STYLE: &str = include_str!("../play/inspector.css");
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The longest body the receiver reads.
const BODY_BYTES_MAX: usize = 2 << 20;

/// The receiver and its page; mounted at the root, not below the API.
pub fn play_routes<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Webhooks: FromRef<S>,
{
    Router::new()
        .route("/play/-/inspector.js", get(|| async { asset("text/javascript; charset=utf-8", SCRIPT) }))
        .route("/play/-/inspector.css", get(|| async { asset("text/css; charset=utf-8", STYLE) }))
        .route("/play/{token}", any(receive))
        .route("/play/{token}/requests", get(list).delete(clear))
        .route("/play/{token}/settings", put(set))
}

fn asset(kind: &'static str, content: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY)], content)
        .into_response()
}

fn known(play: &Play, token: &str) -> Result<u128, Problem> {
    play.read_token(token).ok_or_else(Problem::not_found)
}

async fn receive(
    State(webhooks): State<Webhooks>,
    Path(token): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let play = webhooks.play();
    let token = known(play, &token)?;
    let (parts, body) = request.into_parts();
    if matches!(parts.method, Method::GET | Method::HEAD) {
        return Ok(asset("text/html; charset=utf-8", PAGE));
    }
    let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| Problem::of(&problems::BODY_TOO_LARGE))?;
    let is_signed = verify(&webhooks, &parts.headers, &body);
    let headers = parts
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let answer = play.receive(token, Incoming { method: parts.method.to_string(), headers, body, is_signed });
    if answer.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(u64::from(answer.delay_ms))).await;
    }
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    if status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED {
        return Ok(status.into_response());
    }
    let mut response = Response::new(Body::from("{\"received\":true}"));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// Whether `X-NovaPulse-Signature` is good, when the request names a webhook of this instance.
fn verify(webhooks: &Webhooks, headers: &HeaderMap, body: &[u8]) -> Option<bool> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let id: WebhookId = text("x-novapulse-webhook-id")?.parse().ok()?;
    let signature = text("x-novapulse-signature")?;
    webhooks.verifies(id, signature, body)
}

/// What a token shows.
#[derive(Debug, Serialize)]
struct BoardView {
    status: u16,
    delay_ms: u32,
    total: u64,
    requests: Vec<SeenView>,
}

#[derive(Debug, Serialize)]
struct SeenView {
    number: u64,
    at: Timestamp,
    method: String,
    headers: Vec<(String, String)>,
    body: String,
    body_bytes: usize,
    is_signed: Option<bool>,
    status: u16,
}

impl From<Seen> for SeenView {
    fn from(seen: Seen) -> Self {
        Self {
            number: seen.number,
            at: seen.at,
            method: seen.method,
            headers: seen.headers,
            body: String::from_utf8_lossy(&seen.body).into_owned(),
            body_bytes: seen.body_bytes,
            is_signed: seen.is_signed,
            status: seen.status,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AfterParameters {
    after: Option<u64>,
}

async fn list(
    State(webhooks): State<Webhooks>,
    Path(token): Path<String>,
    Query(parameters): Query<AfterParameters>,
) -> Result<Json<BoardView>, Problem> {
    let play = webhooks.play();
    let shown = play.show(known(play, &token)?, parameters.after.unwrap_or(0));
    Ok(Json(BoardView {
        status: shown.answer.status,
        delay_ms: shown.answer.delay_ms,
        total: shown.total,
        requests: shown.requests.into_iter().map(Into::into).collect(),
    }))
}

async fn clear(State(webhooks): State<Webhooks>, Path(token): Path<String>) -> Result<StatusCode, Problem> {
    let play = webhooks.play();
    play.clear(known(play, &token)?);
    Ok(StatusCode::NO_CONTENT)
}

/// How the receiver answers.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct AnswerInput {
    status: u16,
    delay_ms: u32,
}

async fn set(
    State(webhooks): State<Webhooks>,
    Path(token): Path<String>,
    Json(input): Json<AnswerInput>,
) -> Result<Json<AnswerInput>, Problem> {
    let play = webhooks.play();
    let token = known(play, &token)?;
    if !(200..=599).contains(&input.status) {
        return Err(Problem::invalid("/status", "must be between 200 and 599"));
    }
    if input.delay_ms > DELAY_MS_MAX {
        return Err(Problem::invalid("/delay_ms", format!("must be at most {DELAY_MS_MAX}")));
    }
    play.set_answer(token, Answer { status: input.status, delay_ms: input.delay_ms });
    Ok(Json(input))
}

/// A receiver for trying webhooks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlayReceiver)]
pub(super) struct PlayView {
    /// Names the receiver.
    token: String,
    /// Where it is on this server: requests go there, and a browser shows them there.
    #[schema(example = "/play/01jd3k7q4m8x2b5n6p9r0s1t2v")]
    path: String,
}

/// Makes a receiver that shows what it is sent
#[utoipa::path(post, path = "/play", operation_id = "create_play_receiver", tag = "webhooks",
    responses((status = 201, description = "The receiver", body = PlayView)))]
pub(super) async fn create_play_receiver(
    State(webhooks): State<Webhooks>,
    author: Author,
    idempotent: Idempotent,
    _: NoBody,
) -> Result<Response, Problem> {
    let handle = webhooks.clone();
    idempotency::run_sealed(webhooks.db(), webhooks.seal(), idempotent, author.caller.company, move |tx| {
        let token = handle.create_receiver(tx, author.by())?;
        let path = format!("/play/{token}");
        Ok::<_, Error>((StatusCode::CREATED, PlayView { token, path }))
    })
    .await
}
