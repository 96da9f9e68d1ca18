//! Event in, signed webhook out: retries, restarts, crashes, refusals, isolation; with the real binary.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{Client, Receiver, Reply, TestApp, wait_until};

const PATIENCE: Duration = Duration::from_mins(1);

fn create_webhook(client: &mut Client, url: &str, retry: &Value) -> Value {
    let body = json!({ "url": url, "events": ["invoice.*"], "retry": retry });
    client.post("/api/v1/webhooks", &body).expect(201)
}

fn publish(client: &mut Client, number: u64) -> String {
    let event = json!({ "type": "invoice.paid", "data": { "number": number } });
    client.post("/api/v1/events", &event).expect(202)["id"].as_str().unwrap().to_owned()
}

fn deliveries(client: &mut Client, event: &str) -> Vec<Value> {
    client.get(&format!("/api/v1/events/{event}")).expect(200)["deliveries"].as_array().unwrap().clone()
}

fn wait_for_state(client: &mut Client, event: &str, state: &str) -> Value {
    let mut found = Value::Null;
    wait_until(&format!("the delivery of {event} is {state}"), PATIENCE, || {
        found = deliveries(client, event).first().cloned().unwrap_or_default();
        found["state"] == state
    });
    found
}

#[test]
fn a_failed_attempt_is_repeated_byte_for_byte_under_the_same_id() {
    let app = TestApp::start();
    let mut client = app.client();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let receiver =
        Receiver::answering(move |_| Reply::status(if counted.fetch_add(1, Ordering::SeqCst) < 2 { 500 } else { 200 }));
    let retry = json!({ "delays_ms": [1000, 1000, 1000] });
    create_webhook(&mut client, &receiver.url("/hook"), &retry);
    let event = publish(&mut client, 1);

    let requests = receiver.wait_for(3);
    wait_for_state(&mut client, &event, "succeeded");
    let first = requests.first().unwrap();
    assert_eq!(first.json()["id"], event.as_str());
    assert_eq!(first.json()["data"], json!({ "number": 1 }));
    for request in &requests {
        assert_eq!(request.body, first.body);
        assert_eq!(request.header("webhook-id"), Some(event.as_str()));
        assert_eq!(request.header("x-novapulse-event"), Some("invoice.paid"));
        assert!(request.header("x-novapulse-signature").unwrap().starts_with("sha256="));
        assert!(request.header("webhook-signature").unwrap().starts_with("v1,"));
    }
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}

#[test]
fn a_webhook_with_a_rate_gets_everything_at_that_rate() {
    let app = TestApp::start();
    let mut client = app.client();
    let receiver = Receiver::answering(|_| Reply::status(200));
    let body = json!({ "url": receiver.url("/slowly"), "events": ["invoice.*"], "rate_limit": 10 });
    client.post("/api/v1/webhooks", &body).expect(201);
    let begun = Instant::now();
    for number in 0..8 {
        publish(&mut client, number);
    }
    // Nothing else happens meanwhile that could wake the queue.
    receiver.wait_for(8);
    assert!(begun.elapsed() >= Duration::from_millis(600), "eight at ten per second take 0.7 s");
}

#[test]
fn what_waits_survives_a_restart_and_a_kill() {
    let mut app = TestApp::start();
    let receiver = Receiver::answering(|_| Reply::status(503));
    let retry = json!({ "delays_ms": [1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000] });
    let mut client = app.client();
    create_webhook(&mut client, &receiver.url("/hook"), &retry);
    let events: Vec<String> = (0..4).map(|number| publish(&mut client, number)).collect();
    receiver.wait_for(4);

    app.restart();
    app.kill9();
    receiver.set_reply(|_| Reply::status(200));
    app.start_again();

    let mut client = app.client();
    for event in &events {
        wait_for_state(&mut client, event, "succeeded");
    }
    let mut seen: Vec<String> =
        receiver.received().iter().filter_map(|request| request.header("webhook-id").map(str::to_owned)).collect();
    seen.sort();
    seen.dedup();
    let mut wanted = events;
    wanted.sort();
    assert_eq!(seen, wanted);
}

#[test]
fn a_hanging_receiver_does_not_hold_up_another() {
    let app = TestApp::start();
    let mut client = app.client();
    let hanging = Receiver::answering(|_| Reply::silence());
    let healthy = Receiver::start();
    create_webhook(&mut client, &hanging.url("/hook"), &json!({ "max_retries": 0 }));
    create_webhook(&mut client, &healthy.url("/hook"), &json!({ "max_retries": 0 }));
    let events: Vec<Value> =
        (0..200).map(|number| json!({ "type": "invoice.paid", "data": { "number": number } })).collect();
    client.post("/api/v1/events/batch", &json!({ "events": events })).expect(202);
    assert_eq!(healthy.wait_for(200).len(), 200);
    assert!(hanging.received().len() <= 10, "more than the limit of one webhook at once");
}

#[test]
fn a_receiver_that_becomes_unreachable_is_told_in_words() {
    let app = TestApp::start();
    let mut client = app.client();
    // A port that was free a moment ago and where nobody listens.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    create_webhook(&mut client, &format!("http://127.0.0.1:{port}/hook"), &json!({ "max_retries": 0 }));
    let event = publish(&mut client, 1);
    let delivery = wait_for_state(&mut client, &event, "failed");
    let delivery = client.get(&format!("/api/v1/deliveries/{}", delivery["id"].as_str().unwrap())).expect(200);
    let attempt = &delivery["attempts"][0];
    assert_eq!(attempt["succeeded"], false, "{delivery}");
    assert!(attempt["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{delivery}");
}

#[test]
fn a_deleted_webhook_receives_nothing_more() {
    let app = TestApp::start();
    let mut client = app.client();
    let receiver = Receiver::answering(|_| Reply::status(500));
    let webhook = create_webhook(&mut client, &receiver.url("/hook"), &json!({ "delays_ms": [1000] }));
    let event = publish(&mut client, 1);
    receiver.wait_for(1);
    let path = format!("/api/v1/webhooks/{}", webhook["id"].as_str().unwrap());
    assert_eq!(client.delete(&path).status, 204);
    let ended = |client: &mut Client| deliveries(client, &event).iter().all(|delivery| delivery["state"] != "pending");
    wait_until("nothing is pending", PATIENCE, || ended(&mut client));
    assert_eq!(receiver.received().len(), 1);
    assert_eq!(client.get(&path).problem(404), "not_found");
}
