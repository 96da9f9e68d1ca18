//! What goes out and what comes back.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, StatusCode, header};

use super::target::Target;

/// Deadlines and sizes of one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the start of resolution to the end of the TLS handshake.
    pub connect: Duration,
    /// From the start to the last byte of the answer; at most [`Limits::TOTAL_MAX`] is honoured.
    pub total: Duration,
    /// Bytes of the answer's body to read; after that the connection is closed.
    pub read_bytes: usize,
    /// Bytes of the answer's body to keep.
    pub keep_bytes: usize,
}

impl Limits {
    /// The longest total deadline.
    pub const TOTAL_MAX: Duration = Duration::from_secs(30);
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(15),
            read_bytes: 64 * 1024,
            keep_bytes: 16 * 1024,
        }
    }
}

/// One request to send.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where to.
    pub target: Target,
    /// Headers beside those the client sets itself; see [`is_reserved_header`].
    pub headers: HeaderMap,
    /// The exact bytes of the body.
    pub body: Bytes,
    /// Deadlines and sizes.
    pub limits: Limits,
}

impl Request {
    /// A POST with the default limits.
    #[must_use]
    pub fn post(target: Target, headers: HeaderMap, body: Bytes) -> Self {
        Self { method: Method::POST, target, headers, body, limits: Limits::default() }
    }
}

/// Whether the client sets this header itself, so that a request (and a webhook's own headers) must not.
#[must_use]
pub fn is_reserved_header(name: &HeaderName) -> bool {
    const RESERVED: [HeaderName; 10] = [
        header::HOST,
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::TE,
        header::TRAILER,
        header::UPGRADE,
        header::EXPECT,
        header::ACCEPT_ENCODING,
        HeaderName::from_static("keep-alive"),
    ];
    RESERVED.contains(name) || name.as_str().starts_with("proxy-")
}

/// How long each part took, in microseconds; zero for a part that did not happen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Phases {
    /// Resolving the name; zero on a reused connection, next to nothing for literal addresses.
    pub dns_us: u32,
    /// Opening the TCP connection; zero on a reused connection.
    pub connect_us: u32,
    /// The TLS handshake; zero on a reused connection and for plain HTTP.
    pub tls_us: u32,
    /// From the start of sending to the last byte written before the answer began.
    pub write_us: u32,
    /// From there to the first byte of the answer.
    pub wait_us: u32,
    /// From there to the last byte read.
    pub read_us: u32,
    /// All of it, including time not attributed to a phase.
    pub total_us: u32,
    /// Whether a kept-alive connection was used.
    pub is_reused: bool,
    /// Whether a reused connection had died and the request was sent again at once on a new one.
    pub is_redialled: bool,
}

/// A complete answer.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The status; every status is an exchange, redirects included (they are never followed).
    pub status: StatusCode,
    /// The headers of the answer, bounded in number and size by the client.
    pub headers: HeaderMap,
    /// The first bytes of the body, at most [`Limits::keep_bytes`].
    pub body: Bytes,
    /// Whether the body was longer than what is kept.
    pub is_truncated: bool,
    /// How long each part took.
    pub phases: Phases,
    /// The address that answered.
    pub peer: SocketAddr,
}
