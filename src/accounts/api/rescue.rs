//! What an admin does for people who lost a device, on the wire.

use axum::{extract::State, http::StatusCode};

use super::change;
use crate::{
    accounts::Accounts,
    auth::Author,
    base::UserId,
    http::{Path, Problem},
};

/// Ends all sessions of a person
#[utoipa::path(delete, path = "/users/{id}/sessions", operation_id = "end_user_sessions", tag = "users",
    params(("id" = String, Path, description = "The person's id")),
    responses((status = 204, description = "Signed out everywhere"), (status = 404, description = "Not there"),
        (status = 403, description = "An owner of the instance, and the caller is none")))]
pub(super) async fn end_user_sessions(
    State(accounts): State<Accounts>,
    author: Author,
    Path(id): Path<UserId>,
) -> Result<StatusCode, Problem> {
    change(&accounts, author, move |accounts, tx, by| accounts.end_sessions_of(tx, by, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes the second factor of a person who lost it
///
/// All sessions of the person end, and the person is told. Make sure who is asking before you do this.
#[utoipa::path(delete, path = "/users/{id}/mfa", operation_id = "remove_user_mfa", tag = "users",
    params(("id" = String, Path, description = "The person's id")),
    responses((status = 204, description = "Removed"), (status = 404, description = "Not there"),
        (status = 403, description = "An owner of the instance, and the caller is none; or the caller"),
        (status = 409, description = "There is no second factor")))]
pub(super) async fn remove_user_mfa(
    State(accounts): State<Accounts>,
    author: Author,
    Path(id): Path<UserId>,
) -> Result<StatusCode, Problem> {
    change(&accounts, author, move |accounts, tx, by| accounts.remove_mfa_of(tx, by, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
