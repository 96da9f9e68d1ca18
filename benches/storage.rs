//! The writer alone: durable transactions per second on the real engine and disk.
//!
//! Each transaction writes what an enqueue writes: one row of 600 bytes and one index row.
//! Run with `cargo bench --bench storage`; prints a line per case.

#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::unwrap_used, reason = "a bench ends at the first surprise")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use novapulse::{
    base::{SystemClock, SystemRandom},
    storage::{Db, Directory, DirectoryOptions, Error, Space, Table, TableSpec, Tx},
};

const BODY: TableSpec =
    TableSpec { number: 240, space: Space::Records, name: "BODY", owner: "bench", key: "hi", value: "bytes" };
const READY: TableSpec =
    TableSpec { number: 241, space: Space::Index, name: "READY", owner: "bench", key: "queue, hi", value: "-" };

#[derive(serde::Serialize, serde::Deserialize)]
struct Body(Vec<u8>);
novapulse::postcard_value!(Body, 1);

const BODIES: Table<(u64, u64), Body> = Table::of(BODY);
const READIES: Table<(u64, u32, u8, u64, u64), ()> = Table::of(READY);

fn enqueue(tx: &mut Tx<'_>, body: &Body) -> Result<(), Error> {
    let id = tx.mint();
    tx.put(BODIES, &(7, id.hi), body)?;
    tx.put(READIES, &(7, 1, 5, 0, id.hi), &())
}

fn main() {
    let root = tempfile::tempdir_in("target").unwrap();
    let directory = Directory::open(
        &root.path().join("data"),
        &DirectoryOptions { ballast_bytes: 0, ..DirectoryOptions::default() },
        Arc::new(SystemClock::default()),
        Arc::new(SystemRandom),
    )
    .unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    for callers in [1, 64, 256, 1024] {
        let (rate, p50, p99) = runtime.block_on(singles(directory.db(), callers));
        println!("{callers:>5} callers, one row pair each: {rate:>8.0}/s, p50 {p50:?}, p99 {p99:?}");
    }
    for callers in [1, 4, 8] {
        let rate = runtime.block_on(batches(directory.db(), callers));
        println!("{callers:>5} callers, 1,000 row pairs each: {rate:>8.0}/s");
    }
    println!("{:?}", directory.db().stats());
    let begun = Instant::now();
    directory.close();
    println!("closed in {:?}", begun.elapsed());
}

const RUN: Duration = Duration::from_secs(5);

async fn singles(db: &Db, callers: usize) -> (f64, Duration, Duration) {
    let begun = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(async move {
                let mut times = Vec::new();
                while begun.elapsed() < RUN {
                    let sent = Instant::now();
                    db.write(|tx| enqueue(tx, &Body(vec![b'x'; 600]))).await.unwrap();
                    times.push(sent.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    times.sort_unstable();
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default();
    (times.len() as f64 / begun.elapsed().as_secs_f64(), at(0.5), at(0.99))
}

async fn batches(db: &Db, callers: usize) -> f64 {
    let begun = Instant::now();
    let count = Arc::new(AtomicU64::new(0));
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (db, count) = (db.clone(), Arc::clone(&count));
            tokio::spawn(async move {
                while begun.elapsed() < RUN {
                    let bodies: Vec<_> = (0..1000).map(|_| Body(vec![b'x'; 600])).collect();
                    db.write(move |tx| bodies.iter().try_for_each(|body| enqueue(tx, body))).await.unwrap();
                    count.fetch_add(1000, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    count.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64()
}
