//! TLS in the accept loop: limits and deadlines before there are keys.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::fs::PermissionsExt,
    sync::Arc,
    time::Duration,
};

use axum::{Router, routing::get};
use rcgen::{CertificateParams, KeyPair};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, pki_types::CertificateDer};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::Server;
use crate::{
    base::{SeededRandom, SystemClock},
    http::{Edge, Metrics, Options, Tls, tls::Files},
};

const PATIENCE: Duration = Duration::from_secs(20);
const REQUEST: &[u8] = b"GET /small HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

struct Running {
    address: SocketAddr,
    tracker: TaskTracker,
    stop: CancellationToken,
    metrics: Metrics,
    certificate: CertificateDer<'static>,
}

fn run(options: Options) -> Running {
    let directory = tempfile::tempdir().unwrap();
    let files = Files { certificate: directory.path().join("tls.crt"), key: directory.path().join("tls.key") };
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["np.test".to_owned()]).unwrap().self_signed(&key).unwrap();
    fs::write(&files.certificate, certificate.pem()).unwrap();
    fs::write(&files.key, key.serialize_pem()).unwrap();
    fs::set_permissions(&files.key, fs::Permissions::from_mode(0o600)).unwrap();
    let router =
        Router::new().route("/small", get(async || "small")).route("/large", get(async || "x".repeat(64 << 20)));
    let metrics = Metrics::register(&prometheus::Registry::new()).unwrap();
    let edge = Edge::new(router, options, Arc::new(SystemClock::default()), &SeededRandom::new(1), metrics.clone());
    let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0)), edge).unwrap();
    let server = server.with_tls(Some(Tls::open(files).unwrap()));
    let (address, tracker, stop) = (server.address(), TaskTracker::new(), CancellationToken::new());
    tracker.spawn(server.run(tracker.clone(), stop.clone(), CancellationToken::new()));
    Running { address, tracker, stop, metrics, certificate: certificate.der().clone() }
}

impl Running {
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    fn secure(&self) -> StreamOwned<ClientConnection, TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
        StreamOwned::new(ClientConnection::new(config, "np.test".try_into().unwrap()).unwrap(), self.connect())
    }

    /// A whole exchange on a connection of its own; empty when the server closed it.
    async fn ask(&self) -> String {
        let mut stream = self.secure();
        blocking(move || {
            let mut answer = Vec::new();
            drop(stream.write_all(REQUEST).and_then(|()| stream.read_to_end(&mut answer)));
            String::from_utf8(answer).unwrap()
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// Everything until the server closes.
async fn rest(mut stream: TcpStream) -> Vec<u8> {
    blocking(move || {
        let mut bytes = Vec::new();
        // A reset is an end as well.
        drop(stream.read_to_end(&mut bytes));
        bytes
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_handshakes_are_cut_and_broken_ones_concern_nobody_else() {
    let running = run(Options { handshake_timeout_ms: 200, ..Options::default() });
    let mute = running.connect();
    let mut trickling = running.connect();
    // The head of a record of 512 bytes, and no more.
    trickling.write_all(&[0x16, 3, 1, 2, 0, 1, 0]).unwrap();
    let mut broken = running.connect();
    broken.write_all(&[0x16, 3, 1, 0, 4, 9, 9, 9, 9]).unwrap();
    for stream in [mute, trickling] {
        assert_eq!(rest(stream).await, b"", "closed without a word");
    }
    assert_ne!(rest(broken).await.first(), Some(&b'H'));
    let answer = running.ask().await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("small"), "{answer}");
    let started = std::time::Instant::now();
    while running.metrics.handshakes_failed.get() < 3 {
        assert!(started.elapsed() < PATIENCE);
        tokio::task::yield_now().await;
    }
    running.stop.cancel();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handshakes_count_against_the_limits_and_give_their_places_back() {
    let running = run(Options { connections_per_address_max: 1, ..Options::default() });
    let held = running.connect();
    assert_eq!(running.ask().await, "", "the only place is taken by a handshake");
    assert_eq!(running.metrics.refused.get(), 1);
    drop(held);
    let started = std::time::Instant::now();
    while !running.ask().await.starts_with("HTTP/1.1 200") {
        assert!(started.elapsed() < PATIENCE);
        tokio::task::yield_now().await;
    }
    running.stop.cancel();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_read_is_cut_off_and_stopping_ends_handshakes() {
    let running = run(Options { write_stall_timeout_ms: 100, handshake_timeout_ms: 600_000, ..Options::default() });
    let mut stream = running.secure();
    let stream = blocking(move || {
        stream.write_all(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
        let mut first = [0];
        stream.read_exact(&mut first).unwrap();
        stream
    })
    .await;
    let mute = running.connect();
    running.stop.cancel();
    running.tracker.close();
    tokio::time::timeout(PATIENCE, running.tracker.wait()).await.expect("nobody holds the server up");
    drop((stream, mute));
}
