//! `[server]`: the listener, its limits and its deadlines.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use ipnet::IpNet;

use super::{
    section::section,
    url::{ContactUrl, DirectoryUrl, DomainName, PublicUrl},
    value::{ByteSize, Secret},
};

section! {
    /// The HTTP server: where it listens, what it accepts and how long it waits.
    Server in "server" {
        /// Address and port to listen on. Loopback by default, so that nothing is exposed unasked; port 0 takes a free one.
        listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
        /// Where people reach the server, such as `https://nova.example.com`; links in messages begin with it. It may have a path, such as `https://example.com/nova`, for a proxy that takes the path away before it passes a request on; cookies are then for this path only. The listening address when unset, never what a request says. With `https` cookies are `Secure` and `Strict-Transport-Security` is sent also behind a proxy that speaks TLS.
        public_url: Option<PublicUrl> = None;
        /// Open connections at once; more wait in the kernel's queue. Bounds memory.
        connections_max: usize = 10_000, range 1..=1_000_000;
        /// Open connections from one address, handshakes included; more are turned away. Trusted proxies are exempt.
        connections_per_address_max: usize = 2_000, range 1..=1_000_000;
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
        /// Certificate chain as PEM, the server's own certificate first. With `tls_key` the server speaks TLS 1.2 and 1.3. Read again within seconds after a change, and on SIGHUP.
        tls_certificate: Option<PathBuf> = None;
        /// Private key of the certificate as PEM, readable by its owner only; or by a group too when root owns it, as systemd passes it on.
        tls_key: Option<PathBuf> = None;
        /// Names to get a certificate for by ACME instead, such as `jobs.example.com`. The authority asks for them at port 443 of each name. Naming one is to agree to the authority's terms.
        acme_domains: Vec<DomainName> = Vec::new();
        /// Where the authority may write to about certificates, such as `mailto:ops@example.com`.
        acme_contact: Vec<ContactUrl> = Vec::new();
        /// The authority's directory; Let's Encrypt by default. Its staging directory is for trying things out.
        acme_directory: DirectoryUrl = DirectoryUrl::default();
        /// What `Strict-Transport-Security` promises, in seconds: so long browsers refuse plain HTTP for this name and those below it. 0 makes them forget.
        hsts_max_age_s: u64 = 31_536_000, range 0..=63_072_000;
        /// A second address that answers plain HTTP: pages are sent to `https` with 308, calls of the API are refused. Only beside TLS.
        redirect_listen: Option<SocketAddr> = None;
        /// Where weaknesses are reported, such as `mailto:security@example.com`; several are separated by commas. Shown in `/.well-known/security.txt`, which is not there without it.
        security_contact: Vec<ContactUrl> = Vec::new();
        /// Networks of proxies whose `X-Forwarded-For` is believed, read from the right.
        trusted_proxies: Vec<IpNet> = Vec::new();
        /// Bearer token that `/metrics` asks for; open when unset.
        metrics_token: Option<Secret> = None;
    }
}

impl Server {
    /// Whether the server speaks TLS itself.
    #[must_use]
    pub fn has_tls(&self) -> bool {
        self.tls_certificate.is_some() || !self.acme_domains.is_empty()
    }
}
