//! Events and their catalogue: accepted once, shown with their deliveries, refused with reasons.

use serde_json::{Value, json};

use crate::support::{Client, Receiver, TestApp, redacted};

fn event(event_type: &str) -> Value {
    json!({ "type": event_type, "data": { "amount": 12.50, "list": [1, "two", null] } })
}

fn pointers(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().unwrap().iter().map(|one| one["pointer"].as_str().unwrap()).collect()
}

fn invalid(client: &mut Client, path: &str, body: &Value) -> Value {
    let answer = client.post(path, body);
    assert_eq!(answer.problem(422), "validation_failed", "{body}");
    answer.json()
}

#[test]
fn an_event_is_accepted_shown_and_listed() {
    let app = TestApp::start();
    let mut client = app.client();
    let receiver = Receiver::start();
    client.post("/api/v1/webhooks", &json!({ "url": receiver.url("/"), "events": ["invoice.*"] })).expect(201);
    let accepted = client.post("/api/v1/events", &event("invoice.paid")).expect(202);
    assert_eq!(
        redacted(&accepted),
        json!({ "id": "[evt]", "type": "invoice.paid", "deliveries": 1, "duplicate": false })
    );
    receiver.wait_for(1);
    let shown = client.get(&format!("/api/v1/events/{}", accepted["id"].as_str().unwrap())).expect(200);
    assert_eq!(shown["data"], event("invoice.paid")["data"]);
    assert_eq!(shown["delivery_count"], 1);
    assert_eq!(shown["deliveries"][0]["event_id"], accepted["id"]);
    let listed = client.get("/api/v1/events?type=invoice.paid").expect(200);
    assert_eq!((listed["data"].as_array().unwrap().len(), &listed["next_cursor"]), (1, &Value::Null));
    assert_eq!(listed["data"][0]["id"], accepted["id"]);
    assert!(listed["data"][0].get("deliveries").is_none());
}

#[test]
fn a_given_id_makes_publishing_idempotent() {
    let app = TestApp::start();
    let mut client = app.client();
    let with_id = |data: Value| json!({ "type": "invoice.paid", "data": data, "id": "invoice-7:paid" });
    let first = client.post("/api/v1/events", &with_id(json!({ "a": 1 }))).expect(202);
    assert_eq!(first["id"], "invoice-7:paid");
    let again = client.post("/api/v1/events", &with_id(json!({ "a": 1 }))).expect(202);
    assert_eq!(
        (&again["id"], &again["deliveries"], &again["duplicate"]),
        (&first["id"], &first["deliveries"], &json!(true))
    );
    let other = client.post("/api/v1/events", &with_id(json!({ "a": 2 })));
    assert_eq!(other.problem(409), "conflict");
    let shown = client.get("/api/v1/events/invoice-7:paid").expect(200);
    assert_eq!(shown["data"], json!({ "a": 1 }));
    let batch = json!({ "events": [event("invoice.sent"), with_id(json!({ "a": 3 }))] });
    assert_eq!(client.post("/api/v1/events/batch", &batch).problem(409), "conflict");
    let listed = client.get("/api/v1/events?type=invoice.sent").expect(200);
    assert_eq!(listed["data"], json!([]), "a refused batch leaves nothing behind");
}

#[test]
fn refused_events_name_what_is_wrong() {
    let app = TestApp::start();
    let mut client = app.client();
    let path = "/api/v1/events";
    for (body, pointer) in [
        (json!({ "data": {} }), "/type"),
        (json!({ "type": "a" }), "/data"),
        (json!({ "type": 5, "data": {} }), "/type"),
        (json!({ "type": "a..b", "data": {} }), "/type"),
        (json!({ "type": "order.*", "data": {} }), "/type"),
        (json!({ "type": "x".repeat(129), "data": {} }), "/type"),
        (json!({ "type": "a", "data": {}, "id": "has.dot" }), "/id"),
        (json!({ "type": "a", "data": {}, "id": "" }), "/id"),
        (json!({ "type": "a", "data": {}, "colour": "red" }), "/colour"),
        (json!({ "type": "a", "data": "x".repeat(1 << 20) }), "/data"),
    ] {
        assert_eq!(pointers(&invalid(&mut client, path, &body)), [pointer], "{body}");
    }
    let batch = json!({ "events": [event("a"), { "type": "b!", "data": 1 }] });
    assert_eq!(pointers(&invalid(&mut client, "/api/v1/events/batch", &batch)), ["/events/1/type"]);
    assert_eq!(pointers(&invalid(&mut client, "/api/v1/events/batch", &json!({ "events": [] }))), ["/events"]);
    let many: Vec<Value> = (0..1001).map(|number| json!({ "type": "a", "data": number })).collect();
    assert_eq!(pointers(&invalid(&mut client, "/api/v1/events/batch", &json!({ "events": many }))), ["/events"]);
    for path in ["/api/v1/events/evt_00000000000000000000000001", "/api/v1/events/nothing", "/api/v1/events/a.b"] {
        assert_eq!(client.get(path).problem(404), "not_found", "{path}");
        assert_eq!(client.post_empty(&format!("{path}/replay")).problem(404), "not_found", "{path}");
    }
    for query in ["limit=0", "limit=251", "cursor=x", "since=yesterday", "colour=red"] {
        assert_eq!(client.get(&format!("{path}?{query}")).problem(422), "validation_failed", "{query}");
    }
}

#[test]
fn a_batch_of_a_thousand_is_accepted_and_pages_through() {
    let app = TestApp::start();
    let mut client = app.client();
    let many: Vec<Value> = (0..1000).map(|number| json!({ "type": "tick", "data": number })).collect();
    let accepted = client.post("/api/v1/events/batch", &json!({ "events": many })).expect(202);
    assert_eq!(accepted["events"].as_array().unwrap().len(), 1000);
    let (mut numbers, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/api/v1/events?type=tick&limit=250{cursor}")).expect(200);
        numbers.extend(page["data"].as_array().unwrap().iter().map(|one| one["data"].as_i64().unwrap()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(numbers, (0..1000).rev().collect::<Vec<i64>>());
}

#[test]
fn a_page_of_large_events_ends_early() {
    let app = TestApp::start();
    let mut client = app.client();
    let large = json!({ "type": "large", "data": "x".repeat((1 << 20) - 2) });
    for _ in 0..10 {
        client.post("/api/v1/events", &large).expect(202);
    }
    let page = client.get("/api/v1/events?type=large&limit=250").expect(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 8, "8 MiB");
    let next = page["next_cursor"].as_str().unwrap();
    let page = client.get(&format!("/api/v1/events?type=large&limit=250&cursor={next}")).expect(200);
    assert_eq!((page["data"].as_array().unwrap().len(), &page["next_cursor"]), (2, &Value::Null));
}

#[test]
fn numbers_nobody_can_read_are_refused() {
    let app = TestApp::start();
    let mut client = app.client();
    let mut send = |data: &str| {
        let body = format!(r#"{{"type":"a","data":{data}}}"#);
        client.send("POST", "/api/v1/events", &[], Some(body.as_bytes()))
    };
    for data in ["1e999".to_owned(), r#"{"a":[-2E+400]}"#.to_owned(), "9".repeat(400)] {
        let refused = send(&data);
        assert_eq!(refused.problem(422), "validation_failed", "{data}");
        assert_eq!(pointers(&refused.json()), ["/data"], "{data}");
    }
    for data in ["1e300".to_owned(), r#""1e999 \" 9e999""#.to_owned(), "1e-999".to_owned(), "9".repeat(300)] {
        send(&data).expect(202);
    }
}

#[test]
fn event_types_are_kept_with_schema_and_example() {
    let app = TestApp::start();
    let mut client = app.client();
    let path = "/api/v1/event-types";
    let schema = json!({ "type": "object", "required": ["id"], "properties": { "id": { "type": "integer" } } });
    let new = json!({ "name": "invoice.paid", "description": "Paid", "schema": schema, "example": { "id": 1 } });
    let created = client.post(path, &new).expect(201);
    assert_eq!((&created["name"], &created["schema"]), (&new["name"], &schema));
    assert_eq!(client.post(path, &new).problem(409), "conflict");
    let changed =
        client.patch(&format!("{path}/invoice.paid"), &json!({ "description": null, "example": { "id": 2 } }));
    let changed = changed.expect(200);
    assert_eq!((&changed["description"], &changed["example"]), (&json!(""), &json!({ "id": 2 })));
    client.post(path, &json!({ "name": "invoice.lost" })).expect(201);
    let page = client.get(&format!("{path}?limit=1")).expect(200);
    assert_eq!(page["data"][0]["name"], "invoice.lost");
    let cursor = page["next_cursor"].as_str().unwrap();
    let page = client.get(&format!("{path}?limit=1&cursor={cursor}")).expect(200);
    assert_eq!((&page["data"][0]["name"], &page["next_cursor"]), (&json!("invoice.paid"), &Value::Null));
    assert_eq!(client.delete(&format!("{path}/invoice.paid")).status, 204);
    assert_eq!(client.get(&format!("{path}/invoice.paid")).problem(404), "not_found");
    assert_eq!(client.delete(&format!("{path}/invoice.paid")).problem(404), "not_found");
}

#[test]
fn one_of_many_that_change_what_they_have_seen_wins() {
    let app = TestApp::start();
    let path = "/api/v1/event-types/invoice.paid";
    let mut client = app.client();
    client.post("/api/v1/event-types", &json!({ "name": "invoice.paid" })).expect(201);
    let tag = client.get(path).header("etag").unwrap().to_owned();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let change = |number: usize| {
            let (app, tag) = (&app, &tag);
            scope.spawn(move || {
                let body = json!({ "description": format!("change {number}") }).to_string();
                app.client().send("PATCH", path, &[("if-match", tag)], Some(body.as_bytes())).status
            })
        };
        let running: Vec<_> = (0..16).map(change).collect();
        running.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 15, "{statuses:?}");
}

#[test]
fn refused_event_types_name_what_is_wrong() {
    let app = TestApp::start();
    let mut client = app.client();
    let path = "/api/v1/event-types";
    for (body, pointer) in [
        (json!({ "name": "a b" }), "/name"),
        (json!({ "name": "a", "description": "x".repeat(1001) }), "/description"),
        (json!({ "name": "a", "schema": "text" }), "/schema"),
        (json!({ "name": "a", "schema": { "type": "no such type" } }), "/schema/type"),
        (json!({ "name": "a", "schema": { "$ref": "http://127.0.0.1/schema" } }), "/schema"),
        (json!({ "name": "a", "schema": { "type": "object" }, "example": 5 }), "/example"),
        (json!({ "name": "a", "schema": { "description": "x".repeat(70_000) } }), "/schema"),
        (json!({ "name": "a", "colour": "red" }), "/colour"),
    ] {
        let problem = invalid(&mut client, path, &body);
        assert!(pointers(&problem)[0].starts_with(pointer), "{problem}");
    }
    let mut definitions = json!({ "d40": { "type": "integer" } });
    for number in 0..40 {
        let next = json!({ "$ref": format!("#/$defs/d{}", number + 1) });
        definitions[format!("d{number}")] = json!({ "allOf": [next, next] });
    }
    let schema = json!({ "$ref": "#/$defs/d0", "$defs": definitions });
    let problem = invalid(&mut client, path, &json!({ "name": "a", "schema": schema, "example": 1 }));
    assert_eq!(pointers(&problem), ["/schema"], "what would be checked for ever is not begun");
    client.post(path, &json!({ "name": "a", "example": 5 })).expect(201);
    let refused = client.patch(&format!("{path}/a"), &json!({ "schema": { "type": "object" } }));
    assert_eq!(refused.problem(422), "validation_failed", "the example it has does not conform");
}

#[test]
fn an_event_is_delivered_again_when_replayed() {
    let app = TestApp::start();
    let mut client = app.client();
    let receiver = Receiver::start();
    client.post("/api/v1/webhooks", &json!({ "url": receiver.url("/"), "events": ["invoice.paid"] })).expect(201);
    let id = client.post("/api/v1/events", &event("invoice.paid")).expect(202)["id"].as_str().unwrap().to_owned();
    receiver.wait_for(1);
    let replayed = client.post_empty(&format!("/api/v1/events/{id}/replay")).expect(202);
    assert_eq!(replayed, json!({ "id": id, "deliveries": 1 }));
    let received = receiver.wait_for(2);
    assert_eq!(received[0].body, received[1].body);
    assert_eq!(received[0].header("webhook-id"), received[1].header("webhook-id"));
    assert_ne!(received[0].header("x-novapulse-delivery-id"), received[1].header("x-novapulse-delivery-id"));
    let shown = client.get(&format!("/api/v1/events/{id}")).expect(200);
    let triggers: Vec<&Value> = shown["deliveries"].as_array().unwrap().iter().map(|one| &one["trigger"]).collect();
    assert_eq!(shown["delivery_count"], 2);
    assert_eq!(triggers, ["event", "replay"]);
}

#[test]
fn nobody_but_the_server_publishes_what_it_says_about_webhooks() {
    let app = TestApp::start();
    let mut client = app.client();
    for reserved in ["webhook.test", "webhook.disabled"] {
        let answer = client.post("/api/v1/events", &json!({ "type": reserved, "data": {} }));
        assert_eq!(answer.problem(422), "validation_failed", "{reserved}");
        assert_eq!(answer.json()["errors"][0]["pointer"], "/type");
        assert!(answer.text().contains("is reserved"), "{}", answer.text());
        let batch = json!({ "events": [{ "type": "fine", "data": {} }, { "type": reserved, "data": {} }] });
        let answer = client.post("/api/v1/events/batch", &batch);
        assert_eq!(answer.problem(422), "validation_failed", "{reserved}");
        assert_eq!(answer.json()["errors"][0]["pointer"], "/events/1/type");
    }
}
