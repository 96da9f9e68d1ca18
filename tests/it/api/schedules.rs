//! Schedules over the API, and their ticks across a restart and a kill.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Client, TestApp, wait_until};

const PATIENCE: Duration = Duration::from_mins(1);

fn schedule(fields: Value) -> Value {
    let mut all = json!({ "name": "Nightly", "target": { "job": { "queue": "chores", "kind": "clean.up", "payload": {"a": 1} } } });
    for (name, value) in fields.as_object().unwrap() {
        all[name] = value.clone();
    }
    all
}

fn make(client: &mut Client, fields: Value) -> Value {
    client.post("/api/v1/schedules", &schedule(fields)).expect(201)
}

fn jobs_of(client: &mut Client, schedule: &Value) -> usize {
    let jobs = client.get(&format!("/api/v1/jobs?limit=250&tag={}", schedule["id"].as_str().unwrap())).expect(200);
    jobs["data"].as_array().unwrap().len()
}

#[test]
fn a_schedule_is_made_shown_changed_and_deleted() {
    let app = TestApp::start();
    let mut client = app.client();
    let made = make(&mut client, json!({ "cron": "30 3 * * *", "timezone": "europe/berlin", "catch_up": "one" }));
    assert_eq!(
        (&made["timezone"], &made["catch_up"], &made["enabled"]),
        (&json!("Europe/Berlin"), &json!("one"), &json!(true))
    );
    assert_eq!(made["target"]["job"], json!({ "queue": "chores", "kind": "clean.up", "payload": {"a": 1} }));
    let times: Vec<&str> = made["next_times"].as_array().unwrap().iter().map(|time| time.as_str().unwrap()).collect();
    assert_eq!(times.len(), 5);
    assert!(times.is_sorted() && times.iter().all(|time| time.ends_with(":30:00.000Z")));
    let path = format!("/api/v1/schedules/{}", made["id"].as_str().unwrap());
    let shown = client.get(&path);
    assert_eq!(shown.json(), made);

    let tag = shown.header("etag").unwrap().to_owned();
    let patch = |client: &mut Client, body: Value| {
        client.send("PATCH", &path, &[("if-match", &tag)], Some(body.to_string().as_bytes()))
    };
    let changed = patch(&mut client, json!({ "every_ms": 90_000, "name": "Often" })).expect(200);
    assert_eq!(
        (&changed["cron"], &changed["timezone"], &changed["every_ms"]),
        (&Value::Null, &Value::Null, &json!(90_000))
    );
    assert_eq!(changed["name"], "Often");
    assert_eq!(patch(&mut client, json!({ "name": "Never" })).problem(412), "precondition_failed");
    let off = client.patch(&path, &json!({ "enabled": false })).expect(200);
    assert_eq!((&off["enabled"], &off["next_times"]), (&json!(false), &json!([])));
    let back = client.patch(&path, &json!({ "cron": "@daily", "enabled": true })).expect(200);
    assert_eq!((&back["cron"], &back["timezone"], &back["every_ms"]), (&json!("@daily"), &json!("UTC"), &Value::Null));

    let listed = client.get("/api/v1/schedules").expect(200);
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    client.delete(&path).expect(204);
    assert_eq!(client.get(&path).problem(404), "not_found");
    assert_eq!(client.get("/api/v1/schedules").expect(200)["data"], json!([]));
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let app = TestApp::start();
    let mut client = app.client();
    for (fields, code, pointer) in [
        (json!({ "cron": "61 * * * *" }), "cron_invalid", "/cron"),
        (json!({ "cron": "0 0 30 2 *" }), "cron_never_comes", "/cron"),
        (json!({ "cron": "@daily", "timezone": "Mars/Olympus" }), "time_zone_unknown", "/timezone"),
        (json!({ "every_ms": 999 }), "validation_failed", "/every_ms"),
        (json!({ "every_ms": 1000, "cron": "@daily" }), "validation_failed", "/every_ms"),
        (json!({ "every_ms": 1000, "timezone": "UTC" }), "validation_failed", "/timezone"),
        (json!({}), "validation_failed", "/cron"),
        (json!({ "every_ms": 1000, "name": "" }), "validation_failed", "/name"),
        (json!({ "every_ms": 1000, "target": {} }), "validation_failed", "/target"),
        (json!({ "every_ms": 1000, "target": { "report": {} } }), "validation_failed", "/target/report/definition"),
        (
            json!({ "every_ms": 1000, "target": { "workflow": {"id": "wf_1"} } }),
            "target_not_available",
            "/target/workflow",
        ),
    ] {
        let answer = client.post("/api/v1/schedules", &schedule(fields.clone()));
        assert_eq!(answer.problem(422), code, "{fields}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{fields}");
    }
    for (job, pointer) in [
        (
            json!({ "queue": "chores", "kind": "x", "payload": 1, "run_at": "2030-01-01T00:00:00Z" }),
            "/target/job/run_at",
        ),
        (json!({ "queue": "No", "kind": "x", "payload": 1 }), "/target/job/queue"),
        (json!({ "queue": "webhook", "kind": "webhook.deliver", "payload": 1 }), "/target/job/queue"),
        (json!({ "queue": "chores", "kind": "x", "payload": "y".repeat(70_000) }), "/target/job/payload"),
    ] {
        let answer = client.post("/api/v1/schedules", &schedule(json!({ "every_ms": 1000, "target": { "job": job } })));
        assert_eq!(answer.problem(422), "validation_failed", "{}", answer.text());
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer);
    }
    assert_eq!(client.get("/api/v1/schedules").expect(200)["data"], json!([]));
}

#[test]
fn a_rule_is_tried_before_it_is_stored() {
    let app = TestApp::start();
    let mut client = app.client();
    let times = |client: &mut Client, query: &str| {
        let answer = client.get(&format!("/api/v1/schedules/preview?{query}")).expect(200);
        let times = answer["next_times"].as_array().unwrap();
        times.iter().map(|time| time.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let daily = times(&mut client, "cron=30%203%20*%20*%20*&timezone=Asia/Kolkata");
    assert_eq!(daily.len(), 5);
    assert!(daily.is_sorted() && daily.iter().all(|time| time.ends_with("T22:00:00.000Z")), "{daily:?}");
    assert_eq!(times(&mut client, "every_ms=60000").len(), 5);
    for (query, code) in [
        ("cron=61%20*%20*%20*%20*", "cron_invalid"),
        ("cron=0%200%2030%202%20*", "cron_never_comes"),
        ("cron=@daily&timezone=Mars", "time_zone_unknown"),
        ("every_ms=1", "validation_failed"),
        ("every_ms=1000&cron=@daily", "validation_failed"),
        ("", "validation_failed"),
    ] {
        assert_eq!(client.get(&format!("/api/v1/schedules/preview?{query}")).problem(422), code, "{query}");
    }
    assert_eq!(client.get("/api/v1/schedules").expect(200)["data"], json!([]));
}

#[test]
fn a_schedule_runs_on_request_also_while_disabled() {
    let app = TestApp::start();
    let mut client = app.client();
    let made = make(&mut client, json!({ "cron": "@yearly", "enabled": false }));
    let ran = client.post_empty(&format!("/api/v1/schedules/{}/run", made["id"].as_str().unwrap())).expect(201);
    let job = client.get(&format!("/api/v1/jobs/{}", ran["job_id"].as_str().unwrap())).expect(200);
    assert_eq!(
        (&job["queue"], &job["kind"], &job["tags"]),
        (&json!("chores"), &json!("clean.up"), &json!([made["id"]]))
    );
    assert_eq!(ran["duplicate"], false);
}

#[test]
fn ticks_come_once_each_across_kills() {
    let mut app = TestApp::start();
    let mut client = app.client();
    let made = make(&mut client, json!({ "every_ms": 1000, "catch_up": "all" }));
    let path = format!("/api/v1/schedules/{}", made["id"].as_str().unwrap());
    for round in 1..=3 {
        wait_until("a tick has come", PATIENCE, || jobs_of(&mut client, &made) >= round);
        app.kill9();
        app.start_again();
        client = app.client();
    }
    wait_until("it ticks after the last kill", PATIENCE, || jobs_of(&mut client, &made) > 4);
    client.patch(&path, &json!({ "enabled": false })).expect(200);
    let shown = client.get(&path).expect(200);
    let jobs = jobs_of(&mut client, &made);
    let ms = |value: &Value| {
        let text = value.as_str().unwrap();
        let part = |from, until| text[from..until].parse::<usize>().unwrap();
        part(14, 16) * 60_000 + part(17, 19) * 1_000 + part(20, 23)
    };
    let hour_ms = 3_600_000;
    let passed_ms = (ms(&shown["last_tick_at"]) + hour_ms - ms(&made["created_at"])) % hour_ms;
    assert_eq!(jobs, passed_ms / 1_000, "one job for each second until the last tick: {shown}");
}
