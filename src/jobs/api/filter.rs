//! Which jobs are meant: the conditions of a list and of an action on many.

use serde::Deserialize;
use utoipa::ToSchema;

use super::policy::Refusals;
use crate::{
    base::{JobId, Timestamp},
    http::Problem,
    queue::{JobFilter, MAX_TEXT_BYTES, QueueName, State},
};

/// How a search for a payload field begins.
const FIELD: &str = "payload.";

/// Which jobs are wanted, and which page of them; all conditions hold together.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct JobQuery {
    /// Of this queue.
    queue: Option<String>,
    /// In this state.
    state: Option<String>,
    /// Of this kind.
    kind: Option<String>,
    /// With this tag.
    tag: Option<String>,
    /// Of this group.
    group: Option<String>,
    /// Failed with an error like this: a `fingerprint` of `GET /failures`.
    error: Option<String>,
    /// Children of this job.
    parent: Option<String>,
    /// `payload.order.id:123` finds the value at a path of the payload, from an index when the queue names the path in
    /// `search_fields`; any other text, of at most 256 bytes, is looked for in the payload as it was sent.
    #[param(max_length = 520, example = "payload.order.id:123")]
    q: Option<String>,
    /// Accepted at this time or later.
    since: Option<Timestamp>,
    /// Accepted before this time.
    until: Option<Timestamp>,
    /// Items in a page, 1 to 250; 50 when left out.
    #[param(minimum = 1, maximum = 250, default = 50)]
    pub(super) limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub(super) cursor: Option<String>,
}

impl JobQuery {
    pub(super) fn words(self) -> FilterWords {
        let Self { queue, state, kind, tag, group, error, parent, q, since, until, .. } = self;
        FilterWords { queue, state, kind, tag, group, error, parent, q, since, until }
    }
}

/// Which jobs are meant; all conditions hold together.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = JobFilter)]
pub(super) struct FilterWords {
    /// Of this queue.
    #[schema(example = "images")]
    queue: Option<String>,
    /// In this state.
    #[schema(example = "failed")]
    state: Option<String>,
    /// Of this kind.
    kind: Option<String>,
    /// With this tag.
    tag: Option<String>,
    /// Of this group.
    group: Option<String>,
    /// Failed with an error like this: a `fingerprint` of `GET /failures`.
    #[schema(example = "9b1f0c3d5e7a2468")]
    error: Option<String>,
    /// Children of this job.
    parent: Option<String>,
    /// As `q` of `GET /jobs`.
    q: Option<String>,
    /// Accepted at this time or later.
    since: Option<Timestamp>,
    /// Accepted before this time.
    until: Option<Timestamp>,
}

impl FilterWords {
    /// The filter with its words understood; what is refused is pointed at below `at`.
    pub(super) fn check(self, at: &str) -> Result<JobFilter, Problem> {
        let mut refusals = Refusals::default();
        let queue = self.queue.as_deref().map(str::parse::<QueueName>).transpose().unwrap_or_else(|error| {
            refusals.add(&format!("{at}/queue"), error.to_string());
            None
        });
        let state = self.state.as_deref().map(str::parse::<State>).transpose().unwrap_or_else(|()| {
            refusals.add(&format!("{at}/state"), "is not a state of a job");
            None
        });
        let error = self.error.as_deref().map(fingerprint).transpose().unwrap_or_else(|()| {
            refusals.add(&format!("{at}/error"), "is not a fingerprint of failures: 16 hexadecimal digits");
            None
        });
        let parent = self.parent.as_deref().map(str::parse::<JobId>).transpose().unwrap_or_else(|_| {
            refusals.add(&format!("{at}/parent"), "is not the id of a job");
            None
        });
        let (mut field, mut text) = (None, None);
        if let Some(words) = self.q {
            match words.strip_prefix(FIELD).and_then(|rest| rest.split_once(':')) {
                Some((path, value)) => field = Some((path.to_owned(), unquoted(value))),
                None => text = Some(words),
            }
        }
        let is_long = |text: &String| text.len() > MAX_TEXT_BYTES;
        let is_field_long = field.as_ref().is_some_and(|(path, value)| is_long(path) || is_long(value));
        if text.as_ref().is_some_and(is_long) || is_field_long {
            refusals.add(&format!("{at}/q"), format!("must have at most {MAX_TEXT_BYTES} bytes"));
        }
        refusals.none()?;
        let Self { kind, tag, group, since, until, .. } = self;
        Ok(JobFilter { queue, state, states: Vec::new(), kind, tag, group, error, parent, field, text, since, until })
    }
}

fn fingerprint(text: &str) -> Result<u64, ()> {
    let is_hexadecimal = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hexadecimal { u64::from_str_radix(text, 16).map_err(drop) } else { Err(()) }
}

/// A value as it is compared: without quotes around it, a number as the index spells it.
fn unquoted(value: &str) -> String {
    if let Some(text) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return text.to_owned();
    }
    match serde_json::from_str::<serde_json::Number>(value) {
        Ok(number) => number.to_string(),
        Err(_) => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{FilterWords, unquoted};

    #[test]
    fn a_search_is_for_a_field_or_for_a_text() {
        let filter = |q: &str| FilterWords { q: Some(q.to_owned()), ..FilterWords::default() }.check("").unwrap();
        let field = |q: &str| filter(q).field;
        assert_eq!(field("payload.order.id:123"), Some(("order.id".to_owned(), "123".to_owned())));
        assert_eq!(field("payload.at:10:30"), Some(("at".to_owned(), "10:30".to_owned())));
        assert_eq!(filter("order:123").text.as_deref(), Some("order:123"));
        assert_eq!(filter("payload.x").text.as_deref(), Some("payload.x"));
        assert_eq!(unquoted("1.50"), "1.5");
        assert_eq!(unquoted("\"1.50\""), "1.50");
        assert_eq!(unquoted("a"), "a");
        assert!(FilterWords { state: Some("odd".to_owned()), ..FilterWords::default() }.check("/filter").is_err());
    }
}
