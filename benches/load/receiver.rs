//! The receiver of deliveries, run as a process of its own by executing this program again.
//!
//! `POST /ok/<webhook>` is answered 200 and counted by sequence number; `POST /hang/<webhook>` is read and
//! never answered; `GET /stats` and `GET /reset?items=&webhooks=` talk to the bench. One in 16 signatures is
//! verified. It stops when its standard input closes, so it cannot outlive the bench.

use std::{
    io::Read,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
};

use crate::{
    histogram::Histogram,
    signature,
    wire::{BlockingConnection, find, header, measure, now_micros},
};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok";
const MOST_ITEMS: u64 = 1 << 26;
const LONGEST_REQUEST: usize = 4 << 20;
const VERIFY_EVERY: u64 = 16;

#[derive(Default)]
struct Tally {
    webhooks: u64,
    seen: Vec<u64>,
    received: u64,
    unique: u64,
    hanging: u64,
    unknown: u64,
    verified: u64,
    bad_signatures: u64,
    first: u64,
    last: u64,
    latency: Histogram,
}

type Shared = Arc<Mutex<Tally>>;

fn lock(tally: &Shared) -> MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves until standard input closes. The first line of output is the address.
pub(crate) fn serve(threads: usize) -> Result<()> {
    let tally = Shared::default();
    let mut lanes = Vec::new();
    for _ in 0..threads.max(1) {
        let (lane, connections) = mpsc::channel::<std::net::TcpStream>(1024);
        let tally = Arc::clone(&tally);
        std::thread::spawn(move || run_lane(connections, &tally));
        lanes.push(lane);
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    println!("listening {}", listener.local_addr()?);
    std::thread::spawn(move || {
        for (index, stream) in listener.incoming().enumerate() {
            let (Ok(stream), Some(lane)) = (stream, lanes.get(index % lanes.len())) else { continue };
            if lane.blocking_send(stream).is_err() {
                return;
            }
        }
    });
    let mut byte = [0];
    while std::io::stdin().read(&mut byte)? > 0 {}
    Ok(())
}

fn run_lane(mut connections: mpsc::Receiver<std::net::TcpStream>, tally: &Shared) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        while let Some(stream) = connections.recv().await {
            let tally = Arc::clone(tally);
            tasks.spawn(async move { answer(stream, &tally).await });
            while tasks.try_join_next().is_some() {}
        }
    });
}

async fn answer(stream: std::net::TcpStream, tally: &Shared) -> Result<()> {
    stream.set_nonblocking(true)?;
    stream.set_nodelay(true)?;
    let mut stream = TcpStream::from_std(stream)?;
    let mut input = vec![0; 16 << 10];
    let mut filled = 0;
    loop {
        let bytes = input.get(..filled).unwrap_or_default();
        if let Some(message) = measure(bytes)? {
            let head = bytes.get(..message.head).unwrap_or_default();
            let body = bytes.get(message.head..message.total).unwrap_or_default();
            if head.starts_with(b"POST /hang") {
                lock(tally).hanging += 1;
                // Reads on, so that the sender's close is noticed; answers nothing.
                while stream.read(&mut input).await? > 0 {}
                return Ok(());
            }
            if head.starts_with(b"POST ") {
                count(tally, head, body);
                stream.write_all(ANSWER).await?;
            } else {
                stream.write_all(&control(tally, head)).await?;
            }
            input.copy_within(message.total..filled, 0);
            filled -= message.total;
            continue;
        }
        if filled == input.len() {
            if filled >= LONGEST_REQUEST {
                bail!("a request of more than {LONGEST_REQUEST} bytes");
            }
            input.resize(filled * 2, 0);
        }
        let read = stream.read(input.get_mut(filled..).unwrap_or_default()).await?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
    }
}

fn count(tally: &Shared, head: &[u8], body: &[u8]) {
    let now = now_micros();
    let sequence = number_after(body, b"\"n\":\"");
    let sent_at = number_after(body, b"\"t\":\"");
    let webhook = number_after(head, b"POST /ok/").unwrap_or(0);
    let is_checked = sequence.is_some_and(|sequence| sequence % VERIFY_EVERY == 0);
    let is_genuine =
        !is_checked || header(head, b"x-novapulse-signature").is_some_and(|given| signature::is_genuine(body, given));
    let mut tally = lock(tally);
    tally.received += 1;
    tally.verified += u64::from(is_checked && is_genuine);
    tally.bad_signatures += u64::from(!is_genuine);
    if tally.first == 0 {
        tally.first = now;
    }
    let Some(sequence) = sequence else {
        tally.unknown += 1;
        return;
    };
    let place = sequence * tally.webhooks.max(1) + webhook;
    let is_new = tally.seen.get_mut((place / 64) as usize).is_some_and(|word| {
        let bit = 1 << (place % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    });
    if is_new {
        tally.unique += 1;
        tally.last = now;
        if let Some(sent_at) = sent_at.filter(|at| *at > 0) {
            tally.latency.record(now.saturating_sub(sent_at));
        }
    }
}

/// The decimal number right behind a marker.
fn number_after(bytes: &[u8], marker: &[u8]) -> Option<u64> {
    let digits = bytes.get(find(bytes, marker)? + marker.len()..)?;
    let len = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    std::str::from_utf8(digits.get(..len)?).ok()?.parse().ok()
}

fn control(tally: &Shared, head: &[u8]) -> Vec<u8> {
    let mut tally = lock(tally);
    if head.starts_with(b"GET /reset") {
        let items = number_after(head, b"items=").unwrap_or(0).min(MOST_ITEMS);
        let webhooks = number_after(head, b"webhooks=").unwrap_or(1).max(1);
        let words = (items * webhooks).min(MOST_ITEMS).div_ceil(64) as usize;
        *tally = Tally { webhooks, seen: vec![0; words], ..Tally::default() };
    }
    let body = json!({
        "received": tally.received, "unique": tally.unique, "hanging": tally.hanging, "unknown": tally.unknown,
        "verified": tally.verified, "bad_signatures": tally.bad_signatures,
        "first": tally.first, "last": tally.last,
        "p50": tally.latency.quantile(0.5), "p95": tally.latency.quantile(0.95), "p99": tally.latency.quantile(0.99),
        "max": tally.latency.max(), "samples": tally.latency.total(),
    })
    .to_string();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}

/// What the receiver has seen since the last reset.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stats {
    pub(crate) received: u64,
    pub(crate) unique: u64,
    pub(crate) hanging: u64,
    pub(crate) verified: u64,
    pub(crate) bad_signatures: u64,
    /// Microseconds since 1970 of the last new item.
    pub(crate) last: u64,
    pub(crate) p50: u64,
    pub(crate) p95: u64,
    pub(crate) p99: u64,
    pub(crate) max: u64,
}

/// Forgets everything and expects this many sequence numbers for each of this many webhooks.
pub(crate) fn reset(address: SocketAddr, items: u64, webhooks: u64) -> Result<Stats> {
    ask(address, &format!("/reset?items={items}&webhooks={webhooks}&"))
}

/// Reads the tally.
pub(crate) fn stats(address: SocketAddr) -> Result<Stats> {
    ask(address, "/stats")
}

fn ask(address: SocketAddr, path: &str) -> Result<Stats> {
    let mut connection = BlockingConnection::open(address)?;
    let (_, body) = connection.exchange(format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n").as_bytes())?;
    let body: Value = serde_json::from_slice(body).context("the receiver's statistics")?;
    let field = |name: &str| body.get(name).and_then(Value::as_u64).unwrap_or(0);
    Ok(Stats {
        received: field("received"),
        unique: field("unique"),
        hanging: field("hanging"),
        verified: field("verified"),
        bad_signatures: field("bad_signatures"),
        last: field("last"),
        p50: field("p50"),
        p95: field("p95"),
        p99: field("p99"),
        max: field("max"),
    })
}
