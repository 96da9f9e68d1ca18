//! Prepares the UI bundle that `app::ui` embeds, always at `$OUT_DIR/dist`.
//!
//! In order: `NOVAPULSE_UI_DIST` names a finished bundle; `NOVAPULSE_UI=skip`, or a build that is
//! not a release build, takes the placeholder page; npm builds it (`NOVAPULSE_UI=build` asks for
//! this in any profile); without npm the placeholder page stands in, with a warning. npm works in
//! a copy below the target directory, so that the checkout stays clean, and under a file lock,
//! because debug and release builds may run side by side.

use std::{
    env,
    error::Error,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What the bundle is made from; `ui/node_modules` of somebody who edits the UI is not.
const SOURCES: [&str; 7] =
    ["package.json", "package-lock.json", "tsconfig.json", "vite.config.ts", "index.html", "src", "public"];

fn main() -> Result<()> {
    for name in ["NOVAPULSE_UI", "NOVAPULSE_UI_DIST"] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    for source in SOURCES {
        println!("cargo:rerun-if-changed=ui/{source}");
    }
    println!("cargo:rerun-if-changed=ui/placeholder");
    println!("cargo:rerun-if-changed=build.rs");

    let ui = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("ui");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let dist = out.join("dist");
    empty_directory(&dist)?;

    if let Some(finished) = env::var_os("NOVAPULSE_UI_DIST").filter(|value| !value.is_empty()) {
        println!("cargo:rerun-if-changed={}", Path::new(&finished).display());
        return copy(Path::new(&finished), &dist);
    }
    let placeholder = ui.join("placeholder");
    let wanted = env::var("NOVAPULSE_UI").unwrap_or_default();
    let is_release = env::var("PROFILE")? == "release";
    if env::var_os("CARGO_FEATURE_UI").is_none() || wanted == "skip" || !(is_release || wanted == "build") {
        return copy(&placeholder, &dist);
    }
    if npm(&ui, &["--version"]).is_err() {
        println!("cargo:warning=npm is not installed: the binary gets a plain page instead of the UI");
        return copy(&placeholder, &dist);
    }
    build_bundle(&ui, &out, &dist).map_err(|error| {
        format!("the UI bundle could not be built ({error}); NOVAPULSE_UI=skip builds without it").into()
    })
}

fn build_bundle(ui: &Path, out: &Path, dist: &Path) -> Result<()> {
    // OUT_DIR is <target>/<profile>/build/<package>/out.
    let target = out.ancestors().nth(4).ok_or("OUT_DIR is not below a target directory")?;
    let work = target.join("ui");
    fs::create_dir_all(&work)?;
    let lock = fs::File::create(work.join(".lock"))?;
    lock.lock()?;

    for source in SOURCES {
        let to = work.join(source);
        remove(&to)?;
        copy(&ui.join(source), &to)?;
    }
    let wanted = fs::read(work.join("package-lock.json"))?;
    let stamp = work.join("node_modules").join(".novapulse-lock");
    if fs::read(&stamp).ok().as_ref() != Some(&wanted) {
        npm(&work, &["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"])?;
        fs::write(&stamp, &wanted)?;
    }
    let dist = dist.to_str().ok_or("OUT_DIR is not UTF-8")?;
    npm(&work, &["exec", "--", "vite", "build", "--logLevel", "warn", "--emptyOutDir", "--outDir", dist])
}

fn npm(directory: &Path, arguments: &[&str]) -> Result<()> {
    let output = Command::new("npm").args(arguments).current_dir(directory).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last: Vec<&str> = said.lines().rev().take(20).collect();
    let said = last.into_iter().rev().collect::<Vec<_>>().join("\n");
    Err(format!("npm {} failed:\n{said}", arguments.join(" ")).into())
}

fn empty_directory(path: &Path) -> Result<()> {
    remove(path)?;
    Ok(fs::create_dir_all(path)?)
}

fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        fs::copy(from, to).map_err(|error| format!("{}: {error}", from.display()))?;
        return Ok(());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
