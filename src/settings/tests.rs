//! What is in force, on the memory engine.

use std::sync::Arc;

use super::{API_BURST, Base, Error, Registration, SettingsChange, Values, store};
use crate::{
    base::{ManualClock, SeededRandom, Timestamp},
    http::Change,
    storage::{Db, Table, keyspaces, testing::Damaged},
};

const DEFAULT: Values = Values { registration: Registration::InviteOnly, api_per_second: 1_000, api_burst: 2_000 };

fn base(fixed: &[&'static str]) -> Base {
    Base { values: DEFAULT, fixed: fixed.iter().map(|name| (*name, "flag --test".to_owned())).collect() }
}

fn change(burst: Change<u32>) -> SettingsChange {
    SettingsChange { registration: Change::Set(Registration::Closed), api_burst: burst, ..SettingsChange::default() }
}

#[test]
fn what_the_configuration_fixes_stands() {
    let mut row = store::SettingsRow::default();
    change(Change::Set(7)).apply(&mut row);
    let set = Values { registration: Registration::Closed, api_burst: 7, ..DEFAULT };
    assert_eq!(base(&[]).with(&row), set);
    let fixed = base(&[API_BURST]);
    assert_eq!(fixed.with(&row), Values { api_burst: 2_000, ..set }, "what was set before does not count");
    assert!(fixed.check(&change(Change::Keep)).is_ok());
    for wanted in [Change::Clear, Change::Set(7)] {
        let refused = fixed.check(&change(wanted));
        assert!(matches!(refused, Err(Error::Fixed(API_BURST, source)) if source == "flag --test"));
    }
    assert!(matches!(base(&[]).check(&change(Change::Set(1_000_001))), Err(Error::Range(API_BURST))));
    assert!(base(&[]).check(&change(Change::Set(1_000_000))).is_ok());
    change(Change::Clear).apply(&mut row);
    assert_eq!(base(&[]).with(&row), Values { api_burst: 2_000, ..set });
}

#[tokio::test]
async fn a_damaged_row_counts_as_none_and_is_written_anew() {
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_700_000_000_000)));
    let db = Db::in_memory(clock, Arc::new(SeededRandom::new(1))).unwrap();
    let row = store::SettingsRow { api_burst: Some(7), ..store::SettingsRow::default() };
    db.write(move |tx| store::put(tx, &row)).await.unwrap();
    assert_eq!(store::find(&db.snapshot()).unwrap(), row);
    let rows = Table::<u8, Damaged>::of(keyspaces::INSTANCE_SETTINGS);
    db.write(move |tx| tx.put(rows, &0, &Damaged)).await.unwrap();
    assert_eq!(store::find(&db.snapshot()).unwrap(), store::SettingsRow::default());
    db.write(move |tx| store::put(tx, &row)).await.unwrap();
    assert_eq!(store::find(&db.snapshot()).unwrap(), row);
}
