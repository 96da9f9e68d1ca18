//! The receiver of deliveries: records every request; some first attempts are answered 500.

use std::{
    collections::HashSet,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use aws_lc_rs::hmac;
use serde_json::Value;

use crate::durability::model::Received;

/// The secret given to every webhook; the key of the HMAC is this text itself.
pub(crate) const SECRET: &str = "whsec_Y3Jhc2gtdGVzdC1jcmFzaC10ZXN0LWNyYXNoLXRlc3Q=";

/// How long an answer to `/ordered/…` takes, so that two at a time would be seen.
const ORDERED_TAKES: Duration = Duration::from_millis(3);
/// Of deliveries to `/flaky/…` and `/ordered/…`, one in this many fails its first attempt.
const FLAKY: u32 = 8;
const LONGEST_REQUEST: usize = 1 << 20;
const IDLE_LIMIT: Duration = Duration::from_mins(5);

#[derive(Default)]
struct Log {
    received: Vec<Received>,
    refused_once: HashSet<String>,
}

/// A listening receiver; its threads end with the process.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<Log>>,
}

impl Receiver {
    /// Starts; times in the record count from `start`.
    pub(crate) fn start(start: Instant) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let receiver = Self { address: listener.local_addr().unwrap(), log: Arc::default() };
        let log = Arc::clone(&receiver.log);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let log = Arc::clone(&log);
                thread::spawn(move || serve(stream, &log, start));
            }
        });
        receiver
    }

    /// Everything received so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.log.lock().unwrap().received.clone()
    }
}

fn serve(mut stream: TcpStream, log: &Mutex<Log>, start: Instant) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    stream.set_read_timeout(Some(IDLE_LIMIT)).ok()?;
    let mut input = Vec::new();
    let mut chunk = [0; 16 << 10];
    loop {
        if let Some((head, total)) = measure(&input).filter(|(_, total)| input.len() >= *total) {
            let status = record(&input[..head], &input[head..total], log, start)?;
            input.drain(..total);
            let answer = format!("HTTP/1.1 {status} Status\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).ok()?;
            continue;
        }
        let read = stream.read(&mut chunk).ok().filter(|read| *read > 0)?;
        input.extend_from_slice(&chunk[..read]);
        if input.len() > LONGEST_REQUEST {
            return None;
        }
    }
}

fn measure(input: &[u8]) -> Option<(usize, usize)> {
    let head = input.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let length = header(&input[..head], "content-length")?.parse::<usize>().ok()?;
    Some((head, head + length))
}

fn header(head: &[u8], name: &str) -> Option<String> {
    std::str::from_utf8(head).ok()?.lines().skip(1).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

fn record(head: &[u8], body: &[u8], log: &Mutex<Log>, start: Instant) -> Option<u16> {
    let delivery = header(head, "x-novapulse-delivery-id")?;
    let parsed: Value = serde_json::from_slice(body).ok()?;
    let event = parsed.pointer("/data/external_id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let is_ordered = head.starts_with(b"POST /ordered/");
    let is_flaky = (is_ordered || head.starts_with(b"POST /flaky/"))
        && delivery.bytes().map(u32::from).sum::<u32>().is_multiple_of(FLAKY);
    let at = start.elapsed().as_micros() as u64;
    if is_ordered {
        thread::park_timeout(ORDERED_TAKES);
    }
    let received = Received {
        at,
        until: start.elapsed().as_micros() as u64,
        webhook: header(head, "x-novapulse-webhook-id")?,
        delivery: delivery.clone(),
        event,
        body: String::from_utf8_lossy(body).into_owned(),
        is_genuine: header(head, "x-novapulse-signature").is_some_and(|given| given == signature(body)),
    };
    let mut log = log.lock().unwrap();
    log.received.push(received);
    Some(if is_flaky && log.refused_once.insert(delivery) { 500 } else { 200 })
}

fn signature(body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = hmac::sign(&key, body);
    let value = tag.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digits: String = value.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect();
    format!("sha256={digits}")
}
