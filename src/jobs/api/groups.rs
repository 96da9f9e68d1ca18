//! Limits of single groups of a queue.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    super::{Error, Jobs},
    policy::Refusals,
    queues::queue_name,
};
use crate::{
    auth::{Author, Caller},
    http::{Json, Page, Path, Problem},
    queue::GroupLimits,
};

/// Most jobs of a group at once.
const CONCURRENCY_MAX: u64 = 65_536;
/// Most jobs of a group started per second.
const RATE_MAX: f64 = 1_000_000.0;

/// What a group may do.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "concurrency": 2, "rate_per_second": 10.0 }))]
pub(super) struct GroupOrder {
    /// Jobs of the group that run at once, 1 to 65,536; what the queue says when left out.
    #[schema(minimum = 1, maximum = 65536)]
    concurrency: Option<u32>,
    /// Jobs of the group started per second, more than 0 and at most 1,000,000; no limit when left out.
    rate_per_second: Option<f64>,
}

/// A group with limits.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LimitedGroup)]
pub(super) struct GroupDocument {
    /// Its `group_key`.
    #[schema(example = "customer-7")]
    group_key: String,
    /// Jobs of it that run at once; null follows the queue.
    concurrency: Option<u32>,
    /// Jobs of it started per second; null sets no limit.
    rate_per_second: Option<f64>,
}

impl From<(String, GroupLimits)> for GroupDocument {
    fn from((group_key, limits): (String, GroupLimits)) -> Self {
        let GroupLimits { concurrency, rate_per_second } = limits;
        Self { group_key, concurrency, rate_per_second }
    }
}

impl GroupOrder {
    fn check(self, group: &str) -> Result<GroupLimits, Problem> {
        let mut refusals = Refusals::default();
        refusals.text("/group", group);
        refusals.within("/concurrency", self.concurrency.map(u64::from), 1..=CONCURRENCY_MAX);
        if self.rate_per_second.is_some_and(|rate| !(rate > 0.0 && rate <= RATE_MAX)) {
            refusals.add("/rate_per_second", "must be more than 0 and at most 1000000");
        }
        if self.concurrency.is_none() && self.rate_per_second.is_none() {
            refusals.add("/concurrency", "or rate_per_second must be given; to set no limits delete them");
        }
        refusals.none()?;
        Ok(GroupLimits { concurrency: self.concurrency, rate_per_second: self.rate_per_second })
    }
}

/// Lists the groups of a queue that have limits of their own
///
/// All on one page: a company limits at most 100 groups of a queue.
#[utoipa::path(get, path = "/queues/{name}/groups", operation_id = "list_queue_groups", tag = "queues",
    params(("name" = String, Path)), responses(
    (status = 200, description = "The groups, by their key", body = Page<GroupDocument>),
))]
pub(super) async fn list_queue_groups(
    State(jobs): State<Jobs>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Page<GroupDocument>>, Problem> {
    let groups = jobs.limited_groups(caller.company, queue_name(&name)?).await?;
    Ok(Json(Page { data: groups.into_iter().map(GroupDocument::from).collect(), next_cursor: None }))
}

/// Sets the limits of a group
///
/// Of the caller's company, for jobs with this `group_key`, from now on and in place of what was set before; what runs goes on.
/// The group need not have jobs yet.
#[utoipa::path(put, path = "/queues/{name}/groups/{group}", operation_id = "limit_queue_group", tag = "queues",
    request_body = GroupOrder, params(("name" = String, Path), ("group" = String, Path, description = "The `group_key`")),
    responses(
        (status = 200, description = "The limits are in force", body = GroupDocument),
        (status = 404, description = "The company has no such queue"),
        (status = 409, description = "The server runs the jobs of this queue itself, or too many groups have limits"),
    ))]
pub(super) async fn limit_queue_group(
    State(jobs): State<Jobs>,
    author: Author,
    Path((name, group)): Path<(String, String)>,
    Json(order): Json<GroupOrder>,
) -> Result<Json<GroupDocument>, Problem> {
    let (queue, limits) = (queue_name(&name)?, order.check(&group)?);
    let work = jobs.clone();
    let change = move |tx: &mut crate::storage::Tx<'_>| {
        work.limit_group(tx, author.by(), &queue, (&group, Some(limits)))?;
        Ok::<_, Error>(GroupDocument::from((group, limits)))
    };
    Ok(Json(jobs.db().write(change).await?))
}

/// Takes the limits of a group away
///
/// It follows the queue again.
#[utoipa::path(delete, path = "/queues/{name}/groups/{group}", operation_id = "unlimit_queue_group", tag = "queues",
    params(("name" = String, Path), ("group" = String, Path, description = "The `group_key`")), responses(
        (status = 204, description = "It has no limits of its own"),
        (status = 404, description = "It has none, or the company has no such queue"),
    ))]
pub(super) async fn unlimit_queue_group(
    State(jobs): State<Jobs>,
    author: Author,
    Path((name, group)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let queue = queue_name(&name)?;
    let work = jobs.clone();
    jobs.db().write_reclaiming(move |tx| work.limit_group(tx, author.by(), &queue, (&group, None))).await?;
    Ok(StatusCode::NO_CONTENT)
}
