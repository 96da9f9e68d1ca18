//! The commands for people while the server runs: done by the server, at once and on the record.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::{
        fs::{FileTypeExt, PermissionsExt},
        net::UnixStream,
    },
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{Client, SMALL, TestApp, code_at};

const FIRST: &str = "lantern gravel tuba sleet";
const OWN: &str = "tram orbit velvet noon";
/// Half of what a caller may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(5);

/// `novapulse user …` over the app's directory, with a password on standard input.
fn user(app: &TestApp, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_novapulse"));
    command.arg("user").args(arguments).arg("--data").arg(app.data()).env_clear().envs(SMALL);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    // A command that needs none closes the pipe.
    drop(process.stdin.take().unwrap().write_all(format!("{FIRST}\n").as_bytes()));
    process.wait_with_output().unwrap()
}

fn done(app: &TestApp, arguments: &[&str], how: &str) -> String {
    let output = user(app, arguments);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{arguments:?}: {err}");
    assert_eq!(err, format!("data directory {}, {how}\n", app.data().display()));
    out
}

const RUNNING: &str = "by the server that runs";

fn log_in(app: &TestApp, password: &str) -> Value {
    let body = json!({ "email": "grace@example.com", "password": password });
    app.anonymous().post("/api/v1/auth/login", &body).expect(200)
}

fn session(app: &TestApp, tokens: &Value) -> Client {
    Client::with_key(app.address(), tokens["access_token"].as_str().unwrap())
}

/// Signs in with the first password and chooses another.
fn settle(app: &TestApp) -> Client {
    let tokens = log_in(app, FIRST);
    assert_eq!(tokens["password_change_required"], true, "whoever has the machine knows the password");
    let mut grace = session(app, &tokens);
    let change = json!({ "current_password": FIRST, "password": OWN });
    grace.post("/api/v1/auth/password", &change).expect(204);
    grace
}

#[test]
fn people_are_helped_back_in_while_the_server_runs() {
    let app = TestApp::start();
    let mode = fs::metadata(app.data().join("admin.sock")).unwrap();
    assert!(mode.file_type().is_socket());
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);

    let create = ["create", "--email", "grace@example.com", "--role", "manager", "--password-stdin"];
    assert!(done(&app, &create, RUNNING).contains("manager  grace@example.com"));
    assert_eq!(done(&app, &["list"], RUNNING).lines().count(), 2);
    let mut grace = settle(&app);
    let secret = grace.post_empty("/api/v1/mfa/setup").expect(200)["secret"].as_str().unwrap().to_owned();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    grace.post("/api/v1/mfa/verify", &json!({ "code": code_at(&secret, now) })).expect(200);

    // What a server knows of people and sessions in memory goes with the order.
    done(&app, &["disable-mfa", "grace@example.com"], RUNNING);
    assert_eq!(grace.get("/api/v1/auth/me").problem(401), "unauthorized");
    let mut grace = session(&app, &log_in(&app, OWN));
    assert!(done(&app, &["promote", "grace@example.com", "--owner"], RUNNING).contains("admin, owner"));
    assert_eq!(grace.get("/api/v1/auth/me").problem(401), "unauthorized");
    done(&app, &["reset-password", "grace@example.com", "--password-stdin"], RUNNING);
    let mut grace = settle(&app);
    assert_eq!(grace.get("/api/v1/auth/me").expect(200)["user"]["is_owner"], true);

    let log = app.client().get("/api/v1/audit?actor=machine&limit=50").expect(200);
    let actions: Vec<&str> = log["data"].as_array().unwrap().iter().map(|it| it["action"].as_str().unwrap()).collect();
    assert_eq!(actions[..4], ["password.reset", "user.update", "mfa.disable", "user.create"]);

    for (arguments, reason) in [
        (["reset-password", "nobody@example.com"], "no such user"),
        (["disable-mfa", "grace@example.com"], "no second factor"),
        (["promote", "no address"], "not valid"),
    ] {
        let output = user(&app, &arguments);
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && err.contains("refuses") && err.contains(reason), "{err}");
    }
}

#[test]
fn a_socket_of_a_dead_server_is_passed_over_and_replaced() {
    let mut app = TestApp::start();
    app.kill9();
    assert!(app.data().join("admin.sock").exists());
    let create = ["create", "--email", "grace@example.com", "--password-stdin"];
    assert!(done(&app, &create, "no server runs").contains("user  grace@example.com"));
    app.start_again();
    settle(&app);
    assert_eq!(done(&app, &["list"], RUNNING).lines().count(), 2);
    assert!(app.terminate().success());
    assert!(!app.data().join("admin.sock").exists(), "an orderly end leaves none");
}

#[test]
fn what_is_no_order_is_refused_and_the_next_one_carried_out() {
    let app = TestApp::start();
    for text in ["\n", "hello\n", "{\"order\":\"erase\"}\n", "{\"order\":\"list_people\",\"x\":1}\n"] {
        let mut stream = UnixStream::connect(app.data().join("admin.sock")).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        BufReader::new(&stream).read_line(&mut answer).unwrap();
        assert!(answer.starts_with("{\"refused\":\"this server does not know the order"), "{text}{answer}");
    }
    // One that says nothing and goes away.
    drop(UnixStream::connect(app.data().join("admin.sock")).unwrap());
    let mut endless = UnixStream::connect(app.data().join("admin.sock")).unwrap();
    let sent = (0..64).try_for_each(|_| endless.write_all(&[b'x'; 1_024]));
    drop((sent, endless));
    assert_eq!(done(&app, &["list"], RUNNING).lines().count(), 1);
}

#[test]
fn a_caller_that_says_nothing_does_not_hold_up_the_end() {
    let mut app = TestApp::start();
    let silent = UnixStream::connect(app.data().join("admin.sock")).unwrap();
    let mut half = UnixStream::connect(app.data().join("admin.sock")).unwrap();
    half.write_all(b"{\"order\":").unwrap();
    let begin = Instant::now();
    assert!(app.terminate().success());
    assert!(begin.elapsed() < PATIENCE, "the end took {:?}", begin.elapsed());
    drop((silent, half));
}
