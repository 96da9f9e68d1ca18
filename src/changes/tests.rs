//! The feed as its readers see it, on the memory engine.

use std::sync::Arc;

use bytes::Bytes;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Changes, Error, Parts, Settings, check,
    reading::{self, Batch, Cursor, Object},
};
use crate::{
    audit::Origin,
    auth::{self, Auth, Caller, Credential, NewApiKey, Scopes},
    base::{CompanyId, JobId, ManualClock, RawId, SealKey, SeededRandom, Timestamp},
    queue::{JobChange, LeaseRequest, NewJob, Outcome, QueueConfig, Queues, enqueue, enqueue_many},
    storage::{Db, Table, engine::memory::MemoryEngine, keyspaces, testing::Damaged},
};

struct World {
    engine: MemoryEngine,
    clock: Arc<ManualClock>,
    db: Db,
    queues: Queues,
    changes: Changes,
    stop: CancellationToken,
}

fn company(number: u64) -> CompanyId {
    CompanyId::from_raw(RawId { hi: number, lo: number * 1000 })
}

fn job(number: u64) -> NewJob {
    NewJob::new(company(number), "things".parse().unwrap(), "thing.do", Bytes::from_static(b"{}"))
}

impl World {
    async fn with(settings: Settings) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_700_000_000_000)));
        Self::open(MemoryEngine::default(), clock, settings).await
    }

    async fn open(engine: MemoryEngine, clock: Arc<ManualClock>, settings: Settings) -> Self {
        let db = Db::over_memory(engine.clone(), Arc::clone(&clock) as _, Arc::new(SeededRandom::new(7))).unwrap();
        let queues = Queues::open(db.clone(), QueueConfig { cores: 1, ..QueueConfig::default() }).await.unwrap();
        let auth = Auth::new(db.clone(), auth::Settings::new(Arc::new(SealKey::from_bytes(&[7; 32]))));
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        let parts = Parts { db: db.clone(), queues: queues.clone(), auth, tracker, stop: stop.clone(), settings };
        Self { engine, clock, db, queues, changes: Changes::new(parts), stop }
    }

    async fn crash(self) -> Self {
        let Self { engine, clock, db, queues, changes, .. } = self;
        let settings = changes.parts().settings;
        drop((queues, changes));
        tokio::task::spawn_blocking(move || db.stop()).await.unwrap();
        engine.crash();
        Self::open(engine, clock, settings).await
    }

    async fn add(&self, job: NewJob) -> JobId {
        let queues = self.queues.clone();
        self.db.write(move |tx| enqueue(tx, &queues, job)).await.unwrap().id
    }

    async fn page(&self, number: u64, after: Option<Cursor>, limit: usize) -> Result<Batch, Error> {
        let queues = self.queues.clone();
        self.db
            .read(move |snapshot| reading::page(snapshot, &queues, (company(number), None), after, limit))
            .await
            .unwrap()
    }

    /// Everything after a place, page by page.
    async fn all(&self, number: u64, mut after: Option<Cursor>, limit: usize) -> Vec<(String, JobChange)> {
        let mut found = Vec::new();
        loop {
            let batch = self.page(number, after, limit).await.unwrap();
            assert!(batch.changes.len() <= limit);
            for change in &batch.changes {
                let Object::Job { id, change, .. } = &change.object else { panic!("{change:?}") };
                found.push((id.clone(), *change));
            }
            assert!(batch.changes.is_sorted_by(|left, right| left.cursor < right.cursor));
            assert!(after.is_none_or(|after| batch.next >= after));
            after = Some(batch.next);
            if !batch.has_more {
                return found;
            }
        }
    }

    fn is_sound(&self) {
        let mut findings = Vec::new();
        check(&self.db.snapshot(), &mut |finding| findings.push(finding)).unwrap();
        assert_eq!(findings, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_job_is_told_from_its_enqueue_to_its_end() {
    let world = World::with(Settings::default()).await;
    let id = world.add(job(1)).await;
    let request = LeaseRequest {
        company: company(1),
        queue: "things".parse().unwrap(),
        max: 1,
        lease_ms: 30_000,
        wait_ms: 0,
        worker: "w".to_owned(),
        kinds: None,
    };
    let leased = world.queues.lease(request).await.unwrap().remove(0);
    let (queues, token) = (world.queues.clone(), leased.token.clone());
    let outcome = Outcome::Complete { result: None };
    world.db.write(move |tx| queues.settle(tx, company(1), id, &token, outcome)).await.unwrap();
    let id = id.to_string();
    let told = [JobChange::Created, JobChange::Started, JobChange::Completed].map(|change| (id.clone(), change));
    assert_eq!(world.all(1, None, 250).await, told);
    assert_eq!(world.all(2, None, 250).await, []);
    world.is_sound();
}

#[tokio::test]
async fn pages_of_any_size_tell_each_change_once_also_after_a_crash() {
    let mut world = World::with(Settings::default()).await;
    let mut ids = Vec::new();
    for _ in 0..7 {
        let queues = world.queues.clone();
        let many = world.db.write(move |tx| enqueue_many(tx, &queues, (0..5).map(|_| job(1)))).await.unwrap();
        ids.extend(many.into_iter().map(|enqueued| enqueued.id.to_string()));
        world.add(job(2)).await;
    }
    world = world.crash().await;
    for limit in [1, 3, 5, 250] {
        let found: Vec<_> = world.all(1, None, limit).await.into_iter().map(|(id, _)| id).collect();
        assert_eq!(found, ids, "in pages of {limit}");
    }
    let end = world.page(1, None, 250).await.unwrap().next;
    assert_eq!(world.all(1, Some(end), 250).await, []);
    let late = world.add(job(1)).await;
    assert_eq!(world.all(1, Some(end), 250).await, [(late.to_string(), JobChange::Created)]);
    world.is_sound();
}

#[tokio::test]
async fn a_transaction_that_fails_tells_nothing() {
    let world = World::with(Settings::default()).await;
    let queues = world.queues.clone();
    let failed = world.db.write(move |tx| {
        enqueue(tx, &queues, job(1))?;
        Err::<(), _>(crate::queue::Error::NotFound(JobId::from_raw(RawId { hi: 1, lo: 1 })))
    });
    failed.await.unwrap_err();
    assert_eq!(world.all(1, None, 250).await, []);
    let queues = world.queues.clone();
    let kept = world.db.write(move |tx| {
        let part = tx.part(|tx| {
            enqueue(tx, &queues, job(1))?;
            Err::<(), _>(crate::queue::Error::NotFound(JobId::from_raw(RawId { hi: 1, lo: 1 })))
        });
        part.unwrap_err();
        enqueue(tx, &queues, job(1))
    });
    let id = kept.await.unwrap().id.to_string();
    assert_eq!(world.all(1, None, 250).await, [(id, JobChange::Created)], "a part that failed tells nothing either");
}

#[tokio::test]
async fn what_was_removed_makes_older_cursors_bad() {
    let world = World::with(Settings { keep_ms: 60_000, keep_bytes: 2_000, ..Settings::default() }).await;
    world.add(job(1)).await;
    let first = world.page(1, None, 250).await.unwrap().next;
    for _ in 0..100 {
        world.add(job(1)).await;
    }
    assert!(world.changes.trim(&world.stop).await.unwrap() > 0);
    world.is_sound();
    let left = world.all(1, None, 250).await.len();
    assert!((10..=45).contains(&left), "{left}");
    let Err(Error::Gone { oldest }) = world.page(1, Some(first), 250).await else { panic!("the cursor is good") };
    assert_eq!(world.all(1, Some(oldest.parse().unwrap()), 250).await.len(), left);
    // Old ones go by age, and an end that was read stays good.
    let end = world.page(1, None, 250).await.unwrap().next;
    world.clock.advance_ms(61_000);
    world.changes.trim(&world.stop).await.unwrap();
    assert_eq!(world.all(1, None, 250).await, []);
    assert_eq!(world.page(1, Some(end), 250).await.unwrap().changes, []);
    let id = world.add(job(1)).await;
    assert_eq!(world.all(1, Some(end), 250).await, [(id.to_string(), JobChange::Created)]);
    world.is_sound();
}

#[tokio::test]
async fn a_cursor_inside_a_removed_commit_is_refused() {
    let world = World::with(Settings { keep_ms: 60_000, ..Settings::default() }).await;
    let queues = world.queues.clone();
    world.db.write(move |tx| enqueue_many(tx, &queues, (0..5).map(|_| job(1)))).await.unwrap();
    let inside = world.page(1, None, 3).await.unwrap().next;
    let end = world.page(1, Some(inside), 250).await.unwrap().next;
    assert_eq!((inside.commit, inside.seen, end.seen), (end.commit, 3, 5));
    world.clock.advance_ms(61_000);
    assert_eq!(world.changes.trim(&world.stop).await.unwrap(), 1);
    let id = world.add(job(1)).await;
    let Err(Error::Gone { oldest }) = world.page(1, Some(inside), 250).await else { panic!("two changes are skipped") };
    assert_eq!(oldest, end.to_string());
    assert_eq!(world.all(1, Some(end), 250).await, [(id.to_string(), JobChange::Created)]);
    world.is_sound();
}

#[tokio::test]
async fn a_damaged_row_is_told_and_goes_with_those_around_it() {
    let world = World::with(Settings { keep_ms: 60_000, ..Settings::default() }).await;
    world.add(job(1)).await;
    let first = world.page(1, None, 250).await.unwrap().next;
    world.add(job(1)).await;
    let second = world.page(1, Some(first), 250).await.unwrap().next;
    let third = world.add(job(1)).await;
    world.add(job(2)).await;
    let feed = Table::<(u64, u64), Damaged>::of(keyspaces::FEED);
    world.db.write(move |tx| tx.put(feed, &(1, second.commit), &Damaged)).await.unwrap();
    let before = world.page(1, None, 250).await.unwrap();
    assert_eq!((before.changes.len(), before.next, before.has_more), (1, first, true), "what stands before it is told");
    let Err(Error::Gone { oldest }) = world.page(1, Some(first), 250).await else { panic!("the damage is hidden") };
    let behind = oldest.parse().unwrap();
    assert_eq!(world.all(1, Some(behind), 250).await, [(third.to_string(), JobChange::Created)]);
    world.clock.advance_ms(61_000);
    assert_eq!(world.changes.trim(&world.stop).await.unwrap(), 4, "neither it nor those behind it stay");
    assert_eq!(world.all(1, None, 250).await, []);
}

#[test]
fn cursors_are_read_back_and_nothing_else_is() {
    let cursor = Cursor { commit: 812, seen: 3 };
    assert_eq!(cursor.to_string().parse(), Ok(cursor));
    for bad in ["", "1", "-", "1-", "-1", "+1-1", "1-1-1", " 1-1", "99999999999999999999-1", "x-1"] {
        assert_eq!(bad.parse::<Cursor>(), Err(()), "{bad}");
    }
}

#[tokio::test]
async fn a_company_has_a_bounded_number_of_streams_and_one_without_rights_ends() {
    let world = World::with(Settings { streams_per_company: 2, ..Settings::default() }).await;
    let auth = world.changes.parts().auth.clone();
    let (maker, scopes) = (auth.clone(), Scopes::of_keys());
    let order = NewApiKey { company: company(1), name: "test".to_owned(), scopes, expires_at: None };
    let (key, _) = world.db.write(move |tx| maker.create_key(tx, &Origin::machine(), order)).await.unwrap();
    let caller = Caller {
        company: company(1),
        credential: Credential::ApiKey(key),
        scopes,
        role: None,
        is_enrolling: false,
        needs_password: false,
        proven_at: None,
    };
    let open = async || world.changes.open(caller, None).await;
    let (mut first, _second) = (open().await.unwrap(), open().await.unwrap());
    assert!(matches!(open().await, Err(Error::TooManyStreams(2))));
    world.db.write(move |tx| auth.revoke_key(tx, (company(1), &Origin::machine()), key)).await.unwrap();
    // It is asked for again with the next change.
    world.add(job(1)).await;
    let mut text = String::new();
    while let Some(bytes) = first.recv().await {
        text.push_str(std::str::from_utf8(&bytes).unwrap());
    }
    assert!(text.contains("event: end\n") && text.contains("has ended"), "{text}");
    world.stop.cancel();
    assert!(matches!(open().await, Err(Error::Stopping)));
}
