//! What every storage engine must do: one suite, one line per implementation.

use std::{ops::ControlFlow, sync::Arc};

use novapulse::storage::{
    Order, Space,
    engine::{
        Change, Engine, EngineSnapshot,
        fjall::{FjallEngine, FjallOptions},
        memory::MemoryEngine,
    },
};

type Row = (Vec<u8>, Vec<u8>);

#[test]
fn memory_engine_conforms() {
    suite(&|| Arc::new(MemoryEngine::default()));
}

#[test]
fn fjall_engine_conforms() {
    let root = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    suite(&|| {
        count.set(count.get() + 1);
        let path = root.path().join(count.get().to_string());
        Arc::new(FjallEngine::open(&path, &FjallOptions::default()).unwrap())
    });
}

#[test]
fn fjall_engine_keeps_what_it_synced() {
    let root = tempfile::tempdir().unwrap();
    let engine = FjallEngine::open(root.path(), &FjallOptions::default()).unwrap();
    put(&engine, Space::Index, b"a", b"1");
    engine.sync().unwrap();
    drop(engine);
    let engine = FjallEngine::open(root.path(), &FjallOptions::default()).unwrap();
    assert_eq!(get(&*engine.snapshot(), Space::Index, b"a"), Some(b"1".to_vec()));
}

fn suite(make: &dyn Fn() -> Arc<dyn Engine>) {
    spaces_are_apart(&*make());
    the_last_change_of_a_key_wins(&*make());
    snapshots_do_not_change(&*make());
    scans_have_an_inclusive_start_and_an_exclusive_end(&*make());
    scans_stop_when_told(&*make());
    large_values_come_back_whole(&*make());
}

fn put(engine: &dyn Engine, space: Space, key: &[u8], value: &[u8]) {
    engine.write(&mut [Change { space, key, value: Some(value) }].into_iter()).unwrap();
}

fn get(snapshot: &dyn EngineSnapshot, space: Space, key: &[u8]) -> Option<Vec<u8>> {
    let mut value = None;
    snapshot.get(space, key, &mut |found| value = Some(found.to_vec())).unwrap();
    value
}

fn scan(snapshot: &dyn EngineSnapshot, start: &[u8], end: &[u8], order: Order, limit: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    snapshot
        .scan(Space::Records, start, end, order, &mut |key, value| {
            rows.push((key.to_vec(), value.to_vec()));
            if rows.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
        .unwrap();
    rows
}

fn keys(rows: Vec<Row>) -> Vec<u8> {
    rows.into_iter().map(|(key, _)| key[0]).collect()
}

fn spaces_are_apart(engine: &dyn Engine) {
    put(engine, Space::Records, b"k", b"records");
    assert_eq!(get(&*engine.snapshot(), Space::Index, b"k"), None);
    assert_eq!(get(&*engine.snapshot(), Space::Records, b"k"), Some(b"records".to_vec()));
}

fn the_last_change_of_a_key_wins(engine: &dyn Engine) {
    let change = |value| Change { space: Space::Index, key: b"k", value };
    engine.write(&mut [change(Some(b"1".as_slice())), change(None), change(Some(b"2"))].into_iter()).unwrap();
    assert_eq!(get(&*engine.snapshot(), Space::Index, b"k"), Some(b"2".to_vec()));
    engine.write(&mut [change(Some(b"3".as_slice())), change(None)].into_iter()).unwrap();
    assert_eq!(get(&*engine.snapshot(), Space::Index, b"k"), None);
}

fn snapshots_do_not_change(engine: &dyn Engine) {
    put(engine, Space::Records, b"a", b"1");
    let before = engine.snapshot();
    put(engine, Space::Records, b"a", b"2");
    put(engine, Space::Records, b"b", b"1");
    engine.write(&mut [Change { space: Space::Records, key: b"a", value: None }].into_iter()).unwrap();
    assert_eq!(scan(&*before, b"a", b"z", Order::Ascending, 9), [(b"a".to_vec(), b"1".to_vec())]);
    assert_eq!(keys(scan(&*engine.snapshot(), b"a", b"z", Order::Ascending, 9)), b"b");
}

fn scans_have_an_inclusive_start_and_an_exclusive_end(engine: &dyn Engine) {
    for key in [b"a", b"b", b"c", b"d"] {
        put(engine, Space::Records, key, b"");
    }
    let snapshot = engine.snapshot();
    assert_eq!(keys(scan(&*snapshot, b"b", b"d", Order::Ascending, 9)), b"bc");
    assert_eq!(keys(scan(&*snapshot, b"b", b"d", Order::Descending, 9)), b"cb");
    assert!(scan(&*snapshot, b"d", b"b", Order::Ascending, 9).is_empty());
    assert!(scan(&*snapshot, b"b", b"b", Order::Descending, 9).is_empty());
}

fn scans_stop_when_told(engine: &dyn Engine) {
    for key in 0..50_u8 {
        put(engine, Space::Records, &[key], &[key]);
    }
    let snapshot = engine.snapshot();
    assert_eq!(keys(scan(&*snapshot, &[0], &[99], Order::Ascending, 3)), [0, 1, 2]);
    assert_eq!(keys(scan(&*snapshot, &[0], &[99], Order::Descending, 3)), [49, 48, 47]);
}

fn large_values_come_back_whole(engine: &dyn Engine) {
    let value: Vec<u8> = (0..1_200_000_u32).map(|number| (number % 251) as u8).collect();
    put(engine, Space::Records, b"large", &value);
    engine.sync().unwrap();
    assert_eq!(get(&*engine.snapshot(), Space::Records, b"large"), Some(value));
}
