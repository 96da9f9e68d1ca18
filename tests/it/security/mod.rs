//! Refusals: wrong credentials, private addresses, limits.

mod auditing;
mod authorization;
mod canaries;
mod headers;
mod limits;
mod outbound;
mod tenants;
mod transport;
