//! Which reports there can be.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    auth::Caller,
    http::{Json, Page},
    reports::{
        Format,
        definitions::{ALL, Definition},
        model::PERIOD_MS_MAX,
    },
};

/// A column of a definition.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReportColumn)]
pub(super) struct ColumnBody {
    /// Its name in orders, and in what programs read.
    name: &'static str,
    /// Its head for people.
    title: &'static str,
    /// `text`, `number` or `time`.
    kind: &'static str,
}

/// What a report can be made of.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReportDefinition)]
pub(super) struct DefinitionBody {
    /// Its name.
    name: &'static str,
    /// Its title.
    title: &'static str,
    /// What is in it.
    description: &'static str,
    /// The scope that is needed beside those for reports.
    scope: &'static str,
    /// The columns of a record.
    columns: Vec<ColumnBody>,
    /// What records can be counted by.
    groupings: &'static [&'static str],
    /// Columns that can be filtered by.
    filters: &'static [&'static str],
    /// Figures of a group beside its count.
    measures: Vec<ColumnBody>,
    /// The formats.
    formats: Vec<&'static str>,
    /// The longest period, in milliseconds.
    period_ms_max: u64,
}

impl From<&'static Definition> for DefinitionBody {
    fn from(definition: &'static Definition) -> Self {
        let column = |column: &crate::reports::definitions::Column| ColumnBody {
            name: column.name,
            title: column.title,
            kind: column.kind.as_str(),
        };
        Self {
            name: definition.name,
            title: definition.title,
            description: definition.about,
            scope: definition.scope.as_str(),
            columns: definition.columns.iter().map(column).collect(),
            groupings: definition.groupings,
            filters: definition.filters,
            measures: definition.measures.iter().map(|(measure, _)| column(measure)).collect(),
            formats: Format::ALL.map(Format::as_str).to_vec(),
            period_ms_max: PERIOD_MS_MAX,
        }
    }
}

/// Lists what reports can be made of
#[utoipa::path(get, path = "/report-definitions", operation_id = "list_report_definitions", tag = "reports",
    description = "Only what the caller may read. The list has one page.",
    responses((status = 200, description = "The definitions", body = Page<DefinitionBody>)))]
pub(super) async fn list_report_definitions(caller: Caller) -> Json<Page<DefinitionBody>> {
    let readable = ALL.iter().filter(|definition| caller.scopes.contains(definition.scope));
    Json(Page { data: readable.map(DefinitionBody::from).collect(), next_cursor: None })
}
