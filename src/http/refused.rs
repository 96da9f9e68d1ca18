//! Calls of known callers that were not allowed, told to whoever keeps a record of them.

use std::{fmt, net::IpAddr};

use axum::http::request::Parts;

use super::context::RequestContext;
use crate::base::{ApiKeyId, CompanyId, UserId};

/// Whose credential a request came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KnownCaller {
    /// The company the credential speaks for.
    pub company: CompanyId,
    /// The person or the key.
    pub who: Who,
}

/// A person or a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    /// Somebody who has signed in.
    User(UserId),
    /// A program.
    ApiKey(ApiKeyId),
}

impl KnownCaller {
    /// Remembers who is calling, for the case that the call is refused.
    pub fn remember(self, parts: &Parts) {
        if let Some(context) = RequestContext::find(&parts.extensions) {
            // A second extractor of the same request finds the same.
            context.caller.get_or_init(|| self);
        }
    }
}

/// A call that was not allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedCall {
    /// Who called.
    pub caller: KnownCaller,
    /// From where.
    pub address: IpAddr,
    /// The id of the request.
    pub request_id: String,
    /// Method and path.
    pub call: String,
    /// The code of the problem it was answered with.
    pub code: &'static str,
}

/// Is told of calls that were not allowed; must not block, since the answer waits for it.
pub trait Refusals: fmt::Debug + Send + Sync {
    /// Takes note of one.
    fn refused(&self, call: RefusedCall);
}
