//! The operations of sign-in, companies, people, departments, invitations and API keys.

mod audit;
mod company;
mod departments;
mod invites;
mod keys;
mod mailbox;
mod mfa;
mod notifications;
mod prove;
mod recovery;
mod rescue;
mod sessions;
mod sign_in;
mod users;

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Accounts, Client, Error, SignedIn};
use crate::{
    auth::{Auth, Author, Caller, Mode},
    base::{SessionId, UserId},
    http::{ClientAddress, Json, Problem, RequestId, problems},
    storage::{self, Snapshot, Tx},
};
use users::UserBody;

/// When to come again after too many sign-ins at once, in seconds.
const BUSY_RETRY_S: u32 = 5;

/// The routes, relative to where they are mounted.
pub fn routes<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Accounts: FromRef<S>,
    Auth: FromRef<S>,
{
    OpenApiRouter::new()
        .routes(routes!(sign_in::set_up))
        .routes(routes!(sign_in::register))
        .routes(routes!(sign_in::log_in))
        .routes(routes!(sign_in::log_in_mfa))
        .routes(routes!(sign_in::refresh))
        .routes(routes!(prove::reauthenticate))
        .routes(routes!(mfa::get_mfa))
        .routes(routes!(mfa::set_up_mfa))
        .routes(routes!(mfa::verify_mfa))
        .routes(routes!(mfa::disable_mfa))
        .routes(routes!(mfa::renew_recovery_codes))
        .routes(routes!(sessions::log_out))
        .routes(routes!(sessions::log_out_everywhere))
        .routes(routes!(sessions::get_me))
        .routes(routes!(sessions::list_sessions))
        .routes(routes!(sessions::end_session))
        .routes(routes!(sessions::change_password))
        .routes(routes!(recovery::forgot_password))
        .routes(routes!(recovery::reset_password))
        .routes(routes!(invites::list_invites, invites::create_invite))
        .routes(routes!(invites::delete_invite))
        .routes(routes!(invites::accept_invite))
        .routes(routes!(users::list_users, users::create_user))
        .routes(routes!(users::get_user, users::update_user, users::delete_user))
        .routes(routes!(rescue::end_user_sessions))
        .routes(routes!(rescue::remove_user_mfa))
        .routes(routes!(company::get_company, company::update_company))
        .routes(routes!(company::get_company_stats))
        .routes(routes!(departments::list_departments, departments::create_department))
        .routes(routes!(departments::get_department, departments::update_department, departments::delete_department))
        .routes(routes!(departments::list_members))
        .routes(routes!(departments::add_member, departments::remove_member))
        .routes(routes!(keys::list_api_keys, keys::create_api_key))
        .routes(routes!(keys::revoke_api_key))
        .routes(routes!(audit::list_audit_entries))
        .routes(routes!(audit::export_audit_entries))
        .routes(routes!(mailbox::list_mailbox))
        .routes(routes!(notifications::list_notifications))
        .routes(routes!(notifications::read_notification))
        .routes(routes!(notifications::read_notifications))
}

/// Reads on a blocking thread.
async fn read<T: Send + 'static>(
    accounts: &Accounts,
    closure: impl FnOnce(&Snapshot) -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    Ok(accounts.inner.db.read(closure).await.map_err(Error::from)??)
}

/// Makes a change in one transaction for a person who still has every right he came with; also on a full disk, since most
/// of these take rights away.
async fn change<T, E>(
    accounts: &Accounts,
    author: Author,
    work: impl FnOnce(&Accounts, &mut Tx<'_>, &Author) -> Result<T, E> + Send + 'static,
) -> Result<T, Problem>
where
    T: Send + 'static,
    E: Into<Problem> + From<Error> + From<storage::Error> + Send + 'static,
{
    person(&author.caller)?;
    let handle = accounts.clone();
    let work = move |tx: &mut Tx<'_>| {
        handle.confirm(tx, &author.caller)?;
        work(&handle, tx, &author)
    };
    accounts.inner.db.write_reclaiming(work).await.map_err(E::into)
}

/// The person who calls; the permission table keeps keys away before this.
fn person(caller: &Caller) -> Result<(UserId, SessionId), Problem> {
    caller.person().ok_or_else(|| Problem::of(&problems::FORBIDDEN).detail("only a person can do this"))
}

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let ClientAddress(address) = ClientAddress::from_request_parts(parts, state).await?;
        let RequestId(request_id) = RequestId::from_request_parts(parts, state).await?;
        let name = parts.headers.get(header::USER_AGENT).and_then(|name| name.to_str().ok()).unwrap_or_default();
        Ok(Self { address, name: name.to_owned(), request_id })
    }
}

/// What a person gets who is let in.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedIn)]
struct SignedInBody {
    /// Sent as `Authorization: Bearer` with every request; left out when cookies were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    /// Good for one refresh; left out when cookies were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// Repeated in `X-CSRF-Token`; only when cookies were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf_token: Option<String>,
    /// How the access token is sent.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// How long the access token is good, in seconds.
    expires_in: u64,
    /// Whether the company asks for a second factor that is missing: until one is set up with `POST /mfa/setup` and
    /// `POST /mfa/verify`, the session can do nothing else.
    mfa_setup_required: bool,
    /// Whether the password is one that somebody else chose: until another is chosen with `POST /auth/password`, the
    /// session can do nothing else.
    password_change_required: bool,
    /// The person.
    user: UserBody,
}

/// The answer that lets somebody in, with the tokens where the client wants them.
fn signed_in(status: StatusCode, signed_in: SignedIn, mode: Mode) -> Response {
    let (headers, body) = parts(signed_in, mode);
    (status, headers, Json(body)).into_response()
}

fn parts(signed_in: SignedIn, mode: Mode) -> (HeaderMap, SignedInBody) {
    let SignedIn { grant, user, is_enrolling: mfa_setup_required, needs_password: password_change_required } =
        signed_in;
    let (token_type, expires_in, user) = ("Bearer", grant.expires_in_s, user.into());
    let mut headers = HeaderMap::new();
    let body = match mode {
        Mode::Cookies(jar) => {
            jar.set(&mut headers, &grant);
            let csrf_token = Some(grant.csrf_token);
            SignedInBody {
                access_token: None,
                refresh_token: None,
                csrf_token,
                token_type,
                expires_in,
                mfa_setup_required,
                password_change_required,
                user,
            }
        }
        Mode::Body => {
            let (access_token, refresh_token) = (Some(grant.access_token), Some(grant.refresh_token));
            SignedInBody {
                access_token,
                refresh_token,
                csrf_token: None,
                token_type,
                expires_in,
                mfa_setup_required,
                password_change_required,
                user,
            }
        }
    };
    (headers, body)
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let words = error.to_string();
        match error {
            Error::Password | Error::WeakPassword | Error::StolenPassword => Self::invalid("/password", words),
            Error::Name => Self::invalid("/name", words),
            Error::CompanyName => Self::invalid("/company_name", words),
            Error::Email | Error::EmailLetters => Self::invalid("/email", words),
            Error::Description => Self::invalid("/description", words),
            Error::Scope(_) | Error::ScopeCount(_) => Self::invalid("/scopes", words),
            Error::Past => Self::invalid("/expires_at", words),
            Error::EmailTaken => Self::of(&problems::EMAIL_TAKEN).detail(words),
            Error::Credentials => Self::of(&problems::INVALID_CREDENTIALS).detail(words),
            Error::SamePassword => Self::of(&problems::PASSWORD_UNCHANGED).detail(words),
            Error::MfaProof => Self::invalid("/code", words),
            Error::CurrentPassword => Self::of(&problems::CURRENT_PASSWORD).detail(words),
            Error::SetUpAlready => Self::of(&problems::SET_UP_ALREADY).detail(words),
            Error::SetUpToken => Self::of(&problems::SET_UP_TOKEN).detail(words),
            Error::RegistrationClosed => Self::of(&problems::REGISTRATION_CLOSED).detail(words),
            Error::Invitation => Self::of(&problems::INVITATION_INVALID).detail(words),
            Error::Reset => Self::of(&problems::RESET_INVALID).detail(words),
            Error::DepartmentTaken => Self::of(&problems::DEPARTMENT_TAKEN).detail(words),
            Error::NotYours | Error::OfOwner | Error::OwnMfa => Self::of(&problems::FORBIDDEN).detail(words),
            Error::MfaRequired => Self::of(&problems::MFA_REQUIRED).detail(words),
            Error::Last(_) => Self::of(&problems::LAST_ADMIN).detail(words),
            Error::TooMany(_) | Error::WhichCompany | Error::MfaMissing | Error::MfaEnabled | Error::MfaFirst => {
                Self::of(&problems::CONFLICT).detail(words)
            }
            Error::NotFound(_) => Self::not_found().detail(words),
            Error::Busy => Self::of(&problems::SIGN_IN_BUSY).detail(words).retry_after_s(BUSY_RETRY_S),
            Error::MfaCode => Self::of(&problems::MFA_CODE).detail(words),
            Error::MfaToken => Self::of(&problems::MFA_TOKEN).detail(words),
            Error::Hash(_) | Error::MfaSealed => Self::internal(&error),
            Error::Limited(error) => error.into(),
            Error::Auth(error) => error.into(),
            Error::Storage(error) => error.into(),
        }
    }
}
