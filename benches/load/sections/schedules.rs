//! Schedules of many companies that are due in the same second: how late they tick, what that takes, and what callers
//! feel meanwhile.

use std::{
    net::Ipv4Addr,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::{Scale, others::Others};
use crate::{
    children::Server,
    drive::{self, Load},
    machine,
    report::{Report, Row, Target, figure},
    wire::{BlockingConnection, Request, now_micros},
};

/// As many as a company may have.
const OF_A_COMPANY: u64 = 1_000;
/// The longest time for all to tick.
const LIMIT: Duration = Duration::from_mins(2);

/// Makes them ahead of time, then watches them tick while others call.
pub(super) fn run(scale: Scale, report: &mut Report) -> Result<()> {
    let total = scale.items(100_000);
    let server = Server::start()?;
    let tokens = companies(&server, total / OF_A_COMPANY)?;
    // Those of the company that calls tell how long the making takes, and tick on another day.
    let probe = Instant::now();
    make(&server, &server.api_key, "@yearly")?;
    let ahead = probe.elapsed() * u32::try_from(tokens.len())? * 3 / 2 + Duration::from_secs(5);
    let due_s = now_micros() / 1_000_000 + ahead.as_secs() + 1;
    let due = jiff::Timestamp::from_second(i64::try_from(due_s)?)?.to_zoned(jiff::tz::TimeZone::UTC);
    let cron = format!("{} {} {} * * *", due.second(), due.minute(), due.hour());
    for token in &tokens {
        make(&server, token, &cron)?;
    }
    let (due_at, made_at) = (due_s * 1_000_000, now_micros());
    ensure!(made_at + 1_000_000 < due_at, "making them took longer than they wait");
    thread::sleep(Duration::from_micros(due_at - made_at - 1_000_000));
    let calls = Duration::from_secs(if scale.is_quick { 4 } else { 15 });
    let others = Others::start(&server, calls);
    let ticked = watch(&server, total, due_at)?;
    report.push(
        Row::new("schedules due in the same second: late by, p99", ticked.p99 as f64 / 1e6, "s")
            .target(Target::AtMost(10.0))
            .note(format!(
                "{} of {} companies; p50 {:.2} s, the last {:.2} s; {:.1} s of processor time; memory {:.0} MiB before, {:.0} at most",
                figure(total as f64),
                tokens.len(),
                ticked.p50 as f64 / 1e6,
                ticked.last as f64 / 1e6,
                ticked.processor_s,
                ticked.memory_before,
                ticked.memory_max,
            )),
    );
    others.finish(report)
}

/// Registers companies, each from an address of its own because of the limits; the tokens of their admins.
fn companies(server: &Server, count: u64) -> Result<Vec<String>> {
    let mut connection = BlockingConnection::open(server.address)?;
    let mut tokens = Vec::new();
    for number in 0..count {
        let body = json!({ "company_name": format!("Bench {number}"), "name": "Bench",
            "email": format!("bench-{number}@example.com"), "password": format!("otter quilt zebra {number}") });
        let client = Ipv4Addr::from_bits(0x0a00_0000 + (u32::try_from(number)? << 8));
        let mut request = Request::forwarded(client, "/api/v1/auth/register", server.address, &body.to_string());
        let (status, answer) = connection.exchange(request.patch(0, 0))?;
        ensure!(status == 201, "registering answered {status}: {}", String::from_utf8_lossy(answer));
        let answer: Value = serde_json::from_slice(answer)?;
        tokens.push(answer.get("access_token").and_then(Value::as_str).context("no token")?.to_owned());
    }
    Ok(tokens)
}

/// Makes as many schedules as a company may have.
fn make(server: &Server, bearer: &str, cron: &str) -> Result<()> {
    let order = json!({ "name": "bench", "cron": cron,
        "target": { "job": { "queue": "bench-scheduled", "kind": "bench.noop", "payload": { "n": 1 } } } });
    let request = Request::new("POST", "/api/v1/schedules", server.address, bearer, &order.to_string());
    let outcome = drive::run(&Load {
        address: server.address,
        requests: vec![request],
        items_per_request: 1,
        connections: 64,
        threads: 1,
        warm_up: Duration::ZERO,
        duration: LIMIT,
        limit: OF_A_COMPANY,
    })?;
    match outcome.refusal {
        Some(refusal) => bail!("{} schedules were refused, the first with {refusal}", outcome.refused),
        None => Ok(()),
    }
}

/// How long after their time half, 99 % and all of the schedules had ticked, in microseconds, and what it took.
struct Ticked {
    p50: u64,
    p99: u64,
    last: u64,
    processor_s: f64,
    memory_before: f64,
    memory_max: f64,
}

fn watch(server: &Server, total: u64, due_at: u64) -> Result<Ticked> {
    let mut connection = BlockingConnection::open(server.address)?;
    let start = Instant::now();
    let (memory_before, processor_before) =
        (machine::memory_mib(server.pid(), "VmRSS")?, machine::process_seconds(server.pid()));
    let (mut p50, mut p99, mut memory_max) = (None, None, memory_before);
    while start.elapsed() < LIMIT {
        let (ticks, caught_up) = counted(&mut connection, server)?;
        let late = now_micros().saturating_sub(due_at);
        ensure!(caught_up == 0, "{caught_up} schedules have missed their tick");
        memory_max = machine::memory_mib(server.pid(), "VmRSS")?.max(memory_max);
        if ticks >= total / 2 {
            p50.get_or_insert(late);
        }
        if ticks >= total - total / 100 {
            p99.get_or_insert(late);
        }
        if let (true, Some(p50), Some(p99)) = (ticks >= total, p50, p99) {
            let processor_s = machine::process_seconds(server.pid()) - processor_before;
            return Ok(Ticked { p50, p99, last: late, processor_s, memory_before, memory_max });
        }
        thread::sleep(Duration::from_millis(20));
    }
    bail!("the schedules did not all tick within {LIMIT:?}")
}

/// Ticks so far, and how often a schedule was found with missed ones.
fn counted(connection: &mut BlockingConnection, server: &Server) -> Result<(u64, u64)> {
    let mut request = Request::new("GET", "/metrics", server.address, "", "");
    let (status, text) = connection.exchange(request.patch(0, 0))?;
    ensure!(status == 200, "the metrics answered {status}");
    let text = String::from_utf8_lossy(text);
    let figure = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|value| value.parse().ok()).with_context(|| format!("no {name}"))
    };
    Ok((figure("novapulse_schedule_ticks_total")?, figure("novapulse_schedule_catch_ups_total")?))
}
