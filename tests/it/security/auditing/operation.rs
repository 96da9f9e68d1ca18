//! Changes of webhooks, events, jobs and queues.

use serde_json::{Value, json};

use super::{Call, Example, Object, PATIENCE, World, perform_all};
use crate::support::wait_until;

/// A signing secret that says `hush` when it is decoded, and an encoded part of it.
const SECRET: &str = "whsec_aHVzaC1odXNoLWh1c2gtaHVzaC1odXNo";

pub(super) const ALL: &[Example] = &[
    Example { operation: "create_webhook", actions: &["webhook.create"], call: create_webhook },
    Example { operation: "update_webhook", actions: &["webhook.update"], call: update_webhook },
    Example {
        operation: "delete_webhook",
        actions: &["webhook.delete"],
        call: |world| Call::by(&world.key, 204).at(webhook(world)).then(404).hiding("hush"),
    },
    Example {
        operation: "test_webhook",
        actions: &["webhook.test"],
        call: |world| Call::by(&world.owner, 200).at(webhook(world)).hiding("hush"),
    },
    Example {
        operation: "get_webhook_secret",
        actions: &["webhook.read_secret"],
        call: |world| Call::by(&world.key, 200).at(webhook(world)).showing(Value::Null, Value::Null),
    },
    Example {
        operation: "rotate_webhook_secret",
        actions: &["webhook.rotate_secret"],
        call: |world| {
            let after = json!({ "grace_seconds": 60 });
            Call::by(&world.key, 200).at(webhook(world)).with(after.clone()).showing(Value::Null, after)
        },
    },
    Example {
        operation: "replay_webhook",
        actions: &["webhook.replay"],
        call: |world| {
            let body = json!({ "since": "2020-01-01T00:00:00Z", "states": ["failed"] });
            Call::by(&world.key, 202).at(webhook(world)).with(body)
        },
    },
    Example {
        operation: "create_event_type",
        actions: &["event_type.create"],
        call: |world| {
            let body = json!({ "name": "audit.new", "description": "old" });
            let after = json!({ "description": "old", "schema": null, "example": null });
            Call::by(&world.key, 201).with(body).about(Object::Answer("/name")).showing(Value::Null, after).then(409)
        },
    },
    Example {
        operation: "update_event_type",
        actions: &["event_type.update"],
        call: |world| {
            let (old, new) = (json!({ "description": "old" }), json!({ "description": "new" }));
            Call::by(&world.owner, 200).at(event_type(world)).with(new.clone()).showing(old, new)
        },
    },
    Example {
        operation: "delete_event_type",
        actions: &["event_type.delete"],
        call: |world| Call::by(&world.key, 204).at(event_type(world)).then(404),
    },
    Example {
        operation: "replay_event",
        actions: &["event.replay"],
        call: |world| {
            let event = world.make("/events", &json!({ "type": "audit.replayed", "data": { "hush": 1 } }));
            let after = json!({ "type": "audit.replayed", "deliveries": 0 });
            let id = event["id"].as_str().unwrap();
            Call::by(&world.key, 202).at(id).showing(Value::Null, after).hiding("hush")
        },
    },
    Example { operation: "retry_delivery", actions: &["delivery.retry"], call: retry_delivery },
    Example { operation: "cancel_delivery", actions: &["delivery.cancel"], call: cancel_delivery },
    Example {
        operation: "create_play_receiver",
        actions: &["play.create"],
        call: |world| Call::by(&world.key, 201).about(Object::Text("receiver".to_owned())),
    },
    Example {
        operation: "create_report",
        actions: &["report.create"],
        call: |world| {
            let after = json!({ "name": "Audit log", "definition": "audit", "format": "csv", "group_by": null,
                "since": "2026-01-01T00:00:00.000Z", "until": "2026-02-01T00:00:00.000Z", "filters": ["object"],
                "recipients": [], "schedule": null });
            Call::by(&world.owner, 202)
                .with(report())
                .about(Object::Answer("/id"))
                .showing(Value::Null, after)
                .hiding("hush")
        },
    },
    Example {
        operation: "delete_report",
        actions: &["report.delete"],
        call: |world| {
            let made = world.make("/reports", &report());
            Call::by(&world.owner, 204).at(made["id"].as_str().unwrap()).then(404).hiding("hush")
        },
    },
    Example {
        operation: "cancel_job",
        actions: &["job.cancel"],
        call: |world| {
            let (before, after) = (of_job("waiting"), of_job("cancelled"));
            Call::by(&world.owner, 200).at(job(world, 0)).showing(before, after).then(409).hiding("hush")
        },
    },
    Example {
        operation: "retry_job",
        actions: &["job.retry"],
        call: |world| {
            let (before, after) = (of_job("cancelled"), of_job("waiting"));
            Call::by(&world.key, 200).at(cancelled_job(world)).showing(before, after).then(409)
        },
    },
    Example {
        operation: "promote_job",
        actions: &["job.promote"],
        call: |world| {
            let (before, after) = (of_job("delayed"), of_job("waiting"));
            Call::by(&world.key, 200).at(job(world, 3_600_000)).showing(before, after).then(409)
        },
    },
    Example {
        operation: "update_job",
        actions: &["job.update"],
        call: |world| {
            let body = json!({ "priority": 2, "payload": "hush-now" });
            let after = json!({ "priority": 2, "replaced": ["payload"] });
            Call::by(&world.key, 200)
                .at(job(world, 0))
                .with(body)
                .showing(json!({ "priority": 5 }), after)
                .hiding("hush")
        },
    },
    Example {
        operation: "act_on_jobs",
        actions: &["job.act"],
        call: |world| {
            job(world, 0);
            let body = json!({ "action": "cancel", "filter": { "queue": "audited", "q": "hush" } });
            Call::by(&world.owner, 202).with(body).about(Object::Answer("/job_id")).hiding("hush")
        },
    },
    Example {
        operation: "delete_job",
        actions: &["job.delete"],
        call: |world| {
            Call::by(&world.key, 204).at(cancelled_job(world)).showing(of_job("cancelled"), Value::Null).then(404)
        },
    },
    Example {
        operation: "update_queue",
        actions: &["queue.update"],
        call: |world| {
            let (before, after) = (json!({ "concurrency": 10 }), json!({ "concurrency": 3 }));
            Call::by(&world.owner, 200).at(queue(world)).with(after.clone()).showing(before, after)
        },
    },
    Example {
        operation: "pause_queue",
        actions: &["queue.pause"],
        call: |world| {
            let (before, after) = (json!({ "paused": false }), json!({ "paused": true }));
            Call::by(&world.owner, 200).at(queue(world)).showing(before, after)
        },
    },
    Example {
        operation: "resume_queue",
        actions: &["queue.resume"],
        call: |world| Call::by(&world.key, 200).at(queue(world)),
    },
    Example {
        operation: "limit_queue_group",
        actions: &["queue_group.update"],
        call: |world| {
            let name = queue(world);
            let limits = json!({ "concurrency": 2, "rate_per_second": null });
            let call = Call::by(&world.key, 200).at(format!("{name}+eu")).about(Object::Text(format!("{name}/eu")));
            call.with(json!({ "concurrency": 2 })).showing(Value::Null, limits)
        },
    },
    Example {
        operation: "unlimit_queue_group",
        actions: &["queue_group.delete"],
        call: |world| {
            let name = queue(world);
            let body = json!({ "rate_per_second": 5.0 });
            let path = format!("/api/v1/queues/{name}/groups/eu");
            world.client(&world.key).send("PUT", &path, &[], Some(body.to_string().as_bytes())).expect(200);
            let call = Call::by(&world.key, 204).at(format!("{name}+eu")).about(Object::Text(format!("{name}/eu")));
            call.showing(json!({ "concurrency": null, "rate_per_second": 5.0 }), Value::Null).then(404)
        },
    },
    Example {
        operation: "drain_queue",
        actions: &["queue.drain"],
        call: |world| {
            let name = queue(world);
            Call::by(&world.key, 200).at(name).showing(json!({ "waiting": 1 }), Value::Null)
        },
    },
];

fn report() -> Value {
    let period = json!({ "since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z" });
    json!({ "definition": "audit", "format": "csv", "period": period, "filters": { "object": ["hush"] } })
}

fn create_webhook(world: &mut World) -> Call {
    let url = world.receiver.url("/hook?token=hush");
    let body = json!({ "url": url, "events": ["quiet.*"], "headers": { "x-tenant": "hush" }, "secret": SECRET });
    Call::by(&world.key, 201).with(body).about(Object::Answer("/id")).hiding("hush").hiding(&SECRET[6..])
}

fn update_webhook(world: &mut World) -> Call {
    let id = webhook(world);
    let url = world.receiver.url("/hook?token=hush-now");
    let headers = json!({ "x-tenant": "hush-now", "x-more": "hush" });
    let body = json!({ "url": url, "headers": headers, "secret": SECRET, "description": "new", "rate_limit": 5 });
    let before = json!({ "description": "", "headers": ["x-tenant"], "rate_limit": null });
    let after = json!({ "description": "new", "headers": ["x-tenant", "x-more"], "rate_limit": 5,
        "replaced": ["secret", "url query", "header x-tenant"] });
    Call::by(&world.owner, 200).at(id).with(body).showing(before, after).hiding("hush").hiding(&SECRET[6..])
}

/// A webhook with secrets in every place that can hold one.
fn webhook(world: &World) -> String {
    let url = world.receiver.url("/hook?token=hush");
    let body = json!({ "url": url, "events": ["quiet.*"], "headers": { "x-tenant": "hush" } });
    world.make("/webhooks", &body)["id"].as_str().unwrap().to_owned()
}

fn event_type(world: &mut World) -> String {
    let name = format!("audit.type-{}", world.next());
    world.make("/event-types", &json!({ "name": name, "description": "old" }));
    name
}

/// A delivery to this URL, just begun.
fn delivery(world: &mut World, url: &str) -> String {
    let event_type = format!("audit.delivered-{}", world.next());
    let webhook = world.make("/webhooks", &json!({ "url": url, "events": [event_type] }));
    world.make("/events", &json!({ "type": event_type, "data": {} }));
    let path = format!("/api/v1/webhooks/{}/logs", webhook["id"].as_str().unwrap());
    let log = world.client(&world.key).get(&path).expect(200);
    log["data"][0]["id"].as_str().unwrap().to_owned()
}

fn retry_delivery(world: &mut World) -> Call {
    let url = world.receiver.url("/hook");
    let id = delivery(world, &url);
    let path = format!("/api/v1/deliveries/{id}");
    let mut client = world.client(&world.key);
    wait_until("it is delivered", PATIENCE, || client.get(&path).expect(200)["state"] == "succeeded");
    let (before, after) = (json!({ "state": "succeeded" }), json!({ "state": "pending" }));
    Call::by(&world.key, 202).at(id).showing(before, after)
}

fn cancel_delivery(world: &mut World) -> Call {
    // Nobody listens there, so it stays pending between attempts.
    let id = delivery(world, "http://127.0.0.1:9/");
    let (before, after) = (json!({ "state": "pending" }), json!({ "state": "cancelled" }));
    Call::by(&world.owner, 200).at(id).showing(before, after).then(409)
}

fn job_in(world: &World, queue: &str, delay_ms: u64) -> String {
    let mut order = json!({ "queue": queue, "kind": "k", "payload": "hush" });
    if delay_ms > 0 {
        order["delay_ms"] = json!(delay_ms);
    }
    world.make("/jobs", &order)["id"].as_str().unwrap().to_owned()
}

fn job(world: &World, delay_ms: u64) -> String {
    job_in(world, "audited", delay_ms)
}

fn cancelled_job(world: &World) -> String {
    let id = job(world, 0);
    world.make(&format!("/jobs/{id}/cancel"), &json!({}));
    id
}

fn of_job(state: &str) -> Value {
    json!({ "queue": "audited", "kind": "k", "state": state })
}

/// A queue in which one job waits.
fn queue(world: &mut World) -> String {
    let name = format!("queue-{}", world.next());
    job_in(world, &name, 0);
    name
}

#[test]
fn each_change_of_webhooks_events_jobs_and_queues_is_recorded_once() {
    let mut world = World::start();
    perform_all(&mut world, ALL);
}
