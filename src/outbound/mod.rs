//! The only HTTP client: everything NovaPulse sends to an address somebody else chose.
//!
//! A [`Target`] is a URL that was parsed and vetted once; a [`Client`] sends a [`Request`] to
//! it and returns an [`Exchange`] or a [`Failure`]. Vocabulary: a *policy* says what may be
//! called, the *guard* applies it to one address and port, a *phase* is one part of an
//! exchange (dns, connect, tls, write, wait, read).
//!
//! Invariants:
//! - An address is vetted after resolution and that very address is dialled; a name with one
//!   refused address is refused whole. SNI, certificate and `Host` stay on the name.
//! - No redirects, no proxies from the environment, no decompression, no cookies.
//! - Every exchange ends by its total deadline, body included, and reads a bounded number of bytes.
//! - One connection serves one exchange at a time and is polled by the task that sends: there
//!   is no task per connection. The single background task (the keeper) is tracked and
//!   ends with the cancellation token.
//! - A failure tells a tenant coarse words only; the detail is for the operator.
//!
//! Deliberately absent: HTTP/2, forward proxies, client certificates.

mod client;
mod dial;
mod failure;
mod guard;
mod message;
mod meter;
mod own;
mod policy;
mod pool;
mod ranges;
mod resolve;
mod target;
#[cfg(test)]
mod tests;
mod tls;
mod wire;

pub use client::{Client, Settings, SettingsError, Stats};
pub use failure::{Failure, Kind, Phase};
pub use guard::{Refusal, Verdict, verdict};
pub use message::{Exchange, Limits, Phases, Request, is_reserved_header};
pub use own::OwnAddresses;
pub use policy::{AllowRule, Policy, RuleError};
pub use resolve::{FixedResolver, Resolve, ResolveError, Resolving, SystemResolver};
pub use target::{Target, TargetError};
pub use tls::{TlsError, tls_config};
