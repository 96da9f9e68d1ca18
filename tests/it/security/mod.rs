//! Refusals: wrong credentials, private addresses, limits.

mod auditing;
mod authorization;
mod limits;
mod outbound;
mod tenants;
