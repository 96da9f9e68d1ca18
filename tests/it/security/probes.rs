//! What another company has looks like what nobody has: random probes with ids that exist elsewhere and ids that do not.

use std::{collections::BTreeMap, thread};

use serde_json::{Value, json};

use super::authorization::{Operation, operations};
use crate::support::{Client, TestApp};

pub(super) const PASSWORD: &str = "tram orbit velvet noon";
const CONNECTIONS: usize = 8;
/// Probes of the short form; `NOVAPULSE_TENANT_PROBES` asks for another number.
const PROBES: usize = 100_000;

/// The things of one company, by the prefix of their ids.
pub(super) type Things = BTreeMap<&'static str, String>;

/// Makes one of everything that has an id.
pub(super) fn make_things(client: &mut Client, key: &mut Client) -> Things {
    let id = |value: &Value| value.as_str().unwrap().to_owned();
    let mut things = Things::new();
    let job = json!({ "queue": "probes", "kind": "k", "payload": 1, "delay_ms": 3_600_000 });
    things.insert("job_", id(&key.post("/api/v1/jobs", &job).expect(201)["id"]));
    key.post("/api/v1/event-types", &json!({ "name": "probe.made" })).expect(201);
    let webhook = json!({ "url": "http://127.0.0.1:9/", "events": ["probe.*"], "enabled": false });
    let webhook = id(&key.post("/api/v1/webhooks", &webhook).expect(201)["id"]);
    key.patch(&format!("/api/v1/webhooks/{webhook}"), &json!({ "enabled": true })).expect(200);
    let event = key.post("/api/v1/events", &json!({ "type": "probe.made", "data": {} })).expect(202);
    assert_eq!(event["deliveries"], 1);
    things.insert("evt_", id(&event["id"]));
    let logs = key.get(&format!("/api/v1/webhooks/{webhook}/logs")).expect(200);
    things.insert("dlv_", id(&logs["data"][0]["id"]));
    things.insert("wh_", webhook);
    let report = json!({ "definition": "jobs", "format": "csv", "period": { "last_ms": 60_000 } });
    things.insert("rpt_", id(&key.post("/api/v1/reports", &report).expect(202)["id"]));
    let target = json!({ "job": { "queue": "probes", "kind": "k", "payload": 1 } });
    let schedule = json!({ "name": "probe", "every_ms": 86_400_000, "target": target });
    things.insert("sch_", id(&key.post("/api/v1/schedules", &schedule).expect(201)["id"]));
    let email = json!({ "to": "ada@example.com", "subject": "s", "text": "t" });
    things.insert("eml_", id(&key.post("/api/v1/emails", &email).expect(202)["id"]));
    let user = json!({ "name": "Probe", "email": "probe@example.com", "role": "user", "password": PASSWORD });
    things.insert("usr_", id(&client.post("/api/v1/users", &user).expect(201)["id"]));
    things.insert("dep_", id(&client.post("/api/v1/departments", &json!({ "name": "Probe" })).expect(201)["id"]));
    let invite = json!({ "email": "invited@example.com", "role": "user" });
    things.insert("inv_", id(&client.post("/api/v1/auth/invites", &invite).expect(201)["id"]));
    let made = client.post("/api/v1/api-keys", &json!({ "name": "probe", "scopes": ["jobs:read"] })).expect(201);
    things.insert("key_", id(&made["id"]));
    things.insert("ntf_", notification(client, key));
    things.insert("ses_", id(&client.get("/api/v1/auth/me").expect(200)["session_id"]));
    things
}

/// Has those who operate the company told that a job failed for good.
fn notification(client: &mut Client, key: &mut Client) -> String {
    let job = json!({ "queue": "probes-failed", "kind": "k", "payload": 1, "attempts": 1 });
    key.post("/api/v1/jobs", &job).expect(201);
    let wish = json!({ "max": 1, "lease_ms": 60_000, "wait_ms": 0, "worker": "probe" });
    let leased = &key.post("/api/v1/queues/probes-failed/lease", &wish).expect(200)["jobs"][0];
    let path = format!("/api/v1/jobs/{}/fail", leased["id"].as_str().unwrap());
    key.post(&path, &json!({ "lease_token": leased["lease_token"], "error": "e" })).expect(200);
    let told = client.get("/api/v1/notifications").expect(200);
    let found = told["data"].as_array().unwrap().iter().find(|one| one["kind"] == "job_failed");
    found.expect("a job failed")["id"].as_str().unwrap().to_owned()
}

/// Which kind of id an operation takes in the place of `{id}`.
pub(super) fn prefix(path: &str) -> Option<&'static str> {
    Some(match path.split('/').nth(1)? {
        "jobs" => "job_",
        "events" => "evt_",
        "deliveries" => "dlv_",
        "webhooks" => "wh_",
        "users" => "usr_",
        "departments" => "dep_",
        "reports" => "rpt_",
        "schedules" => "sch_",
        "emails" => "eml_",
        "api-keys" => "key_",
        "notifications" => "ntf_",
        "auth" if path.starts_with("/auth/invites/{") => "inv_",
        "auth" if path.starts_with("/auth/sessions/{") => "ses_",
        _ => return None,
    })
}

pub(super) fn body(operation: &str) -> Value {
    match operation {
        "heartbeat_job" | "complete_job" | "report_job_progress" => json!({ "lease_token": "1-1" }),
        "fail_job" => json!({ "lease_token": "1-1", "error": "e" }),
        "append_job_log" => json!({ "lease_token": "1-1", "lines": ["x"] }),
        "snooze_job" => json!({ "lease_token": "1-1", "delay_ms": 1 }),
        "replay_webhook" => json!({ "since": "2020-01-01T00:00:00Z" }),
        _ => json!({}),
    }
}

/// Status, body and names of headers.
pub(super) type Essence = (u16, Value, Vec<String>);

/// An answer without what differs between any two requests.
pub(super) fn essence(answer: &crate::support::Answer, ids: [&str; 2]) -> Essence {
    let mut body = answer.json();
    body["request_id"] = Value::Null;
    let text = ids.iter().fold(body.to_string(), |text, id| text.replace(id, "(id)"));
    let names = answer.headers.iter().map(|(name, _)| name.clone()).collect();
    (answer.status, serde_json::from_str(&text).unwrap(), names)
}

/// A small generator: the probes are random and the same in every run.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % end as u64).unwrap()
    }

    /// An id that nobody has, made in the same millisecond as one that somebody has.
    pub(super) fn missing(&mut self, like: &str) -> String {
        const ALPHABET: &[u8] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let (head, tail) = like.split_at(like.len() - 12);
        let tail: String = tail.chars().map(|_| char::from(ALPHABET[self.below(32)])).collect();
        format!("{head}{tail}")
    }
}

fn probes() -> usize {
    std::env::var("NOVAPULSE_TENANT_PROBES").ok().map_or(PROBES, |text| text.parse().expect("a number of probes"))
}

#[test]
fn what_another_company_has_looks_like_what_nobody_has() {
    let app = TestApp::start_with(&[("NOVAPULSE_LIMITS_API_PER_SECOND", "0"), ("NOVAPULSE_AUTH_REGISTRATION", "open")]);
    let (mut owner, mut key) = (app.owner(), app.client());
    let things = make_things(&mut owner, &mut key);
    let before = look(&mut owner, &things);

    let other = json!({ "company_name": "Other", "name": "Eve", "email": "eve@example.com", "password": PASSWORD });
    let eve = app.anonymous().post("/api/v1/auth/register", &other).expect(201);
    let token = eve["access_token"].as_str().unwrap();
    let all: Vec<Operation> = operations(&mut app.anonymous())
        .into_iter()
        .filter(|it| it.path.contains("{id}") && prefix(&it.path).is_some() && it.scope.is_some())
        .collect();
    let unknown = |it: &&Operation| it.path.contains("{id}") && prefix(&it.path).is_none();
    let left: Vec<String> = operations(&mut app.anonymous()).iter().filter(unknown).map(|it| it.path.clone()).collect();
    assert!(left.is_empty() && all.len() > 40, "{left:?} {}", all.len());
    let count = probes();
    thread::scope(|scope| {
        for part in 0..CONNECTIONS {
            let (all, things, address) = (&all, &things, app.address());
            scope.spawn(move || {
                let mut client = Client::with_key(address, token);
                let mut random = Random(part as u64 + 1);
                for _ in 0..count / CONNECTIONS {
                    probe(&mut client, &mut random, all, things);
                }
            });
        }
    });
    assert_eq!(look(&mut owner, &things), before, "nothing of the other company has changed");
}

fn probe(client: &mut Client, random: &mut Random, all: &[Operation], things: &Things) {
    let operation = &all[random.below(all.len())];
    let wanted = prefix(&operation.path).unwrap();
    // Mostly the right kind of id, at times one of another kind.
    let kinds: Vec<&str> = things.keys().copied().collect();
    let kind = if random.below(8) == 0 { kinds[random.below(kinds.len())] } else { wanted };
    let foreign = &things[kind];
    let missing = random.missing(foreign);
    let (user, nobody) = (&things["usr_"], random.missing(&things["usr_"]));
    let text = body(&operation.id).to_string();
    let mut ask = |id: &str, user: &str| {
        let path = format!("/api/v1{}", operation.path.replace("{id}", id).replace("{user}", user));
        let body = (operation.method != "GET").then_some(text.as_bytes());
        essence(&client.send(&operation.method, &path, &[], body), [id, user])
    };
    let (found, expected) = (ask(foreign, user), ask(&missing, &nobody));
    assert_eq!(found, expected, "{} with {foreign} and {missing}", operation.id);
    assert!((400..500).contains(&found.0), "{}: {found:?}", operation.id);
}

/// What the company sees of its own things.
fn look(owner: &mut Client, things: &Things) -> Vec<(u16, Value)> {
    let mut seen = Vec::new();
    for (prefix, list) in [
        ("job_", "jobs"),
        ("evt_", "events"),
        ("wh_", "webhooks"),
        ("usr_", "users"),
        ("dep_", "departments"),
        ("sch_", "schedules"),
    ] {
        let answer = owner.get(&format!("/api/v1/{list}/{}", things[prefix]));
        let mut value = answer.json();
        // The delivery goes its own way meanwhile.
        value["deliveries"] = Value::Null;
        seen.push((answer.status, value));
    }
    for list in ["/api/v1/api-keys", "/api/v1/auth/invites", "/api/v1/auth/sessions"] {
        let ids = owner.get(list).expect(200)["data"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect();
        seen.push((200, Value::Array(ids)));
    }
    assert!(seen.iter().all(|(status, _)| *status == 200), "{seen:?}");
    seen
}
