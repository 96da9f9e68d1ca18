//! Sessions that are written down before they are opened, on a store in memory that may lose its power.

use std::{sync::Arc, time::Duration};

use super::{SignIn, Welcome};
use crate::{
    accounts::{
        Accounts, Created, Error,
        store::{self, UserRow},
        tests::{accounts_over, behind_all, client, order},
    },
    audit,
    auth::{self, Auth, Grant},
    base::{CompanyId, ManualClock, RawId, Timestamp},
    storage::{self, Db, Tx, engine::memory::MemoryEngine, space::Headroom},
};

const DAY_MS: u64 = 24 * 3_600_000;
/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

struct Fixture {
    engine: MemoryEngine,
    clock: Arc<ManualClock>,
    accounts: Accounts,
    auth: Auth,
    db: Db,
    ada: Created,
}

impl Fixture {
    async fn new() -> Self {
        let (engine, clock) = (MemoryEngine::default(), Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000))));
        let (accounts, auth, db) = accounts_over(engine.clone(), Arc::clone(&clock));
        let ada = accounts.set_up(order()).await.unwrap();
        Self { engine, clock, accounts, auth, db, ada }
    }

    /// The session of a right password as it is when its answer goes out.
    async fn begun(&self) -> Grant {
        let (accounts, id) = (self.accounts.clone(), self.ada.user);
        let prepared = self.auth.prepare_session(id).unwrap();
        let user = store::find_user(&self.db.snapshot(), id).unwrap().unwrap();
        let begun = self.db.write(accounts.begin(user.password_version, client(), prepared)).await;
        begun.unwrap().expect("nothing else is asked").grant
    }

    async fn open_later(&self, grant: &Grant) {
        self.auth.open_later(self.db.place().await.unwrap(), self.ada.company, grant.session);
    }

    /// After a power cut.
    fn restarted(self) -> Self {
        let Self { engine, clock, db, accounts, auth, ada } = self;
        db.stop();
        drop((accounts, auth, db));
        engine.crash();
        let (accounts, auth, db) = accounts_over(engine.clone(), Arc::clone(&clock));
        Self { engine, clock, accounts, auth, db, ada }
    }

    async fn sign_in(&self, password: &str) -> Result<Welcome, Error> {
        let (email, password) = (order().email, password.to_owned().into());
        self.accounts.sign_in(SignIn { email, password, code: None, client: client() }).await
    }

    async fn is_let_in(&self, grant: &Grant) -> bool {
        match self.auth.identify(Some(&format!("Bearer {}", grant.access_token))).await {
            Ok(caller) => caller.company == self.ada.company,
            Err(error) => {
                assert!(matches!(error, auth::Error::Invalid), "{error}");
                false
            }
        }
    }

    /// Sessions, entries that tell of one, and openings.
    async fn kept(&self) -> (usize, usize, usize) {
        behind_all(&self.db).await;
        let snapshot = self.db.snapshot();
        let sessions = self.auth.sessions(&snapshot, self.ada.user).unwrap().len();
        let mut contradictions = Vec::new();
        auth::check(&snapshot, &mut |found| contradictions.push(found)).unwrap();
        assert_eq!(contradictions, Vec::<String>::new());
        (sessions, self.entries("session.create"), Auth::openings(&snapshot))
    }

    fn entries(&self, action: &str) -> usize {
        let query = audit::Query { action: Some(action.to_owned()), ..audit::Query::default() };
        audit::list(&self.db.snapshot(), self.ada.company, &query, None, (10, 100)).unwrap().0.len()
    }

    async fn change(&self, change: impl FnOnce(&Self, &mut Tx<'_>) -> Result<(), Error> + Send + 'static) {
        let this = Self {
            engine: self.engine.clone(),
            clock: Arc::clone(&self.clock),
            accounts: self.accounts.clone(),
            auth: self.auth.clone(),
            db: self.db.clone(),
            ada: self.ada.clone(),
        };
        self.db.write(move |tx| change(&this, tx)).await.unwrap();
    }
}

fn signed_in(welcome: Result<Welcome, Error>) -> Grant {
    match welcome {
        Ok(Welcome::SignedIn(signed_in)) => signed_in.grant,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_sign_in_opens_its_session_behind_the_answer_and_leaves_nothing_else() {
    let fixture = Fixture::new().await;
    let grant = signed_in(fixture.sign_in("tram orbit velvet noon").await);
    assert!(fixture.is_let_in(&grant).await);
    assert_eq!(fixture.kept().await, (1, 1, 0));
    let user = store::find_user(&fixture.db.snapshot(), fixture.ada.user).unwrap().unwrap();
    assert_eq!(user.last_sign_in_at, Some(Timestamp::from_ms(1_000_000)));
}

#[tokio::test]
async fn a_wrong_password_leaves_nothing_that_could_be_opened() {
    let fixture = Fixture::new().await;
    assert!(matches!(fixture.sign_in("something else").await, Err(Error::Credentials)));
    assert_eq!(fixture.kept().await, (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_whose_sender_goes_away_leaves_nothing_either_and_is_recorded() {
    let fixture = Fixture::new().await;
    fixture.engine.hold_reads();
    let (accounts, email) = (fixture.accounts.clone(), order().email);
    let order = SignIn { email, password: "something else".to_owned().into(), code: None, client: client() };
    let call = tokio::spawn(async move { accounts.sign_in(order).await });
    let reader = fixture.engine.clone();
    let is_under_way = tokio::task::spawn_blocking(move || reader.has_waiting_reads(2, PATIENCE)).await.unwrap();
    call.abort();
    fixture.engine.let_go();
    assert!(is_under_way && call.await.unwrap_err().is_cancelled());
    tokio::time::timeout(PATIENCE, fixture.accounts.inner.hasher.rest()).await.expect("the hash ends");
    assert_eq!(fixture.kept().await, (0, 0, 0));
    assert_eq!(fixture.entries("session.refuse"), 1);
}

#[tokio::test]
async fn a_wrong_password_on_an_exhausted_disk_is_refused_and_leaves_nothing() {
    let fixture = Fixture::new().await;
    fixture.db.set_headroom(Headroom::Exhausted);
    assert!(matches!(fixture.sign_in("something else").await, Err(Error::Credentials)));
    let grant = signed_in(fixture.sign_in("tram orbit velvet noon").await);
    assert!(fixture.is_let_in(&grant).await);
    fixture.db.set_headroom(Headroom::Ample);
    assert_eq!(fixture.kept().await, (1, 1, 0));
    assert_eq!(fixture.entries("session.refuse"), 0);
}

#[tokio::test]
async fn a_code_nobody_asked_for_takes_the_other_way_and_leaves_nothing_begun() {
    let fixture = Fixture::new().await;
    let (email, password) = (order().email, "tram orbit velvet noon".to_owned().into());
    let order = SignIn { email, password, code: Some("123456".to_owned()), client: client() };
    let grant = signed_in(fixture.accounts.sign_in(order).await);
    assert_eq!(fixture.kept().await, (1, 1, 0));
    assert!(fixture.is_let_in(&grant).await);
}

#[tokio::test]
async fn the_oldest_openings_of_a_person_go_when_there_are_many() {
    let fixture = Fixture::new().await;
    let first = fixture.begun().await;
    for _ in 0..200 {
        fixture.begun().await;
    }
    assert_eq!(fixture.kept().await, (0, 0, 200));
    assert!(!fixture.is_let_in(&first).await);
}

#[tokio::test]
async fn calls_of_the_company_wait_for_its_sign_ins_and_for_no_other() {
    let fixture = Fixture::new().await;
    let grant = fixture.begun().await;
    let (company, other) = (fixture.ada.company, CompanyId::from_raw(RawId { hi: 9, lo: 9 }));
    fixture.engine.hold();
    fixture.open_later(&grant).await;
    tokio::time::timeout(PATIENCE, fixture.auth.opened(other)).await.expect("nothing of it is under way");
    let mut opened = Box::pin(fixture.auth.opened(company));
    let waited = tokio::select! { biased; () = &mut opened => false, () = tokio::task::yield_now() => true };
    assert!(waited, "its sync is held");
    fixture.engine.let_go();
    tokio::time::timeout(PATIENCE, opened).await.expect("in time");
    assert_eq!(fixture.auth.sessions(&fixture.db.snapshot(), fixture.ada.user).unwrap().len(), 1);
}

#[tokio::test]
async fn a_session_that_a_power_cut_kept_from_being_opened_is_opened_by_its_tokens() {
    let fixture = Fixture::new().await;
    let grant = fixture.begun().await;
    let fixture = fixture.restarted();
    assert_eq!(fixture.kept().await, (1, 0, 1), "it is listed");
    assert!(fixture.is_let_in(&grant).await);
    assert_eq!(fixture.kept().await, (1, 1, 0));
    let user = store::find_user(&fixture.db.snapshot(), fixture.ada.user).unwrap().unwrap();
    assert!(user.last_sign_in_at.is_some());

    let other = fixture.begun().await;
    let fixture = fixture.restarted();
    let renewed = fixture.auth.refresh(&other.refresh_token).await.unwrap();
    assert!(fixture.is_let_in(&renewed).await && fixture.is_let_in(&grant).await);
    assert_eq!(fixture.kept().await, (2, 2, 0));
}

#[tokio::test]
async fn a_session_that_a_power_cut_kept_from_being_opened_can_be_ended() {
    let fixture = Fixture::new().await;
    let grant = fixture.begun().await;
    let fixture = fixture.restarted();
    let session = grant.session;
    fixture
        .change(move |fixture, tx| {
            assert!(!fixture.auth.end_session(tx, crate::accounts::service::NOBODY, session)?, "nobody else's");
            assert!(fixture.auth.end_session(tx, fixture.ada.user, session)?);
            Ok(())
        })
        .await;
    assert!(!fixture.is_let_in(&grant).await);
    assert_eq!(fixture.kept().await, (0, 0, 0));
}

#[tokio::test]
async fn who_knows_the_session_and_not_its_token_opens_nothing() {
    let fixture = Fixture::new().await;
    let grant = fixture.begun().await;
    let (head, code) = grant.refresh_token.rsplit_once('_').unwrap();
    let other = code.chars().map(|c| if c == 'a' { 'b' } else { 'a' }).collect::<String>();
    let refused = fixture.auth.refresh(&format!("{head}_{other}")).await;
    assert!(matches!(refused, Err(auth::Error::Invalid)), "{refused:?}");
    assert_eq!(fixture.kept().await, (0, 0, 1));
    fixture.auth.refresh(&grant.refresh_token).await.unwrap();
    assert_eq!(fixture.kept().await, (1, 1, 0));
}

#[tokio::test]
async fn a_session_is_opened_once_by_however_many_calls() {
    let fixture = Fixture::new().await;
    let grant = fixture.begun().await;
    fixture.open_later(&grant).await;
    let calls = (0..20).map(|_| fixture.is_let_in(&grant));
    assert!(futures_util::future::join_all(calls).await.into_iter().all(|is_let_in| is_let_in));
    fixture.open_later(&grant).await;
    assert_eq!(fixture.kept().await, (1, 1, 0));
}

#[tokio::test]
async fn what_ends_the_sessions_of_a_person_ends_those_that_are_not_open_yet() {
    type Change = fn(&Fixture, &mut Tx<'_>) -> Result<(), Error>;
    let changes: [Change; 3] = [
        |fixture, tx| Ok(fixture.auth.end_sessions(tx, fixture.ada.user, None).map(|_| ())?),
        |fixture, tx| Ok(fixture.auth.end_full_sessions(tx, fixture.ada.user)?),
        |fixture, tx| Ok(fixture.auth.forget_person(tx, fixture.ada.user)?),
    ];
    for change in changes {
        let fixture = Fixture::new().await;
        let grant = fixture.begun().await;
        fixture.change(change).await;
        assert!(!fixture.is_let_in(&grant).await);
        fixture.open_later(&grant).await;
        assert_eq!(fixture.kept().await, (0, 0, 0));
    }
}

#[tokio::test]
async fn an_account_that_changed_meanwhile_is_not_let_in() {
    let changes: [fn(UserRow) -> UserRow; 2] = [
        |row| UserRow { is_disabled: true, ..row },
        |row| UserRow { password_version: row.password_version + 1, ..row },
    ];
    for change in changes {
        let fixture = Fixture::new().await;
        let grant = fixture.begun().await;
        let write = move |fixture: &Fixture, tx: &mut Tx<'_>| {
            let row = store::find_user(tx, fixture.ada.user)?.unwrap();
            Ok(store::put_user(tx, &change(row))?)
        };
        fixture.change(write).await;
        assert!(!fixture.is_let_in(&grant).await);
        assert!(matches!(fixture.auth.refresh(&grant.refresh_token).await, Err(auth::Error::Invalid)));
        assert_eq!(fixture.kept().await, (0, 0, 0));
    }
}

#[tokio::test]
async fn what_nobody_came_for_is_removed_when_its_session_would_be_over() {
    let fixture = Fixture::new().await;
    let grant = fixture.begun().await;
    fixture.clock.advance_ms(7 * DAY_MS - 1);
    assert_eq!(fixture.auth.sweep_openings_once().await, 0);
    fixture.clock.advance_ms(1);
    assert!(matches!(fixture.auth.refresh(&grant.refresh_token).await, Err(auth::Error::Invalid)));
    assert_eq!(fixture.kept().await, (0, 0, 0));
    fixture.begun().await;
    fixture.clock.advance_ms(7 * DAY_MS);
    assert_eq!(fixture.auth.sweep_openings_once().await, 1);
    assert_eq!(fixture.kept().await, (0, 0, 0));
}

#[tokio::test]
async fn nobody_is_told_tokens_whose_session_may_not_be_on_disk() {
    let fixture = Fixture::new().await;
    fixture.engine.fail();
    let (email, password) = (order().email, "tram orbit velvet noon".to_owned().into());
    let order = SignIn { email, password, code: None, client: client() };
    let tried = fixture.accounts.try_password(order).await;
    assert!(matches!(tried.map(|_| ()), Err(Error::Storage(storage::Error::Unknown(_)))));
}
