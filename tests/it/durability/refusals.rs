//! Starts of the binary that are refused: the exit code tells why, and the data directory is as it was.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use super::{
    crash::Place,
    fixture::{copy, digest},
};

/// Runs the server, which must refuse; its exit code and what it said.
fn refused(data: &Path, options: &[&str], environment: &[(&str, &str)]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_novapulse"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .args(options)
        .env("NOVAPULSE_STORAGE_BALLAST", "1MiB")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn without_its_master_key_nothing_in_the_directory_is_touched() {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::new(dir.path());
    let status = place.start().unwrap().terminate();
    assert!(status.is_some_and(|status| status.success()), "{status:?}");
    let copied = dir.path().join("copied");
    fs::create_dir(&copied).unwrap();
    copy(&place.data(), &copied);
    fs::remove_file(copied.join("master.key")).unwrap();
    let before = digest(&copied);
    for options in [&[][..], &["--dev"]] {
        let (code, said) = refused(&copied, options, &[]);
        assert_eq!(code, 5, "{said}");
        assert!(said.contains("master.key is missing"), "{said}");
        assert_eq!(digest(&copied), before);
    }
    fs::write(copied.join("master.key"), "nonsense").unwrap();
    let before = digest(&copied);
    assert_eq!(refused(&copied, &[], &[]).0, 5);
    assert_eq!(digest(&copied), before);
}

#[test]
fn a_folder_with_a_store_of_somebody_else_is_foreign() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("store")).unwrap();
    fs::write(dir.path().join("store/x"), "somebody's").unwrap();
    let before = digest(dir.path());
    let (code, said) = refused(dir.path(), &["--dev"], &[]);
    assert_eq!(code, 21, "{said}");
    assert_eq!(digest(dir.path()), before);
}

#[test]
fn dev_mode_says_that_the_disk_is_full() {
    let dir = tempfile::tempdir().unwrap();
    // No disk has so much room.
    let (code, said) = refused(&dir.path().join("data"), &["--dev"], &[("NOVAPULSE_STORAGE_HARD_FREE", "8000000GiB")]);
    assert_eq!(code, 26, "{said}");
    assert!(said.contains("the disk is nearly full"), "{said}");
}
