//! The indexes of jobs by tag and by payload field, written with the job and removed with it.
//!
//! Keys hold hashes, so whoever finds a job by one compares the word itself. Which fields of a payload are indexed is a
//! setting of the queue (`search_fields`); a job keeps what was found when it was accepted or its payload changed.

use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use super::{
    job::MAX_TEXT_BYTES,
    store::{JOB_FIELDS, JOB_TAGS, JobBody, JobKey},
};
use crate::storage::{Error, Tx};

/// What stands for a tag in its index.
pub(super) fn tag_hash(tag: &str) -> u64 {
    xxh3_64(tag.as_bytes())
}

/// What stands for a path and a value in their index.
pub(super) fn field_hash(path: &str, value: &str) -> u64 {
    xxh3_64(&[path.as_bytes(), &[0], value.as_bytes()].concat())
}

/// Enters a job under its tags and fields.
pub(super) fn enter(tx: &mut Tx<'_>, (company, job): JobKey, body: &JobBody) -> Result<(), Error> {
    for tag in &body.tags {
        tx.put(JOB_TAGS, &(company, tag_hash(tag), job), &())?;
    }
    enter_fields(tx, (company, job), body)
}

/// Removes a job from under its tags and fields; answers how many rows.
pub(super) fn leave(tx: &mut Tx<'_>, (company, job): JobKey, body: &JobBody) -> Result<usize, Error> {
    for tag in &body.tags {
        tx.remove(JOB_TAGS, &(company, tag_hash(tag), job))?;
    }
    leave_fields(tx, (company, job), body)?;
    Ok(body.tags.len() + body.fields.len())
}

/// Enters a job under its fields.
pub(super) fn enter_fields(tx: &mut Tx<'_>, (company, job): JobKey, body: &JobBody) -> Result<(), Error> {
    for (path, value) in &body.fields {
        tx.put(JOB_FIELDS, &(company, body.queue, field_hash(path, value), job), &())?;
    }
    Ok(())
}

/// Removes a job from under its fields.
pub(super) fn leave_fields(tx: &mut Tx<'_>, (company, job): JobKey, body: &JobBody) -> Result<(), Error> {
    for (path, value) in &body.fields {
        tx.remove(JOB_FIELDS, &(company, body.queue, field_hash(path, value), job))?;
    }
    Ok(())
}

/// What stands at these paths of a payload, as words to search for; long texts, objects and lists are left out.
pub(super) fn values_at(paths: &[String], payload: &[u8]) -> Vec<(String, String)> {
    if paths.is_empty() {
        return Vec::new();
    }
    let Ok(payload) = serde_json::from_slice::<Value>(payload) else { return Vec::new() };
    paths.iter().filter_map(|path| Some((path.clone(), word_at(&payload, path)?))).collect()
}

/// What stands at a path such as `order.id` or `items.0.name`, as a word.
pub(super) fn word_at(payload: &Value, path: &str) -> Option<String> {
    let step = |value: &Value, name: &str| match value {
        Value::Object(fields) => fields.get(name).cloned(),
        Value::Array(items) => name.parse::<usize>().ok().and_then(|position| items.get(position)).cloned(),
        _ => None,
    };
    let mut names = path.split('.');
    let first = names.next().and_then(|name| step(payload, name))?;
    let found = names.try_fold(first, |value, name| step(&value, name))?;
    let word = match found {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        Value::Bool(is_true) => is_true.to_string(),
        Value::Null => "null".to_owned(),
        Value::Array(_) | Value::Object(_) => return None,
    };
    (word.len() <= MAX_TEXT_BYTES).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::{field_hash, values_at};

    #[test]
    fn paths_find_words_and_nothing_else() {
        let payload = br#"{"order":{"id":123,"name":"a.b","paid":true,"none":null,"lines":[{"sku":"x"}]},"n":1.50}"#;
        let found = |path: &str| values_at(&[path.to_owned()], payload).pop().map(|(_, word)| word);
        assert_eq!(found("order.id").as_deref(), Some("123"));
        assert_eq!(found("order.name").as_deref(), Some("a.b"));
        assert_eq!(found("order.paid").as_deref(), Some("true"));
        assert_eq!(found("order.none").as_deref(), Some("null"));
        assert_eq!(found("order.lines.0.sku").as_deref(), Some("x"));
        assert_eq!(found("n").as_deref(), Some("1.5"));
        for path in ["", "order", "order.lines", "order.lines.1", "order.lines.x", "order.id.more", "other", "."] {
            assert_eq!(found(path), None, "{path}");
        }
        assert_eq!(values_at(&["a".to_owned()], b"no json"), []);
        assert_eq!(values_at(&["a".to_owned()], format!("{{\"a\":\"{}\"}}", "x".repeat(257)).as_bytes()), []);
        assert_ne!(field_hash("a", "bc"), field_hash("ab", "c"));
    }
}
