//! Certificates by ACME, against an authority of the test that checks every step.

mod authority;

use std::{fs, os::unix::fs::PermissionsExt, sync::Arc, time::Duration};

use authority::AcmeServer;

use crate::support::{Authority, TestApp, wait_until};

const PATIENCE: Duration = Duration::from_mins(1);

fn start(server: &AcmeServer, domains: &str) -> TestApp {
    TestApp::start_with(&[
        ("NOVAPULSE_SERVER_ACME_DOMAINS", domains),
        ("NOVAPULSE_SERVER_ACME_CONTACT", "mailto:ops@np.test"),
        ("NOVAPULSE_SERVER_ACME_DIRECTORY", &server.directory()),
    ])
}

#[test]
fn a_certificate_is_ordered_served_kept_and_ordered_anew_for_other_names() {
    let authority = Arc::new(Authority::new());
    let server = AcmeServer::start(Arc::clone(&authority));
    let mut app = start(&server, "np.test, www.np.test");
    server.look_at(app.address());
    let issued = |app: &TestApp, name: &str| authority.client(app.address()).connect(name).is_ok();
    wait_until("the issued certificate is served", PATIENCE, || issued(&app, "np.test"));
    assert!(issued(&app, "www.np.test") && !issued(&app, "other.test"));
    assert_eq!(server.filled(), [["np.test", "www.np.test"]]);
    assert_eq!(server.complaints(), [""; 0]);

    let path = app.data().join("acme.json");
    wait_until("the certificate is kept", PATIENCE, || app.log().contains("was issued"));
    let kept = fs::read_to_string(&path).unwrap();
    assert!(kept.contains("sealed") && !kept.contains("PRIVATE KEY") && !kept.contains("np.test"), "{kept}");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!app.log().contains("PRIVATE KEY"));

    // It comes from the directory at the next start, and nobody is asked.
    server.look_away();
    app.restart();
    assert!(issued(&app, "np.test"));
    assert_eq!((server.filled().len(), server.accounts()), (1, 1));

    // Other names are another order of the same account; until it is filled the former certificate stays.
    app.set_option("NOVAPULSE_SERVER_ACME_DOMAINS", "new.np.test");
    app.restart();
    assert!(issued(&app, "np.test"));
    server.look_at(app.address());
    wait_until("the certificate for the new name is served", PATIENCE, || issued(&app, "new.np.test"));
    assert_eq!((server.filled().len(), server.accounts()), (2, 1));
    assert_eq!(server.complaints(), [""; 0]);
}

#[test]
fn a_certificate_that_is_due_is_renewed_and_the_authority_not_asked_in_a_loop() {
    let authority = Arc::new(Authority::new());
    let server = AcmeServer::start(Arc::clone(&authority));
    server.issue_late(true);
    let mut app = start(&server, "np.test");
    server.look_at(app.address());
    let client = |app: &TestApp| authority.client(app.address());
    wait_until("a certificate is served", PATIENCE, || client(&app).connect("np.test").is_ok());
    let late = client(&app).certificate("np.test");
    wait_until("it is kept", PATIENCE, || app.log().contains("was issued"));
    // Its successor would be as late, so nobody asks before half a day is over.
    assert_eq!(server.filled().len(), 1);

    server.issue_late(false);
    server.look_away();
    app.restart();
    server.look_at(app.address());
    wait_until("the renewed one is served", PATIENCE, || client(&app).certificate("np.test") != late);
    assert_eq!((server.filled().len(), server.accounts()), (2, 1));
    assert_eq!(server.complaints(), [""; 0]);
}

#[test]
fn an_authority_that_refuses_leaves_the_server_running_and_health_tells() {
    let authority = Arc::new(Authority::new());
    let server = AcmeServer::start(Arc::clone(&authority));
    server.refuse("rejectedIdentifier");
    let app = start(&server, "np.test");
    wait_until("the refusal is in the log", PATIENCE, || app.log().contains("rejectedIdentifier"));
    let port = app.address().port();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_novapulse"));
    let output = command.args(["healthcheck", "--url", &format!("https://127.0.0.1:{port}")]).output().unwrap();
    assert!(output.status.success(), "the stand-in lets this machine in");
    assert!(authority.client(app.address()).connect("np.test").is_err(), "and nobody else");
    assert!(app.log().contains("trying again later"), "{}", app.log());
    assert!(server.filled().is_empty());
}
