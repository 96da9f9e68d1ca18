//! A workbook: the rows on as many sheets as they need, and a sheet with the counts and a chart.
//!
//! Rows go to temporary files of the scratch folder, which have no name and vanish with the process; the workbook is put
//! together from them into another one. Text is written as text, so nothing in it is a formula or a link. What the files
//! take is reckoned from above, because nothing tells it: a workbook that would need more than it may is given up.

use std::fs::File;

use rust_xlsxwriter::{Chart, ChartType, Format, Workbook, Worksheet};

use super::{Ending, Head, Renderer, Scratch, failed};
use crate::reports::{Error, definitions::Kind, record::Cell};

/// Rows of one sheet, below the most of the format (1,048,576).
const SHEET_ROWS: u32 = 1_000_000;
/// Characters of one cell, the most of the format.
const CELL_CHARS: usize = 32_767;
/// Whole numbers up to here are exact in a cell; others are written as text.
const EXACT_MAX: u64 = 1 << 53;
/// Days from 1899-12-30, where cells count from, to 1970-01-01.
const EPOCH_DAYS: f64 = 25_569.0;
const DAY_MS: f64 = 86_400_000.0;
/// What stands around one row, and around one cell, at most.
const ROW_BYTES: u64 = 64;
const CELL_BYTES: u64 = 96;

pub(super) struct Xlsx {
    head: Head,
    workbook: Workbook,
    scratch: Scratch,
    /// Bytes in the scratch folder, at most.
    bytes: u64,
    /// The sheet that is being written, by position, and its next row.
    sheet: usize,
    row: u32,
    bold: Format,
    time: Format,
}

impl Xlsx {
    pub(super) fn begin(head: Head, scratch: Scratch) -> Result<Self, Error> {
        let mut workbook = Workbook::new();
        workbook.set_tempdir(&scratch.folder).map_err(failed)?;
        let bold = Format::new().set_bold();
        let time = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss.000");
        let mut book = Self { head, workbook, scratch, bytes: 0, sheet: 0, row: 0, bold, time };
        book.add_sheet(0)?;
        Ok(book)
    }

    fn add_sheet(&mut self, position: usize) -> Result<(), Error> {
        let sheet = self.workbook.add_worksheet_with_constant_memory().map_err(failed)?;
        let name = if position == 0 { "Report".to_owned() } else { format!("Report {}", position + 1) };
        sheet.set_name(name).map_err(failed)?;
        sheet.set_freeze_panes(1, 0).map_err(failed)?;
        for (place, column) in (0_u16..).zip(&self.head.columns) {
            let width = if column.kind == Kind::Text { 30 } else { 24 };
            sheet.set_column_width(place, width).map_err(failed)?;
        }
        for (place, column) in (0_u16..).zip(&self.head.columns) {
            sheet.write_string_with_format(0, place, column.title, &self.bold).map_err(failed)?;
        }
        (self.sheet, self.row) = (position, 1);
        Ok(())
    }
}

impl Renderer for Xlsx {
    fn rows(&mut self, rows: &[Vec<Cell>], _: &mut Vec<u8>) -> Result<(), Error> {
        for row in rows {
            if self.row > SHEET_ROWS {
                self.add_sheet(self.sheet + 1)?;
            }
            self.bytes += row_bytes(row);
            if self.bytes > self.scratch.bytes_max {
                return Err(Error::NoRoom(format!(
                    "a workbook of these rows needs more than {} bytes while it is made; ask for CSV, a shorter period or a \
                     grouping",
                    self.scratch.bytes_max
                )));
            }
            let sheet = self.workbook.worksheet_from_index(self.sheet).map_err(failed)?;
            for (place, cell) in (0_u16..).zip(row) {
                write(sheet, (self.row, place), cell, &self.time)?;
            }
            self.row += 1;
        }
        Ok(())
    }

    fn end(mut self: Box<Self>, ending: &Ending, _: &mut Vec<u8>) -> Result<Option<File>, Error> {
        let sheet = self.workbook.add_worksheet();
        sheet.set_name("Summary").map_err(failed)?;
        sheet.set_column_width(0, 30).map_err(failed)?;
        sheet.write_string_with_format(0, 0, cut(&self.head.plan.name), &self.bold).map_err(failed)?;
        let mut row = 1;
        for (name, value) in self.head.facts().into_iter().chain([("Rows".to_owned(), ending.words())]) {
            sheet.write_string(row, 0, cut(&name)).map_err(failed)?;
            sheet.write_string(row, 1, cut(&value)).map_err(failed)?;
            row += 1;
        }
        row += 1;
        sheet.write_string_with_format(row, 0, cut(&ending.chart.title), &self.bold).map_err(failed)?;
        let first = row + 1;
        for (name, count) in &ending.chart.bars {
            row += 1;
            sheet.write_string(row, 0, cut(name)).map_err(failed)?;
            sheet.write_number(row, 1, *count as f64).map_err(failed)?;
        }
        if row >= first {
            let mut chart = Chart::new(ChartType::Column);
            let series = chart.add_series();
            series.set_categories(("Summary", first, 0, row, 0)).set_values(("Summary", first, 1, row, 1));
            chart.title().set_name(&ending.chart.title);
            chart.legend().set_hidden();
            sheet.insert_chart(0, 3, &chart).map_err(failed)?;
        }
        let mut file = tempfile::tempfile_in(&self.scratch.folder).map_err(failed)?;
        self.workbook.save_to_writer(&mut file).map_err(failed)?;
        Ok(Some(file))
    }
}

/// What a row takes in the pieces, at most: marks are written as up to six characters.
fn row_bytes(row: &[Cell]) -> u64 {
    let text = |text: &String| {
        let marks = text.bytes().filter(|byte| matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\'' | 0..=31)).count();
        (text.len() + 6 * marks) as u64
    };
    let cells = row.iter().map(|cell| CELL_BYTES + if let Cell::Text(value) = cell { text(value) } else { 0 });
    ROW_BYTES + cells.sum::<u64>()
}

fn write(sheet: &mut Worksheet, (row, column): (u32, u16), cell: &Cell, time: &Format) -> Result<(), Error> {
    match cell {
        Cell::Empty => return Ok(()),
        Cell::Text(text) => sheet.write_string(row, column, cut(text)),
        Cell::Number(number) if number.unsigned_abs() <= EXACT_MAX => sheet.write_number(row, column, *number as f64),
        Cell::Number(number) => sheet.write_string(row, column, number.to_string()),
        Cell::Time(at) => sheet.write_number_with_format(row, column, EPOCH_DAYS + at.as_ms() as f64 / DAY_MS, time),
    }
    .map(drop)
    .map_err(failed)
}

/// The text as far as a cell holds it; the format counts in UTF-16.
fn cut(text: &str) -> String {
    let mut units = 0;
    let fits = |c: &char| {
        units += c.len_utf16();
        units <= CELL_CHARS
    };
    text.chars().take_while(fits).collect()
}
