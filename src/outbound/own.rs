//! What this process is reachable at, so that nobody reaches it through itself.

use std::net::{IpAddr, SocketAddr};

/// The addresses of our interfaces and the sockets we listen on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnAddresses {
    /// Addresses of all network interfaces.
    pub interfaces: Vec<IpAddr>,
    /// Addresses and ports this process listens on; an unspecified address stands for all of ours.
    pub listeners: Vec<SocketAddr>,
}

impl OwnAddresses {
    /// Asks the operating system for the interface addresses.
    ///
    /// # Errors
    /// What the operating system answers.
    pub fn discover(listeners: Vec<SocketAddr>) -> std::io::Result<Self> {
        let interfaces = if_addrs::get_if_addrs()?.iter().map(if_addrs::Interface::ip).collect();
        Ok(Self { interfaces, listeners })
    }

    /// Whether one of our interfaces has this address.
    pub(super) fn has(&self, address: IpAddr) -> bool {
        self.interfaces.contains(&address)
    }

    /// Whether a connection to this address and port would reach one of our listeners.
    pub(super) fn listens_on(&self, address: IpAddr, port: u16) -> bool {
        let is_ours = || address.is_loopback() || address.is_unspecified() || self.has(address);
        self.listeners.iter().any(|listener| {
            listener.port() == port
                && (listener.ip() == address
                    || (listener.ip().is_unspecified() && is_ours())
                    || (listener.ip().is_loopback() && address.is_unspecified()))
        })
    }
}
