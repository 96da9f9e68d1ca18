//! Refresh tokens under parallel use and kills: one successor each, whatever happens in between.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{Client, TestApp, signal, skipped};

/// Clients that refresh with the same token at once.
const CLIENTS: usize = 50;
/// Kills of the short form; `NOVAPULSE_REFRESH_KILLS` asks for another number.
const KILLS: usize = 5;
/// System calls between the request that exchanges a token and its answer: it is read, written, synced and answered.
const CALLS: [&str; 7] = ["recvfrom", "write", "writev", "pwrite64", "fdatasync", "fsync", "sendto"];
/// The most deaths at one of them; the exchange makes fewer, the rest of the server may make more.
const DEATHS_MAX: u32 = 6;
/// How long a token that was exchanged is answered with its successor.
const GRACE: Duration = Duration::from_secs(10);

fn refresh(client: &Client, token: &str) -> Option<Value> {
    let body = json!({ "refresh_token": token }).to_string();
    let answer = client.try_send("POST", "/api/v1/auth/refresh", body.as_bytes())?;
    assert!(matches!(answer.status, 200 | 401 | 503), "{}", answer.text());
    (answer.status == 200).then(|| answer.json())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn sign_in(app: &TestApp) -> Value {
    let (email, password) = app.demo_sign_in();
    app.anonymous().post("/api/v1/auth/login", &json!({ "email": email, "password": password })).expect(200)
}

#[test]
fn fifty_clients_with_one_token_get_one_successor() {
    let app = TestApp::start();
    let tokens = sign_in(&app);
    let first = text(&tokens["refresh_token"]);
    let successors: BTreeSet<String> = thread::scope(|scope| {
        let calls: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(|| refresh(&app.anonymous(), first))).collect();
        let answers = calls.into_iter().filter_map(|call| call.join().unwrap());
        answers.map(|it| text(&it["refresh_token"]).to_owned()).collect()
    });
    assert_eq!(successors.len(), 1, "{successors:?}");
    let next = refresh(&app.anonymous(), successors.first().unwrap()).unwrap();
    // The one before the last but one is nobody's any more: its use ends the session.
    assert!(refresh(&app.anonymous(), first).is_none());
    assert!(refresh(&app.anonymous(), text(&next["refresh_token"])).is_none());
}

/// Refreshes with one token at once and kills the server after so many answers; the successors that were acknowledged.
fn killed_storm(app: &mut TestApp, token: &str, answers: usize) -> BTreeSet<String> {
    let pid = app.pid();
    let successors = thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        let calls: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let (tell, app) = (tell.clone(), &*app);
                scope.spawn(move || {
                    let answer = refresh(&app.anonymous(), token);
                    tell.send(()).unwrap();
                    answer.map(|it| text(&it["refresh_token"]).to_owned())
                })
            })
            .collect();
        for _ in 0..answers {
            told.recv().unwrap();
        }
        signal(pid, "-KILL");
        calls.into_iter().filter_map(|call| call.join().unwrap()).collect()
    });
    app.kill9();
    app.start_again();
    successors
}

#[test]
fn a_kill_at_any_moment_leaves_one_successor() {
    let kills = std::env::var("NOVAPULSE_REFRESH_KILLS").ok().map_or(KILLS, |text| text.parse().unwrap());
    let mut app = TestApp::start();
    let first = text(&sign_in(&app)["refresh_token"]).to_owned();
    let (mut token, mut acknowledged) = (first.clone(), 0);
    for kill in 0..kills {
        let begun = Instant::now();
        let successors = killed_storm(&mut app, &token, kill * 3 % CLIENTS);
        assert!(successors.len() <= 1, "{successors:?}");
        acknowledged += successors.len();
        let current = successors.first().cloned().or_else(|| {
            // No answer came through, whether the exchange was stored or not: within the grace the old token finds out.
            refresh(&app.anonymous(), &token).map(|it| text(&it["refresh_token"]).to_owned())
        });
        let Some(current) = current else {
            assert!(begun.elapsed() > GRACE, "the token was lost with the kill");
            panic!("this machine took longer than the grace of a refresh token to start the server");
        };
        let next = refresh(&app.anonymous(), &current).expect("an acknowledged token is good after a kill");
        token = text(&next["refresh_token"]).to_owned();
    }
    assert!(acknowledged > 0, "no kill came late enough to let one answer through");
    assert!(refresh(&app.anonymous(), &first).is_none(), "the first token was spent long ago");
    assert!(refresh(&app.anonymous(), &token).is_none(), "and its second use ended the session");
}

/// Lets the running server die at the N-th call of this name that one of its threads makes from now on.
fn dies_at(pid: u32, call: &str, number: u32) -> Child {
    let (trace, inject) = (format!("trace={call}"), format!("inject={call}:signal=SIGKILL:when={number}"));
    let mut strace = Command::new("strace")
        .args(["-f", "-o", "/dev/null", "-e", &trace, "-e", &inject, "-p", &pid.to_string()])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut words = BufReader::new(strace.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("attached") {
        assert!(words.read_line(&mut said).unwrap() > 0, "strace cannot attach: {said}");
    }
    // What it says later goes nowhere, and must not make it wait.
    thread::spawn(move || words.lines().count());
    strace
}

/// What is true after a death: the token that counts, found with the one that was exchanged when no answer came.
fn after_death(app: &TestApp, token: &str, acknowledged: Option<String>, point: &str) -> String {
    let successor = |token: &str| refresh(&app.anonymous(), token).map(|it| text(&it["refresh_token"]).to_owned());
    let again = successor(token).unwrap_or_else(|| panic!("{point}: the token was lost"));
    assert!(acknowledged.is_none_or(|known| known == again), "{point}: a token was spent twice");
    assert_eq!(successor(token).as_ref(), Some(&again), "{point}: within the grace there is one successor");
    successor(&again).unwrap_or_else(|| panic!("{point}: the successor is not good"))
}

#[test]
fn a_death_at_each_system_call_of_an_exchange_leaves_one_successor() {
    if !Command::new("strace").arg("-V").output().is_ok_and(|output| output.status.success()) {
        skipped("a_death_at_each_system_call_of_an_exchange", "strace is not installed");
        return;
    }
    let mut app = TestApp::start();
    let first = text(&sign_in(&app)["refresh_token"]).to_owned();
    let (mut token, mut points) = (first.clone(), BTreeMap::new());
    for call in CALLS {
        for number in 1..=DEATHS_MAX {
            let mut strace = dies_at(app.pid(), call, number);
            let answer = refresh(&app.anonymous(), &token);
            // Whoever is traced lives on without strace, and is not gone before strace is.
            strace.kill().unwrap();
            strace.wait().unwrap();
            let lives = app.anonymous().try_send("GET", "/health/live", b"").is_some();
            if !lives {
                app.kill9();
                app.start_again();
                *points.entry(call).or_insert(0) += 1;
            }
            let acknowledged = answer.map(|it| text(&it["refresh_token"]).to_owned());
            token = after_death(&app, &token, acknowledged, &format!("{call} {number}"));
            if lives {
                // The exchange makes no more such calls.
                break;
            }
        }
    }
    println!("deaths by call: {points:?}");
    for call in ["write", "fdatasync"] {
        assert!(points.contains_key(call), "none at {call}: {points:?}");
    }
    assert!(refresh(&app.anonymous(), &first).is_none(), "the first token was spent long ago");
    assert!(refresh(&app.anonymous(), &token).is_none(), "and its second use ended the session");
}
