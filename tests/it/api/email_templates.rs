//! Templates over the API: made, tried, changed into new versions, deleted, and what that means for e-mails.

use serde_json::{Value, json};

use super::{emails::ended, mailbox::mailbox};
use crate::support::TestApp;

const PATH: &str = "/api/v1/email-templates";

fn welcome() -> Value {
    json!({
        "name": "welcome",
        "subject": "Welcome, {{ name }}",
        "text": "Hello {{ name }}{% for item in items %}\n- {{ item }}{% endfor %}",
        "html": "<p>Hello {{ name }}</p>",
        "sample": { "name": "Ada <3", "items": ["tea"] },
    })
}

#[test]
fn a_template_is_tried_with_its_sample_and_with_other_variables() {
    let app = TestApp::start();
    let mut client = app.client();
    let made = client.post(PATH, &welcome()).expect(201);
    assert_eq!(made["version"], 1);
    let path = format!("{PATH}/welcome/preview");
    let tried = client.post(&path, &json!({})).expect(200);
    let wanted = json!({ "version": 1, "subject": "Welcome, Ada <3", "text": "Hello Ada <3\n- tea",
        "html": "<p>Hello Ada &lt;3</p>" });
    assert_eq!(tried, wanted);
    let answer = client.post(&path, &json!({ "variables": { "name": "Bob" } }));
    assert_eq!(answer.problem(422), "validation_failed");
    let detail = answer.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
    assert_eq!(detail, "the text cannot be filled in: `items` is not among the variables (line 1)");
    assert_eq!(client.post(&path, &json!({ "version": 7 })).problem(404), "not_found");
    assert_eq!(client.post(&format!("{PATH}/none/preview"), &json!({})).problem(404), "not_found");
    assert_eq!(mailbox(&mut app.owner()), [Value::Null; 0]);
}

#[test]
fn templates_that_are_none_or_could_grow_without_end_are_refused() {
    let app = TestApp::start();
    let mut client = app.client();
    let with = |name: &str, value: Value| {
        let mut template = welcome();
        template[name] = value;
        template
    };
    for (template, pointer) in [
        (with("name", json!("No Name")), "/name"),
        (with("subject", json!("")), "/subject"),
        (with("subject", json!("{{ name")), "/subject"),
        (with("text", json!("{% set a = 'x' %}")), "/text"),
        (with("html", json!("{{ 'x' * 100000000 }}")), "/html"),
        (with("text", json!("x".repeat(200 << 10))), "/text"),
        (with("description", json!("x".repeat(501))), "/description"),
    ] {
        let answer = client.post(PATH, &template);
        assert_eq!(answer.problem(422), "validation_failed", "{pointer}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{}", answer.text());
    }
    client.post(PATH, &welcome()).expect(201);
    assert_eq!(client.post(PATH, &welcome()).problem(409), "conflict");
    assert_eq!(client.get(PATH).expect(200)["data"].as_array().unwrap().len(), 1);
}

#[test]
fn an_email_keeps_the_version_it_was_made_with() {
    let app = TestApp::start();
    let (mut client, mut owner) = (app.client(), app.owner());
    client.post(PATH, &welcome()).expect(201);
    owner.post_empty("/api/v1/queues/email/pause").expect(200);
    let order = json!({ "to": "ada@example.com", "template": "welcome", "variables": { "name": "Ada", "items": [] } });
    let send = |client: &mut crate::support::Client| client.post("/api/v1/emails", &order).expect(202)["id"].clone();
    let first = send(&mut client);
    let changed = client.patch(&format!("{PATH}/welcome"), &json!({ "text": "Changed, {{ name }}" })).expect(200);
    assert_eq!(changed["version"], 2);
    let second = send(&mut client);
    client.delete(&format!("{PATH}/welcome")).expect(204);
    assert_eq!(client.get(&format!("{PATH}/welcome")).problem(404), "not_found");
    assert_eq!(client.post("/api/v1/emails", &order).problem(422), "validation_failed");
    // A new one of the name goes on counting, so that none is mistaken for another.
    let again = client.post(PATH, &json!({ "name": "welcome", "subject": "s", "text": "Third" })).expect(201);
    assert_eq!(again["version"], 3);
    owner.post_empty("/api/v1/queues/email/resume").expect(200);
    let email = ended(&mut client, &first);
    assert_eq!((&email["state"], &email["subject"]), (&json!("sent"), &json!("Welcome, Ada")), "{email}");
    assert_eq!(email["template"], json!({ "name": "welcome", "version": 1 }));
    ended(&mut client, &second);
    let mut texts: Vec<String> =
        mailbox(&mut owner).iter().map(|message| message["text"].as_str().unwrap().to_owned()).collect();
    texts.sort();
    assert_eq!(texts, ["Changed, Ada", "Hello Ada"]);
}

#[test]
fn a_missing_variable_fails_the_email_with_its_name() {
    let app = TestApp::start();
    let mut client = app.client();
    client.post(PATH, &welcome()).expect(201);
    let order = json!({ "to": "ada@example.com", "template": "welcome", "variables": { "items": [] } });
    let id = client.post("/api/v1/emails", &order).expect(202)["id"].clone();
    let email = ended(&mut client, &id);
    assert_eq!((&email["state"], &email["attempts"]), (&json!("failed"), &json!(1)));
    let answer = "template welcome: the subject cannot be filled in: `name` is not among the variables (line 1)";
    assert_eq!(email["answer"], answer);
    let job = client.get(&format!("/api/v1/jobs/{}", email["job_id"].as_str().unwrap())).expect(200);
    assert_eq!(job["state"], "failed", "{job}");
    assert_eq!(mailbox(&mut app.owner()), [Value::Null; 0]);
}

#[test]
fn a_change_for_another_text_is_refused() {
    let app = TestApp::start();
    let mut client = app.client();
    client.post(PATH, &welcome()).expect(201);
    let path = format!("{PATH}/welcome");
    let tag = client.get(&path).header("etag").unwrap().to_owned();
    client.patch(&path, &json!({ "description": "Greets" })).expect(200);
    let headers = [("if-match", tag.as_str())];
    let answer = client.send("PATCH", &path, &headers, Some(br#"{ "subject": "x" }"#));
    assert_eq!(answer.status, 412, "{}", answer.text());
    assert_eq!(client.get(&path).expect(200)["version"], 1, "a description makes no version");
    assert_eq!(client.patch(&path, &json!({ "subject": null })).problem(422), "validation_failed");
    let cleared = client.patch(&path, &json!({ "html": null })).expect(200);
    assert_eq!((&cleared["html"], &cleared["version"]), (&Value::Null, &json!(2)));
    assert_eq!(client.patch(&path, &json!({ "text": null })).problem(422), "validation_failed");
}

#[test]
fn a_template_is_made_and_replaced_as_a_whole() {
    let app = TestApp::start();
    let mut client = app.client();
    let path = format!("{PATH}/order.shipped");
    let put = |client: &mut crate::support::Client, body: &Value, headers: &[(&str, &str)]| {
        client.send("PUT", &path, headers, Some(body.to_string().as_bytes()))
    };
    let first =
        json!({ "subject": "Hi", "text": "Hello {{ name }}", "html": "<p>Hello</p>", "sample": { "name": "Ada" } });
    let made = put(&mut client, &first, &[]).expect(201);
    assert_eq!(
        (&made["name"], &made["version"], &made["html"]),
        (&json!("order.shipped"), &json!(1), &json!("<p>Hello</p>"))
    );
    let same = put(&mut client, &first, &[]).expect(200);
    assert_eq!(same["version"], 1, "nothing has changed");
    let tag = client.get(&path).header("etag").unwrap().to_owned();
    let second = json!({ "subject": "Hi", "text": "Bye" });
    let replaced = put(&mut client, &second, &[("if-match", &tag)]).expect(200);
    assert_eq!((&replaced["version"], &replaced["html"], &replaced["sample"]), (&json!(2), &Value::Null, &Value::Null));
    assert_eq!(put(&mut client, &first, &[("if-match", &tag)]).problem(412), "precondition_failed");
    let none = client.send("PUT", &format!("{PATH}/none"), &[("if-match", &tag)], Some(second.to_string().as_bytes()));
    assert_eq!(none.problem(412), "precondition_failed");
    for (body, pointer) in [
        (json!({ "text": "x" }), "/subject"),
        (json!({ "subject": "x" }), "/text"),
        (json!({ "subject": "x", "text": "{% set a = 1 %}" }), "/text"),
        (json!({ "subject": "x", "text": "y", "name": "z" }), "/name"),
    ] {
        let answer = put(&mut client, &body, &[]);
        assert_eq!(answer.problem(422), "validation_failed", "{body}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{body}");
    }
}
