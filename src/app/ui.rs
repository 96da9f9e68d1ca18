//! Serves the embedded UI bundle.
//!
//! Files come with an ETag made from their content and, where the bundle has one, in a form
//! compressed at build time. Hashed files below `assets/` are immutable for a year; everything
//! else, the page above all, is checked again at each use. A path that is no file gets the page
//! only when a browser asks for HTML with GET or HEAD, and never below `/api`.
//!
//! The page names its files relative to the path it is asked for under. A proxy may so serve everything below a path of its
//! own and take that path away, without anything here knowing of it: the scripts see where they came from.

use std::borrow::Cow;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/dist"]
struct Bundle;

const PAGE: &str = "index.html";
/// Slashes in a path below which the page still finds its files relatively.
const DEPTH_MAX: usize = 16;
/// Scripts, styles and connections from this origin only; nothing inline, no frames.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'";

/// Answers a request that no other route took; `None` is a path that is not there.
pub fn respond(request: &Request<Body>) -> Option<Response<Body>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let path = request.uri().path().trim_start_matches('/');
    if !path.is_empty()
        && let Some(file) = Bundle::get(path)
    {
        return Some(serve(path, &file, request));
    }
    let is_api = path == "api" || path.starts_with("api/");
    if is_api || path.starts_with("assets/") || !(path.is_empty() || accepts_html(request.headers())) {
        return None;
    }
    Bundle::get(PAGE).map(|page| serve(PAGE, &page, request))
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("text/html"))
}

fn serve(path: &str, plain: &EmbeddedFile, request: &Request<Body>) -> Response<Body> {
    let headers = request.headers();
    let up = (path == PAGE).then(|| way_up(request.uri().path()));
    let (encoding, data) = match &up {
        Some(up) => (None, relative(&plain.data, up)),
        None => choose_encoding(path, plain, headers),
    };
    let variant = up.as_deref().or(encoding);
    let etag = etag(plain, variant);
    let is_known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|known| known == "*" || known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag));

    let length = data.len();
    let body = if is_known || request.method() == Method::HEAD { Body::empty() } else { body(data) };
    let mut response = Response::new(body);
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let answer = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&etag) {
        answer.insert(header::ETAG, value);
    }
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache_control(path)));
    answer.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    // With a 304 too: its headers take the place of those the browser kept, and the default policy forbids everything.
    answer.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    if is_known {
        return response;
    }
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    answer.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    answer.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if let Some(encoding) = encoding {
        answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// The way from a path to the root: one step less than it has slashes, none at all for a path that is absurdly deep.
fn way_up(path: &str) -> String {
    match path.matches('/').count() {
        0 | 1 => "./".to_owned(),
        slashes if slashes <= DEPTH_MAX => "../".repeat(slashes - 1),
        _ => "/".to_owned(),
    }
}

/// The page with its references, which begin at the root, on that way instead.
fn relative(page: &[u8], up: &str) -> Cow<'static, [u8]> {
    let text = String::from_utf8_lossy(page);
    let begun = [("src=\"/", format!("src=\"{up}")), ("href=\"/", format!("href=\"{up}"))];
    let told = begun.iter().fold(text.into_owned(), |text, (from, to)| text.replace(from, to));
    Cow::Owned(told.into_bytes())
}

/// Takes the best form that the client accepts and the bundle has.
fn choose_encoding(
    path: &str,
    plain: &EmbeddedFile,
    headers: &HeaderMap,
) -> (Option<&'static str>, Cow<'static, [u8]>) {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    for (encoding, suffix) in [("br", "br"), ("gzip", "gz")] {
        if accepts(accepted, encoding)
            && let Some(file) = Bundle::get(&format!("{path}.{suffix}"))
        {
            return (Some(encoding), file.data);
        }
    }
    (None, plain.data.clone())
}

/// Whether an `Accept-Encoding` value names the coding without refusing it (RFC 9110 §12.5.3).
fn accepts(header: &str, encoding: &str) -> bool {
    header.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let is_named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let is_refused = parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
        is_named && !is_refused
    })
}

/// A strong tag of these very bytes: the content's hash, and how it is encoded or on which way up it is told.
fn etag(plain: &EmbeddedFile, variant: Option<&str>) -> String {
    let hash = URL_SAFE_NO_PAD.encode(plain.metadata.sha256_hash());
    format!("\"{hash}{}\"", variant.map_or_else(String::new, |variant| format!("-{variant}")))
}

fn body(data: Cow<'static, [u8]>) -> Body {
    match data {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    }
}

fn cache_control(path: &str) -> &'static str {
    if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" }
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        "webmanifest" => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use axum::{
        body::Body,
        http::{Request, StatusCode, header},
    };

    use super::{accepts, relative, respond, way_up};

    fn get(path: &str, accept: &str) -> Request<Body> {
        Request::get(path).header(header::ACCEPT, accept).body(Body::empty()).unwrap()
    }

    #[test]
    fn page_is_revalidated_and_answers_304_to_its_own_tag() {
        let first = respond(&get("/", "text/html")).unwrap();
        assert_eq!(first.status(), StatusCode::OK);
        assert_eq!(first.headers()[header::CACHE_CONTROL], "no-cache");
        assert_eq!(first.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
        let mut again = get("/", "text/html");
        again.headers_mut().insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
        let known = respond(&again).unwrap();
        assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
        let policy = header::CONTENT_SECURITY_POLICY;
        assert_eq!(known.headers()[&policy], first.headers()[&policy], "a browser goes by the newer header");
    }

    #[test]
    fn only_browsers_outside_the_api_get_the_page_for_an_unknown_path() {
        assert!(respond(&get("/webhooks/wh_1", "text/html,*/*;q=0.8")).is_some());
        assert!(respond(&get("/webhooks/wh_1", "application/json")).is_none());
        assert!(respond(&get("/api/v1/nothing", "text/html")).is_none());
        assert!(respond(&get("/api", "text/html")).is_none());
        assert!(respond(&get("/assets/gone.js", "text/html")).is_none());
        let post = Request::post("/").header(header::ACCEPT, "text/html").body(Body::empty()).unwrap();
        assert!(respond(&post).is_none());
    }

    #[test]
    fn the_page_finds_its_files_from_any_depth() {
        assert_eq!((way_up("/").as_str(), way_up("/jobs").as_str(), way_up("/jobs/x").as_str()), ("./", "./", "../"));
        assert_eq!(way_up(&"/a".repeat(17)), "/");
        let page = relative(b"<a href=\"/docs\"></a><script src=\"/assets/a.js\"></script>", "../");
        assert_eq!(&*page, b"<a href=\"../docs\"></a><script src=\"../assets/a.js\"></script>");
        let shallow = respond(&get("/jobs", "text/html")).unwrap();
        let deep = respond(&get("/jobs/x", "text/html")).unwrap();
        assert_ne!(shallow.headers()[header::ETAG], deep.headers()[header::ETAG], "they are not the same bytes");
    }

    #[test]
    fn a_refused_coding_is_not_accepted() {
        assert!(accepts("gzip, br", "br"));
        assert!(accepts("gzip;q=0.5", "gzip"));
        assert!(!accepts("br;q=0, gzip", "br"));
        assert!(!accepts("identity", "br"));
    }
}
