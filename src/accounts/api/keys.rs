//! API keys on the wire.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{change, person, read};
use crate::{
    accounts::{Accounts, Error, Inner, service::NewKey},
    auth::{ApiKeyView, Author, Caller},
    base::{ApiKeyId, Timestamp, UserId},
    http::{Idempotent, Json, Page, PageParameters, PageQuery, Path, Problem, idempotency},
};

/// An API key without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(super) struct KeyBody {
    /// Its id; also part of its text.
    #[schema(value_type = String)]
    id: ApiKeyId,
    /// What people call it.
    name: String,
    /// What it may do.
    scopes: Vec<String>,
    /// Who made it; null when it was made from the machine.
    #[schema(value_type = Option<String>, required)]
    created_by: Option<UserId>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it ends by itself.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    expires_at: Option<Timestamp>,
    /// When somebody ended it.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    revoked_at: Option<Timestamp>,
    /// When it was last used, to within some minutes.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    last_used_at: Option<Timestamp>,
}

impl From<ApiKeyView> for KeyBody {
    fn from(view: ApiKeyView) -> Self {
        let ApiKeyView { id, name, scopes, created_by, created_at, expires_at, revoked_at, last_used_at } = view;
        Self { id, name, scopes, created_by, created_at, expires_at, revoked_at, last_used_at }
    }
}

/// A fresh API key.
#[derive(Serialize, ToSchema)]
#[schema(as = NewApiKey)]
struct NewKeyBody {
    /// What is kept of it.
    #[serde(flatten)]
    key: KeyBody,
    /// The key itself; it is stored as a hash and cannot be had again.
    #[schema(example = "np_live_01m7y9s2wm0011sgk12cgx2ge8_…")]
    secret: String,
}

/// Lists the API keys of the company, the newest first
#[utoipa::path(get, path = "/api-keys", operation_id = "list_api_keys", tag = "api-keys", params(PageParameters),
    description = "Revoked ones too, for thirty days.",
    responses((status = 200, description = "The keys", body = Page<KeyBody>)))]
pub(super) async fn list_api_keys(
    State(accounts): State<Accounts>,
    caller: Caller,
    page: PageQuery,
) -> Result<Json<Page<KeyBody>>, Problem> {
    let before = page.after::<1>()?.map(|[id]| id);
    let limit = page.limit;
    let handle = accounts.clone();
    let keys = read(&accounts, move |snapshot| handle.keys(snapshot, caller.company, before, limit + 1)).await?;
    Ok(Json(Page::cut(keys, limit, |last| [last.id.hi()]).map(KeyBody::from)))
}

/// An API key to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "billing", "scopes": ["events:write", "webhooks:read"] }))]
pub(super) struct KeyInput {
    /// What people call it.
    #[schema(max_length = 200)]
    name: String,
    /// What it may do; nothing its maker may not.
    #[schema(min_items = 1)]
    scopes: Vec<String>,
    /// When it ends by itself; never when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// Makes an API key
#[utoipa::path(post, path = "/api-keys", operation_id = "create_api_key", tag = "api-keys", request_body = KeyInput,
    responses((status = 201, description = "Made; the secret is in this answer only", body = NewKeyBody),
        (status = 422, description = "Refused, with the reason")))]
pub(super) async fn create_api_key(
    State(accounts): State<Accounts>,
    author: Author,
    idempotent: Idempotent,
    Json(input): Json<KeyInput>,
) -> Result<Response, Problem> {
    person(&author.caller)?;
    let KeyInput { name, scopes, expires_at } = input;
    let order = NewKey::check(&name, &scopes, expires_at, author.caller.scopes)?;
    let handle = accounts.clone();
    let Inner { db, seal, .. } = &*accounts.inner;
    idempotency::run_sealed(db, seal, idempotent, author.caller.company, move |tx| {
        handle.confirm(tx, &author.caller)?;
        let (key, text) = handle.create_key(tx, author.by(), order)?;
        let body = NewKeyBody { key: key.into(), secret: text.expose().to_owned() };
        Ok::<_, Error>((StatusCode::CREATED, body))
    })
    .await
}

/// Revokes an API key
#[utoipa::path(delete, path = "/api-keys/{id}", operation_id = "revoke_api_key", tag = "api-keys",
    params(("id" = String, Path, description = "The key's id")),
    responses((status = 204, description = "Refused from now on"), (status = 404, description = "Not there")))]
pub(super) async fn revoke_api_key(
    State(accounts): State<Accounts>,
    author: Author,
    Path(id): Path<ApiKeyId>,
) -> Result<StatusCode, Problem> {
    change(&accounts, author, move |accounts, tx, by| accounts.revoke_key(tx, by.by(), id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
