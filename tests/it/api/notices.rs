//! What people are told about sign-ins and changes of their account, against the real server.

use serde_json::{Value, json};

use super::{
    access::{PASSWORD, join, log_in},
    mailbox::mailbox,
    second_factor::now,
};
use crate::support::{Client, TestApp, code_at};

const GRACE: &str = "grace@example.com";

/// The messages to Grace after the invitation, the oldest first.
fn told(owner: &mut Client) -> Vec<Value> {
    let mut messages = mailbox(owner);
    messages.retain(|message| message["to"] == GRACE && message["subject"] != "Your invitation to NovaPulse");
    messages.reverse();
    messages
}

fn subjects(owner: &mut Client) -> Vec<String> {
    told(owner).iter().map(|message| message["subject"].as_str().unwrap().to_owned()).collect()
}

/// Signs in from an address behind the proxy, with a program of this name.
fn sign_in_from(app: &TestApp, address: &str, client: &str, password: &str) -> u16 {
    let body = json!({ "email": GRACE, "password": password }).to_string();
    let headers = [("x-forwarded-for", address), ("user-agent", client)];
    app.anonymous().send("POST", "/api/v1/auth/login", &headers, Some(body.as_bytes())).status
}

#[test]
fn a_sign_in_from_a_new_network_or_program_is_told_once_an_hour() {
    let app = TestApp::start_with(&[("NOVAPULSE_SERVER_TRUSTED_PROXIES", "127.0.0.0/8")]);
    let mut owner = app.owner();
    join(&app, &mut owner, GRACE, "user");
    log_in(&app, GRACE, PASSWORD);
    assert_eq!(subjects(&mut owner), [""; 0], "the place of the first sign-in is where the person is");
    assert_eq!(sign_in_from(&app, "192.0.2.1", "Browser/100.0 (Linux)", PASSWORD), 200);
    let messages = told(&mut owner);
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["subject"], "A sign-in from a new place");
    let text = messages[0]["text"].as_str().unwrap();
    assert!(text.contains("From: 192.0.2.1\nWith: Browser/100.0 (Linux)\n"), "{text}");
    // The place is known now, whatever part of it changes by itself; and another one is not told within the hour.
    assert_eq!(sign_in_from(&app, "192.0.2.99", "Browser/101.5 (Linux)", PASSWORD), 200);
    assert_eq!(sign_in_from(&app, "198.51.100.7", "Browser/101.5 (Linux)", PASSWORD), 200);
    assert_eq!(told(&mut owner).len(), 1);
}

#[test]
fn several_refused_tries_are_told_with_the_sign_in_after_them() {
    let app = TestApp::start();
    let mut owner = app.owner();
    join(&app, &mut owner, GRACE, "user");
    let try_with = |password: &str| {
        app.anonymous().post("/api/v1/auth/login", &json!({ "email": GRACE, "password": password })).status
    };
    for _ in 0..3 {
        assert_eq!(try_with("wrong"), 401);
    }
    assert_eq!(subjects(&mut owner), [""; 0], "tries alone are not told: anybody can make them");
    assert_eq!(try_with(PASSWORD), 200);
    assert_eq!(subjects(&mut owner), ["A sign-in after failed tries"]);
}

#[test]
fn a_right_password_with_a_wrong_code_and_every_change_of_the_factor_are_told() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let joined = join(&app, &mut owner, GRACE, "user");
    let mut grace = Client::with_key(app.address(), joined["access_token"].as_str().unwrap());
    let secret = grace.post_empty("/api/v1/mfa/setup").expect(200)["secret"].as_str().unwrap().to_owned();
    let start = now();
    let enabled = grace.post("/api/v1/mfa/verify", &json!({ "code": code_at(&secret, start) })).expect(200);
    let asked = log_in(&app, GRACE, PASSWORD);
    let proof = |name: &str, value: &Value| {
        app.anonymous().post("/api/v1/auth/login/mfa", &json!({ "mfa_token": asked["mfa_token"], name: value })).status
    };
    assert_eq!(proof("code", &json!("000000")), 422);
    assert_eq!(proof("code", &json!("000001")), 422, "told once");
    assert_eq!(proof("recovery_code", &enabled["recovery_codes"][0]), 200);
    grace.post("/api/v1/mfa/recovery-codes", &json!({ "code": code_at(&secret, start + 30) })).expect(200);
    let change = json!({ "current_password": PASSWORD, "password": "copper ladder mist quilt" });
    grace.post("/api/v1/auth/password", &change).expect(204);
    assert_eq!(
        subjects(&mut owner),
        [
            "A second factor was set up",
            "A sign-in failed at the second factor",
            "A recovery code was used",
            "Your recovery codes were replaced",
            "Your password was changed",
        ]
    );
    let text = json!(told(&mut owner)).to_string();
    for hidden in [secret.as_str(), enabled["recovery_codes"][0].as_str().unwrap(), PASSWORD] {
        assert!(!text.contains(hidden), "a notice holds {hidden}");
    }
}
