//! Set-up, registration, sign-in and refresh: the operations that ask for no credential.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{SignedInBody, parts, signed_in};
use crate::{
    accounts::{
        Accounts, Client, Password, SetUp,
        mfa::Proof,
        service::{SignIn, Welcome},
    },
    auth::{Auth, Grant, MFA_TOKEN_S, Mode, RefreshCookie},
    http::{Json, OptionalJson, Problem, problems},
};

/// The first company, its admin and the token of the first start.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "token": "np_setup_…", "company_name": "Example Ltd", "name": "Ada",
    "email": "ada@example.com", "password": "tram orbit velvet noon" }))]
pub(super) struct SetUpInput {
    /// The token in the address that the first start printed.
    token: String,
    /// What people call the company.
    #[schema(max_length = 200)]
    company_name: String,
    /// The admin's name.
    #[schema(max_length = 200)]
    name: String,
    /// The admin's address.
    #[schema(max_length = 254)]
    email: String,
    /// 12 to 128 characters, not easy to guess.
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 128)]
    password: Password,
}

/// Makes the first company and signs its admin in
#[utoipa::path(post, path = "/auth/setup", operation_id = "set_up", tag = "auth", request_body = SetUpInput, security(()),
    responses((status = 201, description = "Made and signed in", body = SignedInBody),
        (status = 403, description = "The token is not valid"), (status = 409, description = "Set up already")))]
pub(super) async fn set_up(
    State(accounts): State<Accounts>,
    mode: Mode,
    client: Client,
    Json(input): Json<SetUpInput>,
) -> Result<Response, Problem> {
    let SetUpInput { token, company_name, name, email, password } = input;
    let order = SetUp { company_name, name, email, password, needs_password: false };
    Ok(signed_in(StatusCode::CREATED, accounts.set_up_with_token(&token, order, client).await?, mode))
}

/// A company and its admin.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "company_name": "Example Ltd", "name": "Ada", "email": "ada@example.com",
    "password": "tram orbit velvet noon" }))]
pub(super) struct RegisterInput {
    /// What people call the company.
    #[schema(max_length = 200)]
    company_name: String,
    /// The admin's name.
    #[schema(max_length = 200)]
    name: String,
    /// The admin's address.
    #[schema(max_length = 254)]
    email: String,
    /// 12 to 128 characters, not easy to guess.
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 128)]
    password: Password,
}

/// Makes a company of one's own, where that is allowed
#[utoipa::path(post, path = "/auth/register", operation_id = "register", tag = "auth", request_body = RegisterInput, security(()),
    responses((status = 201, description = "Made and signed in", body = SignedInBody),
        (status = 403, description = "Registration is not open"), (status = 409, description = "The address is taken")))]
pub(super) async fn register(
    State(accounts): State<Accounts>,
    mode: Mode,
    client: Client,
    Json(input): Json<RegisterInput>,
) -> Result<Response, Problem> {
    let RegisterInput { company_name, name, email, password } = input;
    let order = SetUp { company_name, name, email, password, needs_password: false };
    Ok(signed_in(StatusCode::CREATED, accounts.register(order, client).await?, mode))
}

/// Who wants in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "ada@example.com", "password": "tram orbit velvet noon" }))]
pub(super) struct LogInInput {
    /// The address of the account.
    email: String,
    /// Its password.
    #[schema(value_type = String, format = Password)]
    password: Password,
    /// The code of the second factor, to save the second step.
    mfa_code: Option<String>,
}

/// What a right password leads to.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = LogIn)]
enum LogInBody {
    SignedIn(Box<SignedInBody>),
    MfaRequired(MfaRequiredBody),
}

/// The password was right, and a second factor is asked for.
#[derive(Serialize, ToSchema)]
#[schema(as = MfaRequired)]
struct MfaRequiredBody {
    /// Always true.
    mfa_required: bool,
    /// Sent to `POST /auth/login/mfa`; good for nothing else.
    mfa_token: String,
    /// How long it is good, in seconds.
    expires_in: u64,
}

/// Signs a person in
#[utoipa::path(post, path = "/auth/login", operation_id = "log_in", tag = "auth", request_body = LogInInput, security(()),
    description = "Answers with tokens. With the header `X-Session-Mode: cookie` they come as cookies that no script can read.",
    responses((status = 200, description = "Signed in, or a second factor is asked for", body = LogInBody),
        (status = 401, description = "Address or password are not right"),
        (status = 429, description = "Too many tries; `Retry-After` says when")))]
pub(super) async fn log_in(
    State(accounts): State<Accounts>,
    mode: Mode,
    client: Client,
    Json(input): Json<LogInInput>,
) -> Result<Response, Problem> {
    let LogInInput { email, password, mfa_code: code } = input;
    let (headers, body) = match accounts.sign_in(SignIn { email, password, code, client }).await? {
        Welcome::SignedIn(signed_in) => {
            let (headers, body) = parts(*signed_in, mode);
            (headers, LogInBody::SignedIn(Box::new(body)))
        }
        Welcome::MfaRequired(mfa_token) => {
            let body = MfaRequiredBody { mfa_required: true, mfa_token, expires_in: MFA_TOKEN_S };
            (HeaderMap::new(), LogInBody::MfaRequired(body))
        }
    };
    Ok((headers, Json(body)).into_response())
}

/// The token of the first step, and a code or a recovery code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProofInput {
    /// The token of the first step.
    mfa_token: String,
    /// Six digits.
    code: Option<String>,
    /// One of the recovery codes.
    recovery_code: Option<String>,
}

/// Signs a person in with a second factor
#[utoipa::path(post, path = "/auth/login/mfa", operation_id = "log_in_mfa", tag = "auth", request_body = ProofInput, security(()),
    responses((status = 200, description = "Signed in", body = SignedInBody),
        (status = 401, description = "The token is over"), (status = 422, description = "The code is wrong"),
        (status = 429, description = "Too many tries; `Retry-After` says when")))]
pub(super) async fn log_in_mfa(
    State(accounts): State<Accounts>,
    mode: Mode,
    client: Client,
    Json(input): Json<ProofInput>,
) -> Result<Response, Problem> {
    let proof = match (input.code, input.recovery_code) {
        (Some(code), None) => Proof::Code(code),
        (None, Some(code)) => Proof::Recovery(code),
        _ => return Err(Problem::invalid("", "has exactly one of code and recovery_code")),
    };
    let in_person = accounts.sign_in_with_proof(&input.mfa_token, proof, client).await?;
    Ok(signed_in(StatusCode::OK, in_person, mode))
}

/// The refresh token, unless it comes as a cookie.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RefreshInput {
    /// The refresh token of the last answer.
    refresh_token: Option<String>,
}

/// The next tokens.
#[derive(Serialize, ToSchema)]
#[schema(as = Refreshed)]
pub(super) struct RefreshedBody {
    /// The next access token; left out when cookies were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    /// The next refresh token; the one before is used up. Left out when cookies were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// Repeated in `X-CSRF-Token`; only when cookies were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf_token: Option<String>,
    /// How the access token is sent.
    token_type: &'static str,
    /// How long the access token is good, in seconds.
    expires_in: u64,
}

/// Exchanges a refresh token for the next one
#[utoipa::path(post, path = "/auth/refresh", operation_id = "refresh", tag = "auth", request_body = RefreshInput, security(()),
    description = "A refresh token is good once. For ten seconds its repeat is answered with the same successor; after that \
        a second use ends the session.",
    responses((status = 200, description = "The next tokens", body = RefreshedBody),
        (status = 401, description = "The token is not valid, or was used before")))]
pub(super) async fn refresh(
    State(auth): State<Auth>,
    mode: Mode,
    cookie: RefreshCookie,
    OptionalJson(input): OptionalJson<RefreshInput>,
) -> Result<Response, Problem> {
    let of_cookie = || cookie.0.filter(|_| matches!(mode, Mode::Cookies(_)));
    let token = input.refresh_token.or_else(of_cookie);
    let token = token.ok_or_else(|| Problem::of(&problems::UNAUTHORIZED).detail("there is no refresh token"))?;
    Ok(refreshed(auth.refresh(&token).await?, mode))
}

/// The answer with the next tokens, where the client wants them.
pub(super) fn refreshed(grant: Grant, mode: Mode) -> Response {
    let mut headers = HeaderMap::new();
    let (token_type, expires_in) = ("Bearer", grant.expires_in_s);
    let body = match mode {
        Mode::Cookies(jar) => {
            jar.set(&mut headers, &grant);
            let csrf_token = Some(grant.csrf_token);
            RefreshedBody { access_token: None, refresh_token: None, csrf_token, token_type, expires_in }
        }
        Mode::Body => {
            let (access_token, refresh_token) = (Some(grant.access_token), Some(grant.refresh_token));
            RefreshedBody { access_token, refresh_token, csrf_token: None, token_type, expires_in }
        }
    };
    (headers, Json(body)).into_response()
}
