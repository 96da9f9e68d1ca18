//! Rows of the result: printed as a table as they come, written as JSON at the end.

use std::{fs, path::PathBuf};

use anyhow::Result;
use serde_json::{Value, json};

/// What a figure must reach, if anything.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    None,
    AtLeast(f64),
    AtMost(f64),
}

impl Target {
    fn is_reached(self, value: f64) -> Option<bool> {
        match self {
            Self::None => None,
            Self::AtLeast(least) => Some(value >= least),
            Self::AtMost(most) => Some(value <= most),
        }
    }

    fn text(self) -> String {
        match self {
            Self::None => String::new(),
            Self::AtLeast(least) => format!("≥ {}", figure(least)),
            Self::AtMost(most) => format!("≤ {}", figure(most)),
        }
    }
}

/// One measured figure.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    pub(crate) target: Target,
    pub(crate) note: String,
}

impl Row {
    pub(crate) fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, target: Target::None, note: String::new() }
    }

    pub(crate) fn target(mut self, target: Target) -> Self {
        self.target = target;
        self
    }

    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

/// All rows so far; later sections look up earlier ones as their ceilings.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

impl Report {
    pub(crate) fn heading(title: &str) {
        println!("\n{title}");
        println!("{:-<118}", "");
    }

    pub(crate) fn push(&mut self, row: Row) {
        let mark = match row.target.is_reached(row.value) {
            None => "",
            Some(true) => "reached",
            Some(false) => "MISSED",
        };
        println!(
            "{:<52} {:>10} {:<5} {:>9} {:<8} {}",
            row.name,
            figure(row.value),
            row.unit,
            row.target.text(),
            mark,
            row.note
        );
        self.rows.push(row);
    }

    /// `x % of <what>` when that row was measured in this run, else nothing.
    pub(crate) fn share_of(&self, name: &str, value: f64) -> String {
        let Some(row) = self.rows.iter().find(|row| row.name == name && row.value > 0.0) else { return String::new() };
        format!("{:.0} % of {name}", value / row.value * 100.0)
    }

    /// Whether every figure with a target reached it.
    pub(crate) fn missed(&self) -> usize {
        self.rows.iter().filter(|row| row.target.is_reached(row.value) == Some(false)).count()
    }

    /// Writes everything to `<target>/bench/novapulse.json`.
    pub(crate) fn write(&self, machine: &str, sections: &[Value]) -> Result<PathBuf> {
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../bench");
        fs::create_dir_all(&directory)?;
        let path = directory.canonicalize()?.join("novapulse.json");
        let rows: Vec<Value> = self.rows.iter().map(row_json).collect();
        let report = json!({ "machine": machine, "sections": sections, "rows": rows });
        fs::write(&path, serde_json::to_vec_pretty(&report)?)?;
        Ok(path)
    }
}

fn row_json(row: &Row) -> Value {
    let (at_least, at_most) = match row.target {
        Target::None => (None, None),
        Target::AtLeast(value) => (Some(value), None),
        Target::AtMost(value) => (None, Some(value)),
    };
    json!({
        "name": row.name, "value": row.value, "unit": row.unit, "at_least": at_least, "at_most": at_most,
        "reached": row.target.is_reached(row.value), "note": row.note,
    })
}

/// A number with thousands separated, and decimals only where they say something.
pub(crate) fn figure(value: f64) -> String {
    if value.abs() < 100.0 && value.fract() != 0.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && digit.is_ascii_digit() {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Microseconds as milliseconds in words.
pub(crate) fn millis(micros: u64) -> String {
    format!("{:.2} ms", micros as f64 / 1000.0)
}
