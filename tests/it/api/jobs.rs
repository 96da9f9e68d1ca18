//! Jobs: enqueue, look, list, and every refusal.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::support::{Client, TestApp, redacted};

pub(super) fn order() -> Value {
    json!({"queue": "images", "kind": "image.resize", "payload": {"file": "a.png"}})
}

pub(super) fn with(changes: Value) -> Value {
    let mut order = order();
    for (name, value) in changes.as_object().unwrap() {
        order[name] = value.clone();
    }
    order
}

pub(super) fn lease(client: &mut Client, order: Value) -> Value {
    client.post("/api/v1/queues/images/lease", &order).expect(200)["jobs"].clone()
}

pub(super) fn counts(client: &mut Client) -> Value {
    client.get("/api/v1/queue/stats").expect(200)["queues"]["images"].clone()
}

#[test]
fn a_job_is_enqueued_and_shown() {
    let app = TestApp::start();
    let mut client = app.client();
    let accepted = client.post("/api/v1/jobs", &order()).expect(201);
    assert_json_snapshot!(redacted(&accepted), @r#"
    {
      "id": "[job]",
      "queue": "images",
      "kind": "image.resize",
      "state": "waiting",
      "created_at": "[time]",
      "duplicate": false
    }
    "#);
    let path = format!("/api/v1/jobs/{}", accepted["id"].as_str().unwrap());
    let shown = client.get(&path).expect(200);
    assert_json_snapshot!(redacted(&shown), @r#"
    {
      "id": "[job]",
      "queue": "images",
      "kind": "image.resize",
      "state": "waiting",
      "payload": {
        "file": "a.png"
      },
      "priority": 5,
      "attempt": 0,
      "attempts": 4,
      "created_at": "[time]",
      "run_at": null,
      "started_at": null,
      "finished_at": null,
      "expire_at": null,
      "failure": null,
      "timeout_ms": null,
      "group_key": null,
      "unique_key": null,
      "tags": [],
      "parent_id": null,
      "blocked_by": 0,
      "children": 0,
      "worker": null,
      "rescues": 0,
      "result": null,
      "errors": [],
      "progress": null,
      "log_lines": 0
    }
    "#);
    assert_eq!(shown["created_at"], accepted["created_at"]);
}

#[test]
fn the_payload_comes_back_byte_for_byte_also_after_a_kill() {
    let mut app = TestApp::start();
    let body = br#"{"queue":"images","kind":"k","payload": {"b": 1.50,  "a":"\u00e9", "big": 123456789012345678901234567890} }"#;
    let id = app.client().send("POST", "/api/v1/jobs", &[], Some(body)).expect(201)["id"].as_str().unwrap().to_owned();
    app.kill9();
    app.start_again();
    let shown = app.client().get(&format!("/api/v1/jobs/{id}")).text();
    let payload = r#"{"b": 1.50,  "a":"\u00e9", "big": 123456789012345678901234567890}"#;
    assert!(shown.contains(payload), "{shown}");
}

#[test]
fn every_refused_value_is_pointed_at() {
    let app = TestApp::start();
    let mut client = app.client();
    let long = "x".repeat(257);
    let cases = [
        (json!({"queue": "Bad Name"}), "/queue"),
        (json!({"queue": 7}), "/queue"),
        (json!({"kind": ""}), "/kind"),
        (json!({"kind": long}), "/kind"),
        (json!({"priority": 10}), "/priority"),
        (json!({"priority": -1}), "/priority"),
        (json!({"priority": "high"}), "/priority"),
        (json!({"delay_ms": 1, "run_at": "2030-01-01T00:00:00Z"}), "/run_at"),
        (json!({"run_at": "tomorrow"}), "/run_at"),
        (json!({"delay_ms": u64::MAX}), "/delay_ms"),
        (json!({"attempts": 0}), "/attempts"),
        (json!({"attempts": 1001}), "/attempts"),
        (json!({"backoff": {"kind": "square"}}), "/backoff/kind"),
        (json!({"backoff": {"kind": "fixed"}}), "/backoff/delay_ms"),
        (json!({"backoff": {"kind": "list", "delay_ms": 5}}), "/backoff/delays_ms"),
        (json!({"backoff": {"kind": "fixed", "delay_ms": 5, "jitter": 2}}), "/backoff/jitter"),
        (json!({"backoff": {"kind": "fixed", "delay_ms": 5, "more": 2}}), "/backoff/more"),
        (json!({"timeout_ms": 0}), "/timeout_ms"),
        (json!({"unique": {"key": ""}}), "/unique/key"),
        (json!({"unique": {"key": "a", "scope": "window"}}), "/unique/window_ms"),
        (json!({"unique": {"key": "a", "window_ms": 5}}), "/unique/window_ms"),
        (json!({"unique": {}}), "/unique/key"),
        (json!({"group_key": ""}), "/group_key"),
        (json!({"tags": ["a", 5]}), "/tags/1"),
        (json!({"tags": ["a", ""]}), "/tags/1"),
        (json!({"tags": vec!["a"; 101]}), "/tags"),
        (json!({"parent_id": "evt_1"}), "/parent_id"),
        (json!({"colour": "red"}), "/colour"),
        (json!({"payload": "x".repeat(1 << 20)}), "/payload"),
    ];
    for (changes, pointer) in cases {
        let answer = client.post("/api/v1/jobs", &with(changes.clone()));
        let shown = format!("{:.80}", changes.to_string());
        assert_eq!(answer.problem(422), "validation_failed", "{shown}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{shown}: {}", answer.text());
    }
    for missing in ["queue", "kind", "payload"] {
        let mut order = order();
        order.as_object_mut().unwrap().remove(missing);
        let answer = client.post("/api/v1/jobs", &order);
        assert_eq!(answer.json()["errors"], json!([{"pointer": format!("/{missing}"), "detail": "is required"}]));
    }
    let several = client.post("/api/v1/jobs", &with(json!({"priority": 99, "attempts": 0, "kind": ""}))).expect(422);
    assert_eq!(several["errors"].as_array().unwrap().len(), 3, "{several}");
    assert!(counts(&mut client).is_null(), "nothing was created");
}

#[test]
fn a_batch_is_enqueued_whole_or_not_at_all() {
    let app = TestApp::start();
    let mut client = app.client();
    let batch = |jobs: Vec<Value>| json!({ "jobs": jobs });
    let mut jobs = vec![order(); 1000];
    let accepted = client.post("/api/v1/jobs/batch", &batch(jobs.clone())).expect(201);
    let ids: Vec<&str> = accepted["jobs"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 1000);
    assert!(ids.is_sorted(), "in the order sent");
    assert_eq!(counts(&mut client)["waiting"], 1000);

    jobs[3]["priority"] = json!(10);
    jobs[7]["kind"] = json!("");
    let refused = client.post("/api/v1/jobs/batch", &batch(jobs.clone())).expect(422);
    let pointers: Vec<&Value> = refused["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["/jobs/3/priority", "/jobs/7/kind"]);
    jobs[3]["priority"] = json!("x");
    let refused = client.post("/api/v1/jobs/batch", &batch(jobs)).expect(422);
    assert_eq!(refused["errors"][0]["pointer"], "/jobs/3/priority");
    for odd in [batch(Vec::new()), batch(vec![order(); 1001])] {
        assert_eq!(client.post("/api/v1/jobs/batch", &odd).expect(422)["errors"][0]["pointer"], "/jobs");
    }
    assert_eq!(counts(&mut client)["waiting"], 1000, "nothing came of the refused ones");
}

#[test]
fn a_unique_job_is_there_once() {
    let app = TestApp::start();
    let mut client = app.client();
    let unique = with(json!({"unique": {"key": "a"}}));
    let first = client.post("/api/v1/jobs", &unique).expect(201);
    let again = client.post("/api/v1/jobs", &unique).expect(200);
    assert_eq!((&again["id"], &again["duplicate"], &again["state"]), (&first["id"], &json!(true), &json!("waiting")));
    let batch = client.post("/api/v1/jobs/batch", &json!({"jobs": [unique, order()]})).expect(201);
    assert_eq!(batch["jobs"][0]["id"], first["id"]);
    assert_eq!(batch["jobs"][1]["duplicate"], false);
    let id = first["id"].as_str().unwrap();
    client.post_empty(&format!("/api/v1/jobs/{id}/cancel")).expect(200);
    client.post("/api/v1/jobs", &unique).expect(201);
}

#[test]
fn an_idempotency_key_has_one_effect_also_in_parallel_and_after_a_kill() {
    let mut app = TestApp::start();
    let body = order().to_string();
    let send = |client: &mut Client, key: &str, body: &str| {
        client.send("POST", "/api/v1/jobs", &[("idempotency-key", key)], Some(body.as_bytes()))
    };
    let ids: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| send(&mut app.client(), "one", &body).expect(201)["id"].as_str().unwrap().to_owned())
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    app.kill9();
    app.start_again();
    let mut client = app.client();
    let replayed = send(&mut client, "one", &body);
    assert_eq!(
        (replayed.expect(201)["id"].as_str(), replayed.header("idempotency-replayed")),
        (Some(ids[0].as_str()), Some("true"))
    );
    let other = with(json!({"priority": 1})).to_string();
    assert_eq!(send(&mut client, "one", &other).problem(422), "idempotency_key_reused");
    assert_ne!(send(&mut client, "two", &body).expect(201)["id"], ids[0].as_str());
    assert_eq!(counts(&mut client)["waiting"], 2);
    assert_eq!(send(&mut client, "with space", &body).problem(400), "bad_request");
}

#[test]
fn jobs_that_are_not_there_answer_404_whatever_the_reason() {
    let app = TestApp::start();
    let mut client = app.client();
    for id in ["job_00000000000000000000000001", "job_", "evt_00000000000000000000000001", "x", "%00"] {
        assert_eq!(client.get(&format!("/api/v1/jobs/{id}")).problem(404), "not_found", "{id}");
        assert_eq!(client.post_empty(&format!("/api/v1/jobs/{id}/cancel")).problem(404), "not_found", "{id}");
    }
    assert_eq!(client.get("/api/v1/queues/never-used").problem(404), "not_found");
    assert_eq!(client.post_empty("/api/v1/queues/never-used/pause").problem(404), "not_found");
    assert_eq!(client.patch("/api/v1/queues/never-used", &json!({"concurrency": 2})).problem(404), "not_found");
    assert_eq!(client.post("/api/v1/queues/Bad%20Name/lease", &json!({})).problem(404), "not_found");
}

#[test]
fn a_page_of_large_jobs_ends_early() {
    let app = TestApp::start();
    let mut client = app.client();
    for number in 0..10 {
        let payload = format!("{number}{}", "x".repeat((1 << 20) - 3));
        client.post("/api/v1/jobs", &with(json!({ "payload": payload }))).expect(201);
    }
    let page = client.get("/api/v1/jobs?queue=images&limit=250").expect(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 8, "8 MiB and what is over it");
    let next = page["next_cursor"].as_str().unwrap();
    let page = client.get(&format!("/api/v1/jobs?queue=images&limit=250&cursor={next}")).expect(200);
    assert_eq!((page["data"].as_array().unwrap().len(), &page["next_cursor"]), (2, &Value::Null));
    let found = client.get("/api/v1/jobs?queue=images&q=7xxx").expect(200);
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
}

#[test]
fn a_list_is_paged_and_filtered_newest_first() {
    let app = TestApp::start();
    let mut client = app.client();
    let jobs: Vec<Value> = (0..7)
        .map(|n| {
            with(json!({"kind": if n % 2 == 0 { "even" } else { "odd" }, "payload": n, "tags": [format!("n{n}")]}))
        })
        .collect();
    client.post("/api/v1/jobs/batch", &json!({"jobs": jobs})).expect(201);
    let mut seen = Vec::new();
    let mut path = "/api/v1/jobs?queue=images&limit=3".to_owned();
    loop {
        let page = client.get(&path).expect(200);
        seen.extend(page["data"].as_array().unwrap().iter().map(|job| job["payload"].as_u64().unwrap()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api/v1/jobs?queue=images&limit=3&cursor={cursor}");
    }
    assert_eq!(seen, [6, 5, 4, 3, 2, 1, 0]);
    let count = |client: &mut Client, filter: &str| {
        client.get(&format!("/api/v1/jobs?queue=images&{filter}")).expect(200)["data"].as_array().unwrap().len()
    };
    assert_eq!(count(&mut client, "kind=odd"), 3);
    assert_eq!(count(&mut client, "tag=n4"), 1);
    assert_eq!(count(&mut client, "state=completed"), 0);
    assert_eq!(count(&mut client, "until=2020-01-01T00:00:00Z"), 0);
    for (query, pointer) in [
        ("limit=0", "/limit"),
        ("limit=x", "/limit"),
        (&format!("q={}", "a".repeat(257)), "/q"),
        ("cursor=x", "/cursor"),
        ("state=odd", "/state"),
        ("colour=red", "/colour"),
        ("since=now", "/since"),
    ] {
        let refused = client.get(&format!("/api/v1/jobs?{query}")).expect(422);
        assert_eq!(refused["errors"][0]["pointer"], pointer);
    }
}
