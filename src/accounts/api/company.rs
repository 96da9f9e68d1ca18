//! The company on the wire.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{change, person, read};
use crate::{
    accounts::{
        Accounts,
        service::{CompanyChange, CompanyStats, CompanyView},
    },
    auth::{Author, Caller},
    base::{CompanyId, Timestamp},
    http::{Change, IfMatch, Json, Problem},
};

/// A company.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Company)]
pub(super) struct CompanyBody {
    /// Its id.
    #[schema(value_type = String)]
    id: CompanyId,
    /// What people call it.
    name: String,
    /// Whether everybody needs a second factor.
    mfa_required: bool,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<CompanyView> for CompanyBody {
    fn from(view: CompanyView) -> Self {
        let CompanyView { id, name, requires_mfa, created_at } = view;
        Self { id, name, mfa_required: requires_mfa, created_at }
    }
}

/// Shows the company of the caller
#[utoipa::path(get, path = "/company", operation_id = "get_company", tag = "company",
    responses((status = 200, description = "The company", body = CompanyBody)))]
pub(super) async fn get_company(
    State(accounts): State<Accounts>,
    caller: Caller,
) -> Result<Json<CompanyBody>, Problem> {
    let company = read(&accounts, move |snapshot| Accounts::company(snapshot, caller.company)).await?;
    Ok(Json(company.into()))
}

/// Changes to a company: fields left out stay.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "mfa_required": true }))]
pub(super) struct CompanyPatch {
    /// What people call it.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200)]
    name: Change<String>,
    /// Asks everybody for a second factor: people without one are signed out at once, and can then sign in to set one
    /// up and do nothing else before. Whoever turns this on must have one.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    mfa_required: Change<bool>,
}

/// Changes the company's name or policy
#[utoipa::path(patch, path = "/company", operation_id = "update_company", tag = "company", request_body = CompanyPatch,
    responses((status = 200, description = "The company now", body = CompanyBody),
        (status = 403, description = "The policy changes and the password was not shown of late"),
        (status = 409, description = "Asked for second factors without having one"),
        (status = 412, description = "It is not what `If-Match` names")))]
pub(super) async fn update_company(
    State(accounts): State<Accounts>,
    author: Author,
    if_match: IfMatch,
    Json(input): Json<CompanyPatch>,
) -> Result<Json<CompanyBody>, Problem> {
    let (user, _) = person(&author.caller)?;
    let wanted = CompanyChange {
        name: input.name.required("/name")?,
        requires_mfa: input.mfa_required.required("/mfa_required")?,
    };
    let is_policy = wanted.requires_mfa.is_some();
    if is_policy {
        accounts.require_proof(&author.caller)?;
    }
    let company = change(&accounts, author, move |_, tx, by| {
        let fits = |now: &CompanyView| if_match.check(&CompanyBody::from(now.clone()));
        Accounts::update_company::<Problem>(tx, (by.caller.company, user), &by.origin, wanted, fits)
    });
    let company = company.await?;
    if is_policy {
        accounts.apply_policy(company.id).await?;
    }
    Ok(Json(company.into()))
}

/// How many jobs the company has, by state.
#[derive(Debug, Serialize, ToSchema)]
struct JobCounts {
    /// Could start now.
    waiting: u64,
    /// Are not due yet.
    delayed: u64,
    /// Run now.
    active: u64,
    /// Failed and are tried again later.
    retrying: u64,
    /// Ended well, and are still kept.
    completed: u64,
    /// Ended badly, and are still kept.
    failed: u64,
    /// Were cancelled, and are still kept.
    cancelled: u64,
}

/// How much there is of everything.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CompanyStats)]
pub(super) struct CompanyStatsBody {
    /// People, also those who may not sign in.
    users: u64,
    /// Admins who may sign in.
    active_admins: u64,
    /// Departments.
    departments: u64,
    /// Webhooks.
    webhooks: u64,
    /// Types in the catalogue of events.
    event_types: u64,
    /// Jobs.
    jobs: JobCounts,
    /// When this was read; at most a minute ago.
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
}

impl From<CompanyStats> for CompanyStatsBody {
    fn from(stats: CompanyStats) -> Self {
        let CompanyStats { users, active_admins, departments, figures, as_of } = stats;
        let [waiting, delayed, active, retrying, completed, failed, cancelled] = figures.jobs;
        let jobs = JobCounts { waiting, delayed, active, retrying, completed, failed, cancelled };
        let (webhooks, event_types) = (figures.webhooks, figures.event_types);
        Self { users, active_admins, departments, webhooks, event_types, jobs, as_of }
    }
}

/// Shows how much there is of everything in the company
///
/// From maintained counters, read at most once a minute; `as_of` says when.
#[utoipa::path(get, path = "/company/stats", operation_id = "get_company_stats", tag = "company",
    responses((status = 200, description = "The figures", body = CompanyStatsBody)))]
pub(super) async fn get_company_stats(
    State(accounts): State<Accounts>,
    caller: Caller,
) -> Result<Json<CompanyStatsBody>, Problem> {
    Ok(Json(accounts.company_stats(caller.company).await?.into()))
}
