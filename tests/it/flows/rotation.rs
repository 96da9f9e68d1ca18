//! Replacing the keys behind what is sealed, with real rows and the real commands.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::{Command, Output, Stdio},
    time::Duration,
};

use serde_json::json;

use crate::support::{Client, Receiver, TestApp, wait_until};

const OLD: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const NEW: &str = "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn run(app: &TestApp, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_novapulse"));
    command.args(arguments).arg("--data").arg(app.data()).env_clear().envs(environment.iter().copied());
    command.output().unwrap()
}

fn out(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn everything_sealed_survives_new_keys() {
    let mut app = TestApp::start();
    let receiver = Receiver::start();
    let (email, password) = app.demo_sign_in();
    let mut owner = app.owner();
    let order = json!({ "url": receiver.url("/hook"), "events": ["order.*"], "headers": { "x-token": "hunter2" } });
    let create = |client: &mut Client| {
        client.send("POST", "/api/v1/webhooks", &[("idempotency-key", "a")], Some(order.to_string().as_bytes()))
    };
    let made = create(&mut app.client()).expect(201);
    let path = format!("/api/v1/webhooks/{}/secret", made["id"].as_str().unwrap());
    let secret = owner.get(&path).expect(200);
    let factor = owner.send("POST", "/api/v1/mfa/setup", &[], None).expect(200);
    let totp = totp_rs::Secret::try_from_base32(factor["secret"].as_str().unwrap()).unwrap();
    let totp = totp_rs::Builder::new().with_secret(totp).build().unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let enabled = owner.post("/api/v1/mfa/verify", &json!({ "code": totp.generate(now).to_string() })).expect(200);
    let file = app.data().join("master.key");
    let old = fs::read_to_string(&file).unwrap();
    let in_use = run(&app, &["secrets", "rotate"], &[]);
    assert_eq!(in_use.status.code(), Some(20), "{}", out(&in_use));
    assert!(app.terminate().success());

    let check = run(&app, &["check"], &[]);
    assert!(check.status.success() && out(&check).contains("ok       every sealed value opens"), "{}", out(&check));
    let rotated = run(&app, &["secrets", "rotate", "--data-key"], &[]);
    assert!(rotated.status.success(), "{}", out(&rotated));
    // Two webhooks, one of them the demo's, one second factor, the message about it, one answer.
    assert!(
        out(&rotated).starts_with("sealed anew with a fresh key: 5 values\nthe new master key alone"),
        "{}",
        out(&rotated)
    );
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let check = run(&app, &["check"], &[]);
    assert!(check.status.success() && out(&check).contains("ok       every sealed value opens"), "{}", out(&check));
    let check = run(&app, &["check"], &[("NOVAPULSE_SECRETS_MASTER_KEY", old.trim())]);
    assert_eq!(check.status.code(), Some(23), "{}", out(&check));
    assert!(out(&check).contains("sealed with another master key"), "{}", out(&check));

    app.start_again();
    assert_eq!(app.client().get(&path).status, 200);
    let mut owner_again = {
        let asked = app.anonymous().post("/api/v1/auth/login", &json!({ "email": email, "password": password }));
        let asked = asked.expect(200);
        let body = json!({ "mfa_token": asked["mfa_token"], "recovery_code": enabled["recovery_codes"][0] });
        let tokens = app.anonymous().post("/api/v1/auth/login/mfa", &body).expect(200);
        Client::with_key(app.address(), tokens["access_token"].as_str().unwrap())
    };
    assert_eq!(owner_again.get(&path).expect(200), secret);
    assert_eq!(create(&mut app.client()).expect(201), made, "the kept answer opens");
    app.client().post("/api/v1/events", &json!({ "type": "order.made", "data": {} })).expect(202);
    let got = receiver.wait_for(1).remove(0);
    assert_eq!(got.header("x-token"), Some("hunter2"));
}

#[test]
fn a_configured_key_is_replaced_with_the_server_startable_in_between() {
    let mut app = TestApp::start_with(&[("NOVAPULSE_SECRETS_MASTER_KEY", OLD)]);
    let order = json!({ "url": "http://127.0.0.1:9/", "events": ["order.*"] });
    app.client().post("/api/v1/webhooks", &order).expect(201);
    assert!(app.terminate().success());
    let (old, new) = ([("NOVAPULSE_SECRETS_MASTER_KEY", OLD)], [("NOVAPULSE_SECRETS_MASTER_KEY", NEW)]);

    let wrong = run(&app, &["serve", "--listen", "127.0.0.1:0"], &new);
    assert_eq!(wrong.status.code(), Some(5), "{}", out(&wrong));
    assert!(out(&wrong).contains("another master key"), "{}", out(&wrong));
    let refused = run(&app, &["secrets", "rotate"], &old);
    assert!(out(&refused).contains("--new-key-file"), "{}", out(&refused));
    let file = app.data().with_extension("new-key");
    fs::write(&file, NEW).unwrap();
    let rotate = ["secrets", "rotate", "--new-key-file", file.to_str().unwrap()];
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(run(&app, &rotate, &old).status.code(), Some(5));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let rotated = run(&app, &rotate, &old);
    assert!(rotated.status.success() && out(&rotated).contains("and so does the one before"), "{}", out(&rotated));
    app.start_again();
    app.client().get("/api/v1/webhooks").expect(200);
    assert!(app.terminate().success());
    let ended = run(&app, &["secrets", "rotate", "--finish"], &new);
    assert!(ended.status.success() && out(&ended).contains("the new master key alone"), "{}", out(&ended));
    assert!(run(&app, &["check"], &new).status.success());
    let late = run(&app, &["serve", "--listen", "127.0.0.1:0"], &old);
    assert_eq!(late.status.code(), Some(5), "{}", out(&late));
}

#[test]
fn a_killed_rotation_is_run_again_and_the_server_starts_in_between() {
    let mut app = TestApp::start();
    let order = json!({ "url": "http://127.0.0.1:9000/", "events": ["order.*"] });
    app.client().post("/api/v1/webhooks", &order).expect(201);
    assert!(app.terminate().success());
    let file = app.data().join("master.key");
    for _ in 0..3 {
        let before = fs::read(&file).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_novapulse"));
        command.args(["secrets", "rotate", "--data-key", "--data"]).arg(app.data()).env_clear();
        let mut process = command.stdout(Stdio::null()).spawn().unwrap();
        // The file holds both keys from the second step on; what is left then is most of the work.
        wait_until("the rotation has begun", Duration::from_secs(30), || {
            fs::read(&file).unwrap() != before || process.try_wait().unwrap().is_some()
        });
        drop(process.kill());
        process.wait().unwrap();
        let check = run(&app, &["check"], &[]);
        assert!(check.status.success() && out(&check).contains("every sealed value opens"), "{}", out(&check));
    }
    app.start_again();
    app.client().get("/api/v1/webhooks").expect(200);
    assert!(app.terminate().success());
    let rotated = run(&app, &["secrets", "rotate", "--data-key"], &[]);
    assert!(out(&rotated).contains("the new master key alone"), "{}", out(&rotated));
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 1);
    app.start_again();
}

#[test]
fn the_same_directory_opens_with_the_key_from_every_place() {
    let mut app = TestApp::start_with(&[("NOVAPULSE_SECRETS_MASTER_KEY", OLD)]);
    assert!(app.terminate().success());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("novapulse.secrets.master_key");
    fs::write(&file, OLD).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let (folder, path) = (folder.path().to_str().unwrap(), file.to_str().unwrap());
    for place in [
        ("NOVAPULSE_SECRETS_MASTER_KEY", OLD),
        ("NOVAPULSE_SECRETS_MASTER_KEY_FILE", path),
        ("CREDENTIALS_DIRECTORY", folder),
    ] {
        let list = run(&app, &["user", "list"], &[place]);
        assert!(list.status.success() && out(&list).contains("demo@novapulse.example"), "{place:?}: {}", out(&list));
    }
    for place in [("NOVAPULSE_SECRETS_MASTER_KEY", NEW), ("RUST_LOG", "info")] {
        assert_eq!(run(&app, &["user", "list"], &[place]).status.code(), Some(5), "{place:?}");
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let open = run(&app, &["user", "list"], &[("NOVAPULSE_SECRETS_MASTER_KEY_FILE", path)]);
    assert_eq!(open.status.code(), Some(3), "{}", out(&open));
    assert!(out(&open).contains("can be read by others"), "{}", out(&open));
}

#[test]
fn a_check_without_the_key_says_what_it_left_out() {
    let mut app = TestApp::start();
    assert!(app.terminate().success());
    fs::remove_file(app.data().join("master.key")).unwrap();
    let check = run(&app, &["check"], &[]);
    assert!(check.status.success() && out(&check).contains("note     there is no master key"), "{}", out(&check));
    let serve = run(&app, &["serve", "--listen", "127.0.0.1:0"], &[]);
    assert_eq!(serve.status.code(), Some(5), "{}", out(&serve));
    assert!(out(&serve).contains("master.key is missing"), "{}", out(&serve));
}

#[test]
fn without_a_key_nothing_is_replaced_and_no_directory_made() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    for more in [&[][..], &["--data-key"], &["--finish"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_novapulse"));
        let output =
            command.args(["secrets", "rotate"]).args(more).arg("--data").arg(&data).env_clear().output().unwrap();
        assert_eq!(output.status.code(), Some(5), "{}", out(&output));
        assert!(out(&output).contains("there is no master key yet"), "{}", out(&output));
        assert!(!data.exists());
    }
}
