//! The list of the parts of a release (`scripts/sbom`) agrees with the files that say what is built.

use std::{collections::HashSet, fs, path::Path, process::Command};

use serde_json::Value;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn list() -> String {
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/sbom"));
    let output = command.env("CARGO", env!("CARGO")).output().expect("the list is made with Python 3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Name, version and digest of the parts with this kind of address.
fn parts(list: &Value, kind: &str) -> HashSet<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let components = list["components"].as_array().unwrap().iter();
    components
        .filter(|it| it["purl"].as_str().unwrap().starts_with(kind))
        .map(|it| {
            assert!(it["licenses"][0]["expression"].is_string(), "{it} has no licence");
            (text(&it["name"]), text(&it["version"]), text(&it["hashes"][0]["content"]))
        })
        .collect()
}

#[test]
fn the_list_of_parts_is_what_is_locked_and_the_same_each_time() {
    let text = list();
    assert_eq!(text, list(), "the same sources give the same bytes");
    let list: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((list["bomFormat"].as_str(), list["specVersion"].as_str()), (Some("CycloneDX"), Some("1.6")));
    let product = &list["metadata"]["component"];
    assert_eq!((&product["name"], product["version"].as_str()), (&"novapulse".into(), Some(env!("CARGO_PKG_VERSION"))));

    let lock: toml::Value = toml::from_str(&read("Cargo.lock")).unwrap();
    let field = |package: &toml::Value, name: &str| package.get(name).and_then(toml::Value::as_str).map(str::to_owned);
    let locked: HashSet<_> = lock["package"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| Some((field(it, "name")?, field(it, "version")?, field(it, "checksum")?)))
        .collect();
    let crates = parts(&list, "pkg:cargo/");
    let strange: Vec<_> = crates.difference(&locked).collect();
    assert!(strange.is_empty(), "not in Cargo.lock: {strange:?}");
    let names: HashSet<&str> = crates.iter().map(|(name, _, _)| name.as_str()).collect();
    let manifest: toml::Value = toml::from_str(&read("Cargo.toml")).unwrap();
    for (name, value) in manifest["dependencies"].as_table().unwrap() {
        let is_optional = value.get("optional").and_then(toml::Value::as_bool).unwrap_or(false);
        let name = value.get("package").and_then(toml::Value::as_str).unwrap_or(name);
        assert!(is_optional || names.contains(name), "{name} is linked and not in the list");
    }
    // What those need is there too, and what only tests is not.
    assert!(names.contains("aws-lc-sys") && !names.contains("proptest"), "{names:?}");

    let lock: Value = serde_json::from_str(&read("ui/package-lock.json")).unwrap();
    let packages = parts(&list, "pkg:npm/");
    for (name, version, _) in &packages {
        let is_locked = |(path, it): (&String, &Value)| {
            path.ends_with(&format!("node_modules/{name}")) && it["version"].as_str() == Some(version)
        };
        assert!(lock["packages"].as_object().unwrap().iter().any(is_locked), "{name} {version}");
    }
    for name in lock["packages"][""]["dependencies"].as_object().unwrap().keys() {
        assert!(packages.iter().any(|(it, _, _)| it == name), "{name} is in the interface and not in the list");
    }
}
