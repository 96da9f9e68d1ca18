//! A URL that was parsed, canonicalised and vetted once, ready to be sent to many times.
//!
//! The host is canonicalised by the WHATWG rules (`url` crate) and everything later works on the
//! result alone, so there is no second parser to disagree with. What those rules would silently
//! repair (control characters, backslashes, missing slashes) is refused instead.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, LazyLock},
};

use http::{HeaderValue, Uri};
use rustls::pki_types::ServerName;
use url::Url;

use super::{
    guard::{Refusal, Verdict, is_loopback, verdict},
    policy::Policy,
    ranges,
};

const URL_BYTES_MAX: usize = 2048;

/// Seeded at start, so that nobody can choose names that collide in the pool.
static AUTHORITY_HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Why a URL cannot be a target. The texts may be shown to a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It is longer than 2048 bytes.
    #[error("the URL is longer than {URL_BYTES_MAX} bytes")]
    TooLong,
    /// It is not an absolute URL, or needs repair to be one.
    #[error("not a valid absolute URL")]
    Syntax,
    /// Its scheme is not http or https.
    #[error("the scheme must be http or https")]
    Scheme,
    /// The policy wants https.
    #[error("the scheme must be https")]
    HttpsOnly,
    /// It carries a user name or password.
    #[error("the URL must not contain a user name or password")]
    Credentials,
    /// Its host is not a name or address that can be called.
    #[error("the host is not a valid name or address")]
    Host,
    /// The address, name or port is refused.
    #[error("address not allowed")]
    Refused(Refusal),
}

/// Where a request goes. Cheap to clone; keep one per webhook.
#[derive(Clone, PartialEq, Eq)]
pub struct Target(Arc<Parts>);

#[derive(PartialEq, Eq)]
struct Parts {
    url: String,
    host: Host,
    port: u16,
    tls_name: Option<ServerName<'static>>,
    path: Uri,
    host_header: HeaderValue,
    authority: Authority,
}

/// Whom a connection belongs to: connections are shared between targets with the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Authority {
    pub(super) hash: u64,
    pub(super) text: Arc<str>,
}

/// The host in canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Host {
    /// A name in lower case, ASCII, without the final dot.
    Name(String),
    /// `localhost` or a name below it: never asked of a resolver (RFC 6761 section 6.3).
    Localhost,
    /// A literal address.
    Address(IpAddr),
}

impl Target {
    /// Parses and vets a URL. A fragment is dropped; it is never sent.
    ///
    /// What this allows is still vetted at every connection: a name says nothing about its addresses.
    ///
    /// # Errors
    /// [`TargetError`] says what to change.
    pub fn parse(url: &str, policy: &Policy) -> Result<Self, TargetError> {
        let parsed = parse_strictly(url)?;
        if parsed.scheme() == "http" && policy.is_https_only() {
            return Err(TargetError::HttpsOnly);
        }
        let host = canonical_host(&parsed)?;
        let port = parsed.port_or_known_default().ok_or(TargetError::Syntax)?;
        vet(&host, port, policy)?;
        Parts::new(&parsed, host, port).map(|parts| Self(Arc::new(parts)))
    }

    /// The canonical URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.url
    }

    /// Whether requests go over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.tls_name.is_some()
    }

    /// The port, also when it is the default of the scheme.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port
    }

    pub(super) fn host(&self) -> &Host {
        &self.0.host
    }

    /// The name the certificate must be for; `None` for plain HTTP.
    pub(super) fn tls_name(&self) -> Option<&ServerName<'static>> {
        self.0.tls_name.as_ref()
    }

    /// Path and query, as they stand in the request line.
    pub(super) fn path(&self) -> &Uri {
        &self.0.path
    }

    pub(super) fn host_header(&self) -> &HeaderValue {
        &self.0.host_header
    }

    pub(super) fn authority(&self) -> &Authority {
        &self.0.authority
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Target").field(&self.0.url).finish()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.url)
    }
}

impl Parts {
    fn new(url: &Url, host: Host, port: u16) -> Result<Self, TargetError> {
        let host_text = match &host {
            Host::Name(name) => name.clone(),
            Host::Localhost => "localhost".to_owned(),
            Host::Address(IpAddr::V4(address)) => address.to_string(),
            Host::Address(IpAddr::V6(address)) => format!("[{address}]"),
        };
        let host_header = match url.port() {
            Some(port) => format!("{host_text}:{port}"),
            None => host_text.clone(),
        };
        let tls_name = match (url.scheme(), &host) {
            ("https", Host::Address(address)) => Some(ServerName::IpAddress((*address).into())),
            ("https", _) => Some(ServerName::try_from(host_text.clone()).map_err(|_| TargetError::Host)?),
            _ => None,
        };
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let text: Arc<str> = format!("{}://{host_text}:{port}", url.scheme()).into();
        let hash = AUTHORITY_HASHER.hash_one(&text);
        Ok(Self {
            url: format!("{}://{host_header}{path}", url.scheme()),
            host,
            port,
            tls_name,
            path: path.parse().map_err(|_| TargetError::Syntax)?,
            host_header: HeaderValue::try_from(host_header).map_err(|_| TargetError::Host)?,
            authority: Authority { hash, text },
        })
    }
}

/// Parses without the repairs of the WHATWG rules that would hide what the text says.
fn parse_strictly(text: &str) -> Result<Url, TargetError> {
    if text.len() > URL_BYTES_MAX {
        return Err(TargetError::TooLong);
    }
    if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err(TargetError::Syntax);
    }
    let (scheme, rest) = text.split_once(':').ok_or(TargetError::Syntax)?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err(TargetError::Scheme);
    }
    let rest = rest.strip_prefix("//").ok_or(TargetError::Syntax)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() {
        return Err(TargetError::Host);
    }
    if authority.contains('@') {
        return Err(TargetError::Credentials);
    }
    let url = Url::parse(text).map_err(|error| match error {
        url::ParseError::EmptyHost
        | url::ParseError::IdnaError
        | url::ParseError::InvalidIpv4Address
        | url::ParseError::InvalidIpv6Address
        | url::ParseError::InvalidDomainCharacter => TargetError::Host,
        _ => TargetError::Syntax,
    })?;
    if url.username().is_empty() && url.password().is_none() { Ok(url) } else { Err(TargetError::Credentials) }
}

fn canonical_host(url: &Url) -> Result<Host, TargetError> {
    let name = match url.host().ok_or(TargetError::Host)? {
        url::Host::Ipv4(address) => return Ok(Host::Address(IpAddr::V4(address))),
        url::Host::Ipv6(address) => return Ok(Host::Address(IpAddr::V6(address))),
        url::Host::Domain(name) => name.strip_suffix('.').unwrap_or(name),
    };
    // Without its final dot a name could read as an address; then it is one.
    match url::Host::parse(name).map_err(|_| TargetError::Host)? {
        url::Host::Ipv4(address) => return Ok(Host::Address(IpAddr::V4(address))),
        url::Host::Ipv6(address) => return Ok(Host::Address(IpAddr::V6(address))),
        url::Host::Domain(again) if again == name => {}
        url::Host::Domain(_) => return Err(TargetError::Host),
    }
    if name == "localhost" || name.ends_with(".localhost") {
        return Ok(Host::Localhost);
    }
    if is_dns_name(name) { Ok(Host::Name(name.to_owned())) } else { Err(TargetError::Host) }
}

/// Letters, digits, hyphens and underscores in labels of 1 to 63, 253 in all (RFC 1035 section 2.3.4).
fn is_dns_name(name: &str) -> bool {
    let is_label = |label: &str| {
        matches!(label.len(), 1..=63) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

/// What can be said before a name is resolved.
fn vet(host: &Host, port: u16, policy: &Policy) -> Result<(), TargetError> {
    match host {
        Host::Address(address) => match verdict(*address, port, policy) {
            Verdict::Allowed => Ok(()),
            Verdict::Refused(refusal) => Err(TargetError::Refused(refusal)),
        },
        Host::Localhost if localhost_addresses(policy).iter().any(|a| is_allowed(*a, port, policy)) => Ok(()),
        Host::Localhost => Err(TargetError::Refused(Refusal::Loopback)),
        Host::Name(name) if ranges::is_metadata_name(name) => Err(TargetError::Refused(Refusal::Metadata)),
        Host::Name(_) if policy.may_allow_port(port) => Ok(()),
        Host::Name(_) => Err(TargetError::Refused(Refusal::Port)),
    }
}

fn is_allowed(address: IpAddr, port: u16, policy: &Policy) -> bool {
    verdict(address, port, policy) == Verdict::Allowed
}

/// The addresses `localhost` stands for: both families in development, else only the one a rule may allow.
pub(super) fn localhost_addresses(policy: &Policy) -> Vec<IpAddr> {
    let v4 = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let v6 = IpAddr::V6(Ipv6Addr::LOCALHOST);
    debug_assert!(is_loopback(v4) && is_loopback(v6), "the names of this function hold");
    if policy.is_loopback_allowed() { vec![v4, v6] } else { vec![v4] }
}
