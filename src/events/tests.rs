//! Publishing: bodies, idempotent ids, subscribers in the same transaction, retention.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::{
    Error, Event, EventQuery, Events, NewEvent, Published, Subscriber, check_external_id, oldest_before, remove,
};
use crate::{
    base::{CompanyId, ManualClock, RawId, SeededRandom, Timestamp},
    storage::{Db, Tx},
};

struct Fixed(Result<u32, ()>);

impl Subscriber for Fixed {
    fn on_event(&self, _: &mut Tx<'_>, event: &Event) -> Result<u32, Error> {
        assert!(event.data_value().is_some());
        self.0.map_err(|()| Error::TooManyDeliveries)
    }
}

struct World {
    db: Db,
    clock: Arc<ManualClock>,
    events: Events,
    company: CompanyId,
}

fn world(answer: Result<u32, ()>) -> World {
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_767_225_600_000)));
    let db = Db::in_memory(clock.clone(), Arc::new(SeededRandom::new(1))).unwrap();
    let events = Events::new(vec![Arc::new(Fixed(answer))]);
    World { db, clock, events, company: CompanyId::from_raw(RawId { hi: 7, lo: 8 }) }
}

impl World {
    fn publish(&self, event_type: &str, data: &str, external_id: Option<&str>) -> Result<Published, Error> {
        let new = NewEvent {
            company: self.company,
            event_type: event_type.to_owned(),
            data: Bytes::copy_from_slice(data.as_bytes()),
            parsed: None,
            external_id: external_id.map(str::to_owned),
        };
        let events = self.events.clone();
        self.db.write_blocking(move |tx| events.publish(tx, new))
    }

    fn list(&self) -> Vec<Event> {
        let query = EventQuery { limit: 100, scan_limit: 100, ..EventQuery::default() };
        super::list(&self.db.snapshot(), self.company, &query).unwrap().0
    }
}

#[test]
fn the_body_is_made_once_with_the_data_as_sent() {
    let world = world(Ok(2));
    let data = "{ \"amount\" : 1.0, \"b\":[1, 2] }";
    let published = world.publish("order.created", data, None).unwrap();
    assert_eq!((published.deliveries, published.is_duplicate), (2, false));
    let event = super::find(&world.db.snapshot(), world.company, published.id).unwrap().unwrap();
    assert_eq!(
        event.body,
        format!(
            "{{\"id\":\"{}\",\"type\":\"order.created\",\"timestamp\":\"2026-01-01T00:00:00.000Z\",\"data\":{data}}}",
            published.id
        )
    );
    assert!(serde_json::from_slice::<Value>(&event.body).is_ok());
    assert_eq!(event.data(), data);
}

#[test]
fn a_given_id_is_idempotent_for_the_same_content_only() {
    let world = world(Ok(3));
    let first = world.publish("order.created", r#"{"a":1,"b":2}"#, Some("order-1")).unwrap();
    assert_eq!((first.message_id.as_str(), first.deliveries, first.is_duplicate), ("order-1", 3, false));
    for same in [r#"{"a":1,"b":2}"#, r#"{ "b": 2, "a": 1 }"#] {
        let again = world.publish("order.created", same, Some("order-1")).unwrap();
        assert_eq!(again, Published { is_duplicate: true, ..first.clone() });
    }
    for (event_type, data) in [("order.created", r#"{"a":2}"#), ("order.paid", r#"{"a":1,"b":2}"#)] {
        let refused = world.publish(event_type, data, Some("order-1"));
        assert!(matches!(refused, Err(Error::OtherContent(id)) if id == "order-1"));
    }
    assert_eq!(world.list().len(), 1);
    let found = super::find_by_message_id(&world.db.snapshot(), world.company, "order-1").unwrap();
    assert_eq!(found.map(|event| event.id), Some(first.id));
}

#[test]
fn an_id_that_the_server_gave_is_taken() {
    let world = world(Ok(3));
    let first = world.publish("order.created", r#"{"a":1}"#, None).unwrap();
    let again = world.publish("order.created", r#"{"a":1}"#, Some(&first.message_id)).unwrap();
    assert_eq!(again, Published { is_duplicate: true, ..first.clone() });
    let refused = world.publish("order.created", r#"{"a":2}"#, Some(&first.message_id));
    assert!(matches!(refused, Err(Error::OtherContent(id)) if id == first.message_id));
    assert_eq!(world.list().len(), 1);
}

#[test]
fn another_companys_event_is_not_found() {
    let world = world(Ok(0));
    let published = world.publish("a", "1", Some("x")).unwrap();
    let other = CompanyId::from_raw(RawId { hi: 9, lo: 9 });
    let snapshot = world.db.snapshot();
    for id in [published.id.to_string(), "x".to_owned()] {
        assert!(super::find_by_message_id(&snapshot, other, &id).unwrap().is_none(), "{id}");
    }
    let guessed = crate::base::EventId::from_raw(RawId { hi: published.id.hi(), lo: 0 });
    assert!(super::find(&snapshot, world.company, guessed).unwrap().is_none());
}

#[test]
fn a_failing_subscriber_leaves_nothing_behind() {
    let world = world(Err(()));
    assert!(world.publish("a", "1", Some("x")).is_err());
    assert!(world.list().is_empty());
    assert_eq!(super::count(&world.db.snapshot(), world.company).unwrap(), 0);
}

#[test]
fn lists_are_newest_first_and_bounded() {
    let world = world(Ok(0));
    for number in 0..10 {
        let event_type = if number % 2 == 0 { "even" } else { "odd" };
        world.publish(event_type, &number.to_string(), None).unwrap();
        world.clock.advance_ms(1000);
    }
    let snapshot = world.db.snapshot();
    let list = |query: EventQuery| {
        let (events, next) = super::list(&snapshot, world.company, &query).unwrap();
        (events.iter().map(|event| String::from_utf8(event.data().to_vec()).unwrap()).collect::<Vec<_>>(), next)
    };
    let all = EventQuery { limit: 3, scan_limit: 100, ..EventQuery::default() };
    let (page, next) = list(all.clone());
    assert_eq!(page, ["9", "8", "7"]);
    assert_eq!(list(EventQuery { before_hi: next, ..all.clone() }).0, ["6", "5", "4"]);
    assert_eq!(list(EventQuery { event_type: Some("odd".to_owned()), ..all.clone() }).0, ["9", "7", "5"]);
    let (few, next) = list(EventQuery { event_type: Some("none".to_owned()), scan_limit: 4, ..all.clone() });
    assert!(few.is_empty() && next.is_some(), "looking stops after scan_limit rows and can go on there");
    let start = Timestamp::from_ms(1_767_225_600_000);
    let timed = EventQuery { since: Some(start.plus_ms(2000)), until: Some(start.plus_ms(4000)), ..all };
    assert_eq!(list(timed).0, ["3", "2"]);
}

#[test]
fn purging_removes_the_oldest_with_their_ids_and_counts() {
    let world = world(Ok(0));
    for number in 0..5 {
        world.publish("a", "1", Some(&format!("id-{number}"))).unwrap();
        world.clock.advance_ms(1000);
    }
    let before = Timestamp::from_ms(1_767_225_600_000 + 3000);
    let company = world.company;
    let purge = |after: u64| {
        let removed = world.db.write_blocking(move |tx| {
            let old = oldest_before(tx, company, after, before, 2)?;
            let places: Vec<u64> = old.iter().map(|one| one.hi).collect();
            old.into_iter().try_for_each(|one| remove(tx, company, one))?;
            Ok::<_, Error>(places)
        });
        removed.unwrap()
    };
    let first = purge(0);
    assert_eq!(first.len(), 2);
    assert_eq!((purge(first[1]).len(), purge(first[1]).len()), (1, 0));
    assert_eq!(world.list().len(), 2);
    let snapshot = world.db.snapshot();
    assert_eq!(super::count(&snapshot, company).unwrap(), 2);
    assert!(super::stored_bytes(&snapshot, company).unwrap() > 0);
    assert!(!world.publish("a", "1", Some("id-0")).unwrap().is_duplicate, "a purged id can be given again");
    assert_eq!(super::companies(&world.db.snapshot(), None, 10).unwrap(), [company]);
}

#[test]
fn ids_with_separators_are_refused() {
    for id in ["", "a.b", "a b", "ü", "a/b", &"x".repeat(129)] {
        assert!(check_external_id(id).is_err(), "{id:?}");
    }
    assert!(check_external_id("order-1_b:C").is_ok());
}
