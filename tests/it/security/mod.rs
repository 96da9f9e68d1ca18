//! Refusals: wrong credentials, private addresses, limits.

mod authorization;
mod limits;
mod outbound;
mod tenants;
