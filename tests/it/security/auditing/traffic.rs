//! What is exempt leaves nothing in the log.

use serde_json::{Value, json};

use super::World;
use crate::security::authorization::{filled, operations};

#[test]
fn enqueueing_working_and_publishing_leave_no_entries() {
    let world = World::start();
    let start = world.last();
    let order = json!({ "queue": "traffic", "kind": "k", "payload": 1 });
    world.make("/jobs", &order);
    world.make("/jobs/batch", &json!({ "jobs": [order, order, order] }));
    let leased = world.make("/queues/traffic/lease", &json!({ "max": 4 }));
    let jobs = leased["jobs"].as_array().unwrap();
    assert_eq!(jobs.len(), 4, "{leased}");
    let settle = |position: usize, step: &str, mut body: Value| {
        let job: &Value = &jobs[position];
        body["lease_token"] = job["lease_token"].clone();
        let path = format!("/api/v1/jobs/{}/{step}", job["id"].as_str().unwrap());
        world.client(&world.key).post(&path, &body).expect(200);
    };
    settle(0, "heartbeat", json!({}));
    settle(0, "progress", json!({ "percent": 50, "data": { "page": 2 } }));
    settle(0, "log", json!({ "lines": ["half of it"] }));
    settle(0, "complete", json!({}));
    settle(1, "fail", json!({ "error": "damaged" }));
    settle(2, "snooze", json!({ "delay_ms": 1000 }));
    let item = json!({ "id": jobs[3]["id"], "lease_token": jobs[3]["lease_token"], "outcome": "complete" });
    world.make("/jobs/settle", &json!({ "items": [item] }));
    world.make("/events", &json!({ "type": "traffic.made", "data": {} }));
    world.make("/events/batch", &json!({ "events": [{ "type": "traffic.made", "data": {} }] }));
    assert_eq!(world.log(start), Vec::<Value>::new());
}

#[test]
fn reading_changes_nothing_and_leaves_no_entry_but_of_a_look_at_secrets() {
    let world = World::start();
    let operations = operations(&mut world.app.anonymous());
    let start = world.last();
    let mut owner = world.client(&world.owner);
    for operation in operations.iter().filter(|operation| operation.method == "GET" && operation.id != "log_out") {
        for method in ["GET", "HEAD"] {
            let answer = owner.send(method, &filled(&operation.path), &[], None);
            assert!(answer.status < 500, "{}: {}", operation.id, answer.status);
        }
    }
    let entries = world.log(start);
    assert!(entries.iter().all(|entry| entry["action"] == "mailbox.read"), "{entries:?}");
    assert_eq!(entries.len(), 1, "by GET and by HEAD, and the first look in an hour counts");
}
