//! Limits and deadlines of the server; each has a default and a reason.

use ipnet::IpNet;

/// How the HTTP server behaves. The composition root fills it from the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Time for one request, body included; past it the answer is 503 (or 408 when the body is what is missing).
    pub request_timeout_ms: u64,
    /// Time an operation may wait for something inside a request; below the former, so that it can still answer.
    pub service_timeout_ms: u64,
    /// A request that took longer is logged as a warning.
    pub slow_request_ms: u64,
    /// Largest body; a batch of 1,000 ordinary jobs fits many times over.
    pub body_bytes_max: usize,
    /// Largest header section together.
    pub header_bytes_max: usize,
    /// Longest path and query together.
    pub uri_bytes_max: usize,
    /// Most connections at once; a file descriptor and some 20 KiB each.
    pub connections_max: usize,
    /// Most connections from one address; trusted proxies are exempt.
    pub connections_per_address_max: usize,
    /// Time for a TLS handshake.
    pub handshake_timeout_ms: u64,
    /// Time from the first byte of a request to the end of its headers.
    pub header_read_timeout_ms: u64,
    /// Time a connection may stand idle between requests.
    pub keep_alive_timeout_ms: u64,
    /// Time a client may take nothing of an answer that is ready.
    pub write_stall_timeout_ms: u64,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether browsers come over TLS, though perhaps only as far as a proxy.
    pub is_public_https: bool,
    /// How long browsers shall insist on TLS, in seconds.
    pub hsts_max_age_s: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            request_timeout_ms: 30_000,
            service_timeout_ms: 25_000,
            slow_request_ms: 1_000,
            body_bytes_max: 16 << 20,
            header_bytes_max: 32 << 10,
            uri_bytes_max: 8 << 10,
            connections_max: 10_000,
            connections_per_address_max: 2_000,
            handshake_timeout_ms: 5_000,
            header_read_timeout_ms: 10_000,
            keep_alive_timeout_ms: 75_000,
            write_stall_timeout_ms: 30_000,
            trusted_proxies: Vec::new(),
            is_public_https: false,
            hsts_max_age_s: 31_536_000,
        }
    }
}
