//! What the edge knows about a request and the extractors need: id, client, limits, what was read so far.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    extract::FromRequestParts,
    http::{Extensions, HeaderValue, request::Parts},
};

use super::{KnownCaller, Operation, Options, Problem};

/// SHA-256 of a request body.
pub type BodyHash = [u8; 32];

/// One request, shared between the edge and the extractors.
#[derive(Debug)]
pub(super) struct RequestContext {
    pub(super) id: HeaderValue,
    pub(super) client: IpAddr,
    /// Whether the request came over TLS, or would have if the public address says true.
    pub(super) is_secure: bool,
    pub(super) body_bytes_max: usize,
    pub(super) timeout_ms: u64,
    /// Set once the extractor has the whole body, or when there is none; a time-out before that is the client's.
    pub(super) is_body_read: AtomicBool,
    /// Set by the JSON extractor when the request carries an idempotency key.
    pub(super) body_hash: OnceLock<BodyHash>,
    /// Set once the credential was found good.
    pub(super) caller: OnceLock<KnownCaller>,
    /// Set with the caller, when the route is one that asks for a credential.
    pub(super) operation: OnceLock<Operation>,
}

impl RequestContext {
    pub(super) fn new(id: HeaderValue, client: IpAddr, is_secure: bool, options: &Options) -> Self {
        let Options { body_bytes_max, service_timeout_ms: timeout_ms, .. } = *options;
        Self {
            id,
            client,
            is_secure,
            body_bytes_max,
            timeout_ms,
            is_body_read: AtomicBool::new(false),
            body_hash: OnceLock::new(),
            caller: OnceLock::new(),
            operation: OnceLock::new(),
        }
    }

    /// The context the edge has put beside the request, when there is an edge.
    pub(super) fn find(extensions: &Extensions) -> Option<&Arc<Self>> {
        extensions.get::<Arc<Self>>()
    }

    /// The context the edge has put beside the request; a neutral one where a router is called without the edge.
    pub(super) fn of(extensions: &Extensions) -> Arc<Self> {
        Self::find(extensions).cloned().unwrap_or_else(|| {
            let client = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
            Arc::new(Self::new(HeaderValue::from_static("none"), client, false, &Options::default()))
        })
    }

    pub(super) fn id_text(&self) -> &str {
        self.id.to_str().unwrap_or_default()
    }

    pub(super) fn mark_body_read(&self) {
        self.is_body_read.store(true, Ordering::Relaxed);
    }
}

/// The id under which this request stands in logs and answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub String);

impl<S: Send + Sync> FromRequestParts<S> for RequestId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(RequestContext::of(&parts.extensions).id_text().to_owned()))
    }
}

/// The client's address, looked up behind trusted proxies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(RequestContext::of(&parts.extensions).client))
    }
}

/// Whether the client speaks TLS with this server, or with a proxy in front as the public address says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IsSecure(pub bool);

impl<S: Send + Sync> FromRequestParts<S> for IsSecure {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(RequestContext::of(&parts.extensions).is_secure))
    }
}

/// How long an operation may wait inside a request, in milliseconds; it can still answer after that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimit(pub u64);

impl<S: Send + Sync> FromRequestParts<S> for TimeLimit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(RequestContext::of(&parts.extensions).timeout_ms))
    }
}
