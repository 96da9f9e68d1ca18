//! What a report is: its order, checked against a definition, its format and its state. Pure.

use std::{collections::BTreeMap, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::definitions::{Definition, Grouping, find};
use crate::{
    base::Timestamp,
    mail::{Address, email::RECIPIENTS_MAX},
};

/// The longest period of a report.
pub const PERIOD_MS_MAX: u64 = 366 * 86_400_000;
/// The longest name, in characters.
pub const NAME_CHARS_MAX: usize = 200;
/// The most values of one filter.
pub const FILTER_VALUES_MAX: usize = 50;
/// The longest value of a filter, in bytes.
pub const FILTER_BYTES_MAX: usize = 256;

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Comma-separated values.
    Csv,
    /// One JSON document.
    Json,
    /// A workbook.
    Xlsx,
    /// A page that needs nothing beside itself.
    Html,
    /// A document to print.
    Pdf,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 5] = [Self::Csv, Self::Json, Self::Xlsx, Self::Html, Self::Pdf];

    /// The word of the API, which is the extension of the file too.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Xlsx => "xlsx",
            Self::Html => "html",
            Self::Pdf => "pdf",
        }
    }

    /// The media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Html => "text/html; charset=utf-8",
            Self::Pdf => "application/pdf",
        }
    }

    /// Rows after which the report ends and says so: what people look at has an end, what programs read has none.
    #[must_use]
    pub const fn rows_max(self) -> u64 {
        match self {
            Self::Csv | Self::Json | Self::Xlsx => u64::MAX,
            Self::Html => 100_000,
            Self::Pdf => 10_000,
        }
    }
}

impl FromStr for Format {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|format| format.as_str() == text).ok_or(())
    }
}

/// Which time a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// From a time on, and before another.
    Between {
        /// The first moment.
        since: Timestamp,
        /// The first moment that is not in it any more; when the report is asked for, when left out.
        until: Option<Timestamp>,
    },
    /// So long before the report is asked for; for schedules.
    Last {
        /// The length in milliseconds.
        ms: u64,
    },
}

/// The order to make a report, as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReport {
    /// What people call it; the title of the definition when left out.
    pub name: Option<String>,
    /// The definition.
    pub definition: String,
    /// The format.
    pub format: Format,
    /// The time it is about.
    pub period: Period,
    /// What to count by; one row per record when left out.
    pub group_by: Option<String>,
    /// By column, the values that pass.
    pub filters: BTreeMap<String, Vec<String>>,
    /// The columns in their order; all when empty. Of no use together with a grouping.
    pub columns: Vec<String>,
    /// Who gets it by e-mail when it is ready, and the reason when it fails.
    pub recipients: Vec<String>,
}

/// One refused value of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// JSON pointer to the value.
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}

/// An order that was checked: what is stored and what is rendered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What people call it.
    pub name: String,
    /// The name of its definition.
    pub definition: String,
    /// The format.
    pub format: Format,
    /// The first moment.
    pub since: Timestamp,
    /// The first moment that is not in it any more.
    pub until: Timestamp,
    /// What is counted by.
    pub group_by: Option<String>,
    /// By column, the values that pass.
    pub filters: BTreeMap<String, Vec<String>>,
    /// The columns in their order; empty with a grouping.
    pub columns: Vec<String>,
    /// Who gets it by e-mail, each once.
    #[serde(default)]
    pub recipients: Vec<Address>,
}

impl Plan {
    /// The same for reports that are asked for in the same way, of whatever period and for whomever; their names may be the
    /// same without that.
    pub(super) fn order(&self) -> String {
        let Self { name, definition, format, since: _, until: _, group_by, filters, columns, recipients: _ } = self;
        let digest = Sha256::digest(format!("{:?}", (name, definition, format, group_by, filters, columns)));
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, digest)
    }
}

impl NewReport {
    /// Checks an order against its definition; a period without an end is one up to `now`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn plan(self, now: Timestamp) -> Result<Plan, Vec<Invalid>> {
        let mut wrong = Vec::new();
        let mut refuse = |pointer: String, detail: String| wrong.push(Invalid { pointer, detail });
        let Some(definition) = find(&self.definition) else {
            refuse("/definition".to_owned(), "is not a definition; see GET /report-definitions".to_owned());
            return Err(wrong);
        };
        let (since, until) = match self.period {
            Period::Between { since, until } => (since, until.unwrap_or(now)),
            Period::Last { ms } => (Timestamp::from_ms(now.as_ms().saturating_sub_unsigned(ms)), now),
        };
        let length_ms = until.ms_since(since);
        if length_ms == 0 {
            refuse("/period".to_owned(), "must end later than it begins".to_owned());
        } else if length_ms > PERIOD_MS_MAX {
            refuse("/period".to_owned(), "must be at most 366 days long".to_owned());
        }
        if let Some(name) = &self.name {
            let is_named = !name.trim().is_empty() && name.chars().count() <= NAME_CHARS_MAX;
            if !is_named || name.chars().any(char::is_control) {
                refuse(
                    "/name".to_owned(),
                    format!("must be 1 to {NAME_CHARS_MAX} characters without control characters"),
                );
            }
        }
        if let Some(group_by) = &self.group_by {
            if Grouping::of(definition, group_by).is_none() {
                refuse("/group_by".to_owned(), format!("must be one of {}", definition.groupings.join(", ")));
            }
            if !self.columns.is_empty() {
                refuse("/columns".to_owned(), "has no meaning together with group_by".to_owned());
            }
        }
        check_columns(definition, &self.columns, &mut refuse);
        check_filters(definition, &self.filters, &mut refuse);
        let recipients = addresses(&self.recipients, &mut refuse);
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let all = || definition.columns.iter().map(|column| column.name.to_owned()).collect();
        let columns = match &self.group_by {
            Some(_) => Vec::new(),
            None if self.columns.is_empty() => all(),
            None => self.columns,
        };
        Ok(Plan {
            name: self.name.unwrap_or_else(|| definition.title.to_owned()),
            definition: definition.name.to_owned(),
            format: self.format,
            since,
            until,
            group_by: self.group_by,
            filters: self.filters,
            columns,
            recipients,
        })
    }
}

fn check_columns(definition: &Definition, columns: &[String], refuse: &mut impl FnMut(String, String)) {
    if columns.len() > definition.columns.len() {
        refuse("/columns".to_owned(), "names columns more than once".to_owned());
        return;
    }
    for (position, name) in columns.iter().enumerate() {
        if definition.position(name).is_none() {
            refuse(format!("/columns/{position}"), "is not a column of the definition".to_owned());
        } else if columns.iter().take(position).any(|earlier| earlier == name) {
            refuse(format!("/columns/{position}"), "is named twice".to_owned());
        }
    }
}

fn check_filters(
    definition: &Definition,
    filters: &BTreeMap<String, Vec<String>>,
    refuse: &mut impl FnMut(String, String),
) {
    // An order with thousands of unknown filters gets a short answer.
    for (name, values) in filters.iter().take(definition.columns.len() + 1) {
        let pointer = format!("/filters/{}", name.replace('~', "~0").replace('/', "~1"));
        if !definition.filters.contains(&name.as_str()) {
            refuse(pointer, format!("is not a filter of the definition: {}", definition.filters.join(", ")));
        } else if values.is_empty() || values.len() > FILTER_VALUES_MAX {
            refuse(pointer, format!("must have 1 to {FILTER_VALUES_MAX} values"));
        } else if values.iter().any(|value| value.len() > FILTER_BYTES_MAX) {
            refuse(pointer, format!("must have values of at most {FILTER_BYTES_MAX} bytes"));
        }
    }
}

fn addresses(texts: &[String], refuse: &mut impl FnMut(String, String)) -> Vec<Address> {
    if texts.len() > RECIPIENTS_MAX {
        refuse("/recipients".to_owned(), format!("must be at most {RECIPIENTS_MAX}"));
        return Vec::new();
    }
    let mut addresses: Vec<Address> = Vec::new();
    for (position, text) in texts.iter().enumerate() {
        match text.parse() {
            Ok(address) if addresses.contains(&address) => {}
            Ok(address) => addresses.push(address),
            Err(error) => refuse(format!("/recipients/{position}"), error.to_string()),
        }
    }
    addresses
}

/// How far a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waits for its turn, or for its second try.
    Waiting,
    /// Is being rendered.
    Rendering,
    /// Can be downloaded.
    Ready,
    /// Could not be rendered.
    Failed,
}

impl State {
    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Rendering => "rendering",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }
}
