//! What letting people and keys in costs: a sign-in beside the hash of its password, and the check of an API key.

use std::{hint::black_box, io::Write as _, net::Ipv4Addr, sync::Arc, time::Instant};

use anyhow::{Context, Result, ensure};
use novapulse::{
    audit::Origin,
    auth::{Auth, NewApiKey, Scopes, Settings},
    base::{CompanyId, RawId, SealKey, SystemClock, SystemRandom},
    storage::{Directory, DirectoryOptions},
};
use serde_json::{Value, json};

use super::Scale;
use crate::{
    children::{Server, work_directory},
    histogram::Histogram,
    report::{Report, Row, Target, millis},
    wire::{BlockingConnection, Request},
};

pub(super) fn run(scale: Scale, report: &mut Report) -> Result<()> {
    sign_in(scale, report)?;
    api_key(scale, report)
}

/// Signs in and out, one after another, each time from another address because of the limits. What each sign-in took beside the hash
/// of the password, the server says itself: its time in the use case without the hash and the wait for its turn; HTTP is measured
/// elsewhere. What has to be on disk gets there beside the hash, and the session is opened behind the answer, so the first call
/// with its token stands there too. For comparison what no commit can do without: a `fdatasync` of some appended bytes, after a
/// rest as long as a sign-in took, now and then between them.
fn sign_in(scale: Scale, report: &mut Report) -> Result<()> {
    let server = Server::start()?;
    let credentials: Value = serde_json::from_slice(&std::fs::read(server.data().join("dev-credentials.json"))?)?;
    let body = json!({ "email": credentials.get("email"), "password": credentials.get("password") }).to_string();
    let mut connection = BlockingConnection::open(server.address)?;
    let (mut sign_ins, mut firsts, mut syncs) = (Histogram::default(), Histogram::default(), Histogram::default());
    let mut file = tempfile::tempfile_in(work_directory())?;
    let count = scale.items(600);
    let mut before = Vec::new();
    for number in 0..count + 20 {
        // The first ones warm up.
        if number == 20 {
            before = beside_hash(&mut connection, &server)?;
        }
        let client = Ipv4Addr::from_bits(0x0a00_0000 + u32::try_from(number)?);
        let mut request = Request::forwarded(client, "/api/v1/auth/login", server.address, &body);
        let start = Instant::now();
        let (status, answer) = connection.exchange(request.patch(0, 0))?;
        let took = start.elapsed();
        ensure!(status == 200, "signing in answered {status}");
        let answer: Value = serde_json::from_slice(answer)?;
        let token = answer.get("access_token").and_then(Value::as_str).context("an access token")?;
        let start = Instant::now();
        let mut request = Request::new("GET", "/api/v1/auth/me", server.address, token, "");
        let (status, _) = connection.exchange(request.patch(0, 0))?;
        let first = start.elapsed();
        ensure!(status == 200, "the first call answered {status}");
        let mut request = Request::new("POST", "/api/v1/auth/logout", server.address, token, "");
        let (status, _) = connection.exchange(request.patch(0, 0))?;
        ensure!(status == 204, "signing out answered {status}");
        if number >= 20 {
            sign_ins.record(u64::try_from(took.as_micros())?);
            firsts.record(u64::try_from(first.as_micros())?);
        }
        if number % 4 == 0 {
            std::thread::sleep(took);
            let start = Instant::now();
            file.write_all(&[7; 2_000])?;
            file.sync_data()?;
            syncs.record(u64::try_from(start.elapsed().as_micros())?);
        }
    }
    let after = beside_hash(&mut connection, &server)?;
    let note = format!("p95 {}", millis(sign_ins.quantile(0.95)));
    report.push(Row::new("sign-in, p50", sign_ins.quantile(0.5) as f64 / 1_000.0, "ms").note(note));
    for (share, name, target) in [(0.5, "p50", Target::None), (0.95, "p95", Target::AtMost(1.0))] {
        let beside = quantile(&before, &after, share).context("the server counted no sign-in")? * 1_000.0;
        let sync = millis(syncs.quantile(share));
        let note = format!("the upper bound of its bucket; a lone fdatasync after as long a rest {sync}");
        report.push(Row::new(format!("sign-in beside the hash, {name}"), beside, "ms").target(target).note(note));
    }
    let note = format!("p95 {}; begun at once, so it waits until the session is open", millis(firsts.quantile(0.95)));
    report.push(Row::new("first call with its token, p50", firsts.quantile(0.5) as f64 / 1_000.0, "ms").note(note));
    Ok(())
}

/// The buckets of the server's histogram: upper bound in seconds, and how many sign-ins were below it.
fn beside_hash(connection: &mut BlockingConnection, server: &Server) -> Result<Vec<(f64, f64)>> {
    let mut request = Request::new("GET", "/metrics", server.address, "", "");
    let (status, text) = connection.exchange(request.patch(0, 0))?;
    ensure!(status == 200, "the metrics answered {status}");
    let text = String::from_utf8_lossy(text).into_owned();
    let lines = text.lines().filter_map(|line| line.strip_prefix("novapulse_sign_in_beside_hash_seconds_bucket{le=\""));
    lines
        .filter(|line| !line.starts_with("+Inf"))
        .map(|line| {
            let (bound, count) = line.split_once("\"}").context("a bucket")?;
            Ok((bound.parse()?, count.trim().parse()?))
        })
        .collect()
}

/// The upper bound of the bucket in which this share of what came between two readings lies.
fn quantile(before: &[(f64, f64)], after: &[(f64, f64)], share: f64) -> Option<f64> {
    let counts: Vec<(f64, f64)> = before.iter().zip(after).map(|(old, new)| (new.0, new.1 - old.1)).collect();
    let all = counts.last()?.1;
    counts.iter().find(|(_, count)| *count >= all * share && all > 0.0).map(|(bound, _)| *bound)
}

/// Checks one key over and over, as requests do: hash, look-up, comparison, rate.
fn api_key(scale: Scale, report: &mut Report) -> Result<()> {
    let directory = tempfile::Builder::new().prefix("bench-").tempdir_in(work_directory())?;
    let options = DirectoryOptions::default();
    let store = Directory::open(
        &directory.path().join("data"),
        &options,
        Arc::new(SystemClock::default()),
        Arc::new(SystemRandom),
    )?;
    let auth = Auth::new(store.db().clone(), Settings::new(Arc::new(SealKey::from_bytes(&[7; 32]))));
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let company = CompanyId::from_raw(RawId { hi: 1, lo: 1 });
    let order = NewApiKey { company, name: "bench".to_owned(), scopes: Scopes::of_keys(), expires_at: None };
    let maker = auth.clone();
    let (_, key) = store.db().write_blocking(move |tx| maker.create_key(tx, &Origin::machine(), order))?;
    let header = format!("Bearer {}", key.expose());
    let mut nanos = Histogram::default();
    for number in 0..scale.items(500_000) {
        let start = Instant::now();
        let caller = runtime.block_on(auth.identify(Some(&header)));
        let took = start.elapsed();
        ensure!(black_box(caller).context("the key")?.company == company, "another company");
        if number >= 1_000 {
            nanos.record(u64::try_from(took.as_nanos())?);
        }
    }
    let note = format!("p50 {:.2} µs", nanos.quantile(0.5) as f64 / 1_000.0);
    let p95 = nanos.quantile(0.95) as f64 / 1_000.0;
    report.push(Row::new("check of an API key, p95", p95, "µs").target(Target::AtMost(20.0)).note(note));
    store.close();
    Ok(())
}
