//! The manifest's own rules.

use std::{fs, path::Path};

#[test]
fn dependencies_have_default_features_off_or_a_reason() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let dependencies = manifest["dependencies"].as_table().unwrap();
    // anyhow and utoipa-axum have nothing worth turning off.
    let exempt = ["anyhow", "utoipa-axum"];
    for (name, value) in dependencies {
        let is_off = value.get("default-features").and_then(toml::Value::as_bool) == Some(false);
        assert!(is_off || exempt.contains(&name.as_str()), "{name}: turn default features off");
    }
}

#[test]
fn the_engine_is_pinned_exactly() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    for name in ["fjall", "lsm-tree"] {
        let Some(dependency) = manifest["dependencies"].get(name) else { continue };
        assert!(dependency["version"].as_str().unwrap().starts_with('='), "{name} must be pinned with =");
    }
}
