//! The handlers of a pool by kind, with their input types erased.

use std::{
    any::Any,
    collections::HashMap,
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
};

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

    pub(super) fn kinds(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.by_kind.keys().copied()
    }

    /// Reads the input of a job; a panic in it is the error inside.
    pub(super) fn prepare(&self, read: &Snapshot, job: &JobView) -> Result<Result<Run, LoadError>, String> {
        let Some(handler) = self.by_kind.get(job.kind.as_str()) else {
            return Ok(Err(LoadError::Discard(format!("no handler for jobs of kind \"{}\"", job.kind))));
        };
        let handler = Arc::clone(handler);
        catch_unwind(AssertUnwindSafe(|| handler.prepare(read, job))).map_err(|panic| words_of(panic.as_ref()))
    }
}

/// What a panic said.
pub(super) fn words_of(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().map(|words| (*words).to_owned());
    words.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
