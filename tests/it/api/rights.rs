//! Rights end when they are said to: on requests under way, on what was begun with them, and on what they left behind.

use std::io::{BufRead, Write};

use serde_json::{Value, json};

use super::{
    access::{PASSWORD, bearer, join, log_in},
    second_factor::now,
};
use crate::support::{Client, TestApp, code_at, read_answer};

/// Sends a POST whose last byte is held back until `meanwhile` is done; the body of the answer with its status.
fn held_back(app: &TestApp, token: &str, path: &str, body: &Value, meanwhile: impl FnOnce()) -> (u16, Value) {
    let client = Client::anonymous(app.address());
    let mut connection = client.connect();
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nexpect: 100-continue\r\n\r\n",
        body.len()
    );
    connection.get_mut().write_all(head.as_bytes()).unwrap();
    // The server asks for the body once it knows who is calling.
    let mut line = String::new();
    connection.read_line(&mut line).unwrap();
    assert!(line.starts_with("HTTP/1.1 100"), "{line}");
    connection.read_line(&mut line).unwrap();
    let (most, last) = body.as_bytes().split_at(body.len() - 1);
    connection.get_mut().write_all(most).unwrap();
    meanwhile();
    connection.get_mut().write_all(last).unwrap();
    let answer = read_answer(&mut connection, false).unwrap();
    (answer.status, answer.json())
}

#[test]
fn a_request_under_way_does_nothing_with_a_right_that_was_lost() {
    let app = TestApp::start();
    let mut owner = app.owner();
    for (path, body) in [
        ("/api/v1/api-keys", json!({ "name": "late", "scopes": ["jobs:read"] })),
        ("/api/v1/auth/invites", json!({ "email": "late@example.com", "role": "admin" })),
        ("/api/v1/departments", json!({ "name": "late" })),
    ] {
        let email = format!("{}@example.com", path.len());
        let admin = join(&app, &mut owner, &email, "admin");
        let user = format!("/api/v1/users/{}", admin["user"]["id"].as_str().unwrap());
        let token = admin["access_token"].as_str().unwrap();
        let demote = || drop(owner.patch(&user, &json!({ "role": "user" })).expect(200));
        let (status, problem) = held_back(&app, token, path, &body, demote);
        assert_eq!((status, &problem["type"]), (401, &json!("/problems/unauthorized")), "{path}");
        assert!(!owner.get(path).expect(200).to_string().contains("late"), "{path}");
    }
}

#[test]
fn what_was_begun_with_a_lost_right_does_not_go_on() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let joined = join(&app, &mut owner, "grace@example.com", "admin");
    let mut grace = bearer(&app, &joined);
    let invite =
        grace.post("/api/v1/auth/invites", &json!({ "email": "own@example.com", "role": "admin" })).expect(201);
    let user = format!("/api/v1/users/{}", joined["user"]["id"].as_str().unwrap());
    owner.patch(&user, &json!({ "disabled": true })).expect(200);
    let body = json!({ "token": invite["token"], "name": "Own", "password": PASSWORD });
    assert_eq!(app.anonymous().post("/api/v1/auth/invites/accept", &body).problem(410), "invitation_invalid");
    owner.patch(&user, &json!({ "disabled": false })).expect(200);
    app.anonymous().post("/api/v1/auth/invites/accept", &body).expect(201);
}

#[test]
fn only_the_first_company_owns_the_instance() {
    let mut app = TestApp::start();
    let key = app.second_company();
    let mut other = Client::with_key(app.address(), &key);
    other.get("/api/v1/jobs").expect(200);
    assert_eq!(other.send("POST", "/api/v1/queues/email/pause", &[], None).problem(403), "forbidden");
    let actions: Vec<Value> = other.get("/api/v1/audit").expect(200)["data"].as_array().unwrap().clone();
    // The refusal is recorded beside the answer, so it may be there already.
    let made: Vec<&Value> = actions.iter().filter(|entry| entry["action"] == "key.create").collect();
    assert_eq!((made.len(), &made[0]["actor"]["kind"]), (1, &Value::from("machine")));
}

#[test]
fn nobody_joins_a_closed_instance() {
    let app = TestApp::start_with(&[("NOVAPULSE_AUTH_REGISTRATION", "closed")]);
    let mut owner = app.owner();
    let invite = json!({ "email": "grace@example.com", "role": "user" });
    assert_eq!(owner.post("/api/v1/auth/invites", &invite).problem(403), "registration_closed");
    let accept = json!({ "token": "np_inv_x", "name": "Grace", "password": PASSWORD });
    assert_eq!(app.anonymous().post("/api/v1/auth/invites/accept", &accept).problem(403), "registration_closed");
    let user = json!({ "name": "Grace", "email": "grace@example.com", "role": "user", "password": PASSWORD });
    owner.post("/api/v1/users", &user).expect(201);
    log_in(&app, "grace@example.com", PASSWORD);
}

#[test]
fn keys_are_made_once_paged_and_say_who_made_them() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let same = [("idempotency-key", "one")];
    let body = json!({ "name": "once", "scopes": ["jobs:read"] }).to_string();
    let made = owner.send("POST", "/api/v1/api-keys", &same, Some(body.as_bytes())).expect(201);
    assert_eq!(owner.send("POST", "/api/v1/api-keys", &same, Some(body.as_bytes())).expect(201), made);
    let me = owner.get("/api/v1/auth/me").expect(200);
    assert_eq!(made["created_by"], me["user"]["id"]);
    let first = owner.get("/api/v1/api-keys?limit=1").expect(200);
    assert_eq!(first["data"][0]["name"], "once");
    let next = format!("/api/v1/api-keys?limit=1&cursor={}", first["next_cursor"].as_str().unwrap());
    let second = owner.get(&next).expect(200);
    assert_eq!((&second["data"][0]["name"], &second["data"][0]["created_by"]), (&json!("first key"), &Value::Null));
    assert_eq!(second["next_cursor"], Value::Null);
    let many: Vec<&str> = std::iter::repeat_n("jobs:read", 100).collect();
    let refused = owner.post("/api/v1/api-keys", &json!({ "name": "many", "scopes": many }));
    assert_eq!(refused.problem(422), "validation_failed");
}

#[test]
fn people_are_changed_as_they_were_seen() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let joined = join(&app, &mut owner, "grace@example.com", "user");
    let path = format!("/api/v1/users/{}", joined["user"]["id"].as_str().unwrap());
    let tag = owner.get(&path).header("etag").unwrap().to_owned();
    let with_tag = [("if-match", tag.as_str())];
    let patch = json!({ "role": "manager" }).to_string();
    owner.send("PATCH", &path, &with_tag, Some(patch.as_bytes())).expect(200);
    let late = owner.send("PATCH", &path, &with_tag, Some(patch.as_bytes()));
    assert_eq!(late.problem(412), "precondition_failed");
    let refused = owner.patch(&path, &json!({ "role": null }));
    assert_eq!(refused.problem(422), "validation_failed");
    assert_eq!(refused.json()["errors"][0]["pointer"], "/role");
}

#[test]
fn a_refresh_token_that_is_used_late_leaves_a_trace() {
    let app = TestApp::start();
    let (email, password) = app.demo_sign_in();
    let first = log_in(&app, &email, &password);
    let refresh = |tokens: &Value| {
        app.anonymous().post("/api/v1/auth/refresh", &json!({ "refresh_token": tokens["refresh_token"] }))
    };
    let second = refresh(&first).expect(200);
    let third = refresh(&second).expect(200);
    assert_eq!(refresh(&first).problem(401), "refresh_reused");
    assert_eq!(refresh(&third).problem(401), "unauthorized", "the session is ended");
    let entries = app.client().get("/api/v1/audit?action=session.end").expect(200);
    assert_eq!(entries["data"].as_array().unwrap().len(), 1);
    assert_eq!(entries["data"][0]["actor"]["kind"], "system");
}

#[test]
fn an_admin_helps_who_lost_a_device_and_comes_no_closer_to_an_owner() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let joined = join(&app, &mut owner, "grace@example.com", "user");
    let grace = format!("/api/v1/users/{}", joined["user"]["id"].as_str().unwrap());
    let mut session = bearer(&app, &joined);
    let secret = session.send("POST", "/api/v1/mfa/setup", &[], None).expect(200)["secret"].clone();
    session.post("/api/v1/mfa/verify", &json!({ "code": code_at(secret.as_str().unwrap(), now()) })).expect(200);
    let mut admin = bearer(&app, &join(&app, &mut owner, "admin@example.com", "admin"));
    admin.delete(&format!("{grace}/sessions")).expect(204);
    assert_eq!(session.get("/api/v1/auth/me").problem(401), "unauthorized");
    let body = json!({ "email": "grace@example.com", "password": PASSWORD });
    assert_eq!(app.anonymous().post("/api/v1/auth/login", &body).expect(200)["mfa_required"], true);
    admin.delete(&format!("{grace}/mfa")).expect(204);
    assert_eq!(admin.delete(&format!("{grace}/mfa")).problem(409), "conflict");
    log_in(&app, "grace@example.com", PASSWORD);
    let told = admin.get("/api/v1/mailbox").expect(200)["data"][0].clone();
    assert_eq!(
        (&told["to"], &told["subject"]),
        (&json!("grace@example.com"), &json!("Your second factor was removed"))
    );

    let me = owner.get("/api/v1/auth/me").expect(200);
    let own = format!("/api/v1/users/{}", me["user"]["id"].as_str().unwrap());
    for change in [json!({ "name": "Renamed" }), json!({ "role": "user" }), json!({ "disabled": true })] {
        assert_eq!(admin.patch(&own, &change).problem(403), "forbidden", "{change}");
    }
    assert_eq!(admin.delete(&own).problem(403), "forbidden");
    assert_eq!(owner.patch(&own, &json!({ "name": "Renamed" })).expect(200)["name"], "Renamed");
    for what in ["sessions", "mfa"] {
        assert_eq!(admin.delete(&format!("{own}/{what}")).problem(403), "forbidden");
    }
    assert_eq!(owner.delete(&format!("{own}/mfa")).problem(403), "forbidden", "one's own takes a proof");
    owner.delete(&format!("{own}/sessions")).expect(204);
    assert_eq!(owner.get("/api/v1/auth/me").problem(401), "unauthorized");
}
