//! Every operation of the OpenAPI document asks for a credential, unless it says that it does not.

use novapulse::auth::permissions;
use serde_json::{Value, json};

use crate::support::{Client, TestApp};

/// Operations that need no credential; anything new here is a decision.
const OPEN: [&str; 12] = [
    "get_health",
    "get_liveness",
    "get_readiness",
    "get_metrics",
    "set_up",
    "register",
    "log_in",
    "log_in_mfa",
    "refresh",
    "accept_invite",
    "forgot_password",
    "reset_password",
];

pub(super) struct Operation {
    pub(super) id: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) is_open: bool,
    pub(super) scope: Option<String>,
}

pub(super) fn operations(client: &mut Client) -> Vec<Operation> {
    let document = client.get("/api/v1/openapi.json").expect(200);
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(_, value)| value["responses"].is_object())
        {
            operations.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                is_open: operation["security"] == json!([{}]),
                scope: operation["x-scope"].as_str().map(str::to_owned),
            });
        }
    }
    assert!(operations.len() > 15, "{}", operations.len());
    operations
}

/// The path of an operation with something in the place of each parameter.
pub(super) fn filled(path: &str) -> String {
    let path = format!("/api/v1{path}");
    path.replace("{id}", "job_00000000000000000000000001")
        .replace("{name}", "email")
        .replace("{user}", "usr_00000000000000000000000001")
        .replace("{group}", "a")
}

#[test]
fn every_operation_is_listed_with_its_scope_or_open_on_purpose() {
    let app = TestApp::start();
    let operations = operations(&mut app.anonymous());
    for listed in permissions::ALL {
        let is_there = operations.iter().any(|it| it.method == listed.method && it.path == listed.path);
        assert!(is_there, "{} {} is listed and not offered", listed.method, listed.path);
    }
    for operation in operations {
        let Operation { id, method, path, is_open, scope } = operation;
        assert_eq!(is_open, OPEN.contains(&id.as_str()), "{id}");
        let listed = permissions::ALL.iter().find(|listed| listed.method == method && listed.path == path);
        assert_eq!(listed.map(|listed| listed.scope.as_str().to_owned()), scope, "{method} {path}");
        assert_eq!(listed.is_none(), is_open, "{method} {path}");
    }
}

#[test]
fn no_operation_answers_without_a_credential_or_with_a_wrong_one() {
    let app = TestApp::start();
    let mut client = app.anonymous();
    let key = app.api_key();
    let other_end = if key.ends_with('x') { 'y' } else { 'x' };
    let wrong = format!("Bearer {}{other_end}", &key[..key.len() - 1]);
    for operation in operations(&mut client) {
        if operation.is_open {
            continue;
        }
        let path = filled(&operation.path);
        for headers in [&[][..], &[("authorization", wrong.as_str())], &[("authorization", "Basic YTpi")]] {
            let answer = client.send(&operation.method, &path, headers, Some(b"{}"));
            assert_eq!(answer.problem(401), "unauthorized", "{} {path}", operation.method);
        }
    }
}

#[test]
fn malformed_bodies_are_refused_by_every_operation_that_takes_one_or_could() {
    let app = TestApp::start();
    let mut client = app.owner();
    let document = client.get("/api/v1/openapi.json").expect(200);
    let mut checked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method = method.to_uppercase();
            // A POST that reads nothing refuses what somebody sends it all the same.
            if !operation["requestBody"].is_object() && !matches!(method.as_str(), "POST" | "PUT") {
                continue;
            }
            let path = filled(path);
            let mut send = |content_type: &str, body: &[u8]| {
                client.send(&method, &path, &[("content-type", content_type)], Some(body)).status
            };
            let statuses = [
                send("application/json", b"{"),
                send("application/json", b"[]"),
                send("application/json", br#"{"no_such_field": 1}"#),
                send("text/plain", b"{}"),
            ];
            // A thing that is not there may be noticed before the body is.
            for (status, expected) in statuses.into_iter().zip([400, 422, 422, 415]) {
                assert!(status == expected || status == 404, "{method} {path}: {status}, not {expected}");
            }
            checked += 1;
        }
    }
    assert!(checked > 5, "{checked}");
    assert_ne!(document, Value::Null);
}

#[test]
fn every_operation_refuses_query_parameters_it_does_not_have() {
    let app = TestApp::start();
    let mut client = app.owner();
    for Operation { method, path, .. } in operations(&mut app.anonymous()) {
        let path = format!("{}?no_such_parameter=1", filled(&path));
        let answer = client.send(&method, &path, &[("content-type", "application/json")], Some(b"{}"));
        assert_eq!(answer.problem(422), "validation_failed", "{method} {path}");
        assert_eq!(answer.json()["errors"][0]["pointer"], "/no_such_parameter", "{method} {path}");
    }
}
