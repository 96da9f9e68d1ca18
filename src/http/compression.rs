//! Compressed answers, for clients that ask and bodies that gain by it.

use std::convert::Infallible;

use axum::{
    body::{Body, HttpBody},
    http::{HeaderValue, Request, Version, header},
    response::Response,
};
use tower::{ServiceExt, service_fn};
use tower_http::{CompressionLevel, compression::Compression};

use super::etag;

/// Below this size the headers weigh more than what is saved.
const BYTES_MIN: u64 = 1024;

const TEXTS: [&str; 5] =
    ["text/", "application/json", "application/problem+json", "image/svg+xml", "application/javascript"];

/// Whether the answer is text of some size and not compressed already. Event streams pass as they are.
pub(super) fn is_worth_it(response: &Response) -> bool {
    let headers = response.headers();
    let is_text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| {
        TEXTS.iter().any(|text| value.starts_with(text)) && !value.starts_with("text/event-stream")
    });
    let size = response.body().size_hint();
    // What can be had in ranges of bytes goes out as those bytes.
    let is_plain = !headers.contains_key(header::CONTENT_ENCODING) && !headers.contains_key(header::ACCEPT_RANGES);
    is_text && is_plain && size.exact().unwrap_or(BYTES_MIN) >= BYTES_MIN
}

/// Compresses with the best encoding the client accepts.
pub(super) async fn compress(response: Response, accept_encoding: &HeaderValue) -> Response {
    let mut request = Request::new(Body::empty());
    *request.version_mut() = Version::HTTP_11;
    request.headers_mut().insert(header::ACCEPT_ENCODING, accept_encoding.clone());
    let mut ready = Some(response);
    let answer = service_fn(move |_| {
        let response = ready.take().unwrap_or_default();
        async move { Ok::<_, Infallible>(response) }
    });
    // Brotli's default effort is meant for files that are compressed once.
    let compression = Compression::new(answer).quality(CompressionLevel::Fastest);
    let Ok(compressed) = compression.oneshot(request).await;
    let mut compressed = compressed.map(Body::new);
    if compressed.headers().contains_key(header::CONTENT_ENCODING) {
        etag::weaken(compressed.headers_mut());
    }
    compressed
}
