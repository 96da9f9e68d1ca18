//! `Author` as an extractor: the caller of a change, as the audit log names it.

use axum::{
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
};

use crate::{
    audit::{Actor, Origin},
    auth::{Auth, Caller, Credential},
    base::CompanyId,
    http::{ClientAddress, Problem, RequestId},
};

/// Who makes a change and from where, be it a person or a program with an API key.
///
/// A handler that changes something names it in place of [`Caller`] and hands it on to the use case, which records the
/// change in its transaction.
#[derive(Debug, Clone)]
pub struct Author {
    /// Who is calling.
    pub caller: Caller,
    /// The same as it is recorded.
    pub origin: Origin,
}

impl Author {
    /// In which company who makes the change: what use cases take.
    #[must_use]
    pub const fn by(&self) -> (CompanyId, &Origin) {
        (self.caller.company, &self.origin)
    }
}

impl<S> FromRequestParts<S> for Author
where
    S: Send + Sync,
    Auth: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let ClientAddress(address) = ClientAddress::from_request_parts(parts, state).await?;
        let RequestId(request_id) = RequestId::from_request_parts(parts, state).await?;
        let actor = match caller.credential {
            Credential::ApiKey(id) => Actor::ApiKey(id),
            Credential::Session { user, .. } => Actor::User(user),
        };
        Ok(Self { caller, origin: Origin { actor, address: Some(address), request_id } })
    }
}
