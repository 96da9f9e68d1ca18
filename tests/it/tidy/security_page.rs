//! Every test that the pages on security and durability name is there, and each has one row for each thing.

use std::{collections::HashSet, fs, path::Path};

use super::{Source, sources};

/// The rows of a table of the page: their cells.
fn rows(text: &str) -> Vec<Vec<String>> {
    let is_head = |line: &str| line.starts_with("| item") || line.starts_with("| promise");
    let lines = text.lines().filter(|line| line.starts_with("| ") && !is_head(line));
    lines.map(|line| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// The paths in backticks.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2).filter(|span| span.contains("::"))
}

/// Whether a file is the module, and holds the test when there is one.
fn has(file: &Source, module: &str, test: Option<&str>) -> bool {
    let path = file.path.trim_end_matches(".rs").trim_end_matches("/mod");
    let inside = path.strip_prefix("tests/it/").or_else(|| path.strip_prefix("src/")).unwrap_or_default();
    let is_module =
        inside.replace('/', "::") == module.trim_end_matches("::tests") || inside.replace('/', "::") == module;
    is_module && test.is_none_or(|test| file.text.contains(&format!("fn {test}(")))
}

fn exists(files: &[Source], path: &str) -> bool {
    let split = path.rsplit_once("::").map(|(module, test)| (module, Some(test)));
    let ways = [Some((path, None)), split];
    ways.into_iter().flatten().any(|(module, test)| files.iter().any(|file| has(file, module, test)))
}

/// Looks at a page with a table of at least so many rows of what holds, how, and which test says so.
fn check(page: &str, rows_min: usize) {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
    let files = sources(&["src", "tests"]);
    let missing: Vec<&str> = paths(&text).filter(|path| !exists(&files, path)).collect();
    assert!(missing.is_empty(), "{page} names what is not there: {missing:?}");

    let met: Vec<_> = rows(&text).into_iter().filter(|cells| cells.len() == 3).collect();
    assert!(met.len() > rows_min, "{page}: {}", met.len());
    let bare: Vec<&String> =
        met.iter().filter(|cells| paths(&cells[2]).next().is_none()).map(|cells| &cells[0]).collect();
    assert!(bare.is_empty(), "{page} has rows without a test: {bare:?}");
    let mut seen = HashSet::new();
    let twice: Vec<&String> = met.iter().map(|cells| &cells[0]).filter(|item| !seen.insert(*item)).collect();
    assert!(twice.is_empty(), "{page} has rows that are there twice: {twice:?}");
}

#[test]
fn every_test_that_the_security_page_names_is_there() {
    let files = sources(&["src", "tests"]);
    assert!(!exists(&files, "api::access::no_such_test") && !exists(&files, "no::such::module"));
    check("docs/security.md", 60);
}

#[test]
fn every_promise_of_durability_names_a_test_that_is_there() {
    check("docs/concepts/durability.md", 30);
}
