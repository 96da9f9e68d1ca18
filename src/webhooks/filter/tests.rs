//! Meaning of each operator, and the refusals.

use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};
use serde_json::{Value, json};

use super::{Filter, TERMS_MAX};

fn matches(filter: &Value, data: &Value) -> bool {
    Filter::parse(filter).unwrap().matches(data)
}

#[test]
fn operators_mean_what_they_say() {
    let data = json!({
        "amount": 100, "ratio": 0.5, "currency": "EUR", "is_paid": true, "note": null,
        "customer": {"tier": "gold", "tags": ["vip", "eu"]}, "big": 9_007_199_254_740_993_u64
    });
    for (filter, expected) in [
        (json!({"amount": 100}), true),
        (json!({"amount": 100.0}), true),
        (json!({"amount": "100"}), false),
        (json!({"amount": {"$ne": 100}}), false),
        (json!({"missing": {"$ne": 100}}), true),
        (json!({"missing": 100}), false),
        (json!({"missing": null}), false),
        (json!({"note": null}), true),
        (json!({"currency": {"$in": ["USD", "EUR"]}}), true),
        (json!({"currency": {"$startsWith": "EU"}}), true),
        (json!({"amount": {"$startsWith": "1"}}), false),
        (json!({"amount": {"$gt": 99, "$lt": 101}}), true),
        (json!({"amount": {"$gt": 100}}), false),
        (json!({"amount": {"$gte": 100}}), true),
        (json!({"ratio": {"$lte": 0.5}}), true),
        (json!({"ratio": {"$lt": 0.5}}), false),
        (json!({"currency": {"$gt": "AAA"}}), true),
        (json!({"currency": {"$gt": 1}}), false),
        (json!({"big": {"$gt": 9_007_199_254_740_992_u64}}), true),
        (json!({"customer": {"tier": "gold"}}), true),
        (json!({"customer.tier": "gold", "is_paid": true}), true),
        (json!({"customer.tier": "gold", "is_paid": false}), false),
        (json!({"customer.tags": "vip"}), true),
        (json!({"customer.tags": {"$ne": "vip"}}), false),
        (json!({"customer.name": {"$exists": false}}), true),
        (json!({"note": {"$exists": true}}), true),
        (json!({"$or": [{"amount": 1}, {"currency": "EUR"}]}), true),
        (json!({"$and": [{"amount": 1}, {"currency": "EUR"}]}), false),
        (json!({"$not": {"amount": 1}}), true),
        (json!({"customer": {"$not": {"tier": "gold"}}}), false),
        (json!({"amount": {"$or": [{"$lt": 10}, {"$gt": 50}]}}), true),
    ] {
        assert_eq!(matches(&filter, &data), expected, "{filter}");
    }
    assert!(!matches(&json!({"a": 1}), &json!("text")), "data that is no object has no fields");
}

#[test]
fn nothing_passes_the_filter_that_stands_for_an_unreadable_one() {
    for data in [json!({}), json!(null), json!({"a": [1, "x"]})] {
        assert!(!Filter::nothing().matches(&data), "{data}");
    }
}

#[test]
fn malformed_filters_are_refused_with_their_place() {
    for (filter, pointer) in [
        (json!([]), ""),
        (json!("x"), ""),
        (json!({}), ""),
        (json!({"a": {}}), "/a"),
        (json!({"a": [1]}), "/a"),
        (json!({"a": {"$regex": ".*"}}), "/a/$regex"),
        (json!({"a/b": {"$gt": true}}), "/a~1b/$gt"),
        (json!({"a": {"$in": "x"}}), "/a/$in"),
        (json!({"a": {"$in": []}}), "/a/$in"),
        (json!({"a": {"$in": [[1]]}}), "/a/$in/0"),
        (json!({"a": {"$eq": {"b": 1}}}), "/a/$eq"),
        (json!({"a": {"$exists": 1}}), "/a/$exists"),
        (json!({"$or": []}), "/$or"),
        (json!({"$or": {"a": 1}}), "/$or"),
        (json!({"$and": [{"a": 1}, 2]}), "/$and/1"),
        (json!({"$not": [1]}), "/$not"),
        (json!({"a..b": 1}), "/a..b"),
    ] {
        assert_eq!(Filter::parse(&filter).unwrap_err().pointer, pointer, "{filter}");
    }
}

#[test]
fn filters_over_a_limit_are_refused() {
    let deep = (0..40).fold(json!({"a": 1}), |inner, _| json!({"a": inner}));
    assert!(Filter::parse(&deep).unwrap_err().reason.contains("deeper"));
    let wide = json!({"a": {"$in": (0..TERMS_MAX).collect::<Vec<_>>()}});
    assert!(Filter::parse(&wide).unwrap_err().reason.contains("larger"));
    let long_path = ["a"; 9].join(".");
    assert!(Filter::parse(&json!({ long_path: 1 })).is_err());
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        proptest::bool::ANY.prop_map(Value::from),
        (-3_i64..4).prop_map(Value::from),
        proptest::sample::select(vec!["$or", "$in", "$eq", "$gt", "a", "b", ""]).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::hash_map(
                proptest::sample::select(vec!["a", "b", "a.b", "$or", "$and", "$not", "$in", "$ne", "$exists", "$gt"]),
                inner,
                0..3
            )
            .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_filter_is_refused_or_answers_and_not_inverts_it(filter in value(), data in value()) {
        if let Ok(compiled) = Filter::parse(&filter) {
            let answer = compiled.matches(&data);
            prop_assert_eq!(matches(&json!({"$not": filter}), &data), !answer);
        } else {
            prop_assert!(Filter::parse(&filter).is_err());
        }
    }
}
