//! The company, its policy, its departments, against the real server.

use serde_json::json;

use super::{
    access::{PASSWORD, bearer, join, log_in},
    second_factor::now,
};
use crate::support::{TestApp, code_at};

#[test]
fn the_company_is_shown_renamed_and_counted() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let shown = owner.get("/api/v1/company");
    let company = shown.expect(200);
    assert_eq!((company["id"].as_str(), company["mfa_required"].as_bool()), (Some(app.company()), Some(false)));
    let tag = shown.header("etag").unwrap().to_owned();
    let rename = |name: &str| json!({ "name": name }).to_string();
    let with_tag = [("if-match", tag.as_str())];
    let renamed = owner.send("PATCH", "/api/v1/company", &with_tag, Some(rename("Fresh name").as_bytes()));
    assert_eq!(renamed.expect(200)["name"], "Fresh name");
    let late = owner.send("PATCH", "/api/v1/company", &with_tag, Some(rename("Late").as_bytes()));
    assert_eq!(late.problem(412), "precondition_failed");
    for (body, pointer) in [(json!({ "name": "" }), "/name"), (json!({ "name": null }), "/name")] {
        let refused = owner.patch("/api/v1/company", &body);
        assert_eq!(refused.problem(422), "validation_failed");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer);
    }
    assert_eq!(owner.get("/api/v1/auth/me").expect(200)["company"]["name"], "Fresh name");

    let stats = app.client().get("/api/v1/company/stats").expect(200);
    assert_eq!((&stats["users"], &stats["active_admins"], &stats["departments"]), (&json!(1), &json!(1), &json!(0)));
    assert_eq!(stats["webhooks"], 1, "the demo webhook");
    // A change of what is counted here is seen at once, although the figures are kept for a minute.
    owner.post("/api/v1/departments", &json!({ "name": "Support" })).expect(201);
    assert_eq!(owner.get("/api/v1/company/stats").expect(200)["departments"], 1);
    assert_eq!(app.client().patch("/api/v1/company", &json!({ "name": "x" })).problem(403), "forbidden");
}

#[test]
fn departments_have_names_of_their_own_and_members() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let made = owner.post("/api/v1/departments", &json!({ "name": " Support ", "description": "Answers" })).expect(201);
    assert_eq!((&made["name"], &made["members"]), (&json!("Support"), &json!(0)));
    let path = format!("/api/v1/departments/{}", made["id"].as_str().unwrap());
    let sales = owner.post("/api/v1/departments", &json!({ "name": "Sales" })).expect(201);
    let of_sales = format!("/api/v1/departments/{}", sales["id"].as_str().unwrap());
    assert_eq!(owner.post("/api/v1/departments", &json!({ "name": "SUPPORT" })).problem(409), "department_taken");
    assert_eq!(owner.patch(&of_sales, &json!({ "name": "support" })).problem(409), "department_taken");
    for (body, pointer) in [
        (json!({ "name": "\u{7}" }), "/name"),
        (json!({ "name": "x", "description": "x".repeat(1_001) }), "/description"),
    ] {
        let refused = owner.post("/api/v1/departments", &body);
        assert_eq!(refused.problem(422), "validation_failed");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer);
    }
    assert_eq!(owner.patch(&path, &json!({ "name": "SUPPORT" })).expect(200)["name"], "SUPPORT");
    let same = [("idempotency-key", "one")];
    let body = json!({ "name": "Twice" }).to_string();
    let first = owner.send("POST", "/api/v1/departments", &same, Some(body.as_bytes())).expect(201);
    assert_eq!(owner.send("POST", "/api/v1/departments", &same, Some(body.as_bytes())).expect(201), first);
    let page = owner.get("/api/v1/departments?limit=2").expect(200);
    assert_eq!((&page["data"][0]["name"], &page["data"][1]["name"]), (&json!("Twice"), &json!("Sales")));
    let next = format!("/api/v1/departments?limit=2&cursor={}", page["next_cursor"].as_str().unwrap());
    assert_eq!(owner.get(&next).expect(200)["data"][0]["name"], "SUPPORT");

    let joined = join(&app, &mut owner, "grace@example.com", "user");
    let grace = joined["user"]["id"].as_str().unwrap();
    let member = format!("{path}/members/{grace}");
    owner.put(&member).expect(204);
    owner.put(&member).expect(204);
    assert_eq!(owner.get(&path).expect(200)["members"], 1);
    let listed = owner.get(&format!("{path}/members")).expect(200);
    assert_eq!(listed["data"][0]["email"], "grace@example.com");
    owner.patch(&format!("/api/v1/users/{grace}"), &json!({ "name": "Grace H" })).expect(200);
    assert_eq!(owner.get(&format!("{path}/members")).expect(200)["data"][0]["name"], "Grace H", "changes are seen");
    assert_eq!(owner.put(&format!("{path}/members/usr_00000000000000000000000001")).problem(404), "not_found");
    owner.delete(&member).expect(204);
    assert_eq!(owner.delete(&member).problem(404), "not_found");
    owner.put(&member).expect(204);
    owner.delete(&format!("/api/v1/users/{grace}")).expect(204);
    assert_eq!(owner.get(&format!("{path}/members")).expect(200)["data"], json!([]), "gone with the account");
    owner.delete(&path).expect(204);
    assert_eq!(owner.get(&path).problem(404), "not_found");
    assert_eq!(owner.get(&format!("{path}/members")).problem(404), "not_found");
}

#[test]
fn a_manager_says_who_is_in_departments_of_his_own_only() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let own = owner.post("/api/v1/departments", &json!({ "name": "Own" })).expect(201)["id"].clone();
    let other = owner.post("/api/v1/departments", &json!({ "name": "Other" })).expect(201)["id"].clone();
    let manager = join(&app, &mut owner, "manager@example.com", "manager");
    let user = join(&app, &mut owner, "user@example.com", "user");
    let place = |department: &serde_json::Value, person: &serde_json::Value| {
        format!(
            "/api/v1/departments/{}/members/{}",
            department.as_str().unwrap(),
            person["user"]["id"].as_str().unwrap()
        )
    };
    owner.put(&place(&own, &manager)).expect(204);
    let mut of_manager = bearer(&app, &manager);
    of_manager.put(&place(&own, &user)).expect(204);
    for path in [place(&other, &user), place(&other, &manager)] {
        assert_eq!(of_manager.put(&path).problem(403), "forbidden");
        assert_eq!(of_manager.delete(&path).problem(403), "forbidden");
    }
    assert_eq!(of_manager.post("/api/v1/departments", &json!({ "name": "New" })).problem(403), "forbidden");
    assert_eq!(bearer(&app, &user).put(&place(&own, &user)).problem(403), "forbidden");
    of_manager.delete(&place(&own, &user)).expect(204);
}

#[test]
fn a_company_that_asks_for_second_factors_gets_them() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let joined = join(&app, &mut owner, "grace@example.com", "manager");
    let mut early = bearer(&app, &joined);
    early.get("/api/v1/jobs").expect(200);
    let policy = json!({ "mfa_required": true });
    assert_eq!(owner.patch("/api/v1/company", &policy).problem(409), "conflict", "the admin has none himself");
    let secret = owner.send("POST", "/api/v1/mfa/setup", &[], None).expect(200)["secret"].clone();
    let code = code_at(secret.as_str().unwrap(), now());
    owner.post("/api/v1/mfa/verify", &json!({ "code": code })).expect(200);
    owner.patch("/api/v1/company", &policy).expect(200);
    assert_eq!(early.get("/api/v1/jobs").problem(401), "unauthorized", "who has none is signed out at once");
    app.client().get("/api/v1/jobs").expect(200);

    let tokens = log_in(&app, "grace@example.com", PASSWORD);
    assert_eq!(tokens["mfa_setup_required"], true);
    let mut grace = bearer(&app, &tokens);
    assert_eq!(grace.get("/api/v1/jobs").problem(403), "mfa_set_up_required");
    assert_eq!(grace.get("/api/v1/auth/me").expect(200)["mfa_setup_required"], true);
    let secret = grace.send("POST", "/api/v1/mfa/setup", &[], None).expect(200)["secret"].clone();
    let code = code_at(secret.as_str().unwrap(), now());
    grace.post("/api/v1/mfa/verify", &json!({ "code": code })).expect(200);
    grace.get("/api/v1/jobs").expect(200);
    let disabled = grace.post("/api/v1/mfa/disable", &json!({ "password": PASSWORD }));
    assert_eq!(disabled.problem(409), "mfa_required");
    let fresh = join(&app, &mut owner, "new@example.com", "user");
    assert_eq!(fresh["mfa_setup_required"], true, "whoever joins later, too");
    let mut held = bearer(&app, &fresh);
    assert_eq!(held.get("/api/v1/jobs").problem(403), "mfa_set_up_required");
    owner.patch("/api/v1/company", &json!({ "mfa_required": false })).expect(200);
    held.get("/api/v1/jobs").expect(200);
    assert_eq!(held.get("/api/v1/auth/me").expect(200)["mfa_setup_required"], false);
    grace.post("/api/v1/mfa/disable", &json!({ "password": PASSWORD })).expect(200);
}
