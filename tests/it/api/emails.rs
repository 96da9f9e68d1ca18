//! E-mails over the API while no mail server is set up: what is accepted, refused, listed, and who may see it.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    access::{PASSWORD, bearer},
    mailbox::mailbox,
};
use crate::support::{Client, Receiver, Reply, SMALL, TestApp, wait_until};

const PATH: &str = "/api/v1/emails";
const PATIENCE: Duration = Duration::from_mins(1);

fn plain(to: &str) -> Value {
    json!({ "to": to, "subject": "Hello", "text": "How are you?" })
}

pub(super) fn ended(client: &mut Client, id: &Value) -> Value {
    let path = format!("{PATH}/{}", id.as_str().unwrap());
    let mut email = Value::Null;
    wait_until("the e-mail has ended", PATIENCE, || {
        email = client.get(&path).expect(200);
        !email["finished_at"].is_null()
    });
    email
}

#[test]
fn without_a_mail_server_emails_lie_in_the_mailbox() {
    let app = TestApp::start();
    let mut client = app.client();
    let order = json!({ "to": ["ada@example.com", "bob@example.com"], "subject": "Hello", "html": "<b>Hi</b>",
        "attachments": [{ "name": "a.txt", "content_type": "text/plain", "content": "aGk=" }] });
    let queued = client.post(PATH, &order).expect(202);
    let email = ended(&mut client, &queued["id"]);
    assert_eq!(
        (&email["state"], &email["via"], &email["answer"]),
        (&json!("sent"), &json!("mailbox"), &json!("put into the mailbox"))
    );
    assert_eq!(email["html"], "<b>Hi</b>");
    assert_eq!(email["attachments"], json!([{ "name": "a.txt", "content_type": "text/plain", "size_bytes": 2 }]));
    let message = mailbox(&mut app.owner()).remove(0);
    assert_eq!((&message["to"], &message["text"]), (&json!("ada@example.com, bob@example.com"), &json!("<b>Hi</b>")));
    assert_eq!(message["email_id"], queued["id"]);
    let health = app.anonymous().get("/api/v1/health").expect(200);
    assert_eq!(health["checks"]["mail"]["transport"], "mailbox");
}

#[test]
fn the_same_key_sends_once() {
    let app = TestApp::start();
    let mut client = app.client();
    let body = plain("ada@example.com").to_string();
    let mut send = |body: &str| client.send("POST", PATH, &[("idempotency-key", "once")], Some(body.as_bytes()));
    let first = send(&body).expect(202);
    let again = send(&body);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.expect(202), first);
    assert_eq!(send(&plain("eve@example.com").to_string()).status, 422);
    assert_eq!(client.get(PATH).expect(200)["data"].as_array().unwrap().len(), 1);
}

#[test]
fn what_cannot_be_sent_is_refused_and_leaves_nothing() {
    let app = TestApp::start();
    let mut client = app.client();
    let with = |name: &str, value: Value| {
        let mut order = plain("ada@example.com");
        order[name] = value;
        order
    };
    for (order, pointer) in [
        (with("to", json!([])), "/to"),
        (with("to", json!("ada@example.com\r\nBcc: all@example.com")), "/to/0"),
        (with("cc", json!(["ok@example.com", "Ada <ada@example.com>"])), "/cc/1"),
        (with("bcc", json!(["ädä@example.com"])), "/bcc/0"),
        (with("subject", json!("a\r\nBcc: all@example.com")), "/subject"),
        (with("headers", json!({ "Bcc": "all@example.com" })), "/headers/Bcc"),
        (with("headers", json!({ "X-A": "b\r\nBcc: all@example.com" })), "/headers/X-A"),
        (with("template", json!("none")), "/text"),
        (with("attachments", json!([{ "name": "a", "content": "no base64" }])), "/attachments/0/content"),
        (json!({ "to": "ada@example.com", "template": "none" }), "/template"),
    ] {
        let answer = client.post(PATH, &order);
        assert_eq!(answer.problem(422), "validation_failed", "{order}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{}", answer.text());
    }
    assert_eq!(client.post(PATH, &with("to", json!(7))).problem(422), "validation_failed");
    assert_eq!(client.get(PATH).expect(200)["data"], json!([]));
    assert_eq!(client.get("/api/v1/jobs?queue=email").expect(200)["data"], json!([]));
    assert_eq!(mailbox(&mut app.owner()), [Value::Null; 0]);
}

#[test]
fn emails_are_listed_and_found() {
    let app = TestApp::start();
    let mut client = app.client();
    let ids: Vec<Value> = ["ada@example.com", "bob@example.com", "ada@example.com"]
        .map(|to| client.post(PATH, &plain(to)).expect(202)["id"].clone())
        .to_vec();
    for id in &ids {
        assert_eq!(ended(&mut client, id)["state"], "sent");
    }
    let mut found = |query: &str| -> Vec<Value> {
        let page = client.get(&format!("{PATH}?{query}")).expect(200);
        page["data"].as_array().unwrap().iter().map(|email| email["id"].clone()).collect()
    };
    let newest_first: Vec<Value> = ids.iter().rev().cloned().collect();
    assert_eq!(found(""), newest_first);
    assert_eq!(found("to=ada@example.com"), [ids[2].clone(), ids[0].clone()]);
    assert_eq!(found("state=sent&to=bob@example.com"), [ids[1].clone()]);
    assert_eq!(found("state=failed"), [Value::Null; 0]);
    assert_eq!(found("template=welcome"), [Value::Null; 0]);
    let first = client.get(&format!("{PATH}?limit=2")).expect(200);
    let path = format!("{PATH}?limit=2&cursor={}", first["next_cursor"].as_str().unwrap());
    let second = client.get(&path).expect(200);
    assert_eq!((&second["data"][0]["id"], &second["next_cursor"]), (&ids[0], &Value::Null));
    assert_eq!(client.get(&format!("{PATH}?state=lost")).problem(422), "validation_failed");
    assert_eq!(client.get(&format!("{PATH}?to=x")).problem(422), "validation_failed");
}

#[test]
fn emails_and_templates_belong_to_their_company() {
    let app = TestApp::start_with(&[("NOVAPULSE_AUTH_REGISTRATION", "open")]);
    let mut client = app.client();
    let template = json!({ "name": "welcome", "subject": "Hi", "text": "Hello" });
    client.post("/api/v1/email-templates", &template).expect(201);
    let id = client.post(PATH, &plain("ada@example.com")).expect(202)["id"].clone();
    let order = json!({ "company_name": "Other", "name": "Eve", "email": "eve@example.com", "password": PASSWORD });
    let mut eve = bearer(&app, &app.anonymous().post("/api/v1/auth/register", &order).expect(201));
    assert_eq!(eve.get(&format!("{PATH}/{}", id.as_str().unwrap())).problem(404), "not_found");
    assert_eq!(eve.get("/api/v1/email-templates/welcome").problem(404), "not_found");
    assert_eq!(eve.get(PATH).expect(200)["data"], json!([]));
    let order = json!({ "to": "x@example.com", "template": "welcome" });
    assert_eq!(eve.post(PATH, &order).problem(422), "validation_failed");
    eve.post("/api/v1/email-templates", &template).expect(201);
}

#[test]
fn admins_are_told_of_a_webhook_that_was_disabled() {
    let app = TestApp::start();
    let mut client = app.client();
    let receiver = Receiver::answering(|_| Reply::status(410));
    let body = json!({ "url": receiver.url("/?token=hush"), "events": ["a.b"], "retry": { "max_retries": 0 } });
    client.post("/api/v1/webhooks", &body).expect(201);
    for _ in 0..2 {
        client.post("/api/v1/events", &json!({ "type": "a.b", "data": {} })).expect(202);
    }
    let mut owner = app.owner();
    let mut messages = Vec::new();
    wait_until("the webhook is disabled", PATIENCE, || {
        messages = mailbox(&mut owner);
        !messages.is_empty()
    });
    let (email, _) = app.demo_sign_in();
    assert_eq!((&messages[0]["to"], &messages[0]["subject"]), (&json!(email), &json!("A webhook was disabled")));
    let text = messages[0]["text"].as_str().unwrap();
    assert!(text.contains("410 Gone twice") && !text.contains("hush"), "{text}");
}

#[test]
fn emails_and_what_belongs_to_them_pass_the_check() {
    let mut app = TestApp::start();
    let mut client = app.client();
    let template = json!({ "name": "welcome", "subject": "Hi", "text": "Hello {{ name }}" });
    client.post("/api/v1/email-templates", &template).expect(201);
    let mut order = plain("ada@example.com");
    order["attachments"] = json!([{ "name": "a.bin", "content": "AAEC" }]);
    let id = client.post(PATH, &order).expect(202)["id"].clone();
    ended(&mut client, &id);
    app.kill9();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_novapulse"));
    command.arg("check").arg("--data").arg(app.data()).env_clear().envs(SMALL);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    app.start_again();
    assert_eq!(ended(&mut app.client(), &id)["text"], "How are you?");
}
