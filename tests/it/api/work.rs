//! Working from outside: lease, heartbeat, settle.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::jobs::{counts, lease, order, with};
use crate::support::{Client, Receiver, Reply, TestApp, wait_until};

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn an_external_worker_leases_holds_and_completes() {
    let app = TestApp::start();
    let mut client = app.client();
    client.post("/api/v1/jobs", &with(json!({"priority": 9, "kind": "late"}))).expect(201);
    let id = client.post("/api/v1/jobs", &with(json!({"priority": 1}))).expect(201)["id"].clone();
    let jobs = lease(&mut client, json!({"max": 1, "lease_ms": 5000, "worker": "w-1"}));
    assert_eq!((&jobs[0]["id"], &jobs[0]["state"], &jobs[0]["attempt"]), (&id, &json!("active"), &json!(1)));
    assert_eq!((&jobs[0]["payload"]["file"], &jobs[0]["worker"]), (&json!("a.png"), &json!("w-1")));
    let token = jobs[0]["lease_token"].as_str().unwrap();
    let path = format!("/api/v1/jobs/{}", id.as_str().unwrap());
    let held = client.post(&format!("{path}/heartbeat"), &json!({"lease_token": token, "lease_ms": 9000})).expect(200);
    assert_eq!(held["lease_ms"], 9000);

    for token in ["", "lt_1_1_00000000", "x"] {
        for (verb, rest) in [
            ("heartbeat", json!({})),
            ("complete", json!({})),
            ("fail", json!({"error": "e"})),
            ("snooze", json!({"delay_ms": 1})),
        ] {
            let mut body = rest;
            body["lease_token"] = json!(token);
            assert_eq!(client.post(&format!("{path}/{verb}"), &body).problem(409), "stale_lease", "{verb} {token}");
        }
    }
    let done = client.post(&format!("{path}/complete"), &json!({"lease_token": token, "result": {"width": 10}}));
    assert_eq!(done.expect(200)["state"], "completed");
    assert_eq!(client.get(&path).expect(200)["result"], json!({"width": 10}));
    let twice = client.post(&format!("{path}/complete"), &json!({"lease_token": token}));
    assert_eq!(twice.problem(409), "stale_lease");
    let late = lease(&mut client, json!({"kinds": ["image.resize"]}));
    assert_eq!(late, json!([]), "only another kind is left");
    let stats = counts(&mut client);
    assert_eq!((&stats["waiting"], &stats["active"], &stats["completed"]), (&json!(1), &json!(0), &json!(1)));
}

#[test]
fn a_failed_attempt_is_retried_and_a_snoozed_one_not_counted() {
    let app = TestApp::start();
    let mut client = app.client();
    let order = with(json!({"attempts": 2, "backoff": {"kind": "fixed", "delay_ms": 0}}));
    let id = client.post("/api/v1/jobs", &order).expect(201)["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/jobs/{id}");
    let take = |client: &mut Client| lease(client, json!({"wait_ms": 10_000}))[0].clone();
    let job = take(&mut client);
    let snoozed = json!({"lease_token": job["lease_token"], "delay_ms": 0});
    client.post(&format!("{path}/snooze"), &snoozed).expect(200);
    let job = take(&mut client);
    assert_eq!(job["attempt"], 1);
    let failed = json!({"lease_token": job["lease_token"], "error": "first"});
    client.post(&format!("{path}/fail"), &failed).expect(200);
    let job = take(&mut client);
    assert_eq!(job["attempt"], 2);
    let failed = json!({"lease_token": job["lease_token"], "error": "second"});
    assert_eq!(client.post(&format!("{path}/fail"), &failed).expect(200)["state"], "failed");
    let shown = client.get(&path).expect(200);
    assert_eq!((&shown["state"], &shown["failure"]), (&json!("failed"), &json!("exhausted")));
    let errors: Vec<&Value> = shown["errors"].as_array().unwrap().iter().map(|error| &error["error"]).collect();
    assert_eq!(errors, ["first", "second"]);
    let listed = client.get("/api/v1/jobs?state=failed").expect(200)["data"][0].clone();
    assert_eq!((&listed["id"], &listed["error"]), (&shown["id"], &json!("second")));

    assert_eq!(client.post_empty(&format!("{path}/cancel")).problem(409), "job_state");
    assert_eq!(client.post_empty(&format!("{path}/promote")).problem(409), "job_state");
    assert_eq!(client.post_empty(&format!("{path}/retry")).expect(200)["state"], "waiting");
    let waiting = client.get("/api/v1/jobs?state=waiting").expect(200)["data"][0].clone();
    assert_eq!((&waiting["id"], &waiting["error"]), (&shown["id"], &Value::Null), "it is given another chance");
    let job = take(&mut client);
    let discarded = json!({"lease_token": job["lease_token"], "error": "hopeless", "discard": true});
    assert_eq!(client.post(&format!("{path}/fail"), &discarded).expect(200)["state"], "failed");
    assert_eq!(client.get(&path).expect(200)["failure"], "discarded");
    assert_eq!(client.delete(&path).status, 204);
    assert_eq!(client.get(&path).problem(404), "not_found");
}

#[test]
fn a_waiting_worker_gets_a_job_as_soon_as_there_is_one() {
    let app = TestApp::start();
    let mut client = app.client();
    // The queue exists from here on, so that the worker's first look is over quickly.
    assert_eq!(lease(&mut client, json!({})), json!([]));
    let mut worker = app.client();
    let waiting = std::thread::spawn(move || {
        let jobs = lease(&mut worker, json!({"wait_ms": 20_000}));
        (jobs, Instant::now())
    });
    wait_until("the worker waits", PATIENCE, || app.client().get("/health").status == 200);
    client.post("/api/v1/jobs", &order()).expect(201);
    let enqueued = Instant::now();
    let (jobs, leased) = waiting.join().unwrap();
    assert_eq!(jobs.as_array().unwrap().len(), 1);
    assert!(leased.saturating_duration_since(enqueued) < Duration::from_secs(5));
    let started = Instant::now();
    assert_eq!(lease(&mut client, json!({"wait_ms": 50})), json!([]));
    assert!(started.elapsed() >= Duration::from_millis(50));
}

#[test]
fn settling_many_refuses_each_stale_one_alone() {
    let app = TestApp::start();
    let mut client = app.client();
    client.post("/api/v1/jobs/batch", &json!({"jobs": vec![order(); 3]})).expect(201);
    let jobs = lease(&mut client, json!({"max": 3}));
    let item = |index: usize, rest: Value| {
        let mut item = rest;
        item["id"] = jobs[index]["id"].clone();
        item["lease_token"] = jobs[index]["lease_token"].clone();
        item
    };
    let mut stale = item(1, json!({"outcome": "complete"}));
    stale["lease_token"] = json!("lt_0_0_0");
    let items = json!({"items": [
        item(0, json!({"outcome": "complete", "result": 1})), stale, item(2, json!({"outcome": "fail", "error": "e", "discard": true})),
    ]});
    let settled = client.post("/api/v1/jobs/settle", &items).expect(200);
    let states: Vec<&Value> = settled["items"].as_array().unwrap().iter().map(|item| &item["state"]).collect();
    assert_eq!(states, [&json!("completed"), &Value::Null, &json!("failed")]);
    assert_eq!(settled["items"][1]["problem"], "stale_lease");
    assert_eq!(counts(&mut client)["active"], 1);
    let odd = json!({"items": [item(0, json!({"outcome": "fail"}))]});
    assert_eq!(client.post("/api/v1/jobs/settle", &odd).expect(422)["errors"][0]["pointer"], "/items/0/error");
}

#[test]
fn delayed_jobs_wait_and_can_be_promoted() {
    let app = TestApp::start();
    let mut client = app.client();
    let accepted = client.post("/api/v1/jobs", &with(json!({"delay_ms": 600_000}))).expect(201);
    assert_eq!(accepted["state"], "delayed");
    assert!(accepted["run_at"].as_str().unwrap() > accepted["created_at"].as_str().unwrap());
    assert_eq!(lease(&mut client, json!({})), json!([]));
    let path = format!("/api/v1/jobs/{}", accepted["id"].as_str().unwrap());
    assert_eq!(client.post_empty(&format!("{path}/promote")).expect(200)["state"], "waiting");
    assert_eq!(lease(&mut client, json!({"wait_ms": 5000})).as_array().unwrap().len(), 1);
}

#[test]
fn jobs_that_the_server_runs_itself_are_left_alone() {
    let app = TestApp::start();
    let mut client = app.client();
    let receiver = Receiver::answering(|_| Reply::status(500));
    let new = json!({ "url": receiver.url("/"), "events": ["*"], "retry": { "preset": "none" } });
    client.post("/api/v1/webhooks", &new).expect(201);
    let publish = |client: &mut Client| {
        client.post("/api/v1/events", &json!({ "type": "invoice.paid", "data": {} })).expect(202);
    };
    publish(&mut client);
    let find = |client: &mut Client, state: &str| {
        let mut path = String::new();
        wait_until("the delivery's job is found", PATIENCE, || {
            let jobs = client.get(&format!("/api/v1/jobs?kind=webhook.deliver&state={state}")).expect(200);
            path = format!("/api/v1/jobs/{}", jobs["data"][0]["id"].as_str().unwrap_or_default());
            jobs["data"][0].is_object()
        });
        path
    };
    let failed = find(&mut client, "failed");
    let retried = client.post_empty(&format!("{failed}/retry"));
    assert_eq!(retried.problem(409), "server_job");
    assert!(retried.json()["detail"].as_str().unwrap().contains("/deliveries"));
    assert_eq!(client.delete(&failed).problem(409), "server_job");
    client.post_empty("/api/v1/queues/webhook/pause").expect(200);
    publish(&mut client);
    let waiting = find(&mut client, "waiting");
    assert_eq!(client.post_empty(&format!("{waiting}/cancel")).problem(409), "server_job");
    assert_eq!(client.post_empty("/api/v1/queues/webhook/drain").problem(409), "server_job");
    let count = json!({ "dry_run": true });
    assert_eq!(client.post("/api/v1/queues/webhook/drain", &count).problem(409), "server_job");
    let asking = json!({ "worker": "curious" });
    assert_eq!(client.post("/api/v1/queues/webhook/lease", &asking).problem(409), "server_job");
    assert_eq!(client.get("/api/v1/workers").expect(200)["data"], json!([]), "who was refused works on nothing");
    assert_eq!(client.get(&waiting).expect(200)["state"], "waiting");
    for (name, value) in [("kind", "webhook.deliver"), ("kind", "webhook.replay"), ("queue", "webhook")] {
        let refused = client.post("/api/v1/jobs", &with(json!({ name: value }))).expect(422);
        assert_eq!(refused["errors"][0]["pointer"], format!("/{name}"));
    }
    client.post_empty("/api/v1/queues/webhook/resume").expect(200);
    receiver.wait_for(2);
}
