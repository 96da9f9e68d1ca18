//! A document to print: title, chart, and the rows as a table over pages.
//!
//! The chart comes first and needs the counts of all rows, so rows are held; the format has a most of them. Letters come
//! from two fonts in the binary (see `font/LICENSE`) that know Latin, Greek and Cyrillic; what they lack is drawn as a
//! box. Only the glyphs that are used are embedded.

use std::fs::File;

use super::{Ending, Head, Renderer, page::Canvas};
use crate::reports::{Error, definitions::Kind, record::Cell};

/// Height of a row of the table.
const ROW: f32 = 11.0;
/// Size of its text.
const TEXT: f32 = 7.5;
/// Characters of a cell that are looked at; a column shows far fewer.
const CELL_CHARS: usize = 200;

pub(super) struct Pdf {
    head: Head,
    rows: Vec<Vec<String>>,
}

impl Pdf {
    pub(super) const fn begin(head: Head) -> Self {
        Self { head, rows: Vec::new() }
    }

    /// The left edges and the widths of the columns.
    fn places(&self) -> Vec<(f32, f32)> {
        let weight = |kind: Kind| match kind {
            Kind::Text => 2.0,
            Kind::Number => 1.0,
            Kind::Time => 1.8,
        };
        let all: f32 = self.head.columns.iter().map(|column| weight(column.kind)).sum();
        let mut left = Canvas::LEFT;
        let place = |column: &super::Column| {
            let width = Canvas::INNER_WIDTH * weight(column.kind) / all;
            left += width;
            (left - width, width)
        };
        self.head.columns.iter().map(place).collect()
    }

    fn draw_head(&self, canvas: &mut Canvas, ending: &Ending) {
        canvas.line(&self.head.plan.name, 16.0, true);
        for (name, value) in self.head.facts().into_iter().chain([("Rows".to_owned(), ending.words())]) {
            canvas.line(&format!("{name}: {value}"), 9.0, false);
        }
        if !ending.chart.bars.is_empty() {
            canvas.skip(8.0);
            canvas.line(&ending.chart.title, 11.0, true);
            canvas.chart(&ending.chart);
        }
        canvas.skip(8.0);
    }

    fn draw_columns(&self, canvas: &mut Canvas, places: &[(f32, f32)]) {
        for (column, (left, width)) in self.head.columns.iter().zip(places) {
            canvas.cell((*left, *width), column.title, TEXT, true);
        }
        canvas.skip(ROW);
        canvas.rule();
    }
}

impl Renderer for Pdf {
    fn rows(&mut self, rows: &[Vec<Cell>], _: &mut Vec<u8>) -> Result<(), Error> {
        let text = |cell: &Cell| cell.to_text().chars().take(CELL_CHARS).collect();
        self.rows.extend(rows.iter().map(|row| row.iter().map(text).collect()));
        Ok(())
    }

    fn end(self: Box<Self>, ending: &Ending, out: &mut Vec<u8>) -> Result<Option<File>, Error> {
        let mut canvas = Canvas::new(&self.head.plan.name)?;
        let places = self.places();
        self.draw_head(&mut canvas, ending);
        self.draw_columns(&mut canvas, &places);
        for row in &self.rows {
            if !canvas.has_room(ROW) {
                canvas.next_page();
                self.draw_columns(&mut canvas, &places);
            }
            for (text, place) in row.iter().zip(&places) {
                canvas.cell(*place, text, TEXT, false);
            }
            canvas.skip(ROW);
        }
        out.extend(canvas.finish()?);
        Ok(None)
    }
}
