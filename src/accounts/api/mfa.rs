//! Second factors on the wire.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{person, read};
use crate::{
    accounts::{
        Accounts, Password,
        mfa::{Enrolment, MfaView, Proof},
    },
    auth::{Author, Caller},
    base::Timestamp,
    http::{Json, NoBody, Problem},
};

/// How things stand with one's own second factor.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mfa)]
pub(super) struct MfaBody {
    /// Whether signing in asks for a code.
    enabled: bool,
    /// Since when.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    enabled_at: Option<Timestamp>,
    /// Recovery codes that were not used.
    recovery_codes_left: usize,
}

/// Tells how things stand with one's own second factor
#[utoipa::path(get, path = "/mfa", operation_id = "get_mfa", tag = "mfa",
    responses((status = 200, description = "The second factor", body = MfaBody)))]
pub(super) async fn get_mfa(State(accounts): State<Accounts>, caller: Caller) -> Result<Json<MfaBody>, Problem> {
    let (user, _) = person(&caller)?;
    let MfaView { enabled_at, recovery_codes_left } =
        read(&accounts, move |snapshot| Accounts::mfa(snapshot, user)).await?;
    Ok(Json(MfaBody { enabled: enabled_at.is_some(), enabled_at, recovery_codes_left }))
}

/// What an authenticator app needs.
#[derive(Serialize, ToSchema)]
#[schema(as = MfaSetup)]
pub(super) struct EnrolmentBody {
    /// The secret in Base32, for typing.
    secret: String,
    /// The same as a URL.
    otpauth_url: String,
    /// The URL as a QR code: an SVG in a data URL.
    qr_code: String,
}

/// Begins to set a second factor up
#[utoipa::path(post, path = "/mfa/setup", operation_id = "set_up_mfa", tag = "mfa",
    description = "Nothing is asked for at sign-in until `POST /mfa/verify` has seen a code of this secret.",
    responses((status = 200, description = "What the app needs", body = EnrolmentBody),
        (status = 409, description = "There is a second factor already")))]
pub(super) async fn set_up_mfa(
    State(accounts): State<Accounts>,
    author: Author,
    _: NoBody,
) -> Result<Json<EnrolmentBody>, Problem> {
    let (user, _) = person(&author.caller)?;
    let Enrolment { secret, otpauth_url, qr_code } = accounts.set_mfa_up(user, author).await?;
    Ok(Json(EnrolmentBody { secret, otpauth_url, qr_code }))
}

/// A code of the moment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "code": "287082" }))]
pub(super) struct CodeInput {
    /// Six digits.
    code: String,
}

/// The recovery codes, shown once.
#[derive(Serialize, ToSchema)]
#[schema(as = RecoveryCodes)]
pub(super) struct RecoveryCodesBody {
    /// Whether signing in asks for a code from now on.
    enabled: bool,
    /// Each works once when the app is not at hand.
    recovery_codes: Vec<String>,
}

/// Enables the second factor with a first code
#[utoipa::path(post, path = "/mfa/verify", operation_id = "verify_mfa", tag = "mfa", request_body = CodeInput,
    description = "All other sessions of the person end.",
    responses((status = 200, description = "Enabled; the recovery codes are in this answer only", body = RecoveryCodesBody),
        (status = 409, description = "Not set up, or enabled already"), (status = 422, description = "The code is wrong")))]
pub(super) async fn verify_mfa(
    State(accounts): State<Accounts>,
    author: Author,
    Json(input): Json<CodeInput>,
) -> Result<Json<RecoveryCodesBody>, Problem> {
    let person = person(&author.caller)?;
    let recovery_codes = accounts.enable_mfa(person, input.code, author).await?;
    Ok(Json(RecoveryCodesBody { enabled: true, recovery_codes }))
}

/// A code, a recovery code, or the password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "code": "287082" }))]
pub(super) struct DisableInput {
    /// Six digits.
    code: Option<String>,
    /// One of the recovery codes.
    recovery_code: Option<String>,
    /// The password.
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<Password>,
}

/// Removes the second factor
#[utoipa::path(post, path = "/mfa/disable", operation_id = "disable_mfa", tag = "mfa", request_body = DisableInput,
    description = "All other sessions of the person end.",
    responses((status = 200, description = "Removed", body = MfaBody), (status = 409, description = "There is none"),
        (status = 422, description = "The code or password is wrong")))]
pub(super) async fn disable_mfa(
    State(accounts): State<Accounts>,
    author: Author,
    Json(input): Json<DisableInput>,
) -> Result<Json<MfaBody>, Problem> {
    let proof = match (input.code, input.recovery_code, input.password) {
        (Some(code), None, None) => Ok(Proof::Code(code)),
        (None, Some(code), None) => Ok(Proof::Recovery(code)),
        (None, None, Some(password)) => Err(password),
        _ => return Err(Problem::invalid("", "has exactly one of code, recovery_code and password")),
    };
    let person = person(&author.caller)?;
    accounts.disable_mfa(person, proof, author).await?;
    Ok(Json(MfaBody { enabled: false, enabled_at: None, recovery_codes_left: 0 }))
}

/// Replaces the recovery codes
#[utoipa::path(post, path = "/mfa/recovery-codes", operation_id = "renew_recovery_codes", tag = "mfa",
    request_body = CodeInput,
    responses((status = 200, description = "The new ones; the old ones no longer work", body = RecoveryCodesBody),
        (status = 409, description = "There is no second factor"), (status = 422, description = "The code is wrong")))]
pub(super) async fn renew_recovery_codes(
    State(accounts): State<Accounts>,
    author: Author,
    Json(input): Json<CodeInput>,
) -> Result<Json<RecoveryCodesBody>, Problem> {
    let (user, _) = person(&author.caller)?;
    let recovery_codes = accounts.renew_recovery_codes(user, input.code, author).await?;
    Ok(Json(RecoveryCodesBody { enabled: true, recovery_codes }))
}
