//! The query parameters each operation has, as the OpenAPI document names them: a request with any other is refused
//! before it reaches its operation, whichever that is.

use std::collections::BTreeSet;

use axum::http::{Method, Uri};
use serde_json::Value;

use super::{Problem, json};

/// Longest name of a parameter that a refusal repeats, in characters.
const NAME_SHOWN: usize = 60;
/// Unknown parameters that one refusal names: it is made before anybody has said who is asking.
const UNKNOWN_SHOWN: usize = 5;

/// What may stand behind the question mark, by operation.
#[derive(Debug, Clone, Default)]
pub struct KnownParameters {
    /// What stands before the paths of the document.
    base: String,
    operations: Vec<Operation>,
}

#[derive(Debug, Clone)]
struct Operation {
    method: Method,
    path: Vec<Part>,
    names: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Word(String),
    Parameter,
}

impl KnownParameters {
    /// Those of an OpenAPI document whose paths are served below `base`.
    #[must_use]
    pub fn of(document: &Value, base: &str) -> Self {
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let Ok(method) = method.to_uppercase().parse() else { continue };
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                let queried = parameters.filter(|parameter| parameter["in"] == "query");
                let names = queried.filter_map(|parameter| parameter["name"].as_str()).map(str::to_owned).collect();
                operations.push(Operation { method, path: parts(path).collect(), names });
            }
        }
        Self { base: base.to_owned(), operations }
    }

    /// A problem that names the first parameters the operation does not have; none for what is no operation.
    pub(super) fn refuse(&self, method: &Method, uri: &Uri) -> Option<Problem> {
        let query = uri.query().filter(|query| !query.is_empty())?;
        let operation = self.find(method, uri.path().strip_prefix(self.base.as_str())?)?;
        let given = url::form_urlencoded::parse(query.as_bytes());
        let mut unknown = given.filter(|(name, _)| !operation.names.contains(name.as_ref()));
        let pointer = |name: &str| json::join("", &name.chars().take(NAME_SHOWN).collect::<String>());
        // The known ones are listed once, however many are not.
        let first = Problem::invalid(pointer(&unknown.next()?.0), operation.words());
        let others = unknown.take(UNKNOWN_SHOWN - 1);
        Some(others.fold(first, |problem, (name, _)| problem.error(pointer(&name), "is not a known field")))
    }

    /// The operation behind a path; a word counts for more than a parameter, as it does for the routes.
    fn find(&self, method: &Method, path: &str) -> Option<&Operation> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let asked: Vec<&str> = path.split('/').collect();
        let fitting = self.operations.iter().filter(|operation| operation.method == *method && operation.fits(&asked));
        fitting.max_by_key(|operation| operation.path.iter().filter(|part| **part != Part::Parameter).count())
    }
}

impl Operation {
    fn fits(&self, asked: &[&str]) -> bool {
        self.path.len() == asked.len()
            && self.path.iter().zip(asked).all(|(part, asked)| match part {
                Part::Word(word) => word == asked,
                Part::Parameter => !asked.is_empty(),
            })
    }

    fn words(&self) -> String {
        if self.names.is_empty() {
            return "is not known here; this operation takes no parameters".to_owned();
        }
        let names: Vec<String> = self.names.iter().map(|name| format!("`{name}`")).collect();
        format!("is not a known field; known: {}", names.join(", "))
    }
}

fn parts(path: &str) -> impl Iterator<Item = Part> {
    path.split('/').map(|part| if part.starts_with('{') { Part::Parameter } else { Part::Word(part.to_owned()) })
}

#[cfg(test)]
mod tests {
    use axum::http::{Method, Uri};
    use serde_json::json;

    use super::{KnownParameters, Problem};

    fn refused(method: &Method, uri: &'static str) -> Vec<String> {
        let named = |name: &str, place: &str| json!({ "name": name, "in": place });
        let document = json!({ "paths": {
            "/things": {
                "get": { "parameters": [named("limit", "query"), named("If-None-Match", "header")] },
                "post": {},
            },
            "/things/{id}": { "get": {} },
            "/things/batch": { "get": { "parameters": [named("all", "query")] } },
        }});
        let known = KnownParameters::of(&document, "/api");
        let problem = known.refuse(method, &Uri::from_static(uri));
        problem.iter().flat_map(Problem::errors).map(|error| error.pointer.clone()).collect()
    }

    #[test]
    fn what_an_operation_does_not_have_is_named() {
        let nothing: [&str; 0] = [];
        for fine in ["/api/things?limit=1", "/api/things", "/api/things?", "/other?x=1", "/api/nothing?x=1"] {
            assert_eq!(refused(&Method::GET, fine), nothing, "{fine}");
        }
        assert_eq!(refused(&Method::GET, "/api/things?limit=1&a%2Fb=2&If-None-Match=3"), ["/a~1b", "/If-None-Match"]);
        assert_eq!(refused(&Method::HEAD, "/api/things?x"), ["/x"]);
        assert_eq!(refused(&Method::POST, "/api/things?limit=1"), ["/limit"]);
        assert_eq!(refused(&Method::GET, "/api/things/7?all=1"), ["/all"]);
        assert_eq!(refused(&Method::GET, "/api/things/batch?all=1"), nothing);
        assert_eq!(refused(&Method::DELETE, "/api/things?x=1"), nothing, "the routes refuse the method");
        assert_eq!(refused(&Method::GET, "/api/things?a&limit=1&b&c&d&e&f&g"), ["/a", "/b", "/c", "/d", "/e"]);
    }
}
