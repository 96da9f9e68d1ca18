//! JSON bodies in and out, and every way a body can be refused.
//!
//! A body is parsed once, straight into the wire type. Only when that fails is it parsed again with a path tracker, so
//! the ordinary request does not pay for the pointer in the error. Wire types say `deny_unknown_fields`.

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use super::{Problem, context::RequestContext, idempotency, problems, raw};

/// Most that is set aside for a body before it has arrived.
const RESERVE_BYTES_MAX: usize = 1 << 20;
/// Longest text about one refused value.
const DETAIL_BYTES_MAX: usize = 300;

/// A JSON body: read with all refusals as problems, or written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json<T>(pub T);

/// A JSON body that may be left out altogether; then it is the default value.
#[derive(Debug, Clone, Copy, Default)]
pub struct OptionalJson<T>(pub T);

/// The body of an operation that has nothing to read: left out, or an empty object. Anything else is refused, because
/// whoever sends it expects something of it.
#[derive(Debug, Clone, Copy)]
pub struct NoBody;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl<S: Send + Sync> FromRequest<S> for NoBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let OptionalJson(Nothing {}) = OptionalJson::from_request(request, state).await?;
        Ok(Self)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        require_json(&parts.headers)?;
        let bytes = read(&RequestContext::of(&parts.extensions), &parts.headers, body).await?;
        parse(&bytes).map(Self)
    }
}

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read(&RequestContext::of(&parts.extensions), &parts.headers, body).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        require_json(&parts.headers)?;
        parse(&bytes).map(Self)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => json_response(StatusCode::OK, bytes.into()),
            Err(error) => Problem::internal(&error).into_response(),
        }
    }
}

/// An answer whose JSON body is already serialised.
pub fn json_response(status: StatusCode, bytes: Bytes) -> Response {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let unsupported = |detail: &str| Err(Problem::of(&problems::UNSUPPORTED_MEDIA_TYPE).detail(detail));
    if headers.get(header::CONTENT_ENCODING).is_some_and(|value| value != "identity") {
        return unsupported("a body with Content-Encoding is not accepted");
    }
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return unsupported("Content-Type is missing; send application/json");
    };
    if value == "application/json" {
        return Ok(());
    }
    let text = value.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json")) {
        return Ok(());
    }
    unsupported("Content-Type is not application/json")
}

/// Reads the body up to the limit, whatever its declared length.
async fn read(context: &RequestContext, headers: &HeaderMap, mut body: Body) -> Result<Bytes, Problem> {
    let limit = context.body_bytes_max;
    let too_large = || Problem::of(&problems::BODY_TOO_LARGE).detail(format!("at most {limit} bytes are accepted"));
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut first: Option<Bytes> = None;
    let mut joined: Vec<u8> = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            Problem::of(&problems::BAD_REQUEST).detail("the body broke off before its end").cause(&error)
        })?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length > limit {
            return Err(too_large());
        }
        if length == data.len() {
            first = Some(data);
            continue;
        }
        if let Some(head) = first.take() {
            // What is declared may never come, so it is believed only up to a point.
            joined.reserve(declared.unwrap_or(length * 2).min(RESERVE_BYTES_MAX));
            joined.extend_from_slice(&head);
        }
        joined.extend_from_slice(&data);
    }
    context.mark_body_read();
    let bytes = first.unwrap_or_else(|| joined.into());
    if headers.contains_key(idempotency::HEADER) {
        // Only one extractor reads a body, so the cell is still empty.
        context.body_hash.get_or_init(|| Sha256::digest(&bytes).into());
    }
    Ok(bytes)
}

/// Parses a body into a wire type.
///
/// # Errors
/// 400 with line and column when it is not JSON or nests too deeply; 422 with a pointer when it is JSON of another
/// shape.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    raw::check(bytes).map_err(malformed)?;
    // Derived types would also read an array as their fields in order; a request body is an object.
    let is_object = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    match serde_json::from_slice(bytes) {
        Ok(value) if is_object => Ok(value),
        Ok(_) => Err(Problem::invalid("", "must be an object")),
        Err(error) => Err(explain::<T>(bytes, &error)),
    }
}

fn malformed(detail: impl Into<String>) -> Problem {
    Problem::of(&problems::MALFORMED_JSON).detail(detail)
}

fn explain<T: DeserializeOwned>(bytes: &[u8], error: &serde_json::Error) -> Problem {
    if !error.is_data() {
        return malformed(error.to_string());
    }
    // The parser stops at the first value it cannot use; whether the rest is JSON at all comes first.
    if let Err(syntax) = serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
        return malformed(syntax.to_string());
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize::<_, T>(&mut reader) {
        Ok(_) => Problem::invalid("", error.to_string()),
        Err(tracked) => {
            let pointer = pointer_of(tracked.path());
            let text = tracked.into_inner().to_string();
            // The message ends in " at line 1 column 9", which the pointer says better.
            let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
            refusal(pointer, text)
        }
    }
}

/// One entry of `errors` from serde's words about a value.
pub(super) fn refusal(pointer: String, message: &str) -> Problem {
    let named = |prefix: &str| message.strip_prefix(prefix)?.split_once('`');
    if let Some((field, _)) = named("missing field `") {
        return Problem::invalid(join(&pointer, field), "is required");
    }
    if let Some((field, _)) = named("duplicate field `") {
        return Problem::invalid(join(&pointer, field), "is given twice");
    }
    if let Some((field, rest)) = named("unknown field `") {
        let known = rest.strip_prefix(", expected ").filter(|known| known.starts_with('o') || known.starts_with('`'));
        let known = known.map(|known| known.trim_start_matches("one of "));
        let known = known.map_or_else(String::new, |known| format!("; known: {known}"));
        return Problem::invalid(join(&pointer, field), format!("is not a known field{known}"));
    }
    let mut detail = without_value(message);
    if let Some((found, expected)) = detail.split_once(", expected ") {
        detail = format!("{found}, expected {}", plain_type(expected));
    }
    if detail.len() > DETAIL_BYTES_MAX {
        let end = (0..=DETAIL_BYTES_MAX).rev().find(|end| detail.is_char_boundary(*end)).unwrap_or(0);
        detail.truncate(end);
        detail.push('…');
    }
    Problem::invalid(pointer, detail)
}

/// Leaves out the text that was refused: it may be a secret in the wrong place, and answers are logged by others.
fn without_value(message: &str) -> String {
    for (kind, quote) in [("invalid type: string", '"'), ("invalid value: string", '"'), ("unknown variant", '`')] {
        let rest = message.strip_prefix(kind).and_then(|rest| rest.strip_prefix(' ')?.strip_prefix(quote));
        let Some(rest) = rest else { continue };
        // What is expected is ours and comes last, so a text with the same words in it does not get through.
        let expected =
            rest.rsplit_once(", expected ").map_or_else(String::new, |(_, expected)| format!(", expected {expected}"));
        return format!("{kind}{expected}");
    }
    message.to_owned()
}

/// The words of a Rust type for people who do not write Rust.
fn plain_type(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a sequence" => "an array",
        "a map" => "an object",
        other if other.starts_with("struct ") => "an object",
        other => other,
    }
}

/// The pointer to a field of the value at `pointer`; serde may already have counted the field in.
pub(super) fn join(pointer: &str, field: &str) -> String {
    let step = format!("/{}", field.replace('~', "~0").replace('/', "~1"));
    if pointer.ends_with(&step) { pointer.to_owned() } else { format!("{pointer}{step}") }
}

pub(super) fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => {
                pointer.push('/');
                pointer.push_str(&index.to_string());
            }
            Segment::Map { key } => pointer.push_str(&join("", key)),
            // An enum's variant is not a place in the document.
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}
