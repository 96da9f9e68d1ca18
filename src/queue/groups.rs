//! Limits of single groups, set by their company: kept with the company's part of the queue, and in force from the commit on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    after::After, error::Error, heads::Heads, job::Group, name::QueueName, registry::Queues, settings::GroupPolicy,
    store::LANES,
};
use crate::{
    base::CompanyId,
    storage::{self, Read, Tx},
};

/// The most groups of a queue for which a company sets limits: all of them are one row, and are held in memory.
const MAX_LIMITED_GROUPS: usize = 100;

/// What a company allows one group of its own to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupLimits {
    /// Jobs of the group that run at once; `None` follows the queue.
    pub concurrency: Option<u32>,
    /// Jobs of the group started per second; `None` sets no limit.
    pub rate_per_second: Option<f64>,
}

impl From<GroupLimits> for GroupPolicy {
    fn from(limits: GroupLimits) -> Self {
        let GroupLimits { concurrency, rate_per_second } = limits;
        Self { concurrency, rate_per_second, ..Self::default() }
    }
}

/// Limits by the text of the group.
pub(super) type LimitedGroups = BTreeMap<String, GroupLimits>;

/// Brings limits that were set before this start into force.
pub(super) fn restore(heads: &mut Heads, company: u64, groups: &LimitedGroups) {
    for (key, limits) in groups {
        heads.set_policy(company, Group::named(key).number, (*limits).into());
    }
}

impl Queues {
    /// The groups of a queue for which the company has set limits, by their text.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn limited_groups(
        &self,
        read: &impl Read,
        company: CompanyId,
        queue: &QueueName,
    ) -> Result<BTreeMap<String, GroupLimits>, storage::Error> {
        let Some(line) = self.inner.find(queue) else { return Ok(BTreeMap::new()) };
        Ok(read.get(LANES, &(line.id, company.hi()))?.map(|row| row.groups).unwrap_or_default())
    }

    /// Sets the limits of a group, or takes them away; answers what they were.
    ///
    /// # Errors
    /// [`Error::TooManyGroups`]; as an enqueue for a queue that is not there yet.
    pub fn limit_group(
        &self,
        tx: &mut Tx<'_>,
        company: CompanyId,
        queue: &QueueName,
        key: &str,
        limits: Option<GroupLimits>,
    ) -> Result<Option<GroupLimits>, Error> {
        let mut after = After::default();
        let id = self.intern(tx, queue, &mut after)?;
        self.ensure_lane(tx, id, company.hi(), &mut after)?;
        let mut row = tx.get(LANES, &(id, company.hi()))?.unwrap_or_default();
        let before = match limits {
            Some(limits) => row.groups.insert(key.to_owned(), limits),
            None => row.groups.remove(key),
        };
        if row.groups.len() > MAX_LIMITED_GROUPS {
            return Err(Error::TooManyGroups(MAX_LIMITED_GROUPS));
        }
        tx.put(LANES, &(id, company.hi()), &row)?;
        after.register(tx, self);
        let (queues, queue, group) = (self.clone(), queue.clone(), Group::named(key).number);
        let policy = limits.map(GroupPolicy::from).unwrap_or_default();
        tx.on_commit(move || queues.set_group_policy(&queue, company, group, policy));
        Ok(before)
    }
}
