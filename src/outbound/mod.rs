//! The outbound module.
