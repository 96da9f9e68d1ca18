//! What a transaction changes in memory, applied once its commit is durable.
//!
//! What comes into line, new or due, comes earlier, while its commit is on its way, with the queues and lanes it needs: a
//! claim is a transaction behind it, so it is committed after it or not at all, and saves the wait for one more commit.
//! All of it comes by this way, in commit order, so that no younger job overtakes an elder. Only what comes back from a
//! place (a lease, a hold, another place in line, the wait for children) comes with the commit, behind what it leaves.
//!
//! Order within one transition matters: a job is pushed before its lease ends, so that an
//! ordered group never lets the next one pass; a hold is set before the lease ends, too.

use std::sync::Arc;

use super::{
    dead_letters,
    heads::Ref,
    job::State,
    line::Line,
    name::QueueName,
    registry::{Inner, Queues},
    settings::QueueSettings,
    state::JobState,
    store::JobKey,
};
use crate::{
    base::{QueueId, Timestamp},
    storage::Tx,
};

/// One change of a queue's memory.
#[derive(Debug, Clone, Copy)]
pub(super) enum Op {
    Push {
        company: u64,
        priority: u8,
        group: u64,
        item: Ref,
    },
    Remove {
        company: u64,
        priority: u8,
        group: u64,
        ord: u64,
    },
    Hold {
        company: u64,
        group: u64,
        job: u64,
    },
    Unhold {
        company: u64,
        group: u64,
        job: u64,
    },
    EndLease {
        job: u64,
        generation: u32,
    },
    /// Tell a running handler that its job is cancelled.
    Stop {
        job: u64,
        generation: u32,
    },
    Finished {
        company: u64,
        state: State,
    },
    /// An attempt has ended by itself after so long.
    Ran {
        company: u64,
        ms: u64,
    },
    /// Something was counted and nothing else follows.
    Counted {
        company: u64,
    },
    SetPaused {
        company: u64,
        is_paused: bool,
    },
    /// There may be more to take than was found.
    Wake,
}

/// Collects what is to happen after the commit.
#[derive(Debug, Default)]
pub(super) struct After {
    ops: Vec<(QueueId, Op)>,
    /// Jobs that come into line and had no place before.
    arrivals: Vec<(QueueId, Op)>,
    new_queues: Vec<(QueueName, QueueId, QueueSettings)>,
    new_lanes: Vec<(QueueId, u64)>,
    /// Jobs that were given up.
    given_up: Vec<(QueueId, JobKey)>,
    earliest_timer: Option<Timestamp>,
}

impl After {
    pub(super) fn push(&mut self, queue: QueueId, op: Op) {
        self.ops.push((queue, op));
    }

    pub(super) fn timer(&mut self, at: Timestamp) {
        self.earliest_timer = Some(self.earliest_timer.map_or(at, |known| known.min(at)));
    }

    pub(super) fn new_queue(&mut self, name: QueueName, id: QueueId, settings: QueueSettings) {
        self.new_queues.push((name, id, settings));
    }

    pub(super) fn new_lane(&mut self, queue: QueueId, company: u64) {
        self.new_lanes.push((queue, company));
    }

    /// The number of a queue that this transaction creates.
    pub(super) fn find_queue(&self, name: &QueueName) -> Option<QueueId> {
        self.new_queues.iter().find(|(known, ..)| known == name).map(|(_, id, _)| *id)
    }

    pub(super) fn created(&mut self, (company, job): JobKey, new: &JobState) {
        if new.state == State::Waiting && !new.is_blocked() {
            self.arrivals.push((new.place.queue, push_op(company, job, new)));
        } else {
            self.push(new.place.queue, Op::Counted { company });
        }
    }

    pub(super) fn changed(&mut self, (company, job): JobKey, old: &JobState, new: &JobState, boot: u32) {
        let queue = new.place.queue;
        let group = new.place.group;
        let was_in_line = old.effective(boot) == State::Waiting && !old.is_blocked();
        let was_held = old.effective(boot) == State::Active;
        let stands = |row: &JobState| row.state == State::Waiting && !row.is_blocked();
        if stands(new) && !(stands(old) && old.place == new.place) {
            // A parent comes back to the place it had, and its leaving of that may still be on its way.
            let had_a_place = was_in_line || was_held || old.keeps_place || old.is_blocked();
            let ops = if had_a_place { &mut self.ops } else { &mut self.arrivals };
            ops.push((queue, push_op(company, job, new)));
        }
        let stays = matches!(new.state, State::Waiting | State::Active) && !new.is_blocked();
        if was_in_line && (!stays || old.place != new.place) {
            let priority = old.place.priority;
            self.push(queue, Op::Remove { company, priority, group: old.place.group, ord: old.place.ord });
        }
        if new.keeps_place && !old.keeps_place {
            self.push(queue, Op::Hold { company, group, job });
        }
        if was_held && new.state != State::Active {
            if new.state == State::Cancelled {
                self.push(queue, Op::Stop { job, generation: old.generation });
            }
            self.push(queue, Op::EndLease { job, generation: old.generation });
        }
        if old.keeps_place && !new.keeps_place {
            self.push(queue, Op::Unhold { company, group, job });
        }
        if new.state.is_terminal() && !old.state.is_terminal() {
            self.push(queue, Op::Finished { company, state: new.state });
        }
        if new.state == State::Failed && old.state != State::Failed {
            self.given_up.push((queue, (company, job)));
        }
    }

    /// Takes in what a part of the transaction collected.
    pub(super) fn append(&mut self, part: Self) {
        let Self { ops, arrivals, new_queues, new_lanes, given_up, earliest_timer } = part;
        self.given_up.extend(given_up);
        self.ops.extend(ops);
        self.arrivals.extend(arrivals);
        self.new_queues.extend(new_queues);
        self.new_lanes.extend(new_lanes);
        if let Some(at) = earliest_timer {
            self.timer(at);
        }
    }

    /// Leaves everything collected for when it is due.
    pub(super) fn register(self, tx: &mut Tx<'_>, queues: &Queues) {
        let Self { ops, arrivals, new_queues, new_lanes, given_up, earliest_timer } = self;
        dead_letters::tell(tx, queues, given_up);
        if !arrivals.is_empty() || !new_queues.is_empty() || !new_lanes.is_empty() {
            let inner = Arc::clone(&queues.inner);
            tx.on_sequenced(move || {
                for (name, id, settings) in new_queues {
                    inner.add_queue(&name, id, settings);
                }
                inner.add_lanes(&new_lanes);
                for (queue, company) in new_lanes {
                    if let Some(line) = inner.line(queue) {
                        line.core().heads.set_paused(company, false);
                    }
                }
                apply(&inner, &arrivals);
            });
        }
        if !ops.is_empty() || earliest_timer.is_some() {
            let inner = Arc::clone(&queues.inner);
            tx.on_commit(move || {
                apply(&inner, &ops);
                if let Some(at) = earliest_timer {
                    inner.timers.note(at);
                }
            });
        }
    }
}

fn push_op(company: u64, job: u64, row: &JobState) -> Op {
    let item = Ref { ord: row.place.ord, job, kind: row.kind, bytes: row.bytes };
    Op::Push { company, priority: row.place.priority, group: row.place.group, item }
}

fn apply(inner: &Arc<Inner>, ops: &[(QueueId, Op)]) {
    for run in ops.chunk_by(|left, right| left.0 == right.0) {
        let Some(line) = run.first().and_then(|(queue, _)| inner.line(*queue)) else { continue };
        apply_to(inner, &line, run);
    }
}

fn apply_to(inner: &Arc<Inner>, line: &Arc<Line>, run: &[(QueueId, Op)]) {
    let now_s = inner.clock.mono_ms() / 1000;
    let mut core = line.core();
    for (_, op) in run {
        match *op {
            Op::Push { company, priority, group, item } => {
                core.heads.push(company, priority, group, item);
                core.history.touch(company);
                line.wake_worker(company);
            }
            Op::Remove { company, priority, group, ord } => core.heads.remove(company, priority, group, ord),
            Op::Hold { company, group, job } => core.heads.hold(company, group, job),
            Op::Unhold { company, group, job } => core.heads.unhold(company, group, job),
            Op::EndLease { job, generation } => {
                // Its group may have a place for the next one.
                if let Some(company) = core.end_lease(job, generation) {
                    line.wake_worker(company);
                }
            }
            Op::Stop { job, generation } => line.stop_run(job, generation),
            Op::Wake => line.wake_workers(),
            Op::Finished { company, state } => {
                core.rings.record(company, state, now_s);
                core.history.touch(company);
            }
            Op::Ran { company, ms } => core.history.ran(company, ms),
            Op::Counted { company } => core.history.touch(company),
            Op::SetPaused { company, is_paused } => {
                core.heads.set_paused(company, is_paused);
                line.wake_worker(company);
            }
        }
    }
    let (wants_reads, has_lesser) = (core.heads.has_requests(), core.heads.has_lesser());
    drop(core);
    if has_lesser {
        line.wake_lesser();
    }
    line.wake_pool();
    if wants_reads {
        inner.load(line);
    }
}
