//! Proving again who one is before something delicate, against the real server.

use std::time::Duration;

use novapulse::auth::permissions::{DELICATE, DELICATE_WITH};
use serde_json::{Value, json};

use super::{
    access::{bearer, join, log_in},
    second_factor::now,
};
use crate::support::{Answer, Client, TestApp, code_at, wait_until};

const PATIENCE: Duration = Duration::from_mins(1);
/// Long enough for a few calls on a busy machine, short enough to wait for its end.
const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const LIFE: [(&str, &str); 1] = [("NOVAPULSE_AUTH_PROOF_LIFETIME_MS", "4000")];

/// Waits until the proof of the sign-in is old.
fn grow_old(client: &mut Client) {
    wait_until("the proof is old", PATIENCE, || client.get("/api/v1/mailbox").status == 403);
}

fn prove(client: &mut Client, body: &Value) -> Answer {
    client.post("/api/v1/auth/reauthenticate", body)
}

#[test]
fn an_old_proof_opens_nothing_delicate_until_the_password_is_shown_again() {
    let app = TestApp::start_with(&LIFE);
    let (email, password) = app.demo_sign_in();
    let tokens = log_in(&app, &email, &password);
    let mut client = bearer(&app, &tokens);
    client.get("/api/v1/mailbox").expect(200);
    let grace = join(&app, &mut client, "grace@example.com", "user");
    let grace = format!("/api/v1/users/{}", grace["user"]["id"].as_str().unwrap());
    let webhook = json!({ "url": "http://127.0.0.1:9/", "events": ["a.*"] });
    let webhook = app.client().post("/api/v1/webhooks", &webhook).expect(201);
    let webhook = format!("/api/v1/webhooks/{}", webhook["id"].as_str().unwrap());
    let audit = json!({ "definition": "audit", "format": "csv", "period": { "last_ms": 60_000 } });
    let report = app.client().post("/api/v1/reports", &audit).expect(202);
    let report = format!("/api/v1/reports/{}", report["id"].as_str().unwrap());
    let schedule = json!({ "name": "audit", "every_ms": 3_600_000, "target": { "report": audit } });
    let made = app.client().post("/api/v1/schedules", &schedule).expect(201);
    let made = format!("/api/v1/schedules/{}", made["id"].as_str().unwrap());
    grow_old(&mut client);

    let nothing = "00000000000000000000000000";
    for (method, path) in DELICATE {
        let path = format!("/api/v1{}", path.replace("{id}", nothing));
        let answer = client.send(method, &path, &[], Some(b"{}"));
        assert_eq!(answer.problem(403), "reauthentication_required", "{method} {path}");
    }
    for (method, path, with) in DELICATE_WITH {
        let (path, body) = match (*method, *path) {
            ("PATCH", "/users/{id}") => (grace.clone(), json!({ "role": "admin" })),
            ("PATCH", "/company") => ("/api/v1/company".to_owned(), json!({ "mfa_required": true })),
            ("PATCH", "/webhooks/{id}") => (webhook.clone(), json!({ "secret": SECRET })),
            ("POST", "/reports") => ("/api/v1/reports".to_owned(), audit.clone()),
            ("GET", "/reports/{id}/download") => (format!("{report}/download"), json!({})),
            ("POST", "/schedules") => ("/api/v1/schedules".to_owned(), schedule.clone()),
            ("PATCH", "/schedules/{id}") => (made.clone(), json!({ "enabled": true })),
            ("POST", "/schedules/{id}/run") => (format!("{made}/run"), Value::Null),
            other => panic!("say here how {other:?} is called with {with}"),
        };
        let body = (!body.is_null()).then(|| body.to_string());
        let answer = client.send(method, &path, &[], body.as_deref().map(str::as_bytes));
        assert_eq!(answer.problem(403), "reauthentication_required", "{method} {path} with {with}");
    }
    // What is not delicate goes on as before, and a key never shows a password.
    client.get("/api/v1/auth/me").expect(200);
    client.patch(&grace, &json!({ "name": "Grace H." })).expect(200);
    client.patch("/api/v1/company", &json!({ "name": "Demo 2" })).expect(200);
    client.patch(&webhook, &json!({ "description": "d" })).expect(200);
    let jobs = json!({ "definition": "jobs", "format": "csv", "period": { "last_ms": 60_000 } });
    client.post("/api/v1/reports", &jobs).expect(202);
    app.client().get("/api/v1/audit/export").expect(200);
    app.client().patch(&webhook, &json!({ "secret": SECRET })).expect(200);

    assert_eq!(prove(&mut client, &json!({})).problem(422), "validation_failed");
    assert_eq!(prove(&mut client, &json!({ "code": "000000" })).problem(422), "validation_failed");
    let all = json!({ "password": "x", "code": "1", "recovery_code": "2" });
    assert_eq!(prove(&mut client, &all).problem(422), "validation_failed");
    assert_eq!(prove(&mut client, &json!({ "password": "wrong" })).problem(422), "current_password_wrong");
    let code = json!({ "password": password, "code": "000000" });
    assert_eq!(prove(&mut client, &code).problem(422), "mfa_code_wrong", "there is no second factor");
    assert_eq!(client.get("/api/v1/mailbox").problem(403), "reauthentication_required", "a wrong one proves nothing");
    let renewed = prove(&mut client, &json!({ "password": password })).expect(200);
    let mut fresh = bearer(&app, &renewed);
    fresh.get("/api/v1/mailbox").expect(200);
    // A new session, and nothing is left of the old one.
    assert_eq!(client.get("/api/v1/auth/me").problem(401), "unauthorized");
    let old = json!({ "refresh_token": tokens["refresh_token"] });
    assert_eq!(app.anonymous().post("/api/v1/auth/refresh", &old).problem(401), "unauthorized");
    assert_eq!(fresh.get("/api/v1/auth/sessions").expect(200)["data"].as_array().unwrap().len(), 1);
    // Renewing the tokens is no proof.
    grow_old(&mut fresh);
    let next = json!({ "refresh_token": renewed["refresh_token"] });
    let mut later = bearer(&app, &app.anonymous().post("/api/v1/auth/refresh", &next).expect(200));
    assert_eq!(later.get("/api/v1/mailbox").problem(403), "reauthentication_required");
}

#[test]
fn somebody_with_a_second_factor_proves_with_everything_that_signing_in_takes() {
    let app = TestApp::start_with(&LIFE);
    let (_, password) = app.demo_sign_in();
    let mut client = app.owner();
    let made = client.post_empty("/api/v1/mfa/setup").expect(200);
    let secret = made["secret"].as_str().unwrap().to_owned();
    let start = now();
    let enabled = client.post("/api/v1/mfa/verify", &json!({ "code": code_at(&secret, start) })).expect(200);
    let alone = prove(&mut client, &json!({ "password": password }));
    assert_eq!(
        (alone.problem(422).as_str(), &alone.json()["errors"][0]["pointer"]),
        ("validation_failed", &json!("/code"))
    );
    let code = json!({ "password": password, "code": code_at(&secret, start + 30) });
    let mut client = bearer(&app, &prove(&mut client, &code).expect(200));
    let recovery = json!({ "password": password, "recovery_code": enabled["recovery_codes"][0] });
    let mut client = bearer(&app, &prove(&mut client, &recovery).expect(200));
    assert_eq!(prove(&mut client, &recovery).problem(422), "mfa_code_wrong", "used");
    let wrong = json!({ "password": "wrong", "recovery_code": enabled["recovery_codes"][1] });
    assert_eq!(prove(&mut client, &wrong).problem(422), "current_password_wrong");
    assert_eq!(prove(&mut client, &recovery).problem(429), "rate_limited", "five tries at the password");
    assert_eq!(client.get("/api/v1/mfa").expect(200)["recovery_codes_left"], 9, "a wrong password uses no code up");
    let log = app.client().get("/api/v1/audit?action=session&limit=20").expect(200).to_string();
    for word in ["session.prove", "password again", "code again"] {
        assert!(log.contains(word), "{word}: {log}");
    }
}

#[test]
fn a_browser_gets_its_new_session_as_cookies_only() {
    let app = TestApp::start();
    let (email, password) = app.demo_sign_in();
    let cookie = ("x-session-mode", "cookie");
    let mut client = app.anonymous();
    let body = json!({ "email": email, "password": password }).to_string();
    let answer = client.send("POST", "/api/v1/auth/login", &[cookie], Some(body.as_bytes()));
    let csrf = answer.expect(200)["csrf_token"].as_str().unwrap().to_owned();
    let cookies = answer.cookies();
    let body = json!({ "password": password }).to_string();
    let mut send =
        |headers: &[(&str, &str)]| client.send("POST", "/api/v1/auth/reauthenticate", headers, Some(body.as_bytes()));
    let (with, proof) = (("cookie", cookies.as_str()), ("x-csrf-token", csrf.as_str()));
    assert_eq!(send(&[with, cookie]).problem(403), "csrf");
    assert_eq!(send(&[with, proof]).problem(400), "bad_request", "tokens that no script reads stay so");
    let renewed = send(&[with, proof, cookie]);
    let body = renewed.expect(200);
    assert!(body.get("access_token").is_none() && body.get("refresh_token").is_none());
    assert_ne!(body["csrf_token"].as_str(), Some(csrf.as_str()));
    assert_eq!(renewed.set_cookies().len(), 3);
    assert_eq!(send(&[with, proof, cookie]).problem(401), "unauthorized");
}
