//! An open loop: requests leave at fixed times, whether or not earlier ones are answered.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use crate::{
    histogram::Histogram,
    wire::{BlockingConnection, Request, now_micros},
};

/// Threads that share the schedule; a request that takes longer than all their turns is late and counted so.
const SENDERS: u32 = 16;
/// A sending this late is stamped with the time it was due, so that the delay is not hidden.
const LATE: Duration = Duration::from_millis(1);

/// Sends `per_second` requests for `duration`, numbered from `first`. Returns how many and the answers' latency.
pub(super) fn send(
    request: &Request,
    address: std::net::SocketAddr,
    per_second: u32,
    duration: Duration,
    first: u64,
) -> Result<(u64, Histogram)> {
    let total = u64::from(per_second) * duration.as_secs();
    let start = Instant::now() + Duration::from_millis(50);
    let threads: Vec<_> = (0..u64::from(SENDERS))
        .map(|sender| {
            let request = request.clone();
            thread::spawn(move || send_turns(request, address, per_second, start, total, first, sender))
        })
        .collect();
    let mut latency = Histogram::default();
    for thread in threads {
        latency.merge(&thread.join().map_err(|_| anyhow::anyhow!("a sender panicked"))??);
    }
    Ok((total, latency))
}

fn send_turns(
    mut request: Request,
    address: std::net::SocketAddr,
    per_second: u32,
    start: Instant,
    total: u64,
    first: u64,
    sender: u64,
) -> Result<Histogram> {
    let mut connection = BlockingConnection::open(address)?;
    let mut latency = Histogram::default();
    for turn in (sender..total).step_by(SENDERS as usize) {
        let due = start + Duration::from_micros(turn * 1_000_000 / u64::from(per_second));
        if let Some(wait) = due.checked_duration_since(Instant::now()) {
            thread::sleep(wait);
        }
        let late = due.elapsed();
        let stamp = if late > LATE { now_micros() - late.as_micros() as u64 } else { now_micros() };
        let (status, body) = connection.exchange(request.patch(first + turn, stamp))?;
        if !(200..300).contains(&status) {
            bail!("refused with {status}: {}", String::from_utf8_lossy(body));
        }
        latency.record(now_micros().saturating_sub(stamp));
    }
    Ok(latency)
}
