//! The generated pages of `docs/reference` are current.

use std::{fs, path::Path};

#[test]
fn generated_pages_are_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference");
    let mut stale = Vec::new();
    for (name, content) in novapulse::app::reference::pages().unwrap() {
        let path = folder.join(name);
        if std::env::var_os("UPDATE_REFERENCE").is_some() {
            fs::write(&path, &content).unwrap();
        }
        if fs::read_to_string(&path).unwrap_or_default() != content {
            stale.push(name);
        }
    }
    assert!(stale.is_empty(), "stale in docs/reference: {stale:?}; write them with UPDATE_REFERENCE=1 cargo test");
}
