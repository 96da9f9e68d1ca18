//! Comma-separated values with a head (RFC 4180), in UTF-8.
//!
//! Text that a spreadsheet would take for a formula gets an apostrophe in front, because names of kinds, actions or
//! event types come from whoever sends them (CWE-1236). Numbers are numbers.

use std::fs::File;

use csv::{QuoteStyle, Terminator, WriterBuilder};

use super::{Ending, Head, Renderer, failed};
use crate::reports::{Error, record::Cell};

pub(super) struct Csv;

impl Csv {
    pub(super) fn begin(head: &Head, out: &mut Vec<u8>) -> Result<Self, Error> {
        write(out, [head.columns.iter().map(|column| column.name.to_owned()).collect()])?;
        Ok(Self)
    }
}

impl Renderer for Csv {
    fn rows(&mut self, rows: &[Vec<Cell>], out: &mut Vec<u8>) -> Result<(), Error> {
        write(out, rows.iter().map(|row| row.iter().map(text).collect()))
    }

    fn end(self: Box<Self>, _: &Ending, _: &mut Vec<u8>) -> Result<Option<File>, Error> {
        Ok(None)
    }
}

fn write(out: &mut Vec<u8>, rows: impl IntoIterator<Item = Vec<String>>) -> Result<(), Error> {
    let mut builder = WriterBuilder::new();
    builder.has_headers(false).quote_style(QuoteStyle::Necessary).terminator(Terminator::CRLF);
    let mut writer = builder.from_writer(out);
    for row in rows {
        writer.write_record(&row).map_err(failed)?;
    }
    writer.flush().map_err(failed)
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) if is_formula(text) => format!("'{text}"),
        cell => cell.to_text(),
    }
}

/// Whether a spreadsheet would compute the text: also in the wide forms of East Asian input, and behind blanks.
pub(super) fn is_formula(text: &str) -> bool {
    let is_sign = |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '|' | '%');
    text.starts_with(['\t', '\r', '\n', '\0']) || text.trim_start().starts_with(is_sign)
}
