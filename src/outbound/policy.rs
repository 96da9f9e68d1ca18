//! What may be called: the operator's exceptions to the guard's built-in refusals.
//!
//! A policy belongs to the whole instance and is set by its operator, never by a tenant.

use std::{collections::BTreeSet, net::IpAddr, str::FromStr};

use arc_swap::ArcSwap;
use ipnet::{IpNet, Ipv6Net};

use super::{own::OwnAddresses, target::Target};

/// Where the built-in receiver answers.
const INSPECTOR: &str = "/play/";

/// Ports of well-known services that are not HTTP, refused even above 1023.
const DENIED_PORTS: [u16; 22] = [
    1433, 1521, 2049, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 4369, 5432, 5672, 5900, 5984, 6379, 6443, 9042, 9200,
    9300, 11211, 27017,
];

/// An exception: addresses, and perhaps ports, that may be called although they are special.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowRule {
    network: IpNet,
    ports: BTreeSet<u16>,
}

/// Why a text is not an allow rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The part before the ports is neither an address nor a network.
    #[error("\"{0}\" is not an address or a network such as 10.0.0.0/8")]
    Network(String),
    /// A port is not a number from 1 to 65535.
    #[error("\"{0}\" is not a port from 1 to 65535")]
    Port(String),
}

impl AllowRule {
    /// Allows a network; with ports, only those, which then may also be ports that are otherwise refused.
    #[must_use]
    pub fn new(network: IpNet, ports: impl IntoIterator<Item = u16>) -> Self {
        Self { network: network.trunc(), ports: ports.into_iter().collect() }
    }

    /// Whether the rule is for this address.
    pub(super) fn covers(&self, address: IpAddr) -> bool {
        self.network.contains(&address)
    }

    /// Whether the rule names exactly this one address.
    pub(super) fn is_exactly(&self, address: IpAddr) -> bool {
        self.network.prefix_len() == self.network.max_prefix_len() && self.network.addr() == address
    }

    /// Whether the rule says nothing about ports or names this one.
    pub(super) fn admits_port(&self, port: u16) -> bool {
        self.ports.is_empty() || self.ports.contains(&port)
    }

    /// Whether the rule names this port.
    pub(super) fn names_port(&self, port: u16) -> bool {
        self.ports.contains(&port)
    }
}

/// `10.0.0.0/8`, `10.1.2.3`, `fd00::/8`, each optionally with ports after a space: `10.0.0.0/8 443,8443`.
impl FromStr for AllowRule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let (network, ports) = text.trim().split_once(' ').unwrap_or_else(|| (text.trim(), ""));
        let network = network
            .parse::<IpNet>()
            .or_else(|_| network.parse::<IpAddr>().map(IpNet::from))
            .map_err(|_| RuleError::Network(network.to_owned()))?;
        let ports = ports
            .split(',')
            .map(str::trim)
            .filter(|port| !port.is_empty())
            .map(|port| match port.parse::<u16>() {
                Ok(number) if number > 0 => Ok(number),
                _ => Err(RuleError::Port(port.to_owned())),
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self::new(network, ports))
    }
}

/// The instance's rules for outbound calls. The default refuses everything special.
#[derive(Debug)]
pub struct Policy {
    allow: Vec<AllowRule>,
    denied_ports: BTreeSet<u16>,
    nat64: Vec<Ipv6Net>,
    loopback: Loopback,
    schemes: Schemes,
    own: ArcSwap<OwnAddresses>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loopback {
    Refused,
    Allowed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Schemes {
    HttpAndHttps,
    HttpsOnly,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            denied_ports: BTreeSet::from(DENIED_PORTS),
            nat64: Vec::new(),
            loopback: Loopback::Refused,
            schemes: Schemes::HttpAndHttps,
            own: ArcSwap::from_pointee(OwnAddresses::default()),
        }
    }
}

impl Policy {
    /// Adds an exception.
    #[must_use]
    pub fn allow(mut self, rule: AllowRule) -> Self {
        self.allow.push(rule);
        self
    }

    /// Allows 127.0.0.0/8 and ::1 on every port; of our own listeners, only the inspector below `/play/`. For
    /// development only.
    #[must_use]
    pub fn allow_loopback(mut self) -> Self {
        self.loopback = Loopback::Allowed;
        self
    }

    /// Refuses `http://`.
    #[must_use]
    pub fn https_only(mut self) -> Self {
        self.schemes = Schemes::HttpsOnly;
        self
    }

    /// Replaces the list of refused ports above 1023.
    #[must_use]
    pub fn deny_ports(mut self, ports: impl IntoIterator<Item = u16>) -> Self {
        self.denied_ports = ports.into_iter().collect();
        self
    }

    /// Adds a network-specific NAT64 prefix (RFC 6052): its addresses get the verdict of the IPv4 address inside.
    /// Prefixes other than /96 are refused whole, because they embed the address elsewhere.
    #[must_use]
    pub fn nat64(mut self, prefix: Ipv6Net) -> Self {
        self.nat64.push(prefix.trunc());
        self
    }

    /// Says what this process's own addresses and listeners are; replaces what was said before.
    pub fn set_own(&self, own: OwnAddresses) {
        self.own.store(own.into());
    }

    /// Replaces the interface addresses and keeps the listeners.
    pub(super) fn set_interfaces(&self, interfaces: Vec<IpAddr>) {
        let listeners = self.own.load().listeners.clone();
        self.set_own(OwnAddresses { interfaces, listeners });
    }

    /// Whether loopback is allowed, as in development.
    #[must_use]
    pub fn is_loopback_allowed(&self) -> bool {
        self.loopback == Loopback::Allowed
    }

    /// Whether only `https://` is allowed.
    #[must_use]
    pub fn is_https_only(&self) -> bool {
        self.schemes == Schemes::HttpsOnly
    }

    /// Whether a call would go to another part of ourselves than the inspector if its host is this machine: with a key
    /// among its headers it could do what only people may.
    pub(super) fn is_to_ourselves(&self, target: &Target) -> bool {
        self.is_loopback_allowed()
            && !target.path().path().starts_with(INSPECTOR)
            && self.own().listeners.iter().any(|listener| listener.port() == target.port())
    }

    /// The exceptions, for display.
    #[must_use]
    pub fn rules(&self) -> &[AllowRule] {
        &self.allow
    }

    pub(super) fn nat64_prefixes(&self) -> &[Ipv6Net] {
        &self.nat64
    }

    pub(super) fn own(&self) -> arc_swap::Guard<std::sync::Arc<OwnAddresses>> {
        self.own.load()
    }

    /// Whether the port is open to everybody: 80, 443 and 1024 up, without the refused ones.
    pub(super) fn is_common_port(&self, port: u16) -> bool {
        matches!(port, 80 | 443 | 1024..) && !self.denied_ports.contains(&port)
    }

    /// Whether the port could be allowed for some address: what can be said before a name is resolved.
    pub(super) fn may_allow_port(&self, port: u16) -> bool {
        self.is_common_port(port) || self.allow.iter().any(|rule| rule.names_port(port))
    }
}
