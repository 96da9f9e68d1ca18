//! One delivery: shown with its body, tried again, cancelled, replayed; and the inspector.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Client, Received, Receiver, Reply, TestApp, wait_until};

const PATIENCE: Duration = Duration::from_secs(30);

struct World {
    app: TestApp,
    client: Client,
    receiver: Receiver,
    webhook: String,
}

/// A webhook whose deliveries fail at once and for good.
fn failing() -> World {
    let app = TestApp::start();
    let mut client = app.client();
    let receiver = Receiver::answering(|_| Reply::status(500));
    let new = json!({ "url": receiver.url("/"), "events": ["invoice.*"], "retry": { "preset": "none" } });
    let created = client.post("/api/v1/webhooks", &new).expect(201);
    World { app, client, receiver, webhook: format!("/api/v1/webhooks/{}", created["id"].as_str().unwrap()) }
}

impl World {
    fn publish(&mut self, count: usize) {
        for number in 0..count {
            let event = json!({ "type": "invoice.paid", "data": { "number": number } });
            self.client.post("/api/v1/events", &event).expect(202);
        }
    }

    fn wait_for(&mut self, state: &str, count: usize) -> Vec<Value> {
        let mut found = Vec::new();
        wait_until(&format!("{count} are {state}"), PATIENCE, || {
            let log = self.client.get(&format!("{}/logs?state={state}&limit=250", self.webhook)).expect(200);
            found = log["data"].as_array().unwrap().clone();
            found.len() >= count
        });
        found
    }
}

#[test]
fn a_failed_delivery_is_shown_with_its_body_and_tried_again() {
    let mut world = failing();
    world.publish(1);
    let failed = world.wait_for("failed", 1).remove(0);
    let path = format!("/api/v1/deliveries/{}", failed["id"].as_str().unwrap());
    let shown = world.client.get(&path).expect(200);
    assert_eq!((&shown["state"], &shown["last_error"]), (&json!("failed"), &json!("the receiver answered 500")));
    let received = world.receiver.wait_for(1).remove(0);
    assert_eq!(shown["body"], received.json());
    let headers = &shown["attempts"][0]["request"]["headers"];
    for name in ["x-novapulse-signature", "webhook-signature", "webhook-id", "webhook-timestamp"] {
        assert_eq!(headers[name].as_str(), received.header(name), "{name}");
    }

    world.receiver.set_reply(|_| Reply::status(200));
    let retried = world.client.post_empty(&format!("{path}/retry")).expect(202);
    assert_eq!((&retried["id"], &retried["state"]), (&failed["id"], &json!("pending")));
    world.wait_for("succeeded", 1);
    let again = world.receiver.wait_for(2).remove(1);
    let same = |name: &str, left: &Received, right: &Received| left.header(name) == right.header(name);
    assert!(same("webhook-id", &received, &again) && same("x-novapulse-delivery-id", &received, &again));
    assert_eq!(received.body, again.body);
    assert_eq!(world.client.get(&path).expect(200)["attempts"].as_array().unwrap().len(), 2);
    assert_eq!(world.client.post_empty(&format!("{path}/cancel")).problem(409), "conflict");
}

#[test]
fn a_waiting_delivery_is_cancelled() {
    let mut world = failing();
    let patch = json!({ "retry": { "delays_ms": [3_600_000] } });
    world.client.patch(&world.webhook, &patch).expect(200);
    world.publish(1);
    world.receiver.wait_for(1);
    let mut waiting = Value::Null;
    wait_until("it waits for its retry", PATIENCE, || {
        waiting = world.client.get(&format!("{}/logs?state=pending", world.webhook)).expect(200)["data"][0].clone();
        waiting["next_attempt_at"].is_string()
    });
    let path = format!("/api/v1/deliveries/{}", waiting["id"].as_str().unwrap());
    let cancelled = world.client.post_empty(&format!("{path}/cancel")).expect(200);
    assert_eq!((&cancelled["state"], &cancelled["next_attempt_at"]), (&json!("cancelled"), &Value::Null));
    assert_eq!(world.client.post_empty(&format!("{path}/cancel")).problem(409), "conflict");
    let job = world.client.get(&format!("/api/v1/jobs/{}", waiting["job_id"].as_str().unwrap())).expect(200);
    assert_eq!(job["state"], "cancelled");
}

#[test]
fn deliveries_that_are_not_there_answer_404() {
    let app = TestApp::start();
    let mut client = app.client();
    for id in ["dlv_00000000000000000000000001", "dlv_x", "wh_00000000000000000000000001"] {
        let path = format!("/api/v1/deliveries/{id}");
        for answer in [
            client.get(&path),
            client.post_empty(&format!("{path}/retry")),
            client.post_empty(&format!("{path}/cancel")),
        ] {
            assert_eq!(answer.problem(404), "not_found", "{id}");
        }
    }
}

#[test]
fn a_replay_counts_first_and_delivers_each_once() {
    let mut world = failing();
    world.publish(5);
    world.wait_for("failed", 5);
    world.receiver.set_reply(|_| Reply::status(200));
    let path = format!("{}/replay", world.webhook);
    let replay = |is_dry: bool| json!({ "since": "2020-01-01T00:00:00Z", "dry_run": is_dry });
    let counted = world.client.post(&path, &replay(true)).expect(200);
    assert_eq!(counted, json!({ "matched": 5, "is_complete": true, "job_id": null }));
    assert_eq!(world.receiver.received().len(), 5);
    let body = replay(false).to_string();
    let mut keyed = || world.client.send("POST", &path, &[("idempotency-key", "once")], Some(body.as_bytes()));
    let begun = keyed().expect(202);
    assert_eq!(keyed().expect(202), begun, "the same key begins nothing");
    assert!(begun["job_id"].as_str().unwrap().starts_with("job_"), "{begun}");
    let succeeded = world.wait_for("succeeded", 5);
    assert!(succeeded.iter().all(|one| one["trigger"] == "replay"));
    assert_eq!(world.receiver.wait_for(10).len(), 10);
    for (body, pointer) in [
        (json!({}), "/since"),
        (json!({ "since": "2020-01-01T00:00:00Z", "until": "2019-01-01T00:00:00Z" }), "/until"),
        (json!({ "since": "2020-01-01T00:00:00Z", "states": ["pending"] }), "/states/0"),
        (json!({ "since": "2020-01-01T00:00:00Z", "colour": 1 }), "/colour"),
    ] {
        let answer = world.client.post(&path, &body);
        assert_eq!(answer.problem(422), "validation_failed", "{body}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{body}");
    }
    world.client.patch(&world.webhook, &json!({ "enabled": false })).expect(200);
    assert_eq!(world.client.post(&path, &replay(false)).problem(409), "conflict");
    assert_eq!(world.client.delete(&world.webhook).status, 204);
    assert_eq!(world.client.post(&path, &replay(false)).problem(404), "not_found");
    let kept = world.client.send("POST", &path, &[("idempotency-key", "once")], Some(body.as_bytes()));
    assert_eq!(kept.expect(202), begun, "the answer is kept longer than the webhook");
}

#[test]
fn pending_deliveries_survive_a_kill() {
    let mut world = failing();
    world.client.patch(&world.webhook, &json!({ "retry": { "delays_ms": [500, 500, 500, 500] } })).expect(200);
    world.publish(3);
    world.receiver.wait_for(3);
    world.app.kill9();
    world.receiver.set_reply(|_| Reply::status(200));
    world.app.start_again();
    world.client = world.app.client();
    assert_eq!(world.wait_for("succeeded", 3).len(), 3);
}

#[test]
fn the_inspector_shows_what_it_is_sent_and_answers_as_told() {
    let app = TestApp::start();
    let mut client = app.client();
    let path = client.post_empty("/api/v1/play").expect(201)["path"].as_str().unwrap().to_owned();
    let mut browser = app.anonymous();
    let page = browser.get(&path);
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(!page.text().contains("<script>"), "no script within the page");
    for asset in ["/play/-/inspector.js", "/play/-/inspector.css"] {
        assert!(page.text().contains(asset) && browser.get(asset).status == 200, "{asset}");
    }

    let answer = json!({ "status": 503, "delay_ms": 0 }).to_string();
    assert_eq!(browser.send("PUT", &format!("{path}/settings"), &[], Some(answer.as_bytes())).status, 200);
    let new = json!({ "url": format!("{}{path}", app.url()), "events": ["invoice.*"] });
    let created = client.post("/api/v1/webhooks", &new).expect(201);
    let tested = client.post_empty(&format!("/api/v1/webhooks/{}/test", created["id"].as_str().unwrap())).expect(200);
    assert_eq!(tested["status"], 503);
    let shown = browser.get(&format!("{path}/requests")).expect(200);
    assert_eq!((&shown["total"], &shown["status"]), (&json!(1), &json!(503)));
    assert_eq!((&shown["requests"][0]["is_signed"], &shown["requests"][0]["method"]), (&json!(true), &json!("POST")));
    assert!(shown["requests"][0]["body"].as_str().unwrap().contains("webhook.test"));
    assert_eq!(browser.get(&format!("{path}/requests?after=1")).expect(200)["requests"], json!([]));

    for body in [json!({ "status": 99, "delay_ms": 0 }), json!({ "status": 200, "delay_ms": 60_000 })] {
        let refused = browser.send("PUT", &format!("{path}/settings"), &[], Some(body.to_string().as_bytes()));
        assert_eq!(refused.problem(422), "validation_failed");
    }
    assert_eq!(browser.delete(&format!("{path}/requests")).status, 204);
    assert_eq!(browser.get(&format!("{path}/requests")).expect(200)["requests"], json!([]));
    for path in ["/play/00000000000000000000000000", "/play/made-up"] {
        assert_eq!(browser.post(path, &json!({})).problem(404), "not_found", "{path}");
    }
}
