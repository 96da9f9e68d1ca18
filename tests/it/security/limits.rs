//! Sizes, depth, counts and times: what is over a limit is refused with its name and costs nobody else anything.

use std::{
    io::{Read, Write},
    time::{Duration, Instant},
};

use crate::support::{Client, TestApp, read_answer, wait_until};

const PATIENCE: Duration = Duration::from_secs(20);
/// An operation that reads a JSON body; refusals of the body come before any effect.
const OPERATION: &str = "/api/v1/jobs";

fn post(client: &mut Client, body: &[u8]) -> crate::support::Answer {
    client.send("POST", OPERATION, &[], Some(body))
}

fn resident_bytes(client: &mut Client) -> u64 {
    let metrics = client.get("/metrics").text();
    let line = metrics.lines().find_map(|line| line.strip_prefix("novapulse_process_resident_memory_bytes "));
    line.unwrap().parse().unwrap()
}

#[test]
fn json_that_is_odd_is_400_and_never_a_fault() {
    let app = TestApp::start();
    let mut client = app.client();
    let wrap = |payload: &str| format!(r#"{{"queue":"odd","kind":"a","payload":{payload}}}"#);
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    for payload in
        [deep.as_str(), "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\u{0}\"", "01", "1e", "nan", "'a'", "[1,]", "\"\\x\""]
    {
        let answer = post(&mut client, wrap(payload).as_bytes());
        assert_eq!(answer.problem(400), "malformed_json", "{payload:.40}");
    }
    assert_eq!(post(&mut client, b"\xff\xfe{}").problem(400), "malformed_json");
    assert_eq!(post(&mut client, wrap("\"\\ufffd\"").replace("\\ufffd", "\u{fffd}").as_bytes()).status, 201);
    let mut invalid = wrap("\"??\"").into_bytes();
    let at = invalid.iter().position(|byte| *byte == b'?').unwrap();
    invalid[at] = 0xc3;
    assert_eq!(post(&mut client, &invalid).problem(400), "malformed_json");
    for good in ["1e400", "123456789012345678901234567890", "{\"a\":1,\"a\":2}", "\"\\u0000\"", "\"\\ud83d\\ude00\""] {
        assert_eq!(post(&mut client, wrap(good).as_bytes()).status, 201, "{good}");
    }
}

#[test]
fn bodies_over_the_limit_are_413_and_cost_no_memory() {
    let app = TestApp::start_with(&[("NOVAPULSE_SERVER_BODY_MAX", "1MiB")]);
    let mut client = app.client();
    let before = resident_bytes(&mut client);
    let declared = format!(
        "POST {OPERATION} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: 1073741824\r\n\r\n{{",
        app.api_key()
    );
    assert!(client.raw(declared.as_bytes(), Duration::from_secs(2)).contains(" 413 "));

    let mut connection = client.connect();
    let head = format!(
        "POST {OPERATION} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\n\r\n",
        app.api_key()
    );
    connection.get_mut().write_all(head.as_bytes()).unwrap();
    let mut chunk = b"10000\r\n".to_vec();
    chunk.extend(std::iter::repeat_n(b' ', 0x10000));
    chunk.extend(b"\r\n");
    // Endless chunks: the server answers long before a gigabyte and closes.
    drop((0..16_384).try_for_each(|_| connection.get_mut().write_all(&chunk)));
    if let Some(answer) = read_answer(&mut connection, false) {
        assert_eq!(answer.problem(413), "body_too_large");
    }
    let after = resident_bytes(&mut client);
    assert!(after < before + (64 << 20), "{before} -> {after}");
}

#[test]
fn headers_and_addresses_over_the_limit_are_refused() {
    let app = TestApp::start();
    let mut client = app.client();
    let long = format!("/api/v1/queue/stats?a={}", "a".repeat(10_000));
    assert_eq!(client.get(&long).problem(414), "uri_too_long");
    let wide = "a".repeat(40_000);
    assert_eq!(client.send("GET", "/health", &[("x-wide", &wide)], None).problem(431), "headers_too_large");
    let many = format!("GET /health HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(100_000));
    let answer = client.raw(many.as_bytes(), Duration::from_secs(2));
    assert!(answer.is_empty() || answer.contains(" 431 "), "{answer}");
    let endless = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(1 << 20));
    let answer = client.raw(endless.as_bytes(), Duration::from_secs(2));
    assert!(answer.is_empty() || answer.contains(" 414 ") || answer.contains(" 431 "), "{answer}");
    assert_eq!(client.get("/health").status, 200);
}

#[test]
fn smuggling_shapes_are_refused_or_read_one_way() {
    let app = TestApp::start();
    let client = app.anonymous();
    let both = "POST /health HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n\
                0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n";
    let twice = "POST /health HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef";
    let folded = "GET /health HTTP/1.1\r\nhost: a\r\nx: a\r\n b\r\n\r\n";
    let spaced = "GET /health HTTP/1.1\r\nhost : a\r\n\r\n";
    for request in [twice, folded, spaced] {
        let answer = client.raw(request.as_bytes(), Duration::from_millis(500));
        assert!(answer.starts_with("HTTP/1.1 400"), "{request:?}: {answer}");
    }
    // Chunked framing rules (RFC 9112 §6.3); what follows is a second request and not part of the first.
    let answer = client.raw(both.as_bytes(), Duration::from_millis(500));
    assert!(!answer.contains("HTTP/1.1 5"), "{answer}");
    assert!(answer.starts_with("HTTP/1.1 400") || answer.matches("HTTP/1.1 ").count() <= 2, "{answer}");
}

#[test]
fn slow_clients_are_timed_out_and_others_are_not_affected() {
    let app = TestApp::start_with(&[
        ("NOVAPULSE_SERVER_HEADER_TIMEOUT_MS", "300"),
        ("NOVAPULSE_SERVER_REQUEST_TIMEOUT_MS", "300"),
        ("NOVAPULSE_SERVER_SERVICE_TIMEOUT_MS", "300"),
    ]);
    let mut client = app.client();
    let mut slow_headers: Vec<_> = (0..50).map(|_| client.connect()).collect();
    for connection in &mut slow_headers {
        connection.get_mut().write_all(b"GET /health HTTP/1.1\r\nx: ").unwrap();
    }
    let mut slow_body = client.connect();
    let head = format!(
        "POST {OPERATION} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: 100\r\n\r\n{{",
        app.api_key()
    );
    slow_body.get_mut().write_all(head.as_bytes()).unwrap();
    let started = Instant::now();
    assert_eq!(client.get("/health/live").status, 200);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!(read_answer(&mut slow_body, false).unwrap().problem(408), "request_timeout");
    for mut connection in slow_headers {
        let mut end = Vec::new();
        // Closed without an answer, or reset.
        drop(connection.read_to_end(&mut end));
    }
}

#[test]
fn a_storm_of_connections_is_shed_and_over_at_once() {
    let app = TestApp::start_with(&[("NOVAPULSE_SERVER_CONNECTIONS_MAX", "40")]);
    let mut client = app.anonymous();
    assert_eq!(client.get("/health/live").status, 200);
    let held: Vec<_> = (0..200).map(|_| client.connect()).collect();
    let extra = app.anonymous().raw(b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n", Duration::from_secs(5));
    assert!(extra.is_empty() || extra.contains("too_many_connections"), "{extra}");
    assert_eq!(client.get("/health/live").status, 200, "who is in stays in");
    let metrics = client.get("/metrics").text();
    let refused = metrics.lines().find_map(|line| line.strip_prefix("novapulse_http_connections_refused_total "));
    assert!(refused.unwrap().parse::<u64>().unwrap() >= 160, "{refused:?}");
    drop(held);
    wait_until("new connections are taken again", PATIENCE, || {
        app.anonymous()
            .raw(b"GET /health/live HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", PATIENCE)
            .contains(" 200 ")
    });
}
