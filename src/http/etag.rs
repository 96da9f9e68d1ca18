//! Entity tags: the hash of a GET's body, `If-None-Match` on reads, `If-Match` on changes (RFC 9110 §13).

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::Response,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http_body_util::BodyExt;
use serde::Serialize;

use super::{Problem, problems};

/// Bodies over this size get no tag: hashing them would cost more than it saves.
const TAGGED_BYTES_MAX: u64 = 4 << 20;

/// The tag of a body.
fn tag(body: &[u8]) -> String {
    let hash = xxhash_rust::xxh3::xxh3_128(body).to_be_bytes();
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(hash))
}

/// Whether a list of tags names this one. Compared without the weakness mark: a compressed answer carries the tag of
/// its content marked weak, and it is the content that is meant.
fn is_listed(list: &str, tag: &str) -> bool {
    list.split(',').map(|entry| entry.trim().trim_start_matches("W/")).any(|entry| entry == "*" || entry == tag)
}

/// Gives a 200 answer its tag, or turns it into 304 when the client has that content already.
pub(super) async fn tag_answer(response: Response, if_none_match: Option<&HeaderValue>) -> Response {
    if response.headers().contains_key(header::ETAG)
        || response.body().size_hint().exact().is_none_or(|size| size > TAGGED_BYTES_MAX)
    {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let bytes = match body.collect().await {
        Ok(collected) => collected.to_bytes(),
        // A body whose length is known is in memory and does not fail.
        Err(_) => Bytes::new(),
    };
    let tag = tag(&bytes);
    let is_known = if_none_match.and_then(|value| value.to_str().ok()).is_some_and(|list| is_listed(list, &tag));
    if let Ok(value) = HeaderValue::from_str(&tag) {
        parts.headers.insert(header::ETAG, value);
    }
    if is_known {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// Marks the tag weak, because the bytes sent are no longer the bytes hashed.
pub(super) fn weaken(headers: &mut HeaderMap) {
    let strong = headers.get(header::ETAG).and_then(|value| value.to_str().ok()).filter(|tag| !tag.starts_with("W/"));
    if let Some(weak) = strong.and_then(|tag| HeaderValue::from_str(&format!("W/{tag}")).ok()) {
        headers.insert(header::ETAG, weak);
    }
}

/// The `If-Match` header of a change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IfMatch(Option<String>);

impl IfMatch {
    /// Refuses the change when the resource, as a GET would answer it now, is not what the client saw.
    ///
    /// # Errors
    /// 412 when the tags differ.
    pub fn check(&self, current: &impl Serialize) -> Result<(), Problem> {
        let Some(list) = &self.0 else { return Ok(()) };
        let body = serde_json::to_vec(current).map_err(|error| Problem::internal(&error))?;
        if is_listed(list, &tag(&body)) { Ok(()) } else { Err(Problem::of(&problems::PRECONDITION_FAILED)) }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else { return Ok(Self(None)) };
        match value.to_str() {
            Ok(text) => Ok(Self(Some(text.to_owned()))),
            Err(_) => Err(Problem::of(&problems::BAD_REQUEST).detail("If-Match is not a list of entity tags")),
        }
    }
}
