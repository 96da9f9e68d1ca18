//! The bare axum server, run as a process of its own: takes a POST body whole, answers a small JSON object.

use std::io::Read;

use anyhow::Result;
use axum::{Router, body::Bytes, http::StatusCode, routing::post};

const ANSWER: &str = r#"{"id":"job_00000000000000000000000000","queue":"bench","kind":"bench.noop","state":"waiting"}"#;

/// Serves until standard input closes. The first line of output is the address.
pub(crate) fn serve(threads: usize) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads.max(1)).enable_all().build()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    println!("listening {}", listener.local_addr()?);
    runtime.spawn(async move {
        let routes = Router::new().route("/api/v1/jobs", post(accept));
        let listener = axum::serve::ListenerExt::tap_io(listener, |stream| drop(stream.set_nodelay(true)));
        axum::serve(listener, routes).await
    });
    let mut byte = [0];
    while std::io::stdin().read(&mut byte)? > 0 {}
    runtime.shutdown_background();
    Ok(())
}

async fn accept(body: Bytes) -> (StatusCode, [(&'static str, &'static str); 1], &'static str) {
    let status = if body.is_empty() { StatusCode::BAD_REQUEST } else { StatusCode::CREATED };
    (status, [("content-type", "application/json")], ANSWER)
}
