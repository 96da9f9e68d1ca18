//! Changes of schedules.

use serde_json::{Value, json};

use super::{Call, Example, Object, World, perform_all};

pub(super) const ALL: &[Example] = &[
    Example {
        operation: "create_schedule",
        actions: &["schedule.create"],
        call: |world| {
            let facts = facts("every hour", true);
            let call = Call::by(&world.key, 201).with(order()).about(Object::Answer("/id"));
            call.showing(Value::Null, facts).hiding("hush")
        },
    },
    Example {
        operation: "update_schedule",
        actions: &["schedule.update"],
        call: |world| {
            let (old, new) = (json!({ "enabled": true }), json!({ "enabled": false }));
            Call::by(&world.owner, 200).at(schedule(world)).with(new.clone()).showing(old, new)
        },
    },
    Example {
        operation: "delete_schedule",
        actions: &["schedule.delete"],
        call: |world| {
            let call = Call::by(&world.key, 204).at(schedule(world)).then(404);
            call.showing(facts("every hour", true), Value::Null)
        },
    },
    Example {
        operation: "run_schedule",
        actions: &["schedule.run"],
        call: |world| Call::by(&world.owner, 201).at(schedule(world)).hiding("hush"),
    },
];

fn order() -> Value {
    let job = json!({ "queue": "audited", "kind": "k", "payload": "hush" });
    json!({ "name": "every hour", "every_ms": 3_600_000, "target": { "job": job } })
}

fn facts(name: &str, enabled: bool) -> Value {
    let job = order()["target"]["job"].to_string();
    json!({ "name": name, "cron": null, "timezone": null, "every_ms": 3_600_000, "enabled": enabled, "catch_up": "skip",
        "queue": "audited", "kind": "k", "job_bytes": job.len() })
}

fn schedule(world: &World) -> String {
    world.make("/schedules", &order())["id"].as_str().unwrap().to_owned()
}

#[test]
fn each_change_of_schedules_is_recorded_once() {
    let mut world = World::start();
    perform_all(&mut world, ALL);
}
