//! A report over one million jobs as CSV and as XLSX: how long it takes, and what memory it needs meanwhile.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::{Scale, fill_queue};
use crate::{
    api::Api,
    children::Server,
    machine,
    report::{Report, Row, Target, figure},
};

const LIMIT: Duration = Duration::from_mins(10);
/// Between two looks at the report and at the memory of the server.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Loads the jobs, makes both reports.
pub(super) fn run(scale: Scale, report: &mut Report) -> Result<()> {
    let total = scale.items(1_000_000);
    let server = Server::start()?;
    fill_queue(&server, "bench-reports", total)?;
    for format in ["csv", "xlsx"] {
        let made = make(&server, format)?;
        ensure!(made.rows >= total, "{format}: {} of {total} rows", made.rows);
        let note = format!("{} rows, {:.0} MiB", figure(made.rows as f64), made.size_mib);
        report.push(Row::new(format!("{format}: time"), made.seconds, "s").note(note));
        let note = format!("from {:.0} MiB", made.before_mib);
        let row = Row::new(format!("{format}: growth of memory"), made.growth_mib, "MiB");
        report.push(row.target(Target::AtMost(100.0)).note(note));
    }
    Ok(())
}

struct Made {
    rows: u64,
    size_mib: f64,
    seconds: f64,
    before_mib: f64,
    growth_mib: f64,
}

fn make(server: &Server, format: &str) -> Result<Made> {
    let mut api = Api::new(server)?;
    let before_mib = machine::memory_mib(server.pid(), "VmRSS")?;
    let start = Instant::now();
    let order = json!({ "definition": "jobs", "format": format, "period": { "last_ms": 3_600_000 } });
    let ordered = api.call("POST", "/reports", &order)?;
    let path = format!("/reports/{}", ordered.get("id").and_then(Value::as_str).context("a report without id")?);
    let mut highest: f64 = 0.0;
    loop {
        thread::sleep(LOOK_EVERY);
        highest = highest.max(machine::memory_mib(server.pid(), "VmRSS")?);
        let report = api.call("GET", &path, &Value::Null)?;
        let number = |name: &str| report.get(name).and_then(Value::as_u64).unwrap_or(0);
        match report.get("state").and_then(Value::as_str) {
            Some("ready") => {
                return Ok(Made {
                    rows: number("rows"),
                    size_mib: number("size_bytes") as f64 / f64::from(1 << 20),
                    seconds: start.elapsed().as_secs_f64(),
                    before_mib,
                    growth_mib: highest - before_mib,
                });
            }
            Some("failed") => bail!("the report failed: {report}"),
            _ if start.elapsed() > LIMIT => bail!("not ready after {LIMIT:?}: {report}"),
            _ => {}
        }
    }
}
