//! Webhooks: created with a secret, changed, rotated, tested, counted, deleted, and every refusal.

use serde_json::{Value, json};

use crate::support::{Client, Receiver, Reply, TestApp, redacted};

const PATH: &str = "/api/v1/webhooks";

fn create(client: &mut Client, changes: &Value) -> Value {
    let mut body = json!({ "url": "http://127.0.0.1:9/hook", "events": ["invoice.*"] });
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    client.post(PATH, &body).expect(201)
}

fn at(webhook: &Value) -> String {
    format!("{PATH}/{}", webhook["id"].as_str().unwrap())
}

#[test]
fn a_webhook_is_created_with_its_secret_and_shown_without() {
    let app = TestApp::start();
    let mut client = app.client();
    let created = create(&mut client, &json!({ "headers": { "Authorization": "Bearer x", "X-Tenant": "blue" } }));
    assert!(created["secret"].as_str().unwrap().starts_with("whsec_"), "{created}");
    let shown = client.get(&at(&created)).expect(200);
    assert_eq!(
        redacted(&shown),
        json!({
            "id": "[wh]",
            "url": "http://127.0.0.1:9/hook",
            "events": ["invoice.*"],
            "description": "",
            "enabled": true,
            "disabled_reason": null,
            "disabled_at": null,
            "headers": { "Authorization": "***", "X-Tenant": "blue" },
            "retry": {
                "preset": "default", "max_attempts": 4, "delays_ms": [5000, 10000, 20000], "jitter": 0.2
            },
            "timeout_ms": null,
            "rate_limit": null,
            "ordered": false,
            "filter": null,
            "ed25519": false,
            "created_at": "[time]",
            "updated_at": "[time]",
        })
    );
    let secret = client.get(&format!("{}/secret", at(&created))).expect(200);
    assert_eq!(secret, json!({ "secret": created["secret"], "public_key": null, "previous": null }));
    let given = create(&mut client, &json!({ "secret": "It's a Secret to Everybody" }));
    assert!(given.get("secret").is_none(), "a secret that was given is not answered");
    let listed = client.get(&format!("{PATH}?limit=2")).expect(200);
    let ids: Vec<&Value> = listed["data"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert_eq!(ids, [&given["id"], &created["id"]], "newest first");
    assert!(listed["next_cursor"].is_string(), "the demo's own webhook is on the next page");
}

#[test]
fn refused_settings_are_named_and_create_nothing() {
    let app = TestApp::start();
    let mut client = app.client();
    let count = |client: &mut Client| client.get(PATH).expect(200)["data"].as_array().unwrap().len();
    let before = count(&mut client);
    for (changes, pointer) in [
        (json!({ "url": "ftp://example.com/" }), "/url"),
        (json!({ "url": "https://user:secret@example.com/" }), "/url"),
        (json!({ "url": "http://169.254.169.254/latest/meta-data" }), "/url"),
        (json!({ "url": "http://[64:ff9b::a9fe:a9fe]/" }), "/url"),
        (json!({ "url": "http://10.1.2.3/" }), "/url"),
        (json!({ "url": "http://0x0a.1/" }), "/url"),
        (json!({ "url": "/relative" }), "/url"),
        (json!({ "events": [] }), "/events"),
        (json!({ "events": ["order.*.created"] }), "/events/0"),
        (json!({ "events": (0..101).map(|n| format!("t.{n}")).collect::<Vec<_>>() }), "/events"),
        (json!({ "headers": { "Host": "x" } }), "/headers/Host"),
        (json!({ "headers": { "webhook-id": "x" } }), "/headers/webhook-id"),
        (json!({ "headers": { "X-A": "line\r\nbreak" } }), "/headers/X-A"),
        (json!({ "headers": { "X-A": 5 } }), "/headers/X-A"),
        (json!({ "retry": { "preset": "eager" } }), "/retry/preset"),
        (json!({ "retry": { "max_retries": 31 } }), "/retry"),
        (json!({ "retry": { "delays_ms": [700_000_000] } }), "/retry"),
        (json!({ "retry": { "delays_ms": [1], "base_ms": 1 } }), "/retry"),
        (json!({ "retry": { "jitter": 2 } }), "/retry/jitter"),
        (json!({ "timeout_ms": 60_000 }), "/timeout_ms"),
        (json!({ "timeout_ms": -1 }), "/timeout_ms"),
        (json!({ "rate_limit": 0 }), "/rate_limit"),
        (json!({ "filter": { "amount": { "$near": 5 } } }), "/filter/amount/$near"),
        (json!({ "filter": [] }), "/filter"),
        (json!({ "filter": { "a": "x".repeat(16 * 1024) } }), "/filter"),
        (json!({ "secret": "too short" }), "/secret"),
        (json!({ "secret": "whsec_!!!!" }), "/secret"),
        (json!({ "colour": "red" }), "/colour"),
    ] {
        let mut body = json!({ "url": "https://example.com/hook", "events": ["*"] });
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        let answer = client.post(PATH, &body);
        assert_eq!(answer.problem(422), "validation_failed", "{changes}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{}", answer.text());
    }
    assert_eq!(count(&mut client), before);
}

#[test]
fn an_address_is_checked_before_it_is_saved() {
    let app = TestApp::start();
    let mut client = app.client();
    let path = format!("{PATH}/check");
    let before = client.get(PATH).expect(200)["data"].clone();
    assert_eq!(
        client.post(&path, &json!({ "url": "http://127.0.0.1:9/hook" })).expect(200),
        json!({ "is_https": false })
    );
    assert_eq!(
        client.post(&path, &json!({ "url": "https://93.184.215.14/" })).expect(200),
        json!({ "is_https": true })
    );
    for url in ["ftp://example.com/", "http://10.1.2.3/", "https://user:secret@example.com/", "/relative", ""] {
        let answer = client.post(&path, &json!({ "url": url }));
        assert_eq!(answer.problem(422), "validation_failed", "{url}");
        assert_eq!(answer.json()["errors"][0]["pointer"], "/url", "{}", answer.text());
    }
    assert_eq!(client.get(PATH).expect(200)["data"], before);
}

#[test]
fn a_patch_merges_and_honours_if_match() {
    let app = TestApp::start();
    let mut client = app.client();
    let created = create(
        &mut client,
        &json!({ "headers": { "X-Api-Key": "k", "X-B": "b" }, "filter": { "a": 1, "b": 2 }, "rate_limit": 5 }),
    );
    let path = at(&created);
    let tag = client.get(&path).header("etag").unwrap().to_owned();
    let patch = json!({
        "headers": { "X-B": null, "X-C": "c", "X-Api-Key": "***" }, "filter": { "a": null, "c": { "$gt": 3 } },
        "rate_limit": null, "retry": { "preset": "standard" }, "description": "changed",
    });
    let send = |client: &mut Client, tag: &str, body: &Value| {
        client.send("PATCH", &path, &[("if-match", tag)], Some(body.to_string().as_bytes()))
    };
    let changed = send(&mut client, &tag, &patch).expect(200);
    assert_eq!(changed["headers"], json!({ "X-Api-Key": "***", "X-C": "c" }));
    assert_eq!(changed["filter"], json!({ "b": 2, "c": { "$gt": 3 } }));
    assert_eq!((&changed["rate_limit"], &changed["retry"]["preset"]), (&Value::Null, &json!("standard")));
    assert_eq!((&changed["url"], &changed["description"]), (&created["url"], &json!("changed")));
    assert_eq!(send(&mut client, &tag, &json!({ "enabled": false })).problem(412), "precondition_failed");
    for (body, pointer) in [
        (json!({ "url": null }), "/url"),
        (json!({ "url": "http://10.0.0.1/" }), "/url"),
        (json!({ "events": [] }), "/events"),
        (json!({ "secret": null }), "/secret"),
        (json!({ "headers": { "X-Not-There": "***" } }), "/headers/X-Not-There"),
        (json!({ "id": "wh_00000000000000000000000001" }), "/id"),
    ] {
        let answer = client.patch(&path, &body);
        assert_eq!(answer.problem(422), "validation_failed", "{body}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{body}");
    }
    let disabled = client.patch(&path, &json!({ "enabled": false })).expect(200);
    assert_eq!((&disabled["enabled"], &disabled["disabled_reason"]), (&json!(false), &json!("owner")));
    let enabled = client.patch(&path, &json!({ "enabled": true })).expect(200);
    assert_eq!((&enabled["enabled"], &enabled["disabled_at"]), (&json!(true), &Value::Null));
}

#[test]
fn the_key_kept_behind_the_mask_is_still_sent() {
    let app = TestApp::start();
    let mut client = app.client();
    let receiver = Receiver::start();
    let created = create(&mut client, &json!({ "url": receiver.url("/"), "headers": { "X-Api-Key": "real" } }));
    client.patch(&at(&created), &json!({ "headers": { "X-Api-Key": "***" } })).expect(200);
    client.post_empty(&format!("{}/test", at(&created))).expect(200);
    assert_eq!(receiver.wait_for(1)[0].header("x-api-key"), Some("real"));
}

#[test]
fn a_test_of_a_silent_receiver_is_answered_within_the_request() {
    let app = TestApp::start_with(&[("NOVAPULSE_SERVER_REQUEST_TIMEOUT_MS", "3000")]);
    let mut client = app.client();
    let receiver = Receiver::answering(|_| Reply::silence());
    let created = create(&mut client, &json!({ "url": receiver.url("/"), "timeout_ms": 30_000 }));
    let tested = client.post_empty(&format!("{}/test", at(&created))).expect(200);
    assert_eq!((&tested["state"], &tested["failure"]), (&json!("failed"), &json!("timeout")), "{tested}");
    let log = client.get(&format!("{}/logs", at(&created))).expect(200);
    assert_eq!(log["data"][0]["id"], tested["delivery_id"]);
}

#[test]
fn secrets_rotate_with_an_overlap() {
    let app = TestApp::start();
    let mut client = app.client();
    let created = create(&mut client, &json!({ "ed25519": true }));
    let path = format!("{}/rotate-secret", at(&created));
    let rotated = client.post(&path, &json!({ "grace_seconds": 60 })).expect(200);
    assert_ne!(rotated["secret"], created["secret"]);
    assert_eq!(rotated["previous"]["secret"], created["secret"]);
    assert!(rotated["public_key"].as_str().unwrap().starts_with("whpk_"));
    assert_ne!(rotated["public_key"], rotated["previous"]["public_key"]);
    let at_once = client.post(&path, &json!({ "grace_seconds": 0 })).expect(200);
    assert_eq!(at_once["previous"], Value::Null);
    assert!(client.post_empty(&path).expect(200)["previous"]["expires_at"].is_string());
    assert_eq!(client.post(&path, &json!({ "grace_seconds": 604_801 })).problem(422), "validation_failed");
}

#[test]
fn a_test_answers_with_the_attempt() {
    let app = TestApp::start();
    let mut client = app.client();
    let receiver = Receiver::answering(|_| Reply { body: "thanks".to_owned(), ..Reply::status(503) });
    let created = create(&mut client, &json!({ "url": receiver.url("/in?a=b") }));
    let tested = client.post_empty(&format!("{}/test", at(&created))).expect(200);
    assert_eq!(
        (&tested["state"], &tested["status"], &tested["succeeded"], &tested["failure"]),
        (&json!("failed"), &json!(503), &json!(false), &json!("throttled"))
    );
    assert_eq!(tested["request"]["url"], receiver.url("/in?a=b"));
    assert_eq!(tested["response"]["body"], "thanks");
    assert!(tested["phases"]["total_ms"].as_f64().unwrap() > 0.0);
    let received = receiver.wait_for(1).remove(0);
    assert_eq!((received.path.as_str(), received.header("x-novapulse-event")), ("/in?a=b", Some("webhook.test")));
    let nobody = create(&mut client, &json!({}));
    let failed = client.post_empty(&format!("{}/test", at(&nobody))).expect(200);
    assert_eq!(
        (&failed["status"], &failed["failure"], &failed["response"]),
        (&Value::Null, &json!("connect"), &Value::Null)
    );
}

#[test]
fn figures_and_log_tell_what_happened() {
    let app = TestApp::start();
    let mut client = app.client();
    let mut count = 0;
    let receiver = Receiver::answering(move |_| {
        count += 1;
        Reply::status(if count <= 2 { 500 } else { 204 })
    });
    let created =
        create(&mut client, &json!({ "url": receiver.url("/"), "retry": { "delays_ms": [10, 10, 10], "jitter": 0 } }));
    client.post("/api/v1/events", &json!({ "type": "invoice.paid", "data": 1 })).expect(202);
    receiver.wait_for(3);
    let path = at(&created);
    let mut log = Value::Null;
    crate::support::wait_until("the delivery has succeeded", std::time::Duration::from_secs(30), || {
        log = client.get(&format!("{path}/logs?state=succeeded&event_type=invoice.paid")).expect(200);
        log["data"].as_array().unwrap().len() == 1
    });
    let delivery = &log["data"][0];
    assert_eq!((&delivery["attempt_count"], &delivery["last_status"]), (&json!(3), &json!(204)));
    let statuses: Vec<&Value> = delivery["attempts"].as_array().unwrap().iter().map(|one| &one["status"]).collect();
    assert_eq!(statuses, [500, 500, 204]);
    assert_eq!(client.get(&format!("{path}/logs?state=failed,pending")).expect(200)["data"], json!([]));
    let stats = client.get(&format!("{path}/stats?window=1h")).expect(200);
    assert_eq!((&stats["attempts"], &stats["succeeded"], &stats["failed"]), (&json!(3), &json!(1), &json!(2)));
    assert_eq!((&stats["backlog"], &stats["breaker"]), (&json!(0), &json!("closed")));
    assert_eq!(stats["last_error"]["status"], 500);
    assert_eq!(stats["sparkline"].as_array().unwrap().len(), 24);
    assert!(stats["p95_ms"].as_f64().unwrap() >= stats["p50_ms"].as_f64().unwrap());
    for query in ["stats?window=1y", "stats?colour=red", "logs?state=lost", "logs?since=x", "logs?limit=999"] {
        assert_eq!(client.get(&format!("{path}/{query}")).problem(422), "validation_failed", "{query}");
    }
}

#[test]
fn nothing_is_sent_after_a_deletion() {
    let app = TestApp::start();
    let mut client = app.client();
    let receiver = Receiver::answering(|_| Reply::status(500));
    let created =
        create(&mut client, &json!({ "url": receiver.url("/"), "retry": { "delays_ms": [200, 200], "jitter": 0 } }));
    let event = client.post("/api/v1/events", &json!({ "type": "invoice.paid", "data": 1 })).expect(202);
    receiver.wait_for(1);
    assert_eq!(client.delete(&at(&created)).status, 204);
    let seen = receiver.received().len();
    let shown = client.get(&format!("/api/v1/events/{}", event["id"].as_str().unwrap())).expect(200);
    assert_eq!(shown["deliveries"][0]["state"], "cancelled");
    for path in ["", "/logs", "/secret", "/stats"] {
        assert_eq!(client.get(&format!("{}{path}", at(&created))).problem(404), "not_found", "{path}");
    }
    assert_eq!(client.delete(&at(&created)).problem(404), "not_found");
    let other = Receiver::start();
    create(&mut client, &json!({ "url": other.url("/") }));
    for _ in 0..20 {
        client.post("/api/v1/events", &json!({ "type": "invoice.paid", "data": 1 })).expect(202);
    }
    other.wait_for(20);
    assert_eq!(receiver.received().len(), seen);
}

#[test]
fn ids_that_are_not_there_answer_404_everywhere() {
    let app = TestApp::start();
    let mut client = app.client();
    for id in ["wh_00000000000000000000000001", "wh_x", "evt_00000000000000000000000001", "nothing"] {
        let path = format!("{PATH}/{id}");
        for answer in [
            client.get(&path),
            client.patch(&path, &json!({ "enabled": true })),
            client.delete(&path),
            client.post_empty(&format!("{path}/test")),
            client.get(&format!("{path}/logs")),
            client.get(&format!("{path}/secret")),
            client.post_empty(&format!("{path}/rotate-secret")),
            client.get(&format!("{path}/stats")),
            client.post(&format!("{path}/replay"), &json!({ "since": "2026-01-01T00:00:00Z", "dry_run": true })),
        ] {
            assert_eq!(answer.problem(404), "not_found", "{id}");
        }
    }
}

#[test]
fn the_answer_to_a_repeated_creation_is_the_first_one() {
    let app = TestApp::start();
    let mut client = app.client();
    let body = json!({ "url": "http://127.0.0.1:9/", "events": ["*"] }).to_string();
    let mut send = || client.send("POST", PATH, &[("idempotency-key", "k1")], Some(body.as_bytes())).expect(201);
    assert_eq!(send(), send());
}

#[test]
fn another_companys_webhooks_events_and_deliveries_are_not_there() {
    let mut app = TestApp::start();
    let mut client = app.client();
    let created = create(&mut client, &json!({ "events": ["*"] }));
    let event =
        client.post("/api/v1/events", &json!({ "type": "invoice.paid", "data": 1, "id": "shared" })).expect(202);
    client.post("/api/v1/event-types", &json!({ "name": "invoice.paid" })).expect(201);
    let shown = client.get("/api/v1/events/shared").expect(200);
    let delivery = shown["deliveries"][0]["id"].as_str().unwrap().to_owned();
    let key = app.second_company();
    let mut other = Client::with_key(app.address(), &key);
    let webhook = at(&created);
    for path in [
        webhook.clone(),
        format!("{webhook}/secret"),
        format!("{webhook}/logs"),
        format!("{webhook}/stats"),
        format!("/api/v1/deliveries/{delivery}"),
        "/api/v1/events/shared".to_owned(),
        "/api/v1/event-types/invoice.paid".to_owned(),
    ] {
        assert_eq!(other.get(&path).problem(404), "not_found", "{path}");
    }
    for path in [
        format!("{webhook}/test"),
        format!("{webhook}/rotate-secret"),
        format!("/api/v1/deliveries/{delivery}/retry"),
        format!("/api/v1/deliveries/{delivery}/cancel"),
        "/api/v1/events/shared/replay".to_owned(),
    ] {
        assert_eq!(other.post_empty(&path).problem(404), "not_found", "{path}");
    }
    assert_eq!(other.patch(&webhook, &json!({ "enabled": false })).problem(404), "not_found");
    assert_eq!(other.delete(&webhook).problem(404), "not_found");
    for path in [PATH, "/api/v1/events", "/api/v1/event-types"] {
        assert_eq!(other.get(path).expect(200)["data"], json!([]), "{path}");
    }
    let own = other.post("/api/v1/events", &json!({ "type": "invoice.paid", "data": 2, "id": "shared" })).expect(202);
    assert_eq!((&own["deliveries"], &own["duplicate"]), (&json!(0), &json!(false)), "ids are each company's own");
    assert_eq!(app.client().get("/api/v1/events/shared").expect(200)["data"], 1);
    assert_eq!(event["id"], "shared");
}
