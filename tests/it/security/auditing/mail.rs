//! E-mails that somebody sends, and changes of their templates.

use serde_json::{Value, json};

use super::{Call, Example, Object, World, perform_all};

pub(super) const ALL: &[Example] = &[
    Example {
        operation: "send_email",
        actions: &["email.send"],
        call: |world| {
            let body = json!({ "to": "ada@example.com", "subject": "hush", "text": "hush" });
            let after = json!({ "recipients": ["ada@example.com"], "template": null, "attachments": 0 });
            let call = Call::by(&world.key, 202).with(body).about(Object::Answer("/id"));
            call.showing(Value::Null, after).hiding("hush")
        },
    },
    Example {
        operation: "create_email_template",
        actions: &["email_template.create"],
        call: |world| {
            let body = json!({ "name": "audited", "subject": "Hi", "text": "hush" });
            let after = json!({ "description": "", "version": 1, "subject": "Hi" });
            let call = Call::by(&world.key, 201).with(body).about(Object::Answer("/name"));
            call.showing(Value::Null, after).then(409).hiding("hush")
        },
    },
    Example {
        operation: "update_email_template",
        actions: &["email_template.update"],
        call: |world| {
            let (before, after) = (json!({ "version": 1, "subject": "Hi" }), json!({ "version": 2, "subject": "Ho" }));
            Call::by(&world.owner, 200).at(template(world)).with(json!({ "subject": "Ho" })).showing(before, after)
        },
    },
    Example {
        operation: "put_email_template",
        actions: &["email_template.update"],
        call: |world| {
            let (before, after) = (json!({ "version": 1, "subject": "Hi" }), json!({ "version": 2, "subject": "Ho" }));
            let body = json!({ "subject": "Ho", "text": "hush" });
            let call = Call::by(&world.key, 200).at(template(world)).with(body).showing(before, after);
            call.hiding("hush")
        },
    },
    Example {
        operation: "delete_email_template",
        actions: &["email_template.delete"],
        call: |world| Call::by(&world.key, 204).at(template(world)).then(404),
    },
];

fn template(world: &mut World) -> String {
    let name = format!("template-{}", world.next());
    world.make("/email-templates", &json!({ "name": name, "subject": "Hi", "text": "Hello" }));
    name
}

#[test]
fn each_email_and_each_change_of_a_template_is_recorded_once() {
    let mut world = World::start();
    perform_all(&mut world, ALL);
}
