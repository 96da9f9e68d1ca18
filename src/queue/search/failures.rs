//! Dead letters of all queues by what went wrong, from the latest on, a bounded number at a time.

use super::{JobFilter, Place, plan::Plan};
use crate::{
    base::{CompanyId, Timestamp},
    queue::{
        error::Error,
        failures::{FailureGroup, Groups, failure, undamaged},
        job::State,
        name::QueueName,
        registry::Queues,
    },
    storage::Read,
};

/// Failed jobs that one look puts into groups.
const LOOKED_AT: usize = 1_000;
/// Bytes of an error that are told.
const ERROR_BYTES: usize = 500;

/// Some dead letters, in groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorGroups {
    /// The groups, the largest first; their errors are cut when they are long.
    pub groups: Vec<FailureGroup>,
    /// How many dead letters are in them.
    pub jobs: u64,
    /// Where the next look begins; `None` at the end.
    pub next: Option<Place>,
}

impl Queues {
    /// The next dead letters behind a place, the latest first, in groups whose errors are alike; from one queue or of one
    /// kind when the filter says so, and nothing else of it counts.
    ///
    /// Looks at a bounded number. Jobs the server runs itself are left out, for nobody can redrive them here, and so are
    /// damaged ones.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a place of another search; when the store cannot be read.
    pub fn error_groups(
        &self,
        read: &impl Read,
        company: CompanyId,
        (queue, kind): (Option<QueueName>, Option<&str>),
        after: Option<Place>,
    ) -> Result<ErrorGroups, Error> {
        let filter = JobFilter { queue, state: Some(State::Failed), ..JobFilter::default() };
        let plan = Plan::of(self, read, company.hi(), (&filter, after))?;
        if after.is_some_and(|after| !plan.has_made(&after)) {
            return Err(Error::Invalid { field: "cursor", reason: "is of another search" });
        }
        let (mut found, mut place, mut looked) = (Groups::telling(ERROR_BYTES), after, 0);
        loop {
            let batch = plan.next(self, read, company.hi(), &filter, place)?;
            for (job, own @ [_, at, ..]) in batch.candidates {
                if looked == LOOKED_AT {
                    return Ok(ErrorGroups { jobs: found.jobs, groups: found.largest_first(), next: place });
                }
                (looked, place) = (looked + 1, Some(own));
                let at = Timestamp::from_ms(at.cast_signed());
                let Some(failure) = undamaged(failure(read, (company.hi(), job), at))?.flatten() else { continue };
                let is_wanted = kind.is_none_or(|kind| kind == failure.kind) && !self.is_own_kind(&failure.kind);
                if let Some((_, name, _)) =
                    undamaged(self.identify(read, company, job))?.flatten().filter(|_| is_wanted)
                {
                    found.add(failure.fingerprint, failure, &name);
                }
            }
            if batch.is_end {
                return Ok(ErrorGroups { jobs: found.jobs, groups: found.largest_first(), next: None });
            }
            place = batch.go_on.or(place);
        }
    }
}
