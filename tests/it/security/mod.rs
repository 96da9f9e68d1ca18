//! Refusals: wrong credentials, private addresses, limits.

mod acme;
mod auditing;
mod authorization;
mod canaries;
mod headers;
mod limits;
mod logs;
mod matrix;
mod outbound;
mod probes;
mod tenants;
mod timing;
mod transport;
