//! The cookies of a browser's session, and the check that our own page sent them.
//!
//! Both tokens are `HttpOnly`, so that no script can read them; the third cookie holds the value that a request which
//! changes something repeats in `X-CSRF-Token`. Over TLS and on the machine itself the names carry `__Host-`. Over
//! plain HTTP a browser would drop such cookies, so there they go without the prefix and without `Secure`. Where the
//! instance has a path of its own on a shared name, the cookies are for this path only, so that its neighbours neither get
//! nor replace them; that takes the prefix `__Secure-`, since `__Host-` promises the whole name.

use std::sync::Arc;

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header, request::Parts},
};
use subtle::ConstantTimeEq;

use crate::{
    auth::{Auth, Caller, Error, Grant, caller_of, tokens},
    http::{IsSecure, Problem, problems},
};

const ACCESS: &str = "np_access";
const REFRESH: &str = "np_refresh";
const CSRF: &str = "np_csrf";
const HOST_PREFIX: &str = "__Host-";
const SECURE_PREFIX: &str = "__Secure-";
/// The header that asks for cookies instead of tokens in the body.
const MODE_HEADER: HeaderName = HeaderName::from_static("x-session-mode");
const CSRF_HEADER: HeaderName = HeaderName::from_static("x-csrf-token");
const SITE_HEADER: HeaderName = HeaderName::from_static("sec-fetch-site");

/// How a client wants its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// In the body of the answer.
    Body,
    /// As cookies.
    Cookies(Jar),
}

/// How cookies are written for one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jar {
    /// Whether they may be marked `Secure`.
    is_secure: bool,
    /// The path that browsers see before every path of the server.
    path: Arc<str>,
}

impl<S> FromRequestParts<S> for Mode
where
    S: Send + Sync,
    Auth: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let auth = Auth::from_ref(state);
        let Some(mode) = parts.headers.get(MODE_HEADER) else { return Ok(Self::Body) };
        if mode != "cookie" {
            return Err(Problem::of(&problems::BAD_REQUEST).detail("X-Session-Mode is \"cookie\" or left out"));
        }
        let site = parts.headers.get(SITE_HEADER);
        if site.is_some_and(|site| site != "same-origin" && site != "none") {
            return Err(Error::Csrf.into());
        }
        let IsSecure(is_tls) = IsSecure::from_request_parts(parts, state).await?;
        Ok(Self::Cookies(auth.jar(is_tls || is_secure(&parts.headers))))
    }
}

/// Whether a browser keeps `Secure` cookies that come over this connection although it is not TLS here.
fn is_secure(headers: &HeaderMap) -> bool {
    let is_https = |name: &str| headers.get(name).is_some_and(|value| value == "https");
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    is_https("x-forwarded-proto") || matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

/// The refresh token in the request's cookies, when there is one.
#[derive(Debug, Clone)]
pub struct RefreshCookie(pub Option<String>);

impl<S> FromRequestParts<S> for RefreshCookie
where
    S: Send + Sync,
    Auth: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let IsSecure(is_tls) = IsSecure::from_request_parts(parts, state).await?;
        let auth = Auth::from_ref(state);
        Ok(Self(auth.find(&parts.headers, is_tls, REFRESH).map(str::to_owned)))
    }
}

/// The value of one of our cookies. Where a browser keeps the prefix only the one with it counts: another one may have
/// been set by a neighbour under the same domain.
fn find<'a>(headers: &'a HeaderMap, is_tls: bool, (prefix, name): (&str, &str)) -> Option<&'a str> {
    let takes_plain = !is_tls && !is_secure(headers);
    let texts = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut plain = None;
    for (found, value) in pairs {
        if found.strip_prefix(prefix) == Some(name) {
            return Some(value);
        }
        if found == name && takes_plain {
            plain = plain.or(Some(value));
        }
    }
    plain
}

impl Auth {
    fn jar(&self, is_secure: bool) -> Jar {
        Jar { is_secure, path: self.inner.settings.public_path.as_str().into() }
    }

    fn find<'a>(&self, headers: &'a HeaderMap, is_tls: bool, name: &str) -> Option<&'a str> {
        find(headers, is_tls, (prefix(&self.inner.settings.public_path), name))
    }

    /// Tells the browser to forget the cookies of this instance, however they were set.
    pub fn forget_cookies(&self, headers: &mut HeaderMap) {
        for is_secure in [true, false] {
            self.jar(is_secure).clear(headers);
        }
    }

    /// Finds out whose cookie came with the request, and whether our own page sent it: a change must carry the token of
    /// the session.
    ///
    /// # Errors
    /// [`Error::Missing`] without a cookie, [`Error::Invalid`].
    pub(in crate::auth) async fn identify_cookie(
        &self,
        method: &Method,
        headers: &HeaderMap,
        IsSecure(is_tls): IsSecure,
    ) -> Result<(Caller, bool), Error> {
        let token = self.find(headers, is_tls, ACCESS).ok_or(Error::Missing)?;
        let known = self.known_session(token).await?;
        let wanted = tokens::csrf_text(&self.inner.refresh_key, known.id, &known.nonce);
        let shown = headers.get(CSRF_HEADER).map(HeaderValue::as_bytes).unwrap_or_default();
        let is_ours = method.is_safe() || bool::from(shown.ct_eq(wanted.as_bytes()));
        Ok((caller_of(&known), is_ours))
    }
}

/// The prefix of secure cookies of an instance with this path.
const fn prefix(path: &str) -> &'static str {
    if path.is_empty() { HOST_PREFIX } else { SECURE_PREFIX }
}

impl Jar {
    /// Adds the cookies of a grant to an answer.
    pub fn set(&self, headers: &mut HeaderMap, grant: &Grant) {
        let refresh_life = grant.refresh_expires_in_s;
        for (name, value, life, is_hidden) in [
            (ACCESS, &grant.access_token, grant.expires_in_s, true),
            (REFRESH, &grant.refresh_token, refresh_life, true),
            (CSRF, &grant.csrf_token, refresh_life, false),
        ] {
            self.append(headers, name, value, life, is_hidden);
        }
    }

    fn clear(&self, headers: &mut HeaderMap) {
        for (name, is_hidden) in [(ACCESS, true), (REFRESH, true), (CSRF, false)] {
            self.append(headers, name, "", 0, is_hidden);
        }
    }

    fn append(&self, headers: &mut HeaderMap, name: &str, value: &str, life_s: u64, is_hidden: bool) {
        let (prefix, secure) = if self.is_secure { (prefix(&self.path), "; Secure") } else { ("", "") };
        let hidden = if is_hidden { "; HttpOnly" } else { "" };
        let path = if self.path.is_empty() { "/" } else { &self.path };
        let text = format!("{prefix}{name}={value}; Path={path}; Max-Age={life_s}; SameSite=Strict{hidden}{secure}");
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.append(header::SET_COOKIE, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::{ACCESS, HOST_PREFIX, Jar, SECURE_PREFIX, find, is_secure};

    #[test]
    fn cookies_are_found_and_the_prefixed_one_wins() {
        let at = |prefix| (prefix, ACCESS);
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; np_access=plain"));
        assert_eq!(find(&headers, false, at(HOST_PREFIX)), Some("plain"));
        assert_eq!(find(&headers, true, at(HOST_PREFIX)), None, "a neighbour may have set it");
        headers.append(header::COOKIE, HeaderValue::from_static("__Host-np_access=host; x"));
        assert_eq!(find(&headers, false, at(HOST_PREFIX)), Some("host"));
        assert_eq!(find(&headers, true, at(SECURE_PREFIX)), None, "another instance at the root of the name");
        assert_eq!(find(&HeaderMap::new(), false, at(HOST_PREFIX)), None);
    }

    #[test]
    fn cookies_carry_every_protection_the_connection_allows() {
        let mut headers = HeaderMap::new();
        for (is_secure, path) in [(true, ""), (false, ""), (true, "/nova"), (false, "/nova")] {
            Jar { is_secure, path: path.into() }.append(&mut headers, ACCESS, "v", 900, true);
        }
        let texts: Vec<_> = headers.get_all(header::SET_COOKIE).iter().map(|v| v.to_str().unwrap()).collect();
        assert_eq!(texts[0], "__Host-np_access=v; Path=/; Max-Age=900; SameSite=Strict; HttpOnly; Secure");
        assert_eq!(texts[1], "np_access=v; Path=/; Max-Age=900; SameSite=Strict; HttpOnly");
        assert_eq!(texts[2], "__Secure-np_access=v; Path=/nova; Max-Age=900; SameSite=Strict; HttpOnly; Secure");
        assert_eq!(texts[3], "np_access=v; Path=/nova; Max-Age=900; SameSite=Strict; HttpOnly");
    }

    #[test]
    fn a_connection_is_secure_over_tls_and_on_the_machine_itself() {
        for (host, is) in
            [("localhost:8080", true), ("127.0.0.1", true), ("10.0.0.7:8080", false), ("a.example", false)]
        {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            assert_eq!(is_secure(&headers), is, "{host}");
            headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
            assert!(is_secure(&headers));
        }
    }
}
