//! What a hostile or mistaken client sends about jobs: too much, too late, for nobody, in a circle.

use std::time::Duration;

use novapulse::base::{Clock, SystemClock};
use serde_json::{Value, json};

use super::jobs::{counts, lease, order, with};
use crate::support::{Answer, Client, TestApp, wait_looking_every};

fn path(job: &Value) -> String {
    format!("/api/v1/jobs/{}", job["id"].as_str().unwrap())
}

/// The pointers of a refusal.
fn pointers(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.problem(422), "validation_failed");
    let errors = answer.json()["errors"].clone();
    errors.as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
}

fn complete(client: &mut Client, job: &Value, token: &Value) -> Answer {
    client.post(&format!("{}/complete", path(job)), &json!({ "lease_token": token }))
}

fn tags(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("tag-{number}")).collect()
}

#[test]
fn ten_thousand_tags_are_refused_and_a_hundred_are_found() {
    let app = TestApp::start();
    let mut client = app.client();
    let refused = client.post("/api/v1/jobs", &with(json!({ "tags": tags(10_000) })));
    assert_eq!(pointers(&refused), ["/tags"]);
    assert!(refused.text().contains("100"), "{}", refused.text());
    assert_eq!(client.get("/api/v1/jobs?queue=images").expect(200)["data"], json!([]), "nothing is enqueued");
    let made = client.post("/api/v1/jobs", &with(json!({ "tags": tags(100) }))).expect(201);
    assert_eq!(client.get("/api/v1/jobs?tag=tag-99").expect(200)["data"][0]["id"], made["id"]);
    // Each tag is a row of the one transaction that a batch is.
    let batch = json!({ "jobs": vec![with(json!({ "tags": tags(100) })); 101] });
    let refused = client.post("/api/v1/jobs/batch", &batch);
    assert_eq!(pointers(&refused), ["/jobs"]);
    assert!(refused.text().contains("10000"), "{}", refused.text());
    let batch = json!({ "jobs": vec![with(json!({ "tags": tags(100) })); 100] });
    client.post("/api/v1/jobs/batch", &batch).expect(201);
    assert_eq!(counts(&mut client)["waiting"], 101);
}

#[test]
fn a_payload_beyond_its_limit_is_refused_whole() {
    let app = TestApp::start();
    let mut client = app.client();
    // With its quotes a byte more than a mebibyte.
    let over = with(json!({ "payload": "x".repeat((1 << 20) - 1) }));
    assert_eq!(pointers(&client.post("/api/v1/jobs", &over)), ["/payload"]);
    let batch = json!({ "jobs": [order(), over] });
    assert_eq!(pointers(&client.post("/api/v1/jobs/batch", &batch)), ["/jobs/1/payload"]);
    let body = format!("{{\"payload\":\"{}\"}}", "x".repeat(17 << 20));
    let answer = app.client().send("POST", "/api/v1/jobs", &[], Some(body.as_bytes()));
    assert_eq!(answer.problem(413), "body_too_large");
    assert_eq!(client.get("/api/v1/jobs?queue=images").expect(200)["data"], json!([]), "nothing is enqueued");
    let largest = client.post("/api/v1/jobs", &with(json!({ "payload": "x".repeat((1 << 20) - 2) }))).expect(201);
    let shown = client.get(&path(&largest)).expect(200);
    assert_eq!(shown["payload"].as_str().unwrap().len(), (1 << 20) - 2);
    let patch = json!({ "payload": "x".repeat(1 << 20) });
    assert_eq!(pointers(&client.patch(&path(&largest), &patch)), ["/payload"]);
}

#[test]
fn a_job_that_expires_before_its_time_comes_is_refused() {
    let app = TestApp::start();
    let mut client = app.client();
    let time = "2099-01-01T00:00:00.000Z";
    for (run_at, expire_at) in [(time, "2098-12-31T23:59:59.999Z"), (time, time)] {
        let never = with(json!({ "run_at": run_at, "expire_at": expire_at }));
        assert_eq!(pointers(&client.post("/api/v1/jobs", &never)), ["/expire_at"]);
        let batch = json!({ "jobs": [order(), never] });
        assert_eq!(pointers(&client.post("/api/v1/jobs/batch", &batch)), ["/jobs/1/expire_at"]);
    }
    let delayed = with(json!({ "delay_ms": 3_600_000, "expire_at": "2026-01-01T00:00:00Z" }));
    assert_eq!(pointers(&client.post("/api/v1/jobs", &delayed)), ["/expire_at"]);
    let callback = json!({ "jobs": [order()], "callback": delayed });
    assert_eq!(pointers(&client.post("/api/v1/jobs/batch", &callback)), ["/callback/expire_at"]);
    let batch = json!({ "jobs": [order(), delayed] });
    assert_eq!(pointers(&client.post("/api/v1/jobs/batch", &batch)), ["/jobs/1/expire_at"]);
    assert_eq!(client.get("/api/v1/jobs?queue=images").expect(200)["data"], json!([]), "nothing is enqueued");

    let in_order = with(json!({ "run_at": time, "expire_at": "2099-01-01T00:00:00.001Z" }));
    let job = client.post("/api/v1/jobs", &in_order).expect(201);
    let later = json!({ "run_at": "2099-01-01T00:00:00.001Z", "priority": 1 });
    assert_eq!(pointers(&client.patch(&path(&job), &later)), ["/run_at"]);
    let shown = client.get(&path(&job)).expect(200);
    assert_eq!((&shown["run_at"], &shown["priority"]), (&json!(time), &json!(5)), "nothing is changed");
    let earlier = json!({ "run_at": "2098-01-01T00:00:00.000Z" });
    assert_eq!(client.patch(&path(&job), &earlier).expect(200)["run_at"], earlier["run_at"]);
}

#[test]
fn a_repeated_request_gets_its_first_answer_when_it_could_not_be_made_any_more() {
    let app = TestApp::start();
    let mut client = app.client();
    let send = |client: &mut Client, body: &Value, key: &str| {
        client.send("POST", "/api/v1/jobs", &[("idempotency-key", key)], Some(body.to_string().as_bytes()))
    };
    // The time left is as much longer as the machine is slower.
    let (body, key, first) = [1, 8, 50]
        .into_iter()
        .find_map(|seconds| {
            let expire_at = SystemClock::default().now().plus_ms(3_600_000 + seconds * 1000);
            let key = format!("within-{seconds}");
            let body = with(json!({ "delay_ms": 3_600_000, "expire_at": expire_at, "unique": { "key": key } }));
            let answer = send(&mut client, &body, &key);
            (answer.status == 201).then_some((body, key, answer))
        })
        .expect("a job is made in time");
    let another = with(json!({ "delay_ms": body["delay_ms"], "expire_at": body["expire_at"] }));
    let is_too_late = wait_looking_every(Duration::from_millis(50), Duration::from_mins(1), || {
        (client.post("/api/v1/jobs", &another).status == 422).then_some(())
    });
    assert!(is_too_late.is_some(), "no such job can be made any more");
    assert_eq!(send(&mut client, &body, &key).expect(201), first.expect(201));
    let duplicate = client.post("/api/v1/jobs", &body).expect(200);
    assert_eq!((&duplicate["id"], &duplicate["duplicate"]), (&first.json()["id"], &json!(true)));
}

#[test]
fn a_cancelled_job_is_not_settled_by_who_had_it() {
    let app = TestApp::start();
    let mut client = app.client();
    client.post("/api/v1/jobs/batch", &json!({ "jobs": [order(), order()] })).expect(201);
    let jobs = lease(&mut client, json!({ "max": 2 }));
    let (cancelled, other) = (&jobs[0], &jobs[1]);
    client.post_empty(&format!("{}/cancel", path(cancelled))).expect(200);
    let token = &cancelled["lease_token"];
    assert_eq!(complete(&mut client, cancelled, token).problem(409), "stale_lease");
    for (verb, body) in [
        ("fail", json!({ "lease_token": token, "error": "no" })),
        ("snooze", json!({ "lease_token": token, "delay_ms": 1 })),
        ("progress", json!({ "lease_token": token, "percent": 1 })),
        ("log", json!({ "lease_token": token, "lines": ["a"] })),
    ] {
        assert_eq!(client.post(&format!("{}/{verb}", path(cancelled)), &body).problem(409), "stale_lease", "{verb}");
    }
    let item = |job: &Value| json!({ "id": job["id"], "lease_token": job["lease_token"], "outcome": "complete" });
    let settled = client.post("/api/v1/jobs/settle", &json!({ "items": [item(cancelled), item(other)] })).expect(200);
    assert_eq!((&settled["items"][0]["problem"], &settled["items"][0]["state"]), (&json!("stale_lease"), &Value::Null));
    assert_eq!(settled["items"][1]["state"], "completed");
    let shown = client.get(&path(cancelled)).expect(200);
    assert_eq!((&shown["state"], &shown["result"], &shown["errors"]), (&json!("cancelled"), &Value::Null, &json!([])));
}

#[test]
fn an_old_token_is_refused_and_changes_nothing() {
    let app = TestApp::start();
    let mut client = app.client();
    let order = with(json!({ "backoff": { "kind": "fixed", "delay_ms": 0 } }));
    client.post("/api/v1/jobs", &order).expect(201);
    let first = lease(&mut client, json!({}))[0].clone();
    let failed = json!({ "lease_token": first["lease_token"], "error": "once" });
    client.post(&format!("{}/fail", path(&first)), &failed).expect(200);
    let second = lease(&mut client, json!({ "wait_ms": 10_000 }))[0].clone();
    assert_eq!(second["id"], first["id"]);
    assert_ne!(second["lease_token"], first["lease_token"]);
    assert_eq!(complete(&mut client, &second, &first["lease_token"]).problem(409), "stale_lease");
    assert_eq!(client.post(&format!("{}/fail", path(&first)), &failed).problem(409), "stale_lease");
    for forged in [json!(""), json!("lt_0_0_0"), json!("x".repeat(10_000))] {
        assert_eq!(complete(&mut client, &second, &forged).problem(409), "stale_lease");
    }
    let shown = client.get(&path(&second)).expect(200);
    assert_eq!((&shown["state"], &shown["attempt"]), (&json!("active"), &json!(2)));
    assert_eq!(shown["errors"].as_array().unwrap().len(), 1);
    assert_eq!(complete(&mut client, &second, &second["lease_token"]).expect(200)["state"], "completed");
    assert_eq!(complete(&mut client, &second, &second["lease_token"]).problem(409), "stale_lease", "once");
}

#[test]
fn parents_in_a_circle_are_refused_whole() {
    let app = TestApp::start();
    let mut client = app.client();
    let named = |name: &str, parent: &str| with(json!({ "ref": name, "parent_ref": parent }));
    for jobs in [
        json!([named("a", "a")]),
        json!([named("a", "b"), named("b", "a")]),
        json!([order(), named("a", "b"), named("b", "c"), named("c", "a")]),
    ] {
        let refused = client.post("/api/v1/jobs/batch", &json!({ "jobs": jobs }));
        let pointer = pointers(&refused).remove(0);
        assert!(pointer.starts_with("/jobs/") && pointer.ends_with("/parent_ref"), "{pointer}");
        assert!(refused.text().contains("circle"), "{}", refused.text());
    }
    // A stored job never gets a parent, so a circle over several requests cannot be asked for.
    let child = client.post("/api/v1/jobs", &order()).expect(201);
    let patch = client.patch(&path(&child), &json!({ "parent_id": child["id"] }));
    assert_eq!(pointers(&patch), ["/parent_id"]);
    assert_eq!(counts(&mut client)["waiting"], 1);
}

#[test]
fn a_request_names_few_parents_outside_of_it() {
    let app = TestApp::start();
    let mut client = app.client();
    let parents = client.post("/api/v1/jobs/batch", &json!({ "jobs": vec![order(); 17] })).expect(201);
    let child = |parent: &Value| with(json!({ "parent_id": parent["id"] }));
    let mut children: Vec<_> = parents["jobs"].as_array().unwrap().iter().map(child).collect();
    let refused = client.post("/api/v1/jobs/batch", &json!({ "jobs": children }));
    assert_eq!(pointers(&refused), ["/parent_id"]);
    children.pop();
    children.push(children[0].clone());
    client.post("/api/v1/jobs/batch", &json!({ "jobs": children })).expect(201);
    let first = client.get(&path(&parents["jobs"][0])).expect(200);
    assert_eq!((&first["blocked_by"], &first["children"]), (&json!(2), &json!(2)));
}

#[test]
fn a_job_of_a_kind_that_nobody_knows_waits_for_who_does() {
    let app = TestApp::start();
    let mut client = app.client();
    let made = client.post("/api/v1/jobs", &with(json!({ "kind": "nobody.knows" }))).expect(201);
    assert_eq!(lease(&mut client, json!({ "kinds": ["image.resize", "other"] })), json!([]));
    let shown = client.get(&path(&made)).expect(200);
    assert_eq!((&shown["state"], &shown["attempt"]), (&json!("waiting"), &json!(0)), "it has used no attempt");
    let leased = lease(&mut client, json!({ "kinds": ["nobody.knows"] }));
    assert_eq!(leased[0]["id"], made["id"]);
    // Where handlers of the server work, a kind that they do not have is not accepted in the first place.
    for (queue, kind, pointer) in [("email", "nobody.knows", "/queue"), ("images", "email.send", "/kind")] {
        let refused = client.post("/api/v1/jobs", &with(json!({ "queue": queue, "kind": kind })));
        assert_eq!(pointers(&refused), [pointer]);
    }
}
