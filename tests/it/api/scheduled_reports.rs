//! Reports that recur and are sent by e-mail: from the rule to the mailbox, and what is said when one fails.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    access::{bearer, join},
    mailbox::mailbox,
};
use crate::support::{Client, TestApp, wait_for, wait_until};

const PATIENCE: Duration = Duration::from_mins(1);
const SCHEDULES: &str = "/api/v1/schedules";

fn schedule(report: &Value) -> Value {
    json!({ "name": "Daily", "cron": "@yearly", "enabled": false, "target": { "report": report } })
}

fn report() -> Value {
    json!({ "name": "Daily jobs", "definition": "jobs", "format": "csv", "period": { "last_ms": 86_400_000 },
        "recipients": ["ops@example.com", "ops@example.com", "boss@example.com"] })
}

/// Makes a schedule and runs it now; the id of its report.
fn run(client: &mut Client, report: &Value) -> (Value, String) {
    let made = client.post(SCHEDULES, &schedule(report)).expect(201);
    let ran = client.post_empty(&format!("{SCHEDULES}/{}/run", made["id"].as_str().unwrap())).expect(201);
    assert!(ran["job_id"].as_str().unwrap().starts_with("job_"));
    (made, ran["report_id"].as_str().unwrap().to_owned())
}

fn ended(client: &mut Client, id: &str, state: &str) -> Value {
    let path = format!("/api/v1/reports/{id}");
    let report = wait_for(PATIENCE, || {
        let report = client.get(&path).expect(200);
        (report["state"] == state && report["email_id"] != Value::Null).then_some(report)
    });
    report.unwrap_or_else(|| panic!("not {state} in time: {}", client.get(&path).text()))
}

/// Waits for the message that begins with this subject.
fn letter(owner: &mut Client, subject: &str) -> Value {
    let found = wait_for(PATIENCE, || {
        mailbox(owner).into_iter().find(|message| message["subject"].as_str().unwrap().starts_with(subject))
    });
    found.unwrap_or_else(|| panic!("no message about {subject}"))
}

#[test]
fn a_report_on_a_schedule_reaches_its_recipients_with_the_file() {
    let app = TestApp::start();
    let mut owner = app.owner();
    owner.post("/api/v1/jobs", &json!({ "queue": "things", "kind": "thing.do", "payload": 1 })).expect(201);
    let (schedule, id) = run(&mut owner, &report());
    assert_eq!(schedule["target"]["report"], report(), "shown as it was ordered");
    let ready = ended(&mut owner, &id, "ready");
    assert_eq!(ready["schedule_id"], schedule["id"]);
    assert_eq!(ready["recipients"], json!(["ops@example.com", "boss@example.com"]));
    let message = letter(&mut owner, "Report Daily jobs");
    assert_eq!(
        (&message["to"], &message["email_id"]),
        (&json!("ops@example.com, boss@example.com"), &ready["email_id"])
    );
    let text = message["text"].as_str().unwrap();
    assert!(text.contains(&format!("{}/reports/{id}", app.url())) && text.contains("The file is attached."), "{text}");
    let email = owner.get(&format!("/api/v1/emails/{}", ready["email_id"].as_str().unwrap())).expect(200);
    assert_eq!((&email["state"], &email["system"]), (&json!("sent"), &json!(true)));
    let file = &email["attachments"][0];
    let date = &ready["created_at"].as_str().unwrap()[..10];
    assert_eq!(file["name"], format!("Daily-jobs-{date}.csv"));
    assert_eq!((&file["size_bytes"], &file["content_type"]), (&ready["size_bytes"], &json!("text/csv; charset=utf-8")));
    let jobs = owner.get(&format!("/api/v1/jobs?tag={}", schedule["id"].as_str().unwrap())).expect(200);
    let mut kinds: Vec<&str> =
        jobs["data"].as_array().unwrap().iter().map(|job| job["kind"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["report.render", "report.send"]);
}

#[test]
fn ticks_ask_for_reports_once_each_across_a_kill() {
    let mut app = TestApp::start();
    let mut owner = app.owner();
    let mut rule = schedule(&report());
    rule.as_object_mut().unwrap().remove("cron");
    (rule["every_ms"], rule["enabled"], rule["catch_up"]) = (json!(1_000), json!(true), json!("all"));
    let made = owner.post(SCHEDULES, &rule).expect(201);
    let path = format!("{SCHEDULES}/{}", made["id"].as_str().unwrap());
    let reports = |client: &mut Client| -> Vec<Value> {
        let page = client.get("/api/v1/reports?limit=250").expect(200);
        page["data"].as_array().unwrap().iter().filter(|one| one["schedule_id"] == made["id"]).cloned().collect()
    };
    wait_until("a tick has come", PATIENCE, || !reports(&mut owner).is_empty());
    app.kill9();
    app.start_again();
    let mut owner = app.owner();
    wait_until("it ticks after the kill", PATIENCE, || reports(&mut owner).len() > 2);
    let off = owner.patch(&path, &json!({ "enabled": false })).expect(200);
    let found = reports(&mut owner);
    assert_eq!(off["last_report_id"], found[0]["id"]);
    assert_eq!(off["last_job_id"], found[0]["job_id"]);
    assert_eq!(off["last_error"], Value::Null);
    let mut ends: Vec<&Value> = found.iter().map(|report| &report["until"]).collect();
    ends.dedup();
    assert_eq!(ends.len(), found.len(), "each ends with its own tick: {ends:?}");
    for report in &found {
        ended(&mut owner, report["id"].as_str().unwrap(), "ready");
    }
    let mut letters = 0;
    wait_until("each e-mail has arrived", PATIENCE, || {
        letters = mailbox(&mut owner).iter().filter(|message| message["subject"] == "Report Daily jobs").count();
        letters >= found.len()
    });
    assert_eq!(letters, found.len(), "one e-mail for each");
}

#[test]
fn a_file_that_is_too_large_for_an_email_is_linked() {
    let app = TestApp::start_with(&[("NOVAPULSE_REPORTS_ATTACH_MAX", "10")]);
    let mut owner = app.owner();
    let mut order = report();
    order["period"] = json!({ "since": "2026-01-01T00:00:00Z" });
    let id = owner.post("/api/v1/reports", &order).expect(202)["id"].as_str().unwrap().to_owned();
    let ready = ended(&mut owner, &id, "ready");
    assert_eq!(ready["schedule_id"], Value::Null, "asked for by a person");
    let text = letter(&mut owner, "Report Daily jobs")["text"].as_str().unwrap().to_owned();
    assert!(text.contains("too large for an e-mail") && text.contains(&format!("/reports/{id}")), "{text}");
    let email = owner.get(&format!("/api/v1/emails/{}", ready["email_id"].as_str().unwrap())).expect(200);
    assert_eq!(email["attachments"], json!([]));
}

#[test]
fn those_who_wait_for_a_report_that_fails_learn_why() {
    let app = TestApp::start_with(&[("NOVAPULSE_REPORTS_FILE_MAX", "10")]);
    let mut owner = app.owner();
    let (_, id) = run(&mut owner, &report());
    let failed = ended(&mut owner, &id, "failed");
    let message = letter(&mut owner, "Report Daily jobs: it could not be made");
    assert_eq!(message["to"], "ops@example.com, boss@example.com");
    let reason = failed["error"].as_str().unwrap();
    assert!(message["text"].as_str().unwrap().contains(reason), "{message}");

    let mut nobody = report();
    nobody["name"] = json!("For nobody");
    nobody.as_object_mut().unwrap().remove("recipients");
    run(&mut owner, &nobody);
    let message = letter(&mut owner, "Report For nobody: it could not be made");
    assert_eq!(message["to"], app.demo_sign_in().0, "an admin is told");
}

#[test]
fn bad_targets_are_refused_with_the_place() {
    let app = TestApp::start();
    let mut owner = app.owner();
    for (change, pointer) in [
        (json!({ "definition": "nothing" }), "/target/report/definition"),
        (json!({ "format": "docx" }), "/target/report/format"),
        (json!({ "period": { "since": "2026-01-01T00:00:00Z" } }), "/target/report/period"),
        (json!({ "period": { "last_ms": 0 } }), "/target/report/period"),
        (json!({ "recipients": ["nobody"] }), "/target/report/recipients/0"),
        (json!({ "recipients": vec!["a@example.com"; 51] }), "/target/report/recipients"),
        (json!({ "colour": "red" }), "/target/report/colour"),
        (json!({ "filters": "none" }), "/target/report/filters"),
    ] {
        let mut order = report();
        order.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = owner.post(SCHEDULES, &schedule(&order));
        assert_eq!(answer.status, 422, "{order}: {}", answer.text());
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{order}: {}", answer.text());
    }
    let both = json!({ "report": report(), "job": { "queue": "q", "kind": "k", "payload": 1 } });
    let mut two = schedule(&report());
    two["target"] = both;
    assert_eq!(owner.post(SCHEDULES, &two).problem(422), "validation_failed");
    two["target"] = json!({ "workflow": { "id": "wf_1" } });
    assert_eq!(owner.post(SCHEDULES, &two).problem(422), "target_not_available");
    assert_eq!(owner.get(SCHEDULES).expect(200)["data"], json!([]));
}

#[test]
fn whoever_may_not_read_the_data_schedules_no_report_of_it() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let mut manager = bearer(&app, &join(&app, &mut owner, "m@example.com", "manager"));
    let mut audit = report();
    audit["definition"] = json!("audit");
    assert_eq!(manager.post(SCHEDULES, &schedule(&audit)).problem(403), "forbidden");
    let made = manager.post(SCHEDULES, &schedule(&report())).expect(201);
    let path = format!("{SCHEDULES}/{}", made["id"].as_str().unwrap());
    assert_eq!(manager.patch(&path, &json!({ "target": { "report": audit } })).problem(403), "forbidden");
    assert_eq!(owner.patch(&path, &json!({ "target": { "report": audit } })).expect(200)["target"]["report"], audit);
    assert_eq!(manager.send("POST", &format!("{path}/run"), &[], None).problem(403), "forbidden");
    assert_eq!(manager.patch(&path, &json!({ "catch_up": "all" })).problem(403), "forbidden");
    manager.patch(&path, &json!({ "enabled": false })).expect(200);
    assert_eq!(manager.patch(&path, &json!({ "enabled": true })).problem(403), "forbidden");

    let scopes = ["schedules:write", "jobs:read", "reports:write", "reports:read"];
    let key = owner.post("/api/v1/api-keys", &json!({ "name": "reports", "scopes": scopes })).expect(201);
    let mut key = Client::with_key(app.address(), key["secret"].as_str().unwrap());
    assert_eq!(key.post(SCHEDULES, &schedule(&report())).problem(403), "forbidden", "it may send no e-mails");
    assert_eq!(key.post("/api/v1/reports", &report()).problem(403), "forbidden");
    let mut quiet = report();
    quiet.as_object_mut().unwrap().remove("recipients");
    key.post(SCHEDULES, &schedule(&quiet)).expect(201);
}

#[test]
fn who_may_not_look_at_reports_is_not_told_whom_a_schedule_sends_them_to() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let mut order = report();
    order["filters"] = json!({ "kind": ["thing.do"] });
    let made = owner.post(SCHEDULES, &schedule(&order)).expect(201);
    assert_eq!(made["target"]["report"], order);
    let path = format!("{SCHEDULES}/{}", made["id"].as_str().unwrap());
    let mut user = bearer(&app, &join(&app, &mut owner, "u@example.com", "user"));
    let mut seen = order.clone();
    for name in ["recipients", "filters"] {
        seen.as_object_mut().unwrap().remove(name);
    }
    assert_eq!(user.get(&path).expect(200)["target"]["report"], seen);
    assert_eq!(user.get(SCHEDULES).expect(200)["data"][0]["target"]["report"], seen);
    let mut manager = bearer(&app, &join(&app, &mut owner, "m@example.com", "manager"));
    assert_eq!(manager.get(&path).expect(200)["target"]["report"], order);

    // What is left out is no part of the tag either.
    let key = owner.post("/api/v1/api-keys", &json!({ "name": "k", "scopes": ["schedules:write", "schedules:read"] }));
    let mut key = Client::with_key(app.address(), key.expect(201)["secret"].as_str().unwrap());
    let shown = key.get(&path);
    let tag = [("if-match", shown.header("etag").unwrap())];
    let off = json!({ "enabled": false, "name": "Paused" }).to_string();
    assert_eq!(key.send("PATCH", &path, &tag, Some(off.as_bytes())).expect(200)["target"]["report"], seen);
    assert_eq!(owner.get(&path).expect(200)["target"]["report"], order);
}
