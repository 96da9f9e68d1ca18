//! Sign-in, sessions and limits against the real server.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Client, Receiver, Reply, TestApp};

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
    let set = answer.set_cookies();
    assert_eq!(set.len(), 3);
    for line in &set {
        assert!(
            line.starts_with("__Host-np_") && line.contains("; Secure") && line.contains("SameSite=Strict"),
            "{line}"
        );
        assert_eq!(line.contains("HttpOnly"), !line.contains("np_csrf"), "{line}");
    }
    let cookies = answer.cookies();
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

/// A call of the storm: when it was sent, when its answer was there, and its status.
type Storm = Vec<(Instant, Instant, u16)>;

/// A thousand sign-ins to one account at once, over fifty connections.
fn storm(app: &TestApp, body: &Value) -> Storm {
    let some = || {
        let mut client = app.anonymous();
        let mut one = || {
            let sent = Instant::now();
            let status = client.post("/api/v1/auth/login", body).status;
            (sent, Instant::now(), status)
        };
        (0..20).map(|_| one()).collect::<Storm>()
    };
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..50).map(|_| scope.spawn(some)).collect();
        calls.into_iter().flat_map(|call| call.join().unwrap()).collect()
    })
}

#[test]
fn only_five_of_a_thousand_sign_ins_are_let_to_the_password_and_a_restart_forgets_none() {
    let mut app = TestApp::start();
    let (email, password) = app.demo_sign_in();
    let body = json!({ "email": email, "password": password });
    let wrong = json!({ "email": email.to_uppercase(), "password": "wrong" });
    let mut calls = storm(&app, &wrong);
    app.kill9();
    app.start_again();
    calls.extend(storm(&app, &wrong));
    assert!(calls.iter().all(|(_, _, status)| [401, 429].contains(status)));
    // A slow machine may need more than a minute for all of it; no six that were let through may lie in one.
    let mut admitted: Vec<_> = calls.iter().filter(|(_, _, status)| *status == 401).collect();
    admitted.sort_by_key(|(_, answered, _)| *answered);
    assert!(admitted.len() >= 5, "{}", admitted.len());
    for six in admitted.windows(6) {
        let first = six.iter().map(|(sent, _, _)| *sent).min().unwrap();
        assert!(six[5].1 - first >= Duration::from_mins(1), "six in less than a minute");
    }
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

#[test]
fn a_password_that_is_listed_or_known_to_the_service_is_refused() {
    /// The first five digits of its SHA-1, and the rest.
    const KNOWN: (&str, &str, &str) = ("willow anvil kettle dawn", "ED17B", "66B197EB26FFC79A5D95457D4286EA16129");
    let service = Receiver::answering(|_| Reply {
        body: format!("{}:0\r\n{}:12\r\n", "0".repeat(35), KNOWN.2),
        ..Reply::status(200)
    });
    let list = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&list, "copper ladder mist quilt\n").unwrap();
    let app = TestApp::start_with(&[
        ("NOVAPULSE_AUTH_PASSWORD_LIST", list.path().to_str().unwrap()),
        ("NOVAPULSE_AUTH_PASSWORD_SERVICE", &service.url("/range/")),
    ]);
    let (_, current) = app.demo_sign_in();
    // Dev mode has made a person.
    let before = service.received().len();
    let mut owner = app.owner();
    let mut change = |password: &str| {
        owner.post("/api/v1/auth/password", &json!({ "current_password": current, "password": password }))
    };
    for stolen in ["copper ladder mist quilt", KNOWN.0] {
        let answer = change(stolen);
        assert_eq!(answer.problem(422), "validation_failed");
        assert_eq!(answer.json()["errors"][0]["pointer"], "/password");
        assert!(answer.text().contains("stolen"), "{}", answer.text());
    }
    let asked = service.received().split_off(before);
    assert_eq!(
        asked.iter().map(|it| it.path.as_str()).collect::<Vec<_>>(),
        [format!("/range/{}", KNOWN.1)],
        "five digits, and only where the list says nothing"
    );
    assert_eq!(asked[0].header("add-padding"), Some("true"));
    service.set_reply(|_| Reply::status(503));
    change(PASSWORD).expect(204);
}

#[test]
fn an_instance_with_a_path_of_its_own_writes_it_into_links_and_cookies() {
    let app = TestApp::start_with(&[("NOVAPULSE_SERVER_PUBLIC_URL", "https://tools.example/ops/nova/")]);
    let (email, password) = app.demo_sign_in();
    let cookie = ("x-session-mode", "cookie");
    let mut client = app.anonymous();
    let body = json!({ "email": email, "password": password }).to_string();
    let answer = client.send("POST", "/api/v1/auth/login", &[cookie], Some(body.as_bytes()));
    let csrf = answer.expect(200)["csrf_token"].as_str().unwrap().to_owned();
    let set = answer.set_cookies();
    assert_eq!(set.len(), 3);
    for line in &set {
        assert!(line.starts_with("__Secure-np_") && line.contains("; Path=/ops/nova;"), "{line}");
        assert!(line.contains("; Secure") && line.contains("SameSite=Strict"), "{line}");
    }
    // The proxy has taken the path away.
    let cookies = answer.cookies();
    let with = ("cookie", cookies.as_str());
    client.send("GET", "/api/v1/auth/me", &[with], None).expect(200);
    let of_another = cookies.replace("__Secure-", "__Host-");
    assert_eq!(client.send("GET", "/api/v1/auth/me", &[("cookie", &of_another)], None).problem(401), "unauthorized");
    let invite = json!({ "email": "grace@example.com", "role": "user" }).to_string();
    let proof = [with, ("x-csrf-token", csrf.as_str())];
    client.send("POST", "/api/v1/auth/invites", &proof, Some(invite.as_bytes())).expect(201);
    let mailbox = client.send("GET", "/api/v1/mailbox", &[with], None).expect(200);
    let text = mailbox["data"][0]["text"].as_str().unwrap();
    assert!(text.contains("https://tools.example/ops/nova/join#np_inv_"), "{text}");
    let out = client.send("POST", "/api/v1/auth/logout", &proof, None);
    assert!(out.headers.iter().any(|(_, value)| value.starts_with("__Secure-np_access=; Path=/ops/nova; Max-Age=0")));
}
