//! TLS at the listener: what is spoken, how certificates are exchanged, what the plain port beside it does.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
    time::Duration,
};

use rustls::version::{TLS12, TLS13};
use serde_json::json;

use crate::support::{Authority, TestApp, exchange, signal, wait_until};

const PATIENCE: Duration = Duration::from_secs(30);

fn start(authority: &Authority, more: &[(&str, &str)]) -> TestApp {
    let settings = authority.settings();
    let settings = settings.iter().map(|(name, value)| (*name, value.as_str()));
    TestApp::start_with(&settings.chain(more.iter().copied()).collect::<Vec<_>>())
}

#[test]
fn tls_1_2_and_1_3_are_spoken_and_nothing_else() {
    let authority = Authority::new();
    let certificate = authority.issue("np.test");
    let app = start(&authority, &[]);
    assert_eq!(app.ready()["url"], format!("https://{}", app.address()));
    let mut client = authority.client(app.address());
    for version in [&TLS12, &TLS13] {
        client.versions = vec![version];
        let mut connection = client.connect("np.test").unwrap();
        assert_eq!(connection.get_ref().conn.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert_eq!(connection.get_ref().conn.peer_certificates().unwrap()[0], certificate);
        let answer = exchange(&mut connection, "GET /health/live HTTP/1.1\r\nhost: np.test\r\n\r\n");
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000; includeSubDomains"));
    }
    client.protocols = vec![b"h2".to_vec()];
    let refused = client.connect("np.test").unwrap_err().to_string();
    assert!(refused.contains("NoApplicationProtocol"), "{refused}");
    client.protocols.clear();
    assert!(client.connect("np.test").is_ok(), "a client without ALPN speaks HTTP/1.1");
    let health = client.get("/health").json();
    assert_eq!(health["checks"]["tls"]["status"], "ok", "{health}");
    assert!(health["checks"]["tls"]["certificate_expires_at"].is_string(), "{health}");
}

/// A `ClientHello` in which nothing but the version is old (RFC 5246 §7.4.1.2).
fn old_hello(minor: u8) -> Vec<u8> {
    let extensions = [
        &[0x00, 0x0a, 0x00, 0x04, 0x00, 0x02, 0x00, 0x17][..], // secp256r1
        &[0x00, 0x0b, 0x00, 0x02, 0x01, 0x00],                 // uncompressed points
        &[0x00, 0x0d, 0x00, 0x04, 0x00, 0x02, 0x04, 0x03],     // ecdsa_secp256r1_sha256
    ]
    .concat();
    let suites = [0xc0, 0x2b, 0xc0, 0x09];
    let mut body = vec![3, minor];
    body.extend([7; 32]);
    body.push(0);
    body.extend([0, suites.len() as u8]);
    body.extend(suites);
    body.extend([1, 0]);
    body.extend([0, extensions.len() as u8]);
    body.extend(&extensions);
    let mut message = vec![1, 0, 0, body.len() as u8];
    message.extend(&body);
    let mut record = vec![0x16, 3, 1, 0, message.len() as u8];
    record.extend(&message);
    record
}

#[test]
fn older_versions_and_plain_http_are_told_at_once() {
    const ALERT: u8 = 0x15;
    const PROTOCOL_VERSION: u8 = 70;
    let authority = Authority::new();
    authority.issue("np.test");
    let app = start(&authority, &[]);
    let send = |bytes: &[u8]| {
        let mut stream = TcpStream::connect(app.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(bytes).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer and an end");
        answer
    };
    for minor in [1, 2] {
        let answer = send(&old_hello(minor));
        assert_eq!((answer[0], answer.last().copied()), (ALERT, Some(PROTOCOL_VERSION)), "TLS 1.{}", minor - 1);
    }
    let told = String::from_utf8(send(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")).unwrap();
    assert!(told.starts_with("HTTP/1.1 400 ") && told.ends_with("use https:// instead.\n"), "{told}");
    let body = told.split_once("\r\n\r\n").unwrap().1;
    assert!(told.contains(&format!("content-length: {}\r\n", body.len())), "{told}");
    assert_ne!(send(&[0x80, 0x2e, 1, 0, 2, 0, 0, 0, 0, 0]).first(), Some(&b'H'));
    let client = authority.client(app.address());
    assert_eq!(client.get("/health/live").status, 200);
    wait_until("each of them is counted", PATIENCE, || {
        client.get("/metrics").text().contains("\nnovapulse_http_tls_handshakes_failed_total 4\n")
    });
}

#[test]
fn a_new_pair_serves_new_connections_and_a_broken_one_nobody() {
    let authority = Authority::new();
    let first = authority.issue("np.test");
    let app = start(&authority, &[]);
    let client = authority.client(app.address());
    let mut open = client.connect("np.test").unwrap();
    let request = "GET /health HTTP/1.1\r\nhost: np.test\r\n\r\n";
    assert_eq!(exchange(&mut open, request).status, 200);
    assert_eq!(client.certificate("np.test"), first);

    let second = authority.issue("np.test");
    signal(app.pid(), "-HUP");
    wait_until("a handshake shows the new certificate", PATIENCE, || client.certificate("np.test") == second);
    assert_eq!(exchange(&mut open, request).status, 200, "the open connection goes on");

    fs::write(authority.key(), "no key at all").unwrap();
    signal(app.pid(), "-HUP");
    let tls = |open: &mut _| exchange(open, request).json()["checks"]["tls"].clone();
    wait_until("health tells of the broken pair", PATIENCE, || tls(&mut open)["status"] == "degraded");
    assert!(tls(&mut open)["reason"].as_str().unwrap().contains("earlier certificate is kept"));
    assert_eq!(client.certificate("np.test"), second);
    let log = app.log();
    assert!(
        log.contains("the TLS certificate could not be read again") && log.contains("holds no private key"),
        "{log}"
    );

    // Nobody says that there is a good one again.
    let third = authority.issue("np.test");
    wait_until("the change is noticed", PATIENCE, || client.certificate("np.test") == third);
    assert_eq!(tls(&mut open)["status"], "ok");
}

#[test]
fn cookies_that_come_over_tls_are_secure() {
    let authority = Authority::new();
    authority.issue("np.test");
    let app = start(&authority, &[]);
    let (email, password) = app.demo_sign_in();
    let body = json!({ "email": email, "password": password }).to_string();
    let request = format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nhost: np.test\r\nx-session-mode: cookie\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = exchange(&mut authority.client(app.address()).connect("np.test").unwrap(), &request);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let cookies = answer.set_cookies();
    assert_eq!(cookies.len(), 3);
    assert!(cookies.iter().all(|text| text.starts_with("__Host-np_") && text.contains("; Secure")), "{cookies:?}");
}

fn novapulse(arguments: &[&str], settings: &[(&str, String)]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_novapulse"));
    command.args(arguments).env_clear().envs(settings.iter().map(|(name, value)| (name, value)));
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn the_health_check_reaches_a_server_with_tls_on_this_machine() {
    let authority = Authority::new();
    authority.issue("np.test");
    let app = start(&authority, &[]);
    let port = app.address().port();
    for host in ["127.0.0.1", "localhost"] {
        let (code, said) = novapulse(&["healthcheck", "--url", &format!("https://{host}:{port}")], &[]);
        assert_eq!(code, Some(0), "{said}");
    }
    let (code, said) = novapulse(&["healthcheck", "--url", &format!("http://127.0.0.1:{port}")], &[]);
    assert_eq!(code, Some(1), "{said}");
}

#[test]
fn pairs_that_cannot_be_used_stop_the_start() {
    let authority = Authority::new();
    let data = tempfile::tempdir().unwrap();
    let refusal = || {
        let data = data.path().join("data").display().to_string();
        let (code, said) = novapulse(&["serve", "--listen", "127.0.0.1:0", "--data", &data], &authority.settings());
        assert_eq!(code, Some(3), "{said}");
        said
    };
    assert!(refusal().contains("tls.crt"), "nothing is there yet");
    authority.issue("np.test");
    let mode = |mode| fs::set_permissions(authority.key(), fs::Permissions::from_mode(mode)).unwrap();
    for shared in [0o640, 0o604] {
        mode(shared);
        assert!(refusal().contains(&format!("can be read by others (mode {shared:o})")));
    }
    mode(0o600);
    let key = fs::read(authority.key()).unwrap();
    authority.issue("np.test");
    fs::write(authority.key(), key).unwrap();
    assert!(refusal().contains("cannot be used together"), "the key of another certificate");
    fs::write(authority.certificate(), "nothing").unwrap();
    assert!(refusal().contains("holds no certificate"));
    assert!(!Path::new(&data.path().join("data/ready")).exists());
}

#[test]
fn the_plain_port_sends_browsers_on_and_refuses_calls() {
    let authority = Authority::new();
    authority.issue("np.test");
    let app = start(&authority, &[("NOVAPULSE_SERVER_REDIRECT_LISTEN", "127.0.0.1:0")]);
    let log = app.log();
    let address = log.split("redirecting from http://").nth(1).unwrap();
    let address = address.split(|c: char| c != '.' && c != ':' && !c.is_ascii_digit()).next().unwrap().parse().unwrap();
    let mut client = crate::support::Client::anonymous(address);
    let answer = client.send("GET", "/webhooks?page=2", &[("host", "np.test")], None);
    let port = app.address().port();
    assert_eq!((answer.status, answer.header("strict-transport-security")), (308, None));
    assert_eq!(answer.header("location"), Some(format!("https://np.test:{port}/webhooks?page=2").as_str()));
    assert_eq!(client.get("/api/v1/jobs").problem(403), "https_required");
    assert_eq!(client.post("/", &json!({})).problem(403), "https_required");
    let with_key = client.send("GET", "/", &[("authorization", "Bearer x")], None);
    assert_eq!(with_key.problem(403), "https_required");
}
