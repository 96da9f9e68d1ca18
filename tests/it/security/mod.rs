//! Refusals: wrong credentials, private addresses, limits.

mod outbound;
