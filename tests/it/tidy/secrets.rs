//! Secrets that would show with `Debug`: a type that derives it must not hold one as plain text.
//!
//! Such a field is a type of its own that prints nothing, or the type around it does without `Debug`.

use std::{fs, path::Path};

use super::{code_only, sources};

/// Words at the end of a field's name that promise a secret.
const NAMES: [&str; 11] =
    ["password", "secret", "token", "api_key", "code", "codes", "otpauth_url", "qr_code", "headers", "plain", "seed"];
/// Types that print what they hold.
const PLAIN: [&str; 6] = ["String", "&str", "&'a str", "Vec<u8>", "[u8; 32]", "BTreeMap<"];
/// Fields with such a name that hold no secret, by type and name.
const HARMLESS: &[(&str, &str)] = &[
    // Fences a lease of one job, is shown to whoever may look at the job, and ends with it.
    ("LeasedJob", "token"),
    ("LeasedDocument", "lease_token"),
    ("HeartbeatOrder", "lease_token"),
    ("CompleteOrder", "lease_token"),
    ("FailOrder", "lease_token"),
    ("SnoozeOrder", "lease_token"),
    ("SettleItem", "lease_token"),
    ("ProgressOrder", "lease_token"),
    ("LogOrder", "lease_token"),
    // The place of an inspector in its address.
    ("PlayView", "token"),
    // What an inspector shows, and what an attempt log shows with credentials masked.
    ("SeenView", "headers"),
    ("Seen", "headers"),
    ("Incoming", "headers"),
    ("RequestView", "headers"),
    ("ResponseView", "headers"),
    // Sealed, or a hash.
    ("FactorRow", "sealed_secret"),
    ("RecoveryRow", "codes"),
    ("Inner", "set_up_token"),
];

/// A field of a type that derives `Debug`.
struct Field {
    owner: String,
    name: String,
    kind: String,
}

/// Reads the named fields of every type that derives `Debug`; house code is formatted, one field a line.
fn printed_fields(code: &str) -> Vec<Field> {
    let mut fields = Vec::new();
    let (mut is_printed, mut owner) = (false, None::<String>);
    for line in code.lines() {
        let text = line.trim();
        if text.starts_with("#[derive(") {
            is_printed = text.split(['(', ',', ')']).any(|word| word.trim() == "Debug");
        } else if let Some(name) = declared(text) {
            owner = (is_printed && text.ends_with('{')).then_some(name);
            is_printed = false;
        } else if line.starts_with('}') {
            owner = None;
        } else if let (Some(owner), Some((name, kind))) = (&owner, text.split_once(": ")) {
            let name = name.rsplit(' ').next().unwrap_or_default().to_owned();
            fields.push(Field { owner: owner.clone(), name, kind: kind.trim_end_matches(',').to_owned() });
        }
    }
    fields
}

fn declared(text: &str) -> Option<String> {
    let mut words = text.split([' ', '<', '(', '{', ';']).filter(|word| !word.is_empty());
    let is_type = |word: &str| word == "struct" || word == "enum";
    words.by_ref().take(4).find(|word| is_type(word))?;
    words.next().map(str::to_owned)
}

fn is_secret(field: &Field) -> bool {
    let name = field.name.to_ascii_lowercase();
    NAMES.iter().any(|word| name == *word || name.ends_with(&format!("_{word}")))
        && PLAIN.iter().any(|plain| field.kind.contains(plain))
}

#[test]
fn fields_are_read_with_their_type() {
    let code = "#[derive(Debug, Clone)]\npub(super) struct A {\n    pub(super) token: Option<String>,\n    n: u8,\n}\n\
                #[derive(Clone)]\nstruct B {\n    token: String,\n}\n#[derive(Debug)]\nenum C {\n    D {\n        \
                secret: Vec<u8>,\n    },\n}\n";
    let fields = printed_fields(code);
    let secret: Vec<_> =
        fields.iter().filter(|field| is_secret(field)).map(|field| (&*field.owner, &*field.name)).collect();
    assert_eq!(secret, [("A", "token"), ("C", "secret")]);
}

#[test]
fn no_secret_shows_with_debug() {
    let (mut wrong, mut used) = (Vec::new(), Vec::new());
    for file in sources(&["src"]).into_iter().filter(|file| !file.path.contains("tests")) {
        for field in printed_fields(&code_only(&file.text)).into_iter().filter(is_secret) {
            match HARMLESS.iter().find(|(owner, name)| *owner == field.owner && *name == field.name) {
                Some(known) => used.push(*known),
                None => wrong.push(format!("{}: {}.{}: {}", file.path, field.owner, field.name, field.kind)),
            }
        }
    }
    assert!(wrong.is_empty(), "these print a secret:\n{}", wrong.join("\n"));
    let unused: Vec<_> = HARMLESS.iter().filter(|known| !used.contains(known)).collect();
    assert!(unused.is_empty(), "the list is too long: {unused:?}");
}

/// A row that is sealed and not in the list would be lost with the key that sealed it.
#[test]
fn every_module_that_seals_rows_is_in_the_list_of_sealed_tables() {
    let list = sources(&["src/app"]).into_iter().find(|file| file.path == "src/app/sealed.rs").unwrap();
    let mut sealing = Vec::new();
    for file in sources(&["src"]).into_iter().filter(|file| !file.path.contains("tests")) {
        let module = file.path.split('/').nth(1).unwrap_or_default().to_owned();
        // These seal keys, settings, a file with a key that stays and, as told, the rows of others.
        let is_own = matches!(module.as_str(), "base" | "config" | "sealing" | "acme" | "app" | "cli");
        if !is_own && super::without_tests(&code_only(&file.text)).contains("eal.seal(") {
            sealing.push(module);
        }
    }
    assert!(sealing.len() >= 4, "{sealing:?}");
    let missing: Vec<_> = sealing.iter().filter(|module| !list.text.contains(&format!("{module}::"))).collect();
    assert!(missing.is_empty(), "src/app/sealed.rs does not list {missing:?}");
}

#[test]
fn the_interface_keeps_nothing_but_its_looks_in_the_browser() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/src");
    let mut folders = vec![folder];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap_or_default();
            seen += 1;
            // Theme, language and whether single keys do something, and nothing that came from the server.
            let is_looks = path.ends_with("lib/preferences.ts");
            if is_looks {
                assert!(!text.contains("from \"../") && !text.contains("fetch("), "{}", path.display());
                assert_eq!(text.matches("localStorage").count(), 3);
            }
            for store in ["localStorage", "sessionStorage", "indexedDB", "caches.", "document.cookie ="] {
                let is_allowed = is_looks && store == "localStorage";
                assert!(is_allowed || !text.contains(store), "{} uses {store}", path.display());
            }
        }
    }
    assert!(seen > 5, "{seen}");
}
