//! Error answers after RFC 9457.
//!
//! A handler returns a [`Problem`]; the edge turns it into the body, because only the edge knows the request id and
//! the path. So `IntoResponse` yields an empty response that carries the problem as an extension. A problem with a
//! cause is logged once, there, and the cause never reaches the client.

use std::{error::Error as StdError, fmt};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::problems::{self, Kind};
use crate::telemetry::with_causes;

/// One refused value of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) to the value in the body; a query parameter is `/<name>`.
    #[schema(example = "/jobs/3/priority")]
    pub pointer: String,
    /// What is wrong with it.
    #[schema(example = "must be between 0 and 9")]
    pub detail: String,
}

/// An error answer.
#[derive(Clone)]
pub struct Problem(Box<Inner>);

#[derive(Clone)]
struct Inner {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: Option<String>,
    errors: Vec<FieldError>,
    retry_after_s: Option<u32>,
    limit: Option<LimitNote>,
    cause: Option<String>,
}

/// The limit that a request exceeded.
#[derive(Clone, Copy)]
struct LimitNote {
    policy: &'static str,
    quota: u64,
    window_s: u64,
}

impl LimitNote {
    /// The header fields of draft-ietf-httpapi-ratelimit-headers-11; nothing is left when a request was refused.
    fn fields(self, retry_after_s: u32) -> [(&'static str, String); 2] {
        let Self { policy, quota, window_s } = self;
        [
            ("ratelimit-policy", format!("\"{policy}\";q={quota};w={window_s}")),
            ("ratelimit", format!("\"{policy}\";r=0;t={retry_after_s}")),
        ]
    }
}

/// How many refused values one problem lists; further ones are dropped.
pub(super) const ERRORS_MAX: usize = 100;

impl Problem {
    /// A problem by its parts; the code must stand in [`problems::ALL`].
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        let retry_after_s = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(1);
        Self(Box::new(Inner {
            status,
            code,
            title,
            detail: None,
            errors: Vec::new(),
            retry_after_s,
            limit: None,
            cause: None,
        }))
    }

    /// A problem of a listed kind.
    #[must_use]
    pub fn of(kind: &Kind) -> Self {
        Self::new(kind.status, kind.code, kind.title)
    }

    /// Nothing there, or another company's.
    #[must_use]
    pub fn not_found() -> Self {
        Self::of(&problems::NOT_FOUND)
    }

    /// One refused value.
    #[must_use]
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::of(&problems::VALIDATION_FAILED).error(pointer, detail)
    }

    /// A fault of the server; the cause is logged, not sent.
    #[must_use]
    pub fn internal(cause: &(dyn StdError + 'static)) -> Self {
        Self::of(&problems::INTERNAL_ERROR).cause(cause)
    }

    /// Adds what is particular to this occurrence.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Adds one refused value.
    #[must_use]
    pub fn error(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        if self.0.errors.len() < ERRORS_MAX {
            self.0.errors.push(FieldError { pointer: pointer.into(), detail: detail.into() });
        }
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after_s(mut self, seconds: u32) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// Names the limit that was exceeded: calls in a window of seconds, and when there is room again.
    #[must_use]
    pub fn rate_limit(mut self, policy: &'static str, quota: u64, window_s: u64, retry_after_s: u32) -> Self {
        self.0.limit = Some(LimitNote { policy, quota, window_s });
        self.retry_after_s(retry_after_s)
    }

    /// Keeps the chain of causes for the log.
    #[must_use]
    pub fn cause(mut self, cause: &(dyn StdError + 'static)) -> Self {
        self.0.cause = Some(with_causes(cause));
        self
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// The refused values.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// What goes to the log and not to the client.
    #[must_use]
    pub fn logged_cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// Takes over the refused values of another problem.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        let room = ERRORS_MAX.saturating_sub(self.0.errors.len());
        self.0.errors.extend(other.0.errors.into_iter().take(room));
        self
    }

    /// The same problem with every pointer below `prefix`, for an item of a batch.
    #[must_use]
    pub fn below(mut self, prefix: &str) -> Self {
        for error in &mut self.0.errors {
            error.pointer.insert_str(0, prefix);
        }
        self
    }

    /// The body and its headers, once request id and path are known.
    pub(super) fn render(&self, instance: &str, request_id: &str) -> Response {
        let inner = &self.0;
        let body = ProblemDocument {
            type_uri: format!("/problems/{}", inner.code),
            title: inner.title.to_owned(),
            status: inner.status.as_u16(),
            detail: inner.detail.clone(),
            instance: instance.to_owned(),
            request_id: request_id.to_owned(),
            errors: inner.errors.clone(),
            violated_policies: inner.limit.iter().map(|limit| limit.policy).collect(),
        };
        let bytes = serde_json::to_vec(&body).unwrap_or_default();
        let content_type = HeaderValue::from_static("application/problem+json");
        let mut response = (inner.status, [(header::CONTENT_TYPE, content_type)], bytes).into_response();
        if let Some(seconds) = inner.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        let fields = inner.limit.map(|limit| limit.fields(inner.retry_after_s.unwrap_or(1)));
        for (name, text) in fields.into_iter().flatten() {
            if let Ok(value) = HeaderValue::from_str(&text) {
                response.headers_mut().insert(name, value);
            }
        }
        if inner.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"novapulse\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("code", &self.0.code)
            .field("detail", &self.0.detail)
            .field("errors", &self.0.errors)
            .field("cause", &self.0.cause)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { code, detail, errors, .. } = &*self.0;
        match (detail, errors.first()) {
            (Some(detail), _) => write!(f, "{code}: {detail}"),
            (None, Some(FieldError { pointer, detail })) => write!(f, "{code}: {pointer} {detail}"),
            (None, None) => f.write_str(code),
        }
    }
}

impl StdError for Problem {}

/// An error answer: RFC 9457 problem details.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// Address of the page that explains the code.
    #[serde(rename = "type")]
    #[schema(example = "/problems/validation_failed")]
    pub type_uri: String,
    /// The same for all occurrences of the code.
    pub title: String,
    /// The HTTP status again.
    pub status: u16,
    /// What is particular to this occurrence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The path that was asked for.
    pub instance: String,
    /// The id under which the request stands in the log.
    pub request_id: String,
    /// The refused values, when the request was not valid.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The limits that were exceeded, when the request came too soon.
    #[serde(rename = "violated-policies", skip_serializing_if = "Vec::is_empty")]
    pub violated_policies: Vec<&'static str>,
}
