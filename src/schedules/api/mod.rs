//! Schedules on the wire.

mod preview;
mod target;

use axum::{
    extract::{FromRef, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    CatchUp, Error, RuleError, Schedules,
    service::{Begun, NewSchedule, RuleInput, ScheduleChange, ScheduleView},
    store::RuleRow,
    target::Kind,
};
use crate::{
    auth::{Auth, Author, Caller, Scopes},
    base::{JobId, ScheduleId, Timestamp},
    http::{
        Change, Idempotent, IfMatch, Json, NoBody, Page, PageParameters, PageQuery, Path, Problem, idempotency,
        problems,
    },
};

use target::{ScheduleTarget, ScheduleTargetDocument};

/// The routes, relative to where they are mounted.
pub fn routes<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Schedules: FromRef<S>,
    Auth: FromRef<S>,
{
    OpenApiRouter::new()
        .routes(routes!(list_schedules, create_schedule))
        .routes(routes!(preview::preview_schedule))
        .routes(routes!(get_schedule, update_schedule, delete_schedule))
        .routes(routes!(run_schedule))
}

/// A schedule to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Nightly clean-up", "cron": "30 3 * * *", "timezone": "Europe/Berlin",
    "target": { "job": { "queue": "chores", "kind": "clean.up", "payload": {} } }, "catch_up": "one" }))]
struct ScheduleInput {
    /// What people call it.
    #[schema(max_length = 200)]
    name: String,
    /// 5 fields (minute, hour, day of month, month, day of week), 6 with seconds in front, or `@hourly`, `@daily`, `@weekly`,
    /// `@monthly`, `@yearly`. Names of months and days, lists, ranges, steps, `L`, `W` and `#` are understood; when both days
    /// are restricted, either may fit. Not together with `every_ms`.
    #[schema(example = "30 3 * * *", max_length = 256)]
    cron: Option<String>,
    /// A tick every so many milliseconds, the first one interval from now. Not together with `cron`.
    #[schema(minimum = 1000)]
    every_ms: Option<u64>,
    /// The zone of a cron rule, by its IANA name; UTC when left out. A local time that the clock skips ticks at the moment
    /// it is set forward. One that comes twice ticks the first time only, unless the rule names every hour.
    #[schema(example = "Europe/Berlin")]
    timezone: Option<String>,
    /// What happens at each tick.
    target: ScheduleTarget,
    /// What becomes of ticks that are more than a minute late, as after an outage; `skip` when left out.
    #[serde(default)]
    catch_up: CatchUp,
    /// Whether it ticks; true when left out.
    enabled: Option<bool>,
}

/// A schedule.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Schedule)]
struct ScheduleDocument {
    /// Its id.
    #[schema(value_type = String)]
    id: ScheduleId,
    /// What people call it.
    name: String,
    /// The cron rule, when it has one.
    cron: Option<String>,
    /// The interval, when it has one.
    every_ms: Option<u64>,
    /// The zone of the cron rule.
    timezone: Option<String>,
    /// What happens at each tick.
    target: ScheduleTargetDocument,
    /// What becomes of missed ticks.
    catch_up: CatchUp,
    /// Whether it ticks.
    enabled: bool,
    /// The next five ticks; empty while disabled.
    #[schema(value_type = Vec<String>)]
    next_times: Vec<Timestamp>,
    /// The time of the last tick that ran.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_tick_at: Option<Timestamp>,
    /// The job of that tick.
    #[schema(value_type = Option<String>)]
    last_job_id: Option<JobId>,
    /// The report of that tick, when it asked for one.
    last_report_id: Option<String>,
    /// Why the latest tick started nothing.
    last_error: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When somebody last changed it.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// Who made it, or changed or enabled it last: a person or an API key. It ticks with the rights of the author, and is
    /// paused at its next tick when these do not suffice any more. None where it was not kept yet.
    author_id: Option<String>,
}

impl ScheduleDocument {
    /// A schedule as somebody with these scopes sees it.
    fn of(view: ScheduleView, scopes: Scopes) -> Self {
        let ScheduleView { row, cursor, next_times } = view;
        let (cron, timezone, every_ms) = match row.rule {
            RuleRow::Cron { text, zone } => (Some(text), Some(zone), None),
            RuleRow::Every { ms, .. } => (None, None, Some(ms)),
        };
        Self {
            id: row.id,
            name: row.name,
            cron,
            every_ms,
            timezone,
            target: ScheduleTargetDocument::of(row.kind, row.order, scopes),
            catch_up: row.catch_up,
            enabled: row.is_enabled,
            next_times,
            last_tick_at: cursor.last_tick,
            last_job_id: cursor.last_job,
            last_report_id: cursor.last_started.filter(|_| row.kind == Kind::Report),
            last_error: cursor.error,
            created_at: row.created_at,
            updated_at: row.updated_at,
            author_id: row.author.map(|author| author.to_string()),
        }
    }
}

impl ScheduleInput {
    fn new_schedule(self) -> Result<NewSchedule, Problem> {
        Ok(NewSchedule {
            name: self.name,
            rule: rule_of(self.cron, self.every_ms, self.timezone)?,
            target: self.target.one()?,
            catch_up: self.catch_up,
            is_enabled: self.enabled.unwrap_or(true),
        })
    }
}

fn rule_of(cron: Option<String>, every_ms: Option<u64>, timezone: Option<String>) -> Result<RuleInput, Problem> {
    match (cron, every_ms, timezone) {
        (Some(cron), None, zone) => Ok(RuleInput::Cron(cron, zone.unwrap_or_else(|| "UTC".to_owned()))),
        (None, Some(ms), None) => Ok(RuleInput::Every(ms)),
        (None, Some(_), Some(_)) => Err(Problem::invalid("/timezone", "stands beside cron only")),
        (Some(_), Some(_), _) => Err(Problem::invalid("/every_ms", "must not stand beside cron")),
        (None, None, _) => Err(Problem::invalid("/cron", "or every_ms must say when it ticks")),
    }
}

/// Lists the company's schedules
#[utoipa::path(get, path = "/schedules", operation_id = "list_schedules", tag = "schedules", params(PageParameters),
    responses((status = 200, description = "A page of schedules", body = Page<ScheduleDocument>)))]
async fn list_schedules(
    State(schedules): State<Schedules>,
    caller: Caller,
    page: PageQuery,
) -> Result<Json<Page<ScheduleDocument>>, Problem> {
    let (before, limit, now) = (page.after::<1>()?.map(|[hi]| hi), page.limit, schedules.db().now());
    let read = schedules.db().read(move |snapshot| Schedules::list(snapshot, caller.company, before, limit + 1, now));
    let found = read.await??;
    Ok(Json(Page::cut(found, limit, |last| [last.row.id.hi()]).map(|view| ScheduleDocument::of(view, caller.scopes))))
}

/// Makes a schedule
///
/// It begins now: nothing before counts as missed.
#[utoipa::path(post, path = "/schedules", operation_id = "create_schedule", tag = "schedules", request_body = ScheduleInput,
    responses(
        (status = 201, description = "Made, with its next five ticks", body = ScheduleDocument),
        (status = 409, description = "The company has as many schedules as it may"),
        (status = 422, description = "The rule, the time zone or the target cannot be"),
    ))]
async fn create_schedule(
    State(schedules): State<Schedules>,
    author: Author,
    idempotent: Idempotent,
    Json(input): Json<ScheduleInput>,
) -> Result<Response, Problem> {
    let (new, handle, scopes) = (input.new_schedule()?, schedules.clone(), author.caller.scopes);
    schedules.check_target(&new.target, &author.caller)?;
    let timetable = schedules.timetable(new.rule.clone()).await?;
    idempotency::run(schedules.db(), idempotent, author.caller.company, move |tx| {
        let made = handle.create(tx, author.by(), new, timetable)?;
        Ok::<_, Error>((StatusCode::CREATED, ScheduleDocument::of(made, scopes)))
    })
    .await
}

/// Shows a schedule
///
/// Its tag changes with every tick.
#[utoipa::path(get, path = "/schedules/{id}", operation_id = "get_schedule", tag = "schedules",
    params(("id" = String, Path, description = "The schedule's id")),
    responses((status = 200, description = "The schedule", body = ScheduleDocument), (status = 404, description = "Not there")))]
async fn get_schedule(
    State(schedules): State<Schedules>,
    caller: Caller,
    Path(id): Path<ScheduleId>,
) -> Result<Json<ScheduleDocument>, Problem> {
    let now = schedules.db().now();
    let found = schedules.db().read(move |snapshot| Schedules::get(snapshot, caller.company, id, now)).await??;
    Ok(Json(ScheduleDocument::of(found, caller.scopes)))
}

/// Changes to a schedule: fields left out stay. A rule of the other kind takes the place of the one it has.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "enabled": false }))]
struct SchedulePatch {
    /// What people call it.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200)]
    name: Change<String>,
    /// Another cron rule.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 256)]
    cron: Change<String>,
    /// Another interval.
    #[serde(default)]
    #[schema(value_type = Option<u64>, minimum = 1000)]
    every_ms: Change<u64>,
    /// Another zone for the cron rule; null is UTC.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    timezone: Change<String>,
    /// Something else to do at each tick; replaces the target as a whole.
    #[serde(default)]
    #[schema(value_type = Option<ScheduleTarget>)]
    target: Change<ScheduleTarget>,
    /// What becomes of missed ticks.
    #[serde(default)]
    #[schema(value_type = Option<CatchUp>)]
    catch_up: Change<CatchUp>,
    /// Whether it ticks; what comes while it is disabled does not count as missed.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    enabled: Change<bool>,
}

impl SchedulePatch {
    /// The rule that the patch asks for, beside the one there is.
    fn rule(&mut self, current: &RuleRow) -> Result<Option<RuleInput>, Problem> {
        if self.cron.is_keep() && self.every_ms.is_keep() && self.timezone.is_keep() {
            return Ok(None);
        }
        let (mut cron, mut zone, mut every_ms) = match current {
            RuleRow::Cron { text, zone } => (Some(text.clone()), Some(zone.clone()), None),
            RuleRow::Every { ms, .. } => (None, None, Some(*ms)),
        };
        if matches!(self.cron, Change::Set(_)) && self.every_ms.is_keep() {
            every_ms = None;
        }
        if matches!(self.every_ms, Change::Set(_)) && self.cron.is_keep() {
            cron = None;
        }
        std::mem::take(&mut self.cron).apply(&mut cron);
        std::mem::take(&mut self.every_ms).apply(&mut every_ms);
        if cron.is_none() {
            zone = None;
        }
        std::mem::take(&mut self.timezone).apply(&mut zone);
        let wanted = rule_of(cron, every_ms, zone)?;
        let is_same = match (&wanted, current) {
            (RuleInput::Cron(text, zone), RuleRow::Cron { text: old_text, zone: old_zone }) => {
                text == old_text && zone == old_zone
            }
            (RuleInput::Every(ms), RuleRow::Every { ms: old, .. }) => ms == old,
            _ => false,
        };
        Ok((!is_same).then_some(wanted))
    }

    fn change(mut self, current: &RuleRow) -> Result<ScheduleChange, Problem> {
        Ok(ScheduleChange {
            rule: self.rule(current)?,
            name: self.name.required("/name")?,
            target: self.target.required("/target")?.map(ScheduleTarget::one).transpose()?,
            catch_up: self.catch_up.required("/catch_up")?,
            is_enabled: self.enabled.required("/enabled")?,
        })
    }
}

/// Changes a schedule
///
/// With another rule, or enabled again, it begins anew from now.
#[utoipa::path(patch, path = "/schedules/{id}", operation_id = "update_schedule", tag = "schedules",
    params(("id" = String, Path, description = "The schedule's id")), request_body = SchedulePatch, responses(
        (status = 200, description = "The schedule as it is now", body = ScheduleDocument),
        (status = 404, description = "Not there"),
        (status = 412, description = "It is not what `If-Match` names"),
    ))]
async fn update_schedule(
    State(schedules): State<Schedules>,
    author: Author,
    Path(id): Path<ScheduleId>,
    if_match: IfMatch,
    Json(patch): Json<SchedulePatch>,
) -> Result<Json<ScheduleDocument>, Problem> {
    let (handle, caller) = (schedules.clone(), author.caller);
    let decide = |current: &ScheduleView| {
        if_match.check(&ScheduleDocument::of(current.clone(), caller.scopes)).map_err(|_| Error::Changed)?;
        let change = patch.clone().change(&current.row.rule).map_err(Error::Input)?;
        match &change.target {
            Some(target) => handle.check_target(target, &caller)?,
            // Whoever only pauses it starts nothing.
            None if change.is_enabled == Some(false) => {}
            None => handle.check_stored(&current.row, &caller)?,
        }
        Ok(change)
    };
    Ok(Json(ScheduleDocument::of(schedules.change(author.by(), id, decide).await?, caller.scopes)))
}

/// Deletes a schedule
///
/// What it has started stays.
#[utoipa::path(delete, path = "/schedules/{id}", operation_id = "delete_schedule", tag = "schedules",
    params(("id" = String, Path, description = "The schedule's id")),
    responses((status = 204, description = "Deleted; it does not tick any more"), (status = 404, description = "Not there")))]
async fn delete_schedule(
    State(schedules): State<Schedules>,
    author: Author,
    Path(id): Path<ScheduleId>,
) -> Result<Response, Problem> {
    let handle = schedules.clone();
    schedules.db().write_reclaiming(move |tx| handle.delete(tx, author.by(), id)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What running a schedule did.
#[derive(Debug, Serialize, ToSchema)]
struct ScheduleRun {
    /// The job, or the one that holds the unique key.
    #[schema(value_type = String)]
    job_id: JobId,
    /// The report, when it asks for one.
    report_id: Option<String>,
    /// Whether nothing was created because of the unique key.
    duplicate: bool,
}

/// Starts what a schedule is for now
///
/// Beside its ticks, which stay as they are; also while it is disabled.
#[utoipa::path(post, path = "/schedules/{id}/run", operation_id = "run_schedule", tag = "schedules",
    params(("id" = String, Path, description = "The schedule's id")),
    responses((status = 201, description = "It is started", body = ScheduleRun),
        (status = 200, description = "A job holds the unique key", body = ScheduleRun),
        (status = 404, description = "Not there"), (status = 422, description = "The target is not allowed any more")))]
async fn run_schedule(
    State(schedules): State<Schedules>,
    author: Author,
    Path(id): Path<ScheduleId>,
    idempotent: Idempotent,
    _: NoBody,
) -> Result<Response, Problem> {
    let handle = schedules.clone();
    idempotency::run(schedules.db(), idempotent, author.caller.company, move |tx| {
        let Begun { kind, job, id, is_duplicate } = handle.run_now(tx, author.by(), id, &author.caller)?;
        let status = if is_duplicate { StatusCode::OK } else { StatusCode::CREATED };
        let report_id = id.filter(|_| kind == Kind::Report);
        Ok::<_, Error>((status, ScheduleRun { job_id: job, report_id, duplicate: is_duplicate }))
    })
    .await
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let words = error.to_string();
        match error {
            Error::NotFound => Self::not_found().detail(words),
            Error::Name => Self::invalid("/name", words),
            Error::Rule(RuleError::Cron(_)) => Self::of(&problems::CRON_INVALID).error("/cron", words),
            Error::Rule(RuleError::Never) => Self::of(&problems::CRON_NEVER).error("/cron", words),
            Error::Rule(RuleError::Zone(_)) => Self::of(&problems::TIME_ZONE_UNKNOWN).error("/timezone", words),
            Error::Rule(RuleError::Every) => Self::invalid("/every_ms", words),
            Error::Target(field, problem) => problem.below(&format!("/target/{field}")),
            Error::Input(problem) => problem,
            Error::TooMany | Error::Moved => Self::of(&problems::CONFLICT).detail(words),
            Error::Changed => Self::of(&problems::PRECONDITION_FAILED),
            Error::Enqueue(error) => error.into(),
            Error::Stored(error) => Self::internal(&error),
            Error::Storage(error) => error.into(),
        }
    }
}
