//! Checks stored jobs against everything that follows from them. For offline checks and tests.
//!
//! Streams: memory grows with the number of lanes, not of jobs.

mod links;

use std::{collections::BTreeMap, ops::ControlFlow};

use super::{
    job::State,
    state::JobState,
    store::{
        FINISHED, HELD_IN_GROUPS, JOB_ERRORS, JOB_LINES, JOB_NOTES, JOB_RESULTS, JOB_STATES, JOBS, JobKey, LANES,
        PENDING_JOBS, QUEUE_BOOTS, READY, ReadyRow, TIMERS, TimerKind, UNIQUE_KEYS, all_jobs_in, bytes_in, find_state,
        jobs_in, ready_key,
    },
};
use crate::{
    base::QueueId,
    storage::{Error, Key, KeyRange, Order, Read, Table, Value},
};

/// What a check counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CheckFigures {
    /// Jobs looked at.
    pub jobs: u64,
    /// Contradictions found.
    pub findings: u64,
}

/// Jobs and payload bytes of a lane by state.
#[derive(Default)]
struct Counted {
    jobs: [i64; 7],
    bytes: [i64; 7],
}

struct Check<'a, R> {
    read: &'a R,
    boot: u32,
    found: &'a mut dyn FnMut(String),
    figures: CheckFigures,
    lanes: BTreeMap<(u64, QueueId), Counted>,
}

/// Compares every job with its index entries and counters, both ways; tells each contradiction in words.
///
/// # Errors
/// When a row cannot be read; a damaged one is [`Error::Corrupt`].
pub fn check<R: Read>(read: &R, found: &mut dyn FnMut(String)) -> Result<CheckFigures, Error> {
    let boot = read.get(QUEUE_BOOTS, &0)?.map_or(0, |row| row.boot);
    let mut check = Check { read, boot, found, figures: CheckFigures::default(), lanes: BTreeMap::new() };
    check.jobs()?;
    check.ready()?;
    check.timers()?;
    check.finished()?;
    check.keys()?;
    check.pending()?;
    check.held_in_groups()?;
    check.indexes()?;
    check.children()?;
    check.orphans(JOB_STATES, |key| *key)?;
    check.orphans(JOB_NOTES, |key| *key)?;
    check.orphans(JOB_LINES, |(company, job, _)| (*company, *job))?;
    check.orphans(JOB_RESULTS, |key| *key)?;
    check.orphans(JOB_ERRORS, |(company, job, _)| (*company, *job))?;
    check.counters()?;
    Ok(check.figures)
}

impl<R: Read> Check<'_, R> {
    fn report(&mut self, words: String) {
        self.figures.findings += 1;
        (self.found)(words);
    }

    /// Runs `look` on every row of a table and stops at the first error.
    fn each<K: Key, V: Value>(
        &mut self,
        table: Table<K, V>,
        mut look: impl FnMut(&mut Self, K, V) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut failure = None;
        let read = self.read;
        read.scan(table, &KeyRange::all(), Order::Ascending, &mut |key, value| match look(self, key, value) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failure = Some(error);
                ControlFlow::Break(())
            }
        })?;
        failure.map_or(Ok(()), Err)
    }

    fn jobs(&mut self) -> Result<(), Error> {
        self.each(JOBS, |check, key, body| {
            check.figures.jobs += 1;
            let row = check.read.get(JOB_STATES, &key)?.unwrap_or_else(|| body.first_state(key.1));
            check.entries(key, &body, &row)?;
            if row.bytes as usize != body.payload.len() || row.place.queue != body.queue {
                check.report(format!("job {key:?}: its row does not fit its body"));
            }
            check.count(key, &row);
            check.job(key, &row)
        })
    }

    fn count(&mut self, key: JobKey, row: &JobState) {
        let counted = self.lanes.entry((key.0, row.place.queue)).or_default();
        let state = row.effective(self.boot);
        if let Some(count) = counted.jobs.get_mut(state as usize) {
            *count += 1;
        }
        if let Some(bytes) = counted.bytes.get_mut(state as usize).filter(|_| state.is_terminal()) {
            *bytes += i64::from(row.bytes);
        }
    }

    /// Everything that follows from the row is there.
    fn job(&mut self, key @ (company, job): JobKey, row: &JobState) -> Result<(), Error> {
        let indexes = row.indexes(self.boot);
        let queue = row.place.queue;
        let read = self.read;
        if let Some(place) = indexes.ready {
            let wanted = ReadyRow { job, kind: row.kind, bytes: row.bytes };
            if read.get(READY, &ready_key(company, &place))? != Some(wanted) {
                self.report(format!("job {key:?} is not in line"));
            }
        }
        for (at, kind) in [(indexes.due, TimerKind::Due), (indexes.expiry, TimerKind::Expiry)] {
            if let Some(at) = at
                && !read.exists(TIMERS, &(at, company, job, kind as u8))?
            {
                self.report(format!("job {key:?} has no timer of kind {kind:?}"));
            }
        }
        if let Some((state, at)) = indexes.pending
            && !read.exists(PENDING_JOBS, &(company, queue, state as u8, at, job))?
        {
            self.report(format!("job {key:?} is not in the list of those in no line"));
        }
        if let Some(at) = indexes.finished
            && !read.exists(FINISHED, &(company, queue, row.state as u8, at, job))?
        {
            self.report(format!("job {key:?} is not in the finished index"));
        }
        if indexes.holds_key
            && let Some(held) = &row.held_key
            && read.get(UNIQUE_KEYS, &(company, queue, held.key.clone()))?.is_none_or(|unique| unique.job.hi != job)
        {
            self.report(format!("job {key:?} does not hold its unique key"));
        }
        Ok(())
    }

    fn ready(&mut self) -> Result<(), Error> {
        self.each(READY, |check, place @ (company, ..), ready| {
            let row = find_state(check.read, (company, ready.job))?;
            let own = row.and_then(|row| row.indexes(check.boot).ready).map(|own| ready_key(company, &own));
            if own != Some(place) {
                check.report(format!("place {place:?} belongs to no job"));
            }
            Ok(())
        })
    }

    fn timers(&mut self) -> Result<(), Error> {
        self.each(TIMERS, |check, timer @ (at, company, job, what), entry| {
            let is_known = if what == TimerKind::KeyWindow as u8 {
                let unique = (company, entry.queue, entry.key.unwrap_or_default());
                check.read.get(UNIQUE_KEYS, &unique)?.is_some_and(|held| held.job.hi == job && held.until == Some(at))
            } else {
                let indexes = find_state(check.read, (company, job))?.map(|row| row.indexes(check.boot));
                let is_due = what == TimerKind::Due as u8;
                indexes.and_then(|indexes| if is_due { indexes.due } else { indexes.expiry }) == Some(at)
            };
            if !is_known {
                check.report(format!("timer {timer:?} belongs to nothing"));
            }
            Ok(())
        })
    }

    fn finished(&mut self) -> Result<(), Error> {
        self.each(FINISHED, |check, entry @ (company, queue, state, at, job), row| {
            let own = check.read.get(JOB_STATES, &(company, job))?;
            let fits = own.is_some_and(|own| {
                own.finished_at == Some(at)
                    && own.state as u8 == state
                    && own.place.queue == queue
                    && own.bytes == row.bytes
            });
            if !fits {
                check.report(format!("finished entry {entry:?} belongs to no job"));
            }
            Ok(())
        })
    }

    fn keys(&mut self) -> Result<(), Error> {
        self.each(UNIQUE_KEYS, |check, (company, queue, key), unique| {
            let is_known = match unique.until {
                Some(at) => check.read.exists(TIMERS, &(at, company, unique.job.hi, TimerKind::KeyWindow as u8))?,
                None => find_state(check.read, (company, unique.job.hi))?
                    .is_some_and(|row| row.indexes(check.boot).holds_key),
            };
            if !is_known {
                check.report(format!("unique key \"{key}\" of queue {queue:?} is held by no job"));
            }
            Ok(())
        })
    }

    /// One way only: a lease that an earlier version gave is in no list.
    fn held_in_groups(&mut self) -> Result<(), Error> {
        self.each(HELD_IN_GROUPS, |check, key, ()| {
            let row = check.read.get(JOB_STATES, &key)?;
            if !row.is_some_and(|row| row.indexes(check.boot).is_held_in_group) {
                check.report(format!("job {key:?} is listed as held in its group and is not"));
            }
            Ok(())
        })
    }

    fn orphans<K: Key + std::fmt::Debug, V: Value>(
        &mut self,
        table: Table<K, V>,
        job: impl Fn(&K) -> JobKey,
    ) -> Result<(), Error> {
        self.each(table, |check, key, _| {
            if !check.read.exists(JOBS, &job(&key))? {
                check.report(format!("a row of {} belongs to no job: {key:?}", table.spec().name));
            }
            Ok(())
        })
    }

    fn counters(&mut self) -> Result<(), Error> {
        self.each(LANES, |check, (queue, company), _| {
            check.lanes.entry((company, queue)).or_default();
            Ok(())
        })?;
        let lanes = std::mem::take(&mut self.lanes);
        let mut queues: BTreeMap<QueueId, [i64; 7]> = BTreeMap::new();
        for ((_, queue), counted) in &lanes {
            let sums = queues.entry(*queue).or_default();
            sums.iter_mut().zip(counted.jobs).for_each(|(sum, jobs)| *sum += jobs);
        }
        for (queue, sums) in queues {
            for (state, jobs) in State::ALL.into_iter().zip(sums) {
                let stored = self.read.counter(&all_jobs_in(queue, state))?;
                if stored != jobs {
                    let words =
                        format!("queue {queue:?}: {stored} {} jobs are counted, {jobs} are there", state.as_str());
                    self.report(words);
                }
            }
        }
        for ((company, queue), counted) in lanes {
            for ((state, jobs), bytes) in State::ALL.into_iter().zip(counted.jobs).zip(counted.bytes) {
                let (stored, stored_bytes) = (
                    self.read.counter(&jobs_in(company, queue, state))?,
                    self.read.counter(&bytes_in(company, queue, state))?,
                );
                if stored != jobs || stored_bytes != bytes {
                    self.report(format!(
                        "queue {queue:?} of company {company}: {stored} {} jobs with {stored_bytes} bytes are counted, {jobs} with {bytes} are there",
                        state.as_str()
                    ));
                }
            }
        }
        Ok(())
    }
}
