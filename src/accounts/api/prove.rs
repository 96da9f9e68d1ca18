//! Showing password or second factor again, on the wire.

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::Response,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    person,
    sign_in::{RefreshedBody, refreshed},
};
use crate::{
    accounts::{Accounts, Client, Password, mfa::Proof},
    auth::{Author, Mode},
    http::{Json, Problem, problems},
};

/// Exactly one of the password, a code and a recovery code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Reauthentication, example = json!({ "password": "tram orbit velvet noon" }))]
pub(super) struct ProveInput {
    /// The password.
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<Password>,
    /// Six digits.
    code: Option<String>,
    /// One of the recovery codes.
    recovery_code: Option<String>,
}

/// Shows password or second factor again
#[utoipa::path(post, path = "/auth/reauthenticate", operation_id = "reauthenticate", tag = "auth", request_body = ProveInput,
    description = "Operations that say so ask for it when the last proof is older than \
        `auth.proof_lifetime_ms`, and so do changes of roles and of the company's policy. A new session takes the place of \
        the present one, whose tokens are good no more; go on with those of the answer.",
    responses((status = 200, description = "The tokens of the new session", body = RefreshedBody),
        (status = 422, description = "The password or code is wrong"),
        (status = 429, description = "Too many tries; `Retry-After` says when")))]
pub(super) async fn reauthenticate(
    State(accounts): State<Accounts>,
    author: Author,
    mode: Mode,
    client: Client,
    headers: HeaderMap,
    Json(input): Json<ProveInput>,
) -> Result<Response, Problem> {
    // Tokens that no script can read must not come out where a script can.
    if mode == Mode::Body && !headers.contains_key(header::AUTHORIZATION) {
        return Err(Problem::of(&problems::BAD_REQUEST).detail("with a cookie, send X-Session-Mode: cookie"));
    }
    let proof = match (input.code, input.recovery_code, input.password) {
        (Some(code), None, None) => Ok(Proof::Code(code)),
        (None, Some(code), None) => Ok(Proof::Recovery(code)),
        (None, None, Some(password)) => Err(password),
        _ => return Err(Problem::invalid("", "has exactly one of password, code and recovery_code")),
    };
    let person = person(&author.caller)?;
    let grant = accounts.prove_again(person, proof, (author, client)).await?;
    Ok(refreshed(grant, mode))
}
