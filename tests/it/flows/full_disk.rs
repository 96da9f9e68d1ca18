//! What goes on while the disk is full: nothing new, and everything that ends work or makes room.

use serde_json::json;

use crate::support::{Client, TestApp};

/// More free space than any disk has.
const NEVER: &str = "8000000GiB";

#[test]
fn what_ends_work_or_makes_room_goes_on_and_nothing_else() {
    let mut app = TestApp::start();
    let mut client = app.client();
    let mut job = || {
        let order = json!({ "queue": "images", "kind": "resize", "payload": {} });
        client.post("/api/v1/jobs", &order).expect(201)["id"].as_str().unwrap().to_owned()
    };
    let (ended, waiting, drained) = (job(), job(), job());
    let mut client = app.client();
    client.post_empty(&format!("/api/v1/jobs/{ended}/cancel")).expect(200);
    let webhook = json!({ "url": "http://127.0.0.1:9/", "events": ["never.sent"] });
    let webhook = client.post("/api/v1/webhooks", &webhook).expect(201)["id"].as_str().unwrap().to_owned();
    client.post("/api/v1/event-types", &json!({ "name": "never.sent" })).expect(201);
    let delivery = pending_delivery(&mut client);
    let template = json!({ "name": "welcome", "subject": "Hi", "text": "Hello" });
    client.post("/api/v1/email-templates", &template).expect(201);

    app.set_option("NOVAPULSE_STORAGE_HARD_FREE", NEVER);
    app.restart();
    let mut client = app.client();
    let order = json!({ "queue": "images", "kind": "resize", "payload": {} });
    let event = json!({ "type": "order.created", "data": {} });
    assert_eq!(client.post("/api/v1/jobs", &order).problem(503), "storage_full");
    assert_eq!(client.post("/api/v1/events", &event).problem(503), "storage_full");
    assert_eq!(client.post_empty(&format!("/api/v1/jobs/{ended}/retry")).problem(503), "storage_full");
    assert_eq!(client.post("/api/v1/queues/images/lease", &json!({})).problem(503), "storage_full");
    client.post_empty(&format!("/api/v1/jobs/{waiting}/cancel")).expect(200);
    assert_eq!(client.post_empty("/api/v1/queues/images/drain").expect(200)["cancelled"], 1);
    for id in [&ended, &waiting, &drained] {
        client.delete(&format!("/api/v1/jobs/{id}")).expect(204);
    }
    let template = json!({ "name": "other", "subject": "Hi", "text": "Hello" });
    assert_eq!(client.post("/api/v1/email-templates", &template).problem(503), "storage_full");
    client.delete("/api/v1/email-templates/welcome").expect(204);
    assert_eq!(client.get("/api/v1/email-templates/welcome").problem(404), "not_found");
    assert_eq!(client.post_empty(&format!("{delivery}/cancel")).expect(200)["state"], "cancelled");
    assert_eq!(client.get(&delivery).expect(200)["state"], "cancelled");
    assert_eq!(client.post_empty(&format!("{delivery}/retry")).problem(503), "storage_full");
    client.delete(&format!("/api/v1/webhooks/{webhook}")).expect(204);
    client.delete("/api/v1/event-types/never.sent").expect(204);
}

/// The address of a delivery that nobody takes, and that waits long for its next attempt.
fn pending_delivery(client: &mut Client) -> String {
    let webhook = json!({
        "url": "http://127.0.0.1:9/", "events": ["kept.waiting"], "retry": { "delays_ms": [3_600_000] }
    });
    client.post("/api/v1/webhooks", &webhook).expect(201);
    let event = client.post("/api/v1/events", &json!({ "type": "kept.waiting", "data": {} })).expect(202);
    let shown = client.get(&format!("/api/v1/events/{}", event["id"].as_str().unwrap())).expect(200);
    format!("/api/v1/deliveries/{}", shown["deliveries"][0]["id"].as_str().unwrap())
}
