//! What people are told in the product, against the real server.

use std::{cell::RefCell, time::Duration};

use serde_json::{Value, json};

use super::{
    access::{PASSWORD, join, log_in},
    changes::Follower,
    jobs::{lease, order},
};
use crate::support::{Client, Receiver, Reply, TestApp, wait_until};

const PATIENCE: Duration = Duration::from_mins(1);
const PATH: &str = "/api/v1/notifications";

fn told(client: &mut Client) -> Value {
    client.get(PATH).expect(200)
}

fn kinds(client: &mut Client) -> Vec<String> {
    let data = told(client)["data"].as_array().unwrap().clone();
    data.iter().map(|row| row["kind"].as_str().unwrap().to_owned()).collect()
}

fn member(app: &TestApp, owner: &mut Client, email: &str, role: &str) -> (Client, String) {
    let joined = join(app, owner, email, role);
    let token = joined["access_token"].as_str().unwrap().to_owned();
    (Client::with_key(app.address(), &token), token)
}

/// Gives up this many jobs in one request.
fn fail(app: &TestApp, count: usize) -> Vec<Value> {
    let mut client = app.client();
    let jobs = vec![order(); count];
    client.post("/api/v1/jobs/batch", &json!({ "jobs": jobs })).expect(201);
    let leased = lease(&mut client, json!({ "max": count, "wait_ms": 10_000 })).as_array().unwrap().clone();
    assert_eq!(leased.len(), count);
    let items: Vec<_> = leased
        .iter()
        .map(|job| json!({ "id": job["id"], "lease_token": job["lease_token"], "outcome": "fail", "error": "no", "discard": true }))
        .collect();
    client.post("/api/v1/jobs/settle", &json!({ "items": items })).expect(200);
    leased
}

#[test]
fn dead_letters_are_told_to_those_who_operate_and_each_marks_for_oneself() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let (mut manager, _) = member(&app, &mut owner, "m@example.com", "manager");
    let (mut user, _) = member(&app, &mut owner, "u@example.com", "user");
    assert_eq!(told(&mut manager), json!({ "data": [], "next_cursor": null, "unread": 0 }));
    let job = fail(&app, 1)[0]["id"].clone();
    let first = told(&mut manager);
    let row = &first["data"][0];
    assert_eq!((&row["kind"], &row["object"], &row["detail"]), (&json!("job_failed"), &job, &json!("image.resize")));
    assert_eq!((&row["is_read"], &first["unread"]), (&json!(false), &json!(1)));
    fail(&app, 8);
    assert_eq!(kinds(&mut manager), ["job_failed"], "not with every one");
    fail(&app, 5);
    assert_eq!(kinds(&mut manager), ["dead_letters", "job_failed"]);
    let newest = &told(&mut manager)["data"][0];
    assert_eq!((&newest["object"], &newest["count"]), (&json!("images"), &json!(10)));
    assert_eq!(kinds(&mut user), [""; 0]);

    let path = format!("{PATH}/{}/read", row["id"].as_str().unwrap());
    assert_eq!(user.post_empty(&path).problem(404), "not_found");
    assert_eq!(manager.post_empty(&path).status, 204);
    assert_eq!(manager.post_empty(&path).status, 204, "again changes nothing");
    assert_eq!((&told(&mut manager)["unread"], &told(&mut owner)["unread"]), (&json!(1), &json!(2)));
    assert_eq!(manager.post(&format!("{PATH}/read"), &json!({ "until": row["id"] })).status, 204);
    assert_eq!(told(&mut manager)["unread"], 1, "the younger one was not seen");
    assert_eq!(manager.post(&format!("{PATH}/read"), &json!({})).status, 204);
    assert_eq!(told(&mut manager)["unread"], 0);
    assert_eq!(told(&mut owner)["unread"], 2);

    let page = owner.get(&format!("{PATH}?limit=1")).expect(200);
    assert_eq!((page["data"].as_array().unwrap().len(), &page["unread"]), (1, &json!(2)));
    let rest = owner.get(&format!("{PATH}?limit=1&cursor={}", page["next_cursor"].as_str().unwrap())).expect(200);
    assert_eq!((&rest["data"][0]["id"], &rest["next_cursor"]), (&row["id"], &Value::Null));
}

#[test]
fn notifications_survive_a_kill_with_their_marks() {
    let mut app = TestApp::start();
    fail(&app, 1);
    let mut owner = app.owner();
    let read = told(&mut owner)["data"][0]["id"].clone();
    assert_eq!(owner.post_empty(&format!("{PATH}/{}/read", read.as_str().unwrap())).status, 204);
    fail(&app, 9);
    let before = told(&mut owner);
    app.kill9();
    app.start_again();
    assert_eq!(told(&mut app.owner()), before);
    assert_eq!(before["unread"], 1);
}

fn row_of(client: &mut Client, kind: &str) -> Value {
    let mut found = None;
    wait_until("it is told", PATIENCE, || {
        let data = told(client)["data"].clone();
        found = data.as_array().unwrap().iter().find(|row| row["kind"] == kind).cloned();
        found.is_some()
    });
    found.unwrap()
}

#[test]
fn a_disabled_webhook_and_failed_deliveries_are_told() {
    let app = TestApp::start();
    let (mut owner, mut client) = (app.owner(), app.client());
    let receiver = Receiver::answering(|_| Reply::status(410));
    let order = json!({ "url": receiver.url("/x?key=hush"), "events": ["a.b"], "retry": { "max_retries": 0 } });
    let webhook = client.post("/api/v1/webhooks", &order).expect(201)["id"].clone();
    for _ in 0..2 {
        client.post("/api/v1/events", &json!({ "type": "a.b", "data": {} })).expect(202);
    }
    let row = row_of(&mut owner, "webhook_disabled");
    assert_eq!(row["object"], webhook);
    assert_eq!(row["detail"], receiver.url("/x"), "the query may be a secret");
    let row = row_of(&mut owner, "dead_letters");
    assert_eq!((&row["object"], &row["count"]), (&json!("webhook"), &json!(1)));
}

#[test]
fn a_failed_report_is_told() {
    let app = TestApp::start_with(&[("NOVAPULSE_REPORTS_FILE_MAX", "1")]);
    let mut owner = app.owner();
    let since = "2020-01-01T00:00:00Z";
    let order = json!({ "definition": "jobs", "format": "csv", "name": "Nightly",
        "period": { "since": since, "until": "2020-02-01T00:00:00Z" } });
    let id = owner.post("/api/v1/reports", &order).expect(202)["id"].clone();
    let row = row_of(&mut owner, "report_failed");
    assert_eq!((&row["object"], &row["detail"]), (&id, &json!("Nightly")));
    assert_eq!(kinds(&mut owner), ["report_failed"], "and not its job, too");
}

#[test]
fn what_happens_to_an_account_is_told_to_its_person_alone() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let (mut grace, _) = member(&app, &mut owner, "grace@example.com", "manager");
    let change = json!({ "current_password": PASSWORD, "password": "lantern gravel seven owls" });
    grace.post("/api/v1/auth/password", &change).expect(204);
    let tokens = log_in(&app, "grace@example.com", "lantern gravel seven owls");
    let mut grace = Client::with_key(app.address(), tokens["access_token"].as_str().unwrap());
    assert_eq!(kinds(&mut grace), ["password_changed"]);
    assert_eq!(told(&mut grace)["data"][0]["object"], Value::Null);
    assert_eq!(kinds(&mut owner), [""; 0]);
}

#[test]
fn the_stream_tells_of_what_is_new_for_the_person() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let (mut manager, token) = member(&app, &mut owner, "m@example.com", "manager");
    let mut follower = Follower::open(&app, &[("authorization", &format!("Bearer {token}"))]);
    let mut key = Follower::of(&app);
    follower.named("ready");
    key.named("ready");
    fail(&app, 1);
    assert_eq!(follower.named("notification").data, told(&mut manager)["data"][0]);
    // The key follows the same feed: by the second job it would have seen what is for people.
    let names = RefCell::new(vec![]);
    let second = fail(&app, 1)[0]["id"].clone();
    key.next(|event| {
        names.borrow_mut().push(event.name.clone());
        event.name == "change" && event.data["id"] == second && event.data["change"] == "failed"
    });
    assert!(!names.borrow().contains(&"notification".to_owned()), "{names:?}");
    let feed = app.client().get("/api/v1/changes?limit=250").expect(200);
    assert!(
        feed["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|change| change["object"] == "job" || change["object"] == "delivery")
    );
}

#[test]
fn marks_are_told_to_the_other_windows_of_the_person_alone() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let (mut manager, token) = member(&app, &mut owner, "m@example.com", "manager");
    let (_, other) = member(&app, &mut owner, "o@example.com", "manager");
    let bearer = |token: &str| format!("Bearer {token}");
    let mut window = Follower::open(&app, &[("authorization", &bearer(&token))]);
    let mut colleague = Follower::open(&app, &[("authorization", &bearer(&other))]);
    window.named("ready");
    colleague.named("ready");
    fail(&app, 1);
    let id = window.named("notification").data["id"].as_str().unwrap().to_owned();
    assert_eq!(manager.post_empty(&format!("{PATH}/{id}/read")).status, 204);
    assert_eq!(window.named("notifications_read").data, json!({}));
    fail(&app, 9);
    window.named("notification");
    assert_eq!(manager.post(&format!("{PATH}/read"), &json!({})).status, 204);
    window.named("notifications_read");
    // The colleague follows the same feed: by then it would have seen what is for another one.
    let names = RefCell::new(vec![]);
    let last = fail(&app, 1)[0]["id"].clone();
    colleague.next(|event| {
        names.borrow_mut().push(event.name.clone());
        event.name == "change" && event.data["id"] == last && event.data["change"] == "failed"
    });
    assert!(!names.borrow().contains(&"notifications_read".to_owned()), "{names:?}");
}

#[test]
fn a_report_that_fails_again_and_again_is_told_once() {
    let app = TestApp::start_with(&[("NOVAPULSE_REPORTS_FILE_MAX", "1")]);
    let mut owner = app.owner();
    let period = json!({ "since": "2020-01-01T00:00:00Z", "until": "2020-02-01T00:00:00Z" });
    let mut ask = |name: &str, queue: &str| {
        let filters = json!({ "queue": [queue] });
        let order =
            json!({ "definition": "jobs", "format": "csv", "name": name, "period": period, "filters": filters });
        let path =
            format!("/api/v1/reports/{}", owner.post("/api/v1/reports", &order).expect(202)["id"].as_str().unwrap());
        wait_until("the report has failed", PATIENCE, || owner.get(&path).expect(200)["state"] == "failed");
    };
    for (name, queue) in [("Nightly", "mail"), ("Nightly", "mail"), ("Other", "mail"), ("Nightly", "images")] {
        ask(name, queue);
    }
    assert_eq!(kinds(&mut app.owner()), ["report_failed"; 3]);
}

#[test]
fn bad_input_is_refused_and_keys_have_no_notifications() {
    let app = TestApp::start();
    let mut owner = app.owner();
    for query in ["limit=0", "limit=251", "limit=x", "cursor=x", "cursor=AQ", "state=new"] {
        assert!(matches!(owner.get(&format!("{PATH}?{query}")).status, 400 | 422), "{query}");
    }
    for id in
        ["x", "job_00000000000000000000000000", "ntf_0", "ntf_00000000000000000000000000", "%00", "ntf_%F0%9F%99%82"]
    {
        assert!(matches!(owner.post_empty(&format!("{PATH}/{id}/read")).status, 400 | 404), "{id}");
    }
    for body in [json!({ "until": "x" }), json!({ "until": 7 }), json!({ "up_to": null }), json!([])] {
        assert!(matches!(owner.post(&format!("{PATH}/read"), &body).status, 400 | 422), "{body}");
    }
    assert_eq!(app.client().get(PATH).problem(403), "forbidden");
    assert_eq!(app.anonymous().get(PATH).problem(401), "unauthorized");
}
