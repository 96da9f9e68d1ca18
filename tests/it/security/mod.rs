//! Refusals: wrong credentials, private addresses, limits.

mod auditing;
mod authorization;
mod canaries;
mod limits;
mod outbound;
mod tenants;
