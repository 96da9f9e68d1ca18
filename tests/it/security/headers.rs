//! What browsers are told with every answer, methods nobody should use, and `security.txt`; over real HTTP.

use std::time::Duration;

use serde_json::json;

use crate::support::{Answer, TestApp};

/// The directives of the answer's content policy.
fn policy(answer: &Answer) -> Vec<&str> {
    let text = answer.header("content-security-policy").expect("every answer has a policy");
    text.split(';').map(str::trim).collect()
}

#[test]
fn every_answer_is_kept_from_frames_guesses_and_other_sites() {
    let app = TestApp::start();
    let mut client = app.client();
    let html = [("accept", "text/html")];
    let answers = [
        client.send("GET", "/", &html, None),
        client.send("GET", "/docs", &html, None),
        client.send("GET", "/problems/not_found", &html, None),
        client.get("/api/v1/webhooks"),
        client.get("/api/v1/nowhere"),
        client.get("/robots.txt"),
        client.post("/api/v1/jobs", &json!({"unknown": 1})),
        client.send("TRACE", "/", &[], None),
        client.send("GET", &format!("/{}", "a".repeat(9000)), &[], None),
        app.anonymous().get("/api/v1/webhooks"),
    ];
    for answer in &answers {
        let status = answer.status;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{status}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{status}");
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"), "{status}");
        let policy = policy(answer);
        for directive in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(&directive), "{status}: {policy:?}");
        }
        assert!(policy.iter().any(|directive| directive.starts_with("form-action")), "{status}: {policy:?}");
        assert!(!policy.iter().any(|directive| directive.contains("unsafe")), "{status}: {policy:?}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{status}");
        assert_eq!(answer.header("server"), None, "{status}");
        assert_eq!(answer.header("strict-transport-security"), None, "the connection is plain");
    }
    let [page, docs, problem, data, ..] = &answers;
    for page in [page, docs, problem] {
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(page.header("cross-origin-opener-policy"), Some("same-origin"));
        assert!(page.header("permissions-policy").unwrap().contains("camera=()"));
    }
    assert_eq!(data.header("cross-origin-opener-policy"), None);
}

#[test]
fn answers_with_data_are_not_stored_by_anybody_in_between() {
    let app = TestApp::start();
    let mut client = app.client();
    let webhook = client.post("/api/v1/webhooks", &json!({"url": "http://127.0.0.1:9/", "events": ["a"]}));
    assert_eq!((webhook.status, webhook.header("cache-control")), (201, Some("no-store")), "it carries a secret");
    // A tag lets a client ask again; the answer stays its own.
    let tagged = client.get("/api/v1/webhooks");
    assert_eq!((tagged.status, tagged.header("cache-control")), (200, Some("private, no-cache")));
    assert_eq!(client.get("/api/v1/webhooks/wh_0").header("cache-control"), Some("no-store"));
    let (email, password) = app.demo_sign_in();
    let tokens = app.anonymous().post("/api/v1/auth/login", &json!({"email": email, "password": password}));
    assert_eq!((tokens.status, tokens.header("cache-control")), (200, Some("no-store")));
}

#[test]
fn hsts_follows_the_public_address() {
    let app = TestApp::start_with(&[
        ("NOVAPULSE_SERVER_PUBLIC_URL", "https://np.test"),
        ("NOVAPULSE_SERVER_HSTS_MAX_AGE_S", "600"),
    ]);
    let answer = app.anonymous().get("/api/v1/nowhere");
    assert_eq!(answer.header("strict-transport-security"), Some("max-age=600; includeSubDomains"));
    let (email, password) = app.demo_sign_in();
    let body = json!({"email": email, "password": password}).to_string();
    let headers = [("x-session-mode", "cookie"), ("host", "10.0.0.7:8080")];
    let answer = app.anonymous().send("POST", "/api/v1/auth/login", &headers, Some(body.as_bytes()));
    assert!(answer.header("set-cookie").unwrap().starts_with("__Host-"), "{:?}", answer.headers);
}

#[test]
fn trace_connect_and_unknown_methods_are_refused_and_never_echoed() {
    let app = TestApp::start();
    for method in ["TRACE", "TRACK", "CONNECT", "PROPFIND", "BREW"] {
        for path in ["/", "/api/v1/jobs", "/health/live", "/nowhere"] {
            let target = if method == "CONNECT" { "a.example:443" } else { path };
            let request =
                format!("{method} {target} HTTP/1.1\r\nhost: a\r\nx-canary: told-nobody\r\nconnection: close\r\n\r\n");
            let answer = app.anonymous().raw(request.as_bytes(), Duration::from_secs(20));
            assert!(answer.starts_with("HTTP/1.1 405 "), "{method} {path}: {answer}");
            assert!(answer.contains("\r\nallow: ") && !answer.contains("told-nobody"), "{answer}");
        }
    }
}

#[test]
fn two_ways_to_end_a_body_are_refused_or_end_the_connection() {
    let app = TestApp::start();
    let client = app.anonymous();
    let after = "GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n";
    for lengths in ["content-length: 5\r\ncontent-length: 6\r\n", "content-length: 5, 6\r\n", "content-length: +5\r\n"]
    {
        let request = format!("POST /health HTTP/1.1\r\nhost: a\r\n{lengths}\r\nabcdef{after}");
        let answer = client.raw(request.as_bytes(), Duration::from_secs(20));
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.matches("HTTP/1.1 ").count() == 1, "{lengths}: {answer}");
    }
    // With both, chunked counts and the connection ends with the answer (RFC 9112 §6.3), so that nothing after the
    // body is ever taken for a request.
    for both in
        ["content-length: 5\r\ntransfer-encoding: chunked\r\n", "transfer-encoding: chunked\r\ncontent-length: 5\r\n"]
    {
        let request = format!("POST /health HTTP/1.1\r\nhost: a\r\n{both}\r\n0\r\n\r\n{after}");
        let answer = client.raw(request.as_bytes(), Duration::from_secs(20));
        assert!(!answer.starts_with("HTTP/1.1 2") && answer.matches("HTTP/1.1 ").count() == 1, "{both}: {answer}");
    }
}

#[test]
fn security_txt_tells_the_contacts_of_the_configuration() {
    let app = TestApp::start_with(&[
        ("NOVAPULSE_SERVER_SECURITY_CONTACT", "mailto:security@np.test, https://np.test/report"),
        ("NOVAPULSE_SERVER_PUBLIC_URL", "https://np.test"),
    ]);
    let answer = app.anonymous().get("/.well-known/security.txt");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/plain; charset=utf-8")));
    let text = answer.text();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[..2], ["Contact: mailto:security@np.test", "Contact: https://np.test/report"]);
    assert!(lines[2].starts_with("Expires: 2") && lines[2].ends_with("T00:00:00.000Z"), "{text}");
    assert_eq!(lines[4], "Canonical: https://np.test/.well-known/security.txt");
    assert_eq!(TestApp::start().anonymous().get("/.well-known/security.txt").problem(404), "not_found");
}

#[test]
fn connections_from_one_address_are_limited_by_the_configuration() {
    let app = TestApp::start_with(&[("NOVAPULSE_SERVER_CONNECTIONS_PER_ADDRESS_MAX", "8")]);
    let mut client = app.anonymous();
    assert_eq!(client.get("/health/live").status, 200);
    let held: Vec<_> = (0..20).map(|_| client.connect()).collect();
    let extra = app.anonymous().raw(b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n", Duration::from_secs(20));
    assert!(extra.is_empty() || extra.contains("too_many_connections"), "{extra}");
    let metrics = client.get("/metrics").text();
    let refused = metrics.lines().find_map(|line| line.strip_prefix("novapulse_http_connections_refused_total "));
    assert!(refused.unwrap().parse::<u64>().unwrap() >= 13, "who is in stays in: {refused:?}");
    drop(held);
}
