//! Refusals: wrong credentials, private addresses, limits.
