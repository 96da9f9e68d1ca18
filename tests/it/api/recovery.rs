//! Forgotten passwords against the real server.

use serde_json::{Value, json};

use super::{
    access::{PASSWORD, bearer, join, log_in},
    mailbox::{mailbox, token_of},
    second_factor::now,
};
use crate::support::{Answer, Client, TestApp, code_at};

const NEW: &str = "copper ladder mist quilt";
const GRACE: &str = "grace@example.com";

fn forgot(app: &TestApp, email: &str) -> Answer {
    app.anonymous().post("/api/v1/auth/password/forgot", &json!({ "email": email }))
}

fn reset(app: &TestApp, token: &str, password: &str) -> Answer {
    app.anonymous().post("/api/v1/auth/password/reset", &json!({ "token": token, "password": password }))
}

/// Asks for a link and takes its token out of the mailbox.
fn link(app: &TestApp, reader: &mut Client, email: &str) -> String {
    forgot(app, email).expect(202);
    token_of(reader, email, &format!("{}/reset", app.url()))
}

#[test]
fn a_forgotten_password_is_replaced_with_the_link_once() {
    let mut app = TestApp::start();
    let mut owner = app.owner();
    join(&app, &mut owner, GRACE, "user");
    let token = link(&app, &mut owner, GRACE);
    assert!(!app.log().contains(&token));
    app.kill9();
    app.start_again();
    let mut owner = app.owner();
    assert_eq!(reset(&app, &token, "short").problem(422), "validation_failed");
    assert_eq!(reset(&app, &token, "grace@example.com").problem(422), "validation_failed");
    let answer = reset(&app, &token, NEW);
    assert_eq!((answer.status, answer.bytes.len()), (204, 0));
    for wrong in [token.as_str(), "", "np_reset_x", &token.replace("np_reset_", "np_inv_")] {
        assert_eq!(reset(&app, wrong, NEW).problem(410), "reset_invalid", "{wrong}");
    }
    let old = json!({ "email": GRACE, "password": PASSWORD });
    assert_eq!(app.anonymous().post("/api/v1/auth/login", &old).problem(401), "invalid_credentials");
    log_in(&app, GRACE, NEW);

    let newest = mailbox(&mut owner).remove(0);
    assert_eq!((&newest["to"], &newest["subject"]), (&json!(GRACE), &json!("Your password was reset")));
    let entry = &owner.get("/api/v1/audit?action=password.reset").expect(200)["data"][0];
    assert_eq!((&entry["actor"]["kind"], &entry["actor"]["id"]), (&json!("link"), &entry["object"]));
    assert!(!owner.get("/api/v1/audit").expect(200).to_string().contains("np_reset_"));
}

#[test]
fn a_reset_ends_every_session_and_leaves_the_second_factor() {
    let app = TestApp::start();
    let (email, _) = app.demo_sign_in();
    let mut owner = app.owner();
    let secret = owner.send("POST", "/api/v1/mfa/setup", &[], None).expect(200)["secret"].clone();
    let code = code_at(secret.as_str().unwrap(), now());
    owner.post("/api/v1/mfa/verify", &json!({ "code": code })).expect(200);
    let token = link(&app, &mut owner, &email);
    owner.get("/api/v1/auth/me").expect(200);
    reset(&app, &token, NEW).expect(204);
    assert_eq!(owner.get("/api/v1/auth/me").problem(401), "unauthorized");
    let asked = log_in(&app, &email, NEW);
    assert_eq!((asked["mfa_required"].as_bool(), asked.get("access_token")), (Some(true), None));
}

#[test]
fn an_address_without_an_account_is_answered_alike() {
    let app = TestApp::start();
    let (email, _) = app.demo_sign_in();
    let mut owner = app.owner();
    let shape = |answer: &Answer| {
        let headers = answer.headers.iter().filter(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id"));
        (answer.status, answer.bytes.clone(), headers.cloned().collect::<Vec<_>>())
    };
    let known = forgot(&app, &email);
    let unknown = forgot(&app, "nobody@example.com");
    assert_eq!(known.status, 202);
    assert_eq!(shape(&known), shape(&unknown));
    assert_eq!(mailbox(&mut owner).len(), 1);
    let refused = forgot(&app, "x@example.com\r\nBcc: all@example.com");
    assert_eq!(refused.problem(422), "validation_failed");
    assert_eq!(refused.json()["errors"][0]["pointer"], "/email");
    // What is no address counted too: these are the fourth to the tenth.
    for number in 0..7 {
        forgot(&app, &format!("nobody{number}@example.com")).expect(202);
    }
    let refused = forgot(&app, "other@example.com");
    assert_eq!(refused.problem(429), "rate_limited");
    assert_eq!(refused.json()["violated-policies"], json!(["password-reset-address"]));
}

#[test]
fn one_of_several_parallel_resets_wins() {
    let app = TestApp::start();
    let mut owner = app.owner();
    join(&app, &mut owner, GRACE, "user");
    let token = link(&app, &mut owner, GRACE);
    let passwords: Vec<String> = (0..6).map(|number| format!("{NEW} {number}")).collect();
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let calls: Vec<_> = passwords.iter().map(|password| scope.spawn(|| reset(&app, &token, password))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    let won: Vec<usize> = (0..6).filter(|number| answers[*number].status == 204).collect();
    assert_eq!(won.len(), 1, "{won:?}");
    for answer in answers.iter().filter(|answer| answer.status != 204) {
        assert_eq!(answer.problem(410), "reset_invalid");
    }
    log_in(&app, GRACE, &passwords[won[0]]);
}

#[test]
fn a_disabled_person_gets_no_link_and_cannot_use_one() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let joined = join(&app, &mut owner, GRACE, "user");
    let token = link(&app, &mut owner, GRACE);
    let path = format!("/api/v1/users/{}", joined["user"]["id"].as_str().unwrap());
    owner.patch(&path, &json!({ "disabled": true })).expect(200);
    assert_eq!(reset(&app, &token, NEW).problem(410), "reset_invalid");
    let before = mailbox(&mut owner).len();
    forgot(&app, GRACE).expect(202);
    assert_eq!(mailbox(&mut owner).len(), before);
    owner.delete(&path).expect(204);
    assert_eq!(reset(&app, &token, NEW).problem(410), "reset_invalid");
}

#[test]
fn an_admin_cannot_read_the_link_of_an_owner_of_the_instance() {
    let app = TestApp::start();
    let (email, _) = app.demo_sign_in();
    let mut owner = app.owner();
    let mut admin = bearer(&app, &join(&app, &mut owner, GRACE, "admin"));
    forgot(&app, &email).expect(202);
    let seen: Vec<Value> = mailbox(&mut admin).into_iter().map(|message| message["to"].clone()).collect();
    assert_eq!(seen, [json!(GRACE)], "only the own invitation");
    assert!(!admin.get("/api/v1/mailbox").text().contains("np_reset_"));
    token_of(&mut owner, &email, &format!("{}/reset", app.url()));
}
