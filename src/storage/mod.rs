//! The storage module.
