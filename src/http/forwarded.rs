//! Who is calling, when proxies stand in between.
//!
//! `X-Forwarded-For` grows on the right: each proxy adds the address it was called from. So it is read from the right,
//! and only as long as the address that vouches for the next one is a trusted proxy. What a client wrote itself stands
//! to the left of that and is never believed.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const HEADER: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Entries looked at; a longer chain of trusted proxies does not exist.
const HOPS_MAX: usize = 32;

/// The address nearest to the client that a trusted proxy vouches for.
pub(super) fn client_address(headers: &HeaderMap, peer: IpAddr, trusted: &[IpNet]) -> IpAddr {
    let mut client = peer.to_canonical();
    if trusted.is_empty() {
        return client;
    }
    let lines: Vec<_> = headers.get_all(HEADER).iter().collect();
    let entries = lines.iter().rev().filter_map(|line| line.to_str().ok()).flat_map(|line| line.rsplit(','));
    for entry in entries.take(HOPS_MAX) {
        if !is_trusted(client, trusted) {
            break;
        }
        let Some(address) = parse(entry.trim()) else { break };
        client = address;
    }
    client
}

/// Whether the address belongs to a trusted proxy.
pub(super) fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|net| net.contains(&address))
}

/// An address, with a port or brackets around it as some proxies write it.
fn parse(entry: &str) -> Option<IpAddr> {
    let parsed = entry.parse::<IpAddr>().ok();
    let parsed = parsed.or_else(|| entry.parse::<std::net::SocketAddr>().ok().map(|address| address.ip()));
    let parsed = parsed.or_else(|| entry.strip_prefix('[')?.strip_suffix(']')?.parse().ok());
    parsed.map(|address| address.to_canonical())
}
