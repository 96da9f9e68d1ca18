//! One line per slice; the OpenAPI document; what is served beside the API.

use axum::{
    Router,
    body::Body,
    extract::Path,
    http::{HeaderValue, Request, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use utoipa::openapi::{
    ComponentsBuilder, Info, InfoBuilder, License, OpenApi, OpenApiBuilder, Server,
    security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
};
use utoipa_axum::router::OpenApiRouter;

use super::{Error, docs, state::State, ui};
use crate::{
    http::{Problem, problems},
    system,
};

/// Where the API lives.
const API: &str = "/api/v1";
const SECURITY_CONTACT: &str = "Contact: mailto:security@novapulse.invalid\nExpires: 2036-01-01T00:00:00.000Z\n\
     Preferred-Languages: en\n";

/// The operations of every slice, relative to [`API`].
fn api() -> OpenApiRouter<State> {
    OpenApiRouter::with_openapi(description()).merge(system::api::routes())
}

/// Everything the server answers.
pub(super) fn router(state: State) -> Result<Router, Error> {
    let (api, document) = api().split_for_parts();
    let page = docs::page(&serde_json::to_value(&document)?);
    let document = serialize(&document)?;
    let (bare, _) = system::api::routes::<State>().split_for_parts();
    let openapi = get(move || async move { content("application/json", document) });
    let router = Router::new()
        .nest(API, api)
        .merge(bare)
        .route("/api/v1/openapi.json", openapi.clone())
        .route("/openapi.json", openapi)
        .route("/docs", get(move || async move { content("text/html; charset=utf-8", page) }))
        .route("/docs/style.css", get(|| async { content("text/css; charset=utf-8", docs::STYLE) }))
        .route("/problems/{code}", get(problem))
        .route("/robots.txt", get(|| async { content("text/plain; charset=utf-8", "User-agent: *\nDisallow: /\n") }))
        .route("/.well-known/security.txt", get(|| async { content("text/plain; charset=utf-8", SECURITY_CONTACT) }))
        .fallback(|request: Request<Body>| async move {
            ui::respond(&request).unwrap_or_else(|| Problem::not_found().into_response())
        });
    Ok(router.with_state(state))
}

/// The OpenAPI document as JSON.
///
/// # Errors
/// When it cannot be written as JSON, which would be a defect of a schema.
pub fn openapi_json() -> Result<String, Error> {
    serialize(&api().split_for_parts().1)
}

fn serialize(document: &OpenApi) -> Result<String, Error> {
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    Ok(text)
}

fn description() -> OpenApi {
    let licence = License::builder().name("Apache-2.0").identifier(Some("Apache-2.0")).build();
    let info: Info = InfoBuilder::new()
        .title("NovaPulse")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Durable jobs and signed webhooks.\n\nErrors are `application/problem+json`; their `type` leads to a page \
             that says what happened and what to do. Lists are paged by cursor. `Idempotency-Key` works on every POST.",
        ))
        .license(Some(licence))
        .build();
    let key = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API key: `np_live_…`")).build();
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new(API)]))
        .components(Some(ComponentsBuilder::new().security_scheme("api_key", SecurityScheme::Http(key)).build()))
        .security(Some([SecurityRequirement::new::<_, [&str; 0], &str>("api_key", [])]))
        .build()
}

/// The page behind a problem's `type`.
async fn problem(Path(code): Path<String>) -> Response {
    match problems::find(&code) {
        Some(kind) => content("text/html; charset=utf-8", docs::problem_page(kind)),
        None => Problem::not_found().into_response(),
    }
}

fn content(kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'"),
    );
    response
}
