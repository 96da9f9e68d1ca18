//! The settings of the instance, against the real server.

use serde_json::{Value, json};

use super::access::join;
use crate::support::{Client, Receiver, Reply, TestApp};

const SETTINGS: &str = "/api/v1/settings";

fn entry(shown: &Value, key: &str) -> Value {
    let found = shown["configuration"].as_array().unwrap().iter().find(|entry| entry["key"] == key);
    found.unwrap_or_else(|| panic!("{key} is not told")).clone()
}

/// How registration is answered: 201 when it is open.
fn register(app: &TestApp, name: &str) -> u16 {
    let (email, password) = (format!("{name}@example.com"), "tram orbit velvet noon");
    let order = json!({ "company_name": name, "name": name, "email": email, "password": password });
    app.anonymous().post("/api/v1/auth/register", &order).status
}

fn burst(owner: &mut Client) -> Value {
    owner.get(SETTINGS).expect(200)["api_burst"].clone()
}

#[test]
fn the_owner_sees_the_configuration_without_its_secrets() {
    let secret = "a-secret-that-nobody-may-read-here";
    let app = TestApp::start_with(&[("NOVAPULSE_AUTH_ACCESS_SECRET", secret), ("NOVAPULSE_LIMITS_API_BURST", "5000")]);
    let mut owner = app.owner();
    let answer = owner.get(SETTINGS);
    assert!(!answer.text().contains(secret));
    let shown = answer.expect(200);
    assert_eq!((&shown["registration"], &shown["api_per_second"]), (&json!("open"), &json!(1_000)));
    assert_eq!((&shown["api_burst"], &shown["fixed"]), (&json!(5_000), &json!(["api_burst"])));
    let of_burst = entry(&shown, "limits.api_burst");
    assert_eq!(
        (&of_burst["value"], &of_burst["source"]),
        (&json!("5000"), &json!("environment NOVAPULSE_LIMITS_API_BURST"))
    );
    assert!(entry(&shown, "auth.access_secret")["value"].is_string());
    let unset = entry(&shown, "mail.host");
    assert_eq!((&unset["value"], &unset["source"]), (&Value::Null, &json!("default")));
    let refused = owner.patch(SETTINGS, &json!({ "api_burst": 10, "registration": "closed" }));
    assert_eq!(refused.problem(422), "validation_failed");
    let told = &refused.json()["errors"][0];
    assert_eq!(told["pointer"], "/api_burst");
    assert!(told["detail"].as_str().unwrap().contains("environment NOVAPULSE_LIMITS_API_BURST"), "{told}");
    assert_eq!(owner.get(SETTINGS).expect(200), shown, "nothing has changed");

    let joined = join(&app, &mut owner, "grace@example.com", "admin");
    let mut admin = Client::with_key(app.address(), joined["access_token"].as_str().unwrap());
    assert_eq!(admin.get(SETTINGS).problem(403), "forbidden", "an admin of a company is not the owner of the instance");
    assert_eq!(admin.patch(SETTINGS, &json!({ "registration": "closed" })).problem(403), "forbidden");
}

#[test]
fn the_key_in_the_query_of_a_service_is_used_and_never_shown() {
    let key = "canary-key-of-the-service";
    let service = Receiver::answering(|_| Reply::status(503));
    let address = service.url(&format!("/range/?key={key}&digits="));
    let app = TestApp::start_with(&[("NOVAPULSE_AUTH_PASSWORD_SERVICE", &address)]);
    let asked = service.received();
    assert!(asked.iter().any(|it| it.path.contains(key)), "it is asked with all of its address: {asked:?}");
    let mut owner = app.owner();
    let shown = owner.get(SETTINGS);
    assert!(!shown.text().contains(key));
    let of_service = entry(&shown.json(), "auth.password_service");
    assert_eq!(of_service["value"], json!(format!("{:?}", service.url("/range/?********"))));
    let changed = owner.patch(SETTINGS, &json!({ "api_burst": 1_500 }));
    changed.expect(200);
    assert!(!changed.text().contains(key));
    let recorded = owner.get("/api/v1/audit?action=settings.update");
    assert_eq!(recorded.expect(200)["data"].as_array().unwrap().len(), 1);
    assert!(!recorded.text().contains(key));
    let log = app.log();
    assert!(log.contains("the service of stolen passwords could not be asked") && !log.contains(key), "{log}");
}

#[test]
fn a_change_is_in_force_at_once_and_after_a_kill() {
    let mut app = TestApp::start();
    let mut owner = app.owner();
    assert_eq!(register(&app, "first"), 201);
    let shown = owner.get(SETTINGS);
    let tag = shown.header("etag").unwrap().to_owned();
    let closed = json!({ "registration": "closed" }).to_string();
    let with_tag = [("if-match", tag.as_str())];
    let changed = owner.send("PATCH", SETTINGS, &with_tag, Some(closed.as_bytes()));
    assert_eq!(changed.expect(200)["registration"], "closed");
    let late = owner.send("PATCH", SETTINGS, &with_tag, Some(closed.as_bytes()));
    assert_eq!(late.problem(412), "precondition_failed");
    assert_eq!(register(&app, "second"), 403);
    owner.patch(SETTINGS, &json!({ "api_per_second": 1, "api_burst": 1 })).expect(200);
    let mut calls = app.client();
    let statuses: Vec<u16> = (0..5).map(|_| calls.get("/api/v1/queues").status).collect();
    assert!(statuses.contains(&429), "{statuses:?}");

    app.kill9();
    app.start_again();
    assert_eq!(register(&app, "third"), 403);
    let statuses: Vec<u16> = (0..5).map(|_| app.client().get("/api/v1/queues").status).collect();
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[test]
fn null_goes_back_to_the_default_and_what_cannot_be_is_refused() {
    let app = TestApp::start();
    let mut owner = app.owner();
    owner.patch(SETTINGS, &json!({ "api_burst": 3_000 })).expect(200);
    assert_eq!(burst(&mut owner), 3_000);
    for (body, pointer) in [
        (json!({ "api_burst": 1_000_001 }), "/api_burst"),
        (json!({ "api_per_second": -1 }), "/api_per_second"),
        (json!({ "api_per_second": "many" }), "/api_per_second"),
        (json!({ "registration": "sometimes" }), "/registration"),
        (json!({ "server": {} }), "/server"),
    ] {
        let refused = owner.patch(SETTINGS, &body);
        assert_eq!(refused.problem(422), "validation_failed", "{body}");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{body}");
    }
    assert_eq!(burst(&mut owner), 3_000);
    assert_eq!(owner.patch(SETTINGS, &json!({ "api_burst": null })).expect(200)["api_burst"], 2_000);
    assert_eq!(owner.patch(SETTINGS, &json!({})).expect(200)["api_burst"], 2_000);
}
