//! The checks behind `/health`: one closure per part.

use crate::{
    config::Config,
    queue::{Queues, State},
    storage::{
        Db,
        space::{Headroom, Room},
    },
    system::{Check, Finding, Status},
};

/// A commit that takes longer than this makes storage degraded; usual is below a millisecond.
const SLOW_COMMIT_MS: u64 = 2_000;

/// The checks by name.
pub(super) fn checks(config: &Config, db: &Db, queues: &Queues) -> Vec<(&'static str, Check)> {
    let (storage, disk, of_queues, queues) = (db.clone(), db.clone(), db.clone(), queues.clone());
    let directory = config.storage.directory.clone();
    vec![
        ("storage", Box::new(move || storage_finding(&storage))),
        ("disk", Box::new(move || disk_finding(&disk, Room::probe(&directory).ok()))),
        ("queues", Box::new(move || queues_finding(&of_queues, &queues))),
    ]
}

fn storage_finding(db: &Db) -> Finding {
    let running_ms = db.commit_running_ms();
    let failure = db.failure().borrow().clone();
    let status = match &failure {
        Some(_) => Status::Down,
        None if running_ms > SLOW_COMMIT_MS => Status::Degraded,
        None => Status::Ok,
    };
    let finding = Finding::new(status).fact("waiting", db.waiting()).fact("commit_running_ms", running_ms);
    match failure {
        Some(_) => finding.fact("reason", "a commit failed; the process starts again"),
        None => finding,
    }
}

/// What waits and runs, over all companies and queues.
fn queues_finding(db: &Db, queues: &Queues) -> Finding {
    let totals = match queues.totals(&db.snapshot()) {
        Ok(totals) => totals,
        Err(error) => return Finding::new(Status::Down).fact("reason", error.to_string()),
    };
    let sum = |state: State| {
        totals.iter().filter_map(|total| total.counts.get(state as usize)).copied().fold(0, u64::saturating_add)
    };
    let mut finding = Finding::new(Status::Ok).fact("workers", totals.iter().map(|total| total.workers).sum::<usize>());
    for state in [State::Waiting, State::Delayed, State::Active, State::Retrying, State::Failed] {
        finding = finding.fact(state.as_str(), sum(state));
    }
    finding
}

fn disk_finding(db: &Db, room: Option<Room>) -> Finding {
    let (status, reason) = match db.headroom() {
        Headroom::Ample => (Status::Ok, None),
        Headroom::Short => (Status::Degraded, Some("space is short: new work is refused")),
        Headroom::Exhausted => (Status::Degraded, Some("space is nearly gone: nothing is written")),
    };
    let mut finding = Finding::new(status);
    if let Some(room) = room {
        finding = finding.fact("free_bytes", room.free).fact("total_bytes", room.total);
    }
    match reason {
        Some(reason) => finding.fact("reason", reason),
        None => finding,
    }
}
