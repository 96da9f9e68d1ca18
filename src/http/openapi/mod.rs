//! The OpenAPI document: what the handlers declare, plus what holds for all of them, and the page made from it.
//!
//! Slices collect their operations in an `OpenApiRouter`; the composition root joins them, starting from [`base`], and
//! builds a [`Document`] from the result. The reference page is rendered here at start-up from the same document: plain
//! HTML with one style sheet and no script, so it works offline, under the strictest content policy and without a
//! browser's help. (A vendored Swagger UI was looked at: 1.4 MB of script, inline styles, and the same content.)

mod page;
mod schemas;

use axum::{
    Router,
    body::Bytes,
    extract::Path,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::{FieldError, KnownParameters, Problem, ProblemDocument, json_response, problems};

/// What the document begins with, before any operation.
#[derive(OpenApi)]
#[openapi(components(schemas(ProblemDocument, FieldError)))]
struct Base;

/// The empty document the composition root starts from.
#[must_use]
pub fn base() -> utoipa::openapi::OpenApi {
    Base::openapi()
}

/// Where the operations are served.
const BASE: &str = "/api/v1";

const DESCRIPTION: &str = "Durable jobs, signed webhooks and workflows.\n\n\
    Times are RFC 3339 in UTC with milliseconds; ids are prefixed texts that sort by creation. Lists take `limit` \
    (50, at most 250) and `cursor`, and answer `data` and `next_cursor`, newest first. Errors are \
    `application/problem+json` (RFC 9457). Every POST takes an `Idempotency-Key`: the same key with the same body gets \
    the first answer again for 24 hours. Every answer carries `X-Request-Id`. GETs carry an `ETag`; PATCH is a JSON \
    merge patch and honours `If-Match`.";

/// The finished document in both forms.
#[derive(Debug, Clone)]
pub struct Document {
    json: Bytes,
    page: Bytes,
    parameters: KnownParameters,
}

impl Document {
    /// Adds what all operations share, and renders the page.
    ///
    /// # Errors
    /// When the document cannot be written as JSON, which a test would show.
    pub fn build(api: &utoipa::openapi::OpenApi) -> Result<Self, serde_json::Error> {
        let mut document = serde_json::to_value(api)?;
        complete(&mut document);
        let mut text = serde_json::to_vec_pretty(&document)?;
        text.push(b'\n');
        let page = page::render(&document).map_err(serde::ser::Error::custom)?;
        let parameters = KnownParameters::of(&document, BASE);
        Ok(Self { json: text.into(), page: page.into(), parameters })
    }

    /// The document as it is served and as it stands in `docs/reference/openapi.json`.
    #[must_use]
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    /// The query parameters of each operation.
    #[must_use]
    pub const fn parameters(&self) -> &KnownParameters {
        &self.parameters
    }

    /// The routes of the document, the page and the problem pages; not part of the document themselves.
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        let (json, page) = (self.json.clone(), self.page.clone());
        let json = get(async move || json_response(StatusCode::OK, json.clone()));
        Router::new()
            .route("/api/v1/openapi.json", json.clone())
            .route("/openapi.json", json)
            .route("/docs", get(async move || html(page.clone())))
            .route("/docs/style.css", get(style))
            .route("/problems/{code}", get(problem_page))
    }
}

fn complete(document: &mut Value) {
    document["info"] = json!({
        "title": "NovaPulse API",
        "version": env!("CARGO_PKG_VERSION"),
        "description": DESCRIPTION,
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    });
    document["servers"] = json!([{"url": BASE}]);
    document["security"] = json!([{"bearer": []}]);
    let components = &mut document["components"];
    components["securitySchemes"] = json!({
        "bearer": {"type": "http", "scheme": "bearer", "description": "An API key: `np_live_<id>_<secret>`."},
    });
    components["parameters"] = json!({
        "IdempotencyKey": {
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "1 to 255 visible ASCII characters; a repetition gets the first answer again.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        },
    });
    components["responses"] = json!({
        "Problem": {
            "description": "Refused or failed; `type` tells why.",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        },
    });
    for (method, operation) in operations_mut(document) {
        let responses = &mut operation["responses"];
        responses["default"] = json!({"$ref": "#/components/responses/Problem"});
        if method == "post" {
            let key = json!({"$ref": "#/components/parameters/IdempotencyKey"});
            match operation["parameters"].as_array_mut() {
                Some(parameters) => parameters.push(key),
                None => operation["parameters"] = json!([key]),
            }
        }
    }
}

fn operations_mut(document: &mut Value) -> impl Iterator<Item = (String, &mut Value)> {
    let paths = document["paths"].as_object_mut();
    paths.into_iter().flat_map(|paths| paths.values_mut()).filter_map(Value::as_object_mut).flat_map(|item| {
        item.iter_mut().filter(|(_, value)| value.is_object()).map(|(method, value)| (method.clone(), value))
    })
}

fn html(page: Bytes) -> Response {
    const POLICY: HeaderValue = HeaderValue::from_static(
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
    );
    const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
    let content_type = HeaderValue::from_static("text/html; charset=utf-8");
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, NO_CACHE),
    ];
    (headers, page).into_response()
}

async fn style() -> Response {
    let content_type = HeaderValue::from_static("text/css; charset=utf-8");
    let cache = HeaderValue::from_static("public, max-age=3600");
    let headers = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, cache)];
    (headers, include_str!("style.css")).into_response()
}

async fn problem_page(Path(code): Path<String>) -> Result<Response, Problem> {
    let kind = problems::find(&code).ok_or_else(Problem::not_found)?;
    let page = page::render_problem(kind).map_err(|error| Problem::internal(&error))?;
    Ok(html(page.into()))
}
