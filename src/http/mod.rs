//! The web kit: everything between a TCP connection and a slice's handler, and back.
//!
//! For a handler it is a set of extractors and answers: [`Json`], [`OptionalJson`], [`NoBody`], [`Query`], [`Path`], [`PageQuery`],
//! [`Idempotent`], [`IfMatch`], [`ClientAddress`]; [`Problem`], [`Page`]. A handler's error type is `Problem`; each
//! slice converts its own `Error` with one `From`. Around the handlers stands the [`Edge`], which every request passes,
//! and under it the [`Server`]'s accept loop.
//!
//! Invariants: a refused request has no effect; every answer carries a request id; no input makes a 5xx; nothing is
//! read, kept or waited for without a limit. Deliberately absent: HTTP/2 (a proxy's work), CORS (the UI is same-origin).

mod calls;
mod compression;
mod context;
mod edge;
mod etag;
mod event_stream;
mod forwarded;
mod from_storage;
pub mod idempotency;
mod json;
mod metrics;
pub mod openapi;
mod options;
mod page;
mod parameters;
mod patch;
mod peer;
mod problem;
pub mod problems;
mod query;
mod raw;
mod redirect;
mod refused;
mod request_id;
mod server;
#[cfg(test)]
mod tests;
pub mod tls;

pub use calls::{Call, Calls, Operation};
pub use context::{BodyHash, ClientAddress, IsSecure, RequestId, TimeLimit};
pub use edge::{Edge, LongPoll};
pub use etag::IfMatch;
pub use event_stream::event_stream;
pub use idempotency::Idempotent;
pub use json::{Json, NoBody, OptionalJson, json_response, parse as parse_json};
pub use metrics::Metrics;
pub use options::Options;
pub use page::{LIMIT_DEFAULT, LIMIT_MAX, Page, PageParameters, PageQuery};
pub use parameters::KnownParameters;
pub use patch::Change;
pub use peer::Peer;
pub use problem::{FieldError, Problem, ProblemDocument};
pub use query::{Path, Query};
pub use raw::RawJson;
pub use redirect::redirect;
pub use refused::{KnownCaller, Refusals, RefusedCall, Who};
pub use server::Server;
pub use tls::Tls;
