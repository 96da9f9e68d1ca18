//! The bare hyper client: signed POSTs over kept connections, one per slot, to the receiver process.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, task::JoinSet};

use crate::{histogram::Histogram, signature};

/// Requests per second and their latency.
pub(crate) fn measure(
    address: SocketAddr,
    slots: usize,
    threads: usize,
    duration: Duration,
) -> Result<(f64, Histogram)> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    let start = Instant::now();
    let latency = runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for slot in 0..slots {
            tasks.spawn(send(address, slot, start + duration));
        }
        let mut all = Histogram::default();
        while let Some(one) = tasks.join_next().await {
            all.merge(&one.context("a slot's task")??);
        }
        anyhow::Ok(all)
    })?;
    Ok((latency.total() as f64 / start.elapsed().as_secs_f64(), latency))
}

async fn send(address: SocketAddr, slot: usize, until: Instant) -> Result<Histogram> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::task::spawn(connection);
    let key = signature::key();
    let body = Bytes::from(format!(
        r#"{{"id":"evt_00000000000000000000000000","type":"bench","timestamp":"2026-01-01T00:00:00.000Z","data":{{"slot":{slot},"blob":"{}"}}}}"#,
        "x".repeat(512)
    ));
    let mut latency = Histogram::default();
    while Instant::now() < until {
        let start = Instant::now();
        let request = hyper::Request::post("/ok/0")
            .header("host", "127.0.0.1")
            .header("content-type", "application/json")
            .header("x-novapulse-signature", signature::sign(&key, &body))
            .body(Full::new(body.clone()))?;
        sender.ready().await?;
        let answer = sender.send_request(request).await?;
        answer.into_body().collect().await?;
        latency.record(start.elapsed().as_micros() as u64);
    }
    drop(sender);
    driver.await.context("the connection's task")??;
    Ok(latency)
}
