//! The system module.
