//! Queues: figures, settings, pausing, draining.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use super::jobs::{counts, lease, order, with};
use crate::support::{Client, TestApp};

#[test]
fn a_paused_queue_gives_nothing_until_resumed_also_after_a_restart() {
    let mut app = TestApp::start();
    let mut client = app.client();
    client.post("/api/v1/jobs", &order()).expect(201);
    assert_eq!(client.post_empty("/api/v1/queues/images/pause").expect(200)["paused"], true);
    app.restart();
    let mut client = app.client();
    assert_eq!(client.get("/api/v1/queues/images").expect(200)["paused"], true);
    assert_eq!(lease(&mut client, json!({"wait_ms": 100})), json!([]));
    assert_eq!(client.post_empty("/api/v1/queues/images/resume").expect(200)["paused"], false);
    assert_eq!(lease(&mut client, json!({"wait_ms": 5000})).as_array().unwrap().len(), 1);
}

#[test]
fn draining_cancels_what_waits() {
    let app = TestApp::start();
    let mut client = app.client();
    client.post("/api/v1/jobs/batch", &json!({"jobs": vec![order(); 450]})).expect(201);
    client.post("/api/v1/jobs", &with(json!({"delay_ms": 600_000}))).expect(201);
    assert_eq!(client.post_empty("/api/v1/queues/images/drain").expect(200)["cancelled"], 450);
    let stats = counts(&mut client);
    assert_eq!((&stats["waiting"], &stats["cancelled"], &stats["delayed"]), (&json!(0), &json!(450), &json!(1)));
}

#[test]
fn queue_settings_are_patched_with_if_match() {
    let mut app = TestApp::start();
    let mut client = app.client();
    let shown = client.get("/api/v1/queues/report");
    assert_json_snapshot!(shown.json(), @r#"
    {
      "name": "report",
      "paused": false,
      "settings": {
        "concurrency": 2,
        "group_concurrency": null,
        "rate_per_second": null,
        "attempts": 2,
        "backoff": {
          "kind": "fixed",
          "delay_ms": 30000,
          "delays_ms": null,
          "max_ms": null,
          "jitter": 0.0
        },
        "timeout_ms": 1800000,
        "retention": {
          "done": {
            "age_ms": 259200000,
            "count": 1000000,
            "bytes": 1073741824
          },
          "failed": {
            "age_ms": 2592000000,
            "count": 1000000,
            "bytes": 1073741824
          }
        },
        "search_fields": []
      }
    }
    "#);
    let tag = shown.header("etag").unwrap();
    let patch = |client: &mut Client, tag: &str, body: Value| {
        client.send("PATCH", "/api/v1/queues/report", &[("if-match", tag)], Some(body.to_string().as_bytes()))
    };
    let changed = patch(&mut client, tag, json!({"concurrency": 3, "timeout_ms": null})).expect(200);
    assert_eq!((&changed["settings"]["concurrency"], &changed["settings"]["timeout_ms"]), (&json!(3), &Value::Null));
    assert_eq!(patch(&mut client, tag, json!({"concurrency": 4})).problem(412), "precondition_failed");
    assert_eq!(client.get("/api/v1/queues/report").json(), changed);
    for (body, pointer) in [
        (json!({"concurrency": 0}), "/concurrency"),
        (json!({"rate_per_second": 0}), "/rate_per_second"),
        (json!({"attempts": 1001}), "/attempts"),
        (json!({"timeout_ms": 0}), "/timeout_ms"),
        (json!({"name": "x"}), "/name"),
    ] {
        let refused = client.patch("/api/v1/queues/report", &body).expect(422);
        assert_eq!(refused["errors"][0]["pointer"], pointer);
    }
    app.restart();
    assert_eq!(app.client().get("/api/v1/queues/report").json(), changed);
}

#[test]
fn figures_have_the_promised_shape() {
    let app = TestApp::start();
    let mut client = app.client();
    let stats = client.get("/api/v1/queue/stats").expect(200);
    for queue in ["email", "webhook", "workflow", "report"] {
        for figure in [
            "waiting",
            "active",
            "completed",
            "failed",
            "delayed",
            "retrying",
            "cancelled",
            "paused",
            "concurrency",
            "workers",
            "oldest_waiting_ms",
            "throughput_per_minute",
            "failure_rate",
        ] {
            assert!(stats["queues"][queue].get(figure).is_some(), "{queue}.{figure}: {stats}");
        }
    }
    assert!(stats["totals"]["waiting"].is_number());
    let listed = client.get("/api/v1/queues").expect(200);
    assert_eq!(listed["data"][0]["name"], "email");
    assert_eq!(listed["next_cursor"], Value::Null);
}
