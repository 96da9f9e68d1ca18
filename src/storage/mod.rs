//! The storage module.

pub mod guard;
pub mod space;
pub mod witness;
