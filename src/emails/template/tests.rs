//! Templates filled in, refused, and stopped.

use serde_json::{Value, json};

use super::{Sources, Unfilled, faults, fill};
use crate::mail::email::Rendered;

fn sources(subject: &str, text: &str, html: Option<&str>) -> Sources {
    Sources { subject: subject.to_owned(), text: Some(text.to_owned()), html: html.map(str::to_owned), sample: None }
}

fn filled(text: &str, variables: &Value) -> Result<Rendered, Unfilled> {
    fill(&sources("s", text, None), variables, None)
}

#[test]
fn a_template_is_filled_in_and_html_is_escaped() {
    let template = sources(
        "Order {{ order.id }}",
        "Hello {{ name|upper }}{% for item in order.items %}\n- {{ item.name }}: {{ item.price|round(2) }}{% endfor %}",
        Some("<p>{{ name }}</p>{{ raw|safe }}"),
    );
    assert_eq!(faults(&template), []);
    let variables = json!({ "name": "<Ada>", "raw": "<b>x</b>",
        "order": { "id": 7, "items": [{ "name": "tea", "price": 1.239 }] } });
    let filled = fill(&template, &variables, None).unwrap();
    assert_eq!(filled.subject, "Order 7");
    assert_eq!(filled.text.unwrap(), "Hello <ADA>\n- tea: 1.24");
    assert_eq!(filled.html.unwrap(), "<p>&lt;Ada&gt;</p><b>x</b>");
    let filled = fill(&template, &variables, Some("Another")).unwrap();
    assert_eq!(filled.subject, "Another");
}

#[test]
fn a_missing_variable_is_named() {
    let reason = filled("a\n{{ customer.name }}", &json!({ "customer": {} })).unwrap_err().to_string();
    assert_eq!(reason, "the text cannot be filled in: `customer.name` is not among the variables (line 2)");
    assert!(filled("{{ who }}", &json!({})).unwrap_err().reason.contains("`who`"));
    assert_eq!(filled("{{ who|default('you') }}", &json!({})).unwrap().text.unwrap(), "you");
    assert_eq!(filled("{% if who is defined %}x{% endif %}-", &json!({})).unwrap().text.unwrap(), "-");
}

#[test]
fn a_subject_stays_one_line() {
    let template = sources("Hi {{ name }}", "t", None);
    for name in ["a\r\nBcc: all@example.com", "a\nb", "", &"x".repeat(300)] {
        let is_fine = fill(&template, &json!({ "name": name }), None).is_ok();
        assert_eq!(is_fine, name.is_empty(), "{name:?}");
    }
}

#[test]
fn what_could_grow_without_end_is_refused() {
    for text in [
        "{% set a = 'x' %}",
        "{% with a = 'x' %}{% endwith %}",
        "{% filter upper %}x{% endfilter %}",
        "{% autoescape false %}x{% endautoescape %}",
        "{{ a ~ a }}",
        "{{ 'x' * 100000000 }}",
        "{{ 10 ** 10 }}",
        "{{ range(10) }}",
        "{{ [a, a] }}",
        "{{ a[1:2] }}",
        "{% for x in [a, a] %}{% endfor %}",
        "{% for x in (a + a) %}{% endfor %}",
        "{% for x in a|default(b) %}{% endfor %}",
        "{% for x in a recursive %}{{ loop(x) }}{% endfor %}",
        "{% macro f() %}{% endmacro %}",
        "{% include 'x' %}",
        "{{ a",
        "{% if a %}",
    ] {
        assert_eq!(faults(&sources("s", text, None)).len(), 1, "{text}");
        assert!(filled(text, &json!({ "a": "x", "b": "x" })).is_err(), "{text}");
    }
    let deep = format!("{}x{}", "{% if a %}".repeat(40), "{% endif %}".repeat(40));
    assert_eq!(faults(&sources("s", &deep, None)).len(), 1);
    let sums = format!("{{{{ {} }}}}", vec!["a"; 150].join(" + "));
    assert_eq!(faults(&sources("s", &sums, None)).len(), 1);
    assert_eq!(faults(&sources("s", "{{ a + a + a + a + a }}", None)), []);
    assert_eq!(faults(&sources("s", "{% for x in a %}{{ x + a + a + a + a }}{% endfor %}", None)).len(), 1);
    assert_eq!(faults(&sources("s", "{% for x in a %}{{ x + a }}{% endfor %}{{ a + a + a + a + a }}", None)), []);
    assert_eq!(faults(&sources("s", "{{ a|e|upper|e }}", None)).len(), 1);
    let filters = format!("{{{{ a{} }}}}", "|trim".repeat(11));
    assert_eq!(faults(&sources("s", &filters, None)).len(), 1);
}

#[test]
fn steps_and_output_have_an_end() {
    let many = json!({ "a": vec![1; 2_000] });
    let reason = filled("{% for x in a %}{% for y in a %}{{ x }}{% endfor %}{% endfor %}", &many).unwrap_err().reason;
    assert!(reason.contains("fuel"), "{reason}");
    // A step that looks at much is dear, also when it writes nothing.
    let wide = json!({ "a": vec!["x"; 4_000], "b": "y".repeat(60_000) });
    for text in [
        "{% for x in a %}{% for y in a %}{% if b|length == 7 %}{% endif %}{% endfor %}{% endfor %}",
        "{% for x in a %}{% for y in a %}{% if b in a %}{% endif %}{% endfor %}{% endfor %}",
        "{% for x in a %}{% for y in a %}{% if b + b == b %}{% endif %}{% endfor %}{% endfor %}",
    ] {
        let reason = filled(text, &wide).unwrap_err().reason;
        assert!(reason.contains("fuel"), "{text}: {reason}");
    }
    let nested = json!({ "a": vec![vec![1; 100]; 100], "b": vec![vec![1; 100]; 100] });
    let text = "{% for x in a %}{% for y in x %}{% if a == b %}{% endif %}{% endfor %}{% endfor %}";
    assert!(filled(text, &nested).unwrap_err().reason.contains("fuel"));
    let table = json!({ "rows": vec![json!({ "a": "x", "b": 1, "c": 2 }); 1_000] });
    let text = "{% for row in rows %}{{ row.a }} {{ row.b }} {{ row.b + row.c }}\n{% endfor %}";
    assert_eq!(filled(text, &table).unwrap().text.unwrap().lines().count(), 1_000);
    let long = json!({ "a": vec!["x".repeat(50); 1_000], "b": "y".repeat(10_000) });
    let reason = filled("{% for x in a %}{{ b }}{% endfor %}", &long).unwrap_err().reason;
    assert!(reason.contains("longer than"), "{reason}");
}
