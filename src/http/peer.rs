//! The other end of a connection: its address, and whether TLS stands between.

use std::net::IpAddr;

/// Who is at the other end; a proxy perhaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    pub(super) address: IpAddr,
    pub(super) is_tls: bool,
}

impl Peer {
    /// Over plain HTTP.
    #[must_use]
    pub const fn plain(address: IpAddr) -> Self {
        Self { address, is_tls: false }
    }

    /// Over TLS that this server ended.
    #[must_use]
    pub const fn over_tls(address: IpAddr) -> Self {
        Self { address, is_tls: true }
    }
}
