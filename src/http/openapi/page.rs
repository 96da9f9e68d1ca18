//! The reference page: the document as HTML for people.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
};

use serde_json::Value;

use crate::http::problems::{self, Kind};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// One operation with its place.
struct Operation<'a> {
    method: &'static str,
    path: &'a str,
    value: &'a Value,
}

/// The whole page.
pub(super) fn render(document: &Value) -> Result<String, fmt::Error> {
    let mut by_tag: BTreeMap<&str, Vec<Operation<'_>>> = BTreeMap::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let Some(value) = item.get(method) else { continue };
            let tag = value.pointer("/tags/0").and_then(Value::as_str).unwrap_or("other");
            by_tag.entry(tag).or_default().push(Operation { method, path, value });
        }
    }
    let mut body = String::from("<nav aria-label=\"Operations\"><h2>Operations</h2>");
    for (tag, operations) in &by_tag {
        write!(body, "<h3><a href=\"#tag-{0}\">{0}</a></h3><ul>", escape(tag))?;
        for operation in operations {
            let (id, method) = (escape(operation.id()), operation.method);
            let path = escape(operation.path);
            write!(body, "<li><a href=\"#{id}\"><b class=\"{method}\">{method}</b> {path}</a></li>")?;
        }
        body.push_str("</ul>");
    }
    body.push_str("<h3><a href=\"#schemas\">schemas</a></h3><h3><a href=\"#problems\">problems</a></h3></nav><main>");
    let info = &document["info"];
    write!(
        body,
        "<h1>NovaPulse API</h1><p class=\"quiet\">Version {} · <a href=\"api/v1/openapi.json\">OpenAPI document</a> · \
         paths are below <code>/api/v1</code></p>",
        escape(text(&info["version"]))
    )?;
    prose(&mut body, text(&info["description"]))?;
    for (tag, operations) in &by_tag {
        write!(body, "<h2 id=\"tag-{0}\">{0}</h2>", escape(tag))?;
        for operation in operations {
            operation.render(&mut body)?;
        }
    }
    schemas(&mut body, document.pointer("/components/schemas").unwrap_or(&Value::Null))?;
    body.push_str("<h2 id=\"problems\">problems</h2><dl>");
    for Kind { status, code, title, .. } in problems::ALL {
        let status = status.as_u16();
        write!(body, "<dt><a href=\"problems/{code}\">{code}</a> {status}</dt><dd>{}</dd>", escape(title))?;
    }
    body.push_str("</dl></main>");
    Ok(shell("API reference", "", &body))
}

/// The page behind a problem's `type`.
pub(super) fn render_problem(kind: &Kind) -> Result<String, fmt::Error> {
    let Kind { status, code, title, about } = kind;
    let mut body = String::from("<main>");
    write!(body, "<h1>{}</h1><p class=\"quiet\">{code} · {}</p>", escape(title), status.as_u16())?;
    prose(&mut body, about)?;
    body.push_str("<p><a href=\"../docs#problems\">All problems</a></p></main>");
    Ok(shell(title, "../", &body))
}

/// References are relative, so that the pages also work below the path of a proxy; `up` leads to the root.
fn shell(title: &str, up: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{} · NovaPulse</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><link rel=\"stylesheet\" href=\"{up}docs/style.css\">\
         <link rel=\"icon\" href=\"data:,\"></head><body>{body}</body></html>\n",
        escape(title)
    )
}

impl Operation<'_> {
    fn id(&self) -> &str {
        text(&self.value["operationId"])
    }

    fn render(&self, out: &mut String) -> fmt::Result {
        let (id, method, path) = (escape(self.id()), self.method, escape(self.path));
        write!(out, "<article id=\"{id}\"><h3><b class=\"{method}\">{method}</b> <code>{path}</code></h3>")?;
        write!(out, "<p><strong>{}</strong></p>", inline(text(&self.value["summary"])))?;
        prose(out, text(&self.value["description"]))?;
        if let Some(scope) = self.value["x-scope"].as_str() {
            write!(out, "<p class=\"quiet\">Scope <code>{}</code></p>", escape(scope))?;
        }
        let parameters: Vec<&Value> = self.value["parameters"].as_array().into_iter().flatten().collect();
        let named: Vec<_> = parameters.iter().filter(|parameter| parameter["name"].is_string()).collect();
        if !named.is_empty() {
            out.push_str("<h4>Parameters</h4><table>");
            for parameter in named {
                let place = text(&parameter["in"]);
                let need = if parameter["required"] == true { format!("{place}, required") } else { place.to_owned() };
                row(out, text(&parameter["name"]), &parameter["schema"], &need, text(&parameter["description"]))?;
            }
            out.push_str("</table>");
        }
        if let Some(schema) = first_schema(&self.value["requestBody"]) {
            write!(out, "<h4>Body</h4><p>{}</p>", type_of(schema))?;
        }
        out.push_str("<h4>Answers</h4><table>");
        for (status, response) in self.value["responses"].as_object().into_iter().flatten() {
            if status == "default" {
                continue;
            }
            let shape = first_schema(response).map(type_of).unwrap_or_default();
            write!(
                out,
                "<tr><th><code>{}</code></th><td>{shape}</td><td>{}</td></tr>",
                escape(status),
                inline(text(&response["description"]))
            )?;
        }
        out.push_str("</table></article>");
        Ok(())
    }
}

fn schemas(out: &mut String, schemas: &Value) -> fmt::Result {
    out.push_str("<h2 id=\"schemas\">schemas</h2>");
    for (name, schema) in schemas.as_object().into_iter().flatten() {
        write!(out, "<article id=\"schema-{0}\"><h3><code>{0}</code></h3>", escape(name))?;
        prose(out, text(&schema["description"]))?;
        let parts = schema["allOf"].as_array().map_or_else(|| vec![schema], |parts| parts.iter().collect());
        let mut has_fields = false;
        for part in parts {
            let Some(properties) = part["properties"].as_object() else { continue };
            if !has_fields {
                out.push_str("<table>");
                has_fields = true;
            }
            let required: Vec<&str> = part["required"].as_array().into_iter().flatten().map(text).collect();
            for (field, value) in properties {
                let need = if required.contains(&field.as_str()) { "required" } else { "" };
                row(out, field, value, need, text(&value["description"]))?;
            }
        }
        out.push_str(if has_fields { "</table>" } else { "" });
        if !has_fields {
            write!(out, "<p>{}</p>", type_of(schema))?;
        }
        out.push_str("</article>");
    }
    Ok(())
}

fn row(out: &mut String, name: &str, schema: &Value, need: &str, description: &str) -> fmt::Result {
    let mut facts: Vec<String> = Vec::new();
    for (key, word) in [("minimum", "at least"), ("maximum", "at most"), ("default", "default"), ("example", "such as")]
    {
        if let Some(value) = schema.get(key).filter(|value| !value.is_null()) {
            facts.push(format!("{word} <code>{}</code>", escape(&value.to_string())));
        }
    }
    write!(
        out,
        "<tr><th><code>{}</code></th><td>{} <i>{need}</i></td><td>{} <small>{}</small></td></tr>",
        escape(name),
        type_of(schema),
        inline(description),
        facts.join(", ")
    )
}

fn first_schema(with_content: &Value) -> Option<&Value> {
    with_content["content"].as_object()?.values().next()?.get("schema")
}

/// The type of a schema in a few words, with links to named ones.
fn type_of(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return format!("<a href=\"#schema-{0}\">{0}</a>", escape(name));
    }
    if let Some(values) = schema["enum"].as_array() {
        let words: Vec<_> = values.iter().map(|value| format!("<code>{}</code>", escape(&value.to_string()))).collect();
        return words.join(" | ");
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        if let Some(parts) = schema[key].as_array() {
            return parts.iter().map(type_of).collect::<Vec<_>>().join(" | ");
        }
    }
    if schema["items"].is_object() {
        return format!("array of {}", type_of(&schema["items"]));
    }
    if schema["additionalProperties"].is_object() {
        return format!("object of {}", type_of(&schema["additionalProperties"]));
    }
    let kind = match &schema["type"] {
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => kinds.iter().map(text).collect::<Vec<_>>().join(" | "),
        _ => "any".to_owned(),
    };
    match schema["format"].as_str() {
        Some(format) => format!("{} <small>({})</small>", escape(&kind), escape(format)),
        None => escape(&kind),
    }
}

/// Paragraphs with `code` marked as such.
fn prose(out: &mut String, prose: &str) -> fmt::Result {
    for paragraph in prose.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
        write!(out, "<p>{}</p>", inline(paragraph))?;
    }
    Ok(())
}

fn inline(text: &str) -> String {
    let mark = |(position, part)| {
        let part = escape(part);
        if position % 2 == 1 { format!("<code>{part}</code>") } else { part }
    };
    text.split('`').enumerate().map(mark).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
