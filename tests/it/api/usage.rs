//! What was called, by whom and how it was answered, as reports have it.

use serde_json::{Value, json};

use super::reports::{file, order};
use crate::support::TestApp;

#[test]
fn calls_of_people_and_keys_have_reports_in_every_format() {
    let mut app = TestApp::start();
    let mut client = app.client();
    for _ in 0..7 {
        client.post("/api/v1/jobs/batch", &json!({ "jobs": [super::jobs::order()] })).expect(201);
    }
    client.post("/api/v1/jobs", &json!({ "queue": "x" })).problem(422);
    client.get("/api/v1/jobs/job_0000000000000000000000000a").problem(404);
    client.get("/api/v1/api-keys").problem(403);
    let mut owner = app.owner();
    owner.get("/api/v1/users").expect(200);
    owner.get("/api/v1/users").expect(200);
    // What was counted is written once a minute, and at the end.
    app.restart();
    let mut owner = app.owner();
    let keys = owner.get("/api/v1/api-keys").expect(200)["data"].clone();
    let mut sent = order("api_usage", "json");
    let (_, answer) = file(&mut owner, &sent);
    let rows = answer.json()["rows"].as_array().unwrap().clone();
    let calls = |credential: &str, operation: &str, status: &str| {
        let is_meant =
            |row: &&Value| row["credential"] == credential && row["operation"] == operation && row["status"] == status;
        rows.iter().filter(is_meant).map(|row| row["calls"].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!(calls("api_key", "POST /jobs/batch", "2xx"), 7, "{rows:#?}");
    assert_eq!(calls("api_key", "POST /jobs", "4xx"), 1);
    assert_eq!(calls("api_key", "GET /jobs/{id}", "4xx"), 1);
    assert_eq!(calls("api_key", "GET /api-keys", "4xx"), 1);
    assert_eq!(calls("session", "GET /users", "2xx"), 2);
    for row in &rows {
        let (mean, p95) = (row["mean_us"].as_u64().unwrap(), row["p95_us"].as_u64().unwrap());
        assert!(mean > 0 && p95 > 0, "{row}");
        let key = if row["credential"] == "api_key" { &keys[0]["id"] } else { &Value::Null };
        assert_eq!(&row["key"], key, "{row}");
        assert!(row["time"].as_str().unwrap().ends_with(":00:00.000Z"), "{row}");
    }

    sent["group_by"] = json!("operation");
    sent["filters"] = json!({ "credential": ["api_key"] });
    let (_, answer) = file(&mut owner, &sent);
    let groups = answer.json()["rows"].as_array().unwrap().clone();
    let group = |name: &str| groups.iter().find(|group| group["operation"] == name).unwrap().clone();
    let batches = group("POST /jobs/batch");
    assert_eq!(
        (&batches["count"], &batches["client_errors"], &batches["server_errors"]),
        (&json!(7), &json!(0), &json!(0))
    );
    assert_eq!((&group("POST /jobs")["count"], &group("POST /jobs")["client_errors"]), (&json!(1), &json!(1)));
    for format in ["csv", "xlsx", "html", "pdf"] {
        for group in [json!(null), json!("status"), json!("hour")] {
            let mut sent = order("api_usage", format);
            sent["group_by"] = group;
            let (report, answer) = file(&mut owner, &sent);
            assert!(report["rows"].as_u64().unwrap() > 0 && !answer.bytes.is_empty(), "{format}");
            if format == "csv" && sent["group_by"].is_null() {
                assert!(answer.text().starts_with("time,credential,key,operation,status,calls,"), "{}", answer.text());
            }
        }
    }
}
