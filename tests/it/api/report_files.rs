//! Reports over e-mails, how much of reports is kept, and files that belong to nothing.

use std::{process::Command, time::Duration};

use serde_json::{Value, json};

use super::{
    mailbox::mailbox,
    reports::{REPORTS, file, made, order},
};
use crate::support::{Receiver, Reply, SMALL, TestApp, wait_until};

const PATIENCE: Duration = Duration::from_mins(1);

#[test]
fn emails_have_reports() {
    let app = TestApp::start();
    let mut client = app.client();
    let template = json!({ "name": "welcome", "subject": "Hi {{ name }}", "text": "Hello" });
    client.post("/api/v1/email-templates", &template).expect(201);
    let plain = json!({ "to": ["a@example.com", "b@example.com"], "subject": "=1+1", "text": "t" });
    let made = json!({ "to": "c@example.com", "template": "welcome", "variables": {} });
    let ids = [plain, made].map(|order| client.post("/api/v1/emails", &order).expect(202)["id"].clone());
    for id in &ids {
        super::emails::ended(&mut client, id);
    }
    let (_, answer) = file(&mut client, &order("emails", "json"));
    let rows = answer.json()["rows"].clone();
    assert_eq!((&rows[0]["id"], &rows[1]["id"], &rows[2]), (&ids[0], &ids[1], &Value::Null), "the oldest first");
    assert_eq!((&rows[0]["to"], &rows[0]["recipients"]), (&json!("a@example.com, b@example.com"), &json!(2)));
    assert_eq!(
        (&rows[0]["state"], &rows[0]["via"], &rows[0]["subject"]),
        (&json!("sent"), &json!("mailbox"), &json!("=1+1"))
    );
    assert_eq!((&rows[1]["state"], &rows[1]["template"]), (&json!("failed"), &json!("welcome")));
    assert!(rows[1]["answer"].as_str().unwrap().contains("`name` is not among the variables"), "{rows}");
    let mut grouped = order("emails", "json");
    grouped["group_by"] = json!("template");
    let (_, answer) = file(&mut client, &grouped);
    let figures = |template: &str, sent: u32, failed: u32| json!({ "template": template, "count": 1, "sent": sent, "failed": failed, "mean_attempts": 1 });
    assert_eq!(answer.json()["rows"], json!([figures("", 1, 0), figures("welcome", 0, 1)]));
}

#[test]
fn a_company_keeps_so_many_bytes_of_reports() {
    // Two files of a head alone.
    let app = TestApp::start_with(&[("NOVAPULSE_REPORTS_KEPT", "12")]);
    let mut client = app.client();
    let mut head = order("jobs", "csv");
    (head["columns"], head["filters"]) = (json!(["kind"]), json!({ "queue": ["nothing-is-here"] }));
    let first = made(&mut client, &head);
    assert_eq!(first["size_bytes"], 6);
    let mut wide = head.clone();
    wide["columns"] = json!(["kind", "state"]);
    let id = client.post(REPORTS, &wide).expect(202)["id"].as_str().unwrap().to_owned();
    let path = format!("{REPORTS}/{id}");
    wait_until("the report has failed", PATIENCE, || client.get(&path).expect(200)["state"] == "failed");
    let error = client.get(&path).expect(200)["error"].as_str().unwrap().to_owned();
    assert!(error.contains("no room beside the other reports"), "{error}");
    made(&mut client, &head);
    assert_eq!(client.post(REPORTS, &head).problem(409), "reports_full");
    client.delete(&format!("{REPORTS}/{}", first["id"].as_str().unwrap())).expect(204);
    made(&mut client, &head);
}

#[test]
fn the_check_tells_of_files_without_reports_and_reports_without_files() {
    let mut app = TestApp::start();
    let mut client = app.client();
    let [kept, lost] = [(); 2].map(|()| made(&mut client, &order("jobs", "csv"))["id"].as_str().unwrap().to_owned());
    app.kill9();
    let folder = app.data().join("blobs/reports").join(app.company());
    std::fs::rename(folder.join(format!("{lost}.csv")), folder.join(format!("{kept}.pdf"))).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_novapulse"));
    command.arg("check").arg("--data").arg(app.data()).env_clear().envs(SMALL);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains(&format!("the file of report {lost} is not there")), "{text}");
    assert!(text.contains("1 files belong to no report"), "{text}");
    assert_eq!(output.status.code(), Some(23));
}

#[test]
fn a_bucket_that_refuses_fails_reports_and_nothing_else() {
    let service = Receiver::answering(|_| Reply::status(403));
    let app = TestApp::start_with(&[
        ("NOVAPULSE_BLOB_S3_BUCKET", "files"),
        ("NOVAPULSE_BLOB_S3_ENDPOINT", service.url("").trim_end_matches('/')),
        ("NOVAPULSE_BLOB_S3_ACCESS_KEY", "nova"),
        ("NOVAPULSE_BLOB_S3_SECRET_KEY", "hush"),
    ]);
    let mut owner = app.owner();
    owner.patch("/api/v1/queues/report", &json!({ "attempts": 1 })).expect(200);
    let mut sent = order("jobs", "csv");
    sent["recipients"] = json!(["ops@example.com"]);
    let path = format!("{REPORTS}/{}", owner.post(REPORTS, &sent).expect(202)["id"].as_str().unwrap());
    wait_until("the report has failed", PATIENCE, || owner.get(&path).expect(200)["state"] == "failed");
    let report = owner.get(&path).expect(200);
    assert_eq!(
        report["error"],
        "the files of reports cannot be used: the service that keeps them refuses the access key of the server"
    );
    assert_eq!(owner.get(&format!("{path}/download")).problem(409), "conflict");
    wait_until("its recipients are told", PATIENCE, || {
        mailbox(&mut owner).iter().any(|message| {
            message["to"] == "ops@example.com" && message["text"].as_str().unwrap().contains("cannot be used")
        })
    });
    let plain = json!({ "to": "a@example.com", "subject": "s", "text": "t" });
    let id = owner.post("/api/v1/emails", &plain).expect(202)["id"].clone();
    assert_eq!(super::emails::ended(&mut owner, &id)["state"], "sent");
    owner.delete(&path).expect(204);
    assert!(!app.log().contains("hush"));
    assert!(!service.received().is_empty());
}
