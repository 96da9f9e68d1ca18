//! One million waiting jobs of 512 B: memory, disk and the time to be ready again after SIGKILL.

use std::time::Instant;

use anyhow::{Result, ensure};
use serde_json::json;

use super::{PAYLOAD, Scale, fill_queue};
use crate::{
    api::Api,
    children::Server,
    machine,
    report::{Report, Row, Target, figure},
};

const QUEUE: &str = "bench-million";
const RESTARTS: usize = 3;

/// Loads, measures, kills, measures again.
pub(super) fn run(scale: Scale, report: &mut Report) -> Result<()> {
    let total = scale.items(1_000_000);
    let mut server = Server::start()?;
    report.push(Row::new("memory before", machine::memory_mib(server.pid(), "VmRSS")?, "MiB"));
    let outcome = fill_queue(&server, QUEUE, total)?;
    report.push(
        Row::new("loading", total as f64 / outcome.seconds, "/s")
            .note(format!("{} jobs of {PAYLOAD} B", figure(total as f64))),
    );
    let peak = machine::memory_mib(server.pid(), "VmHWM")?;
    report.push(
        Row::new("memory with the jobs waiting", machine::memory_mib(server.pid(), "VmRSS")?, "MiB")
            .target(Target::AtMost(400.0))
            .note(format!("peak while loading {peak:.0} MiB")),
    );
    report.push(Row::new("disk with the jobs waiting", machine::disk_mib(&server.data()), "MiB"));
    for round in 1..=RESTARTS {
        let ready = server.kill_and_restart()?;
        report.push(
            Row::new(format!("ready after SIGKILL, round {round}"), ready.as_secs_f64(), "s")
                .target(Target::AtMost(2.0))
                .note("pages warm; process start included"),
        );
        check(&server, report, total)?;
    }
    report.push(
        Row::new("memory after the restarts", machine::memory_mib(server.pid(), "VmRSS")?, "MiB")
            .target(Target::AtMost(400.0))
            .note(format!("peak {:.0} MiB", machine::memory_mib(server.pid(), "VmHWM")?)),
    );
    report.push(Row::new("disk after the restarts", machine::disk_mib(&server.data()), "MiB"));
    Ok(())
}

/// All jobs are counted and the first can be leased at once.
fn check(server: &Server, report: &mut Report, total: u64) -> Result<()> {
    let start = Instant::now();
    let mut api = Api::new(server)?;
    let body = json!({ "max": 1, "lease_ms": 600_000, "wait_ms": 5_000, "worker": "bench" });
    let leased = api.call("POST", &format!("/queues/{QUEUE}/lease"), &body)?;
    let first = start.elapsed();
    ensure!(leased.pointer("/jobs/0/id").is_some(), "nothing could be leased: {leased}");
    let token = leased.pointer("/jobs/0/lease_token").cloned();
    let id = leased.pointer("/jobs/0/id").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    // Failing with a delay of nothing would count an attempt; completing keeps the figures simple.
    api.call("POST", &format!("/jobs/{id}/complete"), &json!({ "lease_token": token }))?;
    let waiting = api.queue_figure(QUEUE, "waiting")?;
    let completed = api.queue_figure(QUEUE, "completed")?;
    let active = api.queue_figure(QUEUE, "active")?;
    let missing = total.saturating_sub(waiting + completed + active);
    report.push(Row::new("jobs missing after SIGKILL", missing as f64, "").target(Target::AtMost(0.0)).note(format!(
        "{} waiting, {completed} completed; first lease {:.1} ms after ready",
        figure(waiting as f64),
        first.as_secs_f64() * 1e3
    )));
    Ok(())
}
