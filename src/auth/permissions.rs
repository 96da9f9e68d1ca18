//! Which scope each operation asks for.
//!
//! This list is the whole of it: extracting a `Caller` looks the operation up here, and one that is not listed is
//! refused. A test compares the list with the operations of the OpenAPI document, both ways.

use std::{collections::HashMap, sync::LazyLock};

use super::model::Scope;

/// One operation and the scope it asks for.
#[derive(Debug, Clone, Copy)]
pub struct Permission {
    /// The HTTP method in capitals.
    pub method: &'static str,
    /// The path below `/api/v1`, with its parameters in braces.
    pub path: &'static str,
    /// What the caller must be allowed to do.
    pub scope: Scope,
}

macro_rules! permissions {
    ($($scope:ident: $($method:ident $path:literal),+;)*) => {
        /// Every operation that needs a credential.
        pub const ALL: &[Permission] = &[
            $($(Permission { method: stringify!($method), path: $path, scope: Scope::$scope },)+)*
        ];
    };
}

permissions! {
    Profile: GET "/auth/me", GET "/auth/sessions", DELETE "/auth/sessions/{id}", POST "/auth/logout",
        POST "/auth/logout-all", POST "/auth/reauthenticate", POST "/auth/password", GET "/mfa", POST "/mfa/setup", POST "/mfa/verify",
        POST "/mfa/disable", POST "/mfa/recovery-codes", GET "/notifications", POST "/notifications/read",
        POST "/notifications/{id}/read";
    UsersRead: GET "/company", GET "/company/stats", GET "/users", GET "/users/{id}", GET "/departments",
        GET "/departments/{id}", GET "/departments/{id}/members";
    CompanyWrite: PATCH "/company";
    DepartmentsWrite: POST "/departments", PATCH "/departments/{id}", DELETE "/departments/{id}";
    MembersWrite: PUT "/departments/{id}/members/{user}", DELETE "/departments/{id}/members/{user}";
    UsersWrite: POST "/users", PATCH "/users/{id}", DELETE "/users/{id}", DELETE "/users/{id}/sessions",
        DELETE "/users/{id}/mfa", GET "/auth/invites", POST "/auth/invites",
        DELETE "/auth/invites/{id}";
    KeysWrite: GET "/api-keys", POST "/api-keys", DELETE "/api-keys/{id}";
    AuditRead: GET "/audit", GET "/audit/export";
    MailboxRead: GET "/mailbox";
    InstanceWrite: GET "/version", GET "/storage", GET "/settings", PATCH "/settings";
    EmailsRead: GET "/emails", GET "/emails/{id}", GET "/email-templates", GET "/email-templates/{name}",
        POST "/email-templates/{name}/preview";
    EmailsWrite: POST "/emails", POST "/email-templates", PATCH "/email-templates/{name}",
        PUT "/email-templates/{name}", DELETE "/email-templates/{name}";
    JobsRead: GET "/failures", GET "/jobs", GET "/jobs/{id}", GET "/jobs/{id}/log", GET "/jobs/{id}/children", GET "/workers",
        GET "/queues", GET "/queues/{name}", GET "/queues/{name}/groups", GET "/queues/{name}/failures", GET "/queues/{name}/metrics", GET "/queue/stats";
    JobsWrite: POST "/jobs", POST "/jobs/batch", POST "/jobs/actions", POST "/jobs/{id}/cancel", POST "/jobs/{id}/retry",
        POST "/jobs/{id}/promote", PATCH "/jobs/{id}", DELETE "/jobs/{id}";
    JobsWork: POST "/queues/{name}/lease", POST "/jobs/{id}/complete", POST "/jobs/{id}/fail",
        POST "/jobs/{id}/heartbeat", POST "/jobs/{id}/snooze", POST "/jobs/{id}/progress", POST "/jobs/{id}/log", POST "/jobs/settle";
    QueuesWrite: PATCH "/queues/{name}", POST "/queues/{name}/pause", POST "/queues/{name}/resume",
        POST "/queues/{name}/drain", PUT "/queues/{name}/groups/{group}", DELETE "/queues/{name}/groups/{group}";
    SchedulesRead: GET "/schedules", GET "/schedules/preview", GET "/schedules/{id}";
    SchedulesWrite: POST "/schedules", PATCH "/schedules/{id}", DELETE "/schedules/{id}", POST "/schedules/{id}/run";
    ChangesRead: GET "/changes", GET "/stream";
    EventsRead: GET "/events", GET "/events/{id}", GET "/event-types", GET "/event-types/{name}";
    EventsWrite: POST "/events", POST "/events/batch", POST "/event-types", PATCH "/event-types/{name}",
        DELETE "/event-types/{name}";
    ReportsRead: GET "/report-definitions", GET "/reports", GET "/reports/{id}", GET "/reports/{id}/download";
    ReportsWrite: POST "/reports", DELETE "/reports/{id}";
    WebhooksRead: GET "/webhooks", GET "/webhooks/{id}", GET "/webhooks/{id}/logs", GET "/webhooks/{id}/stats",
        GET "/deliveries/{id}";
    WebhooksWrite: POST "/webhooks", POST "/webhooks/check", PATCH "/webhooks/{id}", DELETE "/webhooks/{id}", POST "/webhooks/{id}/test",
        GET "/webhooks/{id}/secret", POST "/webhooks/{id}/rotate-secret", POST "/webhooks/{id}/replay",
        POST "/events/{id}/replay", POST "/deliveries/{id}/retry", POST "/deliveries/{id}/cancel", POST "/play";
}

/// What a person does only for a short while after signing in or proving again who it is: what makes, shows or takes away
/// ways in, and what takes much out at once. Changing one's password is not here, since it asks for the present one.
pub const DELICATE: &[(&str, &str)] = &[
    ("POST", "/mfa/setup"),
    ("POST", "/mfa/verify"),
    ("POST", "/mfa/disable"),
    ("POST", "/mfa/recovery-codes"),
    ("POST", "/auth/invites"),
    ("POST", "/users"),
    ("POST", "/api-keys"),
    ("DELETE", "/api-keys/{id}"),
    ("DELETE", "/users/{id}/mfa"),
    ("GET", "/audit/export"),
    ("GET", "/mailbox"),
    ("PATCH", "/settings"),
    ("GET", "/webhooks/{id}/secret"),
    ("POST", "/webhooks/{id}/rotate-secret"),
];

/// The same for calls that are delicate by what they carry; their handlers ask for the proof.
pub const DELICATE_WITH: &[(&str, &str, &str)] = &[
    ("PATCH", "/users/{id}", "a role"),
    ("PATCH", "/company", "`mfa_required`"),
    ("PATCH", "/webhooks/{id}", "a secret"),
    ("POST", "/reports", "a definition of the audit log"),
    ("GET", "/reports/{id}/download", "a report of the audit log"),
    ("POST", "/schedules", "a report of the audit log as its target"),
    ("PATCH", "/schedules/{id}", "a report of the audit log as its target, then or before"),
    ("POST", "/schedules/{id}/run", "a report of the audit log as its target"),
];

/// What somebody may do whose password somebody else chose, beside renewing the session.
const FIRST: &[(&str, &str)] =
    &[("GET", "/auth/me"), ("POST", "/auth/password"), ("POST", "/auth/logout"), ("POST", "/auth/reauthenticate")];

/// Where the operations stand.
const BASE: &str = "/api/v1";

static BY_PATH: LazyLock<HashMap<&'static str, Vec<&'static Permission>>> = LazyLock::new(|| {
    let mut by_path: HashMap<_, Vec<&'static Permission>> = HashMap::new();
    for permission in ALL {
        by_path.entry(permission.path).or_default().push(permission);
    }
    by_path
});

/// Whether the operation behind a route asks for a proof that is not old.
pub(super) fn is_delicate(method: &str, route: &str) -> bool {
    let method = if method == "HEAD" { "GET" } else { method };
    let path = route.strip_prefix(BASE).unwrap_or(route);
    DELICATE.contains(&(method, path))
}

/// Whether the operation behind a route is open to somebody whose password somebody else chose.
pub(super) fn is_for_first_password(method: &str, route: &str) -> bool {
    let method = if method == "HEAD" { "GET" } else { method };
    FIRST.contains(&(method, route.strip_prefix(BASE).unwrap_or(route)))
}

/// The operation behind a route with the scope it asks for; `None` when it is not listed.
pub(super) fn find(method: &str, route: &str) -> Option<&'static Permission> {
    let method = if method == "HEAD" { "GET" } else { method };
    let path = route.strip_prefix(BASE).unwrap_or(route);
    BY_PATH.get(path)?.iter().find(|permission| permission.method == method).copied()
}
