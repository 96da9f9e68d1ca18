//! Templates filled in: strict, and with bounds that no template gets around.
//!
//! Whoever writes a template is not trusted with the server. A template has no names of its own: what it can build is
//! therefore as large as what it is given times what is written in it. `set`, `with`, macros, repetition (`*`) and
//! gluing (`~`) are refused when a template is saved, because a few lines of them double a text until memory ends; loops run
//! over what was given; filters answer no more than they get, but for one escape; steps and output are counted. One step
//! can look at the whole of a variable (a filter, `in`, a comparison), so there are fewer of them the larger it is.

mod judge;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use minijinja::{
    AutoEscape, Environment, Error as EngineError, ErrorKind, UndefinedBehavior, filters, tests as engine_tests,
};
use serde_json::Value;

use super::{
    Invalid,
    model::{SOURCE_BYTES_MAX, SUBJECT_SOURCE_BYTES_MAX, Sources},
};
use crate::mail::email::{HTML_BYTES_MAX, Rendered, SUBJECT_CHARACTERS_MAX, TEXT_BYTES_MAX, is_body, is_subject};

use judge::judge;

/// Most steps of one template; a table of a thousand rows needs some ten thousand.
const FUEL_MAX: u64 = 100_000;
/// Items that all steps together may look at, when each looks at everything there is.
const WORK_MAX: u64 = 300_000_000;
/// Bytes of text that count as one item.
const ITEM_BYTES: usize = 4;
/// Depth of calls inside the engine.
const DEPTH_MAX: usize = 20;

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
    let environment = environment(is_html, fuel(variables));
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

/// How many steps a template may take with these variables.
fn fuel(variables: &Value) -> u64 {
    (WORK_MAX / (items(variables) as u64).max(1)).min(FUEL_MAX)
}

/// The items of all lists, maps and texts among the variables: a comparison walks through what is nested, too. They
/// come from JSON, which does not nest deeply.
fn items(value: &Value) -> usize {
    match value {
        Value::Array(list) => list.iter().map(items).sum::<usize>() + 1,
        Value::Object(fields) => fields.values().map(items).sum::<usize>() + 1,
        Value::String(text) => text.len() / ITEM_BYTES + 1,
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
    }
}

fn environment(is_html: bool, fuel: u64) -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(fuel));
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
