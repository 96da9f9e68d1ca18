//! `[server]`: the listener, its limits and its deadlines.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    str::FromStr,
};

use ipnet::IpNet;
use url::Url;

use super::{
    section::section,
    value::{ByteSize, ConfigValue, Raw, Secret, expected, quote, textual},
};

section! {
    /// The HTTP server: where it listens, what it accepts and how long it waits.
    Server in "server" {
        /// Address and port to listen on. Loopback by default, so that nothing is exposed unasked; port 0 takes a free one.
        listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
        /// Where people reach the server, such as `https://nova.example.com`; links in messages begin with it. The listening address when unset, never what a request says.
        public_url: Option<PublicUrl> = None;
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

/// An `http` or `https` address that paths are put behind: no user, query or fragment, and no slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl FromStr for PublicUrl {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let url = Url::parse(text).map_err(drop)?;
        let is_base = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if is_base { Ok(Self(url.as_str().trim_end_matches('/').to_owned())) } else { Err(()) }
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

textual! {
    PublicUrl, "an address such as https://nova.example.com";
}

#[cfg(test)]
mod tests {
    use super::PublicUrl;

    #[test]
    fn a_public_url_is_one_that_paths_can_be_put_behind() {
        let read = |text: &str| text.parse::<PublicUrl>().map(|url| url.to_string());
        assert_eq!(read("https://nova.example.com/"), Ok("https://nova.example.com".to_owned()));
        assert_eq!(read("http://10.0.0.1:8080/nova/"), Ok("http://10.0.0.1:8080/nova".to_owned()));
        for text in ["", "nova.example.com", "ftp://a", "https://u:p@a", "https://a?x", "https://a#x", "javascript:1"] {
            assert_eq!(read(text), Err(()), "{text}");
        }
    }
}
