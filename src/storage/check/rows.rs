//! Reads every row of every table and checks it against its checksum.

use std::ops::ControlFlow;

use super::{Report, count};
use crate::{
    base::hex,
    storage::{
        key::{KeyRange, Order},
        keyspaces::{self, Space},
        snapshot::Snapshot,
        table::{ReadBytes as _, unseal},
    },
};

/// Bytes of a key shown in a problem.
const KEY_SHOWN: usize = 48;

/// Checks all tables of the catalogue, and that there is nothing beside them.
pub(super) fn verify(snapshot: &Snapshot, report: &mut Report) {
    let (mut rows, mut tables) = (0, 0);
    let before = report.problems();
    for space in Space::ALL {
        // Table by table, so that an unreadable block hides the rest of one table only.
        // Number 255 is no table: there the engine keeps its stamp.
        for number in 0..u8::MAX {
            let spec = keyspaces::ALL.iter().find(|table| table.space == space && table.number == number);
            let name = spec.map_or("a table this version does not know", |table| table.name);
            let seen = verify_table(snapshot, space, number, name, spec.is_some(), report);
            rows += seen;
            tables += u64::from(seen > 0);
        }
    }
    if report.problems() == before {
        report.found(format!("{} in {}, every checksum matches", count(rows, "row"), count(tables, "table")));
    }
}

fn verify_table(snapshot: &Snapshot, space: Space, number: u8, name: &str, is_known: bool, report: &mut Report) -> u64 {
    let (start, end) = KeyRange::all().for_table(number);
    let mut rows = 0_u64;
    let mut last = Vec::new();
    let scan = snapshot.scan_bytes(space, &start, &end, Order::Ascending, &mut |key, stored| {
        rows += 1;
        last.clear();
        last.extend_from_slice(key);
        if let Err(reason) = unseal(key, stored) {
            report.problem(format!("the value at {name}/{} is damaged: {reason}", shown(key)));
        }
        ControlFlow::Continue(())
    });
    if let Err(error) = scan {
        let place = if last.is_empty() { "its beginning".to_owned() } else { shown(&last) };
        report.problem(format!(
            "{name} cannot be read on after {place} ({} before it were read): {error}",
            count(rows, "row")
        ));
    }
    if rows > 0 && !is_known {
        report.problem(format!(
            "{} belong to table {number} of {}, which this version does not know",
            count(rows, "row"),
            space.name()
        ));
    }
    rows
}

fn shown(key: &[u8]) -> String {
    hex(&key.iter().skip(1).take(KEY_SHOWN).copied().collect::<Vec<_>>())
}
