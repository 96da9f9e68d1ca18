//! What limits a group: concurrency, rate, a breaker, its order.

use crate::queue::settings::GroupPolicy;

/// A rate limit by the generic cell rate algorithm (ITU-T I.371): one number of state.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "the unit belongs to each name")]
pub(super) struct Rate {
    interval_us: u64,
    /// How far the theoretical arrival time may run ahead.
    tolerance_us: u64,
    arrival_us: u64,
}

/// Burst that makes up for late wake-ups, as time.
const BURST_US: u64 = 50_000;

impl Rate {
    pub(super) fn per_second(rate: f64) -> Option<Self> {
        (rate.is_finite() && rate > 0.0).then(|| {
            let interval_us = ((1_000_000.0 / rate) as u64).max(1);
            Self { interval_us, tolerance_us: if interval_us > BURST_US { 0 } else { BURST_US }, arrival_us: 0 }
        })
    }

    /// The earliest time, in milliseconds, at which one more conforms; `None` when it does now.
    pub(super) fn wait_until(&self, now_ms: u64) -> Option<u64> {
        let free_at = self.arrival_us.saturating_sub(self.tolerance_us);
        (free_at > now_ms.saturating_mul(1000)).then(|| free_at.div_ceil(1000))
    }

    pub(super) fn take(&mut self, now_ms: u64) {
        self.arrival_us = self.arrival_us.max(now_ms.saturating_mul(1000)).saturating_add(self.interval_us);
    }

    /// Gives one back, when what was taken did not start.
    pub(super) fn give_back(&mut self) {
        self.arrival_us = self.arrival_us.saturating_sub(self.interval_us);
    }
}

/// Whether a group may start one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Free,
    /// Until one of its jobs ends.
    Busy,
    /// Until the monotonic clock reads this.
    Until(u64),
}

/// Who asks for work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taker {
    /// A pool of this process: it may claim ahead of its handlers.
    Pool,
    /// A worker outside: what it leases it runs.
    External,
}

/// What is known of a group beyond its lines.
#[derive(Debug, Default)]
pub(super) struct GroupState {
    pub(super) policy: Option<GroupPolicy>,
    rate: Option<Rate>,
    /// Claimed and not settled.
    pub(super) leased: u32,
    /// Of those, whose handler has ended.
    pub(super) ended: u32,
    /// A job that waits for its retry and holds back those behind it.
    pub(super) held_by: Option<u64>,
    /// Where it stands on the list of parked groups.
    pub(super) parked_at: Option<u64>,
    /// Handlers ended since the last pass, and the smoothed figure of the passes before.
    ends: u32,
    recent: u32,
    pass: u64,
}

/// Claimed ahead, at most this many times the concurrency on top of it.
const AHEAD: u32 = 3;

/// As the pool's: claims on the way from the store to the handlers at a time.
const CLAIMS_ON_THE_WAY: u32 = 4;

impl GroupState {
    pub(super) fn set_policy(&mut self, policy: GroupPolicy) {
        let old = self.policy.and_then(|policy| policy.rate_per_second);
        if old != policy.rate_per_second || self.rate.is_none() {
            self.rate = policy.rate_per_second.and_then(Rate::per_second);
        }
        self.policy = (policy != GroupPolicy::default()).then_some(policy);
    }

    pub(super) fn is_ordered(&self) -> bool {
        self.policy.is_some_and(|policy| policy.is_ordered)
    }

    /// Whether the next job waits until the one before it is settled.
    fn is_one_by_one(&self) -> bool {
        self.policy.is_some_and(|policy| policy.is_ordered || policy.is_one_by_one)
    }

    /// Whether nothing would be lost by forgetting it.
    pub(super) const fn is_idle(&self) -> bool {
        self.policy.is_none() && self.leased == 0 && self.held_by.is_none() && self.parked_at.is_none()
    }

    /// The most that may run at once.
    pub(super) fn limit(&self, default: Option<u32>) -> Option<u32> {
        if self.is_one_by_one() { Some(1) } else { self.policy.and_then(|policy| policy.concurrency).or(default) }
    }

    pub(super) fn verdict(&self, now_ms: u64, default: Option<u32>, taker: Taker) -> Verdict {
        if self.held_by.is_some() || (self.is_one_by_one() && self.leased > 0) {
            return Verdict::Busy;
        }
        if let Some(limit) = self.limit(default) {
            let may_run_ahead = taker == Taker::Pool && self.rate.is_none() && !self.is_one_by_one();
            let ahead = if may_run_ahead {
                self.recent.saturating_mul(CLAIMS_ON_THE_WAY).min(limit.saturating_mul(AHEAD))
            } else {
                0
            };
            if self.leased.saturating_sub(self.ended) >= limit.saturating_add(ahead) {
                return Verdict::Busy;
            }
        }
        if let Some(until) = self.policy.and_then(|policy| policy.blocked_until_mono_ms).filter(|at| *at > now_ms) {
            return Verdict::Until(until);
        }
        self.rate.and_then(|rate| rate.wait_until(now_ms)).map_or(Verdict::Free, Verdict::Until)
    }

    /// Notes a new pass of claims, for the measure of how fast its jobs end.
    pub(super) fn begin_pass(&mut self, pass: u64) {
        if self.pass != pass {
            self.pass = pass;
            self.recent = self.ends.max(self.recent / 2);
            self.ends = 0;
        }
    }

    pub(super) fn take(&mut self, now_ms: u64) {
        self.leased += 1;
        if let Some(rate) = &mut self.rate {
            rate.take(now_ms);
        }
    }

    pub(super) fn give_back(&mut self) {
        self.leased = self.leased.saturating_sub(1);
        if let Some(rate) = &mut self.rate {
            rate.give_back();
        }
    }

    pub(super) const fn end(&mut self) {
        self.ended += 1;
        self.ends = self.ends.saturating_add(1);
    }

    pub(super) const fn settle(&mut self, was_ended: bool) {
        self.leased = self.leased.saturating_sub(1);
        if was_ended {
            self.ended = self.ended.saturating_sub(1);
        }
    }
}
