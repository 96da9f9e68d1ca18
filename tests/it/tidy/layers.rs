//! Imports point down: reads every `crate::` path and checks it against the order of the layers.
//!
//! A new slice is a row in [`ORDER`]. Tests inside a module may look anywhere below `app`.

use super::{Source, code_only, sources, without_tests};

/// The modules from the bottom up; a module may use those of a smaller level only. Slices have a level each.
const ORDER: [(&str, u32); 28] = [
    ("base", 0),
    ("config", 1),
    ("telemetry", 2),
    ("storage", 3),
    ("outbound", 3),
    ("blob", 4),
    ("sealing", 4),
    ("queue", 5),
    ("events", 5),
    ("http", 5),
    ("acme", 6),
    ("audit", 6),
    ("limits", 6),
    ("notifications", 6),
    ("usage", 6),
    ("mail", 7),
    ("auth", 10),
    ("accounts", 11),
    ("emails", 12),
    ("webhooks", 13),
    ("reports", 14),
    ("jobs", 15),
    ("schedules", 16),
    ("changes", 17),
    ("settings", 18),
    ("system", 19),
    ("app", 20),
    ("cli", 21),
];
const FIRST_SLICE: u32 = 10;
const APP: u32 = 20;

fn level(module: &str) -> Option<u32> {
    ORDER.iter().find(|(name, _)| *name == module).map(|(_, level)| *level)
}

/// The top module a source file belongs to, or `None` for `lib.rs` and `main.rs`.
fn module_of(file: &Source) -> Option<&str> {
    let inside = file.path.strip_prefix("src/")?;
    inside.split_once('/').map(|(module, _)| module)
}

fn is_test(file: &Source) -> bool {
    file.path.ends_with("tests.rs") || file.path.contains("/tests/")
}

/// The code that ships: no comments, no strings, no unit tests.
fn shipped() -> Vec<(Source, String)> {
    sources(&["src"])
        .into_iter()
        .filter(|file| !is_test(file))
        .map(|file| {
            let code = code_only(without_tests(&file.text));
            (file, code)
        })
        .collect()
}

/// Every path after `crate::`, groups in braces taken apart: `crate::{a::b, c}` gives `a::b` and `c`.
fn crate_paths(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let is_other = code[..at].chars().last().is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$');
        if !is_other {
            expand("", &code[at + "crate::".len()..], &mut paths);
        }
    }
    paths
}

/// Reads one path or group at the start of `rest`; returns how much of it was read.
fn expand(prefix: &str, rest: &str, paths: &mut Vec<String>) -> usize {
    let head: String = rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect();
    let path = format!("{prefix}{head}");
    let after = &rest[head.len()..];
    if !after.trim_start().starts_with('{') || !(head.is_empty() || head.ends_with("::")) {
        paths.push(path.trim_end_matches("::").to_owned());
        return head.len();
    }
    let mut at = head.len() + after.find('{').unwrap() + 1;
    loop {
        at += rest[at..].len() - rest[at..].trim_start().len();
        match rest[at..].chars().next() {
            None | Some('}') => return at + 1,
            Some(',') => at += 1,
            Some(_) => {
                let read = expand(&path, &rest[at..], paths);
                // A rename (`as`) or anything unforeseen is passed over up to the next separator.
                at += read;
                at += rest[at..].find([',', '}']).unwrap_or_else(|| rest[at..].len());
            }
        }
    }
}

#[test]
fn groups_are_taken_apart() {
    let paths =
        crate_paths("use crate::{base::{Clock, Random as R}, storage::Db};\n crate::config::load(1); $crate::no");
    assert_eq!(paths, ["base::Clock", "base::Random", "storage::Db", "config::load"]);
}

#[test]
fn every_module_has_a_level() {
    for file in sources(&["src"]) {
        if let Some(module) = module_of(&file) {
            assert!(level(module).is_some(), "{module} has no row in ORDER");
        }
    }
}

#[test]
fn imports_point_down() {
    let mut wrong = Vec::new();
    for (file, code) in shipped() {
        let Some(own) = module_of(&file) else { continue };
        let own_level = level(own).unwrap();
        for path in crate_paths(&code) {
            let target = path.split("::").next().unwrap_or_default();
            let Some(target_level) = level(target) else { continue };
            if target != own && target_level >= own_level {
                wrong.push(format!("{}: {own} must not use crate::{path}", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A module of another slice, `store` or `api` say, is private to it; types come from its face.
#[test]
fn slices_use_the_face_of_other_slices_only() {
    let mut wrong = Vec::new();
    for (file, code) in shipped() {
        let Some(own) = module_of(&file) else { continue };
        if level(own).unwrap() >= APP {
            continue;
        }
        for path in crate_paths(&code) {
            let mut parts = path.split("::");
            let target = parts.next().unwrap_or_default();
            let is_slice = level(target).is_some_and(|level| (FIRST_SLICE..APP).contains(&level));
            let inner = parts.next().is_some_and(|part| part.starts_with(char::is_lowercase)) && parts.next().is_some();
            if is_slice && target != own && inner {
                wrong.push(format!("{}: crate::{path} is not part of the face of {target}", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Who may name what: a word of code, and the paths that may hold it.
const CONFINED: [(&str, &[&str]); 14] = [
    ("axum::", &["src/http/", "/api", "src/app/"]),
    ("use fjall", &["src/storage/engine/fjall"]),
    ("use lsm_tree", &["src/storage/"]),
    ("hyper::client", &["src/outbound/"]),
    ("object_store::", &["src/blob/s3/"]),
    ("instant_acme", &["src/acme/"]),
    ("lettre", &["src/mail/"]),
    ("minijinja", &["src/emails/template/"]),
    ("hickory_resolver", &["src/outbound/"]),
    ("SystemTime", &["src/base/clock.rs"]),
    // The runtime's own clock, for the phases of a call; it stands still with the runtime in tests.
    ("Instant::now", &["src/base/clock.rs", "src/outbound/"]),
    ("getrandom::", &["src/base/random.rs"]),
    ("tokio::spawn", &[]),
    ("std::process::exit", &[]),
];

#[test]
fn what_has_one_home_stays_there() {
    let mut wrong = Vec::new();
    for (file, code) in shipped() {
        for (word, homes) in CONFINED {
            if code.contains(word) && !homes.iter().any(|home| file.path.contains(home)) {
                wrong.push(format!("{}: {word} belongs to {homes:?}", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn models_are_pure() {
    let mut wrong = Vec::new();
    for (file, code) in shipped() {
        if !file.path.ends_with("/model.rs") && !file.path.contains("/model/") {
            continue;
        }
        for word in ["crate::storage", "crate::http", "crate::outbound", "axum", "async fn", "std::fs", "tokio"] {
            if code.contains(word) {
                wrong.push(format!("{}: {word} has no place in a pure model", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_but_the_composition_root_uses_an_api_module() {
    for (file, code) in shipped() {
        let Some(own) = module_of(&file) else { continue };
        for path in crate_paths(&code) {
            let parts: Vec<&str> = path.split("::").collect();
            let is_api = parts.get(1) == Some(&"api");
            assert!(!is_api || own == "app" || parts[0] == own, "{}: crate::{path}", file.path);
        }
    }
}
