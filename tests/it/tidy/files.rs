//! Length, headers and names of files, and words that have no business in the repository.

use std::{path::Path, process::Command};

use super::{code_only, sources};

/// The house rule is 400; the gap keeps a good file from being cut badly.
const LINES_MAX: usize = 450;
const BANNED_NAMES: [&str; 6] = ["util", "utils", "common", "helpers", "manager", "misc"];

#[test]
fn files_are_short() {
    let long: Vec<String> = sources(&["src", "tests", "benches"])
        .iter()
        .map(|file| (file.path.clone(), file.text.lines().count()))
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(path, lines)| format!("{path}: {lines}"))
        .collect();
    assert!(long.is_empty(), "more than {LINES_MAX} lines, split by noun or verb:\n{}", long.join("\n"));
}

#[test]
fn files_begin_with_what_they_are_for() {
    let bare: Vec<String> = sources(&["src", "tests", "benches"])
        .into_iter()
        .filter(|file| !file.text.starts_with("//! ") || is_filler(file.text.lines().next().unwrap_or_default()))
        .map(|file| file.path)
        .collect();
    assert!(bare.is_empty(), "no //! header that says what the file is for:\n{}", bare.join("\n"));
}

/// A header such as `//! The queue module.` says nothing that the path does not.
fn is_filler(header: &str) -> bool {
    header.len() < 12 || (header.starts_with("//! The ") && header.ends_with(" module."))
}

#[test]
fn names_say_what_is_inside() {
    for file in sources(&["src", "tests", "benches"]) {
        let path = file.path.trim_end_matches(".rs");
        let part = path.split('/').find(|part| BANNED_NAMES.contains(part));
        assert!(part.is_none(), "{}: a better name than {part:?} tells what belongs here", file.path);
    }
}

#[test]
fn nothing_is_left_to_do() {
    let left: Vec<String> = sources(&["src", "tests", "benches"])
        .iter()
        .filter(|file| {
            let code = code_only(&file.text);
            ["todo!", "unimplemented!", "dbg!"].iter().any(|word| code.contains(word))
        })
        .map(|file| file.path.clone())
        .collect();
    assert!(left.is_empty(), "unfinished code:\n{}", left.join("\n"));
}

/// Words of the place where the code was written; made from parts so that this file has none of them.
fn banned_words() -> Vec<String> {
    [
        ["C", "EO"],
        ["/wo", "rk/"],
        ["/tm", "p/plan"],
        ["..", "/shared/"],
        ["developers", ".md"],
        ["before", "-stop"],
        ["Cl", "aude"],
        ["Anth", "ropic"],
        ["Chat", "GPT"],
        ["sub", "agent"],
        ["language ", "model"],
        ["PLAN", ".md"],
    ]
    .iter()
    .map(|parts| parts.concat())
    .collect()
}

#[test]
fn the_repository_speaks_of_the_product_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let banned = banned_words();
    let mut grep = Command::new("git");
    grep.current_dir(root).args(["grep", "--untracked", "-nIwF"]);
    for word in &banned {
        grep.args(["-e", word]);
    }
    let output = grep.args(["--", ".", ":!Cargo.lock", ":!ui/package-lock.json"]).output().unwrap();
    // git grep ends with 1 when it found nothing; outside a checkout there is nothing to ask.
    let found = String::from_utf8_lossy(&output.stdout);
    assert!(found.is_empty(), "words that do not belong here:\n{found}");
}
