//! How fast signed webhooks leave: bare hyper connections, our client, and reqwest, in one run.
//!
//! `cargo bench --bench outbound` starts itself again as the receiver, in another process, and posts
//! 1 KiB bodies to it, each signed with HMAC-SHA256. Columns: requests per second, their ratio to the bare
//! connections of the same round, CPU time of the sending process per request (which suffers least from
//! other work on the machine), and the latency of a request. `--seconds N` and `--rounds N` change the length,
//! `--only ours` (or `bare`, `reqwest`) leaves the others out; the median round counts. The table goes to standard error, JSON to standard output.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints its result")]

use std::{
    io::{BufRead, BufReader, Read as _},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, ensure};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use novapulse::outbound::{Client, Policy, Request, Settings, Target};
use sha2::Sha256;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

const BODY_BYTES: usize = 1024;
const IN_FLIGHT: [usize; 2] = [64, 256];
const SENDER_THREADS: usize = 4;
const RECEIVER_THREADS: usize = 2;
const KEY: &[u8] = b"whsec_bench_bench_bench_bench_00";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Bare,
    Ours,
    Reqwest,
}

impl Way {
    const ALL: [Self; 3] = [Self::Bare, Self::Ours, Self::Reqwest];

    const fn word(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Ours => "ours",
            Self::Reqwest => "reqwest",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare hyper connection per slot",
            Self::Ours => "novapulse::outbound",
            Self::Reqwest => "reqwest",
        }
    }
}

/// One measured round.
#[derive(Clone)]
struct Round {
    per_second: f64,
    cpu_us: f64,
    p50_us: u32,
    p99_us: u32,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "receive") {
        return runtime(RECEIVER_THREADS)?.block_on(receive());
    }
    if !arguments.iter().any(|argument| argument == "--bench") {
        // `cargo test` may run benches without this flag; measuring then would only disturb the tests.
        return Ok(());
    }
    let number = |name: &str, default: u64| -> Result<u64> {
        let Some(at) = arguments.iter().position(|argument| argument == name) else { return Ok(default) };
        Ok(arguments.get(at + 1).with_context(|| format!("{name} needs a number"))?.parse()?)
    };
    let time = Duration::from_secs(number("--seconds", 3)?);
    let rounds = number("--rounds", 5)?;
    let only = arguments.iter().position(|argument| argument == "--only").and_then(|at| arguments.get(at + 1));
    let ways: Vec<Way> = Way::ALL.into_iter().filter(|way| only.is_none_or(|only| only == way.word())).collect();

    let (mut child, port) = start_receiver()?;
    let result = measure(&ways, port, time, rounds);
    child.kill()?;
    child.wait()?;
    result
}

fn runtime(threads: usize) -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?)
}

fn start_receiver() -> Result<(Child, u16)> {
    let mut child = Command::new(std::env::current_exe()?).arg("receive").stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().context("the receiver has an output")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    Ok((child, line.trim().parse()?))
}

/// Answers every request with 200 and an empty body, after reading all of it.
async fn receive() -> Result<()> {
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let mut tasks = JoinSet::new();
    loop {
        let (mut stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tasks.spawn(async move {
            let mut buffer = Vec::with_capacity(16 * 1024);
            loop {
                if stream.read_buf(&mut buffer).await? == 0 {
                    return std::io::Result::Ok(());
                }
                let Some(head) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
                if buffer.len() >= head + 4 + BODY_BYTES {
                    buffer.clear();
                    stream.write_all(ANSWER).await?;
                }
            }
        });
    }
}

fn measure(ways: &[Way], port: u16, time: Duration, rounds: u64) -> Result<()> {
    let mut results = Vec::new();
    for in_flight in IN_FLIGHT {
        let mut measured = vec![Vec::new(); ways.len()];
        for _ in 0..rounds {
            for (way, list) in ways.iter().copied().zip(&mut measured) {
                // A runtime of its own for each round: nothing is left over from the one before.
                list.push(runtime(SENDER_THREADS)?.block_on(round(way, port, in_flight, time))?);
            }
        }
        for (way, list) in ways.iter().copied().zip(measured) {
            results.push((way, in_flight, median(list)?));
        }
    }
    report(&results, rounds, time);
    Ok(())
}

fn median(mut rounds: Vec<Round>) -> Result<Round> {
    rounds.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    rounds.get(rounds.len() / 2).cloned().context("at least one round")
}

/// Sends from `in_flight` slots until the time is over; the first fifth warms up and is not counted.
async fn round(way: Way, port: u16, in_flight: usize, time: Duration) -> Result<Round> {
    let is_over = Arc::new(AtomicBool::new(false));
    let is_counting = Arc::new(AtomicBool::new(false));
    let url = format!("http://127.0.0.1:{port}/in");
    let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
    let ours = Client::new(Settings::new(Policy::default().allow_loopback()), &tracker, stop.clone())?;
    let target = Target::parse(&url, ours.policy())?;
    let reqwest = reqwest::Client::builder()
        .pool_max_idle_per_host(in_flight)
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(15))
        .no_proxy()
        .tcp_nodelay(true)
        .build()?;

    let mut slots = JoinSet::new();
    for _ in 0..in_flight {
        let watch = Watch { is_over: Arc::clone(&is_over), is_counting: Arc::clone(&is_counting), taken: Vec::new() };
        match way {
            Way::Bare => slots.spawn(bare(port, watch)),
            Way::Ours => slots.spawn(ours_slot(ours.clone(), target.clone(), watch)),
            Way::Reqwest => slots.spawn(reqwest_slot(reqwest.clone(), url.clone(), watch)),
        };
    }
    tokio::time::sleep(time / 5).await;
    is_counting.store(true, Relaxed);
    let (start, cpu) = (Instant::now(), cpu_time()?);
    tokio::time::sleep(time).await;
    is_counting.store(false, Relaxed);
    let (elapsed, cpu) = (start.elapsed(), cpu_time()?.saturating_sub(cpu));
    is_over.store(true, Relaxed);

    let mut taken = Vec::new();
    for slot in slots.join_all().await {
        taken.extend(slot?);
    }
    stop.cancel();
    tracker.close();
    tracker.wait().await;
    taken.sort_unstable();
    let at = |part: usize| taken.get(taken.len() * part / 100).copied().context("requests were sent");
    let count = taken.len() as f64;
    Ok(Round {
        per_second: count / elapsed.as_secs_f64(),
        cpu_us: cpu.as_secs_f64() * 1e6 / count,
        p50_us: at(50)?,
        p99_us: at(99)?,
    })
}

/// Says when to stop and keeps how long each counted request took.
struct Watch {
    is_over: Arc<AtomicBool>,
    is_counting: Arc<AtomicBool>,
    taken: Vec<u32>,
}

impl Watch {
    fn note(&mut self, start: Instant) {
        if self.is_counting.load(Relaxed) {
            self.taken.push(start.elapsed().as_micros() as u32);
        }
    }
}

/// The ceiling: a connection that belongs to the slot, driven by its own task, as hyper means it.
async fn bare(port: u16, mut watch: Watch) -> Result<Vec<u32>> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let host = HeaderValue::try_from(format!("127.0.0.1:{port}"))?;
    while !watch.is_over.load(Relaxed) {
        let start = Instant::now();
        let (mut headers, body) = signed();
        headers.insert(header::HOST, host.clone());
        headers.insert(header::USER_AGENT, HeaderValue::from_static("bench"));
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let mut request = http::Request::post("/in").body(Full::new(body))?;
        *request.headers_mut() = headers;
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        ensure!(response.status().is_success(), "the receiver answered {}", response.status());
        response.into_body().collect().await?;
        watch.note(start);
    }
    drop(sender);
    driver.await??;
    Ok(watch.taken)
}

async fn ours_slot(client: Client, target: Target, mut watch: Watch) -> Result<Vec<u32>> {
    while !watch.is_over.load(Relaxed) {
        let start = Instant::now();
        let (headers, body) = signed();
        let exchange = client
            .send(Request::post(target.clone(), headers, body))
            .await
            .map_err(|failure| anyhow!("{}: {}", failure.phase, failure.detail))?;
        ensure!(exchange.status.is_success(), "the receiver answered {}", exchange.status);
        watch.note(start);
    }
    Ok(watch.taken)
}

async fn reqwest_slot(client: reqwest::Client, url: String, mut watch: Watch) -> Result<Vec<u32>> {
    while !watch.is_over.load(Relaxed) {
        let start = Instant::now();
        let (headers, body) = signed();
        let response = client.post(&url).headers(headers).body(body).send().await?;
        ensure!(response.status().is_success(), "the receiver answered {}", response.status());
        response.bytes().await?;
        watch.note(start);
    }
    Ok(watch.taken)
}

/// A body and the headers of its signature, made anew as for a real event.
fn signed() -> (HeaderMap, Bytes) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let body = Bytes::from_static(&[b'x'; BODY_BYTES]);
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY).expect("any length of key will do");
    mac.update(&body);
    let mut text = Vec::with_capacity(71);
    text.extend_from_slice(b"sha256=");
    for byte in mac.finalize().into_bytes() {
        text.extend([byte >> 4, byte & 15].iter().filter_map(|digit| DIGITS.get(usize::from(*digit))));
    }
    let mut headers = HeaderMap::with_capacity(12);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(HeaderName::from_static("webhook-id"), HeaderValue::from_static("evt_00000000000000000000000000"));
    headers.insert(HeaderName::from_static("webhook-timestamp"), HeaderValue::from_static("1767225600"));
    let signature = HeaderValue::from_maybe_shared(Bytes::from(text)).expect("hex is a header value");
    headers.insert(HeaderName::from_static("x-novapulse-signature"), signature);
    (headers, body)
}

/// User and system time of this process (proc(5), fields 14 and 15 of `stat`, in hundredths of a second).
fn cpu_time() -> Result<Duration> {
    let mut text = String::new();
    std::fs::File::open("/proc/self/stat")?.read_to_string(&mut text)?;
    let (_, fields) = text.rsplit_once(')').context("the name ends with a parenthesis")?;
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 10))
}

fn report(results: &[(Way, usize, Round)], rounds: u64, time: Duration) {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    eprintln!("POST {BODY_BYTES} B with HMAC-SHA256, receiver in another process; {SENDER_THREADS} sender and");
    eprintln!(
        "{RECEIVER_THREADS} receiver threads; median of {rounds} rounds of {time:?}; load average {}",
        load.trim()
    );
    eprintln!();
    eprintln!(
        "{:<32} {:>9} {:>10} {:>6} {:>8} {:>8} {:>8}",
        "", "in flight", "per second", "ratio", "CPU us", "p50 us", "p99 us"
    );
    let mut rows = Vec::new();
    for (way, in_flight, round) in results {
        let bare = results.iter().find(|(way, slots, _)| *way == Way::Bare && slots == in_flight);
        let ratio = round.per_second / bare.map_or(f64::NAN, |(_, _, bare)| bare.per_second);
        eprintln!(
            "{:<32} {in_flight:>9} {:>10.0} {ratio:>6.2} {:>8.1} {:>8} {:>8}",
            way.name(),
            round.per_second,
            round.cpu_us,
            round.p50_us,
            round.p99_us
        );
        rows.push(serde_json::json!({
            "client": way.name(), "in_flight": in_flight, "per_second": round.per_second.round(),
            "ratio_to_bare": (ratio * 1000.0).round() / 1000.0, "cpu_us": (round.cpu_us * 10.0).round() / 10.0,
            "p50_us": round.p50_us, "p99_us": round.p99_us,
        }));
    }
    println!("{}", serde_json::json!({ "bench": "outbound", "rounds": rounds, "results": rows }));
}
