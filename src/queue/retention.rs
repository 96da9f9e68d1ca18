//! Removing finished jobs by age, count and bytes; by a timer, in small transactions.

use std::{sync::Arc, time::Duration};

use super::{
    job::State,
    line::Line,
    operate::remove_finished,
    registry::Queues,
    settings::Keep,
    store::{FINISHED, bytes_in, jobs_in},
};
use crate::storage::{Error, KeyRange, Order, Read, Tx};

/// Jobs removed in one transaction.
const CHUNK: usize = 200;

impl Queues {
    /// Applies the retention until told to stop.
    pub(super) async fn run_retention_loop(self) {
        let Some(background) = self.inner.background.get() else { return };
        loop {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(self.inner.config.retention_every_ms)) => {}
                () = background.stop.cancelled() => return,
            }
            match self.apply_retention().await {
                Ok(_) => {}
                Err(Error::Stopped | Error::Unknown(_)) => return,
                Err(error) => tracing::warn!(%error, "finished jobs could not be removed"),
            }
        }
    }

    /// Removes every finished job that need not be kept any more; answers how many.
    ///
    /// # Errors
    /// When the store cannot read or write.
    pub async fn apply_retention(&self) -> Result<u64, Error> {
        let mut removed = 0;
        for line in self.inner.lines() {
            let companies: Vec<_> = line.core().heads.companies().collect();
            let retention = line.settings().retention;
            for company in companies {
                for state in [State::Completed, State::Cancelled, State::Failed] {
                    let keep = if state == State::Failed { retention.failed } else { retention.done };
                    removed += self.trim(&line, company, state, keep).await?;
                }
            }
        }
        Ok(removed)
    }

    async fn trim(&self, line: &Arc<Line>, company: u64, state: State, keep: Keep) -> Result<u64, Error> {
        let queue = line.id;
        let is_empty = move |snapshot: &crate::storage::Snapshot| {
            snapshot.counter(&jobs_in(company, queue, state)).map(|count| count == 0)
        };
        if self.inner.db.read(is_empty).await?? {
            return Ok(0);
        }
        let mut removed = 0;
        // Where the chunk before ended: removed rows leave traces that are slow to pass.
        let mut cursor = None;
        loop {
            let chunk = Chunk { line: Arc::clone(line), company, state, keep, cursor };
            let (count, last) = self.inner.db.write(move |tx| trim_chunk(tx, &chunk)).await?;
            removed += count as u64;
            if count < CHUNK || self.is_stopping() {
                return Ok(removed);
            }
            cursor = last;
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.inner.background.get().is_some_and(|background| background.stop.is_cancelled())
    }
}

struct Chunk {
    line: Arc<Line>,
    company: u64,
    state: State,
    keep: Keep,
    cursor: Option<Place>,
}

type Place = (crate::base::Timestamp, u64);

fn trim_chunk(tx: &mut Tx<'_>, chunk: &Chunk) -> Result<(usize, Option<Place>), Error> {
    let Chunk { line, company, state, keep, cursor } = chunk;
    let (company, state, queue) = (*company, *state, line.id);
    let prefix = (company, queue, state as u8);
    let range = match cursor {
        Some((at, job)) => KeyRange::from(&(company, queue, state as u8, *at, *job)).within(&prefix),
        None => KeyRange::prefix(&prefix),
    };
    let mut count = tx.count(&jobs_in(company, queue, state)).max(0).cast_unsigned();
    let mut bytes = tx.count(&bytes_in(company, queue, state)).max(0).cast_unsigned();
    let now = tx.now();
    let mut removed = 0;
    let mut last = None;
    for ((.., at, job), row) in tx.list(FINISHED, &range, Order::Ascending, CHUNK)? {
        let is_old = now.ms_since(at) > keep.age_ms;
        if !is_old && count <= keep.count && bytes <= keep.bytes {
            break;
        }
        remove_finished(tx, (company, queue, state, at, job), row.bytes)?;
        count = count.saturating_sub(1);
        bytes = bytes.saturating_sub(u64::from(row.bytes));
        removed += 1;
        last = Some((at, job));
    }
    Ok((removed, last))
}
