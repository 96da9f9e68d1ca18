//! What letting people and keys in costs: a sign-in beside the hash alone, and the check of an API key.

use std::{hint::black_box, net::Ipv4Addr, sync::Arc, time::Instant};

use anyhow::{Context, Result, ensure};
use argon2::{Algorithm, Argon2, Params, Version};
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

/// Signs in one after another, each time from another address because of the limits, and hashes in between with the same
/// costs. What a sign-in takes beyond the hash is everything else: HTTP, limits, session, token, durable commit.
fn sign_in(scale: Scale, report: &mut Report) -> Result<()> {
    let server = Server::start()?;
    let credentials: Value = serde_json::from_slice(&std::fs::read(server.data().join("dev-credentials.json"))?)?;
    let body = json!({ "email": credentials.get("email"), "password": credentials.get("password") }).to_string();
    let mut connection = BlockingConnection::open(server.address)?;
    let hash = Argon2::new(Algorithm::Argon2id, Version::V0x13, params()?);
    let (mut sign_ins, mut hashes) = (Histogram::default(), Histogram::default());
    let count = scale.items(600);
    for number in 0..count + 20 {
        let client = Ipv4Addr::from_bits(0x0a00_0000 + u32::try_from(number)?);
        let mut request = Request::forwarded(client, "/api/v1/auth/login", server.address, &body);
        let start = Instant::now();
        let (status, _) = connection.exchange(request.patch(0, 0))?;
        let took = start.elapsed();
        ensure!(status == 200, "signing in answered {status}");
        let start = Instant::now();
        let mut out = [0; 32];
        hash.hash_password_into(b"tram orbit velvet noon", &number.to_be_bytes().repeat(2), &mut out)
            .map_err(|error| anyhow::anyhow!("hashing: {error}"))?;
        black_box(out);
        // The first ones warm up.
        if number >= 20 {
            sign_ins.record(u64::try_from(took.as_micros())?);
            hashes.record(u64::try_from(start.elapsed().as_micros())?);
        }
    }
    for (name, histogram) in [("sign-in", &sign_ins), ("the hash alone", &hashes)] {
        let note = format!("p95 {}", millis(histogram.quantile(0.95)));
        report.push(Row::new(format!("{name}, p50"), histogram.quantile(0.5) as f64 / 1_000.0, "ms").note(note));
    }
    for (share, name, target) in [(0.5, "p50", Target::None), (0.95, "p95", Target::AtMost(1.0))] {
        let beside = (sign_ins.quantile(share) as f64 - hashes.quantile(share) as f64) / 1_000.0;
        report.push(Row::new(format!("sign-in beside the hash, {name}"), beside, "ms").target(target));
    }
    Ok(())
}

fn params() -> Result<Params> {
    Params::new(19 * 1024, 2, 1, None).map_err(|error| anyhow::anyhow!("the costs: {error}"))
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
