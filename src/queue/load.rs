//! Reads from the ready index that the heads ask for; on the blocking pool, one task per queue.

use std::{
    ops::ControlFlow,
    sync::{Arc, atomic::Ordering},
};

use super::{
    heads::{FoundGroup, Ref, Request},
    line::Line,
    registry::Inner,
    store::{READY, ReadyRow},
};
use crate::{
    base::QueueId,
    storage::{Error, KeyRange, Order, Read, Snapshot},
};

/// Reads made from one snapshot.
const READS_AT_ONCE: usize = 16;

/// What a read found.
enum Answer {
    Filled { spot: (u64, u8, u64), ticket: u64, found: Option<(Vec<Ref>, bool)> },
    Searched { company: u64, found: Vec<FoundGroup>, end: Option<(u8, u64)> },
    SearchFailed { company: u64 },
}

impl Inner {
    /// Sees to it that the heads of a queue get what they ask for.
    pub(super) fn load(self: &Arc<Self>, line: &Arc<Line>) {
        let Some(background) = self.background.get() else { return };
        if background.stop.is_cancelled() || line.is_loading.swap(true, Ordering::AcqRel) {
            return;
        }
        let (inner, line) = (Arc::clone(self), Arc::clone(line));
        background.tracker.spawn_on(
            async move {
                inner.load_wanted(&line).await;
                line.is_loading.store(false, Ordering::Release);
                // A wish made between the last look and the store found the flag set.
                if line.core().heads.has_requests() {
                    inner.load(&line);
                }
            },
            &background.handle,
        );
    }

    /// Answers every read the heads of a queue ask for.
    pub(super) async fn load_wanted(&self, line: &Arc<Line>) {
        loop {
            let requests = line.core().heads.requests(READS_AT_ONCE);
            if requests.is_empty() {
                return;
            }
            // The heads may know of jobs whose commit is still on its way.
            self.db.caught_up().await;
            let queue = line.id;
            let wanted = requests.clone();
            let answers = self
                .db
                .read(move |snapshot| {
                    wanted.iter().map(|request| answer(snapshot, queue, *request)).collect::<Vec<_>>()
                })
                .await;
            let (answers, is_failed) = match answers {
                Ok(answers) => (answers, false),
                Err(error) => {
                    tracing::warn!(%error, queue = %line.name, "could not read the ready index");
                    (requests.into_iter().map(failure).collect(), true)
                }
            };
            self.take_in(line, answers);
            if is_failed {
                return;
            }
        }
    }

    fn take_in(&self, line: &Line, answers: Vec<Answer>) {
        let now_ms = self.clock.mono_ms();
        let mut companies = Vec::new();
        let mut core = line.core();
        for answer in answers {
            match answer {
                Answer::Filled { spot, ticket, found } => {
                    companies.push(spot.0);
                    core.heads.filled(spot, ticket, found, now_ms);
                }
                Answer::Searched { company, found, end } => {
                    companies.push(company);
                    core.heads.searched(company, found, end, now_ms);
                }
                Answer::SearchFailed { company } => core.heads.search_failed(company, now_ms),
            }
        }
        let has_lesser = core.heads.has_lesser();
        drop(core);
        line.wake_pool();
        if has_lesser {
            line.wake_lesser();
        }
        for company in companies {
            line.wake_worker(company);
        }
    }
}

fn failure(request: Request) -> Answer {
    match request {
        Request::Fill { company, priority, group, ticket, .. } => {
            Answer::Filled { spot: (company, priority, group), ticket, found: None }
        }
        Request::Search { company, .. } => Answer::SearchFailed { company },
    }
}

fn answer(snapshot: &Snapshot, queue: QueueId, request: Request) -> Answer {
    let read = match request {
        Request::Fill { company, priority, group, after, limit, ticket } => {
            let spot = (company, priority, group);
            fill(snapshot, queue, spot, after, limit).map(|refs| {
                let is_full = refs.len() >= limit;
                Answer::Filled { spot, ticket, found: Some((refs, is_full)) }
            })
        }
        Request::Search { company, after, groups, refs } => search(snapshot, queue, company, after, groups, refs)
            .map(|(found, end)| Answer::Searched { company, found, end }),
    };
    read.unwrap_or_else(|error| {
        tracing::error!(%error, "the ready index could not be read");
        failure(request)
    })
}

fn fill(
    snapshot: &Snapshot,
    queue: QueueId,
    (company, priority, group): (u64, u8, u64),
    after: u64,
    limit: usize,
) -> Result<Vec<Ref>, Error> {
    let prefix = (company, queue, priority, group);
    let range = KeyRange::after(&(company, queue, priority, group, after)).within(&prefix);
    let mut refs = Vec::new();
    snapshot.scan_past_damage(READY, &range, Order::Ascending, &mut |(.., ord), row| {
        refs.extend(to_ref(ord, row));
        if refs.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(refs)
}

/// The job at a place; a damaged row is passed over, or nobody behind it would be served.
fn to_ref(ord: u64, row: Result<ReadyRow, Error>) -> Option<Ref> {
    match row {
        Ok(ReadyRow { job, kind, bytes }) => Some(Ref { ord, job, kind, bytes }),
        Err(error) => {
            tracing::error!(%error, "a row of the ready index is damaged and passed over");
            None
        }
    }
}

type Found = (Vec<FoundGroup>, Option<(u8, u64)>);

/// Skips from group to group: one seek each, however long their lines are.
fn search(
    snapshot: &Snapshot,
    queue: QueueId,
    company: u64,
    after: Option<(u8, u64)>,
    groups: usize,
    refs: usize,
) -> Result<Found, Error> {
    let lane = (company, queue);
    let mut found: Vec<FoundGroup> = Vec::new();
    let mut last = after;
    while found.len() < groups {
        let range = match last {
            Some((priority, group)) => KeyRange::after(&(company, queue, priority, group)).within(&lane),
            None => KeyRange::prefix(&lane),
        };
        let mut next: Option<FoundGroup> = None;
        snapshot.scan_past_damage(READY, &range, Order::Ascending, &mut |(_, _, priority, group, ord), row| {
            let head = next.get_or_insert_with(|| FoundGroup { priority, group, refs: Vec::new() });
            if (head.priority, head.group) != (priority, group) {
                return ControlFlow::Break(());
            }
            head.refs.extend(to_ref(ord, row));
            if head.refs.len() < refs { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let Some(next) = next else { return Ok((found, None)) };
        last = Some((next.priority, next.group));
        found.push(next);
    }
    Ok((found, last))
}
