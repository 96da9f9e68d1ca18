//! The one place where a transition is written: rows, indexes, counters, parents, in one transaction.

use super::{
    after::{After, Op},
    changes, history,
    job::State,
    state::{Indexes, JobState},
    store::{
        ChildRow, FINISHED, FLOW_CHILDREN, FinishedRow, HELD_IN_GROUPS, JOB_STATES, JobKey, PENDING_JOBS, READY,
        ReadyRow, TIMERS, TimerKind, TimerRow, UNIQUE_KEYS, bytes_in, count, ready_key,
    },
};
use crate::{
    base::{QueueId, Timestamp},
    storage::{Error, Read, Tx},
};

/// Writes transitions within one transaction.
pub(super) struct Writer<'a, 'tx> {
    pub(super) tx: &'a mut Tx<'tx>,
    pub(super) after: &'a mut After,
    pub(super) boot: u32,
}

impl Writer<'_, '_> {
    /// Writes a job's first row and what follows from it.
    pub(super) fn create(&mut self, key: JobKey, new: &JobState) -> Result<(), Error> {
        if !new.is_plain() {
            self.tx.put(JOB_STATES, &key, new)?;
        }
        let to = new.indexes(self.boot);
        self.write_indexes(key, new, None, &to)?;
        changes::note_created(self.tx, key, new);
        history::count_added(self.tx, key.0, new.place.queue);
        self.after.created(key, new);
        Ok(())
    }

    /// Writes a transition and what follows from it, for its parents too.
    pub(super) fn change(&mut self, key: JobKey, old: &JobState, new: &JobState) -> Result<(), Error> {
        self.tx.put(JOB_STATES, &key, new)?;
        let (from, to) = (old.indexes(self.boot), new.indexes(self.boot));
        self.write_indexes(key, new, Some((old, &from)), &to)?;
        changes::note_changed(self.tx, key, old, new);
        if let Some(ms) = history::count_change(self.tx, key.0, old, new) {
            self.after.push(new.place.queue, Op::Ran { company: key.0, ms });
        }
        self.after.changed(key, old, new, self.boot);
        match new.parent {
            Some(parent) if old.state.is_terminal() != new.state.is_terminal() => self.tell_parent(key, parent, new),
            _ => Ok(()),
        }
    }

    /// The parent of a job that has ended, or is done again; the depth of flows bounds how far this goes up.
    fn tell_parent(&mut self, (company, job): JobKey, parent: u64, child: &JobState) -> Result<(), Error> {
        let entry = (company, parent, job);
        let Some(row) = self.tx.get(FLOW_CHILDREN, &entry)? else { return Ok(()) };
        let end = child.state.is_terminal().then_some(child.state);
        self.tx.put(FLOW_CHILDREN, &entry, &ChildRow { end, ..row })?;
        let key = (company, parent);
        let Some(old) = self.tx.get(JOB_STATES, &key)? else { return Ok(()) };
        let new = match end {
            Some(state) => old.child_ended(state, row.on_failure, self.tx.now()),
            None => old.child_resumed(),
        };
        self.change(key, &old, &new)
    }

    fn write_indexes(
        &mut self,
        key @ (company, job): JobKey,
        new: &JobState,
        old: Option<(&JobState, &Indexes)>,
        to: &Indexes,
    ) -> Result<(), Error> {
        let from = old.map(|(_, indexes)| indexes);
        let queue = new.place.queue;
        let ready = from.and_then(|from| from.ready);
        let is_resized = old.is_some_and(|(old, _)| old.bytes != new.bytes);
        if ready != to.ready || is_resized {
            if let Some(place) = ready.filter(|_| ready != to.ready) {
                self.tx.remove(READY, &ready_key(company, &place))?;
            }
            if let Some(place) = to.ready {
                let row = ReadyRow { job, kind: new.kind, bytes: new.bytes };
                self.tx.put(READY, &ready_key(company, &place), &row)?;
            }
        }
        self.write_timer(key, queue, TimerKind::Due, from.and_then(|from| from.due), to.due)?;
        let pending = from.and_then(|from| from.pending);
        if pending != to.pending {
            if let Some((state, at)) = pending {
                self.tx.remove(PENDING_JOBS, &(company, queue, state as u8, at, job))?;
            }
            if let Some((state, at)) = to.pending {
                self.tx.put(PENDING_JOBS, &(company, queue, state as u8, at, job), &())?;
            }
        }
        self.write_timer(key, queue, TimerKind::Expiry, from.and_then(|from| from.expiry), to.expiry)?;
        if from.is_some_and(|from| from.holds_key)
            && !to.holds_key
            && let Some(held) = old.and_then(|(row, _)| row.held_key.as_ref())
        {
            self.tx.remove(UNIQUE_KEYS, &(company, queue, held.key.clone()))?;
        }
        match (from.is_some_and(|from| from.is_held_in_group), to.is_held_in_group) {
            (false, true) => self.tx.put(HELD_IN_GROUPS, &key, &())?,
            (true, false) => self.tx.remove(HELD_IN_GROUPS, &key)?,
            _ => {}
        }
        let finished = old.and_then(|(old, from)| Some((from.counted, from.finished?, old.bytes)));
        self.write_finished(key, queue, finished, to.finished.map(|at| (to.counted, at, new.bytes)))?;
        if let Some(from) = from.filter(|from| from.counted != to.counted) {
            count(self.tx, company, queue, from.counted, -1);
        }
        if from.is_none_or(|from| from.counted != to.counted) {
            count(self.tx, company, queue, to.counted, 1);
        }
        Ok(())
    }

    fn write_timer(
        &mut self,
        (company, job): JobKey,
        queue: QueueId,
        kind: TimerKind,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<(), Error> {
        if from == to {
            return Ok(());
        }
        if let Some(at) = from {
            self.tx.remove(TIMERS, &(at, company, job, kind as u8))?;
        }
        if let Some(at) = to {
            self.tx.put(TIMERS, &(at, company, job, kind as u8), &TimerRow { queue, key: None })?;
            self.after.timer(at);
        }
        Ok(())
    }

    fn write_finished(
        &mut self,
        (company, job): JobKey,
        queue: QueueId,
        from: Option<(State, Timestamp, u32)>,
        to: Option<(State, Timestamp, u32)>,
    ) -> Result<(), Error> {
        if from == to {
            return Ok(());
        }
        if let Some((state, at, bytes)) = from {
            self.tx.remove(FINISHED, &(company, queue, state as u8, at, job))?;
            self.tx.add(bytes_in(company, queue, state), -i64::from(bytes));
        }
        if let Some((state, at, bytes)) = to {
            self.tx.put(FINISHED, &(company, queue, state as u8, at, job), &FinishedRow { bytes })?;
            self.tx.add(bytes_in(company, queue, state), i64::from(bytes));
        }
        Ok(())
    }
}
