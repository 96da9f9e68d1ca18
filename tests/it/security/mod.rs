//! Refusals: wrong credentials, private addresses, limits.

mod acme;
mod auditing;
mod authorization;
mod canaries;
mod headers;
mod limits;
mod outbound;
mod tenants;
mod transport;
