//! Changes of the company and its departments.

use serde_json::json;

use super::{Call, Example, Object, World, access::person, perform_all};

pub(super) const ALL: &[Example] = &[
    Example {
        operation: "update_company",
        actions: &["company.update"],
        call: |world| {
            let before = json!({ "name": "Demo", "mfa_required": false });
            let after = json!({ "name": "Renamed", "mfa_required": false });
            let company = world.app.company().to_owned();
            let call = Call::by(&world.owner, 200).with(json!({ "name": "Renamed" })).about(Object::Text(company));
            call.showing(before, after)
        },
    },
    Example {
        operation: "update_settings",
        actions: &["settings.update"],
        call: |world| {
            let before = json!({ "registration": "open", "api_per_second": 1_000, "api_burst": 2_000 });
            let after = json!({ "registration": "open", "api_per_second": 1_000, "api_burst": 3_000 });
            let call = Call::by(&world.owner, 200).with(json!({ "api_burst": 3_000 }));
            call.about(Object::Text("instance".to_owned())).showing(before, after)
        },
    },
    Example {
        operation: "create_department",
        actions: &["department.create"],
        call: |world| {
            let body = json!({ "name": "Support" });
            Call::by(&world.owner, 201).with(body).about(Object::Answer("/id")).then(409)
        },
    },
    Example {
        operation: "update_department",
        actions: &["department.update"],
        call: |world| Call::by(&world.owner, 200).at(department(world)).with(json!({ "description": "Answers" })),
    },
    Example {
        operation: "delete_department",
        actions: &["department.delete"],
        call: |world| Call::by(&world.owner, 204).at(department(world)).then(404),
    },
    Example {
        operation: "add_member",
        actions: &["department.add_member"],
        call: |world| {
            let (department, user) = (department(world), member(world));
            let object = Object::Text(department.clone());
            let call = Call::by(&world.owner, 204).at(format!("{department}+{user}")).about(object);
            call.showing(json!(null), json!({ "user": user }))
        },
    },
    Example {
        operation: "remove_member",
        actions: &["department.remove_member"],
        call: |world| {
            let (department, user) = (department(world), member(world));
            let path = format!("/api/v1/departments/{department}/members/{user}");
            world.client(&world.owner).put(&path).expect(204);
            let object = Object::Text(department.clone());
            let call = Call::by(&world.owner, 204).at(format!("{department}+{user}")).about(object).then(404);
            call.showing(json!({ "user": user }), json!(null))
        },
    },
];

fn department(world: &mut World) -> String {
    let name = format!("Department {}", world.next());
    let made = world.client(&world.owner).post("/api/v1/departments", &json!({ "name": name })).expect(201);
    made["id"].as_str().unwrap().to_owned()
}

fn member(world: &mut World) -> String {
    person(world).1.actor.unwrap().1
}

#[test]
fn each_change_of_the_company_and_its_departments_is_recorded_once() {
    let mut world = World::start();
    perform_all(&mut world, ALL);
}
