//! Every problem code the API can answer with, in one list.
//!
//! A code is the last part of a problem's `type` (`/problems/<code>`). The page behind that address and
//! `docs/reference/problems.md` are written from this list, so each entry says what happened and what to do.
//! To add a code: add its constant, name it in [`ALL`], regenerate the reference page.

use axum::http::StatusCode;

/// One kind of problem: what is the same for all its occurrences.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// The HTTP status it is answered with.
    pub status: StatusCode,
    /// Stable name in `snake_case`; clients branch on it.
    pub code: &'static str,
    /// One line for people, the same for all occurrences.
    pub title: &'static str,
    /// What happened and what to do about it; a paragraph of plain text.
    pub about: &'static str,
}

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $code:literal, $title:literal, $about:literal;)*) => {
        $(
            $(#[$doc])*
            pub const $name: Kind =
                Kind { status: StatusCode::$status, code: $code, title: $title, about: $about };
        )*

        /// All kinds, in the order of the reference page.
        pub const ALL: &[&Kind] = &[$(&$name),*];
    };
}

problems! {
    /// The body is not JSON.
    MALFORMED_JSON = BAD_REQUEST, "malformed_json", "The body is not valid JSON",
        "The body could not be read as JSON, or nests too deeply. The detail gives line and column. Nothing was changed; \
         correct the body and send it again.";
    /// The request breaks HTTP in a way no other code names.
    BAD_REQUEST = BAD_REQUEST, "bad_request", "The request could not be understood",
        "The request is not valid HTTP, or a header holds a value that cannot be used. The detail names it. Nothing was \
         changed.";
    /// No usable credential came with the request.
    UNAUTHORIZED = UNAUTHORIZED, "unauthorized", "A valid credential is required",
        "The request carries no credential, or one that is malformed, unknown, expired or revoked. Send \
         `Authorization: Bearer <API key>` with a key that is in force.";
    /// The credential is good but may not do this.
    FORBIDDEN = FORBIDDEN, "forbidden", "The credential does not allow this operation",
        "The caller is known, but its scopes or role do not cover the operation. The detail names the scope that is \
         missing. Use another credential, or have the scope added.";
    /// The company's policy asks for a second factor that is missing.
    MFA_SET_UP_REQUIRED = FORBIDDEN, "mfa_set_up_required", "A second factor has to be set up first",
        "The company asks everybody for a second factor and this person has none yet. Until one is set up with \
         `POST /mfa/setup` and `POST /mfa/verify`, the session can do nothing else. API keys are not affected.";
    /// The password is one that somebody else chose.
    PASSWORD_CHANGE_REQUIRED = FORBIDDEN, "password_change_required", "Choose a password of your own first",
        "The person signed in with a first password that somebody else chose or that was made by a command. Until it is \
         replaced with `POST /auth/password`, the session can do nothing else. API keys are not affected.";
    /// Something delicate, and the person proved too long ago who it is.
    REAUTHENTICATION_REQUIRED = FORBIDDEN, "reauthentication_required", "Show your password again",
        "What makes, shows or takes away ways in asks that the person signed in or proved again who it is a short while ago \
         (`auth.proof_lifetime_ms`, ten minutes unless configured). Nothing was changed. Send the password, and a code where \
         there is a second factor, to `POST /auth/reauthenticate`, go on with the tokens it answers, and repeat the call.";
    /// The first password was chosen again.
    PASSWORD_UNCHANGED = UNPROCESSABLE_ENTITY, "password_unchanged", "The new password is the present one",
        "A password is changed to another one. Nothing was changed; choose a new one.";
    /// A second factor cannot go.
    MFA_REQUIRED = CONFLICT, "mfa_required", "The company asks for a second factor",
        "The company's policy asks everybody for a second factor, so it cannot be disabled. An admin can change the policy \
         with `PATCH /company`.";
    /// Another department has the name.
    DEPARTMENT_TAKEN = CONFLICT, "department_taken", "There is a department with this name",
        "Two departments of a company cannot have one name; upper and lower case count as the same. Choose another name.";
    /// Address or password are not right.
    INVALID_CREDENTIALS = UNAUTHORIZED, "invalid_credentials", "The e-mail address or the password is not right",
        "There is no active account with this address and password. Which of them is wrong is not told. Check both, or \
         have the password reset.";
    /// A confirmation was asked for and is wrong.
    CURRENT_PASSWORD = UNPROCESSABLE_ENTITY, "current_password_wrong", "The current password is not right",
        "Changing a password asks for the present one, so that an open browser is not enough. Nothing was changed.";
    /// A second factor is wrong.
    MFA_CODE = UNPROCESSABLE_ENTITY, "mfa_code_wrong", "The code is not right",
        "The code of the second factor is not of this moment, was used before, or the recovery code was used up. Wait for \
         the next code of the app. Each try counts against a limit.";
    /// The time between password and second factor is over.
    MFA_TOKEN = UNAUTHORIZED, "mfa_token_invalid", "The sign-in took too long",
        "Between password and second factor are five minutes at most, and a changed password ends them. Sign in again.";
    /// The instance is set up already.
    SET_UP_ALREADY = CONFLICT, "set_up_already", "The instance is set up already",
        "There is a company, so the set-up of the first start is over. Sign in, or have an admin invite you.";
    /// The set-up token is another one.
    SET_UP_TOKEN = FORBIDDEN, "setup_token_invalid", "The set-up token is not valid",
        "The first company is made with the token that the first start printed. `novapulse setup-url` prints it again on \
         the same machine.";
    /// Nobody may register.
    REGISTRATION_CLOSED = FORBIDDEN, "registration_closed", "Registration is not open",
        "This instance takes new people by invitation, or not at all. Ask an admin of your company for an invitation.";
    /// An invitation does not hold.
    INVITATION_INVALID = GONE, "invitation_invalid", "The invitation is not valid any more",
        "The invitation is unknown, was used or withdrawn, or is older than a week. Ask for a new one.";
    /// A link to reset a password does not hold.
    RESET_INVALID = GONE, "reset_invalid", "The link to reset the password is not valid any more",
        "The link is unknown, was used, is older than an hour, or a newer one was sent; or the password was changed \
         meanwhile. Nothing was changed. Ask for a new link.";
    /// Somebody has the address.
    EMAIL_TAKEN = CONFLICT, "email_taken", "The e-mail address is taken",
        "An account with this address exists. An address has one account in the whole instance. Use another one, or sign \
         in with it.";
    /// The last of its kind stays.
    LAST_ADMIN = CONFLICT, "last_admin", "The last admin or owner stays",
        "A company keeps at least one active admin, and the instance its owner. Make somebody else an admin first.";
    /// Too many passwords are being checked.
    SIGN_IN_BUSY = SERVICE_UNAVAILABLE, "sign_in_busy", "Too many people are signing in at the moment",
        "Checking passwords is costly on purpose, and only some can wait at once. Nothing was checked or changed; try \
         again after the time in `Retry-After`.";
    /// A refresh token was used a second time.
    REFRESH_REUSED = UNAUTHORIZED, "refresh_reused", "The refresh token was used before",
        "A refresh token is good for one use, and its session has been ended because somebody used it twice: perhaps a \
         copy of it is in other hands. Sign in again.";
    /// A browser's request that changes something lacks the proof that our page sent it.
    CSRF = FORBIDDEN, "csrf", "The request does not prove that it comes from this site",
        "A request with a session cookie that changes something repeats the value of the `np_csrf` cookie in the header \
         `X-CSRF-Token`. Clients other than the browser interface send `Authorization: Bearer` and need none of this.";
    /// A text is no cron rule.
    CRON_INVALID = UNPROCESSABLE_ENTITY, "cron_invalid", "The cron rule cannot be read",
        "A cron rule has 5 fields (minute, hour, day of month, month, day of week), 6 with seconds in front, or is one of \
         `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`. The detail says what cannot be read. Nothing was changed.";
    /// A cron rule fits no date.
    CRON_NEVER = UNPROCESSABLE_ENTITY, "cron_never_comes", "The cron rule never comes",
        "The rule can be read, but no date fits it, as the 30th of February. Nothing was changed.";
    /// There is no such time zone.
    TIME_ZONE_UNKNOWN = UNPROCESSABLE_ENTITY, "time_zone_unknown", "There is no such time zone",
        "Time zones have the names of the IANA database, as `Europe/Berlin` or `UTC`; abbreviations as `CEST` and offsets as \
         `+02:00` are none. Nothing was changed.";
    /// A schedule cannot do that yet.
    TARGET_NOT_AVAILABLE = UNPROCESSABLE_ENTITY, "target_not_available", "A schedule cannot do this yet",
        "This version enqueues jobs and asks for reports on a schedule; workflows are not offered as targets. Nothing was \
         changed.";
    /// The changes behind a cursor are not kept any more.
    CURSOR_GONE = GONE, "cursor_gone", "The changes after this cursor were removed",
        "The change feed is kept for some days, and less when very much changes. What followed this cursor is gone, so that \
         going on would skip changes. The detail names the oldest cursor that is good; look at the state of things anew, \
         and go on from there or from `after=end`.";
    /// The company follows with too many clients.
    TOO_MANY_STREAMS = TOO_MANY_REQUESTS, "too_many_streams", "Too many live streams are open",
        "A company has a limited number of live streams at once. Close one, or try again after the time in `Retry-After`.";
    /// Nothing is there for this caller.
    NOT_FOUND = NOT_FOUND, "not_found", "There is nothing at this address",
        "The path is unknown, or names a thing that does not exist in the caller's company. A thing of another company \
         answers the same.";
    /// The path exists, the method does not.
    METHOD_NOT_ALLOWED = METHOD_NOT_ALLOWED, "method_not_allowed", "The method is not offered here",
        "The path exists but not with this method. The `Allow` header lists the methods that are offered.";
    /// The client sent its body too slowly.
    REQUEST_TIMEOUT = REQUEST_TIMEOUT, "request_timeout", "The request did not arrive in time",
        "The body had not arrived completely when the time for the request was over. Nothing was changed. Check the \
         connection, or send less at once.";
    /// The resource is in a state that refuses the operation.
    CONFLICT = CONFLICT, "conflict", "The state of the resource refuses this",
        "The operation is not possible in the resource's present state, or another change came first. The detail names \
         the state. Read the resource again and decide anew.";
    /// `If-Match` did not match.
    PRECONDITION_FAILED = PRECONDITION_FAILED, "precondition_failed", "The resource has changed meanwhile",
        "The `If-Match` header names another version than the present one, so the change was not made. Read the resource \
         again, apply the change to what it is now, and send the new `ETag`.";
    /// The body is over the limit.
    BODY_TOO_LARGE = PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large",
        "The body is larger than the server accepts; the detail names the limit. It was not read to the end and nothing \
         was changed. Send less at once.";
    /// The address is over the limit.
    URI_TOO_LONG = URI_TOO_LONG, "uri_too_long", "The address is too long",
        "Path and query together are longer than the server accepts. Shorten the query.";
    /// The body is not declared as JSON.
    UNSUPPORTED_MEDIA_TYPE = UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "The content type is not supported",
        "The body must be JSON and say so with `Content-Type: application/json` (or a type that ends in `+json`), and must \
         not be compressed.";
    /// The body or the query was understood and refused.
    VALIDATION_FAILED = UNPROCESSABLE_ENTITY, "validation_failed", "The request is not valid",
        "The request was understood, but some values are missing, unknown, of the wrong type or outside their limits. Each \
         entry of `errors` points at one of them with a JSON pointer and says what is wrong. Nothing was changed.";
    /// An idempotency key came back with another body.
    IDEMPOTENCY_KEY_REUSED = UNPROCESSABLE_ENTITY, "idempotency_key_reused",
        "The idempotency key was used with another body",
        "Within the last 24 hours the same `Idempotency-Key` was sent to this operation with a different body. Use a new \
         key for a new request, and the same body when repeating one.";
    /// Too many requests or too much work.
    RATE_LIMITED = TOO_MANY_REQUESTS, "rate_limited", "Too many requests",
        "A limit on the rate of requests was reached, so this one was not carried out. `Retry-After` says when to try again.";
    /// The company has as many e-mails waiting as it may.
    TOO_MANY_UNSENT = TOO_MANY_REQUESTS, "too_many_unsent", "Too many e-mails wait to be sent",
        "E-mails of the company wait to be sent, and they are as many or as large as may wait (`mail.unsent_max`, \
         `mail.unsent`): the mail server is slow, away, or refuses for now. This one was not queued. `GET \
         /emails?state=retrying` says what the server answers; try again after the time in `Retry-After`.";
    /// The company keeps as many bytes of reports as it may.
    REPORTS_FULL = CONFLICT, "reports_full", "The files of reports have reached their limit",
        "The reports that the company keeps have as many bytes as they may (`reports.kept`), so this one was not asked for. \
         Delete reports with `DELETE /reports/{id}`, or wait until some expire.";
    /// The range is behind the end.
    RANGE_NOT_SATISFIABLE = RANGE_NOT_SATISFIABLE, "range_not_satisfiable", "The range lies behind the end",
        "The `Range` header asks for bytes that are not there. `Content-Range` says how many there are; without the \
         header the whole is sent.";
    /// The header section is over the limit.
    HEADERS_TOO_LARGE = REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", "The headers are too large",
        "The request has more headers, or larger ones, than the server accepts. Send fewer.";
    /// A fault of the server.
    INTERNAL_ERROR = INTERNAL_SERVER_ERROR, "internal_error", "The server failed on this request",
        "An unexpected fault, not of the client's making. It is in the server's log under the request id. Whether the \
         operation took effect is not known; repeat it with the same `Idempotency-Key`.";
    /// The store cannot take the request now.
    STORAGE_UNAVAILABLE = SERVICE_UNAVAILABLE, "storage_unavailable", "Storage is not available",
        "The store cannot take the request at the moment: it is starting, stopping, or has more work than it can take. \
         Nothing was changed. Try again after `Retry-After`.";
    /// The disk is full.
    STORAGE_FULL = SERVICE_UNAVAILABLE, "storage_full", "Storage is full",
        "Free space has fallen below the mark under which nothing new is accepted. Nothing was changed. The operator must \
         free space; reading and finishing of work go on.";
    /// A commit failed in a way that leaves its outcome open.
    OUTCOME_UNKNOWN = SERVICE_UNAVAILABLE, "outcome_unknown", "It is not known whether the change was made",
        "The commit was interrupted, so the change may or may not have been made. Repeat the request with the same \
         `Idempotency-Key` after `Retry-After`: it takes effect at most once.";
    /// The request took longer than allowed.
    TIMED_OUT = SERVICE_UNAVAILABLE, "timed_out", "The request took too long",
        "The server did not finish within its time for one request. Whether the operation took effect is not known; \
         repeat it with the same `Idempotency-Key` after `Retry-After`.";
    /// The server is shutting down.
    SHUTTING_DOWN = SERVICE_UNAVAILABLE, "shutting_down", "The server is shutting down",
        "The server is stopping and takes no new work. Try again after `Retry-After`.";
    /// Nothing can be sent outside at the moment.
    OUTBOUND_UNAVAILABLE = SERVICE_UNAVAILABLE, "outbound_unavailable", "Nothing can be sent at the moment",
        "The server could not open a connection or ask its name servers, and nothing was sent. It is not the receiver's \
         fault. Try again after `Retry-After`.";
    /// Files cannot be read or written at the moment.
    BLOBS_UNAVAILABLE = SERVICE_UNAVAILABLE, "blobs_unavailable", "Files cannot be reached at the moment",
        "The folder or the service that keeps files could not be used, or a file is missing there. The reason is in the \
         server's log under the request id. Try again after `Retry-After`.";
    /// The server holds as many connections as it may.
    TOO_MANY_CONNECTIONS = SERVICE_UNAVAILABLE, "too_many_connections", "Too many connections",
        "The server, or the client's address, holds as many connections as allowed. Close idle ones, or try again after \
         `Retry-After`.";
    /// The lease token is not the one in force.
    STALE_LEASE = CONFLICT, "stale_lease", "The lease is no longer in force",
        "The job's lease ran out, was taken over, or the job is finished, so the token was refused and nothing was \
         changed. Stop working on the job; it will be, or has been, given to another worker.";
    /// The log of a job is full.
    JOB_LOG_FULL = CONFLICT, "job_log_full", "The log of the job is full",
        "A job keeps 1,000 lines over all its attempts, and the lines sent would exceed them. None of them was kept. Write \
         less, or keep long output elsewhere and its address in the result.";
    /// The job's state refuses the operation.
    JOB_STATE = CONFLICT, "job_state", "The job's state refuses this",
        "The operation is not possible in the job's present state, which the detail names.";
    /// A call came in the clear to the address that only sends browsers on.
    HTTPS_REQUIRED = FORBIDDEN, "https_required", "This address only sends browsers to https",
        "The server speaks TLS, and this address of it does not. Pages are sent on; calls of the API are refused, because \
         their credential has already gone over the network for everybody to read. Use `https`, and replace the credential \
         when one was sent.";
    /// The job or queue belongs to the server itself.
    SERVER_JOB = CONFLICT, "server_job", "The server runs these jobs itself",
        "Jobs of this kind or queue are made and run by the server, as those that carry deliveries of webhooks. Leasing, \
         changing or draining them here would lose what they stand for, so nothing was changed. Use the operations of \
         that: deliveries are cancelled with their webhook, and retried and replayed under `/deliveries`.";
}

/// The kind with this code.
#[must_use]
pub fn find(code: &str) -> Option<&'static Kind> {
    ALL.iter().copied().find(|kind| kind.code == code)
}

/// The reference page `docs/reference/problems.md`.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from(
        "# Problems\n\nEvery error answer is `application/problem+json` (RFC 9457). Its `type` is `/problems/<code>`; this \
         page lists\nthe codes. It is generated from the code, and a test compares it.\n",
    );
    for kind in ALL {
        let Kind { status, code, title, about } = kind;
        let status = status.as_u16();
        page.extend(["\n## ", code, "\n\n", &status.to_string(), " · **", title, "**\n\n", about, "\n"]);
    }
    page
}
