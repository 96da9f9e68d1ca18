//! The telemetry module.
