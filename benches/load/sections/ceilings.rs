//! Ceilings: what the same machine reaches with the work left out.

use anyhow::Result;

use super::{Scale, job};
use crate::{
    children::{Role, work_directory},
    drive::{self, Load},
    group_commit, hyper_client,
    report::{Report, Row, millis},
    wire::Request,
};

/// Measures axum, hyper and the shared `fdatasync`, each at 64 and 256.
pub(super) fn run(scale: Scale, report: &mut Report) -> Result<()> {
    let axum = Role::start("axum", 2)?;
    for connections in [1, 64, 256] {
        let load = Load {
            address: axum.address,
            requests: vec![Request::new("POST", "/api/v1/jobs", axum.address, "none", &job("bench"))],
            items_per_request: 1,
            connections,
            threads: if connections == 1 { 1 } else { 2 },
            warm_up: scale.warm_up() / 2,
            duration: scale.window() / 2,
            limit: u64::MAX,
        };
        let outcome = drive::run(&load)?;
        report.push(Row::new(format!("axum POST, {connections} connections"), outcome.per_second(), "/s").note(
            format!("p50 {}, p99 {}", millis(outcome.latency.quantile(0.5)), millis(outcome.latency.quantile(0.99))),
        ));
    }
    drop(axum);
    let receiver = Role::start("receiver", 2)?;
    for slots in [64, 256] {
        let (rate, latency) = hyper_client::measure(receiver.address, slots, 2, scale.window() / 2)?;
        report.push(Row::new(format!("hyper signed POST, {slots} in flight"), rate, "/s").note(format!(
            "p50 {}, p99 {}",
            millis(latency.quantile(0.5)),
            millis(latency.quantile(0.99))
        )));
    }
    drop(receiver);
    std::fs::create_dir_all(work_directory())?;
    for callers in [1, 64, 256] {
        let rate = group_commit::measure(&work_directory(), callers, scale.window() / 2)?;
        report.push(Row::new(format!("shared fdatasync, {callers} callers"), rate.records_per_second, "/s").note(
            format!(
                "{:.0} syncs/s, p50 {}, p99 {}",
                rate.syncs_per_second,
                millis(rate.latency.quantile(0.5)),
                millis(rate.latency.quantile(0.99))
            ),
        ));
    }
    Ok(())
}
