//! Which ticks of a schedule run now. Pure.
//!
//! The cursor of a schedule is the first tick that was not handled. A tick is *on time* while it is less than a minute
//! past, and runs whatever the policy; older ones were *missed*, and the policy says what becomes of them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rule::Rule;
use crate::base::Timestamp;

/// How long past its time a tick is still on time.
pub(super) const GRACE_MS: u64 = 60_000;
/// Most ticks that run when a schedule catches up with all it missed.
pub(super) const CATCH_UP_MAX: usize = 100;
/// Most ticks that are on time together: one a second.
const ON_TIME_MAX: usize = 61;

/// What becomes of ticks that were missed while the server was down or its clock was set forward.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// They are left out.
    #[default]
    Skip,
    /// The last of all that are due runs, once.
    One,
    /// Each runs, at most the last 100.
    All,
}

impl CatchUp {
    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::One => "one",
            Self::All => "all",
        }
    }
}

/// What is to happen now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due {
    /// The times whose ticks run, oldest first.
    pub(super) ticks: Vec<Timestamp>,
    /// Whether some were missed.
    pub(super) has_missed: bool,
    /// The new cursor; none when the rule has no more ticks.
    pub(super) next: Option<Timestamp>,
}

/// Decides about every tick from the cursor up to now.
pub(super) fn due(rule: &Rule, catch_up: CatchUp, cursor: Timestamp, now: Timestamp) -> Due {
    if now < cursor {
        return Due { ticks: Vec::new(), has_missed: false, next: Some(cursor) };
    }
    let on_time_from = Timestamp::from_ms(now.as_ms().saturating_sub_unsigned(GRACE_MS)).max(cursor);
    let has_missed = cursor < on_time_from;
    let ticks = match (catch_up, has_missed) {
        (_, false) | (CatchUp::Skip, true) => on_time(rule, on_time_from, now),
        (CatchUp::One, true) => last(rule, cursor, now).into_iter().collect(),
        (CatchUp::All, true) => last_ones(rule, cursor, now),
    };
    Due { ticks, has_missed, next: rule.next(now) }
}

fn on_time(rule: &Rule, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
    let mut ticks = Vec::new();
    let mut next = rule.next(just_before(from));
    while let Some(tick) = next.filter(|tick| *tick <= to && ticks.len() < ON_TIME_MAX) {
        ticks.push(tick);
        next = rule.next(tick);
    }
    ticks
}

fn last_ones(rule: &Rule, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
    let mut ticks = Vec::new();
    let mut upper = to;
    while let Some(tick) = last(rule, from, upper).filter(|_| ticks.len() < CATCH_UP_MAX) {
        ticks.push(tick);
        upper = just_before(tick);
    }
    ticks.reverse();
    ticks
}

/// The last tick within `from` and `to`, both inclusive: found by halving, as rules can only be asked for what follows.
fn last(rule: &Rule, from: Timestamp, to: Timestamp) -> Option<Timestamp> {
    if from > to {
        return None;
    }
    let tick_after = |time: Timestamp| rule.next(time).filter(|tick| *tick <= to);
    let floor = just_before(from);
    let (mut step, mut without) = (1_000_u64, to);
    // Most ticks are near, so the way back is felt for in growing steps.
    let mut with = loop {
        let time = Timestamp::from_ms(to.as_ms().saturating_sub_unsigned(step)).max(floor);
        if tick_after(time).is_some() {
            break time;
        }
        if time == floor {
            return None;
        }
        without = time;
        step = step.saturating_mul(2);
    };
    while without.ms_since(with) > 1 {
        let middle = with.plus_ms(without.ms_since(with) / 2);
        if tick_after(middle).is_some() {
            with = middle;
        } else {
            without = middle;
        }
    }
    tick_after(with)
}

const fn just_before(time: Timestamp) -> Timestamp {
    Timestamp::from_ms(time.as_ms().saturating_sub(1))
}
