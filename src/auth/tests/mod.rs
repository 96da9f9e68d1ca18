//! Credentials on a store in memory.

mod keys;
mod sessions;
