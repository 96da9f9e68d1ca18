//! One line per slice, the OpenAPI document, and what is served beside the API.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{Request, header},
    response::{IntoResponse, Response},
    routing::get,
};
use utoipa_axum::router::OpenApiRouter;

use super::{Error, security_txt, state::State, ui};
use crate::{
    accounts, auth,
    base::Clock,
    changes,
    config::Server,
    emails,
    http::{
        KnownParameters, Problem,
        openapi::{self, Document},
    },
    jobs, reports, schedules, settings, system, webhooks,
};

/// Where the API lives.
const API: &str = "/api/v1";
const ROBOTS: &str = "User-agent: *\nDisallow: /\n";

/// The operations of every slice with the document that describes them, relative to [`API`].
fn api() -> Result<(Router<Arc<State>>, Document), Error> {
    let slices = OpenApiRouter::with_openapi(openapi::base())
        .merge(accounts::api::routes())
        .merge(emails::api::routes())
        .merge(webhooks::api::routes())
        .merge(reports::api::routes())
        .merge(jobs::api::routes())
        .merge(schedules::api::routes())
        .merge(changes::api::routes())
        .merge(settings::api::routes())
        .merge(system::api::routes());
    let (router, mut operations) = slices.split_for_parts();
    auth::describe(&mut operations);
    Ok((router, Document::build(&operations)?))
}

/// Everything the server answers, and the query parameters its operations have.
pub(super) fn router(
    state: State,
    server: &Server,
    clock: &Arc<dyn Clock>,
) -> Result<(Router, KnownParameters), Error> {
    let (api, document) = api()?;
    let parameters = document.parameters().clone();
    // Probes and scrapers find health and metrics without the prefix too.
    let (bare, _) = system::api::probes::<Arc<State>>().split_for_parts();
    let (server, clock) = (server.clone(), Arc::clone(clock));
    let router = Router::new()
        .nest(API, api)
        .merge(bare)
        .merge(document.routes())
        .merge(webhooks::api::play_routes())
        .route("/robots.txt", get(|| async { text(ROBOTS) }))
        .route("/.well-known/security.txt", get(|| async move { security_txt::respond(&server, clock.now()) }))
        .fallback(|request: Request<Body>| async move {
            ui::respond(&request).unwrap_or_else(|| Problem::not_found().into_response())
        });
    Ok((router.with_state(Arc::new(state)), parameters))
}

/// The OpenAPI document as JSON.
///
/// # Errors
/// When it cannot be written as JSON, which would be a defect of a schema.
pub fn openapi_json() -> Result<Vec<u8>, Error> {
    let (_, document) = api()?;
    Ok(document.json().to_vec())
}

fn text(content: &'static str) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], content).into_response()
}
