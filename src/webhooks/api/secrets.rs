//! Showing and rotating the secret of a webhook.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    auth::Author,
    base::{Timestamp, WebhookId},
    http::{Idempotent, Json, OptionalJson, Path, Problem, idempotency},
    webhooks::{Error, Webhooks, service::SecretsView},
};

/// The secrets of a webhook.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookSecret)]
pub(super) struct SecretView {
    /// The secret that signs.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
    /// The public key of `v1a` signatures, when there are any.
    #[schema(required, example = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=")]
    public_key: Option<String>,
    /// The secret before, while it still signs too.
    #[schema(required)]
    previous: Option<PreviousView>,
}

/// A secret that is on its way out.
#[derive(Serialize, ToSchema)]
#[schema(as = PreviousWebhookSecret)]
pub(super) struct PreviousView {
    /// The secret.
    secret: String,
    /// Its public key, when there was one.
    #[schema(required)]
    public_key: Option<String>,
    /// When it stops signing; until then the single-value header `X-NovaPulse-Signature` stays on it.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl From<SecretsView> for SecretView {
    fn from(view: SecretsView) -> Self {
        let previous =
            view.previous.map(|(secret, public_key, expires_at)| PreviousView { secret, public_key, expires_at });
        Self { secret: view.secret, public_key: view.public_key, previous }
    }
}

/// Shows the secret of a webhook
#[utoipa::path(get, path = "/webhooks/{id}/secret", operation_id = "get_webhook_secret", tag = "webhooks",
    params(("id" = String, Path, description = "The webhook's id")),
    responses((status = 200, description = "The secret", body = SecretView), (status = 404, description = "Not there")))]
pub(super) async fn get_webhook_secret(
    State(webhooks): State<Webhooks>,
    author: Author,
    Path(id): Path<WebhookId>,
) -> Result<Json<SecretView>, Problem> {
    let handle = webhooks.clone();
    let view = webhooks.db().write(move |tx| handle.secrets(tx, author.by(), id)).await?;
    Ok(Json(view.into()))
}

/// How to rotate.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "grace_seconds": 86400 }))]
pub(super) struct RotationInput {
    /// How long both secrets sign, at most 7 days; 24 h when left out, 0 ends the old one at once.
    #[schema(maximum = 604_800)]
    grace_seconds: Option<u64>,
}

/// Gives a webhook a new secret
#[utoipa::path(post, path = "/webhooks/{id}/rotate-secret", operation_id = "rotate_webhook_secret", tag = "webhooks",
    params(("id" = String, Path, description = "The webhook's id")), request_body = RotationInput,
    responses((status = 200, description = "The secrets now", body = SecretView), (status = 404, description = "Not there")))]
pub(super) async fn rotate_webhook_secret(
    State(webhooks): State<Webhooks>,
    author: Author,
    Path(id): Path<WebhookId>,
    idempotent: Idempotent,
    OptionalJson(input): OptionalJson<RotationInput>,
) -> Result<Response, Problem> {
    let handle = webhooks.clone();
    idempotency::run_sealed(webhooks.db(), webhooks.seal(), idempotent, author.caller.company, move |tx| {
        let view = handle.rotate(tx, author.by(), id, input.grace_seconds)?;
        Ok::<_, Error>((StatusCode::OK, SecretView::from(view)))
    })
    .await
}
