//! What the store and its disk hold, against the real server.

use std::{fs, time::Duration};

use serde_json::{Value, json};

use super::access::join;
use crate::support::{Client, TestApp, wait_for};

const STORAGE: &str = "/api/v1/storage";
/// Writing out and merging go on in the background, half a minute on a machine that does nothing else.
const PATIENCE: Duration = Duration::from_mins(4);

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no figure"))
}

fn rows(shown: &Value) -> u64 {
    shown["keyspaces"].as_array().unwrap().iter().map(|keyspace| number(&keyspace["rows_max"])).sum()
}

/// A batch of jobs with a kilobyte each.
fn fill(client: &mut Client) {
    let job = json!({ "queue": "filling", "kind": "k", "payload": "x".repeat(1_000), "delay_ms": 3_600_000 });
    client.post("/api/v1/jobs/batch", &json!({ "jobs": vec![job; 500] })).expect(201);
}

#[test]
fn the_owner_sees_what_the_store_and_its_disk_hold() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let shown = owner.get(STORAGE).expect(200);
    let disk = &shown["disk"];
    assert!(number(&disk["free_bytes"]) <= number(&disk["total_bytes"]) && number(&disk["free_bytes"]) > 0, "{disk}");
    assert_eq!((number(&disk["short_below_bytes"]), number(&disk["exhausted_below_bytes"])), (64 << 20, 32 << 20));
    assert_eq!(shown["headroom"], "ample");
    assert_eq!(number(&shown["reserve_bytes"]), fs::metadata(app.data().join("ballast")).unwrap().len());
    let names: Vec<_> = shown["keyspaces"].as_array().unwrap().iter().map(|keyspace| &keyspace["name"]).collect();
    assert_eq!(names, ["records", "index"]);
    assert!(number(&shown["journals"]["files"]) >= 1 && number(&shown["journals"]["disk_bytes"]) > 0, "{shown}");
    assert!(number(&shown["memory"]["unwritten_bytes"]) > 0 && number(&shown["memory"]["cache_max_bytes"]) > 0);
    assert_eq!(shown["files"], json!({ "count": 0, "size_bytes": 0, "is_complete": true }));
    assert!(shown["committed_at"].is_string());

    fill(&mut app.client());
    let folder = app.data().join("blobs/reports");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("one"), "seven b").unwrap();
    let later = owner.get(STORAGE).expect(200);
    assert!(rows(&later) >= rows(&shown) + 500, "{later}");
    assert!(number(&later["commits"]) > number(&shown["commits"]));
    assert_eq!(later["files"], json!({ "count": 1, "size_bytes": 7, "is_complete": true }));
}

#[test]
fn what_is_written_out_is_told_by_table() {
    let app = TestApp::start_with(&[("NOVAPULSE_STORAGE_MEMTABLE", "64KiB")]);
    let (mut owner, mut client) = (app.owner(), app.client());
    let shown = wait_for(PATIENCE, || {
        fill(&mut client);
        let shown = owner.get(STORAGE).expect(200);
        let records = shown["keyspaces"][0].clone();
        let is_told = records["tables"].as_array().unwrap().iter().any(|table| table["name"] == "JOBS");
        is_told.then_some(shown)
    });
    let shown = shown.expect("the rows of jobs fill files of their own");
    assert!(shown["written_out_at"].is_string());
    let mut in_keyspaces = 0;
    for keyspace in shown["keyspaces"].as_array().unwrap() {
        let tables = keyspace["tables"].as_array().unwrap();
        let told: u64 = tables.iter().map(|table| number(&table["disk_bytes"])).sum();
        assert_eq!(told + number(&keyspace["shared_bytes"]), number(&keyspace["disk_bytes"]), "{keyspace}");
        assert!(tables.is_sorted_by_key(|table| std::cmp::Reverse(number(&table["disk_bytes"]))), "{keyspace}");
        in_keyspaces += number(&keyspace["disk_bytes"]);
    }
    assert_eq!(number(&shown["store_bytes"]), in_keyspaces + number(&shown["journals"]["disk_bytes"]));
    let jobs = shown["keyspaces"][0]["tables"].as_array().unwrap().iter().find(|table| table["name"] == "JOBS");
    let jobs = jobs.unwrap();
    assert_eq!(jobs["owner"], "queue");
    assert!(number(&jobs["disk_bytes"]) > 0 && number(&jobs["rows_max"]) > 0, "{jobs}");
}

#[test]
fn nobody_but_the_owner_of_the_instance_sees_it() {
    let app = TestApp::start();
    assert_eq!(app.anonymous().get(STORAGE).problem(401), "unauthorized");
    assert_eq!(app.client().get(STORAGE).problem(403), "forbidden");
    let joined = join(&app, &mut app.owner(), "grace@example.com", "admin");
    let mut admin = Client::with_key(app.address(), joined["access_token"].as_str().unwrap());
    assert_eq!(admin.get(STORAGE).problem(403), "forbidden");
    assert_eq!(app.anonymous().get("/storage").problem(404), "not_found");
}
