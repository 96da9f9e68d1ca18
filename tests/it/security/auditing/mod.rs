//! Every operation that changes something leaves its entry in the audit log, or stands on a list that says why not.

mod access;
mod company;
mod mail;
mod operation;
mod refusals;
mod schedules;
mod traffic;

use std::time::Duration;

use serde_json::{Value, json};

use super::authorization::{Operation, operations};
use crate::support::{Answer, Client, Receiver, TestApp, wait_until};

const PATIENCE: Duration = Duration::from_mins(1);
const PASSWORD: &str = "tram orbit velvet noon";

/// What changes something and is not recorded, and why.
const EXEMPT: [(&str, &str); 17] = [
    ("create_job", "traffic: a job is its own record"),
    ("create_jobs", "traffic: a job is its own record"),
    ("lease_jobs", "the work itself: a job shows its worker and attempts"),
    ("heartbeat_job", "the work itself: a job shows its worker and attempts"),
    ("complete_job", "the work itself: a job shows its worker and attempts"),
    ("fail_job", "the work itself: a job shows its errors"),
    ("snooze_job", "the work itself: a job shows when it is due"),
    ("report_job_progress", "the work itself: a job shows its progress"),
    ("append_job_log", "the work itself: a job shows its log"),
    ("settle_jobs", "the work itself: a job shows how it ended"),
    ("create_event", "traffic: an event is its own record"),
    ("create_events", "traffic: an event is its own record"),
    ("preview_email_template", "shows what a template makes and changes nothing"),
    ("check_webhook_url", "says whether a URL may be used and changes nothing"),
    ("read_notification", "a mark that nobody else sees"),
    ("read_notifications", "a mark that nobody else sees"),
    ("refresh", "renews what a recorded sign-in began; a second use of a token is recorded as the end of the session"),
];

/// Operations that need a server of another kind, and the test that looks at their entries.
const APART: [(&str, &str); 3] = [
    ("set_up", "flows::life_cycle::the_first_company_is_made_once_with_the_token_of_the_first_start"),
    ("forgot_password", "security::auditing::refusals::asking_for_a_link_and_reading_the_mailbox_are_recorded"),
    ("register", "security::auditing::access::whoever_registers_is_the_actor"),
];

/// A change that is made for real.
struct Example {
    operation: &'static str,
    /// What it leaves in the log, in order.
    actions: &'static [&'static str],
    /// Prepares what the call needs, which may leave entries too, and answers the call.
    call: fn(&mut World) -> Call,
}

/// What an entry is about.
enum Object {
    /// What the path names.
    Path,
    /// What the answer holds at this pointer.
    Answer(&'static str),
    /// This text.
    Text(String),
    /// A session that the answer opens; its id is known to its tokens only.
    Session,
}

/// Operations that make what is not there under the name in their path.
const MAKERS: &[&str] = &["put_email_template"];

/// Who makes a call.
#[derive(Clone, Default)]
struct Party {
    /// Nothing when the operation asks for no credential.
    token: Option<String>,
    /// Kind and id; nothing when the answer says who.
    actor: Option<(&'static str, String)>,
}

/// One call and what comes of it.
struct Call {
    by: Party,
    /// What stands in the path; a second thing after `+`.
    id: String,
    body: Option<Value>,
    status: u16,
    object: Object,
    /// What the entry holds before and after, where the example looks at it.
    facts: Option<(Value, Value)>,
    /// How the same call is answered afterwards, when that is a refusal.
    again: Option<u16>,
    /// What no entry may hold.
    secrets: Vec<String>,
}

impl Call {
    fn by(party: &Party, status: u16) -> Self {
        Self {
            by: party.clone(),
            id: String::new(),
            body: None,
            status,
            object: Object::Path,
            facts: None,
            again: None,
            secrets: Vec::new(),
        }
    }

    fn at(self, id: impl Into<String>) -> Self {
        Self { id: id.into(), ..self }
    }

    fn with(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    fn about(self, object: Object) -> Self {
        Self { object, ..self }
    }

    fn showing(self, before: Value, after: Value) -> Self {
        Self { facts: Some((before, after)), ..self }
    }

    fn then(self, status: u16) -> Self {
        Self { again: Some(status), ..self }
    }

    fn hiding(mut self, secret: impl Into<String>) -> Self {
        self.secrets.push(secret.into());
        self
    }
}

/// A server with somebody to call it.
struct World {
    app: TestApp,
    key: Party,
    owner: Party,
    receiver: Receiver,
    count: u32,
}

impl World {
    fn start() -> Self {
        let app = TestApp::start();
        let mut demo = app.client();
        let made = "/api/v1/audit?action=webhook.create";
        wait_until("dev mode has made its webhook", PATIENCE, || demo.get(made).expect(200)["data"][0].is_object());
        let (email, password) = app.demo_sign_in();
        let body = json!({ "email": email, "password": password });
        let signed_in = app.anonymous().post("/api/v1/auth/login", &body).expect(200);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (id, token) = (text(&signed_in["user"]["id"]), text(&signed_in["access_token"]));
        let keys = Client::with_key(app.address(), &token).get("/api/v1/api-keys").expect(200);
        let key_id = text(&keys["data"][0]["id"]);
        let key = Party { token: Some(app.api_key().to_owned()), actor: Some(("api_key", key_id)) };
        let owner = Party { token: Some(token), actor: Some(("user", id)) };
        Self { app, key, owner, receiver: Receiver::start(), count: 0 }
    }

    fn client(&self, party: &Party) -> Client {
        match &party.token {
            Some(token) => Client::with_key(self.app.address(), token),
            None => self.app.anonymous(),
        }
    }

    /// A number that no other example has.
    fn next(&mut self) -> u32 {
        self.count += 1;
        self.count
    }

    /// Makes something with the API key; answers it.
    fn make(&self, path: &str, body: &Value) -> Value {
        let answer = self.client(&self.key).post(&format!("/api/v1{path}"), body);
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.text());
        answer.json()
    }

    /// The entries after a number, the oldest first.
    fn log(&self, after: u64) -> Vec<Value> {
        let answer = self.client(&self.key).get(&format!("/api/v1/audit/export?after={after}"));
        assert_eq!((answer.status, answer.header("x-next-after")), (200, None));
        answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The number of the last entry.
    fn last(&self) -> u64 {
        self.client(&self.key).get("/api/v1/audit?limit=1").expect(200)["data"][0]["number"].as_u64().unwrap()
    }

    fn send(&self, operation: &Operation, call: &Call, key: Option<&str>) -> Answer {
        let (id, user) = call.id.split_once('+').unwrap_or((&call.id, ""));
        let path =
            operation.path.replace("{id}", id).replace("{name}", id).replace("{user}", user).replace("{group}", user);
        let headers = key.map(|key| ("idempotency-key", key));
        let body = call.body.as_ref().map(ToString::to_string);
        let mut client = self.client(&call.by);
        client.send(
            &operation.method,
            &format!("/api/v1{path}"),
            headers.as_slice(),
            body.as_ref().map(String::as_bytes),
        )
    }

    /// Makes the calls that must be refused.
    fn refuse(&self, operation: &Operation, call: &Call) {
        let other = |call: Call| self.send(operation, &call, None).status;
        let plain = |by: &Party| Call { id: call.id.clone(), body: call.body.clone(), ..Call::by(by, 0) };
        if !operation.is_open {
            assert_eq!(other(plain(&Party::default())), 401, "{} without a credential", operation.id);
        }
        if operation.path.contains('{') && !MAKERS.contains(&&*operation.id) {
            let status = other(plain(&call.by).at(another(&call.id)));
            assert_eq!(status, 404, "{} of something that is not there", operation.id);
        }
        if call.body.is_some() {
            let status = other(plain(&call.by).with(json!({ "no_such_field": 1 })));
            assert_eq!(status, 422, "{} with a field it does not have", operation.id);
        }
    }

    /// Makes the change of an example, refused and for real, and looks at the log.
    fn perform(&mut self, operation: &Operation, example: &Example) {
        let call = (example.call)(self);
        let name = example.operation;
        let start = self.last();
        self.refuse(operation, &call);
        assert_eq!(self.log(start), Vec::<Value>::new(), "{name}: a refused call left an entry");

        let key = format!("key-of-{name}");
        let answer = self.send(operation, &call, Some(&key));
        assert_eq!(answer.status, call.status, "{name}: {}", answer.text());
        let entries = self.log(start);
        let actions: Vec<&str> = entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
        assert_eq!(actions, example.actions, "{name}");
        check(name, &entries, &call, &answer);

        let is_kept = operation.method == "POST" && !is_of_accounts(operation);
        if is_kept {
            let repeated = self.send(operation, &call, Some(&key));
            assert_eq!(repeated.header("idempotency-replayed"), Some("true"), "{name}: {}", repeated.text());
            assert_eq!(self.log(start).len(), entries.len(), "{name}: a repeated answer left an entry");
        }
        if let Some(status) = call.again {
            let again = self.send(operation, &call, None);
            assert_eq!(again.status, status, "{name}, once more: {}", again.text());
            assert_eq!(self.log(start).len(), entries.len(), "{name}: the refused second call left an entry");
        }
    }
}

/// An id or a name that nothing has.
fn another(id: &str) -> String {
    if let Some((id, second)) = id.split_once('+') {
        return format!("{}+{second}", another(id));
    }
    let (start, last) = id.split_at(id.len() - 1);
    let is_id = id.split_once('_').is_some_and(|(_, body)| body.len() == 26);
    if is_id { format!("{start}{}", if last == "0" { "1" } else { "0" }) } else { format!("{id}x") }
}

/// Operations on people and sessions keep no answers for idempotency keys.
fn is_of_accounts(operation: &Operation) -> bool {
    let is_of_people = ["/auth/", "/mfa/", "/users"].iter().any(|prefix| operation.path.starts_with(prefix));
    is_of_people && operation.path != "/auth/invites"
}

/// Who, from where, with which request, about what; and nothing that is a secret.
fn check(name: &str, entries: &[Value], call: &Call, answer: &Answer) {
    let body = answer.json();
    let (kind, id) = match &call.by.actor {
        Some((kind, id)) => (*kind, id.clone()),
        None => ("user", body["user"]["id"].as_str().unwrap().to_owned()),
    };
    for entry in entries {
        assert_eq!(entry["actor"], json!({ "kind": kind, "id": id }), "{name}");
        assert_eq!(
            (&entry["address"], entry["request_id"].as_str()),
            (&json!("127.0.0.1"), answer.header("x-request-id"))
        );
    }
    let object = entries[0]["object"].as_str().unwrap();
    match &call.object {
        Object::Path => assert_eq!(object, call.id, "{name}"),
        Object::Answer(pointer) => assert_eq!(Some(object), body.pointer(pointer).unwrap().as_str(), "{name}"),
        Object::Text(text) => assert_eq!(object, text, "{name}"),
        Object::Session => assert!(object.starts_with("ses_"), "{name}: {object}"),
    }
    if let Some((before, after)) = &call.facts {
        assert_eq!((&entries[0]["before"], &entries[0]["after"]), (before, after), "{name}");
    }
    let text = json!(entries).to_string();
    for secret in call.secrets.iter().cloned().chain(secrets_in(&body)) {
        assert!(!text.contains(&secret), "{name}: an entry holds {secret}: {text}");
    }
}

/// Everything in an answer that is a secret by its name.
fn secrets_in(answer: &Value) -> Vec<String> {
    let Value::Object(fields) = answer else { return Vec::new() };
    let is_secret = |name: &str| ["secret", "token", "codes", "otpauth"].iter().any(|part| name.contains(part));
    let named = fields.iter().filter(|(name, _)| is_secret(name) && *name != "token_type");
    let texts = named.flat_map(|(_, value)| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]));
    texts.filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

/// Performs every example of a table.
fn perform_all(world: &mut World, examples: &[Example]) {
    let operations = operations(&mut world.app.anonymous());
    for example in examples {
        let operation = operations.iter().find(|operation| operation.id == example.operation);
        world.perform(operation.unwrap_or_else(|| panic!("there is no {}", example.operation)), example);
    }
}

#[test]
fn every_change_has_an_example_or_a_reason() {
    let app = TestApp::start();
    let operations = operations(&mut app.anonymous());
    let worked: Vec<&str> = operation::ALL
        .iter()
        .chain(access::ALL)
        .chain(company::ALL)
        .chain(mail::ALL)
        .chain(schedules::ALL)
        .map(|example| example.operation)
        .collect();
    let apart = APART.iter().map(|(id, _)| *id);
    let listed: Vec<&str> = worked.into_iter().chain(EXEMPT.iter().map(|(id, _)| *id)).chain(apart).collect();
    for (position, id) in listed.iter().enumerate() {
        assert!(!listed[position + 1..].contains(id), "{id} is listed twice");
        assert!(operations.iter().any(|operation| operation.id == *id), "{id} is listed and not offered");
    }
    let changing = operations.iter().filter(|operation| operation.method != "GET");
    let missing: Vec<&str> =
        changing.map(|operation| operation.id.as_str()).filter(|id| !listed.contains(id)).collect();
    assert!(missing.is_empty(), "these have neither a worked example nor a reason to have none: {missing:?}");
}
