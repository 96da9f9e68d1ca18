//! Setting up and being refused, on a store in memory.

use std::{cell::Cell, sync::Arc, time::Duration};

use super::{
    Accounts, Client, Created, Error, SetUp,
    service::{Accept, NewInvite, SignIn},
    store,
};
use crate::{
    audit::{self, Origin},
    auth::{Auth, Author, Role, Scopes, Settings},
    base::{ApiKeyId, ManualClock, RawId, SealKey, SeededRandom, Timestamp, UserId},
    limits::{self, Limits},
    mail::Mail,
    storage::{
        self, COMMITS, Db, Head, KeyRange, Order, Read, ReadBytes, Snapshot, Space, Tx,
        engine::{VisitBytes, memory::MemoryEngine},
    },
};

/// How to spoil an order, and the error that must follow.
type Case = (fn(&mut SetUp), fn(&Error) -> bool);

pub(super) fn order() -> SetUp {
    SetUp {
        company_name: " Demo ".to_owned(),
        name: "Ada".to_owned(),
        email: "Ada@Example.com".to_owned(),
        password: "tram orbit velvet noon".to_owned().into(),
        needs_password: false,
    }
}

pub(super) fn accounts() -> (Accounts, Auth, Db) {
    accounts_at(Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000))))
}

fn accounts_at(clock: Arc<ManualClock>) -> (Accounts, Auth, Db) {
    accounts_over(MemoryEngine::default(), clock)
}

pub(super) fn accounts_over(engine: MemoryEngine, clock: Arc<ManualClock>) -> (Accounts, Auth, Db) {
    let db = Db::over_memory(engine, clock, Arc::new(SeededRandom::new(1))).unwrap();
    let auth = Auth::new(db.clone(), Settings::new(Arc::new(SealKey::from_bytes(&[7; 32]))));
    (
        Accounts::new(
            db.clone(),
            auth.clone(),
            Limits::open(&db, limits::Metrics::default()).unwrap(),
            Mail::new(db.clone(), Arc::new(SealKey::from_bytes(&[7; 32]))),
            Arc::new(SealKey::from_bytes(&[7; 32])),
            super::Settings::default(),
        ),
        auth,
        db,
    )
}

#[tokio::test]
async fn setting_up_makes_company_admin_and_key_together() {
    let (accounts, auth, db) = accounts();
    assert!(accounts.is_empty().await.unwrap());
    let Created { company, user, api_key_text, .. } = accounts.set_up(order()).await.unwrap();
    assert_eq!(accounts.first_company().await.unwrap(), Some((company, "Demo".to_owned())));
    let caller = auth.identify(Some(&format!("Bearer {}", api_key_text.expose()))).await.unwrap();
    assert_eq!((caller.company, caller.scopes), (company, Scopes::of_keys()));
    let row = db.read(move |snapshot| store::find_user(snapshot, user)).await.unwrap().unwrap().unwrap();
    assert_eq!(row.email.as_str(), "ada@example.com");
    assert!(row.password.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert!(!format!("{row:?}").contains(row.password.as_str()));
}

#[tokio::test]
async fn unusable_fields_are_refused_and_leave_nothing() {
    let (accounts, _, _) = accounts();
    let cases: [Case; 12] = [
        (|order| order.password = "short".to_owned().into(), |error| matches!(error, Error::Password)),
        (|order| order.password = "x".repeat(129).into(), |error| matches!(error, Error::Password)),
        (|order| order.password = "adaadaadaada".to_owned().into(), |error| matches!(error, Error::WeakPassword)),
        (|order| order.email = "аda@example.com".to_owned(), |error| matches!(error, Error::EmailLetters)),
        (|order| order.company_name = "  ".to_owned(), |error| matches!(error, Error::CompanyName)),
        (|order| order.name = "a\nb".to_owned(), |error| matches!(error, Error::Name)),
        (|order| order.name = "a\u{2028}b".to_owned(), |error| matches!(error, Error::Name)),
        (|order| order.name = "Ada\u{202e}nimda".to_owned(), |error| matches!(error, Error::Name)),
        (|order| order.company_name = "a\u{2067}b".to_owned(), |error| matches!(error, Error::CompanyName)),
        (|order| order.email = "ada@example.com\r\n".to_owned(), |error| matches!(error, Error::Email)),
        (|order| order.email = "ada".to_owned(), |error| matches!(error, Error::Email)),
        (|order| order.email = "a@b@c".to_owned(), |error| matches!(error, Error::Email)),
    ];
    for (spoil, is_expected) in cases {
        let mut order = order();
        spoil(&mut order);
        let error = accounts.set_up(order).await.unwrap_err();
        assert!(is_expected(&error), "{error}");
    }
    assert!(accounts.is_empty().await.unwrap());
    accounts.set_up(order()).await.unwrap();
    assert!(matches!(accounts.set_up(order()).await, Err(Error::EmailTaken)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_kept_of_the_sessions_of_a_person_who_is_removed() {
    let (accounts, auth, db) = accounts();
    let made = accounts.set_up(order()).await.unwrap();
    let caller = auth.identify(Some(&format!("Bearer {}", made.api_key_text.expose()))).await.unwrap();
    let add = move |tx: &mut Tx<'_>| {
        let admin = store::find_user(tx, made.user)?.unwrap();
        let (id, email) = (UserId::from_raw(tx.mint()), "bob@example.com".parse().unwrap());
        let bob = store::UserRow { id, email, role: Role::User, is_owner: false, ..admin };
        store::put_user(tx, &bob).map(|()| bob.id)
    };
    let bob = db.write(add).await.unwrap();
    let order =
        SignIn { email: "bob@example.com".to_owned(), password: order().password, code: None, client: client() };
    accounts.sign_in(order).await.unwrap();
    behind_all(&db).await;
    assert!(Auth::knows_sessions_of(&db.snapshot(), bob));
    let author = Author { caller, origin: Origin::machine() };
    let remover = accounts.clone();
    db.write(move |tx| remover.delete_user(tx, &author, bob)).await.unwrap();
    assert!(!Auth::knows_sessions_of(&db.snapshot(), bob));
}

#[tokio::test]
async fn a_password_reset_from_the_machine_is_told_to_the_person() {
    let (accounts, _, db) = accounts();
    let made = accounts.set_up(order()).await.unwrap();
    accounts.reset_password("ada@example.com", "velvet noon tram orbit".to_owned().into()).await.unwrap();
    accounts.promote("ada@example.com", false).await.unwrap();
    let messages = accounts.mailbox(&db.snapshot(), (made.company, made.user), (None, 9)).unwrap();
    let subjects: Vec<_> = messages.iter().map(|message| message.subject.as_str()).collect();
    assert_eq!(subjects, ["Your password was reset"]);
    assert!(!messages[0].text.clone().unwrap().expose().contains("velvet"));
}

/// Waits for what was begun and is not waited for: a later transaction is behind it.
pub(super) async fn behind_all(db: &Db) {
    db.write(|_| Ok::<_, storage::Error>(())).await.unwrap();
}

/// What a call did: hashes begun, and how many rows its commits changed. How many commits that are is left to chance where
/// transactions are begun side by side.
#[derive(Debug, PartialEq, Eq)]
struct Work {
    hashes: u64,
    rows: u32,
}

async fn work_of(accounts: &Accounts, db: &Db, call: impl Future<Output = ()>) -> Work {
    let before = db.read(Head::read).await.unwrap().unwrap().number;
    let hashes = accounts.inner.hasher.begun();
    call.await;
    let range = KeyRange::after(&(before,));
    let commits =
        db.read(move |snapshot| snapshot.list(COMMITS, &range, Order::Ascending, 100)).await.unwrap().unwrap();
    let rows = commits.into_iter().map(|(_, record)| record.rows).sum();
    Work { hashes: accounts.inner.hasher.begun() - hashes, rows }
}

pub(super) fn client() -> Client {
    Client { address: "192.0.2.1".parse().unwrap(), name: String::new(), request_id: "req_1".to_owned() }
}

async fn refused(accounts: &Accounts, email: &str) {
    let password = "wrong".to_owned().into();
    let order = SignIn { email: email.to_owned(), password, code: None, client: client() };
    assert!(matches!(accounts.sign_in(order).await, Err(Error::Credentials)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_sign_in_works_and_writes_as_much_for_an_unknown_account_as_for_a_known_one() {
    let (accounts, _, db) = accounts();
    let company = accounts.set_up(order()).await.unwrap().company;
    let rounds = alike(&accounts, &db, ["ada@example.com", "eve@example.com", "no address"]).await;
    let query = audit::Query { action: Some("session.refuse".to_owned()), ..audit::Query::default() };
    let found =
        db.read(move |snapshot| audit::list(snapshot, company, &query, None, (10, 100))).await.unwrap().unwrap();
    assert_eq!(found.0.len(), rounds);
}

/// Refuses these addresses, one after another, until all of it is the same work; answers how often. The first round makes the rows that
/// the others find. A row that is written and removed counts once when both come into one commit, which they may by chance.
async fn alike<const N: usize>(accounts: &Accounts, db: &Db, emails: [&str; N]) -> usize {
    let mut works = Vec::new();
    for round in 1..=4 {
        works.clear();
        for email in emails {
            works.push(work_of(accounts, db, refused(accounts, email)).await);
        }
        assert!(works.iter().all(|work| work.hashes == 1));
        if round > 1 && works.iter().all(|work| work == &works[0]) {
            return round;
        }
    }
    panic!("{works:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_hears_what_came_of_a_password_whose_call_could_not_be_written_down() {
    let engine = MemoryEngine::default();
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000)));
    let (accounts, _, _) = accounts_over(engine.clone(), clock);
    accounts.set_up(order()).await.unwrap();
    engine.fail();
    for password in [order().password, "wrong".to_owned().into()] {
        let order = SignIn { email: order().email, password, code: None, client: client() };
        let refused = accounts.sign_in(order).await;
        assert!(matches!(refused, Err(Error::Limited(limits::Error::Storage(_)))), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_goes_away_while_the_password_is_hashed_leaves_no_session_and_no_place_taken() {
    const PATIENCE: Duration = Duration::from_secs(30);
    let engine = MemoryEngine::default();
    let (accounts, auth, db) = accounts_over(engine.clone(), Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000))));
    let user = accounts.set_up(order()).await.unwrap().user;
    let before = accounts.inner.hasher.begun();
    let sign_in = || {
        let (accounts, password) = (accounts.clone(), order().password);
        let order = SignIn { email: order().email, password, code: None, client: client() };
        tokio::spawn(async move { accounts.sign_in(order).await })
    };
    for gone in 1..=4 {
        // The thread that hashes looks for the account, and the writer for the calls before.
        engine.hold_reads();
        let call = sign_in();
        let reader = engine.clone();
        let is_under_way = tokio::task::spawn_blocking(move || reader.has_waiting_reads(2, PATIENCE)).await.unwrap();
        call.abort();
        engine.let_go();
        assert!(is_under_way);
        assert!(call.await.unwrap_err().is_cancelled());
        tokio::time::timeout(PATIENCE, accounts.inner.hasher.rest()).await.expect("the place is given back");
        assert_eq!(accounts.inner.hasher.begun() - before, gone);
    }
    let sessions = async || {
        behind_all(&db).await;
        auth.sessions(&db.snapshot(), user).unwrap().len()
    };
    assert_eq!(sessions().await, 0);
    assert_eq!(Auth::openings(&db.snapshot()), 0);
    sign_in().await.unwrap().unwrap();
    assert_eq!(sessions().await, 1);
    let refused = sign_in().await.unwrap();
    assert!(matches!(refused, Err(Error::Limited(limits::Error::Refused(_)))), "all five count: {refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_is_the_same_in_capitals_and_with_spaces_around_it() {
    let (accounts, _, _) = accounts();
    accounts.set_up(order()).await.unwrap();
    for email in ["ada@example.com", " ADA@Example.com  "] {
        let order = SignIn { email: email.to_owned(), password: order().password, code: None, client: client() };
        accounts.sign_in(order).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disabled_account_is_refused_with_as_much_work_as_any_other() {
    let (accounts, _, db) = accounts();
    let user = accounts.set_up(order()).await.unwrap().user;
    let disable = move |tx: &mut Tx<'_>| {
        let row = store::find_user(tx, user)?.unwrap();
        store::put_user(tx, &store::UserRow { is_disabled: true, ..row })
    };
    db.write(disable).await.unwrap();
    alike(&accounts, &db, ["ada@example.com", "eve@example.com"]).await;
}

#[tokio::test]
async fn asking_for_a_link_works_and_writes_as_much_for_an_unknown_address_as_for_a_known_one() {
    let (accounts, _, db) = accounts();
    accounts.set_up(order()).await.unwrap();
    let ask = async |email: &str| accounts.forgot_password(email, &client()).await.unwrap();
    let mut last = None;
    for _ in 0..2 {
        let known = work_of(&accounts, &db, ask("ada@example.com")).await;
        let unknown = work_of(&accounts, &db, ask("eve@example.com")).await;
        assert_eq!(known.hashes + unknown.hashes, 0);
        last = Some((known, unknown));
    }
    let (known, unknown) = last.unwrap();
    // A message is counted where it stands, and the decoy of an unknown address is in no mailbox.
    assert!(known.rows.abs_diff(unknown.rows) <= 1, "{known:?} {unknown:?}");
}

/// Counts what is read through it.
struct Counting<'a> {
    inner: &'a Snapshot,
    reads: Cell<u32>,
}

impl ReadBytes for Counting<'_> {
    fn get_bytes(&self, space: Space, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<(), storage::Error> {
        self.reads.set(self.reads.get() + 1);
        self.inner.get_bytes(space, key, found)
    }

    fn scan_bytes(
        &self,
        space: Space,
        start: &[u8],
        end: &[u8],
        order: Order,
        visit: &mut VisitBytes<'_>,
    ) -> Result<(), storage::Error> {
        self.reads.set(self.reads.get() + 1);
        self.inner.scan_bytes(space, start, end, order, visit)
    }
}

#[tokio::test]
async fn an_id_of_another_company_is_looked_up_like_one_that_nobody_has() {
    let (accounts, auth, db) = accounts();
    let own = accounts.set_up(order()).await.unwrap();
    let foreign = accounts.set_up(SetUp { email: "eve@example.com".to_owned(), ..order() }).await.unwrap();
    let snapshot = db.snapshot();
    let nobody = RawId { hi: u64::MAX, lo: 1 };
    let reads = |look: &dyn Fn(&Counting<'_>) -> bool| {
        let counting = Counting { inner: &snapshot, reads: Cell::new(0) };
        assert!(!look(&counting), "it is found");
        counting.reads.get()
    };
    let user = |id: UserId| reads(&|read| store::find_user_of(read, own.company, id).unwrap().is_some());
    assert_eq!(user(foreign.user), user(UserId::from_raw(nobody)));
    let key = |id: ApiKeyId| reads(&|read| auth.key(read, own.company, id).unwrap().is_some());
    assert_eq!(key(foreign.api_key), key(ApiKeyId::from_raw(nobody)));
    assert!(store::find_user_of(&snapshot, foreign.company, foreign.user).unwrap().is_some());
}

#[tokio::test]
async fn an_invitation_is_good_for_a_week_and_not_a_moment_longer() {
    const WEEK_MS: u64 = 7 * 24 * 3_600_000;
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000)));
    let (accounts, _, db) = accounts_at(Arc::clone(&clock));
    let made = accounts.set_up(order()).await.unwrap();
    let invite = async |email: &str| {
        let (inviter, order) = (accounts.clone(), NewInvite { email: email.to_owned(), role: Role::User });
        let by = (made.company, made.user);
        db.write(move |tx| inviter.invite(tx, by, &Origin::machine(), &order)).await.unwrap().token
    };
    let accept = async |token: String| {
        let password = "copper ladder mist quilt".to_owned().into();
        accounts.accept(Accept { token, name: "Grace".to_owned(), password, client: client() }).await
    };
    let late = invite("grace@example.com").await;
    clock.advance_ms(WEEK_MS);
    assert!(matches!(accept(late).await, Err(Error::Invitation)));
    let in_time = invite("grace@example.com").await;
    clock.advance_ms(WEEK_MS - 1);
    assert_eq!(accept(in_time).await.unwrap().user.email, "grace@example.com");
}

#[tokio::test]
async fn a_company_with_its_admin_its_key_and_the_record_of_it_is_one_commit() {
    let (accounts, _, db) = accounts();
    let commits = async || db.read(Head::read).await.unwrap().map_or(0, |head| head.number);
    let before = commits().await;
    accounts.set_up(order()).await.unwrap();
    assert_eq!(commits().await, before + 1, "a death leaves all of it or nothing");
}
