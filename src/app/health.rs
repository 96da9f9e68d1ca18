//! The checks behind `/health`: one closure per part.

use crate::{
    config::Config,
    storage::{
        Db,
        space::{Headroom, Room},
    },
    system::{Check, Finding, Status},
};

/// A commit that takes longer than this makes storage degraded; usual is below a millisecond.
const SLOW_COMMIT_MS: u64 = 2_000;

/// The checks by name.
pub(super) fn checks(config: &Config, db: &Db) -> Vec<(&'static str, Check)> {
    let (storage, disk) = (db.clone(), db.clone());
    let directory = config.storage.directory.clone();
    vec![
        ("storage", Box::new(move || storage_finding(&storage))),
        ("disk", Box::new(move || disk_finding(&disk, Room::probe(&directory).ok()))),
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
