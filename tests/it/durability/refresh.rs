//! Refresh tokens under parallel use and kills: one successor each, whatever happens in between.

use std::{
    collections::BTreeSet,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{Client, TestApp, signal};

/// Clients that refresh with the same token at once.
const CLIENTS: usize = 50;
/// Kills of the short form; `NOVAPULSE_REFRESH_KILLS` asks for another number.
const KILLS: usize = 5;
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
