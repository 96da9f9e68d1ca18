//! The accounts module.
