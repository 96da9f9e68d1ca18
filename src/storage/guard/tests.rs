//! The journal reader and the doctor over synthetic journals; the real engine's are in `tests/it/durability`.

use std::{fs, path::PathBuf};

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::{
    GuardError,
    chain::{GENESIS, Hash, Link},
    doctor,
    journal::{self, Fault, Rules, Tail},
};
use crate::storage::witness::Mark;

const RULES: Rules = Rules { keyspaces: 2, commit_keyspace: 2, commit_prefix: 1, read_commit };

fn read_commit(key: &[u8], value: &[u8]) -> Option<Link> {
    let (previous, hash) = value.split_first_chunk()?;
    Some(Link {
        n: u64::from_be_bytes(key.get(1..)?.try_into().ok()?),
        previous: *previous,
        hash: hash.try_into().ok()?,
    })
}

fn hash(n: u64) -> Hash {
    if n == 0 { GENESIS } else { xxh3_128(&n.to_be_bytes()).to_be_bytes() }
}

fn item(keyspace: u64, key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0];
    bytes.extend(keyspace.to_le_bytes());
    bytes.extend((key.len() as u16).to_le_bytes());
    bytes.extend((value.len() as u32).to_le_bytes());
    bytes.extend((value.len() as u32).to_le_bytes());
    bytes.extend(key);
    bytes.extend(value);
    bytes
}

fn sealed(seqno: u64, items: &[Vec<u8>]) -> Vec<u8> {
    let body = items.concat();
    let mut bytes = vec![1];
    bytes.extend((items.len() as u32).to_le_bytes());
    bytes.extend(seqno.to_le_bytes());
    bytes.extend(&body);
    bytes.push(3);
    bytes.extend(xxh3_64(&body).to_le_bytes());
    bytes.extend(b"FJL\x03");
    bytes
}

fn batch(n: u64) -> Vec<u8> {
    let key = [vec![1], n.to_be_bytes().to_vec()].concat();
    let rows = [item(1, b"job", &[7; 40]), item(2, &key, &[hash(n - 1), hash(n)].concat())];
    sealed(10 + 2 * n, &rows)
}

fn journal(numbers: std::ops::RangeInclusive<u64>) -> Vec<u8> {
    numbers.flat_map(batch).collect()
}

fn mark(n: u64) -> Mark {
    Mark { n, hash: hash(n), ..Mark::NEW }
}

/// Writes the journals and lets the doctor look; whatever he finds, he changes nothing.
fn examine(journals: &[Vec<u8>], acknowledged: u64) -> Result<doctor::Findings, GuardError> {
    let dir = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (0..journals.len()).map(|number| dir.path().join(format!("{number}.jnl"))).collect();
    for (path, bytes) in paths.iter().zip(journals) {
        fs::write(path, bytes).unwrap();
    }
    let result = doctor::examine(&paths, &RULES, &mark(acknowledged));
    for (path, bytes) in paths.iter().zip(journals) {
        assert!(fs::read(path).unwrap() == *bytes);
    }
    result
}

#[test]
fn whole_batches_and_zeros_are_clean() {
    let mut bytes = journal(1..=5);
    let end = bytes.len();
    bytes.resize(end + 9000, 0);
    let reading = journal::read(&bytes, &RULES, &mut None, &mut |_| ());
    assert_eq!((reading.batches, reading.end, reading.tail), (5, end, Tail::Clean));
    let findings = examine(&[bytes, journal(6..=9)], 9).unwrap();
    assert_eq!(findings.head.unwrap().n, 9);
    assert!(examine(&[vec![0; 100]], 4).unwrap().head.is_none());
}

#[test]
fn a_tail_cut_at_every_byte_is_torn_and_nothing_more_is_lost() {
    let whole = journal(1..=6);
    let last = whole.len() - batch(6).len();
    for is_zero_filled in [false, true] {
        for cut in last + 1..whole.len() {
            let mut bytes = whole[..cut].to_vec();
            if is_zero_filled {
                bytes.resize(whole.len() + 500, 0);
            }
            let findings = examine(&[bytes], 5).unwrap();
            assert_eq!(findings.head.unwrap().n, 5, "cut at {cut}");
            assert_eq!(findings.torn.unwrap().offset, last as u64);
        }
    }
}

#[test]
fn a_cut_behind_the_last_acknowledged_commit_is_refused_with_the_count() {
    let whole = journal(1..=6);
    let cut = whole.len() - batch(6).len() - 3;
    let error = examine(&[whole[..cut].to_vec()], 6).unwrap_err();
    assert_eq!(error.exit_code(), 23);
    assert!(error.to_string().contains("2 missing"), "{error}");
    let at_a_border = whole.len() - batch(6).len();
    let error = examine(&[whole[..at_a_border].to_vec()], 6).unwrap_err();
    assert_eq!(error.exit_code(), 24);
}

/// Every single-byte change of an acknowledged journal is refused: no bit of it is unguarded but the
/// sequence number, where a change that keeps the order changes nothing.
#[test]
fn any_flipped_byte_is_refused_or_changes_nothing() {
    let whole = journal(1..=4);
    let starts: Vec<usize> = (0..4).map(|n| batch(1).len() * n).collect();
    for at in 0..whole.len() {
        for mask in [0x01, 0x80] {
            let mut bytes = whole.clone();
            bytes[at] ^= mask;
            let is_seqno = starts.iter().any(|start| (start + 5..start + 13).contains(&at));
            match examine(&[bytes], 4) {
                Err(error) => assert!(matches!(error.exit_code(), 23 | 24), "{error}"),
                Ok(findings) => {
                    assert!(is_seqno && findings.head.unwrap().n == 4 && findings.torn.is_none(), "byte {at}");
                }
            }
        }
    }
}

#[test]
fn damage_says_where_and_how_much_is_around_it() {
    let mut bytes = journal(1..=9);
    let at = batch(1).len() * 3 + 60;
    bytes[at] ^= 0xff;
    let message = examine(&[bytes], 9).unwrap_err().to_string();
    assert!(message.contains("3 intact batches before") && message.contains("5 complete batches after"), "{message}");
}

#[test]
fn a_zeroed_stretch_is_torn_at_the_end_and_damage_before() {
    let len = batch(1).len();
    let mut bytes = journal(1..=5);
    bytes[len * 4 + 20..len * 4 + 60].fill(0);
    assert_eq!(examine(&[bytes.clone()], 4).unwrap().torn.unwrap().offset, len as u64 * 4);
    assert_eq!(examine(&[bytes], 5).unwrap_err().exit_code(), 23);
    let mut bytes = journal(1..=5);
    bytes[len * 2..len * 3].fill(0);
    assert_eq!(examine(&[bytes], 1).unwrap_err().exit_code(), 23);
}

#[test]
fn a_sealed_journal_may_not_be_torn_and_none_may_be_missing() {
    let cut = journal(1..=3)[..batch(1).len() * 3 - 5].to_vec();
    assert_eq!(examine(&[cut, journal(4..=5)], 2).unwrap_err().exit_code(), 23);
    assert_eq!(examine(&[journal(1..=2), journal(4..=5)], 5).unwrap_err().exit_code(), 23);
    assert_eq!(examine(&[journal(4..=5), journal(1..=2)], 2).unwrap_err().exit_code(), 23);
}

#[test]
fn swapped_and_doubled_batches_are_out_of_order() {
    for numbers in [[1, 3, 2], [1, 1, 2], [1, 2, 2]] {
        let bytes: Vec<u8> = numbers.into_iter().flat_map(batch).collect();
        let reading = journal::read(&bytes, &RULES, &mut None, &mut |_| ());
        assert!(
            matches!(reading.tail, Tail::Broken { spot, .. } if matches!(spot.fault, Fault::Order { .. })),
            "{reading:?}"
        );
        assert!(examine(&[bytes], 1).is_err());
    }
}

#[test]
fn another_history_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("0.jnl");
    fs::write(&path, journal(1..=4)).unwrap();
    let acknowledged = Mark { hash: [9; 16], ..mark(3) };
    let error = doctor::examine(&[path], &RULES, &acknowledged).unwrap_err();
    assert_eq!(error.exit_code(), 24);
}

#[test]
fn what_the_writer_never_writes_is_refused() {
    let commit = item(2, &[&[1][..], &1_u64.to_be_bytes()].concat(), &[GENESIS, hash(1)].concat());
    let wrong_length = {
        let mut bytes = item(1, b"k", b"v");
        bytes[13] = 9;
        bytes
    };
    let clear = [vec![4], 1_u64.to_le_bytes().to_vec()].concat();
    let removal_with_value = {
        let mut bytes = item(1, b"k", b"v");
        bytes[1] = 1;
        bytes
    };
    for rows in [
        vec![item(1, b"k", b"v")],
        vec![commit.clone(), commit.clone()],
        vec![commit.clone(), item(3, b"k", b"v")],
        vec![commit.clone(), item(0, b"k", b"v")],
        vec![commit.clone(), wrong_length],
        vec![commit.clone(), clear],
        vec![commit.clone(), removal_with_value],
        vec![],
    ] {
        let reading = journal::read(&sealed(5, &rows), &RULES, &mut None, &mut |_| ());
        assert!(reading.batches == 0 && matches!(reading.tail, Tail::Broken { .. }), "{rows:?}");
    }
    assert_eq!(journal::read(&sealed(5, &[commit]), &RULES, &mut None, &mut |_| ()).batches, 1);
}

#[test]
fn a_repair_saves_the_tail_and_leaves_a_clean_journal() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("7.jnl");
    let mut bytes = journal(1..=3);
    let end = bytes.len();
    bytes.extend(&batch(4)[..50]);
    bytes.resize(end + 4096, 0);
    fs::write(&path, &bytes).unwrap();
    let shelf = dir.path().join("doctor");
    for round in 0..2 {
        let torn = doctor::examine(std::slice::from_ref(&path), &RULES, &mark(3)).unwrap().torn.unwrap();
        let saved = doctor::repair(&torn, &shelf, "now").unwrap();
        assert_eq!(fs::read(&saved).unwrap(), batch(4)[..50]);
        assert_eq!(fs::read(&path).unwrap(), journal(1..=3));
        assert_eq!(fs::read_dir(&shelf).unwrap().count(), round + 1);
        fs::write(&path, &bytes).unwrap();
    }
}

/// A payload may contain the bytes of a batch; only a tail that is torn *and* newer counts.
#[test]
fn an_old_batch_inside_a_payload_is_not_taken_for_a_later_one() {
    let key = [&[1][..], &3_u64.to_be_bytes()].concat();
    let rows = [item(1, b"evil", &batch(1)), item(2, &key, &[hash(2), hash(3)].concat())];
    let torn = sealed(16, &rows);
    let mut bytes = journal(1..=2);
    let end = bytes.len();
    bytes.extend(&torn[..torn.len() - 4]);
    assert_eq!(examine(&[bytes], 2).unwrap().torn.unwrap().offset, end as u64);
}
