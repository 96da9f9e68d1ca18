//! The workers of the guide, run as they stand there against the real server.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{Killed, TestApp, skipped, wait_until};

const PATIENCE: Duration = Duration::from_mins(1);
const JOBS: usize = 3;

fn guide(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guides/workers").join(file)
}

/// Starts the worker, gives it jobs and waits until it has done them all and ended by itself.
fn does_its_jobs(mut command: Command) {
    let app = TestApp::start();
    let mut client = app.client();
    command.arg("echoes").env("NOVAPULSE_URL", app.url()).env("NOVAPULSE_API_KEY", app.api_key());
    let process = command.env("WORKER_JOBS", JOBS.to_string()).stdin(Stdio::null()).spawn().unwrap();
    let mut worker = Killed(process);
    let order = |number: usize| json!({"queue": "echoes", "kind": "echo", "payload": {"number": number}});
    let made = client.post("/api/v1/jobs", &order(0)).expect(201);
    let first = format!("/api/v1/jobs/{}", made["id"].as_str().unwrap());
    wait_until("the first job is done", PATIENCE, || client.get(&first).expect(200)["state"] == "completed");
    let workers = client.get("/api/v1/workers").expect(200);
    assert_eq!(workers["data"][0]["queue"], "echoes", "{workers}");
    assert!(workers["data"][0]["name"].as_str().unwrap().contains('-'), "{workers}");
    let orders: Vec<Value> = (1..JOBS).map(order).collect();
    let made = client.post("/api/v1/jobs/batch", &json!({ "jobs": orders })).expect(201);
    wait_until("the worker has ended", PATIENCE, || worker.0.try_wait().unwrap().is_some());
    assert!(worker.0.wait().unwrap().success());
    for (number, job) in made["jobs"].as_array().unwrap().iter().enumerate() {
        let shown = client.get(&format!("/api/v1/jobs/{}", job["id"].as_str().unwrap())).expect(200);
        assert_eq!((&shown["state"], &shown["attempt"]), (&json!("completed"), &json!(1)), "{shown}");
        assert_eq!(shown["result"]["echo"]["number"], number + 1, "{shown}");
    }
}

#[test]
fn the_python_worker_does_its_jobs() {
    let mut command = Command::new("python3");
    command.arg(guide("worker.py"));
    does_its_jobs(command);
}

#[test]
fn the_node_worker_does_its_jobs() {
    let mut command = Command::new("node");
    command.arg(guide("worker.mjs"));
    does_its_jobs(command);
}

#[test]
fn the_go_worker_does_its_jobs() {
    if Command::new("go").arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        return skipped("the_go_worker_does_its_jobs", "there is no Go here");
    }
    let mut command = Command::new("go");
    command.arg("run").arg(guide("worker.go"));
    does_its_jobs(command);
}
