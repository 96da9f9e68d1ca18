//! What of an object changed, and how much of it is kept. Pure.

use serde_json::{Map, Value};

/// Longest text of a value before or after, in bytes; of a longer one the long fields are left out.
const VALUE_BYTES_MAX: usize = 16 << 10;
/// Longest text of a field where not all have room.
const FIELD_BYTES_MAX: usize = 1 << 10;

/// The fields of two objects that differ; one that is on one side only is null on the other.
#[must_use]
pub fn changed(before: &Value, after: &Value) -> (Value, Value) {
    let (Value::Object(old), Value::Object(new)) = (before, after) else { return (before.clone(), after.clone()) };
    let mut sides = (Map::new(), Map::new());
    let added = new.keys().filter(|name| !old.contains_key(*name));
    for name in old.keys().chain(added) {
        let (from, to) = (old.get(name).unwrap_or(&Value::Null), new.get(name).unwrap_or(&Value::Null));
        if from != to {
            sides.0.insert(name.clone(), from.clone());
            sides.1.insert(name.clone(), to.clone());
        }
    }
    (Value::Object(sides.0), Value::Object(sides.1))
}

/// The value as text of bounded length; what has no room is said to be left out.
pub(super) fn bounded(value: &Value) -> String {
    let text = value.to_string();
    if text.len() <= VALUE_BYTES_MAX {
        return text;
    }
    if let Value::Object(fields) = value {
        let short = |(name, field): (&String, &Value)| {
            let length = field.to_string().len();
            (name.clone(), if length <= FIELD_BYTES_MAX { field.clone() } else { left_out(length) })
        };
        let text = Value::Object(fields.iter().map(short).collect()).to_string();
        if text.len() <= VALUE_BYTES_MAX {
            return text;
        }
    }
    left_out(text.len()).to_string()
}

fn left_out(length: usize) -> Value {
    Value::String(format!("({length} bytes, left out)"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{bounded, changed};

    #[test]
    fn only_fields_that_differ_are_kept() {
        let (before, after) =
            changed(&json!({ "a": 1, "b": [2], "c": 3, "d": null }), &json!({ "a": 1, "b": [], "e": 5, "d": null }));
        assert_eq!(before, json!({ "b": [2], "c": 3, "e": null }));
        assert_eq!(after, json!({ "b": [], "c": null, "e": 5 }));
        assert_eq!(changed(&json!(null), &json!({ "a": 1 })), (json!(null), json!({ "a": 1 })));
    }

    #[test]
    fn long_fields_are_left_out_first_and_then_everything() {
        let long = "x".repeat(20_000);
        assert_eq!(bounded(&json!({ "a": "short", "b": long })), r#"{"a":"short","b":"(20002 bytes, left out)"}"#);
        let many: serde_json::Map<_, _> = (0..50).map(|n| (format!("{n}"), json!("y".repeat(900)))).collect();
        assert!(bounded(&many.into()).ends_with("bytes, left out)\""));
        assert_eq!(bounded(&json!(long)), "\"(20002 bytes, left out)\"");
    }
}
