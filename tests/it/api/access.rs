//! Sign-in, sessions, invitations, people and API keys against the real server.

use serde_json::{Value, json};

use crate::support::{Client, TestApp};

const PASSWORD: &str = "tram orbit velvet noon";

fn log_in(app: &TestApp, email: &str, password: &str) -> Value {
    app.anonymous().post("/api/v1/auth/login", &json!({ "email": email, "password": password })).expect(200)
}

fn bearer(app: &TestApp, tokens: &Value) -> Client {
    Client::with_key(app.address(), tokens["access_token"].as_str().unwrap())
}

/// Invites somebody and accepts; the answer of the acceptance.
fn join(app: &TestApp, admin: &mut Client, email: &str, role: &str) -> Value {
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
fn nobody_registers_where_that_is_not_open() {
    let body = json!({ "company_name": "Other", "name": "Eve", "email": "eve@example.com", "password": PASSWORD });
    let closed = TestApp::start();
    assert_eq!(closed.anonymous().post("/api/v1/auth/register", &body).problem(403), "registration_closed");
    let open = TestApp::start_with(&[("NOVAPULSE_AUTH_REGISTRATION", "open")]);
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
        let calls: Vec<_> = (0..40).map(|_| scope.spawn(call)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(401), count(429)), (5, 35), "{statuses:?}");
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

/// The code that an authenticator app shows at this time (RFC 6238, as in the specification).
fn code_at(secret: &str, seconds: u64) -> String {
    let totp = totp_rs::Builder::new().with_secret(totp_rs::Secret::try_from_base32(secret).unwrap()).build().unwrap();
    totp.generate(seconds).to_string()
}

fn now() -> u64 {
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
    let enabled = client.post("/api/v1/mfa/verify", &json!({ "code": code_at(&secret, start - 30) })).expect(200);
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
    let used = code_at(&secret, start - 30);
    assert_eq!(proof(json!({ "mfa_token": token, "code": used })).problem(422), "mfa_code_wrong", "used at the set-up");
    let fresh = json!({ "mfa_token": token, "code": code_at(&secret, now()) });
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
