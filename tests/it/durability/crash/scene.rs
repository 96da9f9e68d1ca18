//! What a run begins with: webhooks, event types, schedules and somebody who signed in.

use serde_json::{Value, json};

use super::{
    client::{Client, Sent},
    node::Node,
    observe::describe,
    receiver::{Receiver, SECRET},
    traffic::{BATCH, EVENT_TYPES, TICKS},
};
use crate::durability::model::Setup;

/// Where deliveries go, what they are of, and whether they go one at a time in order.
const WEBHOOKS: [(&str, &str, bool); 4] =
    [("ok", "*", false), ("flaky", "crash.one", false), ("ok", "crash.two", false), ("ordered", "crash.four", true)];
/// Intervals and policies of the schedules.
const SCHEDULES: [(u64, &str); 2] = [(1_000, "all"), (1_500, "skip")];

/// Makes everything; the webhooks of the demo go.
pub(crate) fn set(node: &Node, key: &str, receiver: &Receiver) -> (Setup, Vec<String>) {
    let mut client = Client::new(node.address, key);
    let mut call = |method: &str, path: &str, body: &Value| -> Value {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        match client.call(method, path, &text, None) {
            Sent::Answer { status: 200..300, body } => serde_json::from_slice(&body).unwrap_or_default(),
            other => panic!("{method} {path}: {}", describe(&other)),
        }
    };
    let mut setup = Setup { batch_queue_prefix: "batch-".to_owned(), batch: BATCH, ..Setup::default() };
    let demo = call("GET", "/webhooks?limit=250", &Value::Null);
    for webhook in demo["data"].as_array().unwrap() {
        call("DELETE", &format!("/webhooks/{}", webhook["id"].as_str().unwrap()), &Value::Null);
    }
    for event_type in EVENT_TYPES {
        call("POST", "/event-types", &json!({ "name": event_type, "description": "Sent by the crash test." }));
    }
    let retries: Vec<u64> = vec![250; 12];
    for (path, pattern, is_ordered) in WEBHOOKS {
        let url = format!("http://{}/{path}/{pattern}", receiver.address).replace('*', "all");
        let retry = json!({ "delays_ms": retries });
        let body = json!({ "url": url, "events": [pattern], "secret": SECRET, "retry": retry, "ordered": is_ordered });
        let made = call("POST", "/webhooks", &body);
        let id = made["id"].as_str().unwrap().to_owned();
        if is_ordered {
            setup.ordered.push(id.clone());
        }
        setup.webhooks.push((id, pattern.to_owned()));
    }
    let mut schedules = Vec::new();
    for (every_ms, catch_up) in SCHEDULES {
        let job = json!({ "queue": TICKS, "kind": "crash.tick", "payload": {} });
        let name = format!("every {every_ms}");
        let body = json!({ "name": name, "every_ms": every_ms, "target": { "job": job }, "catch_up": catch_up });
        schedules.push(call("POST", "/schedules", &body)["id"].as_str().unwrap().to_owned());
    }
    (setup, schedules)
}
