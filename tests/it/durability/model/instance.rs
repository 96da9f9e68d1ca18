//! The instance as a whole (21, 31, 32): ticks come once, a start changes nothing, and a second process is refused.

use super::{Case, Observation, Violation, is_terminal};

/// The exit code of a process that finds the directory in use.
const IN_USE: i32 = 20;
/// How long that may take on a busy machine.
const REFUSED_WITHIN_MS: u64 = 10_000;

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
    ticks_come_once(case, found);
    if let Some(before) = &case.seen.before_restart {
        a_restart_changes_nothing(before, case.seen, found);
    }
    if let Some(second) = case.seen.second
        && (second.code != Some(IN_USE) || second.took_ms > REFUSED_WITHIN_MS)
    {
        found.push(Violation::new(32, format!("a second process ended with {second:?}, not with {IN_USE} at once")));
    }
}

/// 21: no outage of a run is long enough for a tick to be missed, so each interval has made one job.
fn ticks_come_once(case: &Case<'_>, found: &mut Vec<Violation>) {
    for schedule in &case.seen.schedules {
        let ticks = schedule.last_tick_at.map_or(0, |last| last.saturating_sub(schedule.made_at) / schedule.every_ms);
        if ticks != schedule.jobs {
            found.push(Violation::new(21, format!("{ticks} ticks made {} jobs: {schedule:?}", schedule.jobs)));
        }
    }
}

/// 31: what had ended is as it was; what had not may have gone on.
fn a_restart_changes_nothing(before: &Observation, after: &Observation, found: &mut Vec<Violation>) {
    for (id, job) in before.jobs.iter().filter(|(_, job)| is_terminal(&job.state)) {
        let now = after.jobs.get(id);
        if now != Some(job) {
            found.push(Violation::new(31, format!("job {id} was {job:?} and is {now:?} after a restart")));
        }
    }
    for (id, event) in &before.events {
        let now = after.events.get(id);
        if now != Some(event) {
            found.push(Violation::new(31, format!("event {id} was {event:?} and is {now:?} after a restart")));
        }
    }
    for queue in &before.recounted {
        let (was, is) = (before.counters.get(queue), after.counters.get(queue));
        if was != is {
            found.push(Violation::new(31, format!("queue {queue} counted {was:?} and counts {is:?} after a restart")));
        }
    }
}
