//! Entries and their chain on a store in memory.

use std::sync::Arc;

use serde_json::json;

use super::{Actor, Entry, Format, Origin, Query, after, check, line, list, record, record_of_nobody};
use crate::{
    base::{CompanyId, ManualClock, RawId, SeededRandom, Timestamp, UserId},
    storage::{Db, Read as _, Table, keyspaces},
};

const ONE: CompanyId = CompanyId::from_raw(RawId { hi: 1, lo: 0 });
const TWO: CompanyId = CompanyId::from_raw(RawId { hi: 2, lo: 0 });
const USER: UserId = UserId::from_raw(RawId { hi: 9, lo: 9 });

fn db() -> Db {
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000)));
    Db::in_memory(clock, Arc::new(SeededRandom::new(1))).unwrap()
}

async fn write(db: &Db, company: CompanyId, action: &'static str, object: &str) {
    let address = Some("192.0.2.1".parse().unwrap());
    let origin = Origin { actor: Actor::User(USER), address, request_id: "req-1".to_owned() };
    let entry = Entry { action, object: object.to_owned(), before: json!(null), after: json!({ "name": "=x" }) };
    db.write(move |tx| record(tx, company, &origin, entry)).await.unwrap();
}

async fn findings(db: &Db) -> Vec<String> {
    db.read(|snapshot| {
        let mut found = Vec::new();
        check(snapshot, &mut |finding| found.push(finding)).unwrap();
        found
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn entries_are_numbered_by_company_and_found() {
    let db = db();
    for number in 0..5 {
        write(&db, ONE, if number % 2 == 0 { "user.create" } else { "key.revoke" }, &format!("o{number}")).await;
        write(&db, TWO, "user.create", "other").await;
    }
    assert!(findings(&db).await.is_empty());
    let find = async |query: Query, before, limits| {
        db.read(move |snapshot| list(snapshot, ONE, &query, before, limits)).await.unwrap().unwrap()
    };
    let (all, next) = find(Query::default(), None, (10, 100)).await;
    assert_eq!(all.iter().map(|view| view.number).collect::<Vec<_>>(), [5, 4, 3, 2, 1]);
    assert_eq!(next, None);
    let (page, next) = find(Query::default(), None, (2, 100)).await;
    assert_eq!((page.len(), next), (2, Some(4)));
    let (page, next) = find(Query::default(), next, (3, 100)).await;
    assert_eq!((page.iter().map(|view| view.number).collect::<Vec<_>>(), next), (vec![3, 2, 1], None));
    let keys = Query { action: Some("key".to_owned()), ..Query::default() };
    assert_eq!(find(keys, None, (10, 100)).await.0.len(), 2);
    let nobody = Query { actor: Some("usr_x".to_owned()), ..Query::default() };
    assert_eq!(find(nobody, None, (10, 2)).await, (Vec::new(), Some(4)), "a page may be empty and not the last");
    let exported = db.read(|snapshot| after(snapshot, ONE, 3, 10)).await.unwrap().unwrap();
    assert_eq!(exported.iter().map(|view| view.number).collect::<Vec<_>>(), [4, 5]);
    let csv = line(&exported[0], Format::Csv);
    assert!(csv.starts_with("4,1970-01-01T00:16:40.000Z,user,usr_") && csv.ends_with("\r\n"), "{csv}");
    let json: serde_json::Value = serde_json::from_str(&line(&exported[0], Format::Ndjson)).unwrap();
    assert_eq!((&json["after"]["name"], &json["request_id"]), (&json!("=x"), &json!("req-1")));
}

#[tokio::test]
async fn a_changed_or_missing_entry_is_noticed() {
    const ENTRIES: Table<(u64, u64), super::EntryRow> = Table::of(keyspaces::AUDIT_ENTRIES);
    let db = db();
    for number in 0..4 {
        write(&db, ONE, "user.create", &format!("o{number}")).await;
    }
    db.write(|tx| {
        let mut row = tx.get(ENTRIES, &(1, 2))?.unwrap();
        row.object = "another".to_owned();
        tx.put(ENTRIES, &(1, 2), &row)
    })
    .await
    .unwrap();
    assert_eq!(findings(&db).await, ["audit log of company 1: entry 2 was changed, or the one before it"]);
    db.write(|tx| tx.remove(ENTRIES, &(1, 2))).await.unwrap();
    let found = findings(&db).await;
    assert_eq!(found, ["audit log of company 1: entries between 1 and 3 are missing"]);
}

#[tokio::test]
async fn a_log_that_ends_too_early_is_noticed() {
    const ENTRIES: Table<(u64, u64), super::EntryRow> = Table::of(keyspaces::AUDIT_ENTRIES);
    let db = db();
    for number in 0..3 {
        write(&db, ONE, "user.create", &format!("o{number}")).await;
        write(&db, TWO, "user.create", &format!("o{number}")).await;
    }
    db.write(|tx| tx.remove(ENTRIES, &(1, 3))).await.unwrap();
    assert_eq!(findings(&db).await, ["audit log of company 1: it ends with entry 2 and not 3"]);
    // What is recorded afterwards does not cover it up.
    for _ in 0..2 {
        write(&db, ONE, "user.create", "o").await;
        assert_eq!(findings(&db).await, ["audit log of company 1: entries between 2 and 4 are missing"]);
    }
    db.write(|tx| (4..=5).try_for_each(|number| tx.remove(ENTRIES, &(1, number)))).await.unwrap();
    assert_eq!(findings(&db).await, ["audit log of company 1: it ends with entry 2 and not 5"]);
    db.write(|tx| (1..=2).try_for_each(|number| tx.remove(ENTRIES, &(1, number)))).await.unwrap();
    assert_eq!(findings(&db).await, ["audit log of company 1: it ends with entry 0 and not 5"]);
}

#[tokio::test]
async fn a_log_of_a_release_that_did_not_count_goes_on_where_it_ended() {
    let db = db();
    for number in 0..3 {
        write(&db, ONE, "user.create", &format!("o{number}")).await;
    }
    // It never counted, and it did not while it ran in place of this one for a time.
    for (uncounted, entries) in [(-3, 4), (-2, 5)] {
        db.write(move |tx| {
            tx.add(super::store::last_number(1), uncounted);
            Ok::<_, crate::storage::Error>(())
        })
        .await
        .unwrap();
        assert!(findings(&db).await.is_empty(), "nothing is missing before the next entry either");
        write(&db, ONE, "user.create", "o").await;
        let (all, _) = db.read(|s| list(s, ONE, &Query::default(), None, (9, 9))).await.unwrap().unwrap();
        let numbers: Vec<_> = all.iter().map(|view| view.number).collect();
        assert_eq!(numbers, (1..=entries).rev().collect::<Vec<_>>());
        let counted = db.read(|s| s.counter(&super::store::last_number(1))).await.unwrap().unwrap();
        assert_eq!(u64::try_from(counted), Ok(entries));
        assert!(findings(&db).await.is_empty());
    }
}

#[tokio::test]
async fn a_huge_value_is_left_out() {
    let db = db();
    let entry = Entry { action: "x.y", object: "o".to_owned(), before: json!(null), after: json!("v".repeat(100_000)) };
    db.write(move |tx| record(tx, ONE, &Origin::machine(), entry)).await.unwrap();
    let (all, _) = db.read(|s| list(s, ONE, &Query::default(), None, (1, 1))).await.unwrap().unwrap();
    assert_eq!(all[0].after, json!("(100002 bytes, left out)"));
    assert_eq!(all[0].actor, ("machine".to_owned(), None));
}

#[tokio::test]
async fn what_concerns_nobody_leaves_one_entry_and_no_gap() {
    let db = db();
    write(&db, ONE, "user.create", "o").await;
    for number in 0..3 {
        let after = json!({ "number": number });
        let entry = Entry { action: "session.refuse", object: "nobody".to_owned(), before: json!(null), after };
        db.write(move |tx| record_of_nobody(tx, &Origin::system(), entry)).await.unwrap();
    }
    let nobody = CompanyId::from_raw(RawId { hi: 0, lo: 0 });
    let (kept, _) = db.read(move |s| list(s, nobody, &Query::default(), None, (9, 9))).await.unwrap().unwrap();
    assert_eq!(kept.iter().map(|view| (view.number, &view.after["number"])).collect::<Vec<_>>(), [(1, &json!(2))]);
    assert_eq!(db.read(|s| after(s, ONE, 0, 9)).await.unwrap().unwrap().len(), 1);
    assert!(findings(&db).await.is_empty());
}
