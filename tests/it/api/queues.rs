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
    let drain = "/api/v1/queues/images/drain";
    let counted = client.post(drain, &json!({ "dry_run": true })).expect(200);
    assert_eq!(counted, json!({ "matched": 450, "cancelled": 0 }));
    assert_eq!(counts(&mut client)["waiting"], 450, "nothing is cancelled");
    let entries = client.get("/api/v1/audit?action=queue.drain").expect(200);
    assert_eq!(entries["data"], json!([]), "nor is it recorded as done");
    assert_eq!(client.post(drain, &json!({ "dry": true })).status, 422, "a mistaken word drains nothing");
    assert_eq!(client.post("/api/v1/queues/nowhere/drain", &json!({ "dry_run": true })).status, 404);
    assert_eq!(client.post_empty(drain).expect(200), json!({ "matched": 450, "cancelled": 450 }));
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
        "attempts": 3,
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

fn put(client: &mut Client, path: &str, body: &Value) -> crate::support::Answer {
    client.send("PUT", path, &[], Some(body.to_string().as_bytes()))
}

#[test]
fn a_group_has_limits_of_its_own_also_after_a_restart() {
    let mut app = TestApp::start();
    let mut client = app.client();
    let path = "/api/v1/queues/images/groups/customer%2F7";
    assert_eq!(put(&mut client, path, &json!({ "concurrency": 1 })).problem(404), "not_found");
    client.post("/api/v1/jobs", &with(json!({ "delay_ms": 600_000 }))).expect(201);
    let set = put(&mut client, path, &json!({ "concurrency": 1 })).expect(200);
    assert_eq!(set, json!({ "group_key": "customer/7", "concurrency": 1, "rate_per_second": null }));
    let of = |group: &str| with(json!({ "group_key": group }));
    let jobs = [of("customer/7"), of("customer/7"), of("other"), of("other")];
    client.post("/api/v1/jobs/batch", &json!({ "jobs": jobs })).expect(201);
    let groups = |jobs: &Value| {
        let mut groups: Vec<_> = jobs.as_array().unwrap().iter().map(|job| job["group_key"].to_string()).collect();
        groups.sort();
        groups.join(" ")
    };
    let first = lease(&mut client, json!({ "max": 10 }));
    assert_eq!(groups(&first), "\"customer/7\" \"other\" \"other\"");
    for job in first.as_array().unwrap() {
        let done = json!({ "lease_token": job["lease_token"] });
        client.post(&format!("/api/v1/jobs/{}/complete", job["id"].as_str().unwrap()), &done).expect(200);
    }
    client.post_empty("/api/v1/queues/images/pause").expect(200);
    client.post_empty("/api/v1/queues/images/resume").expect(200);
    app.restart();
    let mut client = app.client();
    let listed = client.get("/api/v1/queues/images/groups").expect(200);
    assert_eq!(listed["data"], json!([set]), "a pause leaves the limits alone");
    client.post("/api/v1/jobs", &of("customer/7")).expect(201);
    assert_eq!(lease(&mut client, json!({ "max": 10, "wait_ms": 10_000 })).as_array().unwrap().len(), 1);
    assert_eq!(lease(&mut client, json!({ "max": 10, "wait_ms": 100 })), json!([]));
    assert_eq!(client.delete(path).status, 204);
    assert_eq!(lease(&mut client, json!({ "max": 10, "wait_ms": 10_000 })).as_array().unwrap().len(), 1);
    assert_eq!(client.delete(path).problem(404), "not_found");
    for (body, pointer) in [
        (json!({}), "/concurrency"),
        (json!({ "concurrency": 0 }), "/concurrency"),
        (json!({ "rate_per_second": 0 }), "/rate_per_second"),
        (json!({ "rate": 1 }), "/rate"),
    ] {
        assert_eq!(put(&mut client, path, &body).expect(422)["errors"][0]["pointer"], pointer, "{body}");
    }
    assert_eq!(
        put(&mut client, "/api/v1/queues/webhook/groups/a", &json!({ "concurrency": 1 })).problem(409),
        "server_job"
    );
    assert_eq!(client.get("/api/v1/queues/nothing/groups").problem(404), "not_found");
    for number in 0..100 {
        let path = format!("/api/v1/queues/images/groups/g{number}");
        put(&mut client, &path, &json!({ "rate_per_second": 1.5 })).expect(200);
    }
    assert_eq!(put(&mut client, path, &json!({ "concurrency": 1 })).problem(409), "conflict");
    assert_eq!(client.get("/api/v1/queues/images/groups").expect(200)["data"].as_array().unwrap().len(), 100);
}
