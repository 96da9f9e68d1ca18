//! Dead letters of all queues by what went wrong, from the latest on, a bounded number at a time.

use std::{cmp::Reverse, collections::BTreeSet, collections::HashMap};

use super::{JobFilter, Place, plan::Plan};
use crate::{
    base::{CompanyId, JobId, Timestamp},
    queue::{
        error::Error,
        failures::{FailureGroup, one, undamaged},
        job::{FailureReason, State},
        name::QueueName,
        registry::Queues,
    },
    storage::Read,
};

/// Failed jobs that one look puts into groups.
const LOOKED_AT: usize = 1_000;
/// Kinds and queues of a group that are named.
const NAMED: usize = 20;
/// Bytes of an error that are told.
const ERROR_BYTES: usize = 500;

/// Failed jobs whose errors are alike, of any kind and queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorGroup {
    /// What their errors have in common, hashed.
    pub fingerprint: u64,
    /// The error of the latest of them, cut when it is long.
    pub error: String,
    /// Why the latest of them was given up.
    pub reason: Option<FailureReason>,
    /// How many there are among those looked at.
    pub count: u64,
    /// Their kinds, at most twenty.
    pub kinds: BTreeSet<String>,
    /// Their queues, at most twenty.
    pub queues: BTreeSet<String>,
    /// When the first of them failed.
    pub first_at: Timestamp,
    /// When the latest of them failed.
    pub last_at: Timestamp,
    /// The latest of them.
    pub latest: JobId,
}

/// Some dead letters, in groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorGroups {
    /// The groups, the largest first.
    pub groups: Vec<ErrorGroup>,
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
        let (mut found, mut place, mut looked) = (Found::default(), after, 0);
        loop {
            let batch = plan.next(self, read, company.hi(), &filter, place)?;
            for (job, own @ [_, at, ..]) in batch.candidates {
                if looked == LOOKED_AT {
                    return Ok(found.close(place));
                }
                (looked, place) = (looked + 1, Some(own));
                let at = Timestamp::from_ms(at.cast_signed());
                let Some((_, group)) = undamaged(one(read, (company.hi(), job), at))?.flatten() else { continue };
                let is_wanted = kind.is_none_or(|kind| kind == group.kind) && !self.is_own_kind(&group.kind);
                if let Some((_, name, _)) =
                    undamaged(self.identify(read, company, job))?.flatten().filter(|_| is_wanted)
                {
                    found.add(group, &name, at);
                }
            }
            if batch.is_end {
                return Ok(found.close(None));
            }
            place = batch.go_on.or(place);
        }
    }
}

/// The groups so far.
#[derive(Default)]
struct Found {
    groups: HashMap<u64, ErrorGroup>,
    jobs: u64,
}

impl Found {
    /// Adds a job; the latest comes first.
    fn add(&mut self, one: FailureGroup, queue: &QueueName, at: Timestamp) {
        self.jobs += 1;
        let FailureGroup { fingerprint, kind, reason, mut error, latest, .. } = one;
        let group = self.groups.entry(fingerprint).or_insert_with(|| {
            error.truncate(error.floor_char_boundary(ERROR_BYTES));
            let (kinds, queues) = (BTreeSet::new(), BTreeSet::new());
            ErrorGroup { fingerprint, error, reason, count: 0, kinds, queues, first_at: at, last_at: at, latest }
        });
        group.count += 1;
        group.first_at = at;
        for (names, name) in [(&mut group.kinds, kind), (&mut group.queues, queue.to_string())] {
            if names.len() < NAMED {
                names.insert(name);
            }
        }
    }

    fn close(self, next: Option<Place>) -> ErrorGroups {
        let mut groups: Vec<_> = self.groups.into_values().collect();
        groups.sort_unstable_by_key(|group| Reverse((group.count, group.last_at, group.fingerprint)));
        ErrorGroups { groups, jobs: self.jobs, next }
    }
}
