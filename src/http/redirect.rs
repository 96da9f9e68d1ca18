//! What answers plain HTTP beside a TLS listener: pages are sent on to `https`, everything else is refused.
//!
//! Only what a person typed into a browser is sent on. A program that calls the API in the clear has shown its credential
//! to everybody on the way; were it sent on, nobody would notice (OWASP ASVS 5.0, 4.1.2).

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header, uri::Authority},
    response::{IntoResponse, Response},
};

use super::{Problem, problems};

const HTTPS_PORT: u16 = 443;

/// The routes of the plain listener: to `public_url` when it is known, else to the name that was asked for at `port`.
pub fn redirect(public_url: Option<String>, port: u16) -> Router {
    Router::new().fallback(move |request: Request<Body>| {
        let public_url = public_url.clone();
        async move { answer(&request, public_url.as_deref(), port) }
    })
}

fn answer(request: &Request<Body>, public_url: Option<&str>, port: u16) -> Response {
    if !is_for_people(request.method(), request.uri(), request.headers()) {
        return Problem::of(&problems::HTTPS_REQUIRED).into_response();
    }
    let base = public_url.map(str::to_owned).or_else(|| origin(request, port));
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let path = if path.starts_with('/') { path } else { "/" };
    let location = base.and_then(|base| HeaderValue::try_from(format!("{base}{path}")).ok());
    let Some(location) = location else {
        return Problem::of(&problems::BAD_REQUEST).detail("the Host header is missing or malformed").into_response();
    };
    (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, location)]).into_response()
}

fn is_for_people(method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
    let path = uri.path();
    let is_api = path == "/api" || path.starts_with("/api/");
    matches!(*method, Method::GET | Method::HEAD) && !is_api && !headers.contains_key(header::AUTHORIZATION)
}

/// The name the client used, with `https` and our port.
fn origin(request: &Request<Body>, port: u16) -> Option<String> {
    let given = match request.uri().authority() {
        Some(authority) => authority.clone(),
        None => request.headers().get(header::HOST)?.to_str().ok()?.parse::<Authority>().ok()?,
    };
    if given.host().is_empty() || given.as_str().contains('@') {
        return None;
    }
    let host = given.host();
    Some(if port == HTTPS_PORT { format!("https://{host}") } else { format!("https://{host}:{port}") })
}

#[cfg(test)]
mod tests {
    use axum::{
        body::Body,
        http::{Request, Response, header},
    };

    use super::answer;

    fn asked(method: &str, path: &str, host: &str) -> Request<Body> {
        Request::builder().method(method).uri(path).header(header::HOST, host).body(Body::empty()).unwrap()
    }

    fn place(response: &Response<Body>) -> Option<&str> {
        response.headers().get(header::LOCATION).map(|value| value.to_str().unwrap())
    }

    #[test]
    fn pages_are_sent_to_the_same_name_or_the_public_one() {
        for (path, host, port, to) in [
            ("/", "a.example", 443, "https://a.example/"),
            ("/webhooks?page=2", "a.example:8080", 8443, "https://a.example:8443/webhooks?page=2"),
            ("//b.example", "[::1]:80", 443, "https://[::1]//b.example"),
        ] {
            let response = answer(&asked("GET", path, host), None, port);
            assert_eq!((response.status().as_u16(), place(&response)), (308, Some(to)));
        }
        let response = answer(&asked("HEAD", "/x", "whoever.example"), Some("https://np.example"), 8443);
        assert_eq!(place(&response), Some("https://np.example/x"));
    }

    #[test]
    fn calls_and_odd_names_go_nowhere() {
        let mut with_key = asked("GET", "/", "a.example");
        with_key.headers_mut().insert(header::AUTHORIZATION, "Bearer x".parse().unwrap());
        for request in [asked("POST", "/", "a.example"), asked("GET", "/api/v1/jobs", "a.example"), with_key] {
            let response = answer(&request, Some("https://np.example"), 443);
            assert_eq!((response.status().as_u16(), place(&response)), (403, None));
        }
        for host in ["", "a b", "user@a.example", "a/b", "a\u{7f}"] {
            let Ok(host) = header::HeaderValue::from_bytes(host.as_bytes()) else { continue };
            let mut request = asked("GET", "/", "a");
            request.headers_mut().insert(header::HOST, host);
            assert_eq!(answer(&request, None, 443).status(), 400);
        }
    }
}
