//! Sign-ins that are refused, and tokens that are used twice.

use serde_json::{Value, json};

use super::{
    World,
    access::{Enrolled, enrolled, person},
};

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
