//! The checks behind `/health`: one closure per part.

use std::sync::Arc;

use crate::{
    base::{Standing, Timestamp},
    blob,
    config::Config,
    http::{
        Tls,
        tls::{self, Trouble},
    },
    mail::Mail,
    queue::{Queues, State},
    storage::{
        Db,
        space::{Headroom, Room},
    },
    system::{Check, Finding, Status},
};

/// A commit that takes longer than this makes storage degraded; usual is below a millisecond.
const SLOW_COMMIT_MS: u64 = 2_000;

/// A certificate that ends so soon should have been renewed: those of ninety days are renewed at thirty. Of a short
/// life a quarter counts.
const CERTIFICATE_SHORT_MS: u64 = 7 * 86_400_000;

/// The checks by name.
pub(super) fn checks(
    config: &Config,
    db: &Db,
    queues: &Queues,
    tls: Option<&Tls>,
    (mail, files): (&Mail, &blob::Probe),
) -> Vec<(&'static str, Check)> {
    let (storage, disk, of_queues, queues) = (db.clone(), db.clone(), db.clone(), queues.clone());
    let directory = config.storage.directory.clone();
    let mut checks: Vec<(&'static str, Check)> = vec![
        ("storage", Box::new(move || storage_finding(&storage))),
        ("disk", Box::new(move || disk_finding(&disk, Room::probe(&directory).ok()))),
        ("queues", Box::new(move || queues_finding(&of_queues, &queues))),
    ];
    let mail = mail.clone();
    checks.push(("mail", Box::new(move || mail_finding(mail.standing()))));
    let (files, is_bucket) = (files.clone(), config.blob.s3_bucket.is_some());
    checks.push(("files", Box::new(move || files_finding(files.standing(), is_bucket))));
    if let Some(tls) = tls.cloned() {
        let clock = Arc::clone(db.clock());
        checks.push(("tls", Box::new(move || tls_finding(tls.standing(), clock.now()))));
    }
    checks
}

fn tls_finding(standing: tls::Standing, now: Timestamp) -> Finding {
    let end = standing.validity.map(|life| life.not_after);
    let life_ms = standing.validity.map_or(0, |life| life.not_after.ms_since(life.not_before));
    let short_ms = CERTIFICATE_SHORT_MS.min(life_ms / 4);
    let reason = match (standing.trouble, end.map(|end| end.ms_since(now))) {
        (Some(Trouble::Files), _) => Some("the certificate's files cannot be used; the earlier certificate is kept"),
        (Some(Trouble::NotIssued), _) => Some("no certificate was issued yet; one that signs itself stands in"),
        (_, Some(0)) => Some("the certificate has expired"),
        (Some(Trouble::Order), _) => Some("no new certificate was issued; the earlier one is kept"),
        (None, Some(left_ms)) if left_ms < short_ms => Some("the certificate expires soon"),
        (None, _) => None,
    };
    let mut finding = Finding::new(if reason.is_some() { Status::Degraded } else { Status::Ok });
    if let Some(end) = end {
        finding = finding.fact("certificate_expires_at", end.to_string());
    }
    match reason {
        Some(reason) => finding.fact("reason", reason),
        None => finding,
    }
}

/// The mail server as the last attempts found it; it is not asked for this.
fn mail_finding(standing: Option<Standing>) -> Finding {
    match standing {
        Some(standing) => reach_finding(("transport", "smtp"), standing, ""),
        None => Finding::new(Status::Ok).fact("transport", "mailbox"),
    }
}

/// The place of files as the probe found it; it is not asked for this.
fn files_finding(standing: Standing, is_bucket: bool) -> Finding {
    let place = if is_bucket { "bucket" } else { "folder" };
    reach_finding(("place", place), standing, "files cannot be read or written: ")
}

/// What is outside as the last tries found it, with a fact of what it is and words before the reason.
fn reach_finding((name, kind): (&str, &str), standing: Standing, words: &str) -> Finding {
    let Standing { reached_at, trouble } = standing;
    let mut finding = Finding::new(if trouble.is_some() { Status::Degraded } else { Status::Ok }).fact(name, kind);
    if let Some(at) = reached_at {
        finding = finding.fact("reached_at", at.to_string());
    }
    match trouble {
        Some((since, reason)) => {
            finding.fact("failing_since", since.to_string()).fact("reason", format!("{words}{reason}"))
        }
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
    use super::{Status, Trouble, mail_finding, tls::Standing, tls_finding};
    use crate::http::tls::Validity;

    #[test]
    fn certificates_that_end_soon_or_stay_behind_are_told() {
        let now = "2026-11-21T00:00:00Z".parse().unwrap();
        for (end, trouble, reason) in [
            ("2026-12-21", None, None),
            ("2026-12-21", Some(Trouble::Files), Some("cannot be used")),
            ("2026-12-21", Some(Trouble::NotIssued), Some("signs itself")),
            ("2026-12-21", Some(Trouble::Order), Some("no new certificate was issued")),
            ("2026-11-27", None, Some("expires soon")),
            ("2026-11-20", None, Some("has expired")),
            ("2026-11-20", Some(Trouble::Order), Some("has expired")),
        ] {
            let not_after = format!("{end}T00:00:00Z").parse().unwrap();
            let validity = Some(Validity { not_before: "2026-09-01T00:00:00Z".parse().unwrap(), not_after });
            let finding = tls_finding(Standing { validity, trouble }, now);
            let said = finding.facts.get("reason").and_then(|reason| reason.as_str());
            assert_eq!(finding.status == Status::Degraded, reason.is_some(), "{end} {trouble:?}");
            assert_eq!(said.is_some(), reason.is_some());
            assert!(said.unwrap_or_default().contains(reason.unwrap_or_default()), "{said:?}");
        }
        let unknown = tls_finding(Standing::default(), now);
        assert!(unknown.status == Status::Ok && unknown.facts.is_empty());
    }

    #[test]
    fn a_mail_server_that_does_not_answer_is_told() {
        assert_eq!(mail_finding(None).facts["transport"], "mailbox");
        let since = "2026-11-21T00:00:00Z".parse().unwrap();
        let trouble = Some((since, "cannot connect".to_owned()));
        let finding = mail_finding(Some(super::Standing { reached_at: None, trouble }));
        assert_eq!((finding.status, &finding.facts["reason"]), (Status::Degraded, &"cannot connect".into()));
        let fine = mail_finding(Some(super::Standing { reached_at: Some(since), trouble: None }));
        assert!(fine.status == Status::Ok && fine.facts.contains_key("reached_at"));
    }
}
