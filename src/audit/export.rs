//! Entries as lines of a file. Pure.

use serde_json::json;

use super::EntryView;
use crate::base::hex;

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object per line.
    Ndjson,
    /// Comma-separated values with a head (RFC 4180).
    Csv,
}

impl Format {
    /// The first line, where there is one.
    #[must_use]
    pub const fn head(self) -> &'static str {
        match self {
            Self::Ndjson => "",
            Self::Csv => "number,time,actor_kind,actor_id,action,object,before,after,address,request_id,hash\r\n",
        }
    }
}

/// An entry as a line with its end.
#[must_use]
pub fn line(view: &EntryView, format: Format) -> String {
    let EntryView { number, time, actor: (kind, id), action, object, before, after, address, request_id, hash } = view;
    let hash = hex(hash);
    match format {
        Format::Ndjson => {
            let value = json!({
                "number": number, "time": time, "actor": { "kind": kind, "id": id }, "action": action, "object": object,
                "before": before, "after": after, "address": address, "request_id": request_id, "hash": hash,
            });
            format!("{value}\n")
        }
        Format::Csv => {
            let (number, time) = (number.to_string(), time.to_string());
            let (before, after) = (before.to_string(), after.to_string());
            let cells: [&str; 11] = [
                &number,
                &time,
                kind,
                id.as_deref().unwrap_or_default(),
                action,
                object,
                &before,
                &after,
                address.as_deref().unwrap_or_default(),
                request_id.as_deref().unwrap_or_default(),
                &hash,
            ];
            format!("{}\r\n", cells.map(cell).join(","))
        }
    }
}

/// A cell that no spreadsheet takes for a formula.
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']);
    let guard = if is_formula { "'" } else { "" };
    if is_formula || text.contains([',', '"', '\n', '\r']) {
        return format!("\"{guard}{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn cells_are_quoted_and_formulas_disarmed() {
        for (text, wanted) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("=1+1", "\"'=1+1\""),
            ("@a", "\"'@a\""),
            ("-1", "\"'-1\""),
            ("\tx", "\"'\tx\""),
        ] {
            assert_eq!(cell(text), wanted);
        }
    }
}
