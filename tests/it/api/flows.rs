//! Jobs that wait for jobs, changes of waiting jobs, and what workers tell while they work.

use serde_json::{Value, json};

use super::jobs::{lease, order, with};
use crate::support::{Answer, Client, TestApp};

fn settle(client: &mut Client, job: &Value, verb: &str, mut body: Value) -> Answer {
    body["lease_token"] = job["lease_token"].clone();
    client.post(&format!("/api/v1/jobs/{}/{verb}", job["id"].as_str().unwrap()), &body)
}

fn path(job: &Value) -> String {
    format!("/api/v1/jobs/{}", job["id"].as_str().unwrap())
}

fn pointer(answer: &Answer) -> String {
    assert_eq!(answer.problem(422), "validation_failed");
    answer.json()["errors"][0]["pointer"].as_str().unwrap().to_owned()
}

#[test]
fn a_batch_with_a_callback_tells_it_the_results() {
    let app = TestApp::start();
    let mut client = app.client();
    let callback = with(json!({"kind": "all.done"}));
    let batch = json!({"jobs": [order(), with(json!({"on_failure": "continue"}))], "callback": callback});
    let made = client.post("/api/v1/jobs/batch", &batch).expect(201);
    let callback = path(&made["callback"]);
    let shown = client.get(&callback).expect(200);
    assert_eq!((&shown["state"], &shown["blocked_by"], &shown["children"]), (&json!("waiting"), &json!(2), &json!(2)));
    let jobs = lease(&mut client, json!({"max": 10}));
    assert_eq!(jobs.as_array().unwrap().len(), 2, "the callback waits: {jobs}");
    assert_eq!(jobs[0]["parent_id"], made["callback"]["id"]);
    settle(&mut client, &jobs[0], "complete", json!({"result": {"pages": 3}})).expect(200);
    settle(&mut client, &jobs[1], "fail", json!({"error": "no", "discard": true})).expect(200);
    let last = lease(&mut client, json!({"max": 10, "wait_ms": 10_000}));
    assert_eq!((&last[0]["id"], &last[0]["blocked_by"]), (&made["callback"]["id"], &json!(0)));
    let children = client.get(&format!("{callback}/children")).expect(200);
    let seen: Vec<_> = children["data"].as_array().unwrap().iter().map(|c| (&c["ended"], &c["result"])).collect();
    assert_eq!(seen, [(&json!("completed"), &json!({"pages": 3})), (&json!("failed"), &Value::Null)]);
    let first = client.get(&format!("{callback}/children?limit=1")).expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = client.get(&format!("{callback}/children?limit=1&cursor={cursor}")).expect(200);
    assert_eq!((&second["data"][0], &second["next_cursor"]), (&children["data"][1], &Value::Null));
}

#[test]
fn jobs_of_a_batch_wait_for_each_other_and_never_in_a_circle() {
    let app = TestApp::start();
    let mut client = app.client();
    let batch = |jobs: Value| json!({ "jobs": jobs });
    let named = |name: &str, parent: &str| with(json!({"ref": name, "parent_ref": parent}));
    let made = client
        .post(
            "/api/v1/jobs/batch",
            &batch(json!([named("leaf", "mid"), named("mid", "top"), with(json!({"ref": "top"}))])),
        )
        .expect(201);
    let top = path(&made["jobs"][2]);
    let leaf = lease(&mut client, json!({"max": 10}));
    assert_eq!((leaf.as_array().unwrap().len(), &leaf[0]["id"]), (1, &made["jobs"][0]["id"]));
    settle(&mut client, &leaf[0], "fail", json!({"error": "no", "discard": true})).expect(200);
    let failed = client.get(&top).expect(200);
    assert_eq!((&failed["state"], &failed["failure"]), (&json!("failed"), &json!("child_failed")));

    let refused = |client: &mut Client, jobs: Value| pointer(&client.post("/api/v1/jobs/batch", &batch(jobs)));
    assert_eq!(refused(&mut client, json!([named("a", "b"), named("b", "a")])), "/jobs/0/parent_ref");
    assert_eq!(refused(&mut client, json!([order(), named("a", "a")])), "/jobs/1/parent_ref");
    assert_eq!(refused(&mut client, json!([named("a", "missing")])), "/jobs/0/parent_ref");
    assert_eq!(refused(&mut client, json!([with(json!({"ref": "a"})), with(json!({"ref": "a"}))])), "/jobs/1/ref");
    let missing = with(json!({"parent_id": "job_00000000000000000000000001"}));
    let finished = with(json!({"parent_id": made["jobs"][2]["id"]}));
    for single in
        [&missing, &finished, &with(json!({"parent_id": "job_00000000000000000000000001", "parent_ref": "x"}))]
    {
        let pointer = pointer(&client.post("/api/v1/jobs", single));
        assert!(pointer.starts_with("/parent"), "{pointer}");
    }
    assert_eq!(pointer(&client.post("/api/v1/jobs", &with(json!({"parent_ref": "x"})))), "/parent_ref");
    assert_eq!(refused(&mut client, json!([missing])), "/parent_id");
    let counts = super::jobs::counts(&mut client);
    assert_eq!((&counts["waiting"], &counts["failed"]), (&json!(0), &json!(3)), "nothing came of the refused ones");
}

#[test]
fn a_job_of_the_server_is_nobodys_parent() {
    let app = TestApp::start();
    let mut client = app.client();
    client.post("/api/v1/webhooks", &json!({"url": "http://127.0.0.1:9/", "events": ["*"]})).expect(201);
    client.post("/api/v1/events", &json!({"type": "a.b", "data": {}})).expect(202);
    let delivery = client.get("/api/v1/jobs?queue=webhook").expect(200)["data"][0]["id"].clone();
    let child = client.post("/api/v1/jobs", &with(json!({ "parent_id": delivery })));
    assert_eq!(pointer(&child), "/parent_id");
    let path = format!("/api/v1/jobs/{}", delivery.as_str().unwrap());
    assert_eq!(client.patch(&path, &json!({"priority": 1})).problem(409), "server_job");
}

#[test]
fn a_waiting_job_is_changed_and_an_active_one_is_not() {
    let app = TestApp::start();
    let mut client = app.client();
    client.post("/api/v1/jobs", &order()).expect(201);
    let job = client.post("/api/v1/jobs", &order()).expect(201);
    let path = path(&job);
    let read = client.get(&path);
    let tag = read.header("etag").unwrap().to_owned();
    let changed =
        client.send("PATCH", &path, &[("if-match", &tag)], Some(br#"{"priority":0,"payload":{"file":"b.png"}}"#));
    let changed = changed.expect(200);
    assert_eq!((&changed["priority"], &changed["payload"]), (&json!(0), &json!({"file": "b.png"})));
    let stale = client.send("PATCH", &path, &[("if-match", &tag)], Some(br#"{"priority":1}"#));
    assert_eq!(stale.problem(412), "precondition_failed");
    let delayed = client.patch(&path, &json!({"run_at": "2100-01-01T00:00:00Z"})).expect(200);
    assert_eq!((&delayed["state"], &delayed["run_at"]), (&json!("delayed"), &json!("2100-01-01T00:00:00.000Z")));
    assert_eq!(client.patch(&path, &json!({"run_at": null})).expect(200)["state"], "waiting");
    let leased = lease(&mut client, json!({"max": 1}));
    assert_eq!((&leased[0]["id"], &leased[0]["payload"]["file"]), (&job["id"], &json!("b.png")));
    assert_eq!(client.patch(&path, &json!({"priority": 1})).problem(409), "job_state");
    for (patch, pointer) in [
        (json!({"priority": 10}), "/priority"),
        (json!({"run_at": "soon"}), "/run_at"),
        (json!({"payload": "x".repeat(1 << 20)}), "/payload"),
        (json!({"queue": "other"}), "/queue"),
    ] {
        let answer = client.patch(&path, &patch);
        assert_eq!(answer.problem(422), "validation_failed");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer);
    }
    assert_eq!(client.patch("/api/v1/jobs/job_00000000000000000000000001", &json!({})).problem(404), "not_found");
}

#[test]
fn workers_tell_how_far_they_are_and_hear_of_a_cancel() {
    let app = TestApp::start();
    let mut client = app.client();
    let id = client.post("/api/v1/jobs", &order()).expect(201);
    let path = path(&id);
    let job = lease(&mut client, json!({}))[0].clone();
    settle(&mut client, &job, "progress", json!({"percent": 40.5, "data": {"page": 2}})).expect(200);
    for number in 0..3 {
        let lines = vec![format!("{number} a"), format!("{number} b")];
        let kept = settle(&mut client, &job, "log", json!({ "lines": lines })).expect(200);
        assert_eq!(kept["lines"], (number + 1) * 2);
    }
    let shown = client.get(&path).expect(200);
    assert_eq!((&shown["progress"]["percent"], &shown["progress"]["data"]["page"]), (&json!(40.5), &json!(2)));
    assert_eq!(shown["log_lines"], 6);
    let mut lines = Vec::new();
    let mut page = client.get(&format!("{path}/log?limit=4")).expect(200);
    loop {
        lines.extend(page["data"].as_array().unwrap().iter().map(|line| line["text"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        page = client.get(&format!("{path}/log?limit=4&cursor={cursor}")).expect(200);
    }
    assert_eq!(lines, ["0 a", "0 b", "1 a", "1 b", "2 a", "2 b"]);

    for (verb, body, at) in [
        ("progress", json!({"percent": 101}), "/percent"),
        ("progress", json!({"data": "x".repeat(17_000)}), "/data"),
        ("log", json!({"lines": []}), "/lines"),
        ("log", json!({"lines": vec!["x"; 101]}), "/lines"),
        ("log", json!({"lines": ["ok", "x".repeat(2049)]}), "/lines/1"),
    ] {
        assert_eq!(pointer(&settle(&mut client, &job, verb, body)), at, "{verb}");
    }
    for _ in 0..9 {
        settle(&mut client, &job, "log", json!({ "lines": vec!["x"; 100] })).expect(200);
    }
    assert_eq!(settle(&mut client, &job, "log", json!({ "lines": vec!["x"; 95] })).problem(409), "job_log_full");
    let held = settle(&mut client, &job, "heartbeat", json!({})).expect(200);
    assert_eq!((&held["cancelled"], &held["lease_ms"]), (&json!(false), &json!(30_000)));
    client.post_empty(&format!("{path}/cancel")).expect(200);
    let told = settle(&mut client, &job, "heartbeat", json!({})).expect(200);
    assert_eq!((&told["cancelled"], &told["lease_ms"]), (&json!(true), &json!(0)));
    for (verb, body) in [
        ("progress", json!({})),
        ("log", json!({"lines": ["x"]})),
        ("complete", json!({})),
        ("fail", json!({"error": "e"})),
    ] {
        assert_eq!(settle(&mut client, &job, verb, body).problem(409), "stale_lease", "{verb} of a cancelled job");
    }
    assert_eq!(client.get("/api/v1/jobs/job_00000000000000000000000001/log").problem(404), "not_found");
    assert_eq!(client.get("/api/v1/jobs/job_00000000000000000000000001/children").problem(404), "not_found");
}

#[test]
fn a_flow_goes_on_after_a_kill() {
    let mut app = TestApp::start();
    let mut client = app.client();
    let batch = json!({"jobs": vec![order(); 20], "callback": with(json!({"kind": "all.done"}))});
    let made = client.post("/api/v1/jobs/batch", &batch).expect(201);
    let done = |client: &mut Client, max: usize| {
        let jobs = lease(client, json!({"max": max, "wait_ms": 10_000}));
        for job in jobs.as_array().unwrap() {
            settle(client, job, "complete", json!({})).expect(200);
        }
        jobs
    };
    assert_eq!(done(&mut client, 12).as_array().unwrap().len(), 12);
    app.kill9();
    app.start_again();
    let mut client = app.client();
    let callback = path(&made["callback"]);
    assert_eq!(client.get(&callback).expect(200)["blocked_by"], 8);
    let mut rest = 0;
    while rest < 8 {
        rest += done(&mut client, 8 - rest).as_array().unwrap().len();
    }
    let last = lease(&mut client, json!({"max": 10, "wait_ms": 10_000}));
    assert_eq!((last.as_array().unwrap().len(), &last[0]["id"]), (1, &made["callback"]["id"]));
}
