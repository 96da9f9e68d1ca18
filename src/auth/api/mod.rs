//! `Caller` and `Author` as extractors, from a bearer credential or a cookie, and what their refusals look like.

mod author;
mod cookies;

use axum::{
    extract::{FromRef, FromRequestParts, MatchedPath},
    http::{header, request::Parts},
};
use utoipa::openapi::{OpenApi, extensions::ExtensionsBuilder, path::Operation};

use super::{Auth, Caller, Credential, Error, permissions, permissions::Permission};
use crate::http::{self, IsSecure, KnownCaller, Problem, Who, problems};

pub use author::Author;
pub use cookies::{Jar, Mode, RefreshCookie};

impl<S> FromRequestParts<S> for Caller
where
    S: Send + Sync,
    Auth: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let auth = Auth::from_ref(state);
        let route = parts.extensions.get::<MatchedPath>().cloned();
        let route = route.as_ref().map_or("", MatchedPath::as_str);
        let permission = permissions::find(parts.method.as_str(), route);
        if let Some(Permission { method, path, .. }) = permission {
            http::Operation { method, path }.remember(parts);
        }
        let caller = if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
            auth.identify(Some(value.to_str().map_err(|_| Error::Invalid)?)).await?
        } else {
            let is_secure = IsSecure::from_request_parts(parts, state).await?;
            let (caller, is_ours) = auth.identify_cookie(&parts.method, &parts.headers, is_secure).await?;
            known(&caller).remember(parts);
            is_ours.then_some(caller).ok_or(Error::Csrf)?
        };
        known(&caller).remember(parts);
        // Whatever is asked, it is asked after the sign-ins that were answered.
        auth.opened(caller.company).await;
        if let Some(rate) = &auth.inner.settings.api_rate {
            rate.admit(caller.company).map_err(Error::from)?;
        }
        let scope = permission.ok_or(Error::NotListed)?.scope;
        let method = parts.method.as_str();
        if caller.needs_password && !permissions::is_for_first_password(method, route) {
            return Err(Error::FirstPassword.into());
        }
        match caller.scopes.contains(scope) {
            true if permissions::is_delicate(method, route) => {
                auth.require_proof(&caller)?;
                Ok(caller)
            }
            true => Ok(caller),
            false if caller.is_enrolling => Err(Error::Enrolling.into()),
            false => Err(Error::NotAllowed(scope).into()),
        }
    }
}

/// The caller as the edge remembers it.
fn known(caller: &Caller) -> KnownCaller {
    let who = match caller.credential {
        Credential::ApiKey(id) => Who::ApiKey(id),
        Credential::Session { user, .. } => Who::User(user),
    };
    KnownCaller { company: caller.company, who }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Missing | Error::Invalid => Self::of(&problems::UNAUTHORIZED).detail(error.to_string()),
            Error::Reused => Self::of(&problems::REFRESH_REUSED).detail(error.to_string()),
            Error::Csrf => Self::of(&problems::CSRF).detail(error.to_string()),
            Error::Signing => Self::internal(&error),
            Error::Limited(refusal) => refusal.into(),
            Error::Unproven => Self::of(&problems::REAUTHENTICATION_REQUIRED).detail(error.to_string()),
            Error::FirstPassword => Self::of(&problems::PASSWORD_CHANGE_REQUIRED).detail(error.to_string()),
            Error::Enrolling => Self::of(&problems::MFA_SET_UP_REQUIRED).detail(error.to_string()),
            Error::NotAllowed(_) | Error::NotListed => Self::of(&problems::FORBIDDEN).detail(error.to_string()),
            Error::Storage(error) => error.into(),
        }
    }
}

/// What the document says of an operation that asks for a proof.
const RECENT_PROOF: &str = "People must have signed in or proved themselves a short while ago, else the answer is 403 \
     `reauthentication_required`; see `POST /auth/reauthenticate`.";

/// Writes each operation's scope into the document as `x-scope`, and where people must have proved themselves a short while
/// ago.
pub fn describe(document: &mut OpenApi) {
    for permission in permissions::ALL {
        let Some(item) = document.paths.paths.get_mut(permission.path) else { continue };
        let operation: Option<&mut Operation> = match permission.method {
            "GET" => item.get.as_mut(),
            "POST" => item.post.as_mut(),
            "PUT" => item.put.as_mut(),
            "PATCH" => item.patch.as_mut(),
            "DELETE" => item.delete.as_mut(),
            _ => None,
        };
        if let Some(operation) = operation {
            let extension = ExtensionsBuilder::new().add("x-scope", permission.scope.as_str()).build();
            operation.extensions.get_or_insert_default().merge(extension);
            let at = (permission.method, permission.path);
            let with = permissions::DELICATE_WITH.iter().find(|(method, path, _)| (*method, *path) == at);
            let asks = match with {
                Some((_, _, what)) => format!("With {what}: {RECENT_PROOF}"),
                None if permissions::is_delicate(permission.method, permission.path) => RECENT_PROOF.to_owned(),
                None => continue,
            };
            let before = operation.description.take().map_or_else(String::new, |text| format!("{text}\n\n"));
            operation.description = Some(format!("{before}{asks}"));
        }
    }
}
