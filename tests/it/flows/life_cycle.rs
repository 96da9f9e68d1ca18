//! Start and end of the server: readiness, signals, one process per directory, busy addresses.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Command, ExitStatus, Stdio},
    time::Duration,
};

use serde_json::Value;

use crate::support::{Client, Killed, signal, wait_until};

const PATIENCE: Duration = Duration::from_mins(1);

/// A server without dev mode; killed when dropped.
struct Plain {
    process: Killed,
    url: String,
}

impl Plain {
    fn start(data: &Path) -> Self {
        let ready = data.with_extension("ready");
        drop(fs::remove_file(&ready));
        let mut command = Command::new(env!("CARGO_BIN_EXE_novapulse"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).arg("--ready-file").arg(&ready);
        let file = |extension| fs::File::create(data.with_extension(extension)).unwrap();
        command.stdout(file("out")).stderr(file("log"));
        let process = Killed(command.env_clear().stdin(Stdio::null()).spawn().unwrap());
        let mut url = String::new();
        wait_until("the server is ready", PATIENCE, || {
            let document = fs::read(&ready).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
            url = document.and_then(|document| Some(document["url"].as_str()?.to_owned())).unwrap_or_default();
            !url.is_empty()
        });
        Self { process, url }
    }

    fn address(&self) -> SocketAddr {
        self.url.trim_start_matches("http://").parse().unwrap()
    }

    fn client(&self) -> Client {
        Client::anonymous(self.address())
    }

    fn wait(&mut self) -> ExitStatus {
        let mut exit = None;
        wait_until("the server has ended", PATIENCE, || {
            exit = self.process.0.try_wait().unwrap();
            exit.is_some()
        });
        exit.unwrap()
    }
}

#[test]
fn a_fresh_server_is_live_ready_and_healthy() {
    let directory = tempfile::tempdir().unwrap();
    let server = Plain::start(&directory.path().join("data"));
    let mut client = server.client();
    for path in ["/health/live", "/health/ready", "/api/v1/health/live", "/api/v1/health/ready"] {
        assert_eq!(client.get(path).expect(200)["status"], "ok", "{path}");
    }
    let health = client.get("/health").expect(200);
    assert_eq!(health["phase"], "ready");
    assert_eq!(health["checks"]["storage"]["status"], "ok");
    assert!(health["checks"]["disk"]["free_bytes"].as_u64().unwrap() > 0, "{health}");
    let metrics = client.get("/metrics").text();
    assert!(metrics.contains("novapulse_http_requests_total{status=\"2xx\"}"), "{metrics}");
}

#[test]
fn both_signals_end_it_in_order_and_the_directory_opens_again() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    for name in ["-TERM", "-INT"] {
        let mut server = Plain::start(&data);
        signal(server.process.0.id(), name);
        let status = server.wait();
        assert!(status.success(), "{name}: {status}");
    }
}

#[test]
fn one_process_per_directory() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let server = Plain::start(&data);
    let mut second = Command::new(env!("CARGO_BIN_EXE_novapulse"));
    let second = second.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data).env_clear().output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(20), "{said}");
    assert!(said.contains(&format!("process {}", server.process.0.id())), "{said}");
    assert_eq!(server.client().get("/health/ready").status, 200);
}

#[test]
fn a_file_in_the_place_of_the_directory_is_foreign() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("thesis.txt");
    fs::write(&file, "not a store").unwrap();
    for command in [&["serve", "--listen", "127.0.0.1:0", "--data"][..], &["check", "--data"]] {
        let refused =
            Command::new(env!("CARGO_BIN_EXE_novapulse")).args(command).arg(&file).env_clear().output().unwrap();
        let said = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(21), "{said}");
        assert!(said.contains("it is a file"), "{said}");
    }
    assert_eq!(fs::read(&file).unwrap(), b"not a store");
}

#[test]
fn a_busy_address_has_its_own_exit_code() {
    let directory = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut server = Command::new(env!("CARGO_BIN_EXE_novapulse"));
    server.args(["serve", "--listen", &address, "--data"]).arg(directory.path().join("data")).env_clear();
    let output = server.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains(&format!("cannot listen on {address}")), "{said}");
}

#[test]
fn browsers_get_the_page_and_machines_get_problems() {
    let directory = tempfile::tempdir().unwrap();
    let server = Plain::start(&directory.path().join("data"));
    let mut client = server.client();
    let page = client.send("GET", "/", &[("accept", "text/html")], None);
    assert_eq!(page.status, 200);
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    assert!(page.header("content-security-policy").unwrap().contains("script-src 'self'"));
    let text = page.text();
    assert!(
        text.contains("<title>NovaPulse</title>") && !text.contains("<script>") && !text.contains("style="),
        "{text}"
    );
    let again = client.send("GET", "/", &[("if-none-match", page.header("etag").unwrap())], None);
    assert_eq!(again.status, 304);

    let deep = client.send("GET", "/webhooks/wh_1", &[("accept", "text/html")], None);
    assert_eq!(deep.status, 200);
    assert_eq!(client.get("/webhooks/wh_1").problem(404), "not_found");
    let below_api = client.send("GET", "/api/v1/nothing", &[("accept", "text/html")], None);
    assert_eq!(below_api.problem(404), "not_found");
    assert_eq!(client.send("POST", "/", &[("accept", "text/html")], None).problem(404), "not_found");
}

#[test]
fn the_reference_and_the_problem_pages_need_no_network() {
    let directory = tempfile::tempdir().unwrap();
    let server = Plain::start(&directory.path().join("data"));
    let mut client = server.client();
    let page = client.get("/docs").text();
    assert!(page.contains("get_health") && !page.contains("<script"), "{page}");
    assert!(!page.contains("src=\"http") && !page.contains("href=\"http"), "{page}");
    assert_eq!(client.get("/problems/not_found").status, 200);
    assert_eq!(client.get("/problems/no_such_code").problem(404), "not_found");
    assert!(client.get("/api/v1/openapi.json").expect(200)["paths"].is_object());
    assert!(client.get("/robots.txt").text().contains("Disallow: /"));
}

#[test]
fn the_first_company_is_made_once_with_the_token_of_the_first_start() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let server = Plain::start(&data);
    let print = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_novapulse"));
        command.args(["setup-url", "--data"]).arg(&data).env_clear().output().unwrap()
    };
    let printed = String::from_utf8(print().stdout).unwrap();
    let token = printed.trim().split_once('#').unwrap().1.to_owned();
    let shown = fs::read_to_string(data.with_extension("out")).unwrap();
    assert_eq!(shown, format!("set up at {}/setup#{token}\n", server.url));
    let log = fs::read_to_string(data.with_extension("log")).unwrap();
    assert!(log.contains("novapulse setup-url") && !log.contains(&token), "{log}");
    let order = |token: &str| {
        serde_json::json!({ "token": token, "company_name": "Example", "name": "Ada", "email": "ada@example.com",
            "password": "tram orbit velvet noon" })
    };
    let mut client = server.client();
    assert_eq!(client.post("/api/v1/auth/setup", &order("np_setup_00")).problem(403), "setup_token_invalid");
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let calls: Vec<_> =
            (0..4).map(|_| scope.spawn(|| server.client().post("/api/v1/auth/setup", &order(&token)).status)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|status| **status == 201).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 409).count(), 3, "{answers:?}");
    let body = serde_json::json!({ "email": "ada@example.com", "password": "tram orbit velvet noon" });
    let signed_in = client.post("/api/v1/auth/login", &body).expect(200);
    assert_eq!((&signed_in["user"]["is_owner"], &signed_in["user"]["role"]), (&true.into(), &"admin".into()));
    let mut ada = Client::with_key(server.address(), signed_in["access_token"].as_str().unwrap());
    let log = ada.get("/api/v1/audit").expect(200);
    let actions: Vec<&str> = log["data"].as_array().unwrap().iter().map(|it| it["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        ["session.create", "session.create", "user.create", "company.create"],
        "refused calls leave none"
    );
    let actor = serde_json::json!({ "kind": "user", "id": signed_in["user"]["id"] });
    assert!(log["data"].as_array().unwrap().iter().all(|entry| entry["actor"] == actor), "{log}");
    wait_until("the token is removed", PATIENCE, || !data.join("setup-token").exists());
    let output = print();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("set up already"));
}
