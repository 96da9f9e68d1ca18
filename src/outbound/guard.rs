//! The verdict on one address and port: pure, total, and the only place that decides.
//!
//! Everything special is refused unless the policy makes an exception. Some things have no
//! exception: addresses that are not one host, IPv4 addresses dressed as IPv6, and our own
//! listeners (except loopback in development). A metadata service needs a rule for exactly
//! its address, so that allowing a network never opens it by accident.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use super::{policy::Policy, ranges};

/// Why an address or port is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// "This network": 0.0.0.0/8 and `::`.
    Unspecified,
    /// The machine itself.
    Loopback,
    /// A private, shared or site-local network.
    Private,
    /// A link-local network.
    LinkLocal,
    /// A cloud's metadata service.
    Metadata,
    /// A group or broadcast address.
    Multicast,
    /// Reserved for documentation, tests, protocols or the future.
    Reserved,
    /// An IPv4 address inside an IPv6 one, or a relay between the two.
    Transition,
    /// An address of one of our own interfaces.
    OwnAddress,
    /// An address and port this process listens on.
    OwnListener,
    /// A port of another kind of service.
    Port,
}

impl Refusal {
    /// The word used in JSON, logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::LinkLocal => "link_local",
            Self::Metadata => "metadata",
            Self::Multicast => "multicast",
            Self::Reserved => "reserved",
            Self::Transition => "transition",
            Self::OwnAddress => "own_address",
            Self::OwnListener => "own_listener",
            Self::Port => "port",
        }
    }

    /// Whether no rule can make an exception.
    const fn is_absolute(self) -> bool {
        matches!(self, Self::Unspecified | Self::Multicast | Self::Transition | Self::OwnListener)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether an address and port may be dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Allowed,
    /// It may not.
    Refused(Refusal),
}

/// Decides about one address and port. Only what this allows is ever dialled.
#[must_use]
pub fn verdict(address: IpAddr, port: u16, policy: &Policy) -> Verdict {
    if policy.is_loopback_allowed() && is_loopback(address) {
        return Verdict::Allowed;
    }
    let own = policy.own();
    if own.listens_on(address, port) {
        return Verdict::Refused(Refusal::OwnListener);
    }
    let special = classify(address, policy).or_else(|| own.has(address).then_some(Refusal::OwnAddress));
    let has_rule = || {
        policy.rules().iter().any(|rule| {
            rule.covers(address)
                && rule.admits_port(port)
                && (special != Some(Refusal::Metadata) || rule.is_exactly(address))
        })
    };
    match special {
        Some(refusal) if refusal.is_absolute() => Verdict::Refused(refusal),
        Some(refusal) if !has_rule() => Verdict::Refused(refusal),
        _ => port_verdict(address, port, policy),
    }
}

/// The reason an address is special; `None` for an ordinary public one.
fn classify(address: IpAddr, policy: &Policy) -> Option<Refusal> {
    match address {
        IpAddr::V4(address) => ranges::special_v4(address),
        IpAddr::V6(address) => classify_v6(address, policy),
    }
}

fn classify_v6(address: Ipv6Addr, policy: &Policy) -> Option<Refusal> {
    if ranges::NAT64.contains(&address) {
        return embedded(low_bits(address), policy);
    }
    if let Some(prefix) = policy.nat64_prefixes().iter().find(|prefix| prefix.contains(&address)) {
        let is_decodable = prefix.prefix_len() == 96;
        return if is_decodable { embedded(low_bits(address), policy) } else { Some(Refusal::Transition) };
    }
    ranges::special_v6(address).or_else(|| match address.segments() {
        // ISATAP (RFC 5214 section 6.1): the interface id carries the IPv4 address of the tunnel's end.
        [_, _, _, _, 0 | 0x200, 0x5efe, _, _] => embedded(low_bits(address), policy),
        _ => None,
    })
}

/// What an IPv4 address inside another address makes of it. The refusal is always [`Refusal::Transition`],
/// so that no rule for the IPv4 network opens a tunnel to it.
fn embedded(address: Ipv4Addr, policy: &Policy) -> Option<Refusal> {
    let is_refused = ranges::special_v4(address).is_some() || policy.own().has(IpAddr::V4(address));
    is_refused.then_some(Refusal::Transition)
}

fn low_bits(address: Ipv6Addr) -> Ipv4Addr {
    Ipv4Addr::from_bits(address.to_bits() as u32)
}

/// Whether the address is loopback in its plain form, the only form development mode allows.
pub(super) fn is_loopback(address: IpAddr) -> bool {
    address.is_loopback()
}

fn port_verdict(address: IpAddr, port: u16, policy: &Policy) -> Verdict {
    let is_named = || policy.rules().iter().any(|rule| rule.covers(address) && rule.names_port(port));
    if port != 0 && (policy.is_common_port(port) || is_named()) {
        Verdict::Allowed
    } else {
        Verdict::Refused(Refusal::Port)
    }
}
