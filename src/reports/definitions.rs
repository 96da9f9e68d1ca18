//! The definitions: which data of the appliance can become a report, with what columns, groupings and filters. Pure.
//!
//! To add one: an entry in [`ALL`], and a source in `source` that yields its records with cells in the order of its columns.

use crate::auth::Scope;

/// What kind of value a column has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number.
    Number,
    /// A moment.
    Time,
}

impl Kind {
    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Time => "time",
        }
    }
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name in orders and in what programs read.
    pub name: &'static str,
    /// Its head for people.
    pub title: &'static str,
    /// What is in it.
    pub kind: Kind,
}

/// A figure of a group beside its count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Records whose column has this value.
    Having(&'static str, &'static str),
    /// The mean of a column, over the records that have one, each as often as it counts.
    Mean(&'static str),
}

/// Where records come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dataset {
    /// Jobs, by the time they were accepted.
    Jobs,
    /// Deliveries, by webhook and the time they were made.
    Deliveries,
    /// E-mails, by the time they were queued.
    Emails,
    /// Entries of the audit log.
    Audit,
    /// Those of them that are about sessions.
    SignIns,
    /// Calls of the API, by the hour.
    ApiUsage,
}

/// What a report can be made of.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// Its name.
    pub name: &'static str,
    /// Its title for people.
    pub title: &'static str,
    /// What is in it, in a sentence.
    pub about: &'static str,
    /// What one must be allowed to read, beside reports.
    pub scope: Scope,
    /// Where the records come from.
    pub dataset: Dataset,
    /// The columns of a record.
    pub columns: &'static [Column],
    /// What records can be counted by: columns, `hour` or `day`.
    pub groupings: &'static [&'static str],
    /// Columns that can be filtered by.
    pub filters: &'static [&'static str],
    /// The figures of a group beside its count.
    pub measures: &'static [(Column, Measure)],
}

/// What a report counts by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// The value of a column, by position.
    Column(usize),
    /// The hour, in UTC.
    Hour,
    /// The day, in UTC.
    Day,
}

impl Grouping {
    /// The grouping of this name.
    #[must_use]
    pub fn of(definition: &Definition, name: &str) -> Option<Self> {
        if !definition.groupings.contains(&name) {
            return None;
        }
        match name {
            "hour" => Some(Self::Hour),
            "day" => Some(Self::Day),
            _ => definition.position(name).map(Self::Column),
        }
    }
}

impl Definition {
    /// Where a column stands.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

/// The definition of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Definition> {
    ALL.iter().find(|definition| definition.name == name)
}

const fn text(name: &'static str, title: &'static str) -> Column {
    Column { name, title, kind: Kind::Text }
}

const fn number(name: &'static str, title: &'static str) -> Column {
    Column { name, title, kind: Kind::Number }
}

const fn time(name: &'static str, title: &'static str) -> Column {
    Column { name, title, kind: Kind::Time }
}

const AUDIT_COLUMNS: &[Column] = &[
    number("number", "Number"),
    time("time", "Time"),
    text("actor_kind", "Actor"),
    text("actor_id", "Actor id"),
    text("action", "Action"),
    text("object", "Object"),
    text("address", "Address"),
    text("request_id", "Request"),
];

/// Every definition.
pub const ALL: &[Definition] = &[
    Definition {
        name: "jobs",
        title: "Jobs",
        about: "Jobs accepted in the period and still kept, with their state now; one row per job, the oldest first.",
        scope: Scope::JobsRead,
        dataset: Dataset::Jobs,
        columns: &[
            text("id", "Job"),
            text("queue", "Queue"),
            text("kind", "Kind"),
            text("state", "State"),
            number("priority", "Priority"),
            number("attempt", "Attempt"),
            time("created_at", "Accepted"),
            time("started_at", "Started"),
            time("finished_at", "Finished"),
            number("duration_ms", "Duration (ms)"),
            text("failure", "Failure"),
        ],
        groupings: &["queue", "kind", "state", "priority", "failure", "hour", "day"],
        filters: &["queue", "kind", "state", "priority", "failure"],
        measures: &[
            (number("completed", "Completed"), Measure::Having("state", "completed")),
            (number("failed", "Failed"), Measure::Having("state", "failed")),
            (number("mean_duration_ms", "Mean duration (ms)"), Measure::Mean("duration_ms")),
        ],
    },
    Definition {
        name: "deliveries",
        title: "Webhook deliveries",
        about: "Deliveries made in the period and still kept, of webhooks that are not deleted; by webhook, the newest first.",
        scope: Scope::WebhooksRead,
        dataset: Dataset::Deliveries,
        columns: &[
            text("id", "Delivery"),
            text("webhook", "Webhook"),
            text("url", "URL"),
            text("event", "Event"),
            text("event_type", "Event type"),
            text("state", "State"),
            number("attempts", "Attempts"),
            number("last_status", "Last status"),
            time("created_at", "Made"),
            time("finished_at", "Finished"),
            number("duration_ms", "Duration (ms)"),
        ],
        groupings: &["webhook", "url", "event_type", "state", "last_status", "hour", "day"],
        filters: &["webhook", "event_type", "state", "last_status"],
        measures: &[
            (number("succeeded", "Succeeded"), Measure::Having("state", "succeeded")),
            (number("failed", "Failed"), Measure::Having("state", "failed")),
            (number("mean_attempts", "Mean attempts"), Measure::Mean("attempts")),
        ],
    },
    Definition {
        name: "emails",
        title: "E-mails",
        about: "E-mails queued in the period and still kept, with their state now; one row per e-mail, the oldest first.",
        scope: Scope::EmailsRead,
        dataset: Dataset::Emails,
        columns: &[
            text("id", "E-mail"),
            text("state", "State"),
            text("to", "To"),
            number("recipients", "Recipients"),
            number("refused", "Refused"),
            text("subject", "Subject"),
            text("template", "Template"),
            text("via", "Way"),
            number("attempts", "Attempts"),
            number("attachments", "Files"),
            time("created_at", "Queued"),
            time("finished_at", "Finished"),
            number("duration_ms", "Duration (ms)"),
            text("answer", "Answer"),
        ],
        groupings: &["state", "to", "template", "via", "hour", "day"],
        filters: &["state", "to", "template", "via"],
        measures: &[
            (number("sent", "Sent"), Measure::Having("state", "sent")),
            (number("failed", "Failed"), Measure::Having("state", "failed")),
            (number("mean_attempts", "Mean attempts"), Measure::Mean("attempts")),
        ],
    },
    Definition {
        name: "audit",
        title: "Audit log",
        about: "Who did what in the period; one row per entry, the oldest first, without the fields before and after.",
        scope: Scope::AuditRead,
        dataset: Dataset::Audit,
        columns: AUDIT_COLUMNS,
        groupings: &["actor_kind", "actor_id", "action", "object", "address", "hour", "day"],
        filters: &["actor_kind", "actor_id", "action", "object", "address"],
        measures: &[],
    },
    Definition {
        name: "sign_ins",
        title: "Sign-ins",
        about: "Sessions begun, ended and refused in the period, from the audit log; the oldest first.",
        scope: Scope::AuditRead,
        dataset: Dataset::SignIns,
        columns: AUDIT_COLUMNS,
        groupings: &["actor_id", "action", "address", "hour", "day"],
        filters: &["actor_kind", "actor_id", "action", "object", "address"],
        measures: &[
            (number("begun", "Begun"), Measure::Having("action", "session.create")),
            (number("refused", "Refused"), Measure::Having("action", "session.refuse")),
        ],
    },
    Definition {
        name: "api_usage",
        title: "API usage",
        about: "Calls of people and API keys by hour, operation and kind of answer; the oldest hours first, from the one in \
                which the period begins, for thirty days. Counts are of calls.",
        scope: Scope::AuditRead,
        dataset: Dataset::ApiUsage,
        columns: &[
            time("time", "Hour"),
            text("credential", "Credential"),
            text("key", "API key"),
            text("operation", "Operation"),
            text("status", "Status"),
            number("calls", "Calls"),
            number("mean_us", "Mean time (µs)"),
            number("p95_us", "95 % within (µs)"),
        ],
        groupings: &["credential", "key", "operation", "status", "hour", "day"],
        filters: &["credential", "key", "operation", "status"],
        measures: &[
            (number("client_errors", "Client errors"), Measure::Having("status", "4xx")),
            (number("server_errors", "Server errors"), Measure::Having("status", "5xx")),
            (number("mean_us", "Mean time (µs)"), Measure::Mean("mean_us")),
        ],
    },
];
