//! A person's own account: who am I, sessions, password, sign-out.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{company::CompanyBody, person, read, users::UserBody};
use crate::{
    accounts::{Accounts, Error, Password, UserView},
    audit::{self, Entry},
    auth::{Auth, Author, Caller, SessionView},
    base::{SessionId, Timestamp},
    http::{Json, NoBody, Page, Path, Problem},
    storage::Tx,
};

/// The person who calls, with what he or she may do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Me)]
pub(super) struct MeBody {
    /// The person.
    user: UserBody,
    /// The company.
    company: CompanyBody,
    /// What the person may do, in the words of the permission table.
    scopes: Vec<&'static str>,
    /// Whether a second factor has to be set up before anything else can be done.
    mfa_setup_required: bool,
    /// Whether a password has to be chosen before anything else can be done.
    password_change_required: bool,
    /// The sign-in this request came with.
    #[schema(value_type = String)]
    session_id: SessionId,
}

/// Tells who is calling
#[utoipa::path(get, path = "/auth/me", operation_id = "get_me", tag = "auth",
    responses((status = 200, description = "The person", body = MeBody)))]
pub(super) async fn get_me(State(accounts): State<Accounts>, caller: Caller) -> Result<Json<MeBody>, Problem> {
    let (user, session_id) = person(&caller)?;
    let user = UserView::clone(&*accounts.user(user).await?).into();
    let company = read(&accounts, move |snapshot| Accounts::company(snapshot, caller.company)).await?.into();
    let scopes = caller.scopes.iter().map(crate::auth::Scope::as_str).collect();
    let (mfa_setup_required, password_change_required) = (caller.is_enrolling, caller.needs_password);
    Ok(Json(MeBody { user, company, scopes, mfa_setup_required, password_change_required, session_id }))
}

/// One sign-in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(super) struct SessionBody {
    /// Its id.
    #[schema(value_type = String)]
    id: SessionId,
    /// Whether this request came with it.
    current: bool,
    /// When the person signed in.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When its tokens were last renewed.
    #[schema(value_type = String, format = DateTime)]
    last_used_at: Timestamp,
    /// When it ends for good.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Where the person signed in from.
    address: String,
    /// What the client calls itself.
    client: String,
}

impl SessionBody {
    fn new(view: SessionView, current: SessionId) -> Self {
        let SessionView { id, created_at, last_used_at, ends_at, address, client } = view;
        Self { id, current: id == current, created_at, last_used_at, expires_at: ends_at, address, client }
    }
}

/// Lists one's own sessions, the newest first
#[utoipa::path(get, path = "/auth/sessions", operation_id = "list_sessions", tag = "auth",
    description = "All of them at once: a person has at most 50.",
    responses((status = 200, description = "The sessions", body = Page<SessionBody>)))]
pub(super) async fn list_sessions(
    State(accounts): State<Accounts>,
    caller: Caller,
) -> Result<Json<Page<SessionBody>>, Problem> {
    let (user, current) = person(&caller)?;
    let auth = accounts.inner.auth.clone();
    let sessions = read(&accounts, move |snapshot| Ok(auth.sessions(snapshot, user)?)).await?;
    let data = sessions.into_iter().map(|view| SessionBody::new(view, current)).collect();
    Ok(Json(Page { data, next_cursor: None }))
}

/// Ends one of one's own sessions
#[utoipa::path(delete, path = "/auth/sessions/{id}", operation_id = "end_session", tag = "auth",
    params(("id" = String, Path, description = "The session's id")),
    responses((status = 204, description = "Ended; its tokens are refused from now on"),
        (status = 404, description = "Not there")))]
pub(super) async fn end_session(
    State(accounts): State<Accounts>,
    author: Author,
    Path(id): Path<SessionId>,
) -> Result<StatusCode, Problem> {
    let (user, _) = person(&author.caller)?;
    let auth = accounts.inner.auth.clone();
    accounts
        .inner
        .db
        .write_reclaiming(move |tx| {
            if !auth.end_session(tx, user, id)? {
                return Err(Error::NotFound("session"));
            }
            record_end(tx, &author, "session.end", id.to_string())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Signs out of this session
#[utoipa::path(post, path = "/auth/logout", operation_id = "log_out", tag = "auth",
    responses((status = 204, description = "Signed out; the tokens are refused from now on")))]
pub(super) async fn log_out(State(accounts): State<Accounts>, author: Author, _: NoBody) -> Result<Response, Problem> {
    let (user, session) = person(&author.caller)?;
    let auth = accounts.inner.auth.clone();
    let work = move |tx: &mut Tx<'_>| {
        auth.end_session(tx, user, session)?;
        record_end(tx, &author, "session.end", session.to_string())
    };
    accounts.inner.db.write_reclaiming(work).await?;
    Ok(signed_out(&accounts.inner.auth))
}

/// Signs out of every session
#[utoipa::path(post, path = "/auth/logout-all", operation_id = "log_out_everywhere", tag = "auth",
    responses((status = 204, description = "Signed out everywhere, here too")))]
pub(super) async fn log_out_everywhere(
    State(accounts): State<Accounts>,
    author: Author,
    _: NoBody,
) -> Result<Response, Problem> {
    let (user, _) = person(&author.caller)?;
    let auth = accounts.inner.auth.clone();
    let work = move |tx: &mut Tx<'_>| {
        auth.end_sessions(tx, user, None)?;
        record_end(tx, &author, "session.end_all", user.to_string())
    };
    accounts.inner.db.write_reclaiming(work).await?;
    Ok(signed_out(&accounts.inner.auth))
}

fn record_end(tx: &mut Tx<'_>, author: &Author, action: &'static str, object: String) -> Result<(), Error> {
    let entry = Entry { action, object, before: Value::Null, after: Value::Null };
    let (company, origin) = author.by();
    Ok(audit::record(tx, company, origin, entry)?)
}

/// 204 that makes a browser forget everything it kept.
fn signed_out(auth: &Auth) -> Response {
    let mut headers = HeaderMap::new();
    auth.forget_cookies(&mut headers);
    headers.insert("clear-site-data", HeaderValue::from_static("\"cache\", \"cookies\", \"storage\""));
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// The old password and the new one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordInput {
    /// The present password.
    #[schema(value_type = String, format = Password)]
    current_password: Password,
    /// 12 to 128 characters, not easy to guess.
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 128)]
    password: Password,
}

/// Changes one's own password
#[utoipa::path(post, path = "/auth/password", operation_id = "change_password", tag = "auth", request_body = PasswordInput,
    description = "All other sessions of the person end with it.",
    responses((status = 204, description = "Changed"), (status = 422, description = "Refused, with the reason: the present \
        password is wrong, or the new one is weak, stolen or the same")))]
pub(super) async fn change_password(
    State(accounts): State<Accounts>,
    author: Author,
    Json(input): Json<PasswordInput>,
) -> Result<StatusCode, Problem> {
    let person = person(&author.caller)?;
    accounts.change_password(person, input.current_password, input.password, author).await?;
    Ok(StatusCode::NO_CONTENT)
}
