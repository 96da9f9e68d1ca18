//! Changes of companies, people, sessions, second factors, invitations and API keys.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::{Call, Example, Object, PASSWORD, Party, World, perform_all};
use crate::support::{Client, TestApp, code_at};

pub(super) const ALL: &[Example] = &[
    Example {
        operation: "create_user",
        actions: &["user.create"],
        call: |world| {
            let body = json!({ "name": "Ada", "email": "ada@example.com", "role": "user", "password": PASSWORD });
            Call::by(&world.owner, 201).with(body).about(Object::Answer("/id")).then(409).hiding(PASSWORD)
        },
    },
    Example {
        operation: "update_user",
        actions: &["user.update"],
        call: |world| Call::by(&world.owner, 200).at(user(world).1).with(json!({ "role": "user" })),
    },
    Example {
        operation: "delete_user",
        actions: &["user.delete"],
        call: |world| Call::by(&world.owner, 204).at(user(world).1).then(404),
    },
    Example {
        operation: "end_user_sessions",
        actions: &["session.end_all"],
        call: |world| Call::by(&world.owner, 204).at(user(world).1),
    },
    Example {
        operation: "remove_user_mfa",
        actions: &["mfa.disable"],
        call: |world| {
            let Enrolled { person, .. } = enrolled(world);
            Call::by(&world.owner, 204).at(person.actor.unwrap().1).then(409)
        },
    },
    Example {
        operation: "create_api_key",
        actions: &["key.create"],
        call: |world| {
            let body = json!({ "name": "billing", "scopes": ["events:write"] });
            Call::by(&world.owner, 201).with(body).about(Object::Answer("/id"))
        },
    },
    Example {
        operation: "revoke_api_key",
        actions: &["key.revoke"],
        call: |world| {
            let body = json!({ "name": "billing", "scopes": ["events:write"] });
            let made = world.client(&world.owner).post("/api/v1/api-keys", &body).expect(201);
            Call::by(&world.owner, 204).at(made["id"].as_str().unwrap())
        },
    },
    Example {
        operation: "create_invite",
        actions: &["invite.create"],
        call: |world| {
            let body = json!({ "email": "grace@example.com", "role": "user" });
            Call::by(&world.owner, 201).with(body).about(Object::Answer("/id"))
        },
    },
    Example {
        operation: "delete_invite",
        actions: &["invite.delete"],
        call: |world| Call::by(&world.owner, 204).at(invite(world)["id"].as_str().unwrap()).then(404),
    },
    Example {
        operation: "accept_invite",
        actions: &["user.create", "session.create"],
        call: |world| {
            let body = json!({ "token": invite(world)["token"], "name": "Grace", "password": PASSWORD });
            Call::by(&Party::default(), 201).with(body).about(Object::Answer("/user/id")).then(410).hiding(PASSWORD)
        },
    },
    Example {
        operation: "log_in",
        actions: &["session.create"],
        call: |world| {
            let body = json!({ "email": user(world).0, "password": PASSWORD });
            Call::by(&Party::default(), 200).with(body).about(Object::Session).hiding(PASSWORD)
        },
    },
    Example {
        operation: "log_in_mfa",
        actions: &["mfa.recover", "session.create"],
        call: |world| {
            let Enrolled { email, codes, person, .. } = enrolled(world);
            let first = json!({ "email": email, "password": PASSWORD });
            let asked = world.app.anonymous().post("/api/v1/auth/login", &first).expect(200);
            let body = json!({ "mfa_token": asked["mfa_token"], "recovery_code": codes[0] });
            let call = Call::by(&Party::default(), 200).with(body).about(Object::Text(person.actor.unwrap().1));
            call.hiding(codes[0].as_str().unwrap()).hiding(asked["mfa_token"].as_str().unwrap())
        },
    },
    Example {
        operation: "log_out",
        actions: &["session.end"],
        call: |world| {
            let (_, person) = person(world);
            let session = session(world, &person);
            Call::by(&person, 204).about(Object::Text(session)).then(401)
        },
    },
    Example {
        operation: "log_out_everywhere",
        actions: &["session.end_all"],
        call: |world| {
            let (_, person) = person(world);
            Call::by(&person, 204).about(itself(&person)).then(401)
        },
    },
    Example {
        operation: "reauthenticate",
        actions: &["session.prove"],
        call: |world| {
            let (_, person) = person(world);
            let call = Call::by(&person, 200).with(json!({ "password": PASSWORD })).about(Object::Session);
            call.then(401).hiding(PASSWORD)
        },
    },
    Example {
        operation: "end_session",
        actions: &["session.end"],
        call: |world| {
            let (_, person) = person(world);
            let session = session(world, &person);
            Call::by(&person, 204).at(session).then(401)
        },
    },
    Example {
        operation: "change_password",
        actions: &["password.change"],
        call: |world| {
            let (_, person) = person(world);
            let new = "lemon quartz anchor dusk";
            let body = json!({ "current_password": PASSWORD, "password": new });
            Call::by(&person, 204).with(body).about(itself(&person)).then(422).hiding(PASSWORD).hiding(new)
        },
    },
    Example {
        operation: "reset_password",
        actions: &["password.reset"],
        call: |world| {
            let (email, id) = user(world);
            let token = reset_link(world, &email);
            let new = "lemon quartz anchor dusk";
            let body = json!({ "token": token, "password": new });
            let nobody = Party { token: None, actor: Some(("link", id.clone())) };
            Call::by(&nobody, 204).with(body).about(Object::Text(id)).then(410).hiding(token).hiding(new)
        },
    },
    Example {
        operation: "set_up_mfa",
        actions: &["mfa.set_up"],
        call: |world| {
            let (_, person) = person(world);
            Call::by(&person, 200).about(itself(&person))
        },
    },
    Example {
        operation: "verify_mfa",
        actions: &["mfa.enable"],
        call: |world| {
            let (_, person) = person(world);
            let made = world.client(&person).post_empty("/api/v1/mfa/setup").expect(200);
            let code = code_at(made["secret"].as_str().unwrap(), now());
            Call::by(&person, 200).with(json!({ "code": code })).about(itself(&person)).then(409)
        },
    },
    Example {
        operation: "renew_recovery_codes",
        actions: &["mfa.renew"],
        call: |world| {
            let Enrolled { person, secret, at, .. } = enrolled(world);
            let code = code_at(&secret, at + 30);
            Call::by(&person, 200).with(json!({ "code": code })).about(itself(&person)).then(422)
        },
    },
    Example {
        operation: "disable_mfa",
        actions: &["mfa.disable"],
        call: |world| {
            let Enrolled { person, .. } = enrolled(world);
            Call::by(&person, 200).with(json!({ "password": PASSWORD })).about(itself(&person)).then(409)
        },
    },
];

/// Makes a user; answers the address and the id.
fn user(world: &mut World) -> (String, String) {
    user_with(world, PASSWORD)
}

fn user_with(world: &mut World, password: &str) -> (String, String) {
    let email = format!("person{}@example.com", world.next());
    let body = json!({ "name": "Person", "email": email, "role": "manager", "password": password });
    let made = world.client(&world.owner).post("/api/v1/users", &body).expect(201);
    (email, made["id"].as_str().unwrap().to_owned())
}

/// Makes a user and signs in.
pub(super) fn person(world: &mut World) -> (String, Party) {
    const FIRST: &str = "lantern gravel tuba sleet";
    let (email, id) = user_with(world, FIRST);
    let body = json!({ "email": email, "password": FIRST });
    let tokens = world.app.anonymous().post("/api/v1/auth/login", &body).expect(200);
    let token = tokens["access_token"].as_str().map(str::to_owned);
    let person = Party { token, actor: Some(("user", id)) };
    let change = json!({ "current_password": FIRST, "password": PASSWORD });
    world.client(&person).post("/api/v1/auth/password", &change).expect(204);
    (email, person)
}

/// A person with a second factor.
pub(super) struct Enrolled {
    pub(super) email: String,
    pub(super) person: Party,
    secret: String,
    /// When the first code was used.
    at: u64,
    codes: Value,
}

pub(super) fn enrolled(world: &mut World) -> Enrolled {
    let (email, person) = person(world);
    let mut client = world.client(&person);
    let secret = client.post_empty("/api/v1/mfa/setup").expect(200)["secret"].as_str().unwrap().to_owned();
    let at = now();
    let made = client.post("/api/v1/mfa/verify", &json!({ "code": code_at(&secret, at) })).expect(200);
    Enrolled { email, person, secret, at, codes: made["recovery_codes"].clone() }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn itself(person: &Party) -> Object {
    Object::Text(person.actor.clone().unwrap().1)
}

/// The session a person calls with.
fn session(world: &World, person: &Party) -> String {
    let me = world.client(person).get("/api/v1/auth/me").expect(200);
    me["session_id"].as_str().unwrap().to_owned()
}

/// Asks for a link to reset a password; answers its token.
fn reset_link(world: &World, email: &str) -> String {
    world.app.anonymous().post("/api/v1/auth/password/forgot", &json!({ "email": email })).expect(202);
    let newest = world.client(&world.owner).get("/api/v1/mailbox?limit=1").expect(200)["data"][0].clone();
    let text = newest["text"].as_str().unwrap();
    let token = text.lines().find_map(|line| line.split_once("/reset#")).expect("the newest message has a link").1;
    token.to_owned()
}

fn invite(world: &mut World) -> Value {
    let email = format!("guest{}@example.com", world.next());
    let body = json!({ "email": email, "role": "user" });
    world.client(&world.owner).post("/api/v1/auth/invites", &body).expect(201)
}

#[test]
fn each_change_of_people_sessions_and_keys_is_recorded_once() {
    let mut world = World::start();
    perform_all(&mut world, ALL);
}

#[test]
fn whoever_registers_is_the_actor() {
    let app = TestApp::start_with(&[("NOVAPULSE_AUTH_REGISTRATION", "open")]);
    let body = json!({ "company_name": "Other", "name": "Eve", "email": "eve@example.com", "password": PASSWORD });
    let answer = app.anonymous().post("/api/v1/auth/register", &body);
    let made = answer.expect(201);
    assert_eq!(app.anonymous().post("/api/v1/auth/register", &body).problem(409), "email_taken");
    let mut eve = Client::with_key(app.address(), made["access_token"].as_str().unwrap());
    let log = eve.get("/api/v1/audit").expect(200);
    let entries = log["data"].as_array().unwrap();
    let actions: Vec<&str> = entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["session.create", "user.create", "company.create"]);
    for entry in entries {
        assert_eq!(entry["actor"], json!({ "kind": "user", "id": made["user"]["id"] }));
        assert_eq!(entry["request_id"].as_str(), answer.header("x-request-id"));
    }
    assert!(!log.to_string().contains(PASSWORD));
}
