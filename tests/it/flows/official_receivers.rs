//! Deliveries verified by the official Standard Webhooks libraries, as a customer would run them.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{Client, Killed, TestApp, installed, wait_until};

const PATIENCE: Duration = Duration::from_secs(30);
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// A receiver in a process of its own; ended when dropped.
struct Official {
    _process: Killed,
    url: String,
}

impl Official {
    fn node(secret: &str) -> Self {
        Self::start(&mut Self::node_command(), secret)
    }

    fn node_command() -> Command {
        let mut command = Command::new("node");
        command.arg(installed().join("node/receiver.mjs"));
        command
    }

    fn python(secret: &str) -> Self {
        Self::start(&mut Self::python_command(), secret)
    }

    fn python_command() -> Command {
        let folder = installed().join("python");
        let mut command = Command::new(folder.join("venv/bin/python"));
        command.arg(folder.join("receiver.py"));
        command
    }

    /// Leaves out our own header, which holds one signature only while a rotation lasts.
    fn by_standard_headers(secret: &str) -> [Self; 2] {
        [Self::node_command(), Self::python_command()]
            .map(|mut command| Self::start(command.env("RECEIVER_HEADERS", "standard"), secret))
    }

    fn start(command: &mut Command, secret: &str) -> Self {
        let mut process = command.env("RECEIVER_SECRET", secret).stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { _process: Killed(process), url: format!("http://127.0.0.1:{}/hook", port.trim()) }
    }
}

fn create_webhook(client: &mut Client, url: &str) -> String {
    let body = json!({ "url": url, "events": ["*"], "secret": SECRET, "retry": { "max_retries": 0 } });
    let body = match client.post("/api/v1/webhooks", &body) {
        answer if answer.status == 201 => answer.json(),
        answer => panic!("{}: {}", answer.status, answer.text()),
    };
    body["id"].as_str().unwrap().to_owned()
}

/// Sends an event and waits for the end of each of its deliveries; returns them.
fn deliver(client: &mut Client) -> Vec<Value> {
    let data = json!({ "total": "19.90", "text": "äöü \u{1F680} \\ \"quoted\"", "nested": [1, null, { "a": 1e3 }] });
    let event = client.post("/api/v1/events", &json!({ "type": "order.created", "data": data })).expect(202);
    let path = format!("/api/v1/events/{}", event["id"].as_str().unwrap());
    let mut deliveries = Vec::new();
    wait_until("the deliveries have ended", PATIENCE, || {
        deliveries = client.get(&path).expect(200)["deliveries"].as_array().unwrap().clone();
        deliveries.iter().all(|delivery| delivery["state"] != "pending")
    });
    deliveries
}

#[test]
fn official_libraries_verify_deliveries() {
    let app = TestApp::start();
    let mut client = app.client();
    let receivers = [Official::node(SECRET), Official::python(SECRET)];
    for receiver in &receivers {
        create_webhook(&mut client, &receiver.url);
    }
    let deliveries = deliver(&mut client);
    // One more goes to the demo company's own webhook.
    assert_eq!(deliveries.len(), receivers.len() + 1, "{deliveries:?}");
    for delivery in deliveries {
        assert_eq!(delivery["state"], "succeeded", "{delivery}");
    }
}

#[test]
fn official_libraries_refuse_another_secret() {
    let app = TestApp::start();
    let mut client = app.client();
    for receiver in [Official::node(OTHER_SECRET), Official::python(OTHER_SECRET)] {
        let webhook = create_webhook(&mut client, &receiver.url);
        let attempt = client.post_empty(&format!("/api/v1/webhooks/{webhook}/test")).expect(200);
        assert_eq!(attempt["status"], 400, "{attempt}");
    }
}

#[test]
fn both_secrets_verify_while_a_rotation_lasts() {
    let app = TestApp::start();
    let mut client = app.client();
    let old = Official::node(SECRET);
    let webhook = create_webhook(&mut client, &old.url);
    let rotated = client.post(&format!("/api/v1/webhooks/{webhook}/rotate-secret"), &json!({})).expect(200);
    let new = rotated["secret"].as_str().unwrap().to_owned();
    assert_ne!(new, SECRET);
    let attempt = client.post_empty(&format!("/api/v1/webhooks/{webhook}/test")).expect(200);
    assert_eq!(attempt["status"], 204, "the old secret does not verify: {attempt}");

    for receiver in Official::by_standard_headers(&new) {
        client.patch(&format!("/api/v1/webhooks/{webhook}"), &json!({ "url": receiver.url })).expect(200);
        let attempt = client.post_empty(&format!("/api/v1/webhooks/{webhook}/test")).expect(200);
        assert_eq!(attempt["status"], 204, "the new secret does not verify: {attempt}");
    }
}
