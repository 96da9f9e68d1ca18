//! Whether a webhook may point at an address, for somebody who is still writing it.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    auth::Caller,
    http::{Json, Problem},
    webhooks::Webhooks,
};

/// The address to look at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UrlCheckInput, example = json!({ "url": "https://example.com/hooks" }))]
pub(super) struct CheckInput {
    /// The URL.
    #[schema(max_length = 2048)]
    url: String,
}

/// A URL that webhooks may point at.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UrlCheck)]
pub(super) struct CheckView {
    /// Whether requests to it are encrypted.
    is_https: bool,
}

/// Checks whether a webhook may point at a URL
///
/// By the rules that count when it is saved; its host is looked up, and nothing is sent to it.
#[utoipa::path(post, path = "/webhooks/check", operation_id = "check_webhook_url", tag = "webhooks", request_body = CheckInput,
    responses(
        (status = 200, description = "It may", body = CheckView),
        (status = 422, description = "It may not, with the reason"),
    ))]
pub(super) async fn check_webhook_url(
    State(webhooks): State<Webhooks>,
    _: Caller,
    Json(input): Json<CheckInput>,
) -> Result<Json<CheckView>, Problem> {
    Ok(Json(CheckView { is_https: webhooks.check_url(&input.url).await? }))
}
