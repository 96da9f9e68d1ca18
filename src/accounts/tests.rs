//! Setting up and being refused, on a store in memory.

use std::sync::Arc;

use super::{Accounts, Client, Created, Error, SetUp, service::SignIn, store};
use crate::{
    audit,
    auth::{Auth, Scopes, Settings},
    base::{ManualClock, SealKey, SeededRandom, Timestamp},
    limits::Limits,
    mail::Mail,
    storage::{COMMITS, Db, Head, KeyRange, Order, Read},
};

/// How to spoil an order, and the error that must follow.
type Case = (fn(&mut SetUp), fn(&Error) -> bool);

fn order() -> SetUp {
    SetUp {
        company_name: " Demo ".to_owned(),
        name: "Ada".to_owned(),
        email: "Ada@Example.com".to_owned(),
        password: "tram orbit velvet noon".to_owned().into(),
    }
}

fn accounts() -> (Accounts, Auth, Db) {
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000)));
    let db = Db::in_memory(clock, Arc::new(SeededRandom::new(1))).unwrap();
    let auth = Auth::new(db.clone(), Settings::new(Arc::new(SealKey::from_bytes(&[7; 32]))));
    (
        Accounts::new(
            db.clone(),
            auth.clone(),
            Limits::new(db.clone(), crate::limits::Metrics::default()),
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
    let cases: [Case; 8] = [
        (|order| order.password = "short".to_owned().into(), |error| matches!(error, Error::Password)),
        (|order| order.password = "x".repeat(129).into(), |error| matches!(error, Error::Password)),
        (|order| order.password = "adaadaadaada".to_owned().into(), |error| matches!(error, Error::WeakPassword)),
        (|order| order.email = "аda@example.com".to_owned(), |error| matches!(error, Error::EmailLetters)),
        (|order| order.company_name = "  ".to_owned(), |error| matches!(error, Error::Name)),
        (|order| order.name = "a\nb".to_owned(), |error| matches!(error, Error::Name)),
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

/// How many rows each commit of a refused sign-in changed.
async fn rows_of_refusal(accounts: &Accounts, db: &Db, email: &str) -> Vec<u32> {
    let before = db.read(Head::read).await.unwrap().unwrap().number;
    let client = Client { address: "192.0.2.1".parse().unwrap(), name: String::new(), request_id: "req_1".to_owned() };
    let order = SignIn { email: email.to_owned(), password: "wrong".to_owned().into(), code: None, client };
    assert!(matches!(accounts.sign_in(order).await, Err(Error::Credentials)));
    let range = KeyRange::after(&(before,));
    let commits =
        db.read(move |snapshot| snapshot.list(COMMITS, &range, Order::Ascending, 100)).await.unwrap().unwrap();
    commits.into_iter().map(|(_, record)| record.rows).collect()
}

#[tokio::test]
async fn a_refused_sign_in_writes_as_much_for_an_unknown_account_as_for_a_known_one() {
    let (accounts, _, db) = accounts();
    let company = accounts.set_up(order()).await.unwrap().company;
    // The first round makes the rows that the second finds.
    for _ in 0..2 {
        let known = rows_of_refusal(&accounts, &db, "ada@example.com").await;
        let unknown = rows_of_refusal(&accounts, &db, "eve@example.com").await;
        assert_eq!((known.len(), &known), (2, &unknown), "one for the limits, one for the refusal");
    }
    let query = audit::Query { action: Some("session.refuse".to_owned()), ..audit::Query::default() };
    let found =
        db.read(move |snapshot| audit::list(snapshot, company, &query, None, (10, 100))).await.unwrap().unwrap();
    assert_eq!(found.0.len(), 2);
}
