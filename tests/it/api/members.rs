//! Invitations, people, API keys and the audit log against the real server.

use std::time::Duration;

use serde_json::{Value, json};

use super::access::{PASSWORD, bearer, join, log_in};
use crate::support::{Client, TestApp, wait_until};

const PATIENCE: Duration = Duration::from_mins(1);

#[test]
fn an_invitation_is_used_once_and_gives_its_role() {
    let app = TestApp::start();
    let mut admin = app.owner();
    let invite = json!({ "email": "grace@example.com", "role": "user" });
    let replaced = admin.post("/api/v1/auth/invites", &invite).expect(201);
    let made = admin.post("/api/v1/auth/invites", &invite).expect(201);
    let listed = admin.get("/api/v1/auth/invites").expect(200);
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    assert!(!listed.to_string().contains("np_inv_"), "the token is shown once");
    let accept = |token: &Value, password: &str| {
        let body = json!({ "token": token, "name": "Grace", "password": password });
        app.anonymous().post("/api/v1/auth/invites/accept", &body)
    };
    assert_eq!(accept(&replaced["token"], PASSWORD).problem(410), "invitation_invalid");
    assert_eq!(accept(&json!("np_inv_x"), PASSWORD).problem(410), "invitation_invalid");
    assert_eq!(accept(&made["token"], "short").problem(422), "validation_failed");
    let joined = accept(&made["token"], PASSWORD).expect(201);
    assert_eq!(joined["user"]["role"], "user");
    assert_eq!(accept(&made["token"], PASSWORD).problem(410), "invitation_invalid");
    assert_eq!(admin.post("/api/v1/auth/invites", &invite).problem(409), "email_taken");

    let mut user = bearer(&app, &joined);
    user.get("/api/v1/webhooks").expect(200);
    user.get("/api/v1/users").expect(200);
    for (method, path) in [("POST", "/webhooks"), ("POST", "/users"), ("GET", "/api-keys"), ("POST", "/auth/invites")] {
        assert_eq!(user.send(method, &format!("/api/v1{path}"), &[], Some(b"{}")).problem(403), "forbidden", "{path}");
    }
    let gone = admin.post("/api/v1/auth/invites", &json!({ "email": "x@example.com", "role": "user" })).expect(201);
    admin.delete(&format!("/api/v1/auth/invites/{}", gone["id"].as_str().unwrap())).expect(204);
    assert_eq!(accept(&gone["token"], PASSWORD).problem(410), "invitation_invalid");
}

#[test]
fn rights_change_at_once_and_the_last_admin_stays() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let me = owner.get("/api/v1/auth/me").expect(200);
    let own = format!("/api/v1/users/{}", me["user"]["id"].as_str().unwrap());
    for body in [json!({ "role": "user" }), json!({ "disabled": true })] {
        assert_eq!(owner.patch(&own, &body).problem(409), "last_admin");
    }
    assert_eq!(owner.delete(&own).problem(409), "last_admin");

    let joined = join(&app, &mut owner, "grace@example.com", "admin");
    let path = format!("/api/v1/users/{}", joined["user"]["id"].as_str().unwrap());
    let mut grace = bearer(&app, &joined);
    grace.get("/api/v1/api-keys").expect(200);
    assert_eq!(owner.patch(&path, &json!({ "role": "manager", "name": "Grace H" })).expect(200)["name"], "Grace H");
    assert_eq!(grace.get("/api/v1/api-keys").problem(403), "forbidden");
    grace.get("/api/v1/jobs").expect(200);
    owner.patch(&path, &json!({ "disabled": true })).expect(200);
    assert_eq!(grace.get("/api/v1/jobs").problem(401), "unauthorized");
    let body = json!({ "email": "grace@example.com", "password": PASSWORD });
    assert_eq!(app.anonymous().post("/api/v1/auth/login", &body).problem(401), "invalid_credentials");
    owner.patch(&path, &json!({ "disabled": false })).expect(200);
    log_in(&app, "grace@example.com", PASSWORD);
    owner.delete(&path).expect(204);
    assert_eq!(owner.get(&path).problem(404), "not_found");
    let listed = owner.get("/api/v1/users").expect(200);
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
}

#[test]
fn people_are_added_paged_and_refused() {
    let app = TestApp::start();
    let mut owner = app.owner();
    for number in 0..3 {
        let email = format!("user{number}@example.com");
        let body = json!({ "name": "User", "email": email, "role": "user", "password": PASSWORD });
        owner.post("/api/v1/users", &body).expect(201);
    }
    let first = owner.get("/api/v1/users?limit=3").expect(200);
    assert_eq!(first["data"][0]["email"], "user2@example.com");
    let path = format!("/api/v1/users?limit=3&cursor={}", first["next_cursor"].as_str().unwrap());
    assert_eq!(owner.get(&path).expect(200)["data"].as_array().unwrap().len(), 1);
    for (field, value, pointer) in [
        ("email", json!("аda@example.com"), "/email"),
        ("email", json!("no address"), "/email"),
        ("name", json!("Ada\r\nBcc: all@example.com"), "/name"),
        ("password", json!("short"), "/password"),
        ("role", json!("owner"), "/role"),
        ("password", json!("x".repeat(129)), "/password"),
    ] {
        let mut body = json!({ "name": "Ada", "email": "ada@example.com", "role": "user", "password": PASSWORD });
        body[field] = value;
        let answer = owner.post("/api/v1/users", &body);
        assert_eq!(answer.problem(422), "validation_failed");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer);
    }
    let body = json!({ "name": "Ada", "email": "USER0@example.com", "role": "user", "password": PASSWORD });
    assert_eq!(owner.post("/api/v1/users", &body).problem(409), "email_taken");
}

#[test]
fn a_first_password_opens_nothing_but_the_choice_of_another() {
    const FIRST: &str = "lantern gravel tuba sleet";
    let app = TestApp::start();
    let mut owner = app.owner();
    let body = json!({ "name": "Grace", "email": "grace@example.com", "role": "manager", "password": FIRST });
    owner.post("/api/v1/users", &body).expect(201);
    let tokens = log_in(&app, "grace@example.com", FIRST);
    assert_eq!(tokens["password_change_required"], true);
    let mut grace = bearer(&app, &tokens);
    let me = grace.get("/api/v1/auth/me").expect(200);
    assert_eq!((&me["password_change_required"], &me["scopes"]), (&json!(true), &json!(["profile"])));
    for path in ["/api/v1/users", "/api/v1/jobs", "/api/v1/company"] {
        assert_eq!(grace.get(path).problem(403), "password_change_required", "{path}");
    }
    for path in ["/api/v1/auth/logout-all", "/api/v1/mfa/setup"] {
        assert_eq!(grace.send("POST", path, &[], None).problem(403), "password_change_required", "{path}");
    }
    // Neither renewing the tokens nor proving again who it is lifts it.
    let renewed = json!({ "refresh_token": tokens["refresh_token"] });
    let mut grace = bearer(&app, &app.anonymous().post("/api/v1/auth/refresh", &renewed).expect(200));
    let proven = grace.post("/api/v1/auth/reauthenticate", &json!({ "password": FIRST })).expect(200);
    let mut grace = bearer(&app, &proven);
    assert_eq!(grace.get("/api/v1/jobs").problem(403), "password_change_required");
    let choose = |grace: &mut Client, new: &str| {
        grace.post("/api/v1/auth/password", &json!({ "current_password": FIRST, "password": new }))
    };
    assert_eq!(choose(&mut grace, FIRST).problem(422), "password_unchanged");
    assert_eq!(choose(&mut grace, "short").problem(422), "validation_failed");
    choose(&mut grace, PASSWORD).expect(204);
    assert_eq!(grace.get("/api/v1/auth/me").expect(200)["password_change_required"], false);
    grace.get("/api/v1/jobs").expect(200);
    assert_eq!(log_in(&app, "grace@example.com", PASSWORD)["password_change_required"], false);
    assert_eq!(owner.get("/api/v1/auth/me").expect(200)["password_change_required"], false);
}

#[test]
fn an_admin_starts_a_reset_and_never_chooses_the_password_of_somebody_else() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let joined = join(&app, &mut owner, "grace@example.com", "user");
    let path = format!("/api/v1/users/{}", joined["user"]["id"].as_str().unwrap());
    let answer = owner.patch(&path, &json!({ "password": "copper ladder mist quilt" }));
    assert_eq!(answer.problem(422), "validation_failed", "there is no such field");
    let change = json!({ "current_password": PASSWORD, "password": "copper ladder mist quilt" });
    assert_eq!(owner.post(&format!("{path}/password"), &change).problem(404), "not_found");
    owner.post("/api/v1/auth/password/forgot", &json!({ "email": "grace@example.com" })).expect(202);
    log_in(&app, "grace@example.com", PASSWORD);
}

#[test]
fn keys_have_scopes_an_end_and_no_power_over_people() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let mut make = |body: Value| owner.post("/api/v1/api-keys", &body);
    let made = make(json!({ "name": "billing", "scopes": ["events:write"] })).expect(201);
    let mut key = Client::with_key(app.address(), made["secret"].as_str().unwrap());
    key.post("/api/v1/events", &json!({ "type": "order.created", "data": {} })).expect(202);
    assert_eq!(key.get("/api/v1/jobs").problem(403), "forbidden");
    for (body, pointer) in [
        (json!({ "name": "x", "scopes": ["keys:write"] }), "/scopes"),
        (json!({ "name": "x", "scopes": ["nonsense"] }), "/scopes"),
        (json!({ "name": "x", "scopes": [] }), "/scopes"),
        (json!({ "name": "", "scopes": ["events:write"] }), "/name"),
        (json!({ "name": "x", "scopes": ["events:write"], "expires_at": "2020-01-01T00:00:00Z" }), "/expires_at"),
    ] {
        let answer = make(body);
        assert_eq!(answer.problem(422), "validation_failed");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer);
    }
    for path in ["/users", "/api-keys", "/auth/me", "/auth/sessions"] {
        assert!(matches!(key.get(&format!("/api/v1{path}")).problem(403).as_str(), "forbidden"), "{path}");
    }
    let listed = owner.get("/api/v1/api-keys").expect(200);
    assert!(!listed.to_string().contains(made["secret"].as_str().unwrap()));
    owner.delete(&format!("/api/v1/api-keys/{}", made["id"].as_str().unwrap())).expect(204);
    assert_eq!(key.get("/api/v1/events").problem(401), "unauthorized");
}

#[test]
fn every_change_of_people_and_keys_is_in_the_audit_log_once() {
    let app = TestApp::start();
    let demo = |action: &str| app.client().get(&format!("/api/v1/audit?action={action}")).expect(200);
    wait_until("dev mode has made its webhook", PATIENCE, || demo("webhook.create")["data"][0].is_object());
    let mut owner = app.owner();
    let joined = join(&app, &mut owner, "grace@example.com", "user");
    let user = format!("/api/v1/users/{}", joined["user"]["id"].as_str().unwrap());
    owner.patch(&user, &json!({ "role": "manager" })).expect(200);
    owner.patch(&user, &json!({ "name": "\n" })).problem(422);
    let key = owner.post("/api/v1/api-keys", &json!({ "name": "=k", "scopes": ["audit:read"] })).expect(201);
    let secret = key["secret"].as_str().unwrap();
    let mut auditor = Client::with_key(app.address(), secret);
    owner.delete(&user).expect(204);
    let listed = auditor.get("/api/v1/audit").expect(200);
    let actions: Vec<&str> = listed["data"].as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap()).collect();
    let wanted = [
        "user.delete",
        "key.create",
        "user.update",
        "session.create",
        "user.create",
        "invite.create",
        "session.create",
        "webhook.create",
        "play.create",
        "key.create",
        "user.create",
        "company.create",
    ];
    assert_eq!(actions, wanted);
    let text = listed.to_string();
    for hidden in [secret, joined["access_token"].as_str().unwrap(), PASSWORD, "$argon2id"] {
        assert!(!text.contains(hidden));
    }
    let update = &auditor.get("/api/v1/audit?action=user.update").expect(200)["data"][0];
    assert_eq!((&update["before"]["role"], &update["after"]["role"]), (&json!("user"), &json!("manager")));
    assert_eq!((&update["actor"]["kind"], &update["address"]), (&json!("user"), &json!("127.0.0.1")));
    assert!(update["request_id"].as_str().unwrap().starts_with("req_"));
    let none = auditor.get("/api/v1/audit?actor=usr_nobody").expect(200);
    assert_eq!(none["data"].as_array().unwrap().len(), 0);
    assert_eq!(auditor.get("/api/v1/audit/export?format=xml").problem(422), "validation_failed");
    let csv = auditor.get("/api/v1/audit/export?format=csv").text();
    assert_eq!(csv.lines().count(), wanted.len() + 1);
    let lines = auditor.get("/api/v1/audit/export?after=10").text();
    assert_eq!(lines.lines().count(), 2);
    assert_eq!(app.client().get("/api/v1/audit").status, 200, "the first key has every scope of keys");
    let other = app.anonymous().get("/api/v1/audit");
    assert_eq!(other.problem(401), "unauthorized");
}
