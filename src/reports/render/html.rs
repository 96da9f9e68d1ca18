//! One page that needs nothing beside itself: no scripts, no links, nothing is loaded.

use std::{fmt::Write as _, fs::File};

use super::{
    Ending, Head, Renderer,
    chart::{Anchor, HEIGHT, Shape, TEXT, WIDTH, shapes},
};
use crate::reports::{Error, definitions::Kind, record::Cell, tally::Chart};

const STYLE: &str = "body{font:14px/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff;margin:2rem;display:flex;\
flex-direction:column}h1{font-size:1.4rem;margin:0 0 .5rem}dl{display:grid;grid-template-columns:max-content auto;\
gap:0 1rem;margin:0 0 1rem}dt{color:#555}dd{margin:0}header{order:1}section{order:2;margin-bottom:1.5rem}\
table{order:3;border-collapse:collapse;font-variant-numeric:tabular-nums}th,td{text-align:left;padding:.2rem .6rem;\
border-bottom:1px solid #ddd;vertical-align:top;overflow-wrap:anywhere}td.n{text-align:right}\
thead th{position:sticky;top:0;background:#fff}svg{max-width:100%;height:auto}";

pub(super) struct Html {
    numbers: Vec<bool>,
}

impl Html {
    pub(super) fn begin(head: &Head, out: &mut Vec<u8>) -> Self {
        let name = escaped(&head.plan.name);
        let mut page = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
             content=\"width=device-width\"><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
             style-src 'unsafe-inline'\"><title>{name}</title><style>{STYLE}</style></head><body>\n\
             <header><h1>{name}</h1><dl>"
        );
        for (name, value) in head.facts() {
            let (name, value) = (escaped(&name), escaped(&value));
            page.extend(["<dt>", &name, "</dt><dd>", &value, "</dd>"]);
        }
        page.push_str("</dl></header>\n<table><thead><tr>");
        for column in &head.columns {
            page.extend(["<th scope=\"col\">", &escaped(column.title), "</th>"]);
        }
        page.push_str("</tr></thead><tbody>\n");
        out.extend_from_slice(page.as_bytes());
        Self { numbers: head.columns.iter().map(|column| column.kind == Kind::Number).collect() }
    }
}

impl Renderer for Html {
    fn rows(&mut self, rows: &[Vec<Cell>], out: &mut Vec<u8>) -> Result<(), Error> {
        for row in rows {
            out.extend_from_slice(b"<tr>");
            for (cell, is_number) in row.iter().zip(&self.numbers) {
                out.extend_from_slice(if *is_number { b"<td class=\"n\">" } else { b"<td>" });
                out.extend_from_slice(escaped(&cell.to_text()).as_bytes());
                out.extend_from_slice(b"</td>");
            }
            out.extend_from_slice(b"</tr>\n");
        }
        Ok(())
    }

    fn end(self: Box<Self>, ending: &Ending, out: &mut Vec<u8>) -> Result<Option<File>, Error> {
        let end = format!(
            "</tbody></table>\n<section>{}<p>{}</p></section>\n</body></html>\n",
            svg(&ending.chart),
            escaped(&ending.words())
        );
        out.extend_from_slice(end.as_bytes());
        Ok(None)
    }
}

fn svg(chart: &Chart) -> String {
    let shapes = shapes(chart);
    if shapes.is_empty() {
        return String::new();
    }
    let title = escaped(&chart.title);
    let mut text = format!(
        "<h2>{title}</h2><svg role=\"img\" aria-label=\"{title}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
         height=\"{HEIGHT}\" font-size=\"{TEXT}\">"
    );
    for shape in shapes {
        let drawn = match shape {
            Shape::Rectangle { x, y, width, height, is_bar } => {
                let fill = if is_bar { "#2563a8" } else { "#ccc" };
                write!(
                    text,
                    "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"{fill}\"/>"
                )
            }
            Shape::Text { x, y, text: words, anchor } => {
                let anchor = match anchor {
                    Anchor::Start => "start",
                    Anchor::Middle => "middle",
                    Anchor::End => "end",
                };
                write!(text, "<text x=\"{x:.2}\" y=\"{y:.2}\" text-anchor=\"{anchor}\">{}</text>", escaped(&words))
            }
        };
        drawn.expect("text can always grow");
    }
    text.push_str("</svg>");
    text
}

/// Text that means itself, in content and in attributes. Control characters, which no page may have, become a sign.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\t' => safe.push(c),
            c if c.is_control() => safe.push('\u{FFFD}'),
            c => safe.push(c),
        }
    }
    safe
}
