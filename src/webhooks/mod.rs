//! The webhooks module.
