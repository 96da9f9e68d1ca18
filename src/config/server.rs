//! `[server]`: the listener, its limits and its deadlines.

use std::net::{Ipv4Addr, SocketAddr};

use ipnet::IpNet;

use super::{
    section::section,
    value::{ByteSize, Secret},
};

section! {
    /// The HTTP server: where it listens, what it accepts and how long it waits.
    Server in "server" {
        /// Address and port to listen on. Loopback by default, so that nothing is exposed unasked; port 0 takes a free one.
        listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
        /// Open connections at once; more wait in the kernel's queue. Bounds memory.
        connections_max: usize = 10_000, range 1..=1_000_000;
        /// Time to send the request head. Short, against clients that trickle bytes.
        header_timeout_ms: u64 = 10_000, range 100..=600_000;
        /// Time for one request from its head to its answer; then 503.
        request_timeout_ms: u64 = 30_000, range 100..=3_600_000, env "REQUEST_TIMEOUT_MS";
        /// Time an operation may wait inside a request, such as a lease for jobs to come; not above `request_timeout_ms`, so that it can still answer. Follows a shorter `request_timeout_ms` when unset.
        service_timeout_ms: u64 = 25_000, range 100..=3_600_000, env "SERVICE_TIMEOUT_MS";
        /// Largest request body; a batch of 1,000 usual jobs fits. A single payload is limited to 1 MiB besides.
        body_max: ByteSize = ByteSize::mib(16);
        /// Time at shutdown for running requests and jobs before they are given back. Below the 30 s most supervisors wait.
        shutdown_grace_ms: u64 = 25_000, range 0..=3_600_000;
        /// Networks of proxies whose `X-Forwarded-For` is believed, read from the right.
        trusted_proxies: Vec<IpNet> = Vec::new();
        /// Bearer token that `/metrics` asks for; open when unset.
        metrics_token: Option<Secret> = None;
    }
}
