//! Sign-in, sessions and limits against the real server.

use serde_json::{Value, json};

use crate::support::{Client, TestApp};

pub(super) const PASSWORD: &str = "tram orbit velvet noon";

pub(super) fn log_in(app: &TestApp, email: &str, password: &str) -> Value {
    app.anonymous().post("/api/v1/auth/login", &json!({ "email": email, "password": password })).expect(200)
}

pub(super) fn bearer(app: &TestApp, tokens: &Value) -> Client {
    Client::with_key(app.address(), tokens["access_token"].as_str().unwrap())
}

/// Invites somebody and accepts; the answer of the acceptance.
pub(super) fn join(app: &TestApp, admin: &mut Client, email: &str, role: &str) -> Value {
    let invite = admin.post("/api/v1/auth/invites", &json!({ "email": email, "role": role })).expect(201);
    let body = json!({ "token": invite["token"], "name": "Grace", "password": PASSWORD });
    app.anonymous().post("/api/v1/auth/invites/accept", &body).expect(201)
}

#[test]
fn a_person_signs_in_renews_and_signs_out() {
    let app = TestApp::start();
    let (email, password) = app.demo_sign_in();
    let tokens = log_in(&app, &email.to_uppercase(), &password);
    assert_eq!((tokens["token_type"].as_str(), tokens["expires_in"].as_u64()), (Some("Bearer"), Some(900)));
    let mut client = bearer(&app, &tokens);
    let me = client.get("/api/v1/auth/me").expect(200);
    assert_eq!((me["user"]["email"].as_str(), me["user"]["role"].as_str()), (Some(email.as_str()), Some("admin")));
    assert_eq!(me["company"]["id"].as_str(), Some(app.company()));
    client.get("/api/v1/jobs").expect(200);

    let renewed =
        app.anonymous().post("/api/v1/auth/refresh", &json!({ "refresh_token": tokens["refresh_token"] })).expect(200);
    assert_ne!(renewed["refresh_token"], tokens["refresh_token"]);
    let mut client = bearer(&app, &renewed);
    client.send("POST", "/api/v1/auth/logout", &[], None).expect(204);
    assert_eq!(client.get("/api/v1/auth/me").problem(401), "unauthorized");
    let body = json!({ "refresh_token": renewed["refresh_token"] });
    assert_eq!(app.anonymous().post("/api/v1/auth/refresh", &body).problem(401), "unauthorized");
}

#[test]
fn wrong_credentials_are_refused_alike() {
    let app = TestApp::start();
    let (email, password) = app.demo_sign_in();
    let refused = |email: &str, password: &str| {
        let answer = app.anonymous().post("/api/v1/auth/login", &json!({ "email": email, "password": password }));
        let body = answer.json();
        (answer.problem(401), body["detail"].as_str().unwrap().to_owned())
    };
    let wrong = refused(&email, "not the password");
    assert_eq!(wrong.0, "invalid_credentials");
    for (email, password) in [
        ("nobody@example.com", password.as_str()),
        ("no address", &password),
        (&email, ""),
        (&email, &"x".repeat(5_000)),
        (&email, &password.to_uppercase()),
    ] {
        assert_eq!(refused(email, password), wrong, "{email}");
    }
    assert!(!app.log().contains(&password), "no password in the log");
}

#[test]
fn a_refresh_token_that_went_through_two_hands_ends_the_session() {
    let app = TestApp::start();
    let (email, password) = app.demo_sign_in();
    let first = log_in(&app, &email, &password);
    let refresh = |tokens: &Value| {
        app.anonymous().post("/api/v1/auth/refresh", &json!({ "refresh_token": tokens["refresh_token"] }))
    };
    let second = refresh(&first).expect(200);
    let third = refresh(&second).expect(200);
    assert_eq!(refresh(&first).problem(401), "refresh_reused");
    assert_eq!(refresh(&third).problem(401), "unauthorized");
    assert_eq!(bearer(&app, &third).get("/api/v1/auth/me").problem(401), "unauthorized");
    for text in ["", "np_rt_", "x", "np_rt_00000000000000000000000000_0_00"] {
        assert_eq!(refresh(&json!({ "refresh_token": text })).problem(401), "unauthorized", "{text}");
    }
    assert_eq!(app.anonymous().post_empty("/api/v1/auth/refresh").problem(401), "unauthorized");
}

#[test]
fn sessions_survive_a_kill_and_are_ended_one_by_one() {
    let mut app = TestApp::start();
    let (email, password) = app.demo_sign_in();
    let (one, two) = (log_in(&app, &email, &password), log_in(&app, &email, &password));
    app.kill9();
    app.start_again();
    let (mut one, mut two) = (bearer(&app, &one), bearer(&app, &two));
    let sessions = one.get("/api/v1/auth/sessions").expect(200);
    let listed = sessions["data"].as_array().unwrap();
    assert_eq!(listed.len(), 2);
    let other = listed.iter().find(|session| session["current"] == false).unwrap();
    let path = format!("/api/v1/auth/sessions/{}", other["id"].as_str().unwrap());
    one.delete(&path).expect(204);
    assert_eq!(two.get("/api/v1/auth/me").problem(401), "unauthorized");
    assert_eq!(one.delete(&path).problem(404), "not_found");
    one.send("POST", "/api/v1/auth/logout-all", &[], None).expect(204);
    assert_eq!(one.get("/api/v1/auth/me").problem(401), "unauthorized");
}

#[test]
fn a_browser_gets_cookies_and_proves_each_change() {
    let app = TestApp::start();
    let (email, password) = app.demo_sign_in();
    let body = json!({ "email": email, "password": password }).to_string();
    let mut client = app.anonymous();
    let cookie = ("x-session-mode", "cookie");
    let answer = client.send("POST", "/api/v1/auth/login", &[cookie], Some(body.as_bytes()));
    let signed_in = answer.expect(200);
    assert!(signed_in.get("access_token").is_none() && signed_in.get("refresh_token").is_none());
    let csrf = signed_in["csrf_token"].as_str().unwrap();
    let set: Vec<&str> =
        answer.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, v)| v.as_str()).collect();
    assert_eq!(set.len(), 3);
    for line in &set {
        assert!(
            line.starts_with("__Host-np_") && line.contains("; Secure") && line.contains("SameSite=Strict"),
            "{line}"
        );
        assert_eq!(line.contains("HttpOnly"), !line.contains("np_csrf"), "{line}");
    }
    let cookies = set.iter().map(|line| line.split(';').next().unwrap()).collect::<Vec<_>>().join("; ");
    let with = ("cookie", cookies.as_str());
    client.send("GET", "/api/v1/auth/me", &[with], None).expect(200);
    let change =
        |client: &mut Client, headers: &[(&str, &str)]| client.send("POST", "/api/v1/auth/logout", headers, None);
    assert_eq!(change(&mut client, &[with]).problem(403), "csrf");
    assert_eq!(change(&mut client, &[with, ("x-csrf-token", "wrong")]).problem(403), "csrf");
    let foreign = [cookie, with, ("sec-fetch-site", "cross-site")];
    assert_eq!(client.send("POST", "/api/v1/auth/refresh", &foreign, None).problem(403), "csrf");
    client.send("POST", "/api/v1/auth/refresh", &[cookie, with], None).expect(200);
    let out = change(&mut client, &[with, ("x-csrf-token", csrf)]);
    assert_eq!(out.status, 204);
    assert!(out.header("clear-site-data").is_some());
    assert_eq!(client.send("GET", "/api/v1/auth/me", &[with], None).problem(401), "unauthorized");
}

#[test]
fn changing_the_password_asks_for_the_old_one_and_ends_other_sessions() {
    let app = TestApp::start();
    let (email, password) = app.demo_sign_in();
    let mut other = app.owner();
    let mut client = app.owner();
    let mut change = |current: &str, new: &str| {
        let body = json!({ "current_password": current, "password": new });
        client.post("/api/v1/auth/password", &body)
    };
    assert_eq!(change("wrong", PASSWORD).problem(422), "current_password_wrong");
    assert_eq!(change(&password, "short").problem(422), "validation_failed");
    assert_eq!(change(&password, "password1234").problem(422), "validation_failed");
    change(&password, PASSWORD).expect(204);
    assert_eq!(other.get("/api/v1/auth/me").problem(401), "unauthorized");
    client.get("/api/v1/auth/me").expect(200);
    log_in(&app, &email, PASSWORD);
    let body = json!({ "email": email, "password": password });
    assert_eq!(app.anonymous().post("/api/v1/auth/login", &body).problem(401), "invalid_credentials");
}

#[test]
fn nobody_registers_where_that_is_not_open() {
    let body = json!({ "company_name": "Other", "name": "Eve", "email": "eve@example.com", "password": PASSWORD });
    let invited = TestApp::start_with(&[("NOVAPULSE_AUTH_REGISTRATION", "invite_only")]);
    assert_eq!(invited.anonymous().post("/api/v1/auth/register", &body).problem(403), "registration_closed");
    join(&invited, &mut invited.owner(), "grace@example.com", "user");
    // Dev mode is open unless told otherwise.
    let open = TestApp::start();
    let made = open.anonymous().post("/api/v1/auth/register", &body).expect(201);
    let mut eve = bearer(&open, &made);
    assert!(eve.get("/api/v1/auth/me").expect(200)["user"]["is_owner"] == false);
    let mut owner = open.owner();
    let other = format!("/api/v1/users/{}", made["user"]["id"].as_str().unwrap());
    assert_eq!(owner.get(&other).problem(404), "not_found");
    assert_eq!(owner.patch(&other, &json!({ "role": "user" })).problem(404), "not_found");
    assert_eq!(eve.get("/api/v1/users").expect(200)["data"].as_array().unwrap().len(), 1);
    assert_eq!(eve.post("/api/v1/queues/email/pause", &json!({})).problem(403), "forbidden", "queues belong to all");
    assert_eq!(open.anonymous().post("/api/v1/auth/register", &body).problem(409), "email_taken");
    let token =
        json!({ "token": "np_setup_x", "company_name": "A", "name": "B", "email": "c@d.e", "password": PASSWORD });
    assert_eq!(open.anonymous().post("/api/v1/auth/setup", &token).problem(409), "set_up_already");
}

#[test]
fn only_five_of_many_sign_ins_are_let_to_the_password_and_a_restart_forgets_none() {
    let mut app = TestApp::start();
    let (email, password) = app.demo_sign_in();
    let body = json!({ "email": email, "password": password });
    let wrong = json!({ "email": email.to_uppercase(), "password": "wrong" });
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let call = || app.anonymous().post("/api/v1/auth/login", &wrong).status;
        let calls: Vec<_> = (0..20).map(|_| scope.spawn(call)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(401), count(429)), (5, 15), "{statuses:?}");
    app.kill9();
    app.start_again();
    let refused = app.anonymous().post("/api/v1/auth/login", &body);
    assert_eq!(refused.problem(429), "rate_limited");
    let wait: u32 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(refused.header("ratelimit-policy"), Some("\"sign-in\";q=5;w=60"));
    assert_eq!(refused.header("ratelimit"), Some(format!("\"sign-in\";r=0;t={wait}").as_str()));
    assert_eq!(refused.json()["violated-policies"], json!(["sign-in"]));
    let other = json!({ "email": "other@example.com", "password": "wrong" });
    assert_eq!(app.anonymous().post("/api/v1/auth/login", &other).problem(401), "invalid_credentials");
}

#[test]
fn a_company_has_a_rate_of_its_own() {
    let options = [("NOVAPULSE_LIMITS_API_PER_SECOND", "1"), ("NOVAPULSE_LIMITS_API_BURST", "20")];
    let app = TestApp::start_with(&options);
    let mut client = app.client();
    let refused = (0..40).map(|_| client.get("/api/v1/queues")).find(|answer| answer.status != 200).unwrap();
    assert_eq!(refused.problem(429), "rate_limited");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.header("ratelimit-policy"), Some("\"api\";q=1;w=1"));
    client.get("/api/v1/health").expect(200);
}

#[test]
fn many_accounts_are_not_tried_from_one_address() {
    let app = TestApp::start();
    let attempt = |number: usize| {
        let body = json!({ "email": format!("user{number}@example.com"), "password": "wrong" });
        app.anonymous().post("/api/v1/auth/login", &body)
    };
    for number in 0..30 {
        assert_eq!(attempt(number).problem(401), "invalid_credentials", "{number}");
    }
    let refused = attempt(30);
    assert_eq!(refused.problem(429), "rate_limited");
    assert_eq!(refused.json()["violated-policies"], json!(["sign-in-address"]));
}

#[test]
fn the_present_password_cannot_be_guessed_inside_a_session() {
    let app = TestApp::start();
    let mut client = app.owner();
    let body = json!({ "current_password": "a guess", "password": PASSWORD });
    for _ in 0..5 {
        assert_eq!(client.post("/api/v1/auth/password", &body).problem(422), "current_password_wrong");
    }
    assert_eq!(client.post("/api/v1/auth/password", &body).problem(429), "rate_limited");
}
