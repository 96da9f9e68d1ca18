//! The edge and the extractors, called without a socket.

use std::{
    convert::Infallible,
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    http::{HeaderMap, HeaderValue, Request, StatusCode},
    response::Response,
    routing::{get, post},
};
use http_body_util::BodyExt;
use hyper::body::Frame;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Change, ClientAddress, Edge, Json, Metrics, OptionalJson, Options, Page, PageQuery, Path, Peer, Problem, Query,
    RawJson, forwarded, problems,
};
use crate::base::{ManualClock, SeededRandom, Timestamp};

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Order {
    name: String,
    #[serde(default)]
    count: u8,
    #[serde(default)]
    items: Vec<Item>,
    payload: Option<RawJson>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Item {
    size: u8,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    state: Option<String>,
    limit: Option<u32>,
}

fn edge_with(options: Options) -> Edge {
    let router = Router::new()
        .route("/orders", post(async |Json(order): Json<Order>| Json(order)).get(async || Json(json!([1, 2, 3]))))
        .route("/optional", post(async |OptionalJson(filter): OptionalJson<Filter>| Json(filter)))
        .route("/filter", get(async |Query(filter): Query<Filter>| Json(filter)))
        .route("/number/{id}", get(async |Path(id): Path<u32>| Json(id)))
        .route("/large", get(async || Json("a".repeat(5000))))
        .route("/panic", get(async || -> Json<()> { panic!("planted") }))
        .route("/never", get(async || -> Json<()> { std::future::pending().await }))
        .route("/client", get(async |ClientAddress(address): ClientAddress| Json(address.to_string())))
        .route("/page", get(async |page: PageQuery| Json(json!({"limit": page.limit}))));
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(0)));
    let metrics = Metrics::register(&prometheus::Registry::new()).unwrap();
    Edge::new(router, options, clock, &SeededRandom::new(1), metrics)
}

async fn send(edge: &Edge, mut request: Request<Body>) -> (StatusCode, HeaderMap, Value) {
    request.headers_mut().entry("host").or_insert(HeaderValue::from_static("localhost"));
    let response: Response = edge.answer(request, Peer::plain(IpAddr::from([127, 0, 0, 1]))).await;
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    (parts.status, parts.headers, value)
}

async fn get_path(path: &str) -> (StatusCode, HeaderMap, Value) {
    send(&edge_with(Options::default()), Request::get(path).body(Body::empty()).unwrap()).await
}

async fn post_order(body: impl Into<Body>) -> (StatusCode, Value) {
    let request = Request::post("/orders").header("content-type", "application/json").body(body.into()).unwrap();
    let (status, _, value) = send(&edge_with(Options::default()), request).await;
    (status, value)
}

#[tokio::test]
async fn malformed_json_is_400_with_its_place() {
    for body in [
        "",
        "{",
        "{\"name\": }",
        "nul",
        "{\"name\":\"a\"} trailing",
        "{\"count\": \"x\", oops",
        "{\"name\":\"\\ud800\"}",
    ] {
        let (status, problem) = post_order(body).await;
        assert_eq!(status, 400, "{body} {problem}");
        assert_eq!(problem["type"], "/problems/malformed_json", "{body}");
        assert!(problem["detail"].is_string());
        assert_eq!(problem["instance"], "/orders");
        assert!(problem["request_id"].as_str().unwrap().starts_with("req_"));
    }
    let (_, problem) = post_order("{\n \"name\": ?}").await;
    assert!(problem["detail"].as_str().unwrap().contains("line 2 column"), "{problem}");
}

#[tokio::test]
async fn other_shapes_are_422_with_a_pointer() {
    let cases = [
        (json!({}), "/name", "is required"),
        (
            json!({"name": "a", "colour": 1}),
            "/colour",
            "is not a known field; known: `name`, `count`, `items`, `payload`",
        ),
        (json!({"name": 7}), "/name", "invalid type: integer `7`, expected a string"),
        (
            json!({"name": "a", "count": 256}),
            "/count",
            "invalid value: integer `256`, expected a whole number that is not negative",
        ),
        (
            json!({"name": "a", "items": [{"size": 1}, {"size": "b"}]}),
            "/items/1/size",
            "invalid type: string, expected a whole number that is not negative",
        ),
        (
            json!({"name": "a", "items": [{"size": 1, "x/y": 2}]}),
            "/items/0/x~1y",
            "is not a known field; known: `size`",
        ),
        (json!({"name": "a", "items": [{}]}), "/items/0/size", "is required"),
        (json!({"name": "a", "items": {}}), "/items", "invalid type: map, expected an array"),
        (json!(["a", 1, [], null]), "", "must be an object"),
        (json!("text"), "", "invalid type: string, expected an object"),
        (json!("a secret\", expected a secret"), "", "invalid type: string, expected an object"),
    ];
    for (body, pointer, detail) in cases {
        let (status, problem) = post_order(body.to_string()).await;
        assert_eq!(status, 422, "{body}");
        assert_eq!(problem["type"], "/problems/validation_failed");
        assert_eq!(problem["errors"], json!([{"pointer": pointer, "detail": detail}]), "{body}");
    }
    let (status, problem) = post_order("{\"name\":\"a\",\"name\":\"b\"}").await;
    assert_eq!((status.as_u16(), &problem["errors"][0]["detail"]), (422, &json!("is given twice")));
}

#[tokio::test]
async fn a_payload_keeps_its_bytes_and_may_not_nest_without_end() {
    let (status, answer) = post_order("{\"name\":\"a\",\"payload\":{\"b\": 1.50,\"a\":[ ]}}").await;
    assert_eq!((status.as_u16(), answer["payload"].to_string().as_str()), (200, "{\"b\":1.5,\"a\":[]}"));
    let raw: Order = serde_json::from_str("{\"name\":\"a\",\"payload\": {\"b\": 1.50} }").unwrap();
    assert_eq!(raw.payload.unwrap().as_bytes(), b"{\"b\": 1.50}");
    let deep = format!("{{\"name\":\"a\",\"payload\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(post_order(deep).await.0, 400);
    let brackets_in_text = json!({"name": "[".repeat(1000)}).to_string();
    assert_eq!(post_order(brackets_in_text).await.0, 200);
    let pair = "{\"name\":\"\\ud83d\\ude00 \\\\ud800\"}";
    assert_eq!(post_order(pair).await.0, 200);
}

#[tokio::test]
async fn content_type_size_and_encoding_are_checked() {
    let edge = edge_with(Options { body_bytes_max: 100, ..Options::default() });
    let post = |content_type: &str, body: String| {
        Request::post("/orders").header("content-type", content_type).body(Body::from(body)).unwrap()
    };
    let small = json!({"name": "a"}).to_string();
    for (content_type, expected) in [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON", 200),
        ("application/merge-patch+json", 200),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
    ] {
        assert_eq!(send(&edge, post(content_type, small.clone())).await.0, expected, "{content_type}");
    }
    let large = json!({"name": "a".repeat(200)}).to_string();
    assert_eq!(send(&edge, post("application/json", large)).await.0, 413);
    let none = Request::post("/orders").body(Body::from(small.clone())).unwrap();
    assert_eq!(send(&edge, none).await.0, 415);
    let compressed = Request::post("/orders")
        .header("content-type", "application/json")
        .header("content-encoding", "gzip")
        .body(Body::from(small))
        .unwrap();
    assert_eq!(send(&edge, compressed).await.0, 415);
    let empty = Request::post("/optional").body(Body::empty()).unwrap();
    assert_eq!(send(&edge, empty).await.0, 200);
}

#[tokio::test]
async fn query_and_path_are_refused_with_the_same_manners() {
    assert_eq!(get_path("/filter?state=a&limit=3").await.2, json!({"state": "a", "limit": 3}));
    let (status, _, problem) = get_path("/filter?limit=x").await;
    assert_eq!((status.as_u16(), &problem["errors"][0]["pointer"]), (422, &json!("/limit")));
    let (status, _, problem) = get_path("/filter?colour=x").await;
    assert_eq!((status.as_u16(), &problem["errors"][0]["pointer"]), (422, &json!("/colour")));
    assert_eq!(get_path("/number/x").await.0, 404);
    assert_eq!(get_path("/page?limit=0").await.0, 422);
    assert_eq!(get_path("/page?limit=251").await.0, 422);
    assert_eq!(get_path("/page?limit=250").await.0, 200);
    assert_eq!(get_path("/page?cursor=abc").await.0, 422);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let (status, headers, problem) = get_path("/nowhere").await;
    assert_eq!((status.as_u16(), &problem["type"]), (404, &json!("/problems/not_found")));
    assert_eq!(headers["content-type"], "application/problem+json");
    let request = Request::delete("/orders").body(Body::empty()).unwrap();
    let (status, headers, problem) = send(&edge_with(Options::default()), request).await;
    assert_eq!((status.as_u16(), &problem["type"]), (405, &json!("/problems/method_not_allowed")));
    assert_eq!(headers["allow"], "POST,GET,HEAD");
}

#[tokio::test]
async fn a_panic_is_a_500_that_says_nothing() {
    let (status, _, problem) = get_path("/panic").await;
    assert_eq!(status, 500);
    assert!(!problem.to_string().contains("planted"));
}

#[tokio::test]
async fn time_over_is_503_and_408_when_the_body_is_missing() {
    let edge = edge_with(Options { request_timeout_ms: 20, ..Options::default() });
    let never = Request::get("/never").body(Body::empty()).unwrap();
    let (status, headers, problem) = send(&edge, never).await;
    assert_eq!((status.as_u16(), &problem["type"]), (503, &json!("/problems/timed_out")));
    assert_eq!(headers["retry-after"], "5");
    let post = Request::post("/orders").header("content-type", "application/json");
    let (status, headers, problem) = send(&edge, post.body(Body::new(Withheld)).unwrap()).await;
    assert_eq!((status.as_u16(), &problem["type"]), (408, &json!("/problems/request_timeout")));
    assert_eq!(headers["connection"], "close");
}

/// A body that is announced and never comes.
struct Withheld;

impl HttpBody for Withheld {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

#[tokio::test]
async fn request_ids_are_taken_over_when_plain() {
    let ask = async |id: &str| {
        let request = Request::get("/nowhere").header("x-request-id", id).body(Body::empty()).unwrap();
        let (_, headers, problem) = send(&edge_with(Options::default()), request).await;
        assert_eq!(headers["x-request-id"].to_str().unwrap(), problem["request_id"]);
        headers["x-request-id"].to_str().unwrap().to_owned()
    };
    assert_eq!(ask("trace-17/a").await, "trace-17/a");
    for odd in ["", "a b", "<script>", &"a".repeat(129)] {
        assert!(ask(odd).await.starts_with("req_"), "{odd}");
    }
}

#[tokio::test]
async fn a_get_carries_a_tag_and_answers_304() {
    let (status, headers, _) = get_path("/orders").await;
    assert_eq!(status, 200);
    let tag = headers["etag"].clone();
    assert_eq!(headers["cache-control"], "private, no-cache");
    let request = Request::get("/orders").header("if-none-match", &tag).body(Body::empty()).unwrap();
    let (status, headers, body) = send(&edge_with(Options::default()), request).await;
    assert_eq!((status.as_u16(), body), (304, Value::Null));
    assert_eq!(headers["etag"], tag);
}

#[tokio::test]
async fn large_answers_are_compressed_when_asked() {
    for (accept, expected) in [("gzip", Some("gzip")), ("br, gzip", Some("br")), ("identity", None)] {
        let request = Request::get("/large").header("accept-encoding", accept).body(Body::empty()).unwrap();
        let (_, headers, _) = send(&edge_with(Options::default()), request).await;
        assert_eq!(headers.get("content-encoding").map(|value| value.to_str().unwrap()), expected);
        assert_eq!(headers["etag"].to_str().unwrap().starts_with("W/"), expected.is_some());
    }
    let request = Request::get("/orders").header("accept-encoding", "gzip").body(Body::empty()).unwrap();
    assert!(send(&edge_with(Options::default()), request).await.1.get("content-encoding").is_none());
}

#[tokio::test]
async fn long_addresses_and_headers_are_refused() {
    let (status, _, problem) = get_path(&format!("/filter?state={}", "a".repeat(9000))).await;
    assert_eq!((status.as_u16(), &problem["type"]), (414, &json!("/problems/uri_too_long")));
    let request = Request::get("/orders").header("x-large", "a".repeat(40_000)).body(Body::empty()).unwrap();
    assert_eq!(send(&edge_with(Options::default()), request).await.0, 431);
}

#[test]
fn forwarded_addresses_are_read_from_the_right_through_trusted_proxies() {
    let trusted = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
    let ask = |peer: &str, lines: &[&str]| {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        forwarded::client_address(&headers, peer.parse().unwrap(), &trusted).to_string()
    };
    assert_eq!(ask("192.0.2.1", &["1.1.1.1"]), "192.0.2.1");
    assert_eq!(ask("10.0.0.1", &["1.1.1.1, 2.2.2.2"]), "2.2.2.2");
    assert_eq!(ask("10.0.0.1", &["1.1.1.1", "2.2.2.2, 10.0.0.9"]), "2.2.2.2");
    assert_eq!(ask("10.0.0.1", &["6.6.6.6, junk, 10.0.0.9"]), "10.0.0.9");
    assert_eq!(ask("::ffff:10.0.0.1", &["[2001:db8::1]:443"]), "2001:db8::1");
    assert_eq!(ask("10.0.0.1", &[]), "10.0.0.1");
}

#[test]
fn cursors_come_back_and_only_to_their_list() {
    let page = Page::cut(vec![9_u64, 8, 7], 2, |last| [*last, 1]);
    assert_eq!(page.data, [9, 8]);
    let query = PageQuery::parse(None, page.next_cursor.as_deref()).unwrap();
    assert_eq!(query.after::<2>().unwrap(), Some([8, 1]));
    assert!(query.after::<1>().is_err());
    assert_eq!(Page::cut(vec![9_u64], 2, |last| [*last]).next_cursor, None);
}

#[test]
fn a_patch_tells_absent_from_null() {
    #[derive(Debug, Deserialize)]
    struct Patch {
        #[serde(default)]
        name: Change<String>,
    }
    let read = |text: &str| serde_json::from_str::<Patch>(text).unwrap().name;
    assert_eq!(read("{}"), Change::Keep);
    assert_eq!(read("{\"name\":null}"), Change::Clear);
    assert_eq!(read("{\"name\":\"a\"}"), Change::Set("a".to_owned()));
}

#[test]
fn every_code_stands_once_and_is_explained() {
    for kind in problems::ALL {
        assert_eq!(problems::ALL.iter().filter(|other| other.code == kind.code).count(), 1, "{}", kind.code);
        assert!(kind.about.len() > 60 && kind.about.ends_with('.'), "{}", kind.code);
        assert!(problems::reference().contains(&format!("\n## {}\n", kind.code)));
    }
    assert_eq!(problems::find("not_found"), Some(&problems::NOT_FOUND));
    assert_eq!(Problem::invalid("/a", "b").below("/jobs/3").errors()[0].pointer, "/jobs/3/a");
}

#[tokio::test]
async fn the_reference_works_without_script_or_network() {
    #[derive(utoipa::OpenApi)]
    #[openapi(paths(create_order))]
    struct Orders;
    /// Creates an order.
    #[utoipa::path(post, path = "/orders", tag = "orders", responses((status = 201, description = "Made")))]
    #[expect(dead_code, reason = "declares an operation and is not called")]
    fn create_order() {}

    let mut api = super::openapi::base();
    api.merge(<Orders as utoipa::OpenApi>::openapi());
    let document = super::openapi::Document::build(&api).unwrap();
    let json: Value = serde_json::from_slice(document.json()).unwrap();
    assert_eq!(json["openapi"], "3.1.0");
    let operation = &json["paths"]["/orders"]["post"];
    assert_eq!(operation["parameters"][0]["$ref"], "#/components/parameters/IdempotencyKey");
    assert_eq!(operation["responses"]["default"]["$ref"], "#/components/responses/Problem");
    assert!(json["components"]["schemas"]["Problem"]["properties"]["request_id"].is_object());

    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(0)));
    let metrics = Metrics::register(&prometheus::Registry::new()).unwrap();
    let edge = Edge::new(document.routes(), Options::default(), clock, &SeededRandom::new(1), metrics);
    for (path, word) in [("/docs", "id=\"create_order\""), ("/problems/stale_lease", "lease")] {
        let request = Request::get(path).header("host", "localhost").body(Body::empty()).unwrap();
        let response = edge.answer(request, Peer::plain(IpAddr::from([127, 0, 0, 1]))).await;
        assert!(response.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
        let page = response.into_body().collect().await.unwrap().to_bytes();
        let page = std::str::from_utf8(&page).unwrap();
        assert!(page.contains(word), "{page}");
        assert!(!page.contains("<script") && !page.contains("style=\"") && !page.contains("http://"), "{page}");
    }
}
