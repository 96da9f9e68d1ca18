//! The one place every request passes: what stands between the connection and the routes.
//!
//! It is a plain function and not a stack of layers, because it runs for every request: nothing is boxed, looked up or
//! formatted that this request does not need. Order: request id and client address, size of the header section, the
//! routes under the time limit and panic capture, then the answer: problems rendered, tags, compression, headers.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, Version, header, uri::Authority},
    response::{IntoResponse, Response},
};
use tower::Service;
use tracing::Instrument;

use super::{
    Call, Calls, KnownParameters, Metrics, Options, Peer, Problem, Refusals, RefusedCall, compression,
    context::RequestContext, etag, forwarded, problems, request_id, request_id::RequestIds,
};
use crate::base::{Clock, Random};

/// Takes requests from connections to the routes and answers back.
#[derive(Debug)]
pub struct Edge {
    router: Router,
    options: Options,
    ids: RequestIds,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    /// What may stand behind the question mark of each operation.
    parameters: KnownParameters,
    /// Keeps a record of refused calls.
    refusals: Option<Arc<dyn Refusals>>,
    /// Counts the calls of known callers.
    calls: Option<Arc<dyn Calls>>,
    /// `Strict-Transport-Security`, sent to those who came over TLS.
    transport_security: HeaderValue,
}

/// What of the request the answer depends on.
struct Asked {
    method: Method,
    uri: Uri,
    if_none_match: Option<HeaderValue>,
    accept_encoding: Option<HeaderValue>,
    started_us: u64,
    is_secure: bool,
}

/// The methods that some operation may have; which one has which is the routes' to say.
const OFFERED: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];

/// Characters kept of the path of a refused call.
const REFUSED_PATH_CHARACTERS_MAX: usize = 200;

/// A year, for this name and those below it.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000; includeSubDomains");

impl Edge {
    /// Puts the edge around the routes.
    #[must_use]
    pub fn new(router: Router, options: Options, clock: Arc<dyn Clock>, random: &dyn Random, metrics: Metrics) -> Self {
        let transport_security = format!("max-age={}; includeSubDomains", options.hsts_max_age_s);
        let transport_security = HeaderValue::try_from(transport_security).unwrap_or(HSTS);
        let (ids, parameters) = (RequestIds::new(random), KnownParameters::default());
        let (refusals, calls) = (None, None);
        Self { router, options, ids, clock, metrics, parameters, refusals, calls, transport_security }
    }

    /// Refuses query parameters that an operation does not have.
    #[must_use]
    pub fn knowing(self, parameters: KnownParameters) -> Self {
        Self { parameters, ..self }
    }

    /// Tells this of every call that a known caller was not allowed.
    #[must_use]
    pub fn telling(self, refusals: Arc<dyn Refusals>) -> Self {
        Self { refusals: Some(refusals), ..self }
    }

    /// Tells this of every call of a known caller that was answered.
    #[must_use]
    pub fn counting(self, calls: Arc<dyn Calls>) -> Self {
        Self { calls: Some(calls), ..self }
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Answers one request that came over a connection from `peer`.
    pub async fn answer<B>(&self, request: Request<B>, peer: Peer) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let (mut parts, body) = request.into_parts();
        let asked = Asked {
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            if_none_match: parts.headers.get(header::IF_NONE_MATCH).cloned(),
            accept_encoding: parts.headers.get(header::ACCEPT_ENCODING).cloned(),
            started_us: self.clock.mono_us(),
            is_secure: peer.is_tls || self.options.is_public_https,
        };
        let client = forwarded::client_address(&parts.headers, peer.address, &self.options.trusted_proxies);
        let id = self.ids.accept_or_mint(&parts.headers);
        let context = Arc::new(RequestContext::new(id, client, asked.is_secure, &self.options));
        if body.is_end_stream() {
            context.mark_body_read();
        }
        if asked.method == Method::HEAD {
            // The tag and the size are those of the body a GET has; the connection leaves the body itself out.
            parts.method = Method::GET;
        }
        let span = tracing::info_span!(
            "request",
            request.id = context.id_text(),
            http.method = asked.method.as_str(),
            http.path = asked.uri.path(),
            trace.parent = parts.headers.get("traceparent").and_then(|value| value.to_str().ok()),
        );
        let refused = refuse_host(parts.version, &parts.headers)
            .or_else(|| self.refuse_early(&asked.method, &parts.headers, &parts.uri));
        let work = async {
            let response = if let Some(problem) = refused {
                problem
            } else {
                parts.extensions.insert(Arc::clone(&context));
                self.route(Request::from_parts(parts, Body::new(body)), &context).await
            };
            self.finish(response, &asked, &context).await
        };
        if span.is_disabled() { work.await } else { work.instrument(span).await }
    }

    fn refuse_early(&self, method: &Method, headers: &HeaderMap, uri: &Uri) -> Option<Response> {
        if !OFFERED.contains(method) {
            // TRACE would send a request's credentials back, CONNECT asks for a proxy, the others are unknown.
            let mut response = Problem::of(&problems::METHOD_NOT_ALLOWED).into_response();
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET,HEAD,POST,PUT,PATCH,DELETE"));
            return Some(response);
        }
        let uri_bytes = uri.path().len() + uri.query().map_or(0, str::len);
        if uri_bytes > self.options.uri_bytes_max {
            let limit = self.options.uri_bytes_max;
            let problem = Problem::of(&problems::URI_TOO_LONG).detail(format!("at most {limit} bytes are accepted"));
            return Some(problem.into_response());
        }
        let header_bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if header_bytes > self.options.header_bytes_max {
            let limit = self.options.header_bytes_max;
            let problem = Problem::of(&problems::HEADERS_TOO_LARGE);
            return Some(problem.detail(format!("at most {limit} bytes are accepted")).into_response());
        }
        self.parameters.refuse(method, uri).map(IntoResponse::into_response)
    }

    /// Calls the routes under the time limit, and turns a panic into an answer.
    async fn route(&self, request: Request<Body>, context: &RequestContext) -> Response {
        let mut router = self.router.clone();
        let mut call = pin!(router.call(request));
        let guarded = poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| Future::poll(call.as_mut(), cx))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => std::task::Poll::Ready(Err(panic)),
        });
        match tokio::time::timeout(Duration::from_millis(self.options.request_timeout_ms), guarded).await {
            Ok(Ok(Ok(response))) => response,
            Ok(Err(panic)) => {
                let message = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
                let message = message.or_else(|| panic.downcast_ref::<String>().cloned());
                let message = message.unwrap_or_else(|| "no message".to_owned());
                tracing::error!(panic.message = message, "a handler panicked: {message}");
                Problem::of(&problems::INTERNAL_ERROR).into_response()
            }
            Err(_) if !context.is_body_read.load(Ordering::Relaxed) => {
                let mut response = Problem::of(&problems::REQUEST_TIMEOUT).into_response();
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                response
            }
            Err(_) => Problem::of(&problems::TIMED_OUT).retry_after_s(5).into_response(),
        }
    }

    fn tell_refusal(&self, response: &Response, asked: &Asked, context: &RequestContext) {
        let (Some(refusals), Some(caller)) = (&self.refusals, context.caller.get()) else { return };
        let path: String = asked.uri.path().chars().take(REFUSED_PATH_CHARACTERS_MAX).collect();
        refusals.refused(RefusedCall {
            caller: *caller,
            address: context.client,
            request_id: context.id_text().to_owned(),
            call: format!("{} {path}", asked.method),
            code: response.extensions().get::<Problem>().map_or(problems::FORBIDDEN.code, Problem::code),
        });
    }

    async fn finish(&self, mut response: Response, asked: &Asked, context: &RequestContext) -> Response {
        if response.status() == StatusCode::FORBIDDEN {
            self.tell_refusal(&response, asked, context);
        }
        if response.status().is_client_error() || response.status().is_server_error() {
            response = render_problem(response, asked, context);
        }
        if response.status() == StatusCode::OK && is_json(response.headers()) && is_read(&asked.method) {
            response = etag::tag_answer(response, asked.if_none_match.as_ref()).await;
        }
        if let Some(accepted) = &asked.accept_encoding
            && compression::is_worth_it(&response)
        {
            response = compression::compress(response, accepted).await;
        }
        set_headers(response.headers_mut(), &asked.method, &context.id);
        if asked.is_secure {
            response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, self.transport_security.clone());
        }
        let elapsed_us = self.clock.mono_us().saturating_sub(asked.started_us);
        self.metrics.record(response.status(), elapsed_us);
        if let (Some(calls), Some(caller), Some(operation)) =
            (&self.calls, context.caller.get(), context.operation.get())
        {
            let status = response.status().as_u16();
            calls.called(Call { caller: *caller, operation: *operation, status, elapsed_us });
        }
        if elapsed_us > self.options.slow_request_ms * 1000 && !is_long_poll(&response) {
            tracing::warn!(duration_ms = elapsed_us / 1000, status = response.status().as_u16(), "slow request");
        }
        response
    }
}

/// Refuses a request that does not say once, and in a form that can be read, which host it is for (RFC 9112, 3.2).
fn refuse_host(version: Version, headers: &HeaderMap) -> Option<Response> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let is_plain = |host: &HeaderValue| {
        let authority = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
        authority.is_some_and(|authority| !authority.as_str().contains('@'))
    };
    let wrong = match (hosts.next(), hosts.next()) {
        (None, _) if version < Version::HTTP_11 => return None,
        (None, _) => "the Host header is missing",
        (Some(_), Some(_)) => "there is more than one Host header",
        (Some(host), None) if is_plain(host) => return None,
        (Some(_), None) => "the Host header does not hold a host",
    };
    Some(Problem::of(&problems::BAD_REQUEST).detail(wrong).into_response())
}

/// Marks an answer whose slowness is what the client asked for.
#[derive(Debug, Clone, Copy)]
pub struct LongPoll;

fn is_long_poll(response: &Response) -> bool {
    response.extensions().get::<LongPoll>().is_some()
}

fn is_read(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD
}

fn is_json(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| value == "application/json")
}

/// Gives an error its body. One that is no problem yet, such as a refusal by the router itself, becomes one.
fn render_problem(mut response: Response, asked: &Asked, context: &RequestContext) -> Response {
    let status = response.status();
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None if response.headers().get(header::CONTENT_TYPE).is_some_and(is_own_page) => return response,
        None => Problem::of(kind_of(status)),
    };
    match problem.logged_cause() {
        Some(cause) if status.is_server_error() => {
            tracing::error!(problem.code = problem.code(), cause, "request failed: {cause}");
        }
        Some(cause) => tracing::debug!(problem.code = problem.code(), cause, "request refused: {cause}"),
        None => {}
    }
    let mut rendered = problem.render(asked.uri.path(), context.id_text());
    for name in [header::ALLOW, header::CONNECTION, header::CONTENT_RANGE] {
        if let Some(value) = response.headers_mut().remove(&name) {
            rendered.headers_mut().insert(name, value);
        }
    }
    rendered
}

/// Error pages for people, and health answers, which have their own shape.
fn is_own_page(content_type: &HeaderValue) -> bool {
    content_type.as_bytes().starts_with(b"text/html") || content_type == "application/json"
}

fn kind_of(status: StatusCode) -> &'static problems::Kind {
    let fallback = if status.is_server_error() { &problems::INTERNAL_ERROR } else { &problems::BAD_REQUEST };
    problems::ALL.iter().copied().find(|kind| kind.status == status).unwrap_or(fallback)
}

/// The headers every answer has. HTML pages bring their own content policy.
fn set_headers(headers: &mut HeaderMap, method: &Method, id: &HeaderValue) {
    const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
    const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
    const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
    const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
    const NOTHING: HeaderValue =
        HeaderValue::from_static("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
    const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
    const NO_DEVICES: HeaderValue = HeaderValue::from_static(
        "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), \
         magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=(), xr-spatial-tracking=()",
    );
    const REVALIDATE: HeaderValue = HeaderValue::from_static("private, no-cache");
    const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
    headers.insert(request_id::HEADER, id.clone());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(header::REFERRER_POLICY, NO_REFERRER);
    headers.insert(RESOURCE_POLICY, SAME_ORIGIN);
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(NOTHING);
    // What a browser makes a page of: nobody who opened it keeps a hold on it, and it asks for no device.
    if headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html")) {
        headers.insert(OPENER_POLICY, SAME_ORIGIN);
        headers.insert(PERMISSIONS_POLICY, NO_DEVICES);
    }
    let is_tagged = is_read(method) && headers.contains_key(header::ETAG);
    headers.entry(header::CACHE_CONTROL).or_insert(if is_tagged { REVALIDATE } else { NO_STORE });
}
