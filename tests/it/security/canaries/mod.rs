//! No secret is ever where it must not be: one server with a canary for each of them, used, misused, and searched.
//!
//! What is searched: every answer with its headers, the log at its most talkative, standard output, what the commands say,
//! every file of the data directory and every row of the store. `watch` lists the few answers that carry a secret on purpose.

mod server;
mod watch;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use self::{
    server::{METRICS_TOKEN, Server},
    watch::Watch,
};
use crate::support::{Client, Receiver, Reply, wait_until};

const PATIENCE: Duration = Duration::from_secs(30);
const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "canary tram orbit velvet noon";
const HEADER_VALUE: &str = "canary-value-of-a-webhook-header";
const GIVEN_SECRET: &str = "whsec_Y2FuYXJ5IG9mIGEgZ2l2ZW4gd2ViaG9vayBzZWNyZXQ=";

#[test]
fn no_secret_is_found_where_it_must_not_be() {
    let mut watch = Watch::default();
    let mut server = Server::start(&mut watch);
    for password in [PASSWORD, "canary wrong password noon", "canary of somebody invited"] {
        watch.canary("password", password);
    }
    watch.canary("webhook header", HEADER_VALUE);
    watch.canary("webhook secret", GIVEN_SECRET);

    let mut admin = set_up(&mut watch, &server);
    invite(&mut watch, &server, &mut admin);
    forget(&mut watch, &server, &mut admin);
    let key = make_key(&mut watch, &server, &mut admin);
    let webhook = deliver(&mut watch, &mut admin);
    let mut admin = prove(&mut watch, &server, admin);
    // What follows uses up what the limits allow.
    misuse(&mut watch, &server, &mut admin);
    let mut by_key = server.with_token(&key);
    look_around(&mut watch, &server, &mut admin, &webhook);
    look_around(&mut watch, &server, &mut by_key, &webhook);
    server.restart();
    look_around(&mut watch, &server, &mut server.with_token(&key), &webhook);
    server.stop();

    commands(&mut watch, &server);
    server.saw_words(&mut watch);
    watch.saw_directory(&server.data());

    for kind in [
        "token of a session",
        "recovery code",
        "invitation token",
        "reset token",
        "API key",
        "TOTP secret",
        "set-up token",
        "receiver token",
    ] {
        assert!(watch.count(kind) > 0, "no canary for {kind}");
    }
    let found = watch.found();
    assert!(found.is_empty(), "{} found:\n{}", found.len(), found.join("\n"));
    assert_eq!(watch.unused(), Vec::<String>::new(), "the list of answers that carry a secret is too long");
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

fn post(watch: &mut Watch, client: &mut Client, path: &str, body: &Value) -> Value {
    watch.send(client, ("POST", path, ""), &[], Some(&body.to_string())).json()
}

/// The same but for its last letter.
fn with_another_end(text: &str) -> String {
    let (head, last) = text.split_at(text.len() - 1);
    format!("{head}{}", if last == "0" { "1" } else { "0" })
}

/// The tokens in an answer are canaries from now on.
fn tokens(watch: &mut Watch, answer: &Value) {
    for name in ["access_token", "refresh_token", "csrf_token", "mfa_token"] {
        if let Some(token) = answer[name].as_str() {
            watch.canary("token of a session", token);
        }
    }
}

/// The first company, then a wrong and a right sign-in, a renewal, and a sign-in of a browser.
fn set_up(watch: &mut Watch, server: &Server) -> Client {
    let shown = server.output();
    let token = watch.canary("set-up token", shown.trim().split_once('#').unwrap().1);
    assert!(server.run(watch, "setup-url", &["setup-url"], None).contains(&token));
    let mut client = server.anonymous();
    let order = |token: &str| json!({ "token": token, "company_name": "Canaries", "name": "Ada", "email": EMAIL, "password": PASSWORD });
    let wrong = watch.canary("wrong set-up token", &with_another_end(&token));
    post(watch, &mut client, "/api/v1/auth/setup", &order(&wrong));
    let made = post(watch, &mut client, "/api/v1/auth/setup", &order(&token));
    tokens(watch, &made);
    post(watch, &mut client, "/api/v1/auth/setup", &order(&token));

    let wrong = json!({ "email": EMAIL, "password": "canary wrong password noon" });
    assert!(post(watch, &mut client, "/api/v1/auth/login", &wrong)["access_token"].is_null());
    let right = json!({ "email": EMAIL, "password": PASSWORD });
    let answer = post(watch, &mut client, "/api/v1/auth/login", &right);
    tokens(watch, &answer);
    let renewal = json!({ "refresh_token": answer["refresh_token"] });
    let renewed = post(watch, &mut client, "/api/v1/auth/refresh", &renewal);
    tokens(watch, &renewed);
    // One letter of the signature is another.
    let (head, tail) = text(&answer["access_token"]).split_at(80);
    let forged =
        watch.canary("forged token", &format!("{head}{}{}", if &tail[..1] == "A" { "B" } else { "A" }, &tail[1..]));
    watch.send(&mut server.with_token(&forged), ("GET", "/api/v1/auth/me", ""), &[], None);
    let cut = &text(&answer["refresh_token"])[..40];
    post(watch, &mut client, "/api/v1/auth/refresh", &json!({ "refresh_token": cut }));

    let cookie = [("x-session-mode", "cookie")];
    let browser = watch.send(&mut client, ("POST", "/api/v1/auth/login", ""), &cookie, Some(&right.to_string()));
    let cookies = browser.cookies();
    assert_eq!(browser.set_cookies().len(), 3);
    for cookie in cookies.split("; ") {
        watch.canary("token of a session", cookie.split_once('=').unwrap().1);
    }
    let with = [("cookie", cookies.clone()), ("x-csrf-token", "wrong".to_owned())];
    let with = with.each_ref().map(|(name, value)| (*name, value.as_str()));
    watch.send(&mut client, ("GET", "/api/v1/auth/me", ""), &with, None).expect(200);
    watch.send(&mut client, ("POST", "/api/v1/auth/logout", ""), &with, None);
    server.with_token(text(&renewed["access_token"]))
}

fn invite(watch: &mut Watch, server: &Server, admin: &mut Client) {
    let order = json!({ "email": "grace@example.com", "role": "user" });
    let invited = post(watch, admin, "/api/v1/auth/invites", &order);
    let token = watch.canary("invitation token", text(&invited["token"]));
    watch.send(admin, ("GET", "/api/v1/mailbox", ""), &[], None).expect(200);
    let mut client = server.anonymous();
    for (token, password) in [(&token[1..], PASSWORD), (&token, "short"), (&token, "canary of somebody invited")] {
        let body = json!({ "token": token, "name": "Grace", "password": password });
        let answer = post(watch, &mut client, "/api/v1/auth/invites/accept", &body);
        tokens(watch, &answer);
    }
}

/// The invited person forgets the password; the admin sees the link in the mailbox.
fn forget(watch: &mut Watch, server: &Server, admin: &mut Client) {
    let mut client = server.anonymous();
    post(watch, &mut client, "/api/v1/auth/password/forgot", &json!({ "email": "grace@example.com" }));
    let mailbox = watch.send(admin, ("GET", "/api/v1/mailbox", ""), &[], None).expect(200);
    let newest = text(&mailbox["data"][0]["text"]);
    let token = watch.canary("reset token", newest.lines().find_map(|line| line.split_once("/reset#")).unwrap().1);
    for (token, password) in [(&token[1..], PASSWORD), (&token, "short"), (&token, PASSWORD), (&token, PASSWORD)] {
        post(watch, &mut client, "/api/v1/auth/password/reset", &json!({ "token": token, "password": password }));
    }
}

fn make_key(watch: &mut Watch, server: &Server, admin: &mut Client) -> String {
    let scopes = ["events:write", "webhooks:read", "jobs:read", "audit:read"];
    let made = post(watch, admin, "/api/v1/api-keys", &json!({ "name": "canary", "scopes": scopes }));
    let key = watch.canary("API key", text(&made["secret"]));
    let mut wrong = server.with_token(&watch.canary("wrong API key", &with_another_end(&key)));
    watch.send(&mut wrong, ("GET", "/api/v1/events", ""), &[], None);
    key
}

/// A webhook whose deliveries fail, with a header and secrets of every origin.
fn deliver(watch: &mut Watch, admin: &mut Client) -> String {
    let receiver = Receiver::answering(|_| Reply::status(500));
    let order = |url: String| json!({ "url": url, "events": ["order.*"], "secret": GIVEN_SECRET, "headers": { "x-api-token": HEADER_VALUE } });
    let closed = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let closed = format!("http://{closed}/");
    let once = [("idempotency-key", "canary")];
    let create = ("POST", "/api/v1/webhooks", "");
    let made = watch.send(admin, create, &once, Some(&order(receiver.url("/hook")).to_string())).expect(201);
    let id = text(&made["id"]).to_owned();
    watch.send(admin, create, &[], Some(&order(closed).to_string())).expect(201);
    watch.send(admin, create, &[], Some(&order(receiver.url("/").replace("http", "https")).to_string())).expect(201);
    for _ in 0..2 {
        let answer = watch.send(admin, ("POST", "/api/v1/play", ""), &once, None).expect(201);
        watch.canary("receiver token", text(&answer["token"]));
    }
    let generated = json!({ "url": receiver.url("/own"), "events": ["order.*"] }).to_string();
    for _ in 0..2 {
        let answer = watch.send(admin, create, &[("idempotency-key", "own")], Some(&generated)).expect(201);
        watch.canary("webhook secret", text(&answer["secret"]));
    }
    let rotated = watch.send(admin, ("POST", "/api/v1/webhooks/{id}/rotate-secret", &id), &once, Some("{}"));
    watch.canary("webhook secret", text(&rotated.expect(200)["secret"]));
    watch.send(admin, ("GET", "/api/v1/webhooks/{id}/secret", &id), &[], None).expect(200);
    let event = json!({ "type": "order.made", "data": { "n": 1 } });
    post(watch, admin, "/api/v1/events", &event);
    watch.send(admin, ("POST", "/api/v1/webhooks/{id}/test", &id), &[], Some("{}"));
    receiver.wait_for(2);
    let path = format!("/api/v1/webhooks/{id}/logs");
    wait_until("an attempt is written down", PATIENCE, || admin.get(&path).text().contains("500"));
    let logs = watch.send(admin, ("GET", "/api/v1/webhooks/{id}/logs", &id), &[], None).expect(200);
    for delivery in logs["data"].as_array().unwrap() {
        watch.send(admin, ("GET", "/api/v1/deliveries/{id}", text(&delivery["id"])), &[], None).expect(200);
    }
    let change = json!({ "headers": { "x-api-token": HEADER_VALUE, "bad name": HEADER_VALUE } }).to_string();
    watch.send(admin, ("PATCH", "/api/v1/webhooks/{id}", &id), &[], Some(&change));
    id
}

/// Requests that put a secret where it does not belong.
fn misuse(watch: &mut Watch, server: &Server, admin: &mut Client) {
    let secret = watch.canary("misplaced secret", "canary-misplaced-secret-0123456789");
    let mut nobody = server.anonymous();
    let operations = server.anonymous().get("/api/v1/openapi.json").expect(200);
    let mut bodies = 0;
    for (path, item) in operations["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let route = format!("/api/v1{path}");
            let route = (method.to_uppercase(), route.replace("{name}", "canary"));
            // There a name is data; a worker shows under the one it gives itself.
            let is_named = ["/event-types", "/company", "/departments"].iter().any(|named| path.starts_with(named))
                || path == "/queues/{name}/lease";
            if operation["requestBody"].is_object() && !is_named {
                for body in spoilt(operation, &operations, &secret) {
                    bodies += 1;
                    for client in [&mut nobody, &mut *admin] {
                        let answer = watch.send(client, (&route.0, &route.1, "canary"), &[], Some(&body));
                        assert!(answer.status < 500, "{route:?} {body}: {}", answer.text());
                    }
                }
            }
        }
    }
    assert!(bodies > 60, "{bodies}");
    for header in ["authorization", "cookie", "x-csrf-token", "idempotency-key", "if-match"] {
        for value in [secret.clone(), format!("Bearer {secret}"), format!("np_access={secret}")] {
            let answer = watch.send(&mut nobody, ("GET", "/api/v1/webhooks", ""), &[(header, &value)], None);
            assert!(answer.status < 500);
        }
    }
    let order = json!({ "url": format!("https://ada:{secret}@example.com/"), "events": ["*"] }).to_string();
    watch.send(admin, ("POST", "/api/v1/webhooks", ""), &[], Some(&order));
    let event = json!({ "type": format!("Bad {secret}"), "data": {} }).to_string();
    watch.send(admin, ("POST", "/api/v1/events", ""), &[], Some(&event));
    for name in ["token", "cursor", "limit", "access_token", "after"] {
        for path in ["webhooks", "users", "audit", "jobs", "events"] {
            let query = ("GET", &*format!("/api/v1/{path}?{name}={{id}}"), &*secret);
            assert!(watch.send(admin, query, &[], None).status < 500);
        }
    }
    for request in [
        format!("GET /{secret} HTTP/1.1\r\nhost: x\r\nbad header {secret}\r\n\r\n"),
        format!("{secret}\r\n\r\n"),
        format!("POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{secret}"),
    ] {
        let answer = nobody.raw(request.as_bytes(), Duration::from_millis(200));
        watch.saw("a broken request", answer);
    }
    let with = [("authorization", "Basic Y2FuYXJ5LW1pc3BsYWNlZC1zZWNyZXQtMDEyMzQ1Njc4OQ==")];
    watch.send(&mut nobody, ("GET", "/metrics", ""), &with, None);
    let asked = format!("Bearer {METRICS_TOKEN}");
    watch.send(&mut nobody, ("GET", "/metrics", ""), &[("authorization", &asked)], None).expect(200);
}

/// Bodies with the secret as every field in turn, as a broken document, and as the whole document.
fn spoilt(operation: &Value, document: &Value, secret: &str) -> Vec<String> {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let name = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let properties = &document["components"]["schemas"][name]["properties"];
    let fields = properties.as_object().into_iter().flatten().map(|(name, _)| name.clone());
    let mut bodies: Vec<String> = fields
        .flat_map(|field| [json!({ &field: secret }), json!({ &field: { "a": secret } }), json!({ &field: [secret] })])
        .map(|body| body.to_string())
        .collect();
    bodies.push(format!("{{\"password\": \"{secret}\""));
    bodies.push(format!("{{\"password\": \"{secret}\" \"x\"}}"));
    bodies.push(json!(secret).to_string());
    bodies.push(secret.to_owned());
    bodies
}

/// A second factor: set up, used with a wrong code and with a recovery code; then a new password.
fn prove(watch: &mut Watch, server: &Server, mut admin: Client) -> Client {
    let made = watch.send(&mut admin, ("POST", "/api/v1/mfa/setup", ""), &[], None).expect(200);
    let secret = watch.canary("TOTP secret", text(&made["secret"]));
    let secret = totp_rs::Secret::try_from_base32(&secret).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let code = json!({ "code": totp.generate(now).to_string() });
    let enabled = post(watch, &mut admin, "/api/v1/mfa/verify", &code);
    let codes: Vec<String> = serde_json::from_value(enabled["recovery_codes"].clone()).unwrap();
    for code in &codes {
        watch.canary("recovery code", code);
    }
    let mut client = server.anonymous();
    let asked = post(watch, &mut client, "/api/v1/auth/login", &json!({ "email": EMAIL, "password": PASSWORD }));
    tokens(watch, &asked);
    let mut proof = json!({ "mfa_token": asked["mfa_token"], "code": "000000" });
    post(watch, &mut client, "/api/v1/auth/login/mfa", &proof);
    proof = json!({ "mfa_token": asked["mfa_token"], "recovery_code": codes[0] });
    let answer = watch.send(&mut client, ("POST", "/api/v1/auth/login/mfa", ""), &[], Some(&proof.to_string()));
    let answer = answer.expect(200);
    tokens(watch, &answer);
    let mut admin = server.with_token(text(&answer["access_token"]));
    let code = json!({ "code": totp.generate(now + 30).to_string() });
    let renewed = post(watch, &mut admin, "/api/v1/mfa/recovery-codes", &code);
    for code in renewed["recovery_codes"].as_array().unwrap() {
        watch.canary("recovery code", text(code));
    }
    let new = watch.canary("password", "canary lantern gravel tuba sleet");
    let order = json!({ "current_password": PASSWORD, "password": new });
    watch.send(&mut admin, ("POST", "/api/v1/auth/password", ""), &[], Some(&order.to_string())).expect(204);
    let proof = json!({ "password": new, "recovery_code": renewed["recovery_codes"][0] });
    let renewed = post(watch, &mut admin, "/api/v1/auth/reauthenticate", &proof);
    tokens(watch, &renewed);
    server.with_token(text(&renewed["access_token"]))
}

/// Every list and document that a caller may read, and the pages for people and machines.
fn look_around(watch: &mut Watch, server: &Server, client: &mut Client, webhook: &str) {
    let operations = server.anonymous().get("/api/v1/openapi.json").expect(200);
    let mut read = 0;
    for (path, item) in operations["paths"].as_object().unwrap() {
        let is_of_webhook = path.starts_with("/webhooks/{id}");
        if item["get"].is_object() && (is_of_webhook || !path.contains('{')) {
            let path = format!("/api/v1{path}");
            watch.send(client, ("GET", &path, webhook), &[], None);
            read += 1;
        }
    }
    assert!(read > 20, "{read}");
    for path in ["/metrics", "/health", "/api/v1/audit/export?format=csv", "/docs", "/", "/problems/unauthorized"] {
        let asked = format!("Bearer {METRICS_TOKEN}");
        watch.send(client, ("GET", path, ""), &[], None);
        watch.send(&mut server.anonymous(), ("GET", path, ""), &[("authorization", &asked)], None);
    }
}

/// The commands on a directory that no server uses, with the right settings and with wrong ones.
fn commands(watch: &mut Watch, server: &Server) {
    let printed = server.run(watch, "config print", &["config", "print"], None);
    assert!(printed.contains("access_secret = \"********\""), "{printed}");
    let checked = server.run(watch, "check", &["check"], None);
    assert!(checked.contains("every sealed value opens"), "{checked}");
    server.run(watch, "user list", &["user", "list"], None);
    let sealed = watch.canary("wrong sealed value", "enc:AWNhbmFyeSBvZiBhIHdyb25nIHNlYWxlZCB2YWx1ZQ");
    let wrong: [(&str, &str); 5] = [
        ("JWT_SECRET", &sealed),
        ("JWT_SECRET", "canary-short-secret"),
        ("NOVAPULSE_SECRETS_MASTER_KEY", "canary-that-is-no-master-key"),
        ("NOVAPULSE_SECRETS_MASTER_KEY", "Y2FuYXJ5IG9mIGFub3RoZXIgbWFzdGVyIGtleSAzMiA="),
        ("NOVAPULSE_SERVER_METRICS_TOKEN", ""),
    ];
    for (name, value) in wrong {
        if !value.is_empty() && value != sealed {
            watch.canary("wrong setting", value);
        }
        for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["config", "print"], &["check"]] {
            server.run_with(watch, "a refused start", command, None, &[(name, value)]);
        }
    }
}
