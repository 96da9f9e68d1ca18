//! E-mails handed to a real mail server: encryption, sign-in, signatures, refusals, and connections that break.

use std::{net::TcpListener, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::support::{Authority, Client, MailServer, SMALL, TestApp, wait_until};

pub(super) const PATIENCE: Duration = Duration::from_mins(1);
pub(super) const QUEUE: &str = "/api/v1/queues/email";

pub(super) fn start(server: &MailServer, more: &[(&str, &str)]) -> TestApp {
    let settings = server.settings(&[&[("NOVAPULSE_MAIL_RETRY_MS", "10")], more].concat());
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let app = TestApp::start_with(&settings);
    let retry = json!({ "attempts": 3 });
    app.owner().patch(QUEUE, &retry).expect(200);
    app
}

pub(super) fn send(client: &mut Client, to: &Value, more: &Value) -> String {
    let mut body = json!({ "to": to, "subject": "Grüße", "text": "Hello\n.dot\n" });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    let queued = client.post("/api/v1/emails", &body).expect(202);
    assert_eq!(queued["state"], "queued");
    queued["id"].as_str().unwrap().to_owned()
}

/// Waits for the end of an e-mail.
fn ended(client: &mut Client, id: &str) -> Value {
    let mut email = Value::Null;
    wait_until("the e-mail has ended", PATIENCE, || {
        email = client.get(&format!("/api/v1/emails/{id}")).expect(200);
        !email["finished_at"].is_null()
    });
    email
}

#[test]
fn an_email_reaches_everybody_as_it_was_written() {
    let server = MailServer::start(&[]);
    let app = start(&server, &[("NOVAPULSE_MAIL_REPLY_TO", "support@nova.example")]);
    let mut client = app.client();
    let more = json!({
        "cc": "b@example.com", "bcc": ["c@bücher.example"], "html": "<p>Hello</p>",
        "headers": { "X-Campaign": "7" },
        "attachments": [{ "name": "räport.txt", "content_type": "text/plain", "content": "aGkgdGhlcmU=" }],
    });
    let id = send(&mut client, &json!("a@example.com"), &more);
    let got = server.next();
    assert_eq!(got["sender"], "no-reply@nova.example");
    assert_eq!(got["recipients"], json!(["a@example.com", "b@example.com", "c@xn--bcher-kva.example"]));
    let content = got["content"].as_str().unwrap();
    for line in [
        "From: NovaPulse <no-reply@nova.example>\r\n",
        "To: a@example.com\r\n",
        "Cc: b@example.com\r\n",
        "Reply-To: support@nova.example\r\n",
        "X-Campaign: 7\r\n",
        "Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\n",
        "Content-Type: multipart/mixed;",
        "aGkgdGhlcmU=\r\n",
        "\r\n.dot\r\n",
        "<p>Hello</p>",
    ] {
        assert!(content.contains(line), "{line:?} is not in {content}");
    }
    assert!(!content.contains("bcher"), "nobody is told of the blind copy: {content}");
    let email = ended(&mut client, &id);
    assert_eq!((&email["state"], &email["via"], &email["attempts"]), (&json!("sent"), &json!("smtp"), &json!(1)));
    let message_id = format!("Message-ID: {}\r\n", email["message_id"].as_str().unwrap());
    assert!(content.contains(&message_id), "{message_id}");
    assert!(message_id.ends_with("@nova.example>\r\n"));
    assert_eq!(email["recipients"][2]["answer"], "250 2.0.0 taken");
    assert_eq!(email["attachments"][0]["size_bytes"], 8);
    let health = app.anonymous().get("/api/v1/health").expect(200);
    assert_eq!(health["checks"]["mail"]["transport"], "smtp", "{health}");
    let metrics = app.anonymous().get("/metrics").text();
    assert!(metrics.contains("novapulse_email_attempts_total{outcome=\"accepted\"} 1"), "{metrics}");
}

#[test]
fn connections_are_kept_and_used_again() {
    let server = MailServer::start(&[]);
    let app = start(&server, &[("NOVAPULSE_MAIL_POOL_SIZE", "1")]);
    let mut client = app.client();
    let mut peers = Vec::new();
    for number in 0..4 {
        let id = send(&mut client, &json!([format!("n{number}@example.com")]), &json!({}));
        peers.push(server.next()["peer"].as_u64().unwrap());
        assert_eq!(ended(&mut client, &id)["state"], "sent");
    }
    peers.dedup();
    assert_eq!(peers.len(), 1, "one connection for all: {peers:?}");
}

#[test]
fn connections_are_encrypted_signed_in_and_verified() {
    let authority = Authority::new();
    authority.issue("mail.test");
    let (certificate, key) = (authority.certificate(), authority.key());
    let root = authority.root();
    for tls in ["starttls", "tls"] {
        let server = MailServer::start(&[
            ("SMTP_TLS", tls),
            ("SMTP_CERTIFICATE", certificate.to_str().unwrap()),
            ("SMTP_KEY", key.to_str().unwrap()),
            ("SMTP_USER", "nova"),
            ("SMTP_PASSWORD", "open sesame"),
        ]);
        let own = [
            ("NOVAPULSE_MAIL_TLS", tls),
            ("NOVAPULSE_MAIL_USER", "nova"),
            ("NOVAPULSE_MAIL_PASSWORD", "open sesame"),
            ("NOVAPULSE_OUTBOUND_EXTRA_CA_FILE", root.to_str().unwrap()),
        ];
        // An authority that is not trusted comes first: nothing may be said to such a server.
        let app = start(&server, &own[..3]);
        let mut client = app.client();
        let email = {
            let id = send(&mut client, &json!("a@example.com"), &json!({}));
            ended(&mut client, &id)
        };
        assert_eq!(email["state"], "failed", "{tls}: {email}");
        assert!(email["answer"].as_str().unwrap().contains("TLS failed"), "{tls}: {email}");
        let health = app.anonymous().get("/api/v1/health");
        assert_eq!(health.json()["checks"]["mail"]["status"], "degraded", "{}", health.text());
        assert_eq!(server.rest(), [Value::Null; 0]);
        drop(app);

        let app = start(&server, &own);
        let mut client = app.client();
        let id = send(&mut client, &json!("a@example.com"), &json!({}));
        let got = server.next();
        assert_eq!((&got["tls"], &got["user"]), (&json!(true), &json!("nova")), "{tls}");
        assert_eq!(ended(&mut client, &id)["state"], "sent");
        drop(app);

        let wrong = [own[0], own[1], ("NOVAPULSE_MAIL_PASSWORD", "open says me"), own[3]];
        let app = start(&server, &wrong);
        let mut client = app.client();
        let id = send(&mut client, &json!("a@example.com"), &json!({}));
        let email = ended(&mut client, &id);
        let answer = email["answer"].as_str().unwrap();
        assert!(answer.contains("the sign-in: 535"), "{tls}: {answer}");
        assert!(!app.log().contains("open says me") && !answer.contains("open says me"));
    }
}

#[test]
fn a_server_without_encryption_gets_nothing_when_encryption_is_asked_for() {
    let server = MailServer::start(&[]);
    let app = start(&server, &[("NOVAPULSE_MAIL_TLS", "starttls")]);
    let mut client = app.client();
    let id = send(&mut client, &json!("a@example.com"), &json!({}));
    let email = ended(&mut client, &id);
    assert!(email["answer"].as_str().unwrap().contains("no STARTTLS"), "{email}");
    assert_eq!(server.rest(), [Value::Null; 0]);
}

#[test]
fn signatures_verify() {
    for (key, record) in dkim_keys() {
        let server = MailServer::start(&[("SMTP_DKIM_RECORD", &record)]);
        let app = start(
            &server,
            &[
                ("NOVAPULSE_MAIL_DKIM_DOMAIN", "nova.example"),
                ("NOVAPULSE_MAIL_DKIM_SELECTOR", "mail"),
                ("NOVAPULSE_MAIL_DKIM_KEY", &key),
            ],
        );
        let mut client = app.client();
        let more = json!({ "html": "<p>a  b</p>\n\n\n", "cc": "b@example.com" });
        for more in [json!({}), more] {
            send(&mut client, &json!("a@example.com"), &more);
            let got = server.next();
            assert_eq!(got["signed"], true, "{got}");
            assert!(got["content"].as_str().unwrap().starts_with("DKIM-Signature: v=1;"), "{got}");
        }
    }
}

/// A private key as PEM and the record of its public key, of each kind.
fn dkim_keys() -> [(String, String); 2] {
    let record = |kind: &str, public: &str| format!("v=DKIM1; k={kind}; p={public}");
    let rsa = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let pem = rsa.public_key_pem();
    let rsa_public: String = pem.lines().filter(|line| !line.starts_with("---")).collect();
    let ed = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    [
        (rsa.serialize_pem(), record("rsa", &rsa_public)),
        (ed.serialize_pem(), record("ed25519", &STANDARD.encode(ed.public_key_raw()))),
    ]
}

#[test]
fn a_temporary_refusal_is_tried_again_for_those_who_were_refused() {
    let server = MailServer::start(&[]);
    let app = start(&server, &[]);
    let mut client = app.client();
    let id = send(&mut client, &json!(["a@example.com", "defer-once@example.com"]), &json!({}));
    assert_eq!(server.next()["recipients"], json!(["a@example.com"]));
    assert_eq!(server.next()["recipients"], json!(["defer-once@example.com"]), "the first got it already");
    let email = ended(&mut client, &id);
    assert_eq!((&email["state"], &email["attempts"]), (&json!("sent"), &json!(2)));

    let id = send(&mut client, &json!("defer@example.com"), &json!({}));
    let email = ended(&mut client, &id);
    assert_eq!((&email["state"], &email["attempts"]), (&json!("failed"), &json!(3)), "{email}");
    assert_eq!(email["answer"], "451 4.7.1 come back later");
    let listed = client.get("/api/v1/emails?state=failed&to=defer@example.com").expect(200);
    assert_eq!(listed["data"][0]["id"], id.as_str());
}

#[test]
fn a_refusal_for_good_is_not_tried_again() {
    let server = MailServer::start(&[]);
    let app = start(&server, &[]);
    let mut client = app.client();
    for (to, said) in
        [("refuse@example.com", "550 5.1.1 no such user here"), ("refuse-late@example.com", "554 5.7.1 not this text")]
    {
        let id = send(&mut client, &json!(to), &json!({}));
        let email = ended(&mut client, &id);
        assert_eq!((&email["state"], &email["attempts"]), (&json!("failed"), &json!(1)), "{email}");
        assert_eq!((&email["answer"], &email["recipients"][0]["state"]), (&json!(said), &json!("refused")));
    }
    let id = send(&mut client, &json!(["refuse@example.com", "a@example.com"]), &json!({}));
    assert_eq!(server.next()["recipients"], json!(["a@example.com"]), "the others get it");
    let email = ended(&mut client, &id);
    assert_eq!(email["state"], "failed");
    assert_eq!(email["recipients"][1]["state"], "accepted");
}

#[test]
fn a_connection_that_breaks_with_the_message_is_an_unknown_outcome_and_loses_nothing() {
    let server = MailServer::start(&[]);
    let app = start(&server, &[("NOVAPULSE_MAIL_TIMEOUT_MS", "1000")]);
    let mut client = app.client();
    for (to, event) in [("drop@example.com", "dropped"), ("hang@example.com", "hanging")] {
        let id = send(&mut client, &json!(to), &json!({}));
        assert_eq!(server.next()[event], true);
        let got = server.next();
        let email = ended(&mut client, &id);
        assert_eq!((&email["state"], &email["attempts"]), (&json!("sent"), &json!(2)), "{email}");
        assert_eq!(email["unknown_outcomes"], 1, "{email}");
        let message_id = format!("Message-ID: {}\r\n", email["message_id"].as_str().unwrap());
        assert!(got["content"].as_str().unwrap().contains(&message_id), "the id stays the same");
    }
    let metrics = app.anonymous().get("/metrics").text();
    assert!(metrics.contains("novapulse_email_attempts_total{outcome=\"unknown\"} 2"), "{metrics}");
}

#[test]
fn an_email_that_was_accepted_survives_a_kill_and_a_server_that_is_away() {
    let away = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = MailServer::start(&[]);
    let settings = server.settings(&[]);
    let port = settings.iter().find(|(name, _)| name == "NOVAPULSE_MAIL_PORT").unwrap().1.clone();
    let mut app = start(&server, &[("NOVAPULSE_MAIL_PORT", &away.port().to_string())]);
    let retry = json!({ "attempts": 100 });
    app.owner().patch(QUEUE, &retry).expect(200);
    let id = send(&mut app.client(), &json!("a@example.com"), &json!({}));
    let mut client = app.client();
    wait_until("the e-mail was tried", PATIENCE, || {
        client.get(&format!("/api/v1/emails/{id}")).expect(200)["state"] == "retrying"
    });
    app.kill9();
    app.set_option("NOVAPULSE_MAIL_PORT", &port);
    app.start_again();
    assert_eq!(server.next()["recipients"], json!(["a@example.com"]));
    assert_eq!(ended(&mut app.client(), &id)["state"], "sent");
}

#[test]
fn a_refusal_stands_whatever_becomes_of_the_connection_behind_it() {
    let server = MailServer::start(&[("SMTP_RSET", "drop")]);
    let app = start(&server, &[("NOVAPULSE_MAIL_POOL_SIZE", "1")]);
    let mut client = app.client();
    for _ in 0..2 {
        let id = send(&mut client, &json!("refuse@example.com"), &json!({}));
        let email = ended(&mut client, &id);
        assert_eq!((&email["state"], &email["attempts"]), (&json!("failed"), &json!(1)), "{email}");
        assert_eq!(email["answer"], "550 5.1.1 no such user here");
    }
    let id = send(&mut client, &json!("a@example.com"), &json!({}));
    assert_eq!(server.next()["recipients"], json!(["a@example.com"]), "over another connection");
    assert_eq!(ended(&mut client, &id)["state"], "sent");
}

#[test]
fn a_server_that_closes_a_kept_connection_is_asked_over_a_fresh_one() {
    let server = MailServer::start(&[]);
    let app = start(&server, &[("NOVAPULSE_MAIL_POOL_SIZE", "1")]);
    let mut client = app.client();
    let id = send(&mut client, &json!("a@example.com"), &json!({}));
    let first = server.next()["peer"].clone();
    assert_eq!(ended(&mut client, &id)["state"], "sent");
    let id = send(&mut client, &json!("busy-once@example.com"), &json!({}));
    assert_ne!(server.next()["peer"], first);
    let email = ended(&mut client, &id);
    assert_eq!((&email["state"], &email["attempts"]), (&json!("sent"), &json!(1)), "{email}");
}

#[test]
fn a_slow_or_full_server_and_one_that_breaks_off_are_tried_again() {
    let slow = MailServer::start(&[("SMTP_SLOW_S", "3")]);
    let app = start(&slow, &[("NOVAPULSE_MAIL_CONNECT_TIMEOUT_MS", "300")]);
    let mut client = app.client();
    let id = send(&mut client, &json!("a@example.com"), &json!({}));
    let email = ended(&mut client, &id);
    assert_eq!((&email["state"], &email["attempts"]), (&json!("failed"), &json!(3)), "{email}");
    assert!(email["answer"].as_str().unwrap().contains("the greeting: no answer in time"), "{email}");
    assert_eq!(email["unknown_outcomes"], 0, "nothing was sent");
    drop(app);

    let server = MailServer::start(&[]);
    let app = start(&server, &[]);
    let mut client = app.client();
    let id = send(&mut client, &json!("defer-late@example.com"), &json!({}));
    let email = ended(&mut client, &id);
    assert_eq!((&email["state"], &email["attempts"]), (&json!("failed"), &json!(3)), "{email}");
    assert_eq!(email["answer"], "452 4.2.2 no room for it now");
    let id = send(&mut client, &json!("drop-mid@example.com"), &json!({ "text": "x\n".repeat(50_000) }));
    assert_eq!(server.next()["cut"], true);
    let content = server.next()["content"].as_str().unwrap().to_owned();
    let email = ended(&mut client, &id);
    assert_eq!((&email["state"], &email["attempts"]), (&json!("sent"), &json!(2)), "{email}");
    assert!(content.contains(email["message_id"].as_str().unwrap()));
}

#[test]
fn a_kill_between_the_message_and_its_answer_sends_it_again_with_its_id() {
    let server = MailServer::start(&[]);
    let mut app = start(&server, &[]);
    let id = send(&mut app.client(), &json!("hang@example.com"), &json!({}));
    assert_eq!(server.next()["hanging"], true, "the server has the whole message");
    app.kill9();
    app.start_again();
    let got = server.next();
    let email = ended(&mut app.client(), &id);
    assert_eq!(email["state"], "sent");
    let message_id = format!("Message-ID: {}\r\n", email["message_id"].as_str().unwrap());
    assert!(got["content"].as_str().unwrap().contains(&message_id), "{got}");
}

#[test]
fn too_much_that_waits_is_refused_until_some_has_gone() {
    let server = MailServer::start(&[]);
    let app = start(&server, &[("NOVAPULSE_MAIL_UNSENT_MAX", "2"), ("NOVAPULSE_AUTH_REGISTRATION", "open")]);
    let mut owner = app.owner();
    let retry = json!({ "attempts": 100 });
    owner.patch(QUEUE, &retry).expect(200);
    let mut client = app.client();
    let ids = [(); 2].map(|()| send(&mut client, &json!("defer@example.com"), &json!({})));
    let plain = json!({ "to": "a@example.com", "subject": "s", "text": "t" });
    let refused = client.post("/api/v1/emails", &plain);
    assert_eq!(refused.problem(429), "too_many_unsent");
    assert!(refused.header("retry-after").is_some(), "{}", refused.text());
    assert!(refused.json()["detail"].as_str().unwrap().starts_with("2 e-mails"), "{}", refused.text());
    owner.post("/api/v1/auth/invites", &json!({ "email": "grace@example.com", "role": "user" })).expect(201);
    assert_eq!(server.next()["recipients"], json!(["grace@example.com"]), "what the server writes goes out");
    owner.patch(QUEUE, &json!({ "attempts": 1 })).expect(200);
    for id in &ids {
        assert_eq!(ended(&mut client, id)["state"], "failed");
    }
    client.post("/api/v1/emails", &plain).expect(202);
    assert_eq!(server.next()["recipients"], json!(["a@example.com"]));
}

#[test]
fn invitations_and_resets_go_out_and_are_shown_to_nobody() {
    let server = MailServer::start(&[]);
    let mut app = start(&server, &[]);
    let mut owner = app.owner();
    let made = owner.post("/api/v1/auth/invites", &json!({ "email": "grace@example.com", "role": "user" })).expect(201);
    let got = server.next();
    let content = got["content"].as_str().unwrap().replace("=\r\n", "").replace("=3D", "=");
    assert!(content.contains(made["token"].as_str().unwrap()), "{content}");
    assert!(content.contains("Auto-Submitted: auto-generated\r\n"));
    assert_eq!(owner.get("/api/v1/mailbox").expect(200)["data"], json!([]), "it lies nowhere else");
    let mut email = Value::Null;
    wait_until("the invitation is sent", PATIENCE, || {
        email = owner.get("/api/v1/emails").expect(200)["data"][0].clone();
        email["state"] == "sent"
    });
    assert_eq!((&email["system"], &email["subject"]), (&json!(true), &json!("Your invitation to NovaPulse")));
    let detail = owner.get(&format!("/api/v1/emails/{}", email["id"].as_str().unwrap())).expect(200);
    assert_eq!((&detail["text"], &detail["html"]), (&Value::Null, &Value::Null));

    let (address, _) = app.demo_sign_in();
    let mut anonymous = app.anonymous();
    anonymous.post("/api/v1/auth/password/forgot", &json!({ "email": "nobody@example.com" })).expect(202);
    anonymous.post("/api/v1/auth/password/forgot", &json!({ "email": address })).expect(202);
    let got = server.next();
    assert_eq!(got["recipients"], json!([address]), "and nothing goes to nobody");
    assert_eq!(owner.get("/api/v1/emails").expect(200)["data"].as_array().unwrap().len(), 2);
    wait_until("all three jobs are done, that for nobody too", PATIENCE, || {
        app.anonymous().get("/metrics").text().contains("novapulse_queue_jobs{queue=\"email\",state=\"completed\"} 3")
    });
    app.kill9();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_novapulse"));
    command.arg("check").arg("--data").arg(app.data()).env_clear().envs(SMALL);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn half_a_configuration_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_novapulse"));
    command.arg("serve").arg("--data").arg(directory.path()).env_clear();
    command.env("NOVAPULSE_MAIL_HOST", "mail.example").env("NOVAPULSE_MAIL_FROM", "no address");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("mail.from"), "{output:?}");
}
