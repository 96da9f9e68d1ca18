//! Input that was made to get in, or to get others out: each has a problem of its own, and nothing is half done.

use std::thread;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::access::{PASSWORD, bearer, join, log_in};
use crate::support::{Answer, Client, TestApp};

const OPEN: [(&str, &str); 1] = [("NOVAPULSE_AUTH_REGISTRATION", "open")];

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// What a part of a token says.
fn read(token: &str, index: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap()).unwrap()
}

/// The claims with one of them another.
fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value;
    claims
}

#[test]
fn tampered_and_expired_tokens_are_refused_alike() {
    const SECRET: &str = "a secret of the configuration, long enough";
    let app = TestApp::start_with(&[("JWT_SECRET", SECRET)]);
    let (email, password) = app.demo_sign_in();
    let tokens = log_in(&app, &email, &password);
    let real = tokens["access_token"].as_str().unwrap();
    let (head, claims) = (read(real, 0), read(real, 1));
    let mut header = Header::new(Algorithm::HS256);
    header.typ = head["typ"].as_str().map(str::to_owned);
    header.kid = head["kid"].as_str().map(str::to_owned);
    let sign = |header: &Header, claims: &Value, secret: &str| {
        encode(header, claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
    };
    let with_header = |change: &dyn Fn(&mut Header)| {
        let mut other = header.clone();
        change(&mut other);
        sign(&other, &claims, SECRET)
    };
    let saying = |name: &str, value: Value| sign(&header, &with(&claims, name, value), SECRET);
    let who = |token: &str| Client::with_key(app.address(), token).get("/api/v1/auth/me");
    who(&sign(&header, &claims, SECRET)).expect(200);

    let mut parts: Vec<&str> = real.split('.').collect();
    let (body, signature) = (parts[1].to_owned(), parts[2].to_owned());
    parts[2] = "";
    let head_with = |name: &str, value: Value| format!("{}.{body}.{signature}", part(&with(&head, name, value)));
    let now = claims["iat"].as_u64().unwrap();
    let forged = [
        ("no algorithm", format!("{}.{body}.", part(&with(&head, "alg", json!("none"))))),
        ("no algorithm and a signature", head_with("alg", json!("none"))),
        ("no signature", parts.join(".")),
        ("another algorithm", with_header(&|header| header.alg = Algorithm::HS512)),
        ("another key", sign(&header, &claims, "some other secret of the same length as it")),
        ("an unknown key", with_header(&|header| header.kid = Some("../../dev/null".to_owned()))),
        ("no key named", with_header(&|header| header.kid = None)),
        ("a key of its own", head_with("jwk", json!({ "kty": "oct", "k": "AAAA" }))),
        ("a key elsewhere", head_with("jku", json!("https://evil.example/keys"))),
        ("another kind", with_header(&|header| header.typ = Some("JWT".to_owned()))),
        ("another audience", saying("aud", json!("another"))),
        ("another issuer", saying("iss", json!("another"))),
        ("over", saying("exp", json!(now - 1))),
        ("not yet", saying("nbf", json!(now + 3_600))),
        ("another person", saying("sub", json!("usr_00000000000000000000000001"))),
        ("another session", saying("sid", json!("ses_00000000000000000000000001"))),
        (
            "a changed body",
            format!("{}.{}.{signature}", part(&head), part(&with(&claims, "exp", json!(now + 9_999_999)))),
        ),
        ("a refresh token", tokens["refresh_token"].as_str().unwrap().to_owned()),
        ("something behind it", format!("{real}.x")),
        ("nothing of a token", "x".to_owned()),
    ];
    let refusal = |answer: &Answer| (answer.problem(401), answer.json()["detail"].clone());
    let expected = refusal(&who("np_live_x"));
    assert_eq!(expected.0, "unauthorized");
    for (what, token) in &forged {
        assert_eq!(refusal(&who(token)), expected, "{what}: {token}");
    }
    who(real).expect(200);
}

/// Every place that takes the address of somebody, with a look-alike in it: its letters are not those they seem to be.
#[test]
fn addresses_with_letters_that_look_like_others_are_refused() {
    let app = TestApp::start_with(&OPEN);
    let mut owner = app.owner();
    let (email, _) = app.demo_sign_in();
    for like in [email.replace('e', "е"), email.replace('o', "ο"), email.replace('m', "ｍ"), format!("{email}\u{200b}")]
    {
        let refused = |answer: Answer| {
            assert_eq!(answer.problem(422), "validation_failed", "{like}");
            assert_eq!(answer.json()["errors"][0]["pointer"], "/email", "{}", answer.text());
        };
        let user = json!({ "name": "Ada", "email": like, "role": "user", "password": PASSWORD });
        refused(owner.post("/api/v1/users", &user));
        refused(owner.post("/api/v1/auth/invites", &json!({ "email": like, "role": "user" })));
        refused(app.anonymous().post("/api/v1/auth/password/forgot", &json!({ "email": like })));
        let login = json!({ "email": like, "password": PASSWORD });
        assert_eq!(app.anonymous().post("/api/v1/auth/login", &login).problem(401), "invalid_credentials", "{like}");
    }
    let order = json!({ "company_name": "A", "name": "B", "email": email.replace('e', "е"), "password": PASSWORD });
    let answer = app.anonymous().post("/api/v1/auth/register", &order);
    assert_eq!(
        (answer.problem(422), &answer.json()["errors"][0]["pointer"]),
        ("validation_failed".into(), &json!("/email"))
    );
    assert_eq!(owner.get("/api/v1/users").expect(200)["data"].as_array().unwrap().len(), 1);
}

#[test]
fn names_cannot_carry_lines_into_headers_of_messages() {
    let app = TestApp::start_with(&OPEN);
    let mut owner = app.owner();
    let me = owner.get("/api/v1/auth/me").expect(200);
    let own = format!("/api/v1/users/{}", me["user"]["id"].as_str().unwrap());
    let invite = owner.post("/api/v1/auth/invites", &json!({ "email": "g@example.com", "role": "user" })).expect(201);
    let bad = "Ada\r\nBcc: all@example.com";
    let refused = |answer: Answer, pointer: &str| {
        assert_eq!(answer.problem(422), "validation_failed");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{}", answer.text());
    };
    refused(owner.patch(&own, &json!({ "name": bad })), "/name");
    refused(owner.patch("/api/v1/company", &json!({ "name": bad })), "/name");
    refused(owner.post("/api/v1/departments", &json!({ "name": bad })), "/name");
    refused(owner.post("/api/v1/api-keys", &json!({ "name": bad, "scopes": ["jobs:read"] })), "/name");
    let accept = json!({ "token": invite["token"], "name": bad, "password": PASSWORD });
    refused(app.anonymous().post("/api/v1/auth/invites/accept", &accept), "/name");
    for (company, name, pointer) in [(bad, "Ada", "/company_name"), ("Example", bad, "/name")] {
        let order = json!({ "company_name": company, "name": name, "email": "ada@example.com", "password": PASSWORD });
        refused(app.anonymous().post("/api/v1/auth/register", &order), pointer);
    }
    refused(
        owner.post("/api/v1/auth/invites", &json!({ "email": format!("x@example.com\r\nBcc: {bad}"), "role": "user" })),
        "/email",
    );
    let mailbox = owner.get("/api/v1/mailbox").expect(200);
    assert_eq!(mailbox["data"].as_array().unwrap().len(), 1, "the invitation and nothing else: {mailbox}");
}

#[test]
fn passwords_that_are_too_long_are_refused_wherever_one_is_given() {
    let app = TestApp::start_with(&OPEN);
    let mut owner = app.owner();
    let (email, password) = app.demo_sign_in();
    let invite = owner.post("/api/v1/auth/invites", &json!({ "email": "g@example.com", "role": "user" })).expect(201);
    for long in ["tram orbit velvet noon ".repeat(6), "ü".repeat(10_000), "x".repeat(1 << 20)] {
        let refused = |answer: Answer| {
            assert_eq!(answer.problem(422), "validation_failed");
            assert_eq!(answer.json()["errors"][0]["pointer"], "/password");
            assert!(!answer.text().contains(&long[..40]));
        };
        let user = json!({ "name": "Ada", "email": "a@example.com", "role": "user", "password": long });
        refused(owner.post("/api/v1/users", &user));
        refused(owner.post("/api/v1/auth/password", &json!({ "current_password": password, "password": long })));
        let accept = json!({ "token": invite["token"], "name": "Grace", "password": long });
        refused(app.anonymous().post("/api/v1/auth/invites/accept", &accept));
        let login = json!({ "email": email, "password": long });
        assert_eq!(app.anonymous().post("/api/v1/auth/login", &login).problem(401), "invalid_credentials");
    }
    let order = json!({ "company_name": "A", "name": "B", "email": "b@example.com", "password": "x".repeat(129) });
    let answer = app.anonymous().post("/api/v1/auth/register", &order);
    assert_eq!(
        (answer.problem(422), &answer.json()["errors"][0]["pointer"]),
        ("validation_failed".into(), &json!("/password"))
    );
    let wrong = owner.post("/api/v1/auth/reauthenticate", &json!({ "password": "x".repeat(1 << 20) }));
    assert_eq!(wrong.problem(422), "current_password_wrong");
}

#[test]
fn somebody_who_has_an_account_is_not_invited_and_the_last_admin_does_not_go() {
    let app = TestApp::start_with(&OPEN);
    let mut owner = app.owner();
    let (email, _) = app.demo_sign_in();
    let order = json!({ "company_name": "Other", "name": "Eve", "email": "eve@example.com", "password": PASSWORD });
    let registered = app.anonymous().post("/api/v1/auth/register", &order).expect(201);
    // Of this company and of another, in whatever letters.
    for taken in [email.as_str(), "EVE@example.com"] {
        let invite = json!({ "email": taken, "role": "user" });
        assert_eq!(owner.post("/api/v1/auth/invites", &invite).problem(409), "email_taken", "{taken}");
    }
    // One who gets an account after the invitation cannot accept it.
    let invite = owner.post("/api/v1/auth/invites", &json!({ "email": "g@example.com", "role": "user" })).expect(201);
    let user = json!({ "name": "Grace", "email": "g@example.com", "role": "user", "password": PASSWORD });
    owner.post("/api/v1/users", &user).expect(201);
    let accept = json!({ "token": invite["token"], "name": "Grace", "password": PASSWORD });
    assert_eq!(app.anonymous().post("/api/v1/auth/invites/accept", &accept).problem(409), "email_taken");

    let mut eve = bearer(&app, &registered);
    let own = format!("/api/v1/users/{}", registered["user"]["id"].as_str().unwrap());
    let alone = |answer: Answer| {
        assert_eq!(answer.problem(409), "last_admin");
        assert!(answer.text().contains("the last admin of the company"), "{}", answer.text());
    };
    alone(eve.delete(&own));
    alone(eve.patch(&own, &json!({ "role": "user" })));
    alone(eve.patch(&own, &json!({ "disabled": true })));
    // Two who go at the same moment: one of them stays.
    let mallory = join(&app, &mut eve, "mallory@example.com", "admin");
    let pairs =
        [(&registered, own.clone()), (&mallory, format!("/api/v1/users/{}", mallory["user"]["id"].as_str().unwrap()))];
    let mut statuses: Vec<u16> = thread::scope(|scope| {
        let calls: Vec<_> =
            pairs.iter().map(|(tokens, own)| scope.spawn(|| bearer(&app, tokens).delete(own).status)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
}
