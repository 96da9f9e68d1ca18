//! `[outbound]`: calls to the outside and the addresses they may reach.

use std::{fmt, net::IpAddr, path::PathBuf, str::FromStr};

use ipnet::IpNet;

use super::{
    section::section,
    value::{ConfigValue, Raw, expected, quote, textual},
};

section! {
    /// Calls to the outside: deadlines, and private addresses that are allowed.
    Outbound in "outbound" {
        /// Time to open a connection, TLS included.
        connect_timeout_ms: u64 = 5_000, range 100..=60_000;
        /// Networks that are reachable although they are not public: `10.1.0.0/16`, or `127.0.0.0/8:9000` for one port. Empty by default, because every entry is a way into the inside.
        allow: Vec<AllowedTarget> = Vec::new();
        /// Refuse `http://` targets.
        https_only: bool = false;
        /// More certificate authorities to trust beside the public ones (PEM file).
        extra_ca_file: Option<PathBuf> = None;
        /// Connections open at once; each is a file descriptor on this machine and one at the receiver.
        connections_max: usize = 4_096, range 1..=65_536;
    }
}

/// A network, and with a port that port only, that outbound calls may reach although it is not public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllowedTarget {
    /// The addresses.
    pub network: IpNet,
    /// The only port, or every port.
    pub port: Option<u16>,
}

impl AllowedTarget {
    /// Whether the address and port are covered.
    #[must_use]
    pub fn covers(&self, address: IpAddr, port: u16) -> bool {
        self.network.contains(&address) && self.port.is_none_or(|only| only == port)
    }
}

impl FromStr for AllowedTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (network, rest) = text.split_once('/').ok_or("has no prefix length")?;
        let (length, port) = match rest.split_once(':') {
            Some((length, port)) => (length, Some(port.parse().map_err(|_| "has a bad port")?)),
            None => (rest, None),
        };
        let network = format!("{network}/{length}").parse().map_err(|_| "is not a network")?;
        Ok(Self { network, port })
    }
}

impl fmt::Display for AllowedTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.network)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

textual! {
    AllowedTarget, "a network with an optional port, such as 10.1.0.0/16 or 127.0.0.0/8:9000";
}
