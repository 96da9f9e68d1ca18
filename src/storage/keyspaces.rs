//! The on-disk schema: every table, where it lives, its key and its value.
//!
//! Tables share two engine keyspaces, so that the engine's memory and journals stay bounded
//! and no idle keyspace holds back old journals. A table is a one-byte prefix in its space.
//! Numbers are never reused for another meaning. Each stored value carries a format byte and
//! a checksum bound to its key (see `table`).
//!
//! To add a table: take the next free number of its owner's block, add it to [`ALL`], and
//! declare the typed `Table` next to its row type in the owner's `store.rs`.

/// An engine keyspace: one LSM tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Space {
    /// Bodies and history: written once or twice, read by key.
    Records,
    /// Small rows that come and go: state, indexes, counters, the commit chain.
    Index,
}

impl Space {
    /// Every space, in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::Records, Self::Index];

    /// The name of the engine keyspace.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::Index => "index",
        }
    }
}

/// One table of the data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableSpec {
    /// The prefix byte of its keys.
    pub number: u8,
    /// The keyspace it lives in.
    pub space: Space,
    /// Its name in messages.
    pub name: &'static str,
    /// The module that reads and writes it.
    pub owner: &'static str,
    /// The layout of its keys.
    pub key: &'static str,
    /// What its values are.
    pub value: &'static str,
}

macro_rules! tables {
    ($($(#[$doc:meta])* $constant:ident = $number:literal in $space:ident, owner $owner:literal: $key:literal => $value:literal;)*) => {
        $(
            $(#[$doc])*
            pub const $constant: TableSpec = TableSpec {
                number: $number,
                space: Space::$space,
                name: stringify!($constant),
                owner: $owner,
                key: $key,
                value: $value,
            };
        )*

        /// Every table, for checks that walk the whole store.
        pub const ALL: &[TableSpec] = &[$($constant),*];
    };
}

tables! {
    /// The commit chain: one row per group commit, the newest few thousand kept.
    COMMITS = 1 in Index, owner "storage": "n u64" => "CommitRecord";
    /// Maintained counters.
    COUNTERS = 2 in Index, owner "storage": "area u8, company u64, subject u64, what u8" => "i64";

    /// The keys of the store, each sealed for every master key that may open it.
    SEAL_KEYS = 5 in Records, owner "sealing": "use u8, number u32" => "KeyRow";

    /// What a job is: written once.
    JOBS = 10 in Records, owner "queue": "company u64, job u64" => "JobBody";
    /// Where a job stands; a job without a row waits as it was enqueued.
    JOB_STATES = 11 in Index, owner "queue": "company u64, job u64" => "JobState";
    /// Jobs that wait, are active, or keep their place in an ordered group, in the order of their line.
    READY = 12 in Index, owner "queue": "company u64, queue u32, priority u8, group u64, order u64" => "ReadyRow";
    /// What happens to jobs at a time: due, expired, unique key free again.
    TIMERS = 13 in Index, owner "queue": "at i64, company u64, job u64, what u8" => "TimerRow";
    /// Unique keys and the jobs that hold them.
    UNIQUE_KEYS = 14 in Index, owner "queue": "company u64, queue u32, key text" => "UniqueRow";
    /// Finished jobs in the order of their end.
    FINISHED = 15 in Index, owner "queue": "company u64, queue u32, state u8, at i64, job u64" => "FinishedRow";
    /// Errors of attempts, the last few per job.
    JOB_ERRORS = 16 in Records, owner "queue": "company u64, job u64, number u32" => "AttemptError";
    /// Results of completed jobs.
    JOB_RESULTS = 17 in Records, owner "queue": "company u64, job u64" => "ResultRow";
    /// Queues by name, with their number and the figures that were changed.
    QUEUES = 18 in Index, owner "queue": "name text" => "QueueRow";
    /// Which companies ever used which queue, and whether they have paused it.
    LANES = 19 in Index, owner "queue": "queue u32, company u64" => "LaneRow";
    /// How often the store was opened for running jobs.
    QUEUE_BOOTS = 20 in Index, owner "queue": "0 u8" => "BootRow";

    /// How far jobs have come by their own account, and where handlers of this process go on.
    JOB_NOTES = 21 in Records, owner "queue": "company u64, job u64" => "NotesRow";
    /// Lines of the logs of jobs, as they came.
    JOB_LINES = 22 in Records, owner "queue": "company u64, job u64, first line u32" => "LinesRow";
    /// Jobs by tag.
    JOB_TAGS = 23 in Index, owner "queue": "company u64, hash of the tag u64, job u64" => "()";
    /// Jobs by the values of the payload fields that their queue names.
    JOB_FIELDS = 24 in Index, owner "queue": "company u64, queue u32, hash of path and value u64, job u64" => "()";
    /// The children that jobs wait for, and how they ended.
    FLOW_CHILDREN = 25 in Index, owner "queue": "company u64, parent u64, child u64" => "ChildRow";
    /// Jobs that stand in no line yet: delayed, retrying, or waiting for children.
    PENDING_JOBS = 26 in Index, owner "queue": "company u64, queue u32, state u8, at i64, job u64" => "()";
    /// Jobs of groups that workers outside hold; a start knows by it which groups are at work.
    HELD_IN_GROUPS = 27 in Index, owner "queue": "company u64, job u64" => "()";

    /// Events with the exact bytes that receivers get.
    EVENTS = 30 in Records, owner "events": "company u64, event u64" => "EventRow";
    /// Events by the id their sender chose.
    EVENT_EXTERNAL_IDS = 31 in Index, owner "events": "company u64, external id text" => "ExternalRow";

    /// Webhooks with their sealed secrets.
    WEBHOOKS = 70 in Records, owner "webhooks": "company u64, webhook u64" => "WebhookRow";
    /// The catalogue of event types.
    EVENT_TYPES = 71 in Records, owner "webhooks": "company u64, name text" => "EventTypeRow";
    /// Deliveries that are not finished.
    PENDING_DELIVERIES = 72 in Index, owner "webhooks": "company u64, webhook u64, delivery u64" => "PendingRow";
    /// Finished deliveries with their last attempt.
    DELIVERIES = 73 in Records, owner "webhooks": "company u64, webhook u64, delivery u64" => "HistoryRow";
    /// Attempts before the last of a delivery.
    ATTEMPTS = 74 in Records, owner "webhooks": "company u64, webhook u64, delivery u64, number u32" => "Attempt";
    /// Deliveries of an event, in chunks.
    EVENT_DELIVERIES = 75 in Index, owner "webhooks": "company u64, event u64, first delivery u64" => "EventDeliveriesRow";
    /// Figures of a webhook by minute and hour.
    WEBHOOK_STATS = 76 in Index, owner "webhooks": "company u64, webhook u64, unit u8, start i64" => "Bucket";
    /// Breaker and failures in a row of a webhook.
    WEBHOOK_HEALTH = 77 in Index, owner "webhooks": "company u64, webhook u64" => "Health";
    /// Deleted webhooks whose rows are still to be removed.
    DELETED_WEBHOOKS = 78 in Index, owner "webhooks": "company u64, webhook u64" => "DeletedRow";
    /// What earlier releases noted about disabled webhooks and nobody read; not written any more.
    WEBHOOK_NOTICES = 79 in Records, owner "webhooks": "company u64, notice u64" => "nothing that is read";
    /// Answers to POSTs with an idempotency key, kept for a day.
    REPLAYS = 40 in Records, owner "http": "company u64, hash of method, path and key [u8; 16]" => "ReplayRow";
    /// The same by age, for their removal.
    REPLAY_TIMES = 41 in Index, owner "http": "created_at, company u64, hash [u8; 16]" => "()";
    /// Times of the last calls of what is limited exactly.
    LIMIT_CALLS = 45 in Index, owner "limits": "hash of policy and subject RawId" => "CallsRow";
    /// The same by the time at which they no longer count, for their removal.
    LIMIT_ENDS = 46 in Index, owner "limits": "ends i64, hash RawId" => "()";
    /// When a company that is ahead of its rate of API calls will have used up what it used, in ns since 1970.
    API_ARRIVALS = 47 in Index, owner "limits": "company u64" => "i64";
    /// Calls of companies by the hour; key 0 is people, and what is counted with others.
    API_CALLS = 48 in Records, owner "usage": "company u64, hour i64, key u64, class of status u8, operation text" => "CallsRow";
    /// API keys.
    API_KEYS = 50 in Records, owner "auth": "key u64" => "ApiKeyRow";
    /// API keys by company.
    COMPANY_API_KEYS = 51 in Index, owner "auth": "company u64, key u64" => "()";
    /// Sessions of people.
    SESSIONS = 52 in Records, owner "auth": "session u64" => "SessionRow";
    /// The numbers of a person's sessions, the oldest first, in one row: a search would step over all that have ended.
    SESSION_NUMBERS = 54 in Index, owner "auth": "user u64" => "NumbersRow";
    /// The same as earlier releases kept it; moved to the row with the first change, and not written any more.
    USER_SESSIONS = 53 in Index, owner "auth": "user u64, session u64" => "()";
    /// Sign-ins that are written down before it is known whether the password is right, until it is.
    OPENINGS = 55 in Records, owner "auth": "session u64" => "OpeningRow";
    /// Their numbers by person, the oldest first, in one row as those of the sessions.
    USER_OPENINGS = 56 in Index, owner "auth": "user u64" => "NumbersRow";
    /// Companies.
    COMPANIES = 60 in Records, owner "accounts": "company u64" => "CompanyRow";
    /// Users.
    USERS = 61 in Records, owner "accounts": "user u64" => "UserRow";
    /// Users by e-mail address in lower case.
    USER_EMAILS = 62 in Index, owner "accounts": "email text" => "EmailRow";
    /// Users by company.
    COMPANY_USERS = 63 in Index, owner "accounts": "company u64, user u64" => "()";
    /// Second factors of people.
    MFA_FACTORS = 64 in Records, owner "accounts": "user u64" => "FactorRow";
    /// Recovery codes of people that were not used.
    RECOVERY_CODES = 65 in Records, owner "accounts": "user u64" => "RecoveryRow";
    /// Invitations that were not used yet.
    INVITES = 66 in Records, owner "accounts": "company u64, invitation u64" => "InviteRow";
    /// Departments of companies.
    DEPARTMENTS = 67 in Records, owner "accounts": "company u64, department u64" => "DepartmentRow";
    /// Who is in a department.
    DEPARTMENT_MEMBERS = 68 in Index, owner "accounts": "company u64, department u64, user u64" => "()";
    /// The departments of a user.
    USER_DEPARTMENTS = 69 in Index, owner "accounts": "user u64, department u64" => "()";
    /// Who did what: the entries of a company by number.
    AUDIT_ENTRIES = 100 in Records, owner "audit": "company u64, number u64" => "EntryRow";
    /// Messages to people that no mail server took, the newest of each company.
    MAILBOX = 105 in Records, owner "mail": "company u64, message u64" => "MessageRow";
    /// E-mails: to whom, how far, what the mail server said.
    EMAILS = 115 in Records, owner "mail": "company u64, e-mail u64" => "EmailRow";
    /// What e-mails say, sealed.
    EMAIL_CONTENTS = 116 in Records, owner "mail": "company u64, e-mail u64" => "ContentRow";
    /// Files that go with e-mails.
    EMAIL_ATTACHMENTS = 117 in Records, owner "mail": "company u64, e-mail u64, number u32" => "AttachmentRow";
    /// Texts for e-mails by name.
    EMAIL_TEMPLATES = 118 in Records, owner "emails": "company u64, name text" => "TemplateRow";
    /// Versions of these texts.
    EMAIL_TEMPLATE_VERSIONS = 119 in Records, owner "emails": "company u64, version u32, name text" => "VersionRow";
    /// Reports, asked for and made.
    REPORTS = 120 in Records, owner "reports": "company u64, report u64" => "ReportRow";
    /// Reports by the time at which they are removed with their files.
    REPORT_ENDS = 121 in Index, owner "reports": "at i64, company u64, report u64" => "()";
    /// Links to reset a password, the newest of each person.
    PASSWORD_RESETS = 106 in Records, owner "accounts": "user u64" => "ResetRow";
    /// Where people usually sign in from, and what they were told of late.
    SIGN_IN_HABITS = 130 in Records, owner "accounts": "user u64" => "HabitsRow";
    /// Companies whose sessions are being fitted to a changed policy.
    POLICY_SWEEPS = 131 in Index, owner "accounts": "company u64" => "SweepRow";

    /// What people are told in the product, by person; audience 0 is the operators of the company.
    NOTIFICATIONS = 135 in Records, owner "notifications": "company u64, audience u64, notification u64" => "Stored";
    /// What people have marked as read of it.
    NOTIFICATION_MARKS = 136 in Index, owner "notifications": "user u64" => "MarksRow";

    /// What the owner of the instance has set.
    INSTANCE_SETTINGS = 140 in Records, owner "settings": "0 u8" => "SettingsRow";

    /// Schedules with the job of their ticks.
    SCHEDULES = 110 in Records, owner "schedules": "company u64, schedule u64" => "ScheduleRow";
    /// How far each schedule has come.
    SCHEDULE_CURSORS = 111 in Index, owner "schedules": "company u64, schedule u64" => "CursorRow";
    /// The next tick of every schedule that has one, in the order of their times.
    SCHEDULE_TIMES = 112 in Index, owner "schedules": "at i64, company u64, schedule u64" => "()";

    /// Figures of queues by minute.
    QUEUE_MINUTES = 125 in Records, owner "queue": "company u64, queue u32, minute i64" => "Minute";
    /// What changed in a company, one row per commit.
    FEED = 126 in Records, owner "storage": "company u64, commit u64" => "FeedRow";
    /// Up to where the feed of a company was removed.
    FEED_FLOORS = 127 in Index, owner "storage": "company u64" => "FloorRow";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn numbers_and_names_are_unique_within_their_space() {
        for (position, table) in ALL.iter().enumerate() {
            assert!(table.number < u8::MAX, "{} has no room behind it", table.name);
            for other in &ALL[position + 1..] {
                assert_ne!(table.number, other.number, "{} and {}", table.name, other.name);
                assert_ne!(table.name, other.name);
            }
        }
    }
}
