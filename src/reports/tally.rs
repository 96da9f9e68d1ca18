//! Counting: groups with their figures, and counts over time for the chart. Pure, and bounded.

use std::collections::BTreeMap;

use super::{
    definitions::{Column, Definition, Grouping, Kind, Measure},
    record::{Cell, Record},
};
use crate::base::Timestamp;

/// Groups that are told apart; what comes after is counted together.
const GROUPS_MAX: usize = 10_000;
/// What is counted together reads like this.
const OTHERS: &str = "(others)";
/// Bars of a chart of groups.
const BARS_MAX: usize = 20;
/// Periods up to this length are charted by the hour.
const HOURLY_MS_MAX: u64 = 3 * 86_400_000;

/// A title and named counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chart {
    /// What is counted.
    pub title: String,
    /// Names with their counts, in the order to show.
    pub bars: Vec<(String, u64)>,
}

#[derive(Debug, Clone, Default)]
struct Group {
    count: u64,
    /// By measure, a sum and of how many.
    sums: Vec<(i64, u64)>,
}

/// Counts records as they come.
#[derive(Debug)]
pub struct Tally {
    definition: &'static Definition,
    grouping: Option<Grouping>,
    groups: BTreeMap<String, Group>,
    times: BTreeMap<String, u64>,
    is_hourly: bool,
}

impl Tally {
    /// An empty one.
    #[must_use]
    pub fn new(definition: &'static Definition, grouping: Option<Grouping>, length_ms: u64) -> Self {
        let is_hourly = length_ms <= HOURLY_MS_MAX;
        Self { definition, grouping, groups: BTreeMap::new(), times: BTreeMap::new(), is_hourly }
    }

    /// Counts a record.
    pub fn add(&mut self, record: &Record) {
        let Some(grouping) = self.grouping else {
            *self.times.entry(moment(record.at, self.is_hourly)).or_default() += record.weight;
            return;
        };
        let name = match grouping {
            Grouping::Column(position) => record.cells.get(position).map(Cell::to_text).unwrap_or_default(),
            Grouping::Hour => moment(record.at, true),
            Grouping::Day => moment(record.at, false),
        };
        let is_full = self.groups.len() >= GROUPS_MAX && !self.groups.contains_key(&name);
        let measures = self.definition.measures;
        let group = self.groups.entry(if is_full { OTHERS.to_owned() } else { name }).or_default();
        group.count += record.weight;
        group.sums.resize(measures.len(), (0, 0));
        for ((_, measure), (sum, of)) in measures.iter().zip(&mut group.sums) {
            let cell = |name: &str| self.definition.position(name).and_then(|position| record.cells.get(position));
            match measure {
                Measure::Having(name, value) if cell(name).is_some_and(|cell| cell.reads(value)) => {
                    *sum = sum.saturating_add_unsigned(record.weight);
                }
                Measure::Having(..) => {}
                Measure::Mean(name) => {
                    if let Some(Cell::Number(number)) = cell(name) {
                        *sum = sum.saturating_add(number.saturating_mul(record.weight.cast_signed()));
                        *of += record.weight;
                    }
                }
            }
        }
    }

    /// The columns of the groups.
    #[must_use]
    pub fn columns(definition: &Definition, grouping: Grouping) -> Vec<Column> {
        let first = match grouping {
            Grouping::Column(position) => {
                definition.columns.get(position).map(|column| Column { kind: Kind::Text, ..*column })
            }
            Grouping::Hour => Some(Column { name: "hour", title: "Hour (UTC)", kind: Kind::Text }),
            Grouping::Day => Some(Column { name: "day", title: "Day (UTC)", kind: Kind::Text }),
        };
        let count = Column { name: "count", title: "Count", kind: Kind::Number };
        first.into_iter().chain([count]).chain(definition.measures.iter().map(|(column, _)| *column)).collect()
    }

    /// The groups as rows, in the order of their names.
    #[must_use]
    pub fn rows(&self) -> Vec<Vec<Cell>> {
        let row = |(name, group): (&String, &Group)| {
            let figures =
                self.definition.measures.iter().zip(&group.sums).map(|((_, measure), (sum, of))| match measure {
                    Measure::Having(..) => Cell::Number(*sum),
                    Measure::Mean(_) if *of == 0 => Cell::Empty,
                    Measure::Mean(_) => Cell::Number(sum / of.cast_signed()),
                });
            [Cell::Text(name.clone()), Cell::number(group.count)].into_iter().chain(figures).collect()
        };
        self.groups.iter().map(row).collect()
    }

    /// The counts to draw: over time, or the largest groups.
    #[must_use]
    pub fn chart(&self) -> Chart {
        let unit = if self.is_hourly { "hour" } else { "day" };
        let Some(grouping) = self.grouping else {
            let bars = self.times.iter().map(|(name, count)| (name.clone(), *count)).collect();
            return Chart { title: format!("{} by {unit}", self.definition.title), bars };
        };
        let mut bars: Vec<_> = self.groups.iter().map(|(name, group)| (name.clone(), group.count)).collect();
        let name = match grouping {
            Grouping::Column(position) => {
                bars.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
                bars.truncate(BARS_MAX);
                self.definition.columns.get(position).map_or("", |column| column.name)
            }
            Grouping::Hour => "hour",
            Grouping::Day => "day",
        };
        Chart { title: format!("{} by {}", self.definition.title, name.replace('_', " ")), bars }
    }
}

/// The hour or the day of a moment, so that texts sort like moments.
fn moment(at: Timestamp, is_hour: bool) -> String {
    let text = at.to_string();
    let length = if is_hour { 13 } else { 10 };
    let cut = text.get(..length).unwrap_or(&text);
    if is_hour { format!("{}:00", cut.replace('T', " ")) } else { cut.to_owned() }
}
