//! One JSON document: what the report is, its rows as objects, and how many there are.

use std::fs::File;

use serde_json::{Map, Value, json};

use super::{Ending, Head, Renderer, failed};
use crate::reports::{Error, definitions::Column, record::Cell};

pub(super) struct Json {
    columns: Vec<Column>,
    is_begun: bool,
}

impl Json {
    pub(super) fn begin(head: &Head, out: &mut Vec<u8>) -> Result<Self, Error> {
        let plan = &head.plan;
        let about = json!({
            "name": plan.name, "definition": plan.definition, "since": plan.since, "until": plan.until,
            "group_by": plan.group_by, "filters": plan.filters, "made_at": head.now,
            "columns": head.columns.iter().map(|column| column.name).collect::<Vec<_>>(),
        });
        out.extend_from_slice(b"{\"report\":");
        serde_json::to_writer(&mut *out, &about).map_err(failed)?;
        out.extend_from_slice(b",\"rows\":[");
        Ok(Self { columns: head.columns.clone(), is_begun: false })
    }
}

impl Renderer for Json {
    fn rows(&mut self, rows: &[Vec<Cell>], out: &mut Vec<u8>) -> Result<(), Error> {
        for row in rows {
            out.extend_from_slice(if self.is_begun { b",\n" } else { b"\n" });
            self.is_begun = true;
            let fields: Map<String, Value> =
                self.columns.iter().zip(row).map(|(column, cell)| (column.name.to_owned(), value(cell))).collect();
            serde_json::to_writer(&mut *out, &fields).map_err(failed)?;
        }
        Ok(())
    }

    fn end(self: Box<Self>, ending: &Ending, out: &mut Vec<u8>) -> Result<Option<File>, Error> {
        let end = format!("\n],\"row_count\":{},\"is_truncated\":{}}}\n", ending.rows, ending.is_truncated);
        out.extend_from_slice(end.as_bytes());
        Ok(None)
    }
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Empty => Value::Null,
        Cell::Text(text) => Value::from(text.as_str()),
        Cell::Number(number) => Value::from(*number),
        Cell::Time(at) => Value::from(at.to_string()),
    }
}
