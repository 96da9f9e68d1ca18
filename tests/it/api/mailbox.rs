//! Messages to people, and who may read them, against the real server.

use serde_json::{Value, json};

use super::access::{PASSWORD, bearer, join};
use crate::support::{Client, TestApp};

/// The messages that the client sees, the newest first.
pub(super) fn mailbox(client: &mut Client) -> Vec<Value> {
    client.get("/api/v1/mailbox").expect(200)["data"].as_array().unwrap().clone()
}

/// The token behind the `#` of the link to this page in the newest message to the address.
pub(super) fn token_of(client: &mut Client, to: &str, link: &str) -> String {
    let message = mailbox(client).into_iter().find(|message| message["to"] == to).expect("a message");
    let text = message["text"].as_str().unwrap().to_owned();
    let line = text.lines().find_map(|line| line.strip_prefix(link)?.strip_prefix('#'));
    line.unwrap_or_else(|| panic!("no {link} in {text}")).to_owned()
}

fn subjects(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["subject"].as_str().unwrap()).collect()
}

#[test]
fn an_invitation_is_written_to_the_person_with_the_link_to_accept_it() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let made = owner.post("/api/v1/auth/invites", &json!({ "email": "grace@example.com", "role": "user" })).expect(201);
    let token = token_of(&mut owner, "grace@example.com", &format!("{}/join", app.url()));
    assert_eq!(made["token"], token);
    let listed = owner.get("/api/v1/mailbox");
    assert_eq!(listed.header("cache-control"), Some("no-store"));
    let message = &listed.json()["data"][0];
    assert!(message["id"].as_str().unwrap().starts_with("msg_"));
    assert!(message["text"].as_str().unwrap().contains("\"Demo\""));
    assert!(!app.log().contains(&token));
    let body = json!({ "token": token, "name": "Grace", "password": PASSWORD });
    app.anonymous().post("/api/v1/auth/invites/accept", &body).expect(201);
}

#[test]
fn links_begin_with_the_public_address_and_not_with_what_a_request_says() {
    let app = TestApp::start_with(&[("NOVAPULSE_SERVER_PUBLIC_URL", "https://nova.example/")]);
    let mut owner = app.owner();
    let body = json!({ "email": "grace@example.com", "role": "user" }).to_string();
    let headers = [("x-forwarded-host", "evil.example"), ("origin", "https://evil.example")];
    owner.send("POST", "/api/v1/auth/invites", &headers, Some(body.as_bytes())).expect(201);
    token_of(&mut owner, "grace@example.com", "https://nova.example/join");
}

#[test]
fn only_admins_of_the_company_read_its_mailbox() {
    let app = TestApp::start_with(&[("NOVAPULSE_AUTH_REGISTRATION", "open")]);
    let mut owner = app.owner();
    for (email, role) in [("m@example.com", "manager"), ("u@example.com", "user")] {
        let mut person = bearer(&app, &join(&app, &mut owner, email, role));
        assert_eq!(person.get("/api/v1/mailbox").problem(403), "forbidden", "{role}");
    }
    assert_eq!(app.client().get("/api/v1/mailbox").problem(403), "forbidden", "no key reads it");
    assert_eq!(app.anonymous().get("/api/v1/mailbox").problem(401), "unauthorized");
    let key = json!({ "name": "k", "scopes": ["mailbox:read"] });
    assert_eq!(owner.post("/api/v1/api-keys", &key).problem(422), "validation_failed");

    let order = json!({ "company_name": "Other", "name": "Eve", "email": "eve@example.com", "password": PASSWORD });
    let mut eve = bearer(&app, &app.anonymous().post("/api/v1/auth/register", &order).expect(201));
    assert_eq!(mailbox(&mut eve), [Value::Null; 0]);
    eve.post("/api/v1/auth/invites", &json!({ "email": "x@example.com", "role": "user" })).expect(201);
    assert_eq!(mailbox(&mut eve).len(), 1);
    assert_eq!(mailbox(&mut owner).len(), 2, "and the owner reads that of the own company");
}

#[test]
fn messages_about_an_owner_of_the_instance_are_for_owners() {
    let app = TestApp::start();
    let (mut owner, (_, password)) = (app.owner(), app.demo_sign_in());
    let mut grace = bearer(&app, &join(&app, &mut owner, "grace@example.com", "admin"));
    let change = json!({ "current_password": password, "password": PASSWORD });
    owner.post("/api/v1/auth/password", &change).expect(204);
    let change = json!({ "current_password": PASSWORD, "password": "velvet noon tram orbit" });
    grace.post("/api/v1/auth/password", &change).expect(204);
    let own = "Your password was changed";
    let invitation = "Your invitation to NovaPulse";
    assert_eq!(subjects(&mailbox(&mut owner)), [own, own, invitation]);
    assert_eq!(subjects(&mailbox(&mut grace)), [own, invitation]);
    assert_eq!(mailbox(&mut grace)[0]["to"], "grace@example.com");
    // Pages are cut after what the reader may not see was left out.
    let first = grace.get("/api/v1/mailbox?limit=1").expect(200);
    let path = format!("/api/v1/mailbox?limit=1&cursor={}", first["next_cursor"].as_str().unwrap());
    let second = grace.get(&path).expect(200);
    assert_eq!((&second["data"][0]["subject"], &second["next_cursor"]), (&json!(invitation), &Value::Null));
}

#[test]
fn addresses_that_would_be_headers_or_several_are_refused() {
    let app = TestApp::start();
    let mut owner = app.owner();
    for email in [
        "x@example.com\r\nBcc: all@example.com",
        "x@example.com\nSubject: hello",
        "x@example.com, y@example.com",
        "x,y@example.com",
        "x<y@example.com>",
        "x@example.com\u{0}",
    ] {
        let answer = owner.post("/api/v1/auth/invites", &json!({ "email": email, "role": "user" }));
        assert_eq!(answer.problem(422), "validation_failed", "{email:?}");
        assert_eq!(answer.json()["errors"][0]["pointer"], "/email");
    }
    assert_eq!(mailbox(&mut owner), [Value::Null; 0]);
    assert_eq!(owner.get("/api/v1/auth/invites").expect(200)["data"], json!([]));
}

#[test]
fn the_mailbox_survives_a_kill() {
    let mut app = TestApp::start();
    let mut owner = app.owner();
    owner.post("/api/v1/auth/invites", &json!({ "email": "grace@example.com", "role": "user" })).expect(201);
    app.kill9();
    app.start_again();
    assert_eq!(mailbox(&mut app.owner()).len(), 1);
}
