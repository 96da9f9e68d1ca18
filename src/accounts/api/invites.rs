//! Invitations on the wire.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{SignedInBody, change, person, read, signed_in};
use crate::{
    accounts::{
        Accounts, Client, Error, Inner, Password,
        service::{Accept, InviteView, NewInvite},
    },
    auth::{Author, Caller, Mode, Role},
    base::{InviteId, Timestamp, UserId},
    http::{Idempotent, Json, Page, PageParameters, PageQuery, Path, Problem, idempotency},
};

/// An invitation that was not used yet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invite)]
pub(super) struct InviteBody {
    /// Its id.
    #[schema(value_type = String)]
    id: InviteId,
    /// Whom it is for.
    email: String,
    /// What the person will be.
    role: Role,
    /// Who made it.
    #[schema(value_type = String)]
    created_by: UserId,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it ends by itself.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl From<InviteView> for InviteBody {
    fn from(view: InviteView) -> Self {
        let InviteView { id, email, role, created_by, created_at, expires_at } = view;
        Self { id, email, role, created_by, created_at, expires_at }
    }
}

/// A fresh invitation.
#[derive(Serialize, ToSchema)]
#[schema(as = NewInvite)]
struct NewInviteBody {
    /// What is kept of it.
    #[serde(flatten)]
    invite: InviteBody,
    /// Also in the message to the person. Whoever has it can accept; the API shows it this once.
    token: String,
}

/// Lists invitations that were not used, the newest first
#[utoipa::path(get, path = "/auth/invites", operation_id = "list_invites", tag = "auth", params(PageParameters),
    description = "Those that are over (`expires_at`) are removed some time later.",
    responses((status = 200, description = "The invitations", body = Page<InviteBody>)))]
pub(super) async fn list_invites(
    State(accounts): State<Accounts>,
    caller: Caller,
    page: PageQuery,
) -> Result<Json<Page<InviteBody>>, Problem> {
    let before = page.after::<1>()?.map(|[id]| id);
    let limit = page.limit;
    let found = read(&accounts, move |snapshot| Accounts::invites(snapshot, caller.company, before, limit + 1)).await?;
    Ok(Json(Page::cut(found, limit, |last| [last.id.hi()]).map(InviteBody::from)))
}

/// Whom to invite as what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "ada@example.com", "role": "manager" }))]
pub(super) struct InviteInput {
    /// Whom it is for.
    #[schema(max_length = 254)]
    email: String,
    /// What the person will be.
    role: Role,
}

/// Invites a person to the company
#[utoipa::path(post, path = "/auth/invites", operation_id = "create_invite", tag = "auth", request_body = InviteInput,
    description = "An earlier invitation of the same address is replaced. Good for a week.",
    responses((status = 201, description = "Invited; the token is in this answer and in the message to the person",
            body = NewInviteBody),
        (status = 409, description = "The address has an account")))]
pub(super) async fn create_invite(
    State(accounts): State<Accounts>,
    author: Author,
    idempotent: Idempotent,
    Json(input): Json<InviteInput>,
) -> Result<Response, Problem> {
    let (user, _) = person(&author.caller)?;
    let company = author.caller.company;
    accounts.limit_invites(company).await?;
    let (handle, order) = (accounts.clone(), NewInvite { email: input.email, role: input.role });
    let Inner { db, seal, .. } = &*accounts.inner;
    idempotency::run_sealed(db, seal, idempotent, company, move |tx| {
        handle.confirm(tx, &author.caller)?;
        let made = handle.invite(tx, (company, user), &author.origin, &order)?;
        Ok::<_, Error>((StatusCode::CREATED, NewInviteBody { invite: made.invite.into(), token: made.token }))
    })
    .await
}

/// Withdraws an invitation
#[utoipa::path(delete, path = "/auth/invites/{id}", operation_id = "delete_invite", tag = "auth",
    params(("id" = String, Path, description = "The invitation's id")),
    responses((status = 204, description = "Withdrawn"), (status = 404, description = "Not there")))]
pub(super) async fn delete_invite(
    State(accounts): State<Accounts>,
    author: Author,
    Path(id): Path<InviteId>,
) -> Result<StatusCode, Problem> {
    change(&accounts, author, move |_, tx, by| Accounts::withdraw(tx, by.by(), id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The token, and who the person is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AcceptInput {
    /// The token of the invitation.
    token: String,
    /// The person's name.
    #[schema(max_length = 200)]
    name: String,
    /// 12 to 128 characters, not easy to guess.
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 128)]
    password: Password,
}

/// Accepts an invitation and signs the person in
#[utoipa::path(post, path = "/auth/invites/accept", operation_id = "accept_invite", tag = "auth", request_body = AcceptInput,
    security(()),
    responses((status = 201, description = "Joined and signed in", body = SignedInBody),
        (status = 410, description = "The invitation is not valid any more")))]
pub(super) async fn accept_invite(
    State(accounts): State<Accounts>,
    mode: Mode,
    client: Client,
    Json(input): Json<AcceptInput>,
) -> Result<Response, Problem> {
    let AcceptInput { token, name, password } = input;
    Ok(signed_in(StatusCode::CREATED, accounts.accept(Accept { token, name, password, client }).await?, mode))
}
