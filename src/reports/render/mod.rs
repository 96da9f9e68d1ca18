//! The formats: each turns rows into the bytes of a file, page by page.
//!
//! What a renderer holds is bounded: text formats hold nothing, a workbook is collected in temporary files, and a PDF,
//! which has to be held whole, has a most of rows.

mod chart;
mod csv;
mod html;
mod json;
mod page;
mod pdf;
mod xlsx;

use std::{fs::File, path::PathBuf, sync::Arc};

use super::{Error, Format, definitions::Column, model::Plan, record::Cell, tally::Chart};
use crate::base::Timestamp;

/// What stands at the beginning of a report.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) plan: Arc<Plan>,
    /// The columns of the rows to come.
    pub(super) columns: Vec<Column>,
    /// When it is made.
    pub(super) now: Timestamp,
}

impl Head {
    /// What the report is about, as lines of a name and a value, for people.
    fn facts(&self) -> Vec<(String, String)> {
        let plan = &self.plan;
        let mut facts = vec![
            ("Period".to_owned(), format!("{} to {}", plan.since, plan.until)),
            ("Made".to_owned(), self.now.to_string()),
        ];
        if let Some(group_by) = &plan.group_by {
            facts.push(("Counted by".to_owned(), group_by.replace('_', " ")));
        }
        for (column, values) in &plan.filters {
            facts.push((format!("Only {}", column.replace('_', " ")), values.join(", ")));
        }
        facts
    }
}

/// What stands at the end.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    pub(super) rows: u64,
    pub(super) is_truncated: bool,
    pub(super) chart: Chart,
}

impl Ending {
    /// How many rows there are, for people.
    fn words(&self) -> String {
        let rows = if self.rows == 1 { "1 row".to_owned() } else { format!("{} rows", self.rows) };
        if self.is_truncated {
            format!("{rows}; the data goes on, ask for CSV, JSON or XLSX to have all of it")
        } else {
            rows
        }
    }
}

/// Makes one file; appends what is ready to `out`.
pub(super) trait Renderer: Send {
    /// Adds rows, with cells in the order of the columns.
    fn rows(&mut self, rows: &[Vec<Cell>], out: &mut Vec<u8>) -> Result<(), Error>;

    /// Ends the file. Formats that are not written from front to back answer the whole of it.
    fn end(self: Box<Self>, ending: &Ending, out: &mut Vec<u8>) -> Result<Option<File>, Error>;
}

/// Where a file that has to be collected first may put its pieces, and how many bytes of them.
#[derive(Debug, Clone)]
pub(super) struct Scratch {
    pub(super) folder: PathBuf,
    pub(super) bytes_max: u64,
}

/// Begins a file.
pub(super) fn begin(head: Head, scratch: Scratch, out: &mut Vec<u8>) -> Result<Box<dyn Renderer>, Error> {
    Ok(match head.plan.format {
        Format::Csv => Box::new(csv::Csv::begin(&head, out)?),
        Format::Json => Box::new(json::Json::begin(&head, out)?),
        Format::Xlsx => Box::new(xlsx::Xlsx::begin(head, scratch)?),
        Format::Html => Box::new(html::Html::begin(&head, out)),
        Format::Pdf => Box::new(pdf::Pdf::begin(head)),
    })
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Render(error.to_string())
}
