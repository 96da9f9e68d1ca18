//! What a newcomer gets: a demo company, its credentials, and a first delivery that arrived.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{Client, Killed, SMALL, TestApp, wait_for};

fn credentials(app: &TestApp) -> Value {
    serde_json::from_slice(&fs::read(app.data().join("dev-credentials.json")).unwrap()).unwrap()
}

#[test]
fn an_empty_directory_gets_a_demo_with_a_delivered_event() {
    let app = TestApp::start();
    let path = app.data().join("dev-credentials.json");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let credentials = credentials(&app);
    assert_eq!(credentials["url"], app.url());
    assert_eq!(credentials["company_id"], app.company());
    assert!(app.company().starts_with("cmp_"));
    assert!(credentials["email"].as_str().unwrap().contains('@'));
    assert!(credentials["password"].as_str().unwrap().len() >= 12);

    let mut client = Client::with_key(app.address(), credentials["api_key"].as_str().unwrap());
    let events = client.get("/api/v1/events").expect(200);
    let event = client.get(&format!("/api/v1/events/{}", events["data"][0]["id"].as_str().unwrap())).expect(200);
    assert_eq!(event["deliveries"][0]["state"], "succeeded", "{event}");
    let webhooks = client.get("/api/v1/webhooks").expect(200);
    let url = webhooks["data"][0]["url"].as_str().unwrap();
    let page = client.get(url.strip_prefix(&app.url()).unwrap());
    assert!(page.status == 200 && page.text().contains("<html"), "{}", page.text());
    assert!(app.output().contains("curl -X POST"), "{}", app.output());
    assert!(app.output().contains("Dev mode lets webhooks call this machine"), "{}", app.output());
    assert!(!app.log().contains(app.api_key()), "the log holds a credential: {}", app.log());
}

#[test]
fn a_second_start_reuses_the_credentials_and_adds_nothing() {
    let mut app = TestApp::start();
    let before = credentials(&app);
    app.restart();
    let after = credentials(&app);
    for field in ["email", "password", "api_key", "company_id"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    assert_eq!(after["url"], app.url());
    let mut client = app.client();
    assert_eq!(client.get("/api/v1/events").expect(200)["data"].as_array().unwrap().len(), 1);
    assert_eq!(client.get("/api/v1/webhooks").expect(200)["data"].as_array().unwrap().len(), 1);
}

#[test]
fn lost_credentials_are_replaced_by_a_new_key_of_the_same_company() {
    let mut app = TestApp::start();
    let company = app.company().to_owned();
    let key = app.api_key().to_owned();
    fs::remove_file(app.data().join("dev-credentials.json")).unwrap();
    app.restart();
    assert_eq!(app.company(), company);
    assert_ne!(app.api_key(), key);
    app.client().get("/api/v1/events").expect(200);
    Client::with_key(app.address(), &key).get("/api/v1/events").expect(200);
}

/// Where a process listens: known before it has told anybody.
fn listens_at(process: u32) -> Option<SocketAddr> {
    let links = fs::read_dir(format!("/proc/{process}/fd")).ok()?;
    let links: Vec<_> = links.filter_map(|link| fs::read_link(link.ok()?.path()).ok()).collect();
    fs::read_to_string(format!("/proc/{process}/net/tcp")).ok()?.lines().find_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        // 0A is a socket that listens.
        let (address, "0A", inode) = (fields.get(1)?, *fields.get(3)?, fields.get(9)?) else { return None };
        let port = u16::from_str_radix(address.split_once(':')?.1, 16).ok()?;
        let is_its_own = links.contains(&PathBuf::from(format!("socket:[{inode}]")));
        is_its_own.then(|| SocketAddr::from(([127, 0, 0, 1], port)))
    })
}

#[test]
fn who_calls_as_soon_as_somebody_answers_finds_the_instance_set_up() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_novapulse"));
    command.args(["serve", "--dev", "--listen", "127.0.0.1:0", "--data"]).arg(directory.path().join("data"));
    command.env_clear().envs(SMALL).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let server = Killed(command.spawn().unwrap());
    // Not by the ready file, which comes when all is done.
    let address = wait_for(Duration::from_mins(1), || listens_at(server.0.id())).expect("somebody listens");
    let order = json!({
        "company_name": "Other", "name": "Eve", "email": "eve@example.com", "password": "correct horse battery staple",
    });
    Client::anonymous(address).post("/api/v1/auth/register", &order).expect(201);
    assert_eq!(Client::anonymous(address).get("/health/ready").expect(200)["status"], "ok");
}
