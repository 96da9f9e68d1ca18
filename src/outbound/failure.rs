//! Why an exchange did not happen or did not finish.

use std::{fmt, net::SocketAddr};

use http::StatusCode;

use super::{guard::Refusal, message::Phases};

/// The part of an exchange in which something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Before anything left this process: the request itself or its target was refused.
    Prepare,
    /// Resolving the name.
    Dns,
    /// Opening the TCP connection.
    Connect,
    /// The TLS handshake.
    Tls,
    /// Sending head and body of the request.
    Write,
    /// Waiting for the first byte of the answer.
    Wait,
    /// Reading the answer.
    Read,
}

impl Phase {
    /// The word used in JSON, logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Write => "write",
            Self::Wait => "wait",
            Self::Read => "read",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The policy refuses the address; nothing was dialled.
    Blocked(Refusal),
    /// The caller's request cannot be sent, for example because it sets a reserved header.
    Request,
    /// The name does not exist or has no address.
    NoSuchName,
    /// The name servers could not find out or did not answer in time.
    Dns,
    /// No name server could be reached; not the receiver's doing.
    Resolver,
    /// Every address refused or dropped the connection.
    Connect,
    /// The TLS handshake failed, for example because of the certificate.
    Tls,
    /// A deadline passed.
    Timeout,
    /// The connection ended before the answer was complete.
    Closed,
    /// The head of the answer is larger than the limit.
    TooLarge,
    /// The answer is not HTTP/1.
    Protocol,
    /// This process has no connection or file descriptor to spare, or is stopping.
    Local,
}

impl Kind {
    /// The word used in JSON, logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blocked(_) => "blocked",
            Self::Request => "request",
            Self::NoSuchName => "no_such_name",
            Self::Dns => "dns",
            Self::Resolver => "resolver",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Closed => "closed",
            Self::TooLarge => "too_large",
            Self::Protocol => "protocol",
            Self::Local => "local",
        }
    }
}

/// A failed exchange. `Display` is the coarse text that a tenant may see.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Where it failed.
    pub phase: Phase,
    /// How it failed.
    pub kind: Kind,
    /// Details for the operator's log; never shown to a tenant.
    pub detail: String,
    /// The phases up to the failure.
    pub phases: Phases,
    /// The address that was dialled; `None` when nothing was dialled.
    pub peer: Option<SocketAddr>,
    /// The status, when the head of an answer had arrived before the failure.
    pub status: Option<StatusCode>,
}

impl Failure {
    /// A failure with empty phases, no peer and no status.
    pub(super) fn new(phase: Phase, kind: Kind, detail: impl Into<String>) -> Self {
        Self { phase, kind, detail: detail.into(), phases: Phases::default(), peer: None, status: None }
    }

    /// Whether another try cannot succeed while target and policy stay what they are.
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        matches!(self.kind, Kind::Blocked(_) | Kind::Request)
    }

    /// Whether the cause lies with us (resolver unreachable, out of connections, stopping), so that the try
    /// should not count against the receiver.
    #[must_use]
    pub const fn is_ours(&self) -> bool {
        matches!(self.kind, Kind::Resolver | Kind::Local)
    }

    /// The coarse text for tenants: says what to look at, and nothing about what lies behind an address.
    #[must_use]
    pub const fn public_message(&self) -> &'static str {
        match (self.kind, self.phase) {
            (Kind::Blocked(_), _) => "address not allowed",
            (Kind::Request, _) => "the request cannot be sent",
            (Kind::NoSuchName, _) => "the host name has no address",
            (Kind::Dns | Kind::Resolver, _) => "the host name could not be looked up",
            (Kind::Connect, _) => "could not connect",
            (Kind::Tls, _) => "the TLS handshake failed",
            (Kind::Timeout, Phase::Dns | Phase::Connect | Phase::Tls) => "could not connect in time",
            (Kind::Timeout, Phase::Read) => "the answer was not complete in time",
            (Kind::Timeout, _) => "no answer in time",
            (Kind::Closed, Phase::Read) => "the connection ended before the answer was complete",
            (Kind::Closed, _) => "the connection ended before an answer",
            (Kind::TooLarge, _) => "the head of the answer is too large",
            (Kind::Protocol, _) => "the answer is not valid HTTP",
            (Kind::Local, _) => "no connection available right now",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.public_message())
    }
}

impl std::error::Error for Failure {}
