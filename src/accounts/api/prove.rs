//! Proving again who one is, on the wire.

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

/// The password and, from somebody with a second factor, a code or a recovery code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Reauthentication, example = json!({ "password": "tram orbit velvet noon" }))]
pub(super) struct ProveInput {
    /// The password.
    #[schema(value_type = String, format = Password)]
    password: Password,
    /// Six digits; with a second factor this or `recovery_code` is needed.
    code: Option<String>,
    /// One of the recovery codes.
    recovery_code: Option<String>,
}

/// Proves again who one is
#[utoipa::path(post, path = "/auth/reauthenticate", operation_id = "reauthenticate", tag = "auth", request_body = ProveInput,
    description = "Operations that say so ask for it when the last proof is older than \
        `auth.proof_lifetime_ms`. It takes what signing in takes: the password, and a code or a recovery code where there is \
        a second factor. A new session takes the place of the present one, whose tokens are good no more; go on with those \
        of the answer.",
    responses((status = 200, description = "The tokens of the new session", body = RefreshedBody),
        (status = 422, description = "The password or code is wrong, or a code is missing"),
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
    let proof = match (input.code, input.recovery_code) {
        (None, None) => None,
        (Some(code), None) => Some(Proof::Code(code)),
        (None, Some(code)) => Some(Proof::Recovery(code)),
        _ => return Err(Problem::invalid("", "has at most one of code and recovery_code")),
    };
    let person = person(&author.caller)?;
    let grant = accounts.prove_again(person, (input.password, proof), (author, client)).await?;
    Ok(refreshed(grant, mode))
}
