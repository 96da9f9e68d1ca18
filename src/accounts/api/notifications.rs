//! Notifications on the wire.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{change, read};
use crate::{
    accounts::Accounts,
    auth::{Author, Caller},
    base::{NotificationId, Timestamp},
    http::{Json, NoBody, Page, PageParameters, PageQuery, Path, Problem},
    notifications::NotificationView,
};

/// Something the person is told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Notification)]
pub(super) struct NotificationBody {
    /// Its id.
    #[schema(value_type = String, example = "ntf_01h5fskfsk4fpeqwnsyz5hj55t")]
    id: NotificationId,
    /// What happened. For managers and admins `job_failed` (the first dead letter of a queue), `dead_letters` (10, 100, … of
    /// them), `webhook_disabled`, `report_failed`. About the person's own account `password_changed`, `password_reset`,
    /// `factor_added`, `factor_removed`, `recovery_used`, `recovery_renewed`, `factor_refused`,
    /// `signed_in_after_failures`, `signed_in_elsewhere`. There may be more words later.
    #[schema(example = "dead_letters")]
    kind: String,
    /// What it is about: the id of the job, webhook or report, or the name of the queue; null for the person's account.
    #[schema(required, example = "email")]
    object: Option<String>,
    /// The kind of the job, the URL of the webhook without its query, the name of the report, or from where somebody signed in.
    #[schema(required)]
    detail: Option<String>,
    /// How many dead letters there were at least.
    #[schema(required, example = 100)]
    count: Option<u64>,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Whether the person has marked it as read.
    is_read: bool,
}

impl From<NotificationView> for NotificationBody {
    fn from(view: NotificationView) -> Self {
        let NotificationView { id, kind, object, detail, count, created_at, is_read } = view;
        Self { id, kind, object, detail, count, created_at, is_read }
    }
}

/// Some notifications.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NotificationsPage {
    /// The notifications, the newest first.
    data: Vec<NotificationBody>,
    /// Pass it as `cursor` for the next page; null on the last one.
    #[schema(required)]
    next_cursor: Option<String>,
    /// How many the person has not marked as read, on all pages.
    unread: u64,
}

/// Lists what the person is told, the newest first
///
/// What is for the person, and for managers and admins what is for those who operate the company, since they joined it. The
/// newest 200 of each are kept, for 90 days. The same is told once an hour. `GET /stream` tells of new ones.
#[utoipa::path(get, path = "/notifications", operation_id = "list_notifications", tag = "notifications",
    params(PageParameters), responses((status = 200, description = "The notifications", body = NotificationsPage)))]
pub(super) async fn list_notifications(
    State(accounts): State<Accounts>,
    caller: Caller,
    page: PageQuery,
) -> Result<Json<NotificationsPage>, Problem> {
    let before = page.after::<1>()?.map(|[before]| before);
    let (handle, limit) = (accounts.clone(), page.limit);
    let found = read(&accounts, move |snapshot| handle.notifications(snapshot, &caller)).await?;
    let unread = found.iter().filter(|view| !view.is_read).count() as u64;
    let behind = found.into_iter().filter(|view| before.is_none_or(|before| view.id.hi() < before));
    let page = Page::cut(behind.take(limit.saturating_add(1)).collect(), limit, |view| [view.id.hi()]);
    let Page { data, next_cursor } = page.map(NotificationBody::from);
    Ok(Json(NotificationsPage { data, next_cursor, unread }))
}

/// Marks a notification as read
///
/// For the person alone; others for whom it is have marks of their own. Marking it again changes nothing.
#[utoipa::path(post, path = "/notifications/{id}/read", operation_id = "read_notification", tag = "notifications",
    params(("id" = String, Path, description = "The notification's id")),
    responses((status = 204, description = "Marked"), (status = 404, description = "Not there, or not for the person")))]
pub(super) async fn read_notification(
    State(accounts): State<Accounts>,
    author: Author,
    Path(id): Path<NotificationId>,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    change(&accounts, author, move |_, tx, by| Accounts::read_notification(tx, by, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which notifications were seen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NotificationsSeen {
    /// The newest one that was seen: younger ones stay unread; all when left out.
    #[schema(value_type = Option<String>)]
    until: Option<NotificationId>,
}

/// Marks all notifications as read
#[utoipa::path(post, path = "/notifications/read", operation_id = "read_notifications", tag = "notifications",
    request_body = NotificationsSeen, responses((status = 204, description = "Marked")))]
pub(super) async fn read_notifications(
    State(accounts): State<Accounts>,
    author: Author,
    Json(NotificationsSeen { until }): Json<NotificationsSeen>,
) -> Result<StatusCode, Problem> {
    change(&accounts, author, move |_, tx, by| Accounts::read_notifications(tx, by, until)).await?;
    Ok(StatusCode::NO_CONTENT)
}
