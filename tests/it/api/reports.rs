//! Reports: ordered, rendered in each format, read back, downloaded in parts, refused and removed.

use std::{process::Command, time::Duration};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::access::{bearer, join};
use crate::support::{Answer, Client, TestApp, python, skipped, wait_for};

const PATIENCE: Duration = Duration::from_mins(1);
pub(super) const REPORTS: &str = "/api/v1/reports";
/// Kinds that a spreadsheet, a page or a reader could take for something else.
const HOSTILE: [&str; 6] = ["=1+1", "@SUM(A1)", "<script>alert(1)</script>", "a,b \"c\"", "Größe Ω Ж €", "&amp;"];

fn enqueue(client: &mut Client, kinds: &[&str]) {
    let jobs: Vec<Value> =
        kinds.iter().map(|kind| json!({ "queue": "reported", "kind": kind, "payload": 1 })).collect();
    client.post("/api/v1/jobs/batch", &json!({ "jobs": jobs })).expect(201);
}

pub(super) fn order(definition: &str, format: &str) -> Value {
    json!({ "definition": definition, "format": format, "period": { "last_ms": 3_600_000 } })
}

/// Orders a report and waits until it is ready.
pub(super) fn made(client: &mut Client, order: &Value) -> Value {
    let id = client.post(REPORTS, order).expect(202)["id"].clone();
    let path = format!("{REPORTS}/{}", id.as_str().unwrap());
    let ready = wait_for(PATIENCE, || {
        let report = client.get(&path).expect(200);
        assert_ne!(report["state"], "failed", "{report}");
        (report["state"] == "ready").then_some(report)
    });
    ready.expect("the report is ready in time")
}

fn download(client: &mut Client, report: &Value, headers: &[(&str, &str)]) -> Answer {
    let path = format!("{REPORTS}/{}/download", report["id"].as_str().unwrap());
    client.send("GET", &path, headers, None)
}

/// The file of a report, compared with what the report says about it.
pub(super) fn file(client: &mut Client, order: &Value) -> (Value, Answer) {
    let report = made(client, order);
    let answer = download(client, &report, &[]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(report["size_bytes"], answer.bytes.len());
    let hash = Sha256::digest(&answer.bytes).iter().fold(String::new(), |hash, byte| format!("{hash}{byte:02x}"));
    assert_eq!(report["sha256"], hash);
    assert_eq!(answer.header("etag"), Some(format!("\"{hash}\"").as_str()));
    assert!(answer.header("content-disposition").unwrap().starts_with("attachment; filename=\""));
    (report, answer)
}

#[test]
fn csv_and_json_hold_every_job_and_no_formula() {
    let app = TestApp::start();
    let mut client = app.client();
    enqueue(&mut client, &HOSTILE);
    let mut csv = order("jobs", "csv");
    csv["filters"] = json!({ "queue": ["reported"] });
    let (report, answer) = file(&mut client, &csv);
    assert_eq!(report["rows"], HOSTILE.len());
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    let mut reader = csv::Reader::from_reader(&answer.bytes[..]);
    assert_eq!(&reader.headers().unwrap()[2], "kind");
    let kinds: Vec<String> = reader.records().map(|row| row.unwrap()[2].to_owned()).collect();
    let expected = HOSTILE.map(|kind| if kind.starts_with(['=', '@']) { format!("'{kind}") } else { kind.to_owned() });
    assert_eq!(kinds, expected, "in the order of their acceptance");

    let mut json = order("jobs", "json");
    json["filters"] = json!({ "queue": ["reported"] });
    json["columns"] = json!(["kind", "state", "started_at", "priority"]);
    let (_, answer) = file(&mut client, &json);
    let document = answer.json();
    let rows: Vec<Value> = HOSTILE
        .iter()
        .map(|kind| json!({ "kind": kind, "state": "waiting", "started_at": null, "priority": 5 }))
        .collect();
    assert_eq!(document["rows"], json!(rows));
    assert_eq!((&document["row_count"], &document["is_truncated"]), (&json!(HOSTILE.len()), &json!(false)));
}

#[test]
fn pages_are_escaped_and_stand_alone() {
    let app = TestApp::start();
    let mut client = app.client();
    enqueue(&mut client, &HOSTILE);
    let mut html = order("jobs", "html");
    html["name"] = json!("<b>Jobs & \"more\"</b>");
    let (_, answer) = file(&mut client, &html);
    let page = answer.text();
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && page.contains("&amp;amp;"));
    assert!(page.contains("<svg role=\"img\"") && page.contains("Größe Ω Ж €"));
    for foreign in ["<script", "<b>", "http://", "https://", "src=", "href=", "url("] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    let disposition = answer.header("content-disposition").unwrap();
    assert!(
        disposition.contains("filename=\"-b-Jobs----more---b--") && disposition.contains("filename*=UTF-8''%3Cb%3E")
    );
}

/// Reads a file as another program does; none when there is no such program here.
fn read_by_others(test: &str, kind: &str, bytes: &[u8]) -> Option<Value> {
    let Some(python) = python() else {
        skipped(test, "the readers from PyPI cannot be had");
        return None;
    };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(format!("report.{kind}"));
    std::fs::write(&path, bytes).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/services/read_report.py");
    let output = Command::new(python).arg(script).arg(kind).arg(&path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn a_workbook_opens_elsewhere_without_formulas() {
    let app = TestApp::start();
    let mut client = app.client();
    enqueue(&mut client, &HOSTILE);
    let mut xlsx = order("jobs", "xlsx");
    xlsx["filters"] = json!({ "queue": ["reported"] });
    xlsx["columns"] = json!(["kind", "created_at", "priority"]);
    let (_, answer) = file(&mut client, &xlsx);
    let Some(book) = read_by_others("a_workbook_opens_elsewhere_without_formulas", "xlsx", &answer.bytes) else {
        return;
    };
    assert_eq!((&book["formulas"], &book["charts"]), (&json!(0), &json!(1)));
    let rows = book["sheets"]["Report"].as_array().unwrap();
    assert_eq!(rows[0], json!(["Kind", "Accepted", "Priority"]));
    let kinds: Vec<&str> = rows[1..].iter().map(|row| row[0].as_str().unwrap()).collect();
    assert_eq!(kinds, HOSTILE);
    assert!(rows[1][1].as_str().unwrap().starts_with("20"), "a moment: {}", rows[1]);
    assert_eq!(rows[1][2], "5");
    assert_eq!(book["sheets"]["Summary"][0][0], "Jobs");
}

#[test]
fn a_document_opens_elsewhere_with_its_letters() {
    let app = TestApp::start();
    let mut client = app.client();
    enqueue(&mut client, &HOSTILE);
    let many: Vec<String> = (0..120).map(|number| format!("kind.{number}")).collect();
    enqueue(&mut client, &many.iter().map(String::as_str).collect::<Vec<_>>());
    let mut pdf = order("jobs", "pdf");
    pdf["name"] = json!("Übersicht Ω");
    pdf["columns"] = json!(["kind", "state", "created_at"]);
    let (_, answer) = file(&mut client, &pdf);
    assert!(answer.bytes.starts_with(b"%PDF-"));
    assert!(answer.bytes.len() < 300_000, "{} bytes", answer.bytes.len());
    let Some(document) = read_by_others("a_document_opens_elsewhere_with_its_letters", "pdf", &answer.bytes) else {
        return;
    };
    assert_eq!((&document["title"], &document["embedded"]), (&json!("Übersicht Ω"), &json!(true)));
    let pages = document["pages"].as_array().unwrap();
    assert!(pages.len() > 1, "{}", pages.len());
    let text: String = pages.iter().map(|page| page.as_str().unwrap()).collect();
    for expected in ["Übersicht Ω", "Jobs by hour", "Größe Ω Ж €", "kind.0", "kind.119", "<script>alert(1)</script>"]
    {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
}

#[test]
fn groups_are_counted_with_their_figures() {
    let app = TestApp::start();
    let mut client = app.client();
    enqueue(&mut client, &["a", "b", "a", "a"]);
    client.post("/api/v1/queues/reported/lease", &json!({ "kinds": ["b"] })).expect(200);
    let mut json = order("jobs", "json");
    json["group_by"] = json!("kind");
    json["filters"] = json!({ "queue": ["reported"] });
    let (report, answer) = file(&mut client, &json);
    assert_eq!((&report["rows"], &report["columns"]), (&json!(2), &json!([])));
    let figures = |kind: &str, count: u32| json!({ "kind": kind, "count": count, "completed": 0, "failed": 0, "mean_duration_ms": null });
    assert_eq!(answer.json()["rows"], json!([figures("a", 3), figures("b", 1)]));
    json["group_by"] = json!("state");
    let (_, answer) = file(&mut client, &json);
    let states: Vec<Value> = answer.json()["rows"].as_array().unwrap().iter().map(|row| row["state"].clone()).collect();
    assert_eq!(states, ["active", "waiting"]);
}

#[test]
fn empty_reports_are_whole_in_every_format() {
    let app = TestApp::start();
    let mut client = app.client();
    for format in ["csv", "json", "xlsx", "html", "pdf"] {
        for group in [Value::Null, json!("day")] {
            let mut empty = order("jobs", format);
            empty["filters"] = json!({ "queue": ["nothing-is-here"] });
            empty["group_by"] = group;
            let (report, answer) = file(&mut client, &empty);
            assert_eq!(report["rows"], 0);
            assert!(!answer.bytes.is_empty(), "{format}");
        }
    }
}

#[test]
fn deliveries_audit_and_sign_ins_have_reports() {
    let app = TestApp::start();
    let mut owner = app.owner();
    owner.post("/api/v1/event-types", &json!({ "name": "report.tested" })).expect(201);
    let hook = json!({ "url": "http://127.0.0.1:9/hook?token=hush", "events": ["report.tested"] });
    let webhook = owner.post("/api/v1/webhooks", &hook).expect(201)["id"].clone();
    for _ in 0..3 {
        owner.post("/api/v1/events", &json!({ "type": "report.tested", "data": {} })).expect(202);
    }
    let mut deliveries = order("deliveries", "json");
    deliveries["filters"] = json!({ "webhook": [webhook] });
    let (_, answer) = file(&mut owner, &deliveries);
    let rows = answer.json()["rows"].clone();
    assert_eq!(rows.as_array().unwrap().len(), 3, "{rows}");
    assert_eq!((&rows[0]["url"], &rows[0]["event_type"]), (&json!("http://127.0.0.1:9/hook"), &json!("report.tested")));
    deliveries["group_by"] = json!("event_type");
    let (_, answer) = file(&mut owner, &deliveries);
    assert_eq!(answer.json()["rows"][0]["count"], 3);

    let (_, answer) = file(&mut owner, &order("audit", "json"));
    let actions: Vec<String> = answer.json()["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["action"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        actions.contains(&"webhook.create".to_owned()) && actions.contains(&"report.create".to_owned()),
        "{actions:?}"
    );
    let (_, answer) = file(&mut owner, &order("sign_ins", "json"));
    let rows = answer.json()["rows"].clone();
    assert!(
        rows.as_array().unwrap().iter().all(|row| row["action"].as_str().unwrap().starts_with("session.")),
        "{rows}"
    );
    assert!(!rows.as_array().unwrap().is_empty());

    let mut later = order("audit", "csv");
    later["period"] = json!({ "since": "2020-01-01T00:00:00Z", "until": "2020-02-01T00:00:00Z" });
    assert_eq!(made(&mut owner, &later)["rows"], 0);
}

#[test]
fn ranges_and_tags_are_honoured() {
    let app = TestApp::start();
    let mut client = app.client();
    let many: Vec<String> = (0..900).map(|number| format!("kind.{number}")).collect();
    for _ in 0..10 {
        enqueue(&mut client, &many.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let (report, whole) = file(&mut client, &order("jobs", "csv"));
    let size = whole.bytes.len();
    assert!(size > 512 << 10, "more than one read of the store: {size}");
    let tag = whole.header("etag").unwrap().to_owned();
    for (range, from, to) in [("bytes=0-9", 0, 10), ("bytes=-7", size - 7, size), ("bytes=600000-", 600_000, size)] {
        let part =
            download(&mut client, &report, &[("range", range), ("if-range", &tag), ("accept-encoding", "gzip, br")]);
        assert_eq!(part.status, 206);
        assert!(part.bytes == whole.bytes[from..to], "{range}");
        assert_eq!(part.header("content-range"), Some(format!("bytes {from}-{}/{size}", to - 1).as_str()));
        assert_eq!(part.header("content-encoding"), None);
    }
    assert_eq!(download(&mut client, &report, &[("range", "bytes=0-9"), ("if-range", "\"other\"")]).status, 200);
    assert_eq!(download(&mut client, &report, &[("range", "bytes=0-1,4-5")]).bytes.len(), size);
    let behind = download(&mut client, &report, &[("range", &format!("bytes={size}-"))]);
    assert_eq!(behind.problem(416), "range_not_satisfiable");
    assert_eq!(behind.header("content-range"), Some(format!("bytes */{size}").as_str()));
    let known = download(&mut client, &report, &[("if-none-match", &format!("\"x\", W/{tag}"))]);
    assert_eq!((known.status, known.bytes.len()), (304, 0));
    let path = format!("{REPORTS}/{}/download", report["id"].as_str().unwrap());
    let head = client.send("HEAD", &path, &[], None);
    assert_eq!((head.status, head.header("content-length")), (200, Some(size.to_string().as_str())));
    assert_eq!(head.header("accept-ranges"), Some("bytes"));
}

#[test]
fn bad_orders_are_refused_with_the_place() {
    let app = TestApp::start();
    let mut client = app.client();
    let (long, many) = ("x".repeat(300), vec!["x"; 51]);
    for (change, pointer) in [
        (json!({ "definition": "nothing" }), "/definition"),
        (json!({ "format": "docx" }), "/format"),
        (json!({ "period": { "since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z" } }), "/period"),
        (json!({ "period": { "since": "2020-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z" } }), "/period"),
        (json!({ "period": { "last_ms": 0 } }), "/period"),
        (json!({ "period": { "last_ms": u64::MAX } }), "/period"),
        (json!({ "period": {} }), "/period"),
        (json!({ "period": { "last_ms": 1, "since": "2026-01-01T00:00:00Z" } }), "/period"),
        (json!({ "columns": ["kind", "nothing"] }), "/columns/1"),
        (json!({ "columns": ["kind", "kind"] }), "/columns/1"),
        (json!({ "group_by": "nothing" }), "/group_by"),
        (json!({ "group_by": "kind", "columns": ["kind"] }), "/columns"),
        (json!({ "filters": { "id": ["x"] } }), "/filters/id"),
        (json!({ "filters": { "a/b": ["x"] } }), "/filters/a~1b"),
        (json!({ "filters": { "kind": [] } }), "/filters/kind"),
        (json!({ "filters": { "kind": many } }), "/filters/kind"),
        (json!({ "filters": { "kind": [long] } }), "/filters/kind"),
        (json!({ "name": "" }), "/name"),
        (json!({ "name": long }), "/name"),
        (json!({ "name": "a\nb" }), "/name"),
        (json!({ "colour": "red" }), "/colour"),
    ] {
        let mut order = order("jobs", "csv");
        order.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = client.post(REPORTS, &order);
        assert!(matches!(answer.status, 400 | 422), "{order}: {}", answer.text());
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{order}: {}", answer.text());
    }
    assert_eq!(client.get(REPORTS).expect(200)["data"], json!([]));
}

#[test]
fn reports_are_listed_deleted_and_limited() {
    let app = TestApp::start_with(&[("NOVAPULSE_REPORTS_PER_COMPANY", "3")]);
    let mut client = app.client();
    let ids: Vec<String> =
        (0..3).map(|_| made(&mut client, &order("jobs", "csv"))["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(client.post(REPORTS, &order("jobs", "csv")).problem(409), "conflict");
    let page = client.get(&format!("{REPORTS}?limit=2")).expect(200);
    assert_eq!((&page["data"][0]["id"], &page["data"][1]["id"]), (&json!(ids[2]), &json!(ids[1])));
    let next = format!("{REPORTS}?limit=2&cursor={}", page["next_cursor"].as_str().unwrap());
    assert_eq!(client.get(&next).expect(200)["data"][0]["id"], ids[0]);
    assert!(app.data().join("blobs/reports").join(app.company()).join(format!("{}.csv", ids[0])).is_file());
    client.delete(&format!("{REPORTS}/{}", ids[0])).expect(204);
    for path in ["", "/download"] {
        assert_eq!(client.get(&format!("{REPORTS}/{}{path}", ids[0])).problem(404), "not_found");
    }
    assert_eq!(client.delete(&format!("{REPORTS}/{}", ids[0])).problem(404), "not_found");
    assert_eq!(client.get(REPORTS).expect(200)["data"].as_array().unwrap().len(), 2);
}

#[test]
fn the_same_key_asks_for_one_report() {
    let app = TestApp::start();
    let mut client = app.client();
    let body = order("jobs", "csv").to_string();
    let mut ask = || client.send("POST", REPORTS, &[("idempotency-key", "once")], Some(body.as_bytes())).expect(202);
    let (first, second) = (ask(), ask());
    assert_eq!(first["id"], second["id"]);
    assert_eq!(client.get(REPORTS).expect(200)["data"].as_array().unwrap().len(), 1);
}

#[test]
fn whoever_may_not_read_the_data_may_not_have_its_report() {
    let app = TestApp::start();
    let mut owner = app.owner();
    let report = made(&mut owner, &order("audit", "csv"));
    let mut manager = bearer(&app, &join(&app, &mut owner, "m@example.com", "manager"));
    assert_eq!(manager.post(REPORTS, &order("audit", "csv")).problem(403), "forbidden");
    assert_eq!(manager.post(REPORTS, &order("sign_ins", "csv")).problem(403), "forbidden");
    assert_eq!(download(&mut manager, &report, &[]).problem(403), "forbidden");
    let names = |client: &mut Client| -> Vec<Value> {
        let page = client.get("/api/v1/report-definitions").expect(200);
        page["data"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect()
    };
    assert_eq!(names(&mut manager), ["jobs", "deliveries", "emails"]);
    assert_eq!(names(&mut owner), ["jobs", "deliveries", "emails", "audit", "sign_ins", "api_usage"]);
    made(&mut manager, &order("deliveries", "csv"));
    let key = json!({ "name": "reports", "scopes": ["reports:write", "reports:read"] });
    let key = owner.post("/api/v1/api-keys", &key).expect(201)["secret"].as_str().unwrap().to_owned();
    let mut key = Client::with_key(app.address(), &key);
    assert_eq!(key.post(REPORTS, &order("jobs", "csv")).problem(403), "forbidden", "it may not read jobs");
}

#[test]
fn reports_outlive_a_crash_and_leave_nothing_unfinished() {
    let mut app = TestApp::start();
    let mut client = app.client();
    let report = made(&mut client, &order("jobs", "csv"));
    let waiting = client.post(REPORTS, &order("jobs", "xlsx")).expect(202);
    app.kill9();
    std::fs::write(app.data().join("blobs/.new/0123456789abcdef"), "half").unwrap();
    std::fs::write(app.data().join("scratch/left"), "half").unwrap();
    app.start_again();
    let mut client = app.client();
    assert_eq!(download(&mut client, &report, &[]).status, 200);
    let path = format!("{REPORTS}/{}", waiting["id"].as_str().unwrap());
    let ready = wait_for(PATIENCE, || (client.get(&path).expect(200)["state"] == "ready").then_some(()));
    assert!(ready.is_some());
    assert!(!app.data().join("blobs/.new/0123456789abcdef").exists() && !app.data().join("scratch/left").exists());
}
