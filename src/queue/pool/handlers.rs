//! The handlers of a pool by kind, with their input types erased.

use std::{collections::HashMap, fmt, future::Future, pin::Pin, sync::Arc};

use crate::{
    queue::{
        handler::{AttemptContext, Handler, LoadError, Settlement},
        job::JobView,
    },
    storage::Snapshot,
};

/// An attempt whose input has been read.
pub(super) type Run = Box<dyn FnOnce(AttemptContext) -> Running + Send>;

/// An attempt under way.
pub(super) type Running = Pin<Box<dyn Future<Output = Settlement> + Send>>;

/// A handler without its input type.
pub(super) trait Prepare: Send + Sync {
    fn prepare(self: Arc<Self>, read: &Snapshot, job: &JobView) -> Result<Run, LoadError>;
}

struct Erased<H>(H);

impl<H: Handler> Prepare for Erased<H> {
    fn prepare(self: Arc<Self>, read: &Snapshot, job: &JobView) -> Result<Run, LoadError> {
        let input = self.0.load(read, job)?;
        Ok(Box::new(move |ctx| Box::pin(async move { self.0.run(input, ctx).await })))
    }
}

/// The handlers of one pool, by kind.
#[derive(Clone, Default)]
pub struct Handlers {
    by_kind: HashMap<&'static str, Arc<dyn Prepare>>,
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_kind.keys()).finish()
    }
}

impl Handlers {
    /// The same handlers and this one; a later one of the same kind takes the place of the earlier.
    #[must_use]
    pub fn with(mut self, handler: impl Handler) -> Self {
        self.by_kind.insert(handler.kind(), Arc::new(Erased(handler)));
        self
    }

    pub(super) fn prepare(&self, read: &Snapshot, job: &JobView) -> Result<Run, LoadError> {
        match self.by_kind.get(job.kind.as_str()) {
            Some(handler) => Arc::clone(handler).prepare(read, job),
            None => Err(LoadError::Discard(format!("no handler for jobs of kind \"{}\"", job.kind))),
        }
    }
}
