//! The people of a company on the wire.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{change, person, read};
use crate::{
    accounts::{
        Accounts, Password,
        service::{NewUser, UserChange, UserView},
    },
    auth::{Author, Caller, Role},
    base::{Timestamp, UserId},
    http::{Change, IfMatch, Json, Page, PageParameters, PageQuery, Path, Problem},
};

/// A person of the company.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(super) struct UserBody {
    /// The person's id.
    #[schema(value_type = String)]
    id: UserId,
    /// The name.
    name: String,
    /// The address to sign in with.
    email: String,
    /// What the person may do.
    role: Role,
    /// Whether the person owns the instance.
    is_owner: bool,
    /// Whether the person may not sign in.
    disabled: bool,
    /// When the person signed in last.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    last_sign_in_at: Option<Timestamp>,
    /// When the account was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<UserView> for UserBody {
    fn from(view: UserView) -> Self {
        let UserView { id, name, email, role, is_owner, is_disabled, last_sign_in_at, created_at, .. } = view;
        Self { id, name, email, role, is_owner, disabled: is_disabled, last_sign_in_at, created_at }
    }
}

/// Lists the people of the company
#[utoipa::path(get, path = "/users", operation_id = "list_users", tag = "users", params(PageParameters),
    responses((status = 200, description = "The people", body = Page<UserBody>)))]
pub(super) async fn list_users(
    State(accounts): State<Accounts>,
    caller: Caller,
    page: PageQuery,
) -> Result<Json<Page<UserBody>>, Problem> {
    let before = page.after::<1>()?.map(|[id]| id);
    let limit = page.limit;
    let users = read(&accounts, move |snapshot| Accounts::users(snapshot, caller.company, before, limit + 1)).await?;
    Ok(Json(Page::cut(users, limit, |last| [last.id.hi()]).map(UserBody::from)))
}

/// A person to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Ada", "email": "ada@example.com", "role": "manager",
    "password": "tram orbit velvet noon" }))]
pub(super) struct UserInput {
    /// The name.
    #[schema(max_length = 200)]
    name: String,
    /// The address to sign in with.
    #[schema(max_length = 254)]
    email: String,
    /// What the person may do.
    role: Role,
    /// 12 to 128 characters, not easy to guess; good for one thing, choosing another.
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 128)]
    password: Password,
}

/// Adds a person with a first password
#[utoipa::path(post, path = "/users", operation_id = "create_user", tag = "users", request_body = UserInput,
    description = "An invitation (`POST /auth/invites`) is better: nobody else ever knows a password then. With this one the \
        person can sign in and do nothing but choose another (`POST /auth/password`).",
    responses((status = 201, description = "Added", body = UserBody), (status = 409, description = "The address is taken")))]
pub(super) async fn create_user(
    State(accounts): State<Accounts>,
    author: Author,
    Json(input): Json<UserInput>,
) -> Result<Response, Problem> {
    person(&author.caller)?;
    let UserInput { name, email, role, password } = input;
    let user = accounts
        .create_user(
            Some(&author.caller),
            author.caller.company,
            author.origin,
            NewUser { name, email, role, password },
        )
        .await?;
    Ok((StatusCode::CREATED, Json(UserBody::from(user))).into_response())
}

/// Shows a person of the company
#[utoipa::path(get, path = "/users/{id}", operation_id = "get_user", tag = "users",
    params(("id" = String, Path, description = "The person's id")),
    responses((status = 200, description = "The person", body = UserBody), (status = 404, description = "Not there")))]
pub(super) async fn get_user(
    State(accounts): State<Accounts>,
    caller: Caller,
    Path(id): Path<UserId>,
) -> Result<Json<UserBody>, Problem> {
    let user = accounts.user_of(caller.company, id).await?;
    Ok(Json(UserView::clone(&user).into()))
}

/// Changes to a person: fields left out stay.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "role": "manager" }))]
pub(super) struct UserPatch {
    /// The name.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200)]
    name: Change<String>,
    /// What the person may do, from this moment on.
    #[serde(default)]
    #[schema(value_type = Option<Role>)]
    role: Change<Role>,
    /// Keeps the person out and ends all sessions.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    disabled: Change<bool>,
}

/// Changes a person's name, role, or whether he or she may sign in
#[utoipa::path(patch, path = "/users/{id}", operation_id = "update_user", tag = "users", request_body = UserPatch,
    params(("id" = String, Path, description = "The person's id")),
    responses((status = 200, description = "The person now", body = UserBody), (status = 404, description = "Not there"),
        (status = 403, description = "An owner of the instance, and the caller is none; or the role changes and the \
            password was not shown of late"),
        (status = 409, description = "The last admin or the owner"),
        (status = 412, description = "It is not what `If-Match` names")))]
pub(super) async fn update_user(
    State(accounts): State<Accounts>,
    author: Author,
    Path(id): Path<UserId>,
    if_match: IfMatch,
    Json(input): Json<UserPatch>,
) -> Result<Json<UserBody>, Problem> {
    let wanted = UserChange {
        name: input.name.required("/name")?,
        role: input.role.required("/role")?,
        is_disabled: input.disabled.required("/disabled")?,
    };
    if wanted.role.is_some() {
        accounts.require_proof(&author.caller)?;
    }
    let user = change(&accounts, author, move |accounts, tx, by| {
        let fits = |now: &UserView| if_match.check(&UserBody::from(now.clone()));
        accounts.update_user::<Problem>(tx, by, id, wanted, fits)
    });
    Ok(Json(user.await?.into()))
}

/// Removes a person from the company
#[utoipa::path(delete, path = "/users/{id}", operation_id = "delete_user", tag = "users",
    params(("id" = String, Path, description = "The person's id")),
    responses((status = 204, description = "Removed, with all sessions"), (status = 404, description = "Not there"),
        (status = 403, description = "An owner of the instance, and the caller is none"),
        (status = 409, description = "The last admin or the owner")))]
pub(super) async fn delete_user(
    State(accounts): State<Accounts>,
    author: Author,
    Path(id): Path<UserId>,
) -> Result<StatusCode, Problem> {
    change(&accounts, author, move |accounts, tx, by| accounts.delete_user(tx, by, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
