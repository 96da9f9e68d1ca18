//! Finding jobs, and doing something to all that are found.

use std::time::Duration;

use serde_json::{Value, json};

use super::jobs::{lease, order, with};
use crate::support::{Client, TestApp, wait_until};

const PATIENCE: Duration = Duration::from_secs(30);

fn found(client: &mut Client, query: &str) -> usize {
    client.get(&format!("/api/v1/jobs?{query}")).expect(200)["data"].as_array().unwrap().len()
}

fn act(client: &mut Client, action: &str, filter: Value) -> Value {
    let begun = client.post("/api/v1/jobs/actions", &json!({"action": action, "filter": filter})).expect(202);
    let path = format!("/api/v1/jobs/{}", begun["job_id"].as_str().unwrap());
    wait_until("the action ends", PATIENCE, || client.get(&path).expect(200)["state"] == "completed");
    let done = client.get(&path).expect(200);
    assert_eq!(done["progress"]["percent"], 100.0, "{done}");
    assert_eq!(begun["matched"], done["result"]["changed"], "{done}");
    done["result"].clone()
}

#[test]
fn payload_fields_are_found_with_and_without_an_index() {
    let app = TestApp::start();
    let mut client = app.client();
    client.post("/api/v1/jobs", &with(json!({"payload": {"order": {"id": 1}, "name": "early"}}))).expect(201);
    let fields = json!({"search_fields": ["order.id"]});
    let queue = client.patch("/api/v1/queues/images", &fields).expect(200);
    assert_eq!(queue["settings"]["search_fields"], json!(["order.id"]));
    for number in 0..5 {
        let payload = json!({"order": {"id": number}, "name": format!("n{number}"), "price": 1.5});
        client.post("/api/v1/jobs", &with(json!({ "payload": payload }))).expect(201);
    }
    assert_eq!(found(&mut client, "queue=images&q=payload.order.id:3"), 1);
    assert_eq!(found(&mut client, "queue=images&q=payload.order.id:1"), 1, "jobs accepted before are not in the index");
    assert_eq!(found(&mut client, "q=payload.order.id:1"), 2, "without an index all are looked at");
    assert_eq!(found(&mut client, "queue=images&q=payload.name:n4"), 1);
    assert_eq!(found(&mut client, "q=payload.price:1.50"), 5);
    assert_eq!(found(&mut client, "q=payload.price:%221.50%22"), 0);
    assert_eq!(found(&mut client, "queue=images&q=payload.order.id:77"), 0);
    let job = client.get("/api/v1/jobs?queue=images&q=payload.order.id:3").expect(200)["data"][0].clone();
    let path = format!("/api/v1/jobs/{}", job["id"].as_str().unwrap());
    client.patch(&path, &json!({"payload": {"order": {"id": "new"}}})).expect(200);
    assert_eq!(found(&mut client, "queue=images&q=payload.order.id:3"), 0, "a changed payload moves");
    assert_eq!(found(&mut client, "queue=images&q=payload.order.id:new"), 1);
    for (patch, pointer) in [
        (json!({"search_fields": vec!["a"; 17]}), "/search_fields"),
        (json!({"search_fields": [""]}), "/search_fields/0"),
        (json!({"retention": {"done": {"age_ms": u64::MAX}}}), "/retention/done/age_ms"),
        (json!({"retention": {"lost": {}}}), "/retention/lost"),
        (json!({"backoff": {"kind": "fixed"}}), "/backoff/delay_ms"),
    ] {
        let refused = client.patch("/api/v1/queues/images", &patch).expect(422);
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    let kept = json!({"retention": {"failed": {"count": 7}}, "backoff": {"kind": "list", "delays_ms": [1, 2]}});
    let settings = client.patch("/api/v1/queues/images", &kept).expect(200)["settings"].clone();
    assert_eq!(settings["retention"]["failed"]["count"], 7);
    assert_eq!(settings["backoff"]["delays_ms"], json!([1, 2]));
    assert_eq!(settings, client.get("/api/v1/queues/images").expect(200)["settings"]);
}

#[test]
fn many_jobs_are_cancelled_retried_promoted_and_deleted() {
    let app = TestApp::start();
    let mut client = app.client();
    let tagged: Vec<_> =
        (0..450).map(|n| with(json!({"payload": n, "tags": ["bulk", format!("t{}", n % 3)]}))).collect();
    client.post("/api/v1/jobs/batch", &json!({ "jobs": tagged })).expect(201);
    client.post("/api/v1/jobs", &with(json!({"delay_ms": 3_600_000}))).expect(201);
    let dry = json!({"action": "cancel", "filter": {"tag": "bulk", "queue": "images"}, "dry_run": true});
    let counted = client.post("/api/v1/jobs/actions", &dry).expect(200);
    assert_eq!(counted, json!({"matched": 450, "matched_is_exact": true, "job_id": null}));
    assert_eq!(act(&mut client, "cancel", json!({"tag": "bulk"}))["changed"], 450);
    assert_eq!(super::jobs::counts(&mut client)["cancelled"], 450);
    assert_eq!(act(&mut client, "retry", json!({"tag": "t1", "state": "cancelled"}))["changed"], 150);
    assert_eq!(super::jobs::counts(&mut client)["waiting"], 150);
    assert_eq!(act(&mut client, "delete", json!({"queue": "images", "state": "cancelled"}))["changed"], 300);
    assert_eq!(act(&mut client, "promote", json!({"queue": "images"}))["changed"], 1);
    let counts = super::jobs::counts(&mut client);
    assert_eq!((&counts["waiting"], &counts["cancelled"], &counts["delayed"]), (&json!(151), &json!(0), &json!(0)));
    assert_eq!(lease(&mut client, json!({"max": 100})).as_array().unwrap().len(), 100);
}

#[test]
fn an_action_says_what_is_wrong_with_it_and_spares_the_servers_own_jobs() {
    let app = TestApp::start();
    let mut client = app.client();
    client.post("/api/v1/webhooks", &json!({"url": "http://127.0.0.1:9/", "events": ["*"]})).expect(201);
    client.post("/api/v1/events", &json!({"type": "a.b", "data": {}})).expect(202);
    client.post("/api/v1/jobs", &order()).expect(201);
    for (body, pointer) in [
        (json!({"action": "retry", "filter": {}}), "/filter"),
        (json!({"action": "retry", "filter": {"state": "waiting"}}), "/filter/state"),
        (json!({"action": "promote", "filter": {"state": "odd"}}), "/filter/state"),
        (json!({"action": "burn", "filter": {"queue": "images"}}), "/action"),
        (json!({"action": "retry", "filter": {"colour": "red"}}), "/filter/colour"),
        (json!({"action": "retry", "filter": {"q": "x".repeat(257)}}), "/filter/q"),
        (json!({"action": "retry"}), "/filter"),
    ] {
        let refused = client.post("/api/v1/jobs/actions", &body).expect(422);
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{body}");
    }
    let dry = json!({"action": "cancel", "filter": {"queue": "webhook"}, "dry_run": true});
    assert_eq!(client.post("/api/v1/jobs/actions", &dry).expect(200)["matched"], 0, "deliveries have their own way");
    let since = json!({"action": "cancel", "filter": {"since": "2020-01-01T00:00:00Z"}, "dry_run": true});
    assert_eq!(client.post("/api/v1/jobs/actions", &since).expect(200)["matched"], 1);
    for path in ["/api/v1/jobs/actions", "/api/v1/queues/actions/lease"] {
        assert!(client.post(path, &json!({})).status >= 400);
    }
}

#[test]
fn an_action_goes_on_after_a_kill() {
    let mut app = TestApp::start();
    let mut client = app.client();
    for _ in 0..4 {
        client.post("/api/v1/jobs/batch", &json!({ "jobs": vec![order(); 1000] })).expect(201);
    }
    let begun =
        client.post("/api/v1/jobs/actions", &json!({"action": "cancel", "filter": {"queue": "images"}})).expect(202);
    assert_eq!((&begun["matched"], &begun["matched_is_exact"]), (&json!(4000), &json!(true)));
    app.kill9();
    app.start_again();
    let mut client = app.client();
    let path = format!("/api/v1/jobs/{}", begun["job_id"].as_str().unwrap());
    wait_until("the action ends", PATIENCE, || client.get(&path).expect(200)["state"] == "completed");
    assert_eq!(client.get(&path).expect(200)["result"], json!({"changed": 4000, "passed_over": 0}), "each job once");
    assert_eq!(super::jobs::counts(&mut client)["cancelled"], 4000);
}

#[test]
fn dead_letters_are_grouped_by_error_and_redriven_by_group() {
    let app = TestApp::start();
    let mut client = app.client();
    client.post("/api/v1/jobs/batch", &json!({ "jobs": vec![order(); 4] })).expect(201);
    let errors = ["no file 17", "no file 18", "disk full", "no file 19"];
    let jobs = client.post("/api/v1/queues/images/lease", &json!({ "max": 4 })).expect(200)["jobs"].clone();
    let item = |(job, error): (&Value, &str)| json!({ "id": job["id"], "lease_token": job["lease_token"], "outcome": "fail", "error": error, "discard": true });
    let items: Vec<_> = jobs.as_array().unwrap().iter().zip(errors).map(item).collect();
    client.post("/api/v1/jobs/settle", &json!({ "items": items })).expect(200);
    let failures = client.get("/api/v1/queues/images/failures").expect(200);
    let (largest, other) = (&failures["data"][0], &failures["data"][1]);
    assert_eq!((&failures["is_complete"], failures["data"].as_array().unwrap().len()), (&json!(true), 2));
    assert_eq!((&largest["count"], &largest["failure"]), (&json!(3), &json!("discarded")));
    assert_eq!(
        (&other["count"], &other["error"], &other["kind"]),
        (&json!(1), &json!("disk full"), &json!("image.resize"))
    );
    assert!(largest["error"].as_str().unwrap().starts_with("no file"));
    let fingerprint = largest["fingerprint"].as_str().unwrap();
    assert_eq!(found(&mut client, &format!("error={fingerprint}")), 3);
    let filter = json!({ "queue": "images", "error": fingerprint });
    let dry = json!({ "action": "retry", "filter": filter, "dry_run": true });
    assert_eq!(client.post("/api/v1/jobs/actions", &dry).expect(200)["matched"], 3);
    assert_eq!(act(&mut client, "retry", filter)["changed"], 3);
    let entry = client.get("/api/v1/audit?action=job.act").expect(200)["data"][0].clone();
    assert_eq!((&entry["after"]["queue"], &entry["after"]["error"]), (&json!("images"), &json!(fingerprint)));
    assert_eq!(client.get("/api/v1/queues/images/failures").expect(200)["data"], json!([other]));
    assert_eq!(client.get("/api/v1/jobs?error=odd").expect(422)["errors"][0]["pointer"], "/error");
}

#[test]
fn the_children_of_a_job_are_found_and_cancelled_together() {
    let app = TestApp::start();
    let mut client = app.client();
    let batch = json!({ "jobs": vec![order(); 3], "callback": order() });
    let made = client.post("/api/v1/jobs/batch", &batch).expect(201);
    client.post("/api/v1/jobs", &order()).expect(201);
    let parent = made["callback"]["id"].as_str().unwrap();
    client.post_empty(&format!("/api/v1/jobs/{parent}/cancel")).expect(200);
    assert_eq!(found(&mut client, &format!("parent={parent}")), 3);
    assert_eq!(found(&mut client, &format!("parent={parent}&limit=2")), 2);
    assert_eq!(act(&mut client, "cancel", json!({ "parent": parent }))["changed"], 3);
    assert_eq!(found(&mut client, &format!("parent={parent}&state=cancelled")), 3);
    assert_eq!(found(&mut client, "state=waiting"), 1, "others are left alone");
    assert_eq!(client.get("/api/v1/jobs?parent=odd").expect(422)["errors"][0]["pointer"], "/parent");
}

/// Gives up a job of each of these queues with this error.
fn give_up(client: &mut Client, queue: &str, error: &str) {
    client.post("/api/v1/jobs", &with(json!({ "queue": queue, "kind": format!("{queue}.do") }))).expect(201);
    let job = client.post(&format!("/api/v1/queues/{queue}/lease"), &json!({})).expect(200)["jobs"][0].clone();
    let end = json!({ "lease_token": job["lease_token"], "error": error, "discard": true });
    client.post(&format!("/api/v1/jobs/{}/fail", job["id"].as_str().unwrap()), &end).expect(200);
}

#[test]
fn dead_letters_of_all_queues_are_grouped_and_redriven_as_one() {
    let app = TestApp::start();
    let mut client = app.client();
    let groups = |client: &mut Client, query: &str| client.get(&format!("/api/v1/failures{query}")).expect(200);
    assert_eq!(groups(&mut client, ""), json!({ "data": [], "jobs": 0, "next_cursor": null }));
    for (queue, error) in [("red", "no host 10.0.0.1"), ("blue", "no host 10.0.0.2"), ("blue", "out of paper")] {
        give_up(&mut client, queue, error);
    }
    let all = groups(&mut client, "");
    assert_eq!(
        (&all["jobs"], &all["next_cursor"], all["data"].as_array().unwrap().len()),
        (&json!(3), &Value::Null, 2)
    );
    let first = &all["data"][0];
    assert_eq!((&first["count"], &first["error"]), (&json!(2), &json!("no host 10.0.0.2")));
    assert_eq!((&first["queues"], &first["kinds"]), (&json!(["blue", "red"]), &json!(["blue.do", "red.do"])));
    assert!(first["first_at"].as_str() <= first["last_at"].as_str());
    assert_eq!(groups(&mut client, "?queue=red")["data"][0]["fingerprint"], first["fingerprint"]);
    assert_eq!(groups(&mut client, "?kind=blue.do")["jobs"], 2);
    assert_eq!(groups(&mut client, "?queue=nowhere")["jobs"], 0);
    let filter = json!({ "error": first["fingerprint"] });
    let dry = json!({ "action": "retry", "filter": filter, "dry_run": true });
    let counted = client.post("/api/v1/jobs/actions", &dry).expect(200);
    assert_eq!((&counted["matched"], &counted["matched_is_exact"]), (&json!(2), &json!(true)));
    assert_eq!(act(&mut client, "retry", filter)["changed"], 2);
    let rest = groups(&mut client, "");
    assert_eq!((&rest["jobs"], &rest["data"][0]["error"]), (&json!(1), &json!("out of paper")));
    assert_eq!(act(&mut client, "delete", json!({ "error": rest["data"][0]["fingerprint"] }))["changed"], 1);
    assert_eq!(groups(&mut client, "")["jobs"], 0);
}

#[test]
fn bad_questions_for_dead_letters_are_refused() {
    let app = TestApp::start();
    let mut client = app.client();
    let cursor = {
        client.post("/api/v1/jobs/batch", &json!({ "jobs": vec![order(); 2] })).expect(201);
        client.get("/api/v1/jobs?limit=1").expect(200)["next_cursor"].as_str().unwrap().to_owned()
    };
    for query in ["queue=%20", "queue=", "cursor=x", "cursor=AQAAAA", "state=failed", "limit=5"] {
        assert_eq!(client.get(&format!("/api/v1/failures?{query}")).status, 422, "{query}");
    }
    let of_another_list = client.get(&format!("/api/v1/failures?cursor={cursor}")).expect(422);
    assert_eq!(of_another_list["errors"][0]["pointer"], "/cursor");
}
