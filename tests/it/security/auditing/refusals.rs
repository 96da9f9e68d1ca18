//! Sign-ins that are refused, and tokens that are used twice.

use serde_json::{Value, json};

use super::{
    PATIENCE, World,
    access::{Enrolled, enrolled, person},
};
use crate::support::wait_until;

fn log_in(world: &World, email: &str, password: &str) -> crate::support::Answer {
    world.app.anonymous().post("/api/v1/auth/login", &json!({ "email": email, "password": password }))
}

/// Object and reason of the refusals after an entry, which must be all there is.
fn refusals(world: &World, after: u64) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let entries = world.log(after);
    for entry in &entries {
        assert_eq!(entry["action"], "session.refuse");
        assert_eq!(entry["actor"], json!({ "kind": "system", "id": null }), "nobody knows who it was");
        assert_eq!(entry["address"], "127.0.0.1");
    }
    entries.iter().map(|entry| (text(&entry["object"]), text(&entry["after"]["reason"]))).collect()
}

#[test]
fn a_refused_sign_in_is_recorded_for_an_account_that_exists() {
    let mut world = World::start();
    let (email, person) = person(&mut world);
    let id = person.actor.unwrap().1;
    let start = world.last();
    let known = log_in(&world, &email, "wrong password");
    let unknown = log_in(&world, "nobody@example.com", "wrong password");
    assert_eq!(
        (known.problem(401), unknown.problem(401)),
        ("invalid_credentials".into(), "invalid_credentials".into())
    );
    let words = |answer: &Value| (answer["title"].clone(), answer["detail"].clone());
    assert_eq!(words(&known.json()), words(&unknown.json()));
    assert_eq!(refusals(&world, start), [(id.clone(), "password".to_owned())]);
    assert_eq!(world.log(start)[0]["request_id"].as_str(), known.header("x-request-id"));

    let mut owner = world.client(&world.owner);
    owner.patch(&format!("/api/v1/users/{id}"), &json!({ "disabled": true })).expect(200);
    let start = world.last();
    assert_eq!(log_in(&world, &email, super::PASSWORD).problem(401), "invalid_credentials");
    assert_eq!(refusals(&world, start), [(id.clone(), "disabled".to_owned())]);
    for _ in 0..2 {
        log_in(&world, &email, "wrong password").problem(401);
    }
    assert_eq!(log_in(&world, &email, "wrong password").problem(429), "rate_limited");
    assert_eq!(refusals(&world, start).len(), 3, "the limit on sign-ins bounds the entries");
}

#[test]
fn a_refused_second_factor_is_recorded() {
    let mut world = World::start();
    let Enrolled { email, person, .. } = enrolled(&mut world);
    let id = person.actor.unwrap().1;
    let asked = log_in(&world, &email, super::PASSWORD).expect(200);
    let start = world.last();
    let body = json!({ "mfa_token": asked["mfa_token"], "recovery_code": "wrong" });
    let refused = world.app.anonymous().post("/api/v1/auth/login/mfa", &body);
    assert_eq!(refused.problem(422), "mfa_code_wrong");
    let at_once = json!({ "email": email, "password": super::PASSWORD, "mfa_code": "wrong" });
    assert_eq!(world.app.anonymous().post("/api/v1/auth/login", &at_once).problem(422), "mfa_code_wrong");
    assert_eq!(refusals(&world, start), [(id.clone(), "code".to_owned()), (id, "code".to_owned())]);
}

#[test]
fn asking_for_a_link_and_reading_the_mailbox_are_recorded() {
    let mut world = World::start();
    let (email, person) = person(&mut world);
    let id = person.actor.unwrap().1;
    let start = world.last();
    let ask = |email: &str| world.app.anonymous().post("/api/v1/auth/password/forgot", &json!({ "email": email }));
    ask("nobody@example.com").expect(202);
    assert_eq!(world.log(start), Vec::<Value>::new(), "no company has such an account");
    let asked = ask(&email);
    asked.expect(202);
    let entries = world.log(start);
    assert_eq!(entries.len(), 1);
    assert_eq!((&entries[0]["action"], &entries[0]["object"]), (&json!("password.ask"), &json!(id)));
    assert_eq!(entries[0]["actor"], json!({ "kind": "system", "id": null }), "nobody knows who asked");
    assert_eq!(entries[0]["request_id"].as_str(), asked.header("x-request-id"));
    assert_eq!(entries[0]["address"], "127.0.0.1");

    let start = world.last();
    world.client(&world.owner).get("/api/v1/mailbox?limit=1").expect(200);
    world.client(&world.owner).get("/api/v1/mailbox").expect(200);
    let entries = world.log(start);
    assert_eq!(entries.len(), 1, "the first look of a person in an hour");
    assert_eq!((&entries[0]["action"], &entries[0]["actor"]["kind"]), (&json!("mailbox.read"), &json!("user")));
    assert_eq!(entries[0]["actor"]["id"].as_str(), world.owner.actor.as_ref().map(|(_, id)| id.as_str()));
}

#[test]
fn what_a_known_caller_may_not_do_is_recorded_and_then_counted() {
    let mut world = World::start();
    let (_, person) = person(&mut world);
    let id = person.actor.clone().unwrap().1;
    let start = world.last();
    let mut client = world.client(&person);
    let refused = client.get("/api/v1/api-keys?limit=1");
    assert_eq!(refused.problem(403), "forbidden");
    let mut entries = Vec::new();
    wait_until("the refusal is recorded", PATIENCE, || {
        entries = world.log(start);
        !entries.is_empty()
    });
    let entry = &entries[0];
    assert_eq!(
        (&entry["action"], &entry["object"], &entry["after"]),
        (&json!("call.refuse"), &json!("GET /api/v1/api-keys"), &json!({ "code": "forbidden" }))
    );
    assert_eq!(entry["actor"], json!({ "kind": "user", "id": id }));
    assert_eq!(entry["request_id"].as_str(), refused.header("x-request-id"));
    assert_eq!(entry["address"], "127.0.0.1");
    for _ in 0..40 {
        client.get("/api/v1/api-keys").problem(403);
    }
    // A key is told apart from a person.
    assert_eq!(world.client(&world.key).get("/api/v1/api-keys").problem(403), "forbidden");
    assert_eq!(world.app.anonymous().get("/api/v1/api-keys").problem(401), "unauthorized");
    // What is not recorded one by one is counted, at the latest when the server ends.
    world.app.restart();
    let entries = world.log(start);
    let of = |kind: &'static str| entries.iter().filter(move |entry| entry["actor"]["kind"] == kind);
    assert_eq!(of("api_key").count(), 1, "{entries:?}");
    // A minute may have ended in between; each of them has ten entries before its count.
    let (mut each, mut all) = (0, 0);
    for entry in of("user").filter(|entry| entry["action"] == "call.refuse") {
        match entry["after"]["more"].as_u64() {
            None => each += 1,
            Some(more) => {
                assert_eq!(each, 10, "{entries:?}");
                (all, each) = (all + each + more, 0);
            }
        }
        assert!(each <= 10, "{entries:?}");
    }
    assert_eq!(all + each, 41, "{entries:?}");
}

#[test]
fn a_change_with_a_cookie_and_without_its_token_is_recorded() {
    let world = World::start();
    let (email, password) = world.app.demo_sign_in();
    let body = json!({ "email": email, "password": password }).to_string();
    let mut client = world.app.anonymous();
    let answer = client.send("POST", "/api/v1/auth/login", &[("x-session-mode", "cookie")], Some(body.as_bytes()));
    answer.expect(200);
    let cookies = answer.cookies();
    let start = world.last();
    let refused = client.send("POST", "/api/v1/auth/logout-all", &[("cookie", &cookies)], None);
    assert_eq!(refused.problem(403), "csrf");
    let mut entries = Vec::new();
    wait_until("the refusal is recorded", PATIENCE, || {
        entries = world.log(start);
        !entries.is_empty()
    });
    assert_eq!(entries[0]["after"], json!({ "code": "csrf" }));
    assert_eq!(entries[0]["object"], "POST /api/v1/auth/logout-all");
    assert_eq!(entries[0]["actor"]["id"].as_str(), world.owner.actor.as_ref().map(|(_, id)| id.as_str()));
    assert_eq!(entries[0]["request_id"].as_str(), refused.header("x-request-id"));
}

#[test]
fn a_refresh_token_used_again_ends_its_session_on_the_record() {
    let world = World::start();
    let (email, password) = world.app.demo_sign_in();
    let first = log_in(&world, &email, &password).expect(200);
    let start = world.last();
    let refresh = |tokens: &Value| {
        world.app.anonymous().post("/api/v1/auth/refresh", &json!({ "refresh_token": tokens["refresh_token"] }))
    };
    let second = refresh(&first).expect(200);
    refresh(&second).expect(200);
    assert_eq!(world.log(start), Vec::<Value>::new(), "renewing is no change");
    assert_eq!(refresh(&first).problem(401), "refresh_reused");
    let entries = world.log(start);
    assert_eq!(entries.len(), 1);
    assert_eq!((&entries[0]["action"], &entries[0]["actor"]["kind"]), (&json!("session.end"), &json!("system")));
    assert_eq!(entries[0]["after"]["user"], first["user"]["id"]);
}
