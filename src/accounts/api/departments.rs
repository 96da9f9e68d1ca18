//! Departments on the wire.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{change, person, read, users::UserBody};
use crate::{
    accounts::{
        Accounts, Error,
        service::{DepartmentChange, DepartmentView, Organiser},
    },
    auth::{Author, Caller},
    base::{DepartmentId, Timestamp, UserId},
    http::{Change, Idempotent, IfMatch, Json, NoBody, Page, PageParameters, PageQuery, Path, Problem, idempotency},
};

/// A department.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Department)]
pub(super) struct DepartmentBody {
    /// Its id.
    #[schema(value_type = String)]
    id: DepartmentId,
    /// What people call it.
    name: String,
    /// What it is for.
    description: String,
    /// How many people are in it.
    members: u64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When its name or description last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<DepartmentView> for DepartmentBody {
    fn from(view: DepartmentView) -> Self {
        let DepartmentView { id, name, description, members, created_at, updated_at } = view;
        Self { id, name, description, members, created_at, updated_at }
    }
}

/// Lists the company's departments
#[utoipa::path(get, path = "/departments", operation_id = "list_departments", tag = "departments",
    params(PageParameters), responses((status = 200, description = "The departments", body = Page<DepartmentBody>)))]
pub(super) async fn list_departments(
    State(accounts): State<Accounts>,
    caller: Caller,
    page: PageQuery,
) -> Result<Json<Page<DepartmentBody>>, Problem> {
    let before = page.after::<1>()?.map(|[id]| id);
    let limit = page.limit;
    let found =
        read(&accounts, move |snapshot| Accounts::departments(snapshot, caller.company, before, limit + 1)).await?;
    Ok(Json(Page::cut(found, limit, |last| [last.id.hi()]).map(DepartmentBody::from)))
}

/// A department to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Support", "description": "Answers customers" }))]
pub(super) struct DepartmentInput {
    /// What people call it; no other department of the company is called so.
    #[schema(max_length = 200)]
    name: String,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 1000)]
    description: String,
}

/// Makes a department
#[utoipa::path(post, path = "/departments", operation_id = "create_department", tag = "departments",
    request_body = DepartmentInput,
    responses((status = 201, description = "Made", body = DepartmentBody), (status = 409, description = "The name is taken")))]
pub(super) async fn create_department(
    State(accounts): State<Accounts>,
    author: Author,
    idempotent: Idempotent,
    Json(input): Json<DepartmentInput>,
) -> Result<Response, Problem> {
    person(&author.caller)?;
    let handle = accounts.clone();
    idempotency::run(&accounts.inner.db, idempotent, author.caller.company, move |tx| {
        handle.confirm(tx, &author.caller)?;
        let made = handle.create_department(tx, author.by(), (&input.name, &input.description))?;
        Ok::<_, Error>((StatusCode::CREATED, DepartmentBody::from(made)))
    })
    .await
}

/// Shows a department
#[utoipa::path(get, path = "/departments/{id}", operation_id = "get_department", tag = "departments",
    params(("id" = String, Path, description = "The department's id")),
    responses((status = 200, description = "The department", body = DepartmentBody), (status = 404, description = "Not there")))]
pub(super) async fn get_department(
    State(accounts): State<Accounts>,
    caller: Caller,
    Path(id): Path<DepartmentId>,
) -> Result<Json<DepartmentBody>, Problem> {
    let found = read(&accounts, move |snapshot| Accounts::department(snapshot, caller.company, id)).await?;
    Ok(Json(found.into()))
}

/// Changes to a department: fields left out stay.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Customer support" }))]
pub(super) struct DepartmentPatch {
    /// What people call it.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200)]
    name: Change<String>,
    /// What it is for.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 1000)]
    description: Change<String>,
}

/// Changes a department's name or description
#[utoipa::path(patch, path = "/departments/{id}", operation_id = "update_department", tag = "departments",
    request_body = DepartmentPatch, params(("id" = String, Path, description = "The department's id")),
    responses((status = 200, description = "The department now", body = DepartmentBody),
        (status = 404, description = "Not there"), (status = 409, description = "The name is taken"),
        (status = 412, description = "It is not what `If-Match` names")))]
pub(super) async fn update_department(
    State(accounts): State<Accounts>,
    author: Author,
    Path(id): Path<DepartmentId>,
    if_match: IfMatch,
    Json(input): Json<DepartmentPatch>,
) -> Result<Json<DepartmentBody>, Problem> {
    let wanted = DepartmentChange {
        name: input.name.required("/name")?,
        description: input.description.required("/description")?,
    };
    let department = change(&accounts, author, move |_, tx, by| {
        let fits = |now: &DepartmentView| if_match.check(&DepartmentBody::from(now.clone()));
        Accounts::update_department::<Problem>(tx, by.by(), id, wanted, fits)
    });
    Ok(Json(department.await?.into()))
}

/// Removes a department; its people stay in the company
#[utoipa::path(delete, path = "/departments/{id}", operation_id = "delete_department", tag = "departments",
    params(("id" = String, Path, description = "The department's id")),
    responses((status = 204, description = "Removed"), (status = 404, description = "Not there")))]
pub(super) async fn delete_department(
    State(accounts): State<Accounts>,
    author: Author,
    Path(id): Path<DepartmentId>,
) -> Result<StatusCode, Problem> {
    change(&accounts, author, move |accounts, tx, by| accounts.delete_department(tx, by.by(), id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the people of a department
#[utoipa::path(get, path = "/departments/{id}/members", operation_id = "list_members", tag = "departments",
    params(("id" = String, Path, description = "The department's id"), PageParameters),
    responses((status = 200, description = "The people", body = Page<UserBody>), (status = 404, description = "Not there")))]
pub(super) async fn list_members(
    State(accounts): State<Accounts>,
    caller: Caller,
    Path(id): Path<DepartmentId>,
    page: PageQuery,
) -> Result<Json<Page<UserBody>>, Problem> {
    let before = page.after::<1>()?.map(|[id]| id);
    let members = accounts.members((caller.company, id), before, page.limit + 1).await?;
    Ok(Json(Page::cut(members, page.limit, |last| [last.id.hi()]).map(UserBody::from)))
}

/// Puts a person into a department
///
/// Admins into any, managers into those they are in themselves. Once more changes nothing.
#[utoipa::path(put, path = "/departments/{id}/members/{user}", operation_id = "add_member", tag = "departments",
    params(("id" = String, Path, description = "The department's id"), ("user" = String, Path, description = "The person's id")),
    responses((status = 204, description = "The person is in it"), (status = 403, description = "Not one of the manager's departments"),
        (status = 404, description = "Not there")))]
pub(super) async fn add_member(
    State(accounts): State<Accounts>,
    author: Author,
    Path(place): Path<(DepartmentId, UserId)>,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let by = organiser(&author)?;
    change(&accounts, author, move |accounts, tx, _| accounts.add_member(tx, &by, place)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a person out of a department
#[utoipa::path(delete, path = "/departments/{id}/members/{user}", operation_id = "remove_member", tag = "departments",
    params(("id" = String, Path, description = "The department's id"), ("user" = String, Path, description = "The person's id")),
    responses((status = 204, description = "Not in it any more"), (status = 403, description = "Not one of the manager's departments"),
        (status = 404, description = "Not there, or not in it")))]
pub(super) async fn remove_member(
    State(accounts): State<Accounts>,
    author: Author,
    Path(place): Path<(DepartmentId, UserId)>,
) -> Result<StatusCode, Problem> {
    let by = organiser(&author)?;
    change(&accounts, author, move |accounts, tx, _| accounts.remove_member(tx, &by, place)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn organiser(Author { caller, origin }: &Author) -> Result<Organiser, Problem> {
    let (user, _) = person(caller)?;
    Ok(Organiser { company: caller.company, user, role: caller.role, origin: origin.clone() })
}
