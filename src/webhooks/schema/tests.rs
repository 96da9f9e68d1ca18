//! What is accepted, what is refused, and that the worst documents are answered quickly.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Invalid, PATTERNS_MAX, check};

fn pointers(schema: &Value, example: Option<&Value>) -> Vec<String> {
    check(schema, example).into_iter().map(|Invalid { pointer, .. }| pointer).collect()
}

/// Definitions of which each is what `link` makes of a reference to the next.
fn chain(length: usize, link: impl Fn(&Value) -> Value) -> Value {
    let mut definitions = json!({ format!("d{length}"): { "type": "integer" } });
    for number in 0..length {
        let next = json!({ "$ref": format!("#/$defs/d{}", number + 1) });
        definitions[format!("d{number}")] = link(&next);
    }
    json!({ "$ref": "#/$defs/d0", "$defs": definitions })
}

#[test]
fn an_ordinary_schema_is_checked_with_its_example() {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://example.com/order",
        "type": "object",
        "required": ["id", "items"],
        "properties": {
            "id": { "type": "string", "pattern": "^ord_[0-9]+$" },
            "items": { "type": "array", "items": { "$ref": "#/$defs/item" } },
        },
        "$defs": { "item": {
            "type": "object",
            "properties": { "amount": { "type": "number" }, "parts": { "items": { "$ref": "#/$defs/item" } } },
        } },
    });
    let good = json!({ "id": "ord_1", "items": [{ "amount": 5, "parts": [{ "amount": 2 }] }] });
    assert_eq!(check(&schema, Some(&good)), []);
    let bad = json!({ "id": "1", "items": [{ "amount": 5, "parts": [{ "amount": "two" }] }] });
    assert_eq!(pointers(&schema, Some(&bad)), ["/example/id", "/example/items/0/parts/0/amount"]);
    let tree = json!({ "$id": "https://example.com/tree", "items": { "$ref": "#" } });
    assert_eq!(check(&tree, Some(&json!([[], [[], "leaf"]]))), []);
    let looking = json!({ "pattern": "^(?!secret).*$" });
    assert_eq!(pointers(&looking, Some(&json!("secret one"))), ["/example"]);
    assert_eq!(check(&looking, Some(&json!("open one"))), []);
    let many = json!({ "id": "ord_1", "items": (0..2000).map(|n| json!({ "amount": n })).collect::<Vec<_>>() });
    assert_eq!(check(&schema, Some(&many)), []);
}

#[test]
fn what_would_take_too_long_is_refused_quickly() {
    let started = Instant::now();
    let doubled = |next: &Value| json!({ "allOf": [next, next] });
    let nested = (0..100).fold(json!(1), |inner, _| json!([inner]));
    for (schema, example) in [
        (chain(40, doubled), json!(1)),
        (chain(40, |next| json!({ "anyOf": [next, next] })), json!("text")),
        (chain(400, |next| json!({ "allOf": [next] })), json!(1)),
        (json!({ "$ref": "#" }), json!(1)),
        (json!({ "allOf": [{ "$ref": "#" }, { "$ref": "#" }] }), json!(1)),
        (json!({ "items": { "allOf": [{ "$ref": "#" }, { "$ref": "#" }] } }), nested.clone()),
        (json!({ "items": { "$ref": "#" }, "contains": { "$ref": "#" } }), nested),
        (json!({ "items": { "enum": (0..9000).collect::<Vec<_>>() } }), json!((0..9000).collect::<Vec<_>>())),
        (json!({ "allOf": [{ "$dynamicRef": "#x" }], "$dynamicAnchor": "x" }), json!(1)),
        (json!({ "allOf": [{}], "unevaluatedProperties": false }), json!({})),
        (json!({ "properties": { "a": { "$id": "https://example.com/a", "$ref": "#" } } }), json!({ "a": 1 })),
    ] {
        let shown: String = schema.to_string().chars().take(100).collect();
        assert_eq!(pointers(&schema, Some(&example)), ["/schema"], "{shown}");
    }
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn a_schema_alone_is_checked_quickly_whatever_it_refers_to() {
    let started = Instant::now();
    for schema in [
        chain(40, |next| json!({ "allOf": [next, next] })),
        chain(40, |next| json!({ "properties": { "a": next, "b": next } })),
        chain(40, |next| json!({ "anyOf": [next, next], "unevaluatedProperties": false })),
        chain(40, |next| json!({ "allOf": [next, next], "unevaluatedItems": false })),
        chain(40, |next| json!({ "if": next, "then": next, "else": next, "unevaluatedProperties": next })),
        (0..50).fold(json!(true), |inner, _| json!({ "allOf": [inner], "unevaluatedProperties": false })),
    ] {
        assert_eq!(check(&schema, None), []);
    }
    assert_eq!(pointers(&json!({ "type": "x", "unevaluatedItems": false }), None), ["/schema/type"]);
    assert_eq!(pointers(&json!({ "properties": { "a": { "$ref": "http://127.0.0.1/x" } } }), None), ["/schema"]);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn patterns_are_bounded_in_number_length_and_size() {
    let many: Value = (0..=PATTERNS_MAX).map(|n| (format!("p{n}"), json!({ "pattern": "a" }))).collect();
    assert_eq!(pointers(&json!({ "properties": many }), None), ["/schema"]);
    assert_eq!(pointers(&json!({ "pattern": "a".repeat(1001) }), None), ["/schema"]);
    let started = Instant::now();
    let huge = json!({ "pattern": "((((a{100}){100}){100}){100}){100}" });
    assert_eq!(check(&huge, Some(&json!("aaa"))).len(), 1);
    let slow = json!({ "items": { "pattern": "^(a+)+$" } });
    let text = format!("{}b", "a".repeat(30_000));
    assert_eq!(pointers(&slow, Some(&json!([text]))), ["/example/0"]);
    let slower = json!({ "items": { "pattern": "^(?=(a+)+$)(a|aa)+\\1$" } });
    let many = json!(vec![format!("{}b", "a".repeat(50)); 1000]);
    assert!(!check(&slower, Some(&many)).is_empty());
    let too_many = json!(vec!["a"; 10_000]);
    assert_eq!(pointers(&slower, Some(&too_many)), ["/schema"]);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}
