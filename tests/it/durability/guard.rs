//! What the guard refuses, and that a refusal changes nothing.

use std::{
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use novapulse::storage::guard::GuardError;

use super::fixture::{Store, active_journal, closed_store, copy, digest, flush, prepare};

/// Set for a child of these tests: the data directory it prepares, ending with the guard's exit code.
const CHILD_DIR: &str = "NOVAPULSE_TEST_GUARD_DIR";

/// Not a test of its own: what a child process of the other tests runs.
#[test]
#[expect(clippy::exit, reason = "the code is what the parent looks at")]
fn child() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else { return };
    let code = match prepare(Path::new(&dir)) {
        Ok(prepared) => {
            drop(prepared);
            0
        }
        Err(error) => {
            eprintln!("{error}");
            error.exit_code()
        }
    };
    std::process::exit(i32::from(code));
}

/// This test binary as a program that only prepares `dir`, behind a wrapper such as strace.
pub(super) fn child_command(wrapper: &[&str], dir: &Path) -> Command {
    let own = std::env::current_exe().unwrap();
    let mut words: Vec<&OsStr> = wrapper.iter().map(OsStr::new).collect();
    words.push(own.as_os_str());
    words.extend(["--exact", "durability::guard::child", "--nocapture", "--test-threads=1"].map(OsStr::new));
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).env(CHILD_DIR, dir).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn refused(data: &Path) -> GuardError {
    let before = digest(data);
    let error = prepare(data).expect_err("the directory is refused");
    assert_eq!(digest(data), before, "{error}");
    error
}

#[test]
fn a_new_directory_gets_a_store_that_opens_again() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("deep/data");
    for (name, content) in [("dev-credentials.json", "{}"), ("novapulse.toml", ""), ("old.log", ""), (".DS_Store", "")]
    {
        fs::create_dir_all(&data).unwrap();
        fs::write(data.join(name), content).unwrap();
    }
    fs::create_dir(data.join("lost+found")).unwrap();
    let prepared = prepare(&data).unwrap();
    assert!(prepared.is_new && prepared.repaired.is_none());
    drop(prepared);
    let store = Store::open(&data).unwrap();
    assert!(!store.directory.is_new());
    store.commit(b"one");
    store.close();
    assert_eq!(Store::open(&data).unwrap().head(), 1);
}

#[test]
fn stray_names_beside_a_store_do_no_harm() {
    let (dir, rows) = closed_store(2, 2);
    let data = dir.path().join("data");
    fs::write(data.join("notes.txt"), "mine").unwrap();
    fs::write(data.join(OsStr::from_bytes(b"\xff\xfe")), "not text").unwrap();
    fs::write(data.join("store/engine/keyspaces/.DS_Store"), "").unwrap();
    fs::write(data.join("store/engine/keyspaces/1/tables/.DS_Store"), "").unwrap();
    for number in 0..1000 {
        fs::write(data.join(format!("stray-{number}")), "").unwrap();
    }
    assert_eq!(Store::open(&data).unwrap().rows().unwrap(), rows);
    assert!(data.join("notes.txt").exists());
}

#[test]
fn somebody_elses_directory_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("thesis.doc"), "years of work").unwrap();
    let error = refused(dir.path());
    assert_eq!(error.exit_code(), 21);
    assert!(error.to_string().contains("thesis.doc"), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    assert_eq!(prepare(&dir.path().join("thesis.doc")).unwrap_err().exit_code(), 21);
}

/// Every piece the engine would miss, one at a time; bare fjall deletes data in four of these cases.
#[test]
fn every_missing_piece_is_refused_and_nothing_is_deleted() {
    let (dir, _) = closed_store(5, 3);
    let data = dir.path().join("data");
    let engine = Path::new("store/engine");
    let table = |keyspace: &str| {
        let folder = engine.join("keyspaces").join(keyspace).join("tables");
        folder.join(fs::read_dir(data.join(&folder)).unwrap().next().unwrap().unwrap().file_name())
    };
    let version = |keyspace: &str| {
        let folder = engine.join("keyspaces").join(keyspace);
        let pointer = fs::read(data.join(&folder).join("current")).unwrap();
        folder.join(format!("v{}", u64::from_le_bytes(pointer[..8].try_into().unwrap())))
    };
    let mut pieces: Vec<PathBuf> = ["store", "witness", "store/superblock", "store/engine"].map(PathBuf::from).to_vec();
    pieces.extend(["version", "lock", "keyspaces", "0.jnl"].map(|name| engine.join(name)));
    for keyspace in ["0", "1", "2"] {
        let folder = engine.join("keyspaces").join(keyspace);
        pieces.extend([folder.clone(), folder.join("current"), folder.join("tables")]);
        pieces.extend([table(keyspace), version(keyspace)]);
    }
    for piece in pieces {
        let broken = tempfile::tempdir().unwrap();
        copy(&data, broken.path());
        let path = broken.path().join(&piece);
        if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }.unwrap();
        let error = refused(broken.path());
        assert_eq!(error.exit_code(), 24, "{}: {error}", piece.display());
    }
}

#[test]
fn pieces_that_do_not_belong_are_refused() {
    let (dir, _) = closed_store(2, 1);
    let data = dir.path().join("data");
    let cases: [(&str, &[u8], u8); 7] = [
        ("store/engine/version", b"FJL\x04", 22),
        ("store/engine/version", b"FJL\x02", 23),
        ("store/engine/keyspaces/9/current", b"", 23),
        ("store/engine/keyspaces/notes/x", b"", 23),
        ("store/engine/keyspaces/1/tables/x", b"", 23),
        ("store/engine/old.jnl", b"", 23),
        ("store/engine/4.jnl", b"", 24),
    ];
    for (name, content, code) in cases {
        let broken = tempfile::tempdir().unwrap();
        copy(&data, broken.path());
        let path = broken.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        assert_eq!(refused(broken.path()).exit_code(), code, "{name}");
    }
}

#[test]
fn a_store_of_a_newer_version_is_refused() {
    let (dir, _) = closed_store(0, 1);
    let data = dir.path().join("data");
    let path = data.join("store/superblock");
    let text = fs::read_to_string(&path).unwrap();
    let json = text.lines().next().unwrap().replace("\"format\":1", "\"format\":2");
    fs::write(&path, format!("{json}\n{:032x}\n", xxhash_rust::xxh3::xxh3_128(json.as_bytes()))).unwrap();
    let error = refused(&data);
    assert_eq!(error.exit_code(), 22);
    assert!(error.to_string().contains("store format 2"), "{error}");
}

#[test]
fn an_older_store_under_a_newer_witness_is_refused() {
    let (dir, _) = closed_store(2, 2);
    let data = dir.path().join("data");
    let old = tempfile::tempdir().unwrap();
    copy(&data.join("store"), old.path());
    let store = Store::open(&data).unwrap();
    store.commit(b"newer");
    store.commit(b"newest");
    store.close();
    fs::remove_dir_all(data.join("store")).unwrap();
    copy(old.path(), &data.join("store"));
    let error = refused(&data);
    assert_eq!(error.exit_code(), 24);
    assert!(error.to_string().contains("2 missing"), "{error}");
}

/// When everything was written out to tables the journals say nothing; the opened store is compared.
#[test]
fn an_older_flushed_store_is_refused_after_the_engine_opened() {
    let (dir, _) = closed_store(0, 3);
    let data = dir.path().join("data");
    flush(&data);
    fs::write(active_journal(&data), b"").unwrap();
    let old = tempfile::tempdir().unwrap();
    copy(&data.join("store"), old.path());
    let store = Store::open(&data).unwrap();
    store.commit(b"newer");
    store.close();
    fs::remove_dir_all(data.join("store")).unwrap();
    copy(old.path(), &data.join("store"));
    let error = Store::open(&data).err().unwrap();
    assert!(error.contains("1 missing"), "{error}");
}

/// One keyspace from an older copy beside a newer one: bare fjall would open it and show half of each commit.
#[test]
fn a_keyspace_from_another_time_is_refused() {
    let (dir, _) = closed_store(0, 3);
    let data = dir.path().join("data");
    flush(&data);
    for keyspace in ["1", "2"] {
        let mixed = tempfile::tempdir().unwrap();
        copy(&data, mixed.path());
        let store = Store::open(mixed.path()).unwrap();
        store.commit(b"newer");
        store.close();
        flush(mixed.path());
        fs::write(active_journal(mixed.path()), b"").unwrap();
        let folder = Path::new("store/engine/keyspaces").join(keyspace);
        fs::remove_dir_all(mixed.path().join(&folder)).unwrap();
        copy(&data.join(&folder), &mixed.path().join(&folder));
        let error = Store::open(mixed.path()).err().unwrap();
        assert!(error.contains("missing"), "{error}");
    }
}

#[test]
fn another_directorys_witness_is_refused() {
    let (dir, _) = closed_store(0, 3);
    let (other, _) = closed_store(0, 3);
    let path = other.path().join("data/witness");
    let mut bytes = fs::read(&path).unwrap();
    // The newest commit of both has the same number; only the directory's own number differs.
    for slot in [0, 4096] {
        if bytes[slot..].starts_with(&[0; 8]) {
            continue;
        }
        bytes[slot + 8] ^= 1;
        let sum = xxhash_rust::xxh3::xxh3_64(&bytes[slot..slot + 80]).to_be_bytes();
        bytes[slot + 80..slot + 88].copy_from_slice(&sum);
    }
    fs::write(dir.path().join("data/witness"), bytes).unwrap();
    let error = refused(&dir.path().join("data"));
    assert!(error.to_string().contains("another data directory"), "{error}");
}

#[test]
fn a_second_process_is_sent_away_at_once() {
    let (dir, _) = closed_store(0, 1);
    let data = dir.path().join("data");
    let held = prepare(&data).unwrap();
    let before = digest(&data);
    let output = child_command(&[], &data).output().unwrap();
    assert_eq!(output.status.code(), Some(20));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&data, &link).unwrap();
    let begun = Instant::now();
    assert_eq!(prepare(&link).unwrap_err().exit_code(), 20);
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!(digest(&data), before);
    drop(held);
    assert_eq!(child_command(&[], &data).status().unwrap().code(), Some(0));
}

/// Permission bits do not bind root, so the directory is mounted read-only in a namespace of its own.
#[test]
fn a_read_only_directory_is_refused() {
    let (dir, _) = closed_store(0, 1);
    let fresh = dir.path().join("fresh");
    fs::create_dir(&fresh).unwrap();
    let script = |target: &Path| {
        let target = target.display();
        format!("mount --bind {target} {target} && mount -o remount,ro,bind {target} && exec \"$@\"")
    };
    let probe = Command::new("unshare").args(["-m", "sh", "-c", &script(&fresh), "sh", "true"]).output();
    if !probe.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED a_read_only_directory_is_refused: no mount namespace can be made here");
        return;
    }
    for data in [dir.path().join("data"), fresh] {
        let before = digest(&data);
        let output = child_command(&["unshare", "-m", "sh", "-c", &script(&data), "sh"], &data).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(25), "{message}");
        assert!(message.contains("mount options"), "{message}");
        assert_eq!(digest(&data), before);
    }
}

#[test]
fn an_interrupted_first_boot_is_cleared_away() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    drop(prepare(&data).unwrap());
    fs::rename(data.join("store"), data.join("store.new-0123")).unwrap();
    fs::write(data.join("witness.new-0123"), "half").unwrap();
    let prepared = prepare(&data).unwrap();
    assert!(prepared.is_new);
    let names: Vec<_> = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
}

#[test]
fn a_folder_of_that_name_that_is_not_ours_is_foreign_and_not_even_locked() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::create_dir_all(data.join("store")).unwrap();
    fs::write(data.join("store/x"), "somebody's").unwrap();
    assert!(matches!(refused(&data), GuardError::Foreign { .. }));
    // Beside a witness it is what is left of a store.
    fs::write(data.join("witness"), "").unwrap();
    assert_eq!(refused(&data).exit_code(), 24);
    let file = dir.path().join("file");
    fs::create_dir_all(&file).unwrap();
    fs::write(file.join("store"), "a file").unwrap();
    assert!(matches!(refused(&file), GuardError::Foreign { .. }));
}
