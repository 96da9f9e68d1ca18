//! Reports handed to a real mail server: the file with the e-mail, room among those that wait, and deleted reports.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::mail_server::{PATIENCE, QUEUE, send, start};
use crate::support::{MailServer, wait_until};

#[test]
fn a_report_goes_out_with_its_file() {
    let server = MailServer::start(&[]);
    let app = start(&server, &[]);
    let mut client = app.client();
    let order = json!({ "definition": "jobs", "format": "csv", "period": { "last_ms": 60_000 },
        "recipients": ["ops@example.com"] });
    let id = client.post("/api/v1/reports", &order).expect(202)["id"].as_str().unwrap().to_owned();
    let got = server.next();
    assert_eq!(got["recipients"], json!(["ops@example.com"]));
    let file = client.get(&format!("/api/v1/reports/{id}/download"));
    let lines = STANDARD.encode(&file.bytes);
    let content = got["content"].as_str().unwrap().replace("\r\n", "");
    assert!(content.contains(&lines), "the file is in {content}");
    assert!(content.contains("Content-Disposition: attachment; filename=\"Jobs-"), "{content}");
}

#[test]
fn an_email_with_a_report_waits_for_room_like_any_other() {
    let server = MailServer::start(&[]);
    let app = start(&server, &[("NOVAPULSE_MAIL_UNSENT_MAX", "1"), ("NOVAPULSE_REPORTS_FILE_MAX", "10")]);
    let mut owner = app.owner();
    owner.patch(QUEUE, &json!({ "attempts": 100 })).expect(200);
    send(&mut app.client(), &json!("defer@example.com"), &json!({}));
    let mut order = json!({ "name": "Large", "definition": "jobs", "format": "csv", "period": { "last_ms": 60_000 } });
    let schedule = json!({ "name": "s", "cron": "@yearly", "enabled": false, "target": { "report": order } });
    let made = owner.post("/api/v1/schedules", &schedule).expect(201);
    owner.post_empty(&format!("/api/v1/schedules/{}/run", made["id"].as_str().unwrap())).expect(201);
    let mut lying = Value::Null;
    wait_until("what admins are told lies in the mailbox", PATIENCE, || {
        lying = owner.get("/api/v1/mailbox").expect(200)["data"][0].clone();
        !lying.is_null()
    });
    assert_eq!(lying["subject"], "Report Large: it could not be made");
    order["recipients"] = json!(["ops@example.com"]);
    owner.post("/api/v1/reports", &order).expect(202);
    wait_until("the job that would send it waits", PATIENCE, || {
        let jobs = owner.get("/api/v1/jobs?kind=report.send&state=delayed").expect(200);
        jobs["data"].as_array().unwrap().len() == 1
    });
    assert_eq!(owner.get("/api/v1/emails").expect(200)["data"].as_array().unwrap().len(), 1, "only what was there");
}

#[test]
fn an_email_with_a_report_that_is_deleted_is_not_sent() {
    let server = MailServer::start(&[]);
    let app = start(&server, &[("NOVAPULSE_MAIL_RETRY_MS", "600000")]);
    let mut client = app.client();
    let order = json!({ "definition": "jobs", "format": "csv", "period": { "last_ms": 60_000 },
        "recipients": ["defer@example.com"] });
    let report =
        format!("/api/v1/reports/{}", client.post("/api/v1/reports", &order).expect(202)["id"].as_str().unwrap());
    let mut email = Value::Null;
    wait_until("its e-mail was tried in vain", PATIENCE, || {
        email = client.get("/api/v1/emails").expect(200)["data"][0].clone();
        email["state"] == "retrying" && email["next_attempt_at"] != Value::Null
    });
    let id = email["id"].as_str().unwrap().to_owned();
    client.delete(&report).expect(204);
    let ended = client.get(&format!("/api/v1/emails/{id}")).expect(200);
    assert_eq!(
        (&ended["state"], &ended["answer"], &ended["attempts"]),
        (&json!("failed"), &json!("the report was deleted before this was sent"), &json!(1)),
        "{ended}"
    );
    assert_eq!(client.get("/api/v1/emails?state=retrying").expect(200)["data"], json!([]));
}
