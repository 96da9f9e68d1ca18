//! Calls of known callers, told to whoever counts them.

use std::fmt;

use axum::http::request::Parts;

use super::{KnownCaller, context::RequestContext};

/// What can be called: a method and a route, as the list of operations has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operation {
    /// The method in capitals.
    pub method: &'static str,
    /// The path below `/api/v1`, with its parameters in braces.
    pub path: &'static str,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

impl Operation {
    /// Remembers what is being called.
    pub fn remember(self, parts: &Parts) {
        if let Some(context) = RequestContext::find(&parts.extensions) {
            // A second extractor of the same request finds the same.
            context.operation.get_or_init(|| self);
        }
    }
}

/// A call that was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// Who called.
    pub caller: KnownCaller,
    /// What was called.
    pub operation: Operation,
    /// The status it was answered with.
    pub status: u16,
    /// From the request to the head of the answer.
    pub elapsed_us: u64,
}

/// Is told of the calls of known callers; must not block, since the answer waits for it.
pub trait Calls: fmt::Debug + Send + Sync {
    /// Takes note of one.
    fn called(&self, call: Call);
}
