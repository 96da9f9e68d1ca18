//! What holds for every operation: ids, problems, tags, compression, the reference, the odd paths.

use std::time::Duration;

use serde_json::json;

use crate::support::TestApp;

#[test]
fn every_answer_carries_its_request_id_and_the_usual_headers() {
    let app = TestApp::start();
    let mut client = app.anonymous();
    let answer = client.send("GET", "/health/live", &[("x-request-id", "trace-17")], None);
    assert_eq!(answer.header("x-request-id"), Some("trace-17"));
    let answer = client.send("GET", "/api/v1/nowhere", &[("x-request-id", "not plain <>")], None);
    assert_eq!(answer.problem(404), "not_found");
    assert!(answer.header("x-request-id").unwrap().starts_with("req_"));
    assert_eq!(answer.json()["instance"], "/api/v1/nowhere");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(
        answer.header("content-security-policy"),
        Some("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[test]
fn unknown_paths_and_methods_are_problems_and_never_pages_below_api() {
    let app = TestApp::start();
    let mut client = app.anonymous();
    for path in ["/api/v1/nowhere", "/api/v2/jobs", "/api"] {
        assert_eq!(client.send("GET", path, &[("accept", "text/html")], None).problem(404), "not_found", "{path}");
    }
    let page = client.send("GET", "/anywhere", &[("accept", "text/html")], None);
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(client.get("/anywhere").problem(404), "not_found");
    let refused = client.send("PUT", "/api/v1/health", &[], Some(b"{}"));
    assert_eq!(refused.problem(405), "method_not_allowed");
    assert_eq!(refused.header("allow"), Some("GET,HEAD"));
}

#[test]
fn a_get_is_tagged_compressed_and_answered_304() {
    let app = TestApp::start();
    let mut client = app.anonymous();
    let plain = client.get("/api/v1/openapi.json");
    let tag = plain.header("etag").unwrap().to_owned();
    assert!(plain.json()["paths"].is_object());
    let known = client.send("GET", "/api/v1/openapi.json", &[("if-none-match", &tag)], None);
    assert_eq!((known.status, known.bytes.len()), (304, 0));
    let packed = client.send("GET", "/api/v1/openapi.json", &[("accept-encoding", "gzip")], None);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_eq!(packed.header("vary"), Some("accept-encoding"));
    assert!(packed.bytes.len() * 2 < plain.bytes.len());
    assert_eq!(packed.header("etag"), Some(format!("W/{tag}").as_str()));
    let known = client.send("GET", "/openapi.json", &[("if-none-match", &format!("W/{tag}"))], None);
    assert_eq!(known.status, 304);
    let head = client.send("HEAD", "/api/v1/openapi.json", &[], None);
    assert_eq!((head.status, head.bytes.len(), head.header("etag")), (200, 0, Some(tag.as_str())));
}

#[test]
fn the_reference_and_the_odd_files_are_there() {
    let app = TestApp::start();
    let mut client = app.anonymous();
    let page = client.get("/docs");
    assert_eq!(page.status, 200);
    assert!(page.header("content-security-policy").unwrap().contains("style-src 'self'"));
    assert_eq!(client.get("/docs/style.css").header("content-type"), Some("text/css; charset=utf-8"));
    assert_eq!(client.get("/problems/stale_lease").status, 200);
    assert_eq!(client.get("/problems/nothing").problem(404), "not_found");
    assert!(client.get("/robots.txt").text().contains("Disallow: /"));
}

#[test]
fn no_credential_is_401_and_every_bad_one_the_same() {
    let app = TestApp::start();
    let mut client = app.anonymous();
    let key = app.api_key();
    let (head, secret) = key.rsplit_once('_').unwrap();
    let turned: String = secret.chars().rev().collect();
    let bad = [
        String::new(),
        "Bearer".to_owned(),
        "Bearer x".to_owned(),
        format!("Basic {key}"),
        format!("Bearer {head}_{turned}"),
        format!("Bearer {key}0"),
        "Bearer np_live_00000000000000000000000000_00000000000000000000000000000000".to_owned(),
    ];
    let missing = client.post("/api/v1/jobs", &json!({}));
    assert_eq!(missing.problem(401), "unauthorized");
    assert_eq!(missing.header("www-authenticate"), Some("Bearer realm=\"novapulse\""));
    for authorization in bad {
        let headers = [("authorization", authorization.as_str())];
        let answer = client.send("POST", "/api/v1/jobs", &headers, Some(b"{}"));
        assert_eq!(answer.problem(401), "unauthorized", "{authorization}");
    }
    assert!(!app.log().contains(secret), "the log holds no secret");
}

#[test]
fn a_request_says_once_which_host_it_is_for() {
    const PATIENCE: Duration = Duration::from_secs(10);
    let app = TestApp::start();
    let client = app.anonymous();
    let ask = |version: &str, headers: &str| {
        let request = format!("GET /health/live HTTP/{version}\r\n{headers}connection: close\r\n\r\n");
        client.raw(request.as_bytes(), PATIENCE)
    };
    for fine in ["host: x\r\n", "Host: 127.0.0.1:80\r\n", "host: [::1]:8080\r\n"] {
        assert!(ask("1.1", fine).starts_with("HTTP/1.1 200"), "{fine}");
    }
    assert!(ask("1.0", "").starts_with("HTTP/1.0 200"), "{}", ask("1.0", ""));
    for wrong in ["", "host: a\r\nhost: a\r\n", "host: a b\r\n", "host: me@there\r\n"] {
        let answer = ask("1.1", wrong);
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("/problems/bad_request"), "{wrong}: {answer}");
    }
}

#[test]
fn a_time_that_cannot_be_kept_is_not_called_malformed() {
    let app = TestApp::start();
    let mut client = app.client();
    let mut refused = |run_at: &str| {
        let order = json!({ "queue": "later", "kind": "x", "payload": {}, "run_at": run_at });
        let answer = client.post("/api/v1/jobs", &order);
        assert_eq!(answer.problem(422), "validation_failed", "{run_at}");
        let error = answer.json()["errors"][0].clone();
        assert_eq!(error["pointer"], "/run_at");
        error["detail"].as_str().unwrap().to_owned()
    };
    assert!(refused("9999-12-31T23:59:59Z").contains("outside the times that can be kept"));
    assert!(refused("tomorrow").contains("is not an RFC 3339 time"));
}
