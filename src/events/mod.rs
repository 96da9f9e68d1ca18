//! The events module.
