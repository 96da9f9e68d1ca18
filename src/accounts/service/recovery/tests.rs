//! Links to reset a password, on a store in memory with a clock of its own.

use std::{net::Ipv4Addr, sync::Arc};

use super::{LIFE_MS, NOBODY, Reset};
use crate::{
    accounts::{Accounts, Client, Created, Error, SetUp, service::SignIn, store},
    auth::{Auth, Settings},
    base::{ManualClock, SealKey, SeededRandom, Timestamp},
    limits::{self, Limits},
    mail::Mail,
    storage::Db,
};

const OLD: &str = "tram orbit velvet noon";
const NEW: &str = "copper ladder mist quilt";
const ADA: &str = "ada@example.com";

struct Fixture {
    accounts: Accounts,
    db: Db,
    clock: Arc<ManualClock>,
    ada: Created,
}

fn client() -> Client {
    Client { address: Ipv4Addr::LOCALHOST.into(), name: "test".to_owned(), request_id: "req_1".to_owned() }
}

impl Fixture {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000)));
        let db = Db::in_memory(Arc::clone(&clock) as _, Arc::new(SeededRandom::new(1))).unwrap();
        let seal = Arc::new(SealKey::from_bytes(&[7; 32]));
        let auth = Auth::new(db.clone(), Settings::new(Arc::clone(&seal)));
        let limits = Limits::open(&db, limits::Metrics::default()).unwrap();
        let mail = Mail::new(db.clone(), Arc::clone(&seal));
        let accounts = Accounts::new(db.clone(), auth, limits, mail, seal, crate::accounts::Settings::default());
        let order = SetUp {
            company_name: "Demo".to_owned(),
            name: "Ada".to_owned(),
            email: ADA.to_owned(),
            password: OLD.to_owned().into(),
            needs_password: false,
        };
        let ada = accounts.set_up(order).await.unwrap();
        Self { accounts, db, clock, ada }
    }

    fn subjects(&self) -> Vec<String> {
        let reader = (self.ada.company, self.ada.user);
        let messages = self.accounts.mailbox(&self.db.snapshot(), reader, (None, 99)).unwrap();
        messages.into_iter().map(|message| message.subject).collect()
    }

    /// Asks for a link and takes it out of the newest message.
    async fn link(&self) -> String {
        self.accounts.forgot_password(ADA, &client()).await.unwrap();
        let reader = (self.ada.company, self.ada.user);
        let newest = self.accounts.mailbox(&self.db.snapshot(), reader, (None, 1)).unwrap().remove(0);
        let text = newest.text.unwrap().expose();
        text.lines().find_map(|line| line.strip_prefix("/reset#")).unwrap().to_owned()
    }

    async fn reset(&self, token: &str, password: &str) -> Result<(), Error> {
        let order = Reset { token: token.to_owned(), password: password.to_owned().into(), client: client() };
        self.accounts.reset_with_token(order).await
    }

    async fn opens(&self, password: &str) -> bool {
        let order =
            SignIn { email: ADA.to_owned(), password: password.to_owned().into(), code: None, client: client() };
        self.accounts.sign_in(order).await.is_ok()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_good_for_an_hour_and_not_a_moment_longer() {
    let it = Fixture::new().await;
    let token = it.link().await;
    it.clock.advance_ms(LIFE_MS);
    assert!(matches!(it.reset(&token, NEW).await, Err(Error::Reset)));
    let token = it.link().await;
    it.clock.advance_ms(LIFE_MS - 1);
    it.reset(&token, NEW).await.unwrap();
    assert!(it.opens(NEW).await && !it.opens(OLD).await);
    assert!(matches!(it.reset(&token, OLD).await, Err(Error::Reset)), "used up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_link_or_a_changed_password_ends_the_one_before() {
    let it = Fixture::new().await;
    let (first, second) = (it.link().await, it.link().await);
    assert!(matches!(it.reset(&first, NEW).await, Err(Error::Reset)));
    it.accounts.reset_password(ADA, NEW.to_owned().into()).await.unwrap();
    assert!(matches!(it.reset(&second, OLD).await, Err(Error::Reset)));
    assert!(it.opens(NEW).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_parallel_resets_with_a_link_wins() {
    let it = Fixture::new().await;
    let token = it.link().await;
    let calls: Vec<_> = (0..8)
        .map(|number| {
            let (accounts, token) = (it.accounts.clone(), token.clone());
            let password = format!("{NEW} {number}").into();
            tokio::spawn(async move { accounts.reset_with_token(Reset { token, password, client: client() }).await })
        })
        .collect();
    let mut won = Vec::new();
    for (number, call) in calls.into_iter().enumerate() {
        match call.await.unwrap() {
            Ok(()) => won.push(number),
            Err(error) => assert!(matches!(error, Error::Reset), "{error}"),
        }
    }
    assert_eq!(won.len(), 1, "{won:?}");
    assert!(it.opens(&format!("{NEW} {}", won[0])).await);
    assert_eq!(it.subjects(), ["Your password was reset", "Reset your password"]);
}

#[tokio::test]
async fn a_refused_password_leaves_the_link_good() {
    let it = Fixture::new().await;
    let token = it.link().await;
    assert!(matches!(it.reset(&token, "short").await, Err(Error::Password)));
    assert!(matches!(it.reset(&token, "ada@example.com").await, Err(Error::WeakPassword)));
    it.reset(&token, NEW).await.unwrap();
}

#[tokio::test]
async fn what_is_no_link_of_ours_is_refused_before_the_password_is_looked_at() {
    let it = Fixture::new().await;
    let token = it.link().await;
    let cut = &token[..token.len() - 1];
    let other_end = if token.ends_with('0') { '1' } else { '0' };
    let nobody = format!("np_reset_{}_{}", NOBODY.raw().to_text(), "0".repeat(64));
    for wrong in ["", "np_reset_", "np_reset__", cut, &format!("{cut}{other_end}"), &format!("{token}0"), &nobody] {
        assert!(matches!(it.reset(wrong, "short").await, Err(Error::Reset)), "{wrong}");
        it.clock.advance_ms(limits::TOKEN.window_ms);
    }
}

#[tokio::test]
async fn an_unknown_address_makes_the_same_commit_and_tells_nobody() {
    let it = Fixture::new().await;
    for _ in 0..3 {
        it.accounts.forgot_password("nobody@example.com", &client()).await.unwrap();
    }
    assert!(it.subjects().is_empty());
    let row = store::find_reset(&it.db.snapshot(), NOBODY).unwrap().expect("the row in place of a person's");
    assert_eq!(row.user, NOBODY);
    assert!(matches!(it.accounts.forgot_password("no address", &client()).await, Err(Error::Email)));
}

#[tokio::test]
async fn limits_count_what_is_asked_for_whether_or_not_there_is_an_account() {
    let it = Fixture::new().await;
    for email in [ADA, "nobody@example.com"] {
        for number in 0..5 {
            let email = if number % 2 == 0 { email.to_owned() } else { email.to_uppercase() };
            it.accounts.forgot_password(&email, &client()).await.unwrap();
        }
        it.clock.advance_ms(limits::RESET_ADDRESS.window_ms);
        let refused = it.accounts.forgot_password(email, &client()).await.unwrap_err();
        let Error::Limited(limits::Error::Refused(refusal)) = refused else { panic!("{refused}") };
        assert_eq!((refusal.policy, refusal.quota, refusal.window_s), ("password-reset", 5, 3_600));
        it.clock.advance_ms(limits::RESET_ADDRESS.window_ms);
    }
    for number in 0..10 {
        it.accounts.forgot_password(&format!("{number}@example.com"), &client()).await.unwrap();
    }
    let refused = it.accounts.forgot_password("other@example.com", &client()).await.unwrap_err();
    let Error::Limited(limits::Error::Refused(refusal)) = refused else { panic!("{refused}") };
    assert_eq!((refusal.policy, refusal.quota), ("password-reset-address", 10));
}
