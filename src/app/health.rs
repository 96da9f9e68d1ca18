//! The checks behind `/health`: one closure per part.

use std::sync::Arc;

use crate::{
    base::Timestamp,
    config::Config,
    http::{Tls, tls::Standing},
    queue::{Queues, State},
    storage::{
        Db,
        space::{Headroom, Room},
    },
    system::{Check, Finding, Status},
};

/// A commit that takes longer than this makes storage degraded; usual is below a millisecond.
const SLOW_COMMIT_MS: u64 = 2_000;

/// A certificate that ends so soon should have been renewed: those of ninety days are renewed at thirty.
const CERTIFICATE_SHORT_MS: u64 = 7 * 86_400_000;

/// The checks by name.
pub(super) fn checks(config: &Config, db: &Db, queues: &Queues, tls: Option<&Tls>) -> Vec<(&'static str, Check)> {
    let (storage, disk, of_queues, queues) = (db.clone(), db.clone(), db.clone(), queues.clone());
    let directory = config.storage.directory.clone();
    let mut checks: Vec<(&'static str, Check)> = vec![
        ("storage", Box::new(move || storage_finding(&storage))),
        ("disk", Box::new(move || disk_finding(&disk, Room::probe(&directory).ok()))),
        ("queues", Box::new(move || queues_finding(&of_queues, &queues))),
    ];
    if let Some(tls) = tls.cloned() {
        let clock = Arc::clone(db.clock());
        checks.push(("tls", Box::new(move || tls_finding(tls.standing(), clock.now()))));
    }
    checks
}

fn tls_finding(standing: Standing, now: Timestamp) -> Finding {
    let left_ms = standing.not_after.map(|end| end.ms_since(now));
    let reason = match left_ms {
        _ if standing.is_outdated => Some("the certificate's files cannot be used; the earlier certificate is kept"),
        Some(0) => Some("the certificate has expired"),
        Some(left_ms) if left_ms < CERTIFICATE_SHORT_MS => Some("the certificate expires soon"),
        _ => None,
    };
    let mut finding = Finding::new(if reason.is_some() { Status::Degraded } else { Status::Ok });
    if let Some(end) = standing.not_after {
        finding = finding.fact("certificate_expires_at", end.to_string());
    }
    match reason {
        Some(reason) => finding.fact("reason", reason),
        None => finding,
    }
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

#[cfg(test)]
mod tests {
    use super::{Standing, Status, tls_finding};

    #[test]
    fn certificates_that_end_soon_or_stay_behind_are_told() {
        let now = "2026-11-21T00:00:00Z".parse().unwrap();
        for (end, is_outdated, status, reason) in [
            ("2026-12-21T00:00:00Z", false, Status::Ok, None),
            ("2026-12-21T00:00:00Z", true, Status::Degraded, Some("cannot be used")),
            ("2026-11-27T00:00:00Z", false, Status::Degraded, Some("expires soon")),
            ("2026-11-20T00:00:00Z", false, Status::Degraded, Some("has expired")),
        ] {
            let finding = tls_finding(Standing { not_after: Some(end.parse().unwrap()), is_outdated }, now);
            let said = finding.facts.get("reason").and_then(|reason| reason.as_str());
            assert_eq!(finding.status, status, "{end}");
            assert_eq!(said.is_some(), reason.is_some());
            assert!(said.unwrap_or_default().contains(reason.unwrap_or_default()), "{said:?}");
        }
        let unknown = tls_finding(Standing::default(), now);
        assert!(unknown.status == Status::Ok && unknown.facts.is_empty());
    }
}
