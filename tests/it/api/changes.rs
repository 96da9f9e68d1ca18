//! The change feed, the live stream and the figures over time.

use std::{
    fmt::Write as _,
    io::{BufRead, Read, Write},
    time::Duration,
};

use serde_json::{Value, json};

use super::jobs::{lease, order};
use crate::support::{Client, Receiver, TestApp, wait_until};

const PATIENCE: Duration = Duration::from_mins(1);

/// One event of a stream.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) name: String,
    id: Option<String>,
    pub(super) data: Value,
}

/// A client that follows the stream; reading has a deadline.
pub(super) struct Follower {
    lines: Box<dyn Iterator<Item = String>>,
}

impl Follower {
    pub(super) fn open(app: &TestApp, headers: &[(&str, &str)]) -> Self {
        let mut connection = app.anonymous().connect();
        let mut head = format!("GET /api/v1/stream HTTP/1.1\r\nhost: {}\r\n", app.address());
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        connection.get_mut().write_all(format!("{head}\r\n").as_bytes()).unwrap();
        let mut status = String::new();
        connection.read_line(&mut status).unwrap();
        assert!(status.starts_with("HTTP/1.1 200"), "{status}");
        let mut line = String::new();
        let mut is_stream = false;
        while connection.read_line(&mut line).unwrap() > 2 {
            is_stream |= line.trim_end().eq_ignore_ascii_case("content-type: text/event-stream");
            line.clear();
        }
        assert!(is_stream);
        let chunks = std::iter::from_fn(move || {
            let mut size = String::new();
            connection.read_line(&mut size).ok()?;
            let mut chunk = vec![0; usize::from_str_radix(size.trim(), 16).ok()? + 2];
            connection.read_exact(&mut chunk).ok()?;
            chunk.truncate(chunk.len() - 2);
            (!chunk.is_empty()).then(|| String::from_utf8(chunk).unwrap())
        });
        // Each event and comment is sent as one piece.
        Self { lines: Box::new(chunks) }
    }

    pub(super) fn of(app: &TestApp) -> Self {
        Self::open(app, &[("authorization", &format!("Bearer {}", app.api_key()))])
    }

    /// The next event that fits; the stream must not end before.
    pub(super) fn next(&mut self, is_wanted: impl Fn(&Event) -> bool) -> Event {
        loop {
            let piece = self.lines.next().expect("the stream goes on");
            for text in piece.split("\n\n") {
                let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                let Some(name) = field("event: ") else { continue };
                let data = serde_json::from_str(&field("data: ").unwrap()).unwrap();
                let event = Event { name, id: field("id: "), data };
                if is_wanted(&event) {
                    return event;
                }
            }
        }
    }

    pub(super) fn named(&mut self, name: &str) -> Event {
        self.next(|event| event.name == name)
    }
}

fn changes(client: &mut Client, after: &str) -> Value {
    client.get(&format!("/api/v1/changes?limit=250&after={after}")).expect(200)
}

#[test]
fn the_feed_tells_jobs_and_deliveries_in_order_and_resumes_after_a_kill() {
    let mut app = TestApp::start();
    let mut client = app.client();
    let start = changes(&mut client, "end");
    assert_eq!((&start["data"], &start["has_more"]), (&json!([]), &json!(false)));
    let start = start["next_cursor"].as_str().unwrap().to_owned();
    let job = client.post("/api/v1/jobs", &order()).expect(201)["id"].clone();
    let leased = lease(&mut client, json!({}));
    let settle = json!({ "lease_token": leased[0]["lease_token"] });
    client.post(&format!("/api/v1/jobs/{}/complete", job.as_str().unwrap()), &settle).expect(200);
    app.kill9();
    app.start_again();
    let mut client = app.client();
    let page = changes(&mut client, &start);
    let told: Vec<_> = page["data"].as_array().unwrap().iter().filter(|change| change["id"] == job).collect();
    let words: Vec<_> = told.iter().map(|change| change["change"].as_str().unwrap()).collect();
    assert_eq!(words, ["created", "started", "completed"]);
    assert_eq!(
        (&told[0]["object"], &told[0]["queue"], &told[0]["kind"]),
        (&json!("job"), &json!("images"), &json!("image.resize"))
    );

    let receiver = Receiver::start();
    let webhook = json!({ "url": receiver.url("/feed"), "events": ["feed.*"] });
    client.post("/api/v1/webhooks", &webhook).expect(201);
    let next = page["next_cursor"].as_str().unwrap();
    client.post("/api/v1/events", &json!({ "type": "feed.one", "data": {} })).expect(202);
    let of_delivery = |client: &mut Client| -> Vec<String> {
        let page = changes(client, next);
        let all = page["data"].as_array().unwrap().iter().filter(|change| change["object"] == "delivery");
        all.map(|change| change["change"].as_str().unwrap().to_owned()).collect()
    };
    wait_until("the delivery is told", PATIENCE, || of_delivery(&mut client).len() >= 2);
    assert_eq!(of_delivery(&mut client), ["created", "succeeded"]);
    for bad in ["x", "1", "1-x"] {
        assert_eq!(client.get(&format!("/api/v1/changes?after={bad}")).problem(422), "validation_failed");
    }
}

#[test]
fn the_stream_tells_what_changes_and_resumes() {
    let mut app = TestApp::start();
    let mut client = app.client();
    let mut follower = Follower::of(&app);
    let ready = follower.named("ready");
    let job = client.post("/api/v1/jobs", &order()).expect(201)["id"].clone();
    let created = follower.next(|event| event.data["id"] == job);
    assert_eq!((created.name.as_str(), &created.data["change"]), ("change", &json!("created")));
    assert_eq!(created.id.as_deref(), created.data["cursor"].as_str());
    let figures = follower.next(|event| event.name == "queues" && event.data["images"]["waiting"] == 1);
    assert_eq!(figures.data["images"]["paused"], false);

    let bearer = format!("Bearer {}", app.api_key());
    let since = ready.id.unwrap();
    let mut again = Follower::open(&app, &[("authorization", &bearer), ("last-event-id", &since)]);
    let told = again.next(|event| event.name == "change" && event.data["id"] == job);
    assert_eq!((told.id, told.data), (created.id, created.data));
    assert!(app.terminate().success(), "open streams do not keep the server from stopping");
}

#[test]
fn a_stream_ends_with_the_session() {
    let app = TestApp::start();
    let (email, password) = app.demo_sign_in();
    let body = json!({ "email": email, "password": password });
    let tokens = app.anonymous().post("/api/v1/auth/login", &body).expect(200);
    let token = tokens["access_token"].as_str().unwrap();
    let mut follower = Follower::open(&app, &[("authorization", &format!("Bearer {token}"))]);
    follower.named("ready");
    Client::with_key(app.address(), token).post_empty("/api/v1/auth/logout").expect(204);
    // The next change makes the stream look at its caller's rights.
    app.client().post("/api/v1/jobs", &order()).expect(201);
    let end = follower.next(|event| event.name != "queues");
    assert_eq!(end.name, "end", "{end:?}");
    assert!(end.data["reason"].as_str().unwrap().contains("session"));
}

#[test]
fn a_queue_shows_its_figures_over_time() {
    let mut app = TestApp::start();
    let mut client = app.client();
    for _ in 0..3 {
        client.post("/api/v1/jobs", &order()).expect(201);
    }
    let leased = lease(&mut client, json!({}));
    let settle = json!({ "lease_token": leased[0]["lease_token"] });
    client.post(&format!("/api/v1/jobs/{}/complete", leased[0]["id"].as_str().unwrap()), &settle).expect(200);
    let sums = |client: &mut Client| {
        let shown = client.get("/api/v1/queues/images/metrics?window=2h&step=2h").expect(200);
        assert_eq!((&shown["name"], &shown["step_ms"]), (&json!("images"), &json!(7_200_000)));
        let sum = |field: &str| {
            shown["points"].as_array().unwrap().iter().map(|point| point[field].as_u64().unwrap()).sum::<u64>()
        };
        [sum("added"), sum("completed"), sum("failed"), sum("retried")]
    };
    assert_eq!(sums(&mut client), [3, 1, 0, 0]);
    app.restart();
    assert_eq!(sums(&mut app.client()), [3, 1, 0, 0], "what was under way is kept at the end");
    app.kill9();
    app.start_again();
    let mut client = app.client();
    assert_eq!(sums(&mut client), [3, 1, 0, 0]);
    let usual = client.get("/api/v1/queues/images/metrics").expect(200);
    assert_eq!((&usual["step_ms"], usual["points"].as_array().unwrap().len()), (&json!(60_000), 60));
    for bad in ["window=31d", "window=x", "window=1d&step=0m", "window=1h&step=2h", "window=30d&step=1m", "step=1.5m"] {
        let answer = client.get(&format!("/api/v1/queues/images/metrics?{bad}"));
        assert_eq!(answer.problem(422), "validation_failed", "{bad}");
    }
    assert_eq!(client.get("/api/v1/queues/nothing/metrics").problem(404), "not_found");
}
