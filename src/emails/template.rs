//! Templates filled in: strict, and with bounds that no template gets around.
//!
//! Whoever writes a template is not trusted with the server. A template has no names of its own: what it can build is
//! therefore as large as what it is given times what is written in it. `set`, `with`, macros, repetition (`*`) and
//! gluing (`~`) are refused when a template is saved, because a few lines of them double a text until memory ends; loops run
//! over what was given; filters answer no more than they get; steps and output are counted.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use minijinja::{
    AutoEscape, Environment, Error as EngineError, ErrorKind, UndefinedBehavior, filters,
    machinery::{
        ast::{BinOpKind, CallArg, Expr, Stmt},
        parse,
    },
    syntax::SyntaxConfig,
    tests as engine_tests,
};
use serde_json::Value;

use super::{
    Invalid,
    model::{SOURCE_BYTES_MAX, SUBJECT_SOURCE_BYTES_MAX, Sources},
};
use crate::mail::email::{HTML_BYTES_MAX, Rendered, SUBJECT_CHARACTERS_MAX, TEXT_BYTES_MAX, is_body, is_subject};

/// Steps of one template; a table of a thousand rows needs some ten thousand.
const FUEL: u64 = 100_000;
/// Depth of calls inside the engine.
const DEPTH_MAX: usize = 20;
/// Sums and differences in one source.
const SUMS_MAX: usize = 100;
/// Blocks and expressions within one another.
const NESTING_MAX: usize = 30;

/// What cannot be filled in: which part, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unfilled {
    pub(super) part: &'static str,
    pub(super) reason: String,
}

impl std::fmt::Display for Unfilled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the {} cannot be filled in: {}", self.part, self.reason)
    }
}

/// Everything that is wrong with a template, whatever its variables.
pub(super) fn faults(sources: &Sources) -> Vec<Invalid> {
    let mut faults = Vec::new();
    if sources.subject.trim().is_empty() {
        faults.push(Invalid::new("/subject", "must not be empty"));
    }
    if sources.text.is_none() && sources.html.is_none() {
        faults.push(Invalid::new("/text", "a template has a text or HTML, or both"));
    }
    let subject = Some(("/subject", &sources.subject, SUBJECT_SOURCE_BYTES_MAX));
    let text = sources.text.as_ref().map(|source| ("/text", source, SOURCE_BYTES_MAX));
    let html = sources.html.as_ref().map(|source| ("/html", source, SOURCE_BYTES_MAX));
    for (pointer, source, bytes_max) in [subject, text, html].into_iter().flatten() {
        if source.len() > bytes_max {
            faults.push(Invalid::new(pointer, format!("must have at most {bytes_max} bytes")));
        } else if let Err(reason) = judge(source) {
            faults.push(Invalid::new(pointer, reason));
        }
    }
    faults
}

/// Fills a template in.
///
/// # Errors
/// [`Unfilled`]: the first part that cannot be, with the variable that is missing where that is it.
pub(super) fn fill(sources: &Sources, variables: &Value, subject: Option<&str>) -> Result<Rendered, Unfilled> {
    let subject = match subject {
        Some(given) => given.to_owned(),
        None => part("subject", &sources.subject, variables, false, SUBJECT_CHARACTERS_MAX * 4)?,
    };
    if !is_subject(&subject) {
        let reason = format!("it is not one line of 1 to {SUBJECT_CHARACTERS_MAX} characters then");
        return Err(Unfilled { part: "subject", reason });
    }
    let body = |name, source: &Option<String>, is_html, bytes_max| match source {
        Some(source) => {
            let filled = part(name, source, variables, is_html, bytes_max)?;
            let reason = || "it has control characters then".to_owned();
            if is_body(&filled, bytes_max) { Ok(Some(filled)) } else { Err(Unfilled { part: name, reason: reason() }) }
        }
        None => Ok(None),
    };
    let text = body("text", &sources.text, false, TEXT_BYTES_MAX)?;
    let html = body("html", &sources.html, true, HTML_BYTES_MAX)?;
    Ok(Rendered { subject, text, html })
}

fn part(
    name: &'static str,
    source: &str,
    variables: &Value,
    is_html: bool,
    bytes_max: usize,
) -> Result<String, Unfilled> {
    let unfilled = |reason: String| Unfilled { part: name, reason };
    // What was stored by an earlier release may not pass any more.
    judge(source).map_err(unfilled)?;
    let environment = environment(is_html);
    let template = environment.template_from_named_str(name, source).map_err(|error| unfilled(words(&error)))?;
    let mut output = Bounded { bytes: Vec::new(), bytes_max, is_over: false };
    let filled =
        template.render_captured_to(minijinja::Value::from(minijinja::value::Serde(variables)), &mut output).map(drop);
    if output.is_over {
        return Err(unfilled(format!("it is longer than {bytes_max} bytes then")));
    }
    filled.map_err(|error| {
        let missing = (error.kind() == ErrorKind::UndefinedError)
            .then(|| missing(template.undeclared_variables(true).into_iter().collect(), variables))
            .flatten();
        unfilled(match missing {
            Some(path) => format!("`{path}` is not among the variables{}", line(&error)),
            None => words(&error),
        })
    })?;
    String::from_utf8(output.bytes).map_err(|_| unfilled("it is no text then".to_owned()))
}

fn environment(is_html: bool) -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(DEPTH_MAX);
    environment.set_auto_escape_callback(move |_| if is_html { AutoEscape::Html } else { AutoEscape::None });
    environment.add_filter("safe", filters::safe);
    environment.add_filter("escape", filters::escape);
    environment.add_filter("e", filters::escape);
    environment.add_filter("upper", filters::upper);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("title", filters::title);
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("length", filters::length);
    environment.add_filter("default", filters::default);
    environment.add_filter("d", filters::default);
    environment.add_filter("first", filters::first);
    environment.add_filter("last", filters::last);
    environment.add_filter("round", filters::round);
    environment.add_filter("abs", filters::abs);
    environment.add_filter("int", filters::int);
    environment.add_filter("float", filters::float);
    environment.add_filter("items", filters::items);
    environment.add_filter("reverse", filters::reverse);
    environment.add_test("defined", engine_tests::is_defined);
    environment.add_test("undefined", engine_tests::is_undefined);
    environment.add_test("none", engine_tests::is_none);
    environment.add_test("odd", engine_tests::is_odd);
    environment.add_test("even", engine_tests::is_even);
    environment.add_test("number", engine_tests::is_number);
    environment.add_test("string", engine_tests::is_string);
    environment.add_test("sequence", engine_tests::is_sequence);
    environment.add_test("mapping", engine_tests::is_mapping);
    environment
}

/// Refuses what is no template, and what could cost without bound.
fn judge(source: &str) -> Result<(), String> {
    let tree = parse(source, "template", SyntaxConfig::default()).map_err(|error| words(&error))?;
    let mut judge = Judge { sums: 0 };
    let Stmt::Template(template) = &tree else { return Err("is no template".to_owned()) };
    judge.body(&template.children, 0)
}

struct Judge {
    sums: usize,
}

impl Judge {
    fn body(&mut self, statements: &[Stmt<'_>], depth: usize) -> Result<(), String> {
        if depth > NESTING_MAX {
            return Err(format!("nests deeper than {NESTING_MAX} blocks"));
        }
        statements.iter().try_for_each(|statement| self.statement(statement, depth))
    }

    fn statement(&mut self, statement: &Stmt<'_>, depth: usize) -> Result<(), String> {
        match statement {
            Stmt::EmitRaw(_) => Ok(()),
            Stmt::EmitExpr(emit) => self.expression(&emit.expr, 0),
            Stmt::IfCond(condition) => {
                self.expression(&condition.expr, 0)?;
                self.body(&condition.true_body, depth + 1)?;
                self.body(&condition.false_body, depth + 1)
            }
            Stmt::ForLoop(round) => {
                if round.recursive {
                    return Err("a loop cannot call itself".to_owned());
                }
                given(&round.iter)?;
                if let Some(filter) = &round.filter_expr {
                    self.expression(filter, 0)?;
                }
                self.body(&round.body, depth + 1)?;
                self.body(&round.else_body, depth + 1)
            }
            _ => {
                Err("a template has `if`, `for` and expressions; `set`, `with` and other blocks are refused".to_owned())
            }
        }
    }

    fn expression(&mut self, expression: &Expr<'_>, depth: usize) -> Result<(), String> {
        if depth > NESTING_MAX {
            return Err(format!("an expression nests deeper than {NESTING_MAX}"));
        }
        let depth = depth + 1;
        match expression {
            Expr::Var(_) | Expr::Const(_) => Ok(()),
            Expr::UnaryOp(unary) => self.expression(&unary.expr, depth),
            Expr::BinOp(binary) => {
                match binary.op {
                    BinOpKind::Concat => return Err("`~` is refused: write the values one after another".to_owned()),
                    BinOpKind::Mul | BinOpKind::Pow => {
                        return Err("`*` is refused: compute before and pass the result".to_owned());
                    }
                    BinOpKind::Add | BinOpKind::Sub => self.sums += 1,
                    _ => {}
                }
                if self.sums > SUMS_MAX {
                    return Err(format!("has more than {SUMS_MAX} sums"));
                }
                self.expression(&binary.left, depth)?;
                self.expression(&binary.right, depth)
            }
            Expr::Compare(compare) => {
                self.expression(&compare.expr, depth)?;
                compare.ops.iter().try_for_each(|one| self.expression(&one.expr, depth))
            }
            Expr::IfExpr(condition) => {
                self.expression(&condition.test_expr, depth)?;
                self.expression(&condition.true_expr, depth)?;
                condition.false_expr.as_ref().map_or(Ok(()), |otherwise| self.expression(otherwise, depth))
            }
            Expr::Filter(filter) => {
                self.arguments(&filter.args, depth)?;
                filter.expr.as_ref().map_or(Ok(()), |inner| self.expression(inner, depth))
            }
            Expr::Test(test) => {
                self.arguments(&test.args, depth)?;
                self.expression(&test.expr, depth)
            }
            Expr::GetAttr(get) => self.expression(&get.expr, depth),
            Expr::GetItem(get) => {
                self.expression(&get.expr, depth)?;
                self.expression(&get.subscript_expr, depth)
            }
            Expr::Slice(_) | Expr::Call(_) | Expr::List(_) | Expr::Tuple(_) | Expr::Map(_) => {
                Err(format!("a {} is refused: a template shows what it is given", expression.description()))
            }
        }
    }

    fn arguments(&mut self, arguments: &[CallArg<'_>], depth: usize) -> Result<(), String> {
        arguments.iter().try_for_each(|argument| match argument {
            CallArg::Pos(value) | CallArg::Kwarg(_, value) => self.expression(value, depth),
            CallArg::PosSplat(_) | CallArg::KwargSplat(_) => Err("`*` is refused in a call".to_owned()),
        })
    }
}

/// What a loop runs over must have been given: nothing that was built gets a name.
fn given(expression: &Expr<'_>) -> Result<(), String> {
    match expression {
        Expr::Var(_) => Ok(()),
        Expr::GetAttr(get) => given(&get.expr),
        Expr::GetItem(get) if matches!(get.subscript_expr, Expr::Const(_) | Expr::Var(_)) => given(&get.expr),
        Expr::Filter(filter) if filter.args.is_empty() && matches!(filter.name, "items" | "reverse") => {
            filter.expr.as_ref().map_or_else(|| Err("a loop runs over a variable".to_owned()), given)
        }
        _ => Err("a loop runs over a variable, or over its `items`".to_owned()),
    }
}

/// The first variable that is asked for and not given, by its path.
fn missing(asked: BTreeSet<String>, variables: &Value) -> Option<String> {
    asked.into_iter().find(|path| {
        let mut at = Some(variables);
        for step in path.split('.') {
            at = at.and_then(|value| value.get(step));
        }
        at.is_none()
    })
}

fn line(error: &EngineError) -> String {
    error.line().map_or_else(String::new, |line| format!(" (line {line})"))
}

/// The engine's complaint without the names of its own parts.
fn words(error: &EngineError) -> String {
    let what = error.kind().to_string();
    match error.detail() {
        Some(detail) => format!("{what}: {detail}{}", line(error)),
        None => format!("{what}{}", line(error)),
    }
}

/// Takes so many bytes and no more.
struct Bounded {
    bytes: Vec<u8>,
    bytes_max: usize,
    is_over: bool,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.bytes_max {
            self.is_over = true;
            return Err(io::Error::other("too long"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Sources, Unfilled, faults, fill};
    use crate::mail::email::Rendered;

    fn sources(subject: &str, text: &str, html: Option<&str>) -> Sources {
        Sources {
            subject: subject.to_owned(),
            text: Some(text.to_owned()),
            html: html.map(str::to_owned),
            sample: None,
        }
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
    }

    #[test]
    fn steps_and_output_have_an_end() {
        let many = json!({ "a": vec![1; 2_000] });
        let reason =
            filled("{% for x in a %}{% for y in a %}{{ x }}{% endfor %}{% endfor %}", &many).unwrap_err().reason;
        assert!(reason.contains("fuel"), "{reason}");
        let long = json!({ "a": vec!["x".repeat(50); 1_000], "b": "y".repeat(10_000) });
        let reason = filled("{% for x in a %}{{ b }}{% endfor %}", &long).unwrap_err().reason;
        assert!(reason.contains("longer than"), "{reason}");
    }
}
