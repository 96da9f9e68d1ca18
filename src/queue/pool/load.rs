//! From a lease to an attempt that can begin: bodies and inputs are read, a batch per snapshot.

use std::sync::Arc;

use super::{Ready, Shared, Turn, settler::Ended};
use crate::{
    queue::{
        claim::Granted,
        handler::{AttemptContext, LoadError, Outcome},
        settings::QueueSettings,
        settle::{Ending, PolicySource},
        store::JOBS,
        view,
    },
    storage::{Read, Snapshot},
};

/// What a claimed job becomes once its body was looked at.
enum Loaded {
    Run(Box<Ready>),
    End(Ending, Box<Granted>),
}

impl Shared {
    /// Reads the inputs of a batch and, in its turn, starts what may start.
    ///
    /// Batches are read side by side; without turns a younger job of a group could start before its elder.
    pub(super) async fn load(self: Arc<Self>, granted: Vec<Granted>, mut turn: Turn) {
        let shared = Arc::clone(&self);
        let batch = granted.clone();
        let loaded = self.queues.inner.db.read(move |snapshot| shared.load_batch(snapshot, batch)).await;
        turn.come().await;
        let loaded = match loaded {
            Ok(loaded) => loaded,
            Err(error) => {
                // Nothing is known of the jobs, so their leases stay until the next start.
                tracing::error!(%error, queue = %self.line.name, "claimed jobs could not be read");
                for granted in granted {
                    self.local().drop_claimed(granted.is_lesser, granted.state.bytes as usize);
                    self.close_one();
                }
                return;
            }
        };
        for item in loaded {
            match item {
                Loaded::Run(ready) => self.offer(ready),
                Loaded::End(ending, granted) => {
                    self.end_unstarted(&granted);
                    self.settle_later(Ended::plain(ending));
                }
            }
        }
        self.start_ready();
    }

    fn load_batch(&self, snapshot: &Snapshot, granted: Vec<Granted>) -> Vec<Loaded> {
        let settings = self.line.settings();
        granted.into_iter().map(|granted| self.load_one(snapshot, granted, &settings)).collect()
    }

    fn load_one(&self, snapshot: &Snapshot, granted: Granted, settings: &QueueSettings) -> Loaded {
        let body = match snapshot.get(JOBS, &granted.key) {
            Ok(Some(body)) => body,
            Ok(None) => {
                return Loaded::End(Ending::without_body(granted.key, granted.state.generation), Box::new(granted));
            }
            Err(error) => {
                let ending = Ending::unreadable(granted.key, granted.state.generation, &error);
                return Loaded::End(ending, Box::new(granted));
            }
        };
        let policy = PolicySource::Known(body.retry.clone());
        let timeout_ms = body.timeout_ms.or(settings.timeout_ms);
        let inner = &self.queues.inner;
        let job = view::view(granted.key, body, &granted.state, &self.line.name, settings, inner.boot);
        let (company, id, generation) = (job.company, job.id, granted.state.generation);
        let outcome = match self.handlers.prepare(snapshot, &job) {
            Ok(Ok(run)) => {
                let ctx = AttemptContext {
                    attempt: job.attempt,
                    attempts_max: job.attempts_max,
                    job: Arc::new(job),
                    started_at: inner.clock.now(),
                    deadline_mono_ms: None,
                    cancel: self.warn.child_token(),
                };
                return Loaded::Run(Box::new(Ready { run, ctx, granted, policy, timeout_ms }));
            }
            Ok(Err(LoadError::Discard(error))) => Outcome::Discard { error },
            Ok(Err(LoadError::Snooze { ms })) => Outcome::Snooze { ms },
            Ok(Err(LoadError::Storage(error))) => Outcome::Retry { error: error.to_string(), after_ms: None },
            Err(words) => {
                tracing::error!(job.id = %id, panic = words, "a handler panicked while it read its input");
                Outcome::Retry { error: format!("the handler panicked: {words}"), after_ms: None }
            }
        };
        Loaded::End(Ending { company, id, generation, outcome, policy }, Box::new(granted))
    }
}
