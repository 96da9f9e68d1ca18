//! Forgotten passwords on the wire.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    accounts::{Accounts, Client, Password, service::Reset},
    http::{Json, Problem},
};

/// Who forgot the password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "ada@example.com" }))]
pub(super) struct ForgotInput {
    /// The address of the account.
    #[schema(max_length = 254)]
    email: String,
}

/// Sends a link to choose another password
#[utoipa::path(post, path = "/auth/password/forgot", operation_id = "forgot_password", tag = "auth",
    request_body = ForgotInput, security(()),
    description = "The answer is the same whether or not the address has an account. The link is good once and for an \
        hour; a newer one takes its place.",
    responses((status = 202, description = "If there is such an account, a link is on its way"),
        (status = 422, description = "The text is no e-mail address"),
        (status = 429, description = "Too many requests; `Retry-After` says when")))]
pub(super) async fn forgot_password(
    State(accounts): State<Accounts>,
    client: Client,
    Json(input): Json<ForgotInput>,
) -> Result<StatusCode, Problem> {
    accounts.forgot_password(&input.email, &client).await?;
    Ok(StatusCode::ACCEPTED)
}

/// The token of the link, and the password to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ResetPasswordInput)]
pub(super) struct ResetInput {
    /// What stands behind the `#` of the link.
    token: String,
    /// 12 to 128 characters, not easy to guess.
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 128)]
    password: Password,
}

/// Chooses another password with a link
#[utoipa::path(post, path = "/auth/password/reset", operation_id = "reset_password", tag = "auth",
    request_body = ResetInput, security(()),
    description = "Every session of the person ends. A second factor stays and is asked for at the next sign-in.",
    responses((status = 204, description = "Changed; the link is used up"),
        (status = 410, description = "The link is not valid any more"),
        (status = 422, description = "The password is refused, with the reason; the link stays good")))]
pub(super) async fn reset_password(
    State(accounts): State<Accounts>,
    client: Client,
    Json(input): Json<ResetInput>,
) -> Result<StatusCode, Problem> {
    let ResetInput { token, password } = input;
    accounts.reset_with_token(Reset { token, password, client }).await?;
    Ok(StatusCode::NO_CONTENT)
}
