//! A schedule does nothing that whoever made it, or changed it last, may not do any more.

use std::time::Duration;

use serde_json::{Value, json};

use super::access::{bearer, join};
use crate::support::{Client, TestApp, wait_for, wait_until};

const PATIENCE: Duration = Duration::from_mins(1);
const SCHEDULES: &str = "/api/v1/schedules";

fn every_second(target: Value) -> Value {
    json!({ "name": "Often", "every_ms": 1_000, "target": target })
}

fn job() -> Value {
    json!({ "job": { "queue": "chores", "kind": "clean.up", "payload": 1 } })
}

/// Makes a schedule and waits for its first tick; its path.
fn ticking(client: &mut Client, target: Value) -> String {
    let made = client.post(SCHEDULES, &every_second(target)).expect(201);
    let path = format!("{SCHEDULES}/{}", made["id"].as_str().unwrap());
    wait_until("it ticks", PATIENCE, || client.get(&path).expect(200)["last_tick_at"] != Value::Null);
    path
}

/// Waits until the schedule is paused; the reason that is told.
fn paused(client: &mut Client, path: &str) -> String {
    let found = wait_for(PATIENCE, || {
        let schedule = client.get(path).expect(200);
        (schedule["enabled"] == false).then_some(schedule)
    });
    let schedule = found.unwrap_or_else(|| panic!("not paused: {}", client.get(path).text()));
    assert_eq!(schedule["next_times"], json!([]));
    let told = schedule["last_error"].as_str().unwrap();
    told.strip_prefix("paused: ").unwrap_or_else(|| panic!("{told}")).to_owned()
}

fn user_path(tokens: &Value) -> String {
    format!("/api/v1/users/{}", tokens["user"]["id"].as_str().unwrap())
}

#[test]
fn a_schedule_is_paused_when_its_author_is_gone_disabled_or_no_manager_any_more() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let own_id = owner.get("/api/v1/auth/me").expect(200)["user"]["id"].clone();
    for (number, reason) in
        ["is not there any more", "is disabled", "it needs the scope schedules:write"].iter().enumerate()
    {
        let tokens = join(&app, &mut owner, &format!("m{number}@example.com"), "manager");
        let path = ticking(&mut bearer(&app, &tokens), job());
        let person = user_path(&tokens);
        match number {
            0 => owner.delete(&person).expect(204),
            1 => owner.patch(&person, &json!({ "disabled": true })).expect(200),
            _ => owner.patch(&person, &json!({ "role": "user" })).expect(200),
        };
        let told = paused(&mut owner, &path);
        assert!(told.contains(reason) && told.starts_with(tokens["user"]["id"].as_str().unwrap()), "{told}");
        let id = path.rsplit('/').next().unwrap();
        let log = owner.get(&format!("/api/v1/audit?action=schedule.pause&object={id}")).expect(200);
        let entries = log["data"].as_array().unwrap();
        assert_eq!(entries.len(), 1, "{log}");
        assert_eq!((&entries[0]["actor"]["kind"], &entries[0]["after"]["reason"]), (&json!("system"), &json!(told)));
        let before = owner.get(&path).expect(200);
        let again = owner.patch(&path, &json!({ "enabled": true })).expect(200);
        assert_eq!(
            (&again["author_id"], &again["last_error"]),
            (&own_id, &Value::Null),
            "whoever enables it answers for it"
        );
        wait_until("it ticks again", PATIENCE, || {
            owner.get(&path).expect(200)["last_tick_at"] != before["last_tick_at"]
        });
        owner.delete(&path).expect(204);
    }
}

#[test]
fn a_schedule_is_paused_when_the_key_that_made_it_is_revoked() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let order = json!({ "name": "deploy", "scopes": ["schedules:write", "schedules:read", "jobs:write"] });
    let made = owner.post("/api/v1/api-keys", &order).expect(201);
    let mut key = Client::with_key(app.address(), made["secret"].as_str().unwrap());
    let path = ticking(&mut key, job());
    assert_eq!(owner.get(&path).expect(200)["author_id"], made["id"]);
    owner.delete(&format!("/api/v1/api-keys/{}", made["id"].as_str().unwrap())).expect(204);
    assert!(paused(&mut owner, &path).contains("is not there any more"));
}

#[test]
fn whoever_may_not_enqueue_a_job_may_not_schedule_it() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let mut key = |name: &str, scopes: &[&str]| {
        let made = owner.post("/api/v1/api-keys", &json!({ "name": name, "scopes": scopes })).expect(201);
        Client::with_key(app.address(), made["secret"].as_str().unwrap())
    };
    let mut narrow = key("planner", &["schedules:write", "schedules:read"]);
    let mut wide = key("deploy", &["schedules:write", "schedules:read", "jobs:write"]);
    let refused = narrow.post(SCHEDULES, &every_second(job()));
    assert!(refused.text().contains("a job at each tick needs the scope jobs:write"), "{}", refused.text());
    assert_eq!(refused.problem(403), "forbidden");

    let yearly = json!({ "name": "Yearly", "cron": "@yearly", "target": job() });
    let made = wide.post(SCHEDULES, &yearly).expect(201);
    let path = format!("{SCHEDULES}/{}", made["id"].as_str().unwrap());
    let run = format!("{path}/run");
    assert_eq!(narrow.send("POST", &run, &[], None).problem(403), "forbidden");
    assert_eq!(narrow.patch(&path, &json!({ "cron": "* * * * *" })).problem(403), "forbidden");
    assert_eq!(narrow.patch(&path, &json!({ "target": job() })).problem(403), "forbidden");
    // Whoever only pauses or deletes it starts nothing.
    narrow.patch(&path, &json!({ "enabled": false })).expect(200);
    assert_eq!(narrow.patch(&path, &json!({ "enabled": true })).problem(403), "forbidden");
    assert_eq!(wide.patch(&path, &json!({ "enabled": true })).expect(200)["author_id"], made["author_id"]);
    wide.send("POST", &run, &[], None).expect(201);
    narrow.delete(&path).expect(204);
}

#[test]
fn a_report_that_its_author_may_not_read_any_more_is_not_made() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let tokens = join(&app, &mut owner, "chief@example.com", "admin");
    let report = json!({ "report": { "definition": "audit", "format": "csv", "period": { "last_ms": 60_000 } } });
    let path = ticking(&mut bearer(&app, &tokens), report);
    owner.patch(&user_path(&tokens), &json!({ "role": "manager" })).expect(200);
    let told = paused(&mut owner, &path);
    assert!(told.contains("needs the scope audit:read"), "{told}");
    let mut chief = bearer(&app, &tokens);
    assert_eq!(chief.patch(&path, &json!({ "enabled": true })).problem(403), "forbidden");
}

#[test]
fn whoever_only_pauses_a_schedule_does_not_become_its_author() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let made = owner.post(SCHEDULES, &json!({ "name": "Yearly", "cron": "@yearly", "target": job() })).expect(201);
    let path = format!("{SCHEDULES}/{}", made["id"].as_str().unwrap());
    let tokens = join(&app, &mut owner, "m@example.com", "manager");
    let mut manager = bearer(&app, &tokens);
    let author = |answer: Value| answer["author_id"].clone();
    assert_eq!(
        author(manager.patch(&path, &json!({ "enabled": false, "name": "Off" })).expect(200)),
        made["author_id"]
    );
    assert_eq!(
        author(manager.patch(&path, &json!({ "name": "Off" })).expect(200)),
        made["author_id"],
        "nothing changed"
    );
    assert_eq!(author(manager.patch(&path, &json!({ "name": "Mine" })).expect(200)), tokens["user"]["id"]);
    assert_eq!(author(owner.patch(&path, &json!({ "enabled": true })).expect(200)), made["author_id"]);
}
