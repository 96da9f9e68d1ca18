//! Webhooks: a company's endpoints and the signed delivery of events to them.

pub mod breaker;
pub mod filter;
pub mod headers;
pub mod histogram;
pub mod model;
pub mod response;
pub mod retry;
pub mod secret;
pub mod signing;
mod store;
pub mod subscription;
