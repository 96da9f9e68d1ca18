//! Another company's things are not there: every operation on one by its id answers 404.

use serde_json::{Value, json};

use crate::support::{Client, TestApp};

/// A body that would be accepted, for operations that read one.
fn body_for(operation: &str, token: &Value) -> Value {
    match operation {
        "heartbeat_job" | "complete_job" | "report_job_progress" => json!({"lease_token": token}),
        "fail_job" => json!({"lease_token": token, "error": "e"}),
        "append_job_log" => json!({"lease_token": token, "lines": ["x"]}),
        "snooze_job" => json!({"lease_token": token, "delay_ms": 1}),
        "replay_webhook" => json!({"since": "2020-01-01T00:00:00Z"}),
        _ => json!({}),
    }
}

#[test]
fn a_foreign_id_answers_404_everywhere_and_changes_nothing() {
    let mut app = TestApp::start();
    let other = app.second_company();
    let (mut own, mut foreign) = (app.client(), Client::with_key(app.address(), &other));

    let order = json!({"queue": "tenants", "kind": "k", "payload": 1});
    let job = own.post("/api/v1/jobs", &order).expect(201)["id"].clone();
    let leased = own.post("/api/v1/queues/tenants/lease", &json!({})).expect(200)["jobs"][0].clone();
    assert_eq!(leased["id"], job);
    own.post("/api/v1/event-types", &json!({"name": "secret.made"})).expect(201);
    let webhook = json!({"url": "http://127.0.0.1:9/", "events": ["secret.*"]});
    let webhook = own.post("/api/v1/webhooks", &webhook).expect(201)["id"].clone();
    let event = own.post("/api/v1/events", &json!({"type": "secret.made", "data": {}})).expect(202);
    assert_eq!(event["deliveries"], 1);
    let logs = own.get(&format!("/api/v1/webhooks/{}/logs", webhook.as_str().unwrap())).expect(200);
    let delivery = logs["data"][0]["id"].clone();
    assert!(delivery.is_string(), "{logs}");

    let report = json!({"definition": "jobs", "format": "csv", "period": {"last_ms": 60_000}});
    let report = own.post("/api/v1/reports", &report).expect(202)["id"].clone();

    let document = own.get("/api/v1/openapi.json").expect(200);
    let mut checked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let thing = match path.split('/').nth(1).unwrap() {
            "jobs" => &job,
            "webhooks" => &webhook,
            "events" => &event["id"],
            "deliveries" => &delivery,
            "event-types" => &json!("secret.made"),
            "reports" => &report,
            "queues" => &json!("tenants"),
            _ => continue,
        };
        if !path.contains('{') || path.ends_with("/lease") {
            continue;
        }
        let path = format!(
            "/api/v1{}",
            path.replace("{id}", thing.as_str().unwrap())
                .replace("{name}", thing.as_str().unwrap())
                .replace("{group}", "a")
        );
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let body = operation["requestBody"].is_object().then(|| body_for(id, &leased["lease_token"]).to_string());
            let answer = foreign.send(&method.to_uppercase(), &path, &[], body.as_ref().map(String::as_bytes));
            // Queues belong to all; only the owner's company may change them.
            let (status, problem) =
                if operation["x-scope"] == "queues:write" { (403, "forbidden") } else { (404, "not_found") };
            assert_eq!(answer.problem(status), problem, "{id} {path}");
            checked += 1;
        }
    }
    assert!(checked > 25, "{checked}");

    assert_eq!(foreign.get("/api/v1/jobs").expect(200)["data"], json!([]));
    assert!(foreign.get("/api/v1/queue/stats").expect(200)["queues"]["tenants"].is_null());
    assert_eq!(foreign.post("/api/v1/queues/tenants/lease", &json!({})).expect(200)["jobs"], json!([]));
    let item = json!({"items": [{"id": job, "lease_token": leased["lease_token"], "outcome": "complete"}]});
    assert_eq!(foreign.post("/api/v1/jobs/settle", &item).expect(200)["items"][0]["problem"], "not_found");

    let path = format!("/api/v1/jobs/{}", job.as_str().unwrap());
    assert_eq!(own.get(&path).expect(200)["state"], "active");
    own.post(&format!("{path}/complete"), &json!({"lease_token": leased["lease_token"]})).expect(200);
    own.get(&format!("/api/v1/webhooks/{}", webhook.as_str().unwrap())).expect(200);
}
