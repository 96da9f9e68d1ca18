//! Rendering one report: reads a page, renders it, hands on the bytes; from the first row to the end of the file.

use std::{fs, sync::Arc};

use super::{
    Error,
    definitions::{self, Definition, Grouping},
    model::Plan,
    record::{Cell, Record},
    render::{self, Ending, Head, Renderer, Scratch},
    source::{Origins, Source},
    tally::Tally,
};
use crate::{
    base::{CompanyId, Timestamp},
    storage::Snapshot,
};

/// A report on its way.
pub(super) struct Work {
    company: CompanyId,
    plan: Arc<Plan>,
    origins: Origins,
    source: Source,
    /// By filtered column, the values that pass.
    filters: Vec<(usize, Vec<String>)>,
    /// The columns to show, by position.
    shown: Vec<usize>,
    tally: Tally,
    renderer: Box<dyn Renderer>,
    rows: u64,
    is_truncated: bool,
    is_grouped: bool,
}

/// What one step gave.
pub(super) struct Step {
    /// The work to go on with.
    pub(super) work: Work,
    /// The next bytes of the file.
    pub(super) bytes: Vec<u8>,
    /// Whether everything is read.
    pub(super) is_last: bool,
}

/// What the end gave.
pub(super) struct Finished {
    /// The last bytes of the file; all of it when `file` is none and nothing came before.
    pub(super) bytes: Vec<u8>,
    /// The whole file, for formats that are not written from front to back.
    pub(super) file: Option<fs::File>,
    /// Rows in it.
    pub(super) rows: u64,
    /// Whether the data goes on behind its end.
    pub(super) is_truncated: bool,
}

impl Work {
    /// Begins a report; blocks. The bytes are the beginning of its file.
    pub(super) fn begin(
        (company, plan): (CompanyId, Arc<Plan>),
        origins: Origins,
        (now, scratch): (Timestamp, Scratch),
    ) -> Result<(Self, Vec<u8>), Error> {
        let unknown = || Error::Render(format!("there is no definition {}", plan.definition));
        let definition: &'static Definition = definitions::find(&plan.definition).ok_or_else(unknown)?;
        let grouping = plan.group_by.as_deref().and_then(|name| Grouping::of(definition, name));
        let shown: Vec<usize> = plan.columns.iter().filter_map(|name| definition.position(name)).collect();
        let columns = match grouping {
            Some(grouping) => Tally::columns(definition, grouping),
            None => shown.iter().filter_map(|position| definition.columns.get(*position)).copied().collect(),
        };
        let head = Head { plan: Arc::clone(&plan), columns, now };
        let mut bytes = Vec::new();
        let renderer = render::begin(head, scratch, &mut bytes)?;
        let position = |(name, values): (&String, &Vec<String>)| Some((definition.position(name)?, values.clone()));
        let work = Self {
            company,
            origins,
            source: Source::new(definition.dataset, &plan),
            filters: plan.filters.iter().filter_map(position).collect(),
            shown,
            tally: Tally::new(definition, grouping, plan.until.ms_since(plan.since)),
            renderer,
            rows: 0,
            is_truncated: false,
            is_grouped: grouping.is_some(),
            plan,
        };
        Ok((work, bytes))
    }

    /// How many rows there are so far: of the file, or counted into its groups.
    pub(super) const fn rows(&self) -> u64 {
        self.rows
    }

    /// Reads and renders the next page.
    pub(super) fn step(mut self, read: &Snapshot) -> Result<Step, Error> {
        let page = self.source.next(read, &self.origins, (self.company, &self.plan))?;
        let mut is_last = page.is_last;
        let mut rows = Vec::new();
        for record in page.records {
            if !self.passes(&record) {
                continue;
            }
            if !self.is_grouped && self.rows >= self.plan.format.rows_max() {
                (self.is_truncated, is_last) = (true, true);
                break;
            }
            self.rows += 1;
            self.tally.add(&record);
            if !self.is_grouped {
                rows.push(self.shown_of(record));
            }
        }
        let mut bytes = Vec::new();
        if !rows.is_empty() {
            self.renderer.rows(&rows, &mut bytes)?;
        }
        Ok(Step { work: self, bytes, is_last })
    }

    /// Ends the file; blocks.
    pub(super) fn finish(mut self) -> Result<Finished, Error> {
        let mut bytes = Vec::new();
        if self.is_grouped {
            let groups = self.tally.rows();
            self.rows = groups.len() as u64;
            self.renderer.rows(&groups, &mut bytes)?;
        }
        let (rows, is_truncated) = (self.rows, self.is_truncated);
        let file = self.renderer.end(&Ending { rows, is_truncated, chart: self.tally.chart() }, &mut bytes)?;
        Ok(Finished { bytes, file, rows, is_truncated })
    }

    fn passes(&self, record: &Record) -> bool {
        self.filters.iter().all(|(position, values)| {
            record.cells.get(*position).is_some_and(|cell| values.iter().any(|value| cell.reads(value)))
        })
    }

    fn shown_of(&self, record: Record) -> Vec<Cell> {
        self.shown.iter().map(|position| record.cells.get(*position).cloned().unwrap_or(Cell::Empty)).collect()
    }
}
