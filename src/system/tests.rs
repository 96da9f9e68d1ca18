//! Health follows the worst check and the phase.

use std::sync::Arc;

use super::{Check, Finding, Parts, Phase, Status, System};
use crate::{base::SystemClock, config::Secret, telemetry::Metrics};

fn system(checks: Vec<(&'static str, Check)>, metrics_token: Option<Secret>) -> System {
    let clock = Arc::new(SystemClock::default());
    let storage = Box::new(|| unreachable!("nobody looks at the storage"));
    System::new(Parts { metrics: Metrics::new().unwrap(), clock, metrics_token, checks, refresh: Vec::new(), storage })
}

#[test]
fn nothing_is_ready_before_it_is_said() {
    let system = system(Vec::new(), None);
    assert_eq!(system.health().status, Status::Down);
    system.enter(Phase::Ready);
    assert_eq!(system.health().status, Status::Ok);
    system.enter(Phase::Stopping);
    assert_eq!(system.health().status, Status::Down);
}

#[test]
fn the_worst_check_decides() {
    let check = |status| -> Check { Box::new(move || Finding::new(status).fact("free_bytes", 7)) };
    let system = system(vec![("disk", check(Status::Degraded)), ("storage", check(Status::Ok))], None);
    system.enter(Phase::Ready);
    let health = system.health();
    assert_eq!(health.status, Status::Degraded);
    assert_eq!(health.checks[0].1.facts["free_bytes"], 7);
}

#[test]
fn metrics_are_open_unless_a_token_is_set() {
    assert!(system(Vec::new(), None).may_read_metrics(None));
    let closed = system(Vec::new(), Some(Secret::new("s3cret".to_owned())));
    assert!(!closed.may_read_metrics(None));
    assert!(!closed.may_read_metrics(Some("s3cre")));
    assert!(closed.may_read_metrics(Some("s3cret")));
}
