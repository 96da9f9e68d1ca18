//! The special-purpose address ranges, as data.
//!
//! The union of the IANA special-purpose registries for IPv4 and IPv6, address blocks that lead
//! back into a network in practice, and the metadata services of the large clouds. IPv6 outside
//! `2000::/3` is not in the table: it is refused whole by the guard, with the decodable NAT64
//! prefix as the only exception.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

use super::guard::Refusal;

/// The unicast space that is handed out to the public (RFC 4291 section 2.4, IANA allocation).
const GLOBAL_UNICAST: Ipv6Net = v6(0x2000_0000_0000_0000, 3);

/// The well-known NAT64 prefix (RFC 6052 section 2.1).
pub(super) const NAT64: Ipv6Net = v6(0x0064_ff9b_0000_0000, 96);

const IPV4: [(Ipv4Net, Refusal); 20] = [
    (v4([0, 0, 0, 0], 8), Refusal::Unspecified),
    (v4([10, 0, 0, 0], 8), Refusal::Private),
    (v4([100, 64, 0, 0], 10), Refusal::Private),
    (v4([127, 0, 0, 0], 8), Refusal::Loopback),
    (v4([169, 254, 0, 0], 16), Refusal::LinkLocal),
    (v4([172, 16, 0, 0], 12), Refusal::Private),
    (v4([192, 0, 0, 0], 24), Refusal::Reserved),
    (v4([192, 0, 2, 0], 24), Refusal::Reserved),
    (v4([192, 31, 196, 0], 24), Refusal::Reserved),
    (v4([192, 52, 193, 0], 24), Refusal::Reserved),
    (v4([192, 88, 99, 0], 24), Refusal::Transition),
    (v4([192, 168, 0, 0], 16), Refusal::Private),
    (v4([192, 175, 48, 0], 24), Refusal::Reserved),
    (v4([198, 18, 0, 0], 15), Refusal::Reserved),
    (v4([198, 51, 100, 0], 24), Refusal::Reserved),
    (v4([203, 0, 113, 0], 24), Refusal::Reserved),
    (v4([224, 0, 0, 0], 4), Refusal::Multicast),
    (v4([255, 255, 255, 255], 32), Refusal::Multicast),
    (v4([240, 0, 0, 0], 4), Refusal::Reserved),
    // The host of an Azure machine: looks public, answers only from inside.
    (v4([168, 63, 129, 16], 32), Refusal::Metadata),
];

const IPV6: [(Ipv6Net, Refusal); 14] = [
    (v6(0x0000_0000_0000_0000, 128), Refusal::Unspecified),
    (Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128), Refusal::Loopback),
    // The rest of ::/8: v4-mapped, v4-compatible, SIIT, NAT64 outside the decodable prefix.
    (v6(0x0000_0000_0000_0000, 8), Refusal::Transition),
    (v6(0x0100_0000_0000_0000, 8), Refusal::Reserved),
    (v6(0x2001_0000_0000_0000, 32), Refusal::Transition),
    (v6(0x2001_0000_0000_0000, 23), Refusal::Reserved),
    (v6(0x2001_0db8_0000_0000, 32), Refusal::Reserved),
    (v6(0x2002_0000_0000_0000, 16), Refusal::Transition),
    (v6(0x2620_004f_8000_0000, 48), Refusal::Reserved),
    (v6(0x3fff_0000_0000_0000, 20), Refusal::Reserved),
    (v6(0xfc00_0000_0000_0000, 7), Refusal::Private),
    (v6(0xfe80_0000_0000_0000, 10), Refusal::LinkLocal),
    (v6(0xfec0_0000_0000_0000, 10), Refusal::Private),
    (v6(0xff00_0000_0000_0000, 8), Refusal::Multicast),
];

/// Metadata services of AWS (three), Alibaba, Oracle, Azure; and of AWS (two) and Google over IPv6.
const METADATA: [IpAddr; 9] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];

/// Names that lead to a metadata service wherever they resolve.
const METADATA_NAMES: [&str; 2] = ["metadata.google.internal", "metadata.goog"];

const fn v4(octets: [u8; 4], prefix_len: u8) -> Ipv4Net {
    let [a, b, c, d] = octets;
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix_len)
}

/// A network from the upper 64 bits of its address.
const fn v6(upper: u64, prefix_len: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::from_bits((upper as u128) << 64), prefix_len)
}

/// The reason this IPv4 address is special; `None` for an ordinary public one.
pub(super) fn special_v4(address: Ipv4Addr) -> Option<Refusal> {
    if METADATA.contains(&IpAddr::V4(address)) {
        return Some(Refusal::Metadata);
    }
    IPV4.iter().find(|(network, _)| network.contains(&address)).map(|(_, refusal)| *refusal)
}

/// The reason this IPv6 address is special, not looking at IPv4 addresses inside it.
pub(super) fn special_v6(address: Ipv6Addr) -> Option<Refusal> {
    if METADATA.contains(&IpAddr::V6(address)) {
        return Some(Refusal::Metadata);
    }
    let listed = IPV6.iter().find(|(network, _)| network.contains(&address)).map(|(_, refusal)| *refusal);
    listed.or_else(|| (!GLOBAL_UNICAST.contains(&address)).then_some(Refusal::Reserved))
}

/// Whether the name, in lower case and without a final dot, belongs to a metadata service.
pub(super) fn is_metadata_name(name: &str) -> bool {
    METADATA_NAMES.contains(&name)
}

/// Every range of the tables, for tests that must not miss one.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = ipnet::IpNet> {
    let v4 = IPV4.iter().map(|(network, _)| ipnet::IpNet::V4(*network));
    v4.chain(IPV6.iter().map(|(network, _)| ipnet::IpNet::V6(*network)))
}
