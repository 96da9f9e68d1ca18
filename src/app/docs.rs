//! The API reference at `/docs`: one page made from the OpenAPI document, readable offline.
//!
//! Plain HTML without scripts: every operation with its parameters, body, answers and examples,
//! grouped by tag. The page is made once at start.

use std::fmt::{self, Write as _};

use serde_json::Value;

use crate::http::problems::Kind;

/// The style of the reference and of the problem pages.
pub(super) const STYLE: &str = include_str!("docs.css");

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The reference page for an OpenAPI document.
pub(super) fn page(document: &Value) -> String {
    let mut out = String::new();
    write_page(document, &mut out).expect("text can always grow");
    out
}

/// The page behind a problem's `type`.
pub(super) fn problem_page(kind: &Kind) -> String {
    let (title, status) = (escape(kind.title), kind.status.as_u16());
    frame(
        kind.code,
        &format!("<p class=\"path\">{status} · {}</p><h1>{title}</h1><p>{}</p>", kind.code, prose(kind.about)),
    )
}

struct Operation<'a> {
    method: &'static str,
    path: &'a str,
    content: &'a Value,
}

impl Operation<'_> {
    fn text(&self, field: &str) -> &str {
        self.content[field].as_str().unwrap_or_default()
    }
}

fn write_page(document: &Value, out: &mut String) -> fmt::Result {
    let groups = groups(document);
    let mut main = String::new();
    let mut nav = String::new();
    for (tag, operations) in &groups {
        write!(nav, "<h2>{}</h2><ul>", escape(tag))?;
        write!(main, "<section><h2 class=\"tag\">{}</h2>", escape(tag))?;
        for operation in operations {
            let (id, method) = (escape(operation.text("operationId")), operation.method);
            write!(nav, "<li><a href=\"#{id}\"><b class=\"{method}\">{method}</b>{}</a></li>", escape(operation.path))?;
            write_operation(document, operation, &mut main)?;
        }
        nav.push_str("</ul>");
        main.push_str("</section>");
    }
    let version = escape(pointer(document, "/info/version"));
    let about = prose(pointer(document, "/info/description"));
    let body = format!(
        "<nav aria-label=\"Operations\">{nav}</nav><main><h1>NovaPulse API</h1><p class=\"path\">version {version} · \
         <a href=\"/api/v1/openapi.json\">openapi.json</a></p><p>{about}</p>{main}</main>"
    );
    out.push_str(&frame("API reference", &body));
    Ok(())
}

/// Operations by tag, tags and operations in the order of the document.
fn groups(document: &Value) -> Vec<(String, Vec<Operation<'_>>)> {
    let mut groups: Vec<(String, Vec<Operation<'_>>)> = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let Some(content) = item.get(method) else { continue };
            let tag = pointer(content, "/tags/0").to_owned();
            let operation = Operation { method, path, content };
            match groups.iter_mut().find(|(name, _)| *name == tag) {
                Some((_, operations)) => operations.push(operation),
                None => groups.push((tag, vec![operation])),
            }
        }
    }
    groups
}

fn write_operation(document: &Value, operation: &Operation<'_>, out: &mut String) -> fmt::Result {
    let (id, method, path) = (escape(operation.text("operationId")), operation.method, escape(operation.path));
    let summary = prose(operation.text("summary"));
    write!(out, "<article id=\"{id}\"><h3>{summary}</h3>")?;
    write!(out, "<p class=\"path\"><b class=\"{method}\">{method}</b> /api/v1{path}</p>")?;
    write!(out, "<p>{}</p>", prose(operation.text("description")))?;
    let parameters = operation.content["parameters"].as_array().map_or(&[] as &[Value], Vec::as_slice);
    if !parameters.is_empty() {
        out.push_str("<h4>Parameters</h4><table>");
        for parameter in parameters {
            let (name, place) = (text(parameter, "name"), text(parameter, "in"));
            let (kind, about) = (kind(&parameter["schema"]), prose(&text(parameter, "description")));
            write!(out, "<tr><th><code>{name}</code></th><td>{place}, {kind}</td><td>{about}</td></tr>")?;
        }
        out.push_str("</table>");
    }
    if let Some(media) = first_media(&operation.content["requestBody"]) {
        out.push_str("<h4>Body</h4>");
        write_schema(document, &media["schema"], out)?;
        write_example(media, out)?;
    }
    out.push_str("<h4>Answers</h4><table>");
    for (status, response) in operation.content["responses"].as_object().into_iter().flatten() {
        let schema = first_media(response).map_or_else(String::new, |media| kind(&media["schema"]));
        let about = prose(&text(response, "description"));
        write!(out, "<tr><th>{}</th><td>{schema}</td><td>{about}</td></tr>", escape(status))?;
    }
    out.push_str("</table>");
    for response in operation.content["responses"].as_object().into_iter().flatten().map(|(_, response)| response) {
        if let Some(media) = first_media(response).filter(|media| media.get("example").is_some()) {
            write_example(media, out)?;
            break;
        }
    }
    out.push_str("</article>");
    Ok(())
}

fn first_media(holder: &Value) -> Option<&Value> {
    holder["content"].as_object().and_then(|content| content.values().next())
}

fn write_example(media: &Value, out: &mut String) -> fmt::Result {
    let Some(example) = media.get("example") else { return Ok(()) };
    let pretty = serde_json::to_string_pretty(example).unwrap_or_default();
    write!(out, "<pre><code>{}</code></pre>", escape(&pretty))
}

/// The fields of an object schema, one level deep; schemas they refer to are named.
fn write_schema(document: &Value, schema: &Value, out: &mut String) -> fmt::Result {
    let schema = resolve(document, schema);
    let Some(properties) = schema["properties"].as_object() else {
        return write!(out, "<p>{}</p>", kind(schema));
    };
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    out.push_str("<table>");
    for (name, property) in properties {
        let mark = if required.contains(&name.as_str()) { "" } else { "optional, " };
        let (name, kind, about) = (escape(name), kind(property), prose(&text(property, "description")));
        write!(out, "<tr><th><code>{name}</code></th><td>{mark}{kind}</td><td>{about}</td></tr>")?;
    }
    out.push_str("</table>");
    Ok(())
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema["$ref"].as_str().and_then(|path| document.pointer(path.trim_start_matches('#')));
    target.unwrap_or(schema)
}

/// A schema in a word or two.
fn kind(schema: &Value) -> String {
    if let Some(path) = schema["$ref"].as_str() {
        return escape(path.rsplit('/').next().unwrap_or(path));
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        if let Some(choices) = schema[choice].as_array() {
            let words: Vec<String> = choices.iter().map(kind).filter(|word| word != "null").collect();
            return words.join(" or ");
        }
    }
    let word = match &schema["type"] {
        Value::String(word) => word.clone(),
        Value::Array(words) => {
            words.iter().filter_map(Value::as_str).filter(|word| *word != "null").collect::<Vec<_>>().join(" or ")
        }
        _ => "any JSON".to_owned(),
    };
    if word == "array" { format!("list of {}", kind(&schema["items"])) } else { escape(&word) }
}

/// The text at a JSON pointer, or none.
fn pointer<'a>(holder: &'a Value, path: &str) -> &'a str {
    holder.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

fn text(holder: &Value, field: &str) -> String {
    holder[field].as_str().unwrap_or_default().to_owned()
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

/// Text with `code` marked as such and empty lines as paragraph breaks.
fn prose(text: &str) -> String {
    let paragraphs = escape(text).replace("\n\n", "</p><p>");
    let mut out = String::with_capacity(paragraphs.len());
    for (index, part) in paragraphs.split('`').enumerate() {
        match index % 2 {
            0 => out.push_str(part),
            _ => out.extend(["<code>", part, "</code>"]),
        }
    }
    out
}

fn frame(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"dark light\"><title>{} · NovaPulse</title>\
         <link rel=\"stylesheet\" href=\"/docs/style.css\"></head><body>{body}</body></html>\n",
        escape(title)
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::page;

    #[test]
    fn operations_are_listed_and_texts_escaped() {
        let page = page(&json!({
            "info": { "version": "1", "description": "a `b` <c>" },
            "paths": { "/jobs": { "post": {
                "operationId": "create_job", "tags": ["jobs"], "summary": "Enqueues a <job>",
                "requestBody": { "content": { "application/json": {
                    "schema": { "$ref": "#/components/schemas/NewJob" }, "example": { "kind": "a" } } } },
                "responses": { "201": { "description": "created" } },
            } } },
            "components": { "schemas": { "NewJob": {
                "required": ["kind"], "properties": { "kind": { "type": "string", "description": "what" } } } } },
        }));
        for wanted in [
            "id=\"create_job\"",
            "Enqueues a &lt;job&gt;",
            "<code>kind</code>",
            "<code>b</code>",
            "&quot;kind&quot;: &quot;a&quot;",
        ] {
            assert!(page.contains(wanted), "{wanted} is not in {page}");
        }
        assert!(!page.contains("<script"));
    }
}
