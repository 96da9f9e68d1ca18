//! Operations as HTTP requests, and answers as outcomes.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use crate::durability::model::{Grant, JobSpec, Op, Outcome, Reply, Role};

/// Path below `/api/v1` and body of a POST.
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) body: String,
}

/// The request of an operation.
pub(crate) fn of(op: &Op) -> Request {
    let (path, body) = match op {
        Op::Enqueue { jobs, .. } if jobs.len() == 1 => ("/jobs".to_owned(), job(&jobs[0])),
        Op::Enqueue { jobs, .. } => {
            let jobs: Vec<String> = jobs.iter().map(job).collect();
            ("/jobs/batch".to_owned(), format!("{{\"jobs\":[{}]}}", jobs.join(",")))
        }
        Op::Publish { external_id, event_type, data } => {
            ("/events".to_owned(), format!(r#"{{"type":"{event_type}","id":"{external_id}","data":{data}}}"#))
        }
        Op::Lease { queue, max, lease_ms } => (
            format!("/queues/{queue}/lease"),
            json!({ "max": max, "lease_ms": lease_ms, "wait_ms": 0, "worker": "crash" }).to_string(),
        ),
        Op::Complete { job, token, result } => {
            (format!("/jobs/{job}/complete"), format!(r#"{{"lease_token":"{token}","result":{result}}}"#))
        }
        Op::Fail { job, token } => {
            (format!("/jobs/{job}/fail"), json!({ "lease_token": token, "error": "failed on purpose" }).to_string())
        }
        Op::Heartbeat { job, token, lease_ms } => {
            (format!("/jobs/{job}/heartbeat"), json!({ "lease_token": token, "lease_ms": lease_ms }).to_string())
        }
        Op::Cancel { job } => (format!("/jobs/{job}/cancel"), "{}".to_owned()),
        Op::CancelTagged { tag } => {
            ("/jobs/actions".to_owned(), json!({ "action": "cancel", "filter": { "tag": tag } }).to_string())
        }
        // `keys` makes these, each with a credential of its own.
        Op::MakeKey { .. } | Op::RevokeKey { .. } | Op::UseKey { .. } => (String::new(), String::new()),
    };
    Request { path, body }
}

fn job(spec: &JobSpec) -> String {
    let mut more = String::new();
    if let Some(key) = &spec.unique {
        write!(more, r#","unique":{{"key":"{key}"}}"#).unwrap();
    }
    if let Some(delay_ms) = spec.delay_ms {
        write!(more, r#","delay_ms":{delay_ms}"#).unwrap();
    }
    if let Some(group) = &spec.group {
        write!(more, r#","group_key":"{group}""#).unwrap();
    }
    if let Some(tag) = &spec.tag {
        write!(more, r#","tags":["{tag}"]"#).unwrap();
    }
    more.push_str(match spec.role {
        Some(Role::Parent) => r#","ref":"parent""#,
        Some(Role::Child) => r#","parent_ref":"parent","on_failure":"continue""#,
        None => "",
    });
    format!(
        r#"{{"queue":"{}","kind":"crash.test","payload":{},"priority":{},"attempts":{},"backoff":{{"kind":"fixed","delay_ms":200}}{more}}}"#,
        spec.queue, spec.payload, spec.priority, spec.attempts
    )
}

#[derive(Deserialize)]
struct Leased {
    jobs: Vec<LeasedJob>,
}

#[derive(Deserialize)]
struct LeasedJob {
    id: String,
    lease_token: String,
    payload: Box<RawValue>,
}

/// What an answer says about the operation.
pub(crate) fn outcome(op: &Op, status: u16, body: &[u8]) -> Outcome {
    match status {
        200..300 => {}
        400..500 => return Outcome::Refused(status),
        _ => return Outcome::Unknown,
    }
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
    let reply = match op {
        Op::Enqueue { jobs, .. } if jobs.len() == 1 => Reply::Jobs(text(&value, "id").into_iter().collect()),
        Op::Enqueue { .. } => {
            let rows = value.get("jobs").or_else(|| value.get("data")).and_then(Value::as_array);
            Reply::Jobs(rows.into_iter().flatten().filter_map(|row| text(row, "id")).collect())
        }
        Op::Publish { .. } => Reply::Event {
            id: text(&value, "id").unwrap_or_default(),
            deliveries: value.get("deliveries").and_then(Value::as_u64).unwrap_or(u64::MAX),
        },
        Op::Lease { .. } => {
            let leased: Leased = serde_json::from_slice(body).unwrap();
            Reply::Granted(leased.jobs.into_iter().map(grant).collect())
        }
        _ => Reply::Done,
    };
    if let (Op::Enqueue { jobs, .. }, Reply::Jobs(ids)) = (op, &reply) {
        assert_eq!(jobs.len(), ids.len(), "an answer without all ids: {}", String::from_utf8_lossy(body));
    }
    Outcome::Ok(reply)
}

fn grant(job: LeasedJob) -> Grant {
    let payload: Value = serde_json::from_str(job.payload.get()).unwrap_or_default();
    Grant { job: job.id, token: job.lease_token, item: payload.get("item").and_then(Value::as_u64) }
}
