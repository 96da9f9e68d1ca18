//! Who may do what: every operation of the OpenAPI document with every role and every kind of credential.
//!
//! The table here is written from the product's description, not from the code it checks.

use std::collections::BTreeMap;

use serde_json::json;

use super::authorization::{Operation, filled, operations};
use crate::support::{Client, TestApp};

const PASSWORD: &str = "tram orbit velvet noon";

/// Who has a scope: user, manager, admin, owner of the instance, API key.
type Holders = [bool; 5];

const EVERYBODY: Holders = [true, true, true, true, true];
const PEOPLE: Holders = [true, true, true, true, false];
const OPERATORS: Holders = [false, true, true, true, true];
const MANAGERS: Holders = [false, true, true, true, false];
const ADMINS: Holders = [false, false, true, true, false];
const ADMINS_AND_KEYS: Holders = [false, false, true, true, true];
const OWNERS: Holders = [false, false, false, true, false];
const OWNERS_AND_KEYS: Holders = [false, false, false, true, true];

fn holders(scope: &str) -> Holders {
    match scope {
        "jobs:read" | "changes:read" | "schedules:read" | "events:read" | "webhooks:read" | "users:read" => EVERYBODY,
        "profile" => PEOPLE,
        "emails:read" | "emails:write" | "jobs:write" | "jobs:work" | "schedules:write" | "events:write"
        | "webhooks:write" | "reports:read" | "reports:write" => OPERATORS,
        "members:write" => MANAGERS,
        "users:write" | "departments:write" | "company:write" | "keys:write" | "mailbox:read" => ADMINS,
        "audit:read" => ADMINS_AND_KEYS,
        "queues:write" => OWNERS_AND_KEYS,
        "instance:write" => OWNERS,
        other => panic!("say here who has {other}"),
    }
}

/// Operations that end the session they come with: called last, each with a session of its own.
const ENDING: [&str; 2] = ["log_out", "log_out_everywhere"];

struct Cast {
    app: TestApp,
    people: [(&'static str, String); 4],
}

fn cast() -> Cast {
    let app = TestApp::start_with(&[("NOVAPULSE_LIMITS_API_PER_SECOND", "0")]);
    let mut owner = app.owner();
    let mut people = vec![];
    for role in ["user", "manager", "admin"] {
        let email = format!("{role}@example.com");
        let invite = owner.post("/api/v1/auth/invites", &json!({ "email": email, "role": role })).expect(201);
        let body = json!({ "token": invite["token"], "name": role, "password": PASSWORD });
        app.anonymous().post("/api/v1/auth/invites/accept", &body).expect(201);
        people.push((role, email));
    }
    let (email, _) = app.demo_sign_in();
    people.push(("owner", email));
    Cast { app, people: people.try_into().unwrap() }
}

impl Cast {
    fn session(&self, person: usize) -> Client {
        let (role, email) = &self.people[person];
        let (_, owners) = self.app.demo_sign_in();
        let password = if *role == "owner" { owners.as_str() } else { PASSWORD };
        let body = json!({ "email": email, "password": password });
        let tokens = self.app.anonymous().post("/api/v1/auth/login", &body).expect(200);
        Client::with_key(self.app.address(), tokens["access_token"].as_str().unwrap())
    }
}

/// Whether an answer says that the credential may do this: anything but 401 and 403.
fn is_let_in(client: &mut Client, operation: &Operation) -> bool {
    let answer = client.send(&operation.method, &filled(&operation.path), &[], Some(b"{}"));
    match answer.status {
        403 => {
            assert_eq!(answer.problem(403), "forbidden", "{}", operation.id);
            false
        }
        401 => panic!("{}: {}", operation.id, answer.text()),
        status => {
            assert!(status < 500, "{}: {}", operation.id, answer.text());
            true
        }
    }
}

#[test]
fn every_operation_asks_every_role_and_key_for_its_scope() {
    let cast = cast();
    let all = operations(&mut cast.app.anonymous());
    let (ending, staying): (Vec<_>, Vec<_>) =
        all.into_iter().filter(|it| !it.is_open).partition(|it| ENDING.contains(&it.id.as_str()));
    let scopes: Vec<String> = staying.iter().filter_map(|it| it.scope.clone()).collect();
    let for_keys: Vec<String> = scopes
        .iter()
        .filter(|scope| holders(scope)[4])
        .cloned()
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();

    let mut checked = 0;
    for person in 0..4 {
        let mut client = cast.session(person);
        for operation in &staying {
            let expected = holders(operation.scope.as_deref().unwrap())[person];
            let found = is_let_in(&mut client, operation);
            assert_eq!(found, expected, "{} as {}", operation.id, cast.people[person].0);
            checked += 1;
        }
        for operation in &ending {
            assert!(holders(operation.scope.as_deref().unwrap())[person]);
            let mut client = cast.session(person);
            assert!(is_let_in(&mut client, operation), "{}", operation.id);
            let again = client.send(&operation.method, &filled(&operation.path), &[], None);
            assert_eq!(again.problem(401), "unauthorized", "{} has ended it", operation.id);
            checked += 1;
        }
    }
    checked += keys(&cast, &for_keys, &staying);
    assert!(checked > 400, "{checked}");
}

/// One key with every scope, and for each scope a key without it and a key with it alone.
fn keys(cast: &Cast, for_keys: &[String], operations: &[Operation]) -> usize {
    let mut owner = cast.session(3);
    let mut make = |scopes: &[String]| {
        let made = owner.post("/api/v1/api-keys", &json!({ "name": "matrix", "scopes": scopes })).expect(201);
        Client::with_key(cast.app.address(), made["secret"].as_str().unwrap())
    };
    let mut with = BTreeMap::new();
    for scope in for_keys {
        let others: Vec<String> = for_keys.iter().filter(|other| *other != scope).cloned().collect();
        with.insert(scope.clone(), (make(std::slice::from_ref(scope)), make(&others)));
    }
    let mut full = make(for_keys);
    let mut checked = 0;
    for operation in operations {
        let scope = operation.scope.as_deref().unwrap();
        let expected = holders(scope)[4];
        assert_eq!(is_let_in(&mut full, operation), expected, "{} with a key", operation.id);
        if let Some((alone, without)) = with.get_mut(scope) {
            assert!(is_let_in(alone, operation), "{} with {scope} alone", operation.id);
            assert!(!is_let_in(without, operation), "{} without {scope}", operation.id);
        }
        checked += 3;
    }
    checked
}

#[test]
fn nothing_that_has_ended_opens_any_operation() {
    let cast = cast();
    let mut owner = cast.session(3);
    let made = owner.post("/api/v1/api-keys", &json!({ "name": "short", "scopes": ["jobs:read"] })).expect(201);
    let mut revoked = Client::with_key(cast.app.address(), made["secret"].as_str().unwrap());
    revoked.get("/api/v1/jobs").expect(200);
    owner.delete(&format!("/api/v1/api-keys/{}", made["id"].as_str().unwrap())).expect(204);
    let mut signed_out = cast.session(2);
    signed_out.send("POST", "/api/v1/auth/logout", &[], None).expect(204);
    let mut removed = cast.session(1);
    let me = removed.get("/api/v1/auth/me").expect(200);
    owner.delete(&format!("/api/v1/users/{}", me["user"]["id"].as_str().unwrap())).expect(204);
    let mut disabled = cast.session(0);
    let me = disabled.get("/api/v1/auth/me").expect(200);
    owner
        .patch(&format!("/api/v1/users/{}", me["user"]["id"].as_str().unwrap()), &json!({ "disabled": true }))
        .expect(200);
    for operation in operations(&mut cast.app.anonymous()).iter().filter(|it| !it.is_open) {
        for client in [&mut revoked, &mut signed_out, &mut removed, &mut disabled] {
            let answer = client.send(&operation.method, &filled(&operation.path), &[], Some(b"{}"));
            assert_eq!(answer.problem(401), "unauthorized", "{}", operation.id);
        }
    }
}
