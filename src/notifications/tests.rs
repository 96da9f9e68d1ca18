//! What readers see, on the memory engine.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{
    AGAIN_MS, Audience, KEPT_MAX, KEPT_MS, MARKED_TAG, NewNotification, Noted, NotificationView, Reader, TOLD_TAG,
    forget, list, mark_all_read, mark_read, noted, notify, remove_old,
};
use crate::{
    base::{CompanyId, ManualClock, NotificationId, RawId, SeededRandom, Timestamp, UserId},
    storage::{Db, Error, KeyRange, Note, Order, Read, Table, Tx, keyspaces, testing::Damaged},
};

const COMPANY: CompanyId = CompanyId::from_raw(RawId { hi: 7, lo: 70 });
const OTHER: CompanyId = CompanyId::from_raw(RawId { hi: 8, lo: 80 });

const fn user(hi: u64) -> UserId {
    UserId::from_raw(RawId { hi, lo: hi * 10 })
}

const fn reader(hi: u64, is_operator: bool) -> Reader {
    Reader { company: COMPANY, user: user(hi), is_operator }
}

struct World {
    clock: Arc<ManualClock>,
    db: Db,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_700_000_000_000)));
        let db = Db::in_memory(Arc::clone(&clock) as _, Arc::new(SeededRandom::new(1))).unwrap();
        Self { clock, db }
    }

    async fn write<T: Send + 'static>(&self, work: impl FnOnce(&mut Tx<'_>) -> Result<T, Error> + Send + 'static) -> T {
        self.db.write(work).await.unwrap()
    }

    async fn tell(&self, audience: Audience, topic: &str) {
        self.tell_of("told", audience, topic).await;
    }

    async fn tell_of(&self, kind: &'static str, audience: Audience, topic: &str) {
        let new = NewNotification { kind, topic: topic.to_owned(), object: None, detail: None, count: None };
        self.write(move |tx| notify(tx, COMPANY, audience, new)).await;
    }

    async fn seen(&self, reader: Reader) -> Vec<NotificationView> {
        let now = self.db.now();
        self.db.read(move |snapshot| list(snapshot, &reader, now)).await.unwrap().unwrap()
    }

    async fn unread(&self, reader: Reader) -> usize {
        self.seen(reader).await.into_iter().filter(|view| !view.is_read).count()
    }

    /// What the stream says to the reader about a note.
    async fn noted(&self, reader: Reader, note: Note) -> Option<Noted> {
        let now = self.db.now();
        self.db.read(move |snapshot| noted(snapshot, &reader, note, now)).await.unwrap().unwrap()
    }

    async fn mark(&self, reader: Reader, id: NotificationId) -> bool {
        self.write(move |tx| mark_read(tx, &reader, id)).await
    }

    async fn mark_all(&self, reader: Reader, until: Option<NotificationId>) {
        self.write(move |tx| mark_all_read(tx, &reader, until)).await;
    }
}

#[tokio::test]
async fn each_reader_sees_what_is_for_it_and_has_marks_of_its_own() {
    let world = World::new();
    world.tell(Audience::Operators, "a").await;
    world.tell(Audience::Person(user(2)), "b").await;
    let (manager, other, person) = (reader(1, true), reader(3, true), reader(2, false));
    assert_eq!(world.unread(manager).await, 1);
    assert_eq!(world.unread(person).await, 1);
    assert_eq!(world.unread(reader(2, true)).await, 2);
    assert_eq!(world.seen(Reader { company: OTHER, ..manager }).await, []);
    let id = world.seen(manager).await[0].id;
    assert!(!world.mark(person, id).await, "it is not for this person");
    let forged = NotificationId::from_raw(RawId { lo: 0, ..id.raw() });
    assert!(!world.mark(manager, forged).await, "the whole id must be right");
    assert!(world.mark(manager, id).await && world.mark(manager, id).await);
    assert_eq!((world.unread(manager).await, world.unread(other).await), (0, 1));
}

#[tokio::test]
async fn the_same_is_told_once_an_hour() {
    let world = World::new();
    for _ in 0..3 {
        world.tell(Audience::Operators, "a").await;
    }
    world.tell(Audience::Operators, "b").await;
    world.tell(Audience::Person(user(1)), "a").await;
    assert_eq!(world.seen(reader(1, true)).await.len(), 3);
    world.clock.advance_ms(AGAIN_MS);
    world.tell(Audience::Operators, "a").await;
    assert_eq!(world.seen(reader(1, true)).await.len(), 4);
}

#[tokio::test]
async fn marking_all_leaves_what_was_not_seen() {
    let world = World::new();
    let one = reader(1, true);
    world.mark_all(one, None).await;
    for topic in ["a", "b", "c"] {
        world.tell(Audience::Operators, topic).await;
    }
    let ids: Vec<_> = world.seen(one).await.into_iter().map(|view| view.id).collect();
    assert!(ids.is_sorted_by(|left, right| left > right), "the newest first");
    world.mark(one, ids[0]).await;
    world.mark_all(one, Some(ids[1])).await;
    assert_eq!(world.unread(one).await, 0);
    world.tell(Audience::Operators, "d").await;
    let far = NotificationId::from_raw(RawId { hi: u64::MAX, lo: 0 });
    world.mark_all(one, Some(far)).await;
    assert_eq!(world.unread(one).await, 0);
    world.tell(Audience::Operators, "e").await;
    assert_eq!(world.unread(one).await, 1, "what is still to come was not read");
    world.mark_all(one, Some(ids[2])).await;
    assert_eq!(world.unread(one).await, 1);
}

#[tokio::test]
async fn the_newest_are_kept_and_not_for_ever() {
    let world = World::new();
    for number in 0..KEPT_MAX + 20 {
        world.tell(Audience::Operators, &number.to_string()).await;
    }
    let one = reader(1, true);
    assert_eq!(world.seen(one).await.len(), KEPT_MAX);
    let stored = |db: Db| async move {
        let table = Table::<(u64, u64, u64), Damaged>::of(keyspaces::NOTIFICATIONS);
        let rows = move |read: &_| Read::list_past_damage(read, table, &KeyRange::all(), Order::Ascending, 10_000);
        db.read(rows).await.unwrap().unwrap().len()
    };
    assert_eq!(stored(world.db.clone()).await, KEPT_MAX);
    let stop = CancellationToken::new();
    assert_eq!(remove_old(&world.db, &stop).await.unwrap(), 0);
    world.clock.advance_ms(KEPT_MS + 1);
    assert_eq!(world.seen(one).await, [], "also before it is removed");
    world.tell(Audience::Person(user(1)), "new").await;
    assert_eq!(remove_old(&world.db, &stop).await.unwrap(), KEPT_MAX);
    assert_eq!(stored(world.db.clone()).await, 1);
}

#[tokio::test]
async fn a_newcomer_is_not_told_what_was_before_and_who_leaves_is_forgotten() {
    let world = World::new();
    world.tell(Audience::Operators, "before").await;
    let late = world.write(|tx| Ok(UserId::from_raw(tx.mint()))).await;
    let newcomer = Reader { company: COMPANY, user: late, is_operator: true };
    assert_eq!(world.seen(newcomer).await, []);
    world.tell(Audience::Operators, "after").await;
    world.tell(Audience::Person(late), "own").await;
    world.mark_all(newcomer, None).await;
    assert_eq!((world.seen(newcomer).await.len(), world.unread(newcomer).await), (2, 0));
    world.write(move |tx| forget(tx, COMPANY, late)).await;
    assert_eq!((world.seen(newcomer).await.len(), world.unread(newcomer).await), (1, 1), "neither rows nor marks");
}

#[tokio::test]
async fn damaged_rows_hide_nothing_and_fail_nothing() {
    let world = World::new();
    let one = reader(1, true);
    world.tell(Audience::Operators, "a").await;
    world.tell(Audience::Operators, "b").await;
    let seen = world.seen(one).await;
    world.mark_all(one, None).await;
    let rows = Table::<(u64, u64, u64), Damaged>::of(keyspaces::NOTIFICATIONS);
    let marks = Table::<u64, Damaged>::of(keyspaces::NOTIFICATION_MARKS);
    let hurt = seen[0].id.hi();
    world.write(move |tx| tx.put(rows, &(COMPANY.hi(), 0, hurt), &Damaged)).await;
    world.write(move |tx| tx.put(marks, &1, &Damaged)).await;
    assert_eq!(world.unread(one).await, 1, "the other one is there, and unread again");
    assert!(!world.mark(one, seen[0].id).await && world.mark(one, seen[1].id).await);
    assert_eq!(world.unread(one).await, 0);
    world.tell(Audience::Operators, "c").await;
    assert_eq!(world.unread(one).await, 1);
    world.clock.advance_ms(KEPT_MS + 1);
    assert_eq!(remove_old(&world.db, &CancellationToken::new()).await.unwrap(), 3);
}

#[tokio::test]
async fn a_flood_of_one_kind_leaves_the_others() {
    let world = World::new();
    let one = reader(1, true);
    for kind in ["rare", "odd"] {
        world.tell_of(kind, Audience::Operators, "a").await;
    }
    for number in 0..KEPT_MAX + 20 {
        world.tell_of("flood", Audience::Operators, &number.to_string()).await;
    }
    world.tell_of("rare", Audience::Operators, "b").await;
    let seen = world.seen(one).await;
    assert_eq!(seen.len(), KEPT_MAX);
    let of = |kind: &str| seen.iter().filter(|view| view.kind == kind).count();
    assert_eq!((of("rare"), of("odd"), of("flood")), (2, 1, KEPT_MAX - 3));
    // A row that cannot be read goes before any other one.
    let rows = Table::<(u64, u64, u64), Damaged>::of(keyspaces::NOTIFICATIONS);
    let hurt = seen.last().unwrap().id.hi();
    world.write(move |tx| tx.put(rows, &(COMPANY.hi(), 0, hurt), &Damaged)).await;
    world.tell_of("odd", Audience::Operators, "b").await;
    assert_eq!(world.seen(one).await.len(), KEPT_MAX);
}

#[tokio::test]
async fn the_stream_tells_what_the_list_shows() {
    let world = World::new();
    let (one, other) = (reader(1, true), reader(2, true));
    world.tell(Audience::Operators, "a").await;
    let view = world.seen(one).await.remove(0);
    let note = Note { tag: TOLD_TAG, hi: view.id.hi(), lo: Some(0) };
    assert_eq!(world.noted(one, note).await, Some(Noted::Told(view.clone())));
    assert_eq!(world.noted(reader(1, false), note).await, None, "it is for operators");
    let newcomer = reader(view.id.hi() + 1, true);
    assert_eq!((world.noted(newcomer, note).await, world.seen(newcomer).await), (None, vec![]), "it was before");
    world.mark(one, view.id).await;
    let read = NotificationView { is_read: true, ..view.clone() };
    assert_eq!(world.noted(one, note).await, Some(Noted::Told(read)), "a replay tells that it was read");
    assert_eq!(world.noted(other, note).await, Some(Noted::Told(view)));
    let marked = Note { tag: MARKED_TAG, hi: 1, lo: None };
    assert_eq!((world.noted(one, marked).await, world.noted(other, marked).await), (Some(Noted::Marked), None));
    world.clock.advance_ms(KEPT_MS + 1);
    assert_eq!(world.noted(one, note).await, None, "it is too old");
}
