//! Second factors against the real server.

use serde_json::{Value, json};

use super::access::{bearer, log_in};
use crate::support::{Client, TestApp, code_at};

pub(super) fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn a_second_factor_is_set_up_asked_for_and_used_once() {
    let app = TestApp::start();
    let (email, password) = app.demo_sign_in();
    let (mut client, mut other) = (app.owner(), app.owner());
    assert_eq!(client.get("/api/v1/mfa").expect(200)["enabled"], false);
    assert_eq!(client.post("/api/v1/mfa/verify", &json!({ "code": "000000" })).problem(409), "conflict");
    let made = client.send("POST", "/api/v1/mfa/setup", &[], None).expect(200);
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(made["otpauth_url"].as_str().unwrap().contains(&secret));
    assert!(made["qr_code"].as_str().unwrap().starts_with("data:image/svg+xml;base64,"));
    let start = now();
    let enabled = client.post("/api/v1/mfa/verify", &json!({ "code": code_at(&secret, start) })).expect(200);
    let codes: Vec<String> = serde_json::from_value(enabled["recovery_codes"].clone()).unwrap();
    assert_eq!(codes.len(), 10);
    assert_eq!(other.get("/api/v1/auth/me").problem(401), "unauthorized", "other sessions end");
    assert_eq!(client.send("POST", "/api/v1/mfa/setup", &[], None).problem(409), "conflict");
    assert!(!app.log().contains(&secret));

    let first_step = |mfa_code: Option<&str>| {
        let mut body = json!({ "email": email, "password": password });
        if let Some(code) = mfa_code {
            body["mfa_code"] = json!(code);
        }
        app.anonymous().post("/api/v1/auth/login", &body)
    };
    let asked = first_step(None).expect(200);
    assert_eq!((asked["mfa_required"].as_bool(), asked.get("access_token")), (Some(true), None));
    let token = asked["mfa_token"].as_str().unwrap();
    assert_eq!(Client::with_key(app.address(), token).get("/api/v1/auth/me").problem(401), "unauthorized");
    let proof = |body: Value| app.anonymous().post("/api/v1/auth/login/mfa", &body);
    let used = code_at(&secret, start);
    assert_eq!(proof(json!({ "mfa_token": token, "code": used })).problem(422), "mfa_code_wrong", "used at the set-up");
    let fresh = json!({ "mfa_token": token, "code": code_at(&secret, start + 30) });
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..2).map(|_| scope.spawn(|| proof(fresh.clone()).status)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "one code, one sign-in: {statuses:?}");
    assert_eq!(proof(json!({ "mfa_token": "x", "code": "1" })).problem(401), "mfa_token_invalid");
    // Five tries within the minute: the rest wait, whatever they show.
    assert_eq!(proof(json!({ "mfa_token": token, "recovery_code": codes[0] })).problem(429), "rate_limited");
}

#[test]
fn a_recovery_code_works_once_and_the_factor_can_be_removed() {
    let mut app = TestApp::start();
    let (email, password) = app.demo_sign_in();
    let mut client = app.owner();
    let made = client.send("POST", "/api/v1/mfa/setup", &[], None).expect(200);
    let secret = made["secret"].as_str().unwrap().to_owned();
    let enabled = client.post("/api/v1/mfa/verify", &json!({ "code": code_at(&secret, now()) })).expect(200);
    let recovery = enabled["recovery_codes"][3].as_str().unwrap().to_uppercase();
    let asked = log_in(&app, &email, &password);
    app.kill9();
    app.start_again();
    let body = json!({ "mfa_token": asked["mfa_token"], "recovery_code": recovery.replace('-', " ") });
    let tokens = app.anonymous().post("/api/v1/auth/login/mfa", &body).expect(200);
    let mut client = bearer(&app, &tokens);
    assert_eq!(client.get("/api/v1/mfa").expect(200)["recovery_codes_left"], 9);
    assert_eq!(app.anonymous().post("/api/v1/auth/login/mfa", &body).problem(422), "mfa_code_wrong");
    assert_eq!(client.post("/api/v1/mfa/disable", &json!({})).problem(422), "validation_failed");
    let wrong = json!({ "password": "wrong" });
    assert_eq!(client.post("/api/v1/mfa/disable", &wrong).problem(422), "current_password_wrong");
    client.post("/api/v1/mfa/disable", &json!({ "password": password })).expect(200);
    assert!(log_in(&app, &email, &password).get("access_token").is_some());
    assert_eq!(client.post("/api/v1/mfa/disable", &json!({ "password": password })).status, 429);
}
