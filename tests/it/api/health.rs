//! Health and metrics, with and without the prefix.

#[cfg(feature = "s3")]
use std::{net::TcpListener, time::Duration};

use crate::support::TestApp;
#[cfg(feature = "s3")]
use crate::support::wait_until;

#[test]
fn health_is_open_and_whole() {
    let app = TestApp::start();
    let mut client = app.anonymous();
    for prefix in ["", "/api/v1"] {
        assert_eq!(client.get(&format!("{prefix}/health/live")).expect(200)["status"], "ok");
        assert_eq!(client.get(&format!("{prefix}/health/ready")).expect(200)["status"], "ok");
        let health = client.get(&format!("{prefix}/health")).expect(200);
        assert_eq!(health["phase"], "ready", "{health}");
        for part in ["storage", "disk", "files"] {
            assert!(health["checks"][part]["status"].is_string(), "{part}: {health}");
        }
        let metrics = client.get(&format!("{prefix}/metrics"));
        assert!(metrics.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
        for name in
            ["novapulse_http_requests_total", "novapulse_http_request_duration_seconds_bucket", "novapulse_build_info"]
        {
            assert!(metrics.text().contains(name), "{name}");
        }
    }
}

#[test]
fn metrics_ask_for_their_token_when_one_is_set() {
    let app = TestApp::start_with(&[("NOVAPULSE_SERVER_METRICS_TOKEN", "a-metrics-token")]);
    let mut client = app.anonymous();
    assert_eq!(client.get("/metrics").problem(401), "unauthorized");
    let wrong = client.send("GET", "/metrics", &[("authorization", "Bearer a-metrics-tokem")], None);
    assert_eq!(wrong.problem(401), "unauthorized");
    let right = client.send("GET", "/metrics", &[("authorization", "Bearer a-metrics-token")], None);
    assert_eq!(right.status, 200);
}

#[test]
fn which_version_runs_is_for_the_owner_of_the_instance() {
    let app = TestApp::start();
    assert_eq!(app.owner().get("/api/v1/version").expect(200)["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(app.anonymous().get("/api/v1/version").problem(401), "unauthorized");
    assert_eq!(app.client().get("/api/v1/version").problem(403), "forbidden");
    assert_eq!(app.anonymous().get("/version").problem(404), "not_found");
}

#[cfg(feature = "s3")]
#[test]
fn a_service_for_files_that_cannot_be_reached_is_told_and_stops_nothing() {
    // Nobody listens there once it is dropped.
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let app = TestApp::start_with(&[
        ("NOVAPULSE_BLOB_S3_BUCKET", "files"),
        ("NOVAPULSE_BLOB_S3_ENDPOINT", &format!("http://{dead}")),
        ("NOVAPULSE_BLOB_S3_ACCESS_KEY", "nova"),
        ("NOVAPULSE_BLOB_S3_SECRET_KEY", "hush"),
    ]);
    let mut client = app.anonymous();
    wait_until("the probe has looked", Duration::from_mins(1), || {
        client.get("/health").expect(200)["checks"]["files"]["status"] == "degraded"
    });
    let health = client.get("/health").expect(200);
    let files = &health["checks"]["files"];
    assert_eq!((&health["status"], &files["place"]), (&"degraded".into(), &"bucket".into()));
    assert_eq!(
        files["reason"],
        "files cannot be read or written: the service that keeps them cannot be reached, or does not answer as it should"
    );
    assert!(files["failing_since"].is_string() && files["reached_at"].is_null(), "{files}");
    assert!(!files.to_string().contains(&dead.port().to_string()), "health names no address: {files}");
    assert_eq!(client.get("/health/ready").expect(200)["status"], "ok");
}
