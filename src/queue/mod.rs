//! The queue module.
