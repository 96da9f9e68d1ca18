//! Workers outside over HTTP: lease and complete, in batches and one by one.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use tokio::task::JoinSet;

use super::{BATCH, PAYLOAD, Scale, fill_queue};
use crate::{
    api::Api,
    children::Server,
    report::{Report, Row, Target, figure},
    wire::{Connection, Request},
};

const CONNECTIONS: usize = 64;
const THREADS: usize = 2;
/// Longest time for one case.
const LIMIT: Duration = Duration::from_mins(2);

struct Case {
    name: &'static str,
    queue: &'static str,
    /// Jobs per lease.
    max: u64,
    jobs: u64,
    target: f64,
}

#[derive(Deserialize)]
struct Leased<'a> {
    #[serde(borrow)]
    jobs: Vec<LeasedJob<'a>>,
}

#[derive(Deserialize)]
struct LeasedJob<'a> {
    id: &'a str,
    lease_token: &'a str,
}

/// Batches of 50 and single jobs.
pub(super) fn run(scale: Scale, report: &mut Report) -> Result<()> {
    let cases = [
        Case { name: "50 at a time", queue: "bench-workers", max: 50, jobs: scale.items(500_000), target: 60_000.0 },
        Case { name: "one by one", queue: "bench-worker", max: 1, jobs: scale.items(100_000), target: 12_000.0 },
    ];
    let server = Server::start()?;
    cases.iter().try_for_each(|case| measure(&server, report, case))
}

fn measure(server: &Server, report: &mut Report, case: &Case) -> Result<()> {
    let total = case.jobs.next_multiple_of(BATCH);
    fill_queue(server, case.queue, total)?;
    let done = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let workers: Vec<_> = (0..THREADS)
        .map(|_| {
            let (address, key, done) = (server.address, server.api_key.clone(), Arc::clone(&done));
            let (queue, max) = (case.queue, case.max);
            thread::spawn(move || work(address, &key, queue, max, total, &done))
        })
        .collect();
    for worker in workers {
        worker.join().map_err(|_| anyhow::anyhow!("a worker panicked"))??;
    }
    let seconds = start.elapsed().as_secs_f64();
    let mut api = Api::new(server)?;
    let completed = api.queue_figure(case.queue, "completed")?;
    ensure!(completed == total, "{completed} of {total} jobs are completed");
    report.push(
        Row::new(format!("lease and complete, {}", case.name), total as f64 / seconds, "/s")
            .target(Target::AtLeast(case.target))
            .note(format!("{} jobs of {PAYLOAD} B, {CONNECTIONS} connections", figure(total as f64))),
    );
    Ok(())
}

fn work(
    address: SocketAddr,
    key: &str,
    queue: &'static str,
    max: u64,
    total: u64,
    done: &Arc<AtomicU64>,
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut workers = JoinSet::new();
        for _ in 0..CONNECTIONS / THREADS {
            workers.spawn(work_alone(address, key.to_owned(), queue, max, total, Arc::clone(done)));
        }
        while let Some(worker) = workers.join_next().await {
            worker.context("a worker's task")??;
        }
        Ok(())
    })
}

async fn work_alone(
    address: SocketAddr,
    key: String,
    queue: &str,
    max: u64,
    total: u64,
    done: Arc<AtomicU64>,
) -> Result<()> {
    let mut connection = Connection::open(address).await?;
    let order = format!(r#"{{"max":{max},"lease_ms":60000,"wait_ms":0,"worker":"bench"}}"#);
    let mut lease = Request::new("POST", &format!("/api/v1/queues/{queue}/lease"), address, &key, &order);
    let start = Instant::now();
    while done.load(Ordering::Relaxed) < total {
        ensure!(start.elapsed() < LIMIT, "the jobs were not done within {LIMIT:?}");
        let (status, body) = connection.exchange(lease.patch(0, 0)).await?;
        ensure!(status == 200, "a lease was answered {status}: {}", String::from_utf8_lossy(body));
        let leased: Leased<'_> = serde_json::from_slice(body).context("a lease's answer")?;
        let count = leased.jobs.len() as u64;
        if count == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        }
        let mut complete = complete(address, &key, &leased.jobs, max);
        let (status, body) = connection.exchange(complete.patch(0, 0)).await?;
        let is_refused = body.windows(11).any(|window| window == b"stale_lease");
        ensure!(status == 200 && !is_refused, "an end was answered {status}: {}", String::from_utf8_lossy(body));
        done.fetch_add(count, Ordering::Relaxed);
    }
    Ok(())
}

fn complete(address: SocketAddr, key: &str, jobs: &[LeasedJob<'_>], max: u64) -> Request {
    if let ([job], 1) = (jobs, max) {
        let body = format!(r#"{{"lease_token":"{}"}}"#, job.lease_token);
        return Request::new("POST", &format!("/api/v1/jobs/{}/complete", job.id), address, key, &body);
    }
    let items: Vec<String> = jobs
        .iter()
        .map(|job| format!(r#"{{"id":"{}","lease_token":"{}","outcome":"complete"}}"#, job.id, job.lease_token))
        .collect();
    Request::new("POST", "/api/v1/jobs/settle", address, key, &format!(r#"{{"items":[{}]}}"#, items.join(",")))
}
