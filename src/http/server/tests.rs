//! The accept loop and its limits, over real sockets.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    routing::{get, post},
};
use futures_util::{FutureExt, StreamExt, stream};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Notify,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Server, connection};
use crate::{
    base::{Clock, ManualClock, SeededRandom, SystemClock},
    http::{Edge, Metrics, Options, Peer},
};

const PATIENCE: Duration = Duration::from_secs(20);
const REQUEST: &[u8] = b"GET /small HTTP/1.1\r\nhost: a\r\n\r\n";

struct Running {
    address: SocketAddr,
    tracker: TaskTracker,
    stop: CancellationToken,
    kill: CancellationToken,
    entered: Arc<Notify>,
    release: Arc<Notify>,
}

fn run(options: Options) -> Running {
    run_by(options, Arc::new(SystemClock::default()))
}

/// A clock that stands still: no limit in time is ever reached.
fn still() -> Arc<dyn Clock> {
    Arc::new(ManualClock::new("2026-01-01T00:00:00Z".parse().unwrap()))
}

fn edge(router: Router, options: Options, clock: Arc<dyn Clock>) -> Edge {
    let metrics = Metrics::register(&prometheus::Registry::new()).unwrap();
    Edge::new(router, options, clock, &SeededRandom::new(1), metrics)
}

fn run_by(options: Options, clock: Arc<dyn Clock>) -> Running {
    let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (told, awaited) = (Arc::clone(&entered), Arc::clone(&release));
    let held = move || async move {
        told.notify_one();
        awaited.notified().await;
        "done"
    };
    let router = Router::new()
        .route("/small", get(async || "small"))
        .route("/unread", post(async || "small"))
        .route("/large", get(async || "x".repeat(64 << 20)))
        .route("/held", get(held));
    let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0)), edge(router, options, clock)).unwrap();
    let (address, tracker) = (server.address(), TaskTracker::new());
    let (stop, kill) = (CancellationToken::new(), CancellationToken::new());
    tracker.spawn(server.run(tracker.clone(), stop.clone(), kill.clone()));
    Running { address, tracker, stop, kill, entered, release }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Everything until the server closes.
async fn rest(mut stream: TcpStream) -> String {
    tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        // A reset is an end as well.
        drop(stream.read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    })
    .await
    .unwrap()
}

/// One answer; the connection stays open.
async fn answer(mut stream: TcpStream) -> (TcpStream, String) {
    tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        let mut byte = [0];
        while !bytes.ends_with(b"small") && !bytes.ends_with(b"done") {
            stream.read_exact(&mut byte).unwrap();
            bytes.push(byte[0]);
        }
        (stream, String::from_utf8(bytes).unwrap())
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_headers_and_idle_connections_are_closed() {
    let options = Options { header_read_timeout_ms: 100, keep_alive_timeout_ms: 100, ..Options::default() };
    let running = run(options);
    let mute = connect(running.address);
    assert_eq!(rest(mute).await, "");
    let mut trickling = connect(running.address);
    trickling.write_all(b"GET /small HTTP/1.1\r\nho").unwrap();
    assert_eq!(rest(trickling).await, "");
    let mut idle = connect(running.address);
    idle.write_all(REQUEST).unwrap();
    let whole = rest(idle).await;
    assert!(whole.starts_with("HTTP/1.1 200") && whole.ends_with("small"), "{whole}");
    running.stop.cancel();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_read_is_cut_off() {
    let running = run(Options { write_stall_timeout_ms: 100, ..Options::default() });
    let mut stream = connect(running.address);
    stream.write_all(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    running.stop.cancel();
    running.tracker.close();
    tokio::time::timeout(PATIENCE, running.tracker.wait()).await.expect("the connection is given up");
    drop(stream);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_over_the_limit_are_told_so_and_places_come_back() {
    let running = run(Options { connections_per_address_max: 1, ..Options::default() });
    let mut first = connect(running.address);
    first.write_all(REQUEST).unwrap();
    let (first, _) = answer(first).await;
    let refused = rest(connect(running.address)).await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("too_many_connections"), "{refused}");
    let length: usize = refused.split("content-length: ").nth(1).unwrap().split('\r').next().unwrap().parse().unwrap();
    assert_eq!(refused.split("\r\n\r\n").nth(1).unwrap().len(), length);
    first.shutdown(Shutdown::Both).unwrap();
    let started = std::time::Instant::now();
    loop {
        let mut next = connect(running.address);
        if next.write_all(REQUEST).is_ok() && rest_or_answer(next).await.starts_with("HTTP/1.1 200") {
            break;
        }
        assert!(started.elapsed() < PATIENCE);
        tokio::task::yield_now().await;
    }
    running.stop.cancel();
}

async fn rest_or_answer(stream: TcpStream) -> String {
    // A server that has refused and closed already leaves nothing to shut.
    drop(stream.shutdown(Shutdown::Write));
    rest(stream).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_finishes_what_runs_and_accepts_nothing_more() {
    let running = run(Options::default());
    let mut idle = connect(running.address);
    idle.write_all(REQUEST).unwrap();
    let (idle, _) = answer(idle).await;
    let mut busy = connect(running.address);
    busy.write_all(b"GET /held HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    running.entered.notified().await;
    running.stop.cancel();
    running.tracker.close();
    assert_eq!(rest(idle).await, "", "an idle connection is closed at once");
    running.release.notify_one();
    let last = rest(busy).await;
    assert!(last.starts_with("HTTP/1.1 200") && last.ends_with("done"), "{last}");
    tokio::time::timeout(PATIENCE, running.tracker.wait()).await.expect("everything ended");
    assert!(TcpStream::connect(running.address).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_outlives_the_grace_is_dropped() {
    let running = run(Options::default());
    let mut busy = connect(running.address);
    busy.write_all(b"GET /held HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    running.entered.notified().await;
    running.stop.cancel();
    running.kill.cancel();
    running.tracker.close();
    tokio::time::timeout(PATIENCE, running.tracker.wait()).await.expect("everything ended");
    assert_eq!(rest(busy).await, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_break_http_are_refused() {
    let running = run(Options::default());
    let many = format!("GET /small HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(5000));
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(1 << 20));
    let wide = format!("GET /small HTTP/1.1\r\na: {}\r\n\r\n", "a".repeat(1 << 20));
    let cases = [
        ("\u{1}\u{2}\r\n\r\n", &["400"][..]),
        ("GET /small HTTP/9.9\r\n\r\n", &["400", "505"]),
        ("GET /small HTTP/1.1\r\na b: c\r\n\r\n", &["400"]),
        ("POST /small HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", &["400"]),
        ("POST /small HTTP/1.1\r\ncontent-length: x\r\n\r\n", &["400"]),
        ("POST /small HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n", &["400"]),
        (&many, &["431"]),
        (&long, &["414", "431"]),
        (&wide, &["431"]),
    ];
    for (request, expected) in cases {
        let mut stream = connect(running.address);
        // The server may close before it has read everything.
        drop(stream.write_all(request.as_bytes()));
        let head: String = request.chars().take(60).collect();
        let answer = rest(stream).await;
        let status = answer.split(' ').nth(1).unwrap_or("nothing");
        assert!(expected.contains(&status) || answer.is_empty(), "{head:?}: {answer:?}");
    }
    let mut next = connect(running.address);
    next.write_all(REQUEST).unwrap();
    assert!(answer(next).await.1.starts_with("HTTP/1.1 200"));
    running.stop.cancel();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_still_sending_gets_the_answer() {
    let running = run(Options::default());
    let mut stream = connect(running.address);
    let sent = tokio::task::spawn_blocking(move || {
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        // The address takes no body at all, and answers before any of it has come.
        let size = 32 << 20;
        write!(stream, "POST /small HTTP/1.1\r\nhost: a\r\ncontent-length: {size}\r\n\r\n").unwrap();
        stream.write_all(&vec![b'x'; size]).map(|()| stream)
    });
    let answer = rest(sent.await.unwrap().expect("the server takes what is sent")).await;
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
    running.stop.cancel();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_connection_ends_with_the_server_whatever_became_of_its_last_body() {
    let running = run_by(Options::default(), still());
    let mut stream = connect(running.address);
    // The body comes with the headers; the handler leaves it, and the connection stays.
    stream.write_all(b"POST /unread HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}").unwrap();
    let (mut stream, _) = answer(stream).await;
    stream.write_all(b"POST /unread HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}").unwrap();
    let (stream, _) = answer(stream).await;
    running.stop.cancel();
    running.tracker.close();
    // The client closes nothing.
    tokio::time::timeout(PATIENCE, running.tracker.wait()).await.expect("nothing is waited for");
    assert_eq!(rest(stream).await, "");
}

#[tokio::test]
async fn a_stop_right_after_the_answer_waits_for_nobody_but_who_is_still_sending() {
    for (size, is_awaited) in [(2, false), (9, true)] {
        let edge = Arc::new(edge(Router::new().route("/unread", post(async || "small")), Options::default(), still()));
        let (stop, kill) = (CancellationToken::new(), CancellationToken::new());
        let (mut client, server) = tokio::io::duplex(1 << 20);
        let peer = Peer::plain([127, 0, 0, 1].into());
        let mut served = std::pin::pin!(connection::serve(server, peer, edge, stop.clone(), kill));
        assert!(served.as_mut().now_or_never().is_none());
        let request = format!("POST /unread HTTP/1.1\r\nhost: a\r\ncontent-length: {size}\r\n\r\n{{}}");
        client.write_all(request.as_bytes()).await.unwrap();
        stop.cancel();
        assert_eq!(served.as_mut().now_or_never().is_none(), is_awaited, "{size}");
        let mut answer = vec![0; 1 << 10];
        let length = client.read(&mut answer).await.unwrap();
        assert!(answer[..length].ends_with(b"small"));
    }
}

#[tokio::test]
async fn an_answer_under_way_at_the_stop_still_gets_to_who_is_still_sending() {
    let release = Arc::new(Notify::new());
    let awaited = Arc::clone(&release);
    let slow = move || async move {
        let last = stream::once(async move {
            awaited.notified().await;
            Ok::<_, std::io::Error>("done")
        });
        Body::from_stream(stream::once(async { Ok("first") }).chain(last))
    };
    let edge = Arc::new(edge(Router::new().route("/slow", post(slow)), Options::default(), still()));
    let (stop, kill) = (CancellationToken::new(), CancellationToken::new());
    let (mut client, server) = tokio::io::duplex(1 << 20);
    let peer = Peer::plain([127, 0, 0, 1].into());
    let mut served = std::pin::pin!(connection::serve(server, peer, edge, stop.clone(), kill));
    client.write_all(b"POST /slow HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n").await.unwrap();
    assert!(served.as_mut().now_or_never().is_none());
    stop.cancel();
    assert!(served.as_mut().now_or_never().is_none(), "the answer is finished first");
    release.notify_one();
    assert!(served.as_mut().now_or_never().is_none(), "what is on its way is taken in");
    client.write_all(b"much more").await.unwrap();
    client.shutdown().await.unwrap();
    tokio::time::timeout(PATIENCE, served).await.expect("nothing more comes");
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("first") && answer.contains("done"), "{answer}");
}
