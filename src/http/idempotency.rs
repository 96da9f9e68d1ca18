//! `Idempotency-Key`: a repeated POST gets the first answer again instead of a second effect.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, request::Parts},
};
use sha2::{Digest, Sha256};

use super::{Problem, context::RequestContext};

/// The request header.
pub(super) const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

const KEY_BYTES_MAX: usize = 255;

/// The idempotency key of a POST, when it has one, with the operation it belongs to.
#[derive(Debug, Clone)]
pub struct Idempotent(Option<Scope>);

#[derive(Debug, Clone)]
struct Scope {
    /// Hash of method, path and key; the company is added when the answer is kept.
    operation: [u8; 16],
    context: Arc<RequestContext>,
}

impl<S: Send + Sync> FromRequestParts<S> for Idempotent {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(key) = parts.headers.get(HEADER) else { return Ok(Self(None)) };
        let key = key.as_bytes();
        if !(1..=KEY_BYTES_MAX).contains(&key.len()) || !key.iter().all(u8::is_ascii_graphic) {
            let detail = format!("Idempotency-Key must be 1 to {KEY_BYTES_MAX} visible ASCII characters");
            return Err(Problem::of(&super::problems::BAD_REQUEST).detail(detail));
        }
        let mut hash = Sha256::new();
        for part in [parts.method.as_str().as_bytes(), parts.uri.path().as_bytes(), key] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let digest: [u8; 32] = hash.finalize().into();
        let (operation, _) = digest.split_first_chunk().unwrap_or((&[0; 16], &[]));
        Ok(Self(Some(Scope { operation: *operation, context: RequestContext::of(&parts.extensions) })))
    }
}
