//! Telling, in the transaction itself, that the dead letters of a queue have reached another size: 1, 10, 100 and so on.
//!
//! The count is the maintained counter, so nothing is looked for, and a queue that fails without end tells seldom.

use std::{collections::BTreeMap, fmt, sync::Arc};

use super::{
    job::State,
    name::QueueName,
    registry::Queues,
    store::{JobKey, jobs_in},
};
use crate::{
    base::{CompanyId, JobId, QueueId, RawId},
    storage::{self, Tx},
};

/// What was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetters {
    /// Whose; only the half that keys hold is right.
    pub company: CompanyId,
    /// In which queue.
    pub queue: QueueName,
    /// A power of ten: there are at least so many now, and there were fewer before.
    pub reached: u64,
    /// The first one, with its kind: when it is the only one, it can be read, and it stands for nothing else.
    pub only: Option<(JobId, String)>,
}

type Tell = dyn Fn(&mut Tx<'_>, DeadLetters) -> Result<(), storage::Error> + Send + Sync;

/// Who is told.
#[derive(Clone)]
pub(super) struct OnDeadLetters(Arc<Tell>);

impl fmt::Debug for OnDeadLetters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnDeadLetters")
    }
}

impl Queues {
    /// Has this called in the transaction that gives up so many jobs of a queue that 1, 10, 100, … of them are there.
    ///
    /// Set once, before jobs run. What it fails at is taken back and logged: jobs end all the same.
    pub fn on_dead_letters(
        &self,
        tell: impl Fn(&mut Tx<'_>, DeadLetters) -> Result<(), storage::Error> + Send + Sync + 'static,
    ) {
        let is_first = self.inner.dead_letters.set(OnDeadLetters(Arc::new(tell))).is_ok();
        debug_assert!(is_first, "only one is told");
    }
}

/// Tells of the queues in which these jobs were given up, where another size was reached.
pub(super) fn tell(tx: &mut Tx<'_>, queues: &Queues, given_up: Vec<(QueueId, JobKey)>) {
    let Some(OnDeadLetters(tell)) = queues.inner.dead_letters.get().filter(|_| !given_up.is_empty()) else { return };
    let mut lanes: BTreeMap<(QueueId, u64), (i64, u64)> = BTreeMap::new();
    for (queue, (company, job)) in given_up {
        let (more, last) = lanes.entry((queue, company)).or_default();
        (*more, *last) = (*more + 1, job);
    }
    for ((queue, company), (more, job)) in lanes {
        let count = tx.count(&jobs_in(company, queue, State::Failed));
        let Some(reached) = reached(count.saturating_sub(more), count) else { continue };
        let Some(line) = queues.inner.line(queue) else { continue };
        let told = tx.part(|tx| {
            let company = CompanyId::from_raw(RawId { hi: company, lo: 0 });
            let only = if reached == 1 && more == 1 { only(tx, queues, company, job)? } else { None };
            tell(tx, DeadLetters { company, queue: line.name.clone(), reached, only })
        });
        if let Err(error) = told {
            tracing::warn!(%error, queue = %line.name, "nobody is told of the dead letters of {}: {error}", line.name);
        }
    }
}

fn only(tx: &Tx<'_>, queues: &Queues, company: CompanyId, job: u64) -> Result<Option<(JobId, String)>, storage::Error> {
    match queues.identify(tx, company, job) {
        Err(storage::Error::Corrupt { .. }) => Ok(None),
        found => Ok(found?.map(|(id, _, kind)| (id, kind)).filter(|(_, kind)| !queues.is_own_kind(kind))),
    }
}

/// The largest power of ten that is above the one count and not above the other. Pure.
fn reached(before: i64, now: i64) -> Option<u64> {
    let size = |count: i64| count.max(0).cast_unsigned().checked_ilog10();
    (size(now) > size(before)).then(|| size(now).map(|size| 10_u64.pow(size))).flatten()
}

#[cfg(test)]
mod tests {
    use super::reached;

    #[test]
    fn sizes_are_powers_of_ten_and_told_when_they_are_passed() {
        for (before, now, wanted) in [
            (0, 1, Some(1)),
            (1, 2, None),
            (9, 10, Some(10)),
            (8, 12, Some(10)),
            (0, 250, Some(100)),
            (99, 99, None),
            (100, 99, None),
            (-1, 1, Some(1)),
            (-5, 0, None),
            (i64::MAX - 1, i64::MAX, None),
        ] {
            assert_eq!(reached(before, now), wanted, "{before} to {now}");
        }
    }
}
