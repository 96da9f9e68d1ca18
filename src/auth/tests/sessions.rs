//! Sessions from sign-in to their end.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, Method};

use super::super::{
    Auth, Caller, Credential, Error, Grant, NewSession, Prepared, Role, Scope, Settings,
    maintain::Swept,
    sessions::SESSIONS_MAX,
    store::{self, SWEEP_PAGE},
};
use crate::{
    base::{ApiKeyId, CompanyId, ManualClock, RawId, SealKey, SeededRandom, Timestamp, UserId},
    http::IsSecure,
    storage::{Db, Tx, space::Headroom},
};

const COMPANY: CompanyId = CompanyId::from_raw(RawId { hi: 7, lo: 1 });
const USER: UserId = UserId::from_raw(RawId { hi: 8, lo: 1 });
const DAY_MS: u64 = 24 * 3_600_000;

fn auth() -> (Auth, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000)));
    let db = Db::in_memory(Arc::clone(&clock) as _, Arc::new(SeededRandom::new(1))).unwrap();
    (Auth::new(db, Settings::new(Arc::new(SealKey::from_bytes(&[7; 32])))), clock)
}

async fn open(auth: &Auth) -> Grant {
    open_prepared(auth, auth.prepare_session(USER).unwrap()).await
}

async fn open_prepared(auth: &Auth, prepared: Prepared) -> Grant {
    let order = NewSession {
        is_enrolling: false,
        needs_password: false,
        company: COMPANY,
        role: Role::Manager,
        is_owner: false,
        address: "192.0.2.1".to_owned(),
        client: "test\n".repeat(100),
    };
    let opener = auth.clone();
    auth.inner.db.write(move |tx| opener.open_session(tx, prepared, order)).await.unwrap()
}

async fn is_let_in(auth: &Auth, grant: &Grant) -> bool {
    auth.identify(Some(&format!("Bearer {}", grant.access_token))).await.is_ok()
}

#[tokio::test]
async fn an_access_token_speaks_for_the_person() {
    let (auth, clock) = auth();
    let grant = open(&auth).await;
    let caller = auth.identify(Some(&format!("Bearer {}", grant.access_token))).await.unwrap();
    assert_eq!((caller.company, caller.role), (COMPANY, Some(Role::Manager)));
    assert_eq!(caller.credential, Credential::Session { session: grant.session, user: USER });
    assert!(caller.scopes.contains(Scope::JobsWrite) && !caller.scopes.contains(Scope::UsersWrite));
    assert!(!format!("{grant:?}").contains(&grant.refresh_token));
    clock.advance_ms(899_000);
    assert!(is_let_in(&auth, &grant).await);
    clock.advance_ms(2_000);
    assert!(!is_let_in(&auth, &grant).await);
}

#[tokio::test]
async fn a_refresh_token_is_exchanged_once_and_its_repeat_is_answered_alike_for_a_moment() {
    let (auth, clock) = auth();
    let first = open(&auth).await;
    let second = auth.refresh(&first.refresh_token).await.unwrap();
    assert_ne!(first.refresh_token, second.refresh_token);
    clock.advance_ms(9_000);
    assert_eq!(auth.refresh(&first.refresh_token).await.unwrap().refresh_token, second.refresh_token);
    let third = auth.refresh(&second.refresh_token).await.unwrap();
    assert!(is_let_in(&auth, &third).await && is_let_in(&auth, &first).await);
    assert!(matches!(auth.refresh(&first.refresh_token).await, Err(Error::Reused)), "two steps back is theft");
    for grant in [&first, &second, &third] {
        assert!(!is_let_in(&auth, grant).await, "the whole session is over, access tokens too");
        assert!(matches!(auth.refresh(&grant.refresh_token).await, Err(Error::Invalid)));
    }
}

#[tokio::test]
async fn a_late_repeat_ends_the_session() {
    let (auth, clock) = auth();
    let first = open(&auth).await;
    let second = auth.refresh(&first.refresh_token).await.unwrap();
    clock.advance_ms(10_001);
    assert!(matches!(auth.refresh(&first.refresh_token).await, Err(Error::Reused)));
    assert!(matches!(auth.refresh(&second.refresh_token).await, Err(Error::Invalid)));
}

#[tokio::test]
async fn fifty_refreshes_at_once_leave_one_successor() {
    let (auth, _) = auth();
    let first = open(&auth).await;
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let (auth, token) = (auth.clone(), first.refresh_token.clone());
            tokio::spawn(async move { auth.refresh(&token).await.unwrap().refresh_token })
        })
        .collect();
    let mut successors = std::collections::HashSet::new();
    for call in calls {
        successors.insert(call.await.unwrap());
    }
    assert_eq!(successors.len(), 1);
    let sessions = auth.clone();
    let open = auth.inner.db.read(move |snapshot| sessions.sessions(snapshot, USER)).await.unwrap().unwrap();
    assert_eq!(open.len(), 1);
}

#[tokio::test]
async fn sessions_end_when_idle_and_for_good() {
    let (auth, clock) = auth();
    let idle = open(&auth).await;
    clock.advance_ms(7 * DAY_MS);
    assert!(matches!(auth.refresh(&idle.refresh_token).await, Err(Error::Invalid)));
    let mut kept = open(&auth).await;
    for _ in 0..5 {
        clock.advance_ms(6 * DAY_MS - 1);
        kept = auth.refresh(&kept.refresh_token).await.unwrap();
    }
    clock.advance_ms(DAY_MS);
    assert!(matches!(auth.refresh(&kept.refresh_token).await, Err(Error::Invalid)));
    open(&auth).await;
    clock.advance_ms(31 * DAY_MS);
    auth.inner.db.set_headroom(Headroom::Exhausted);
    assert_eq!(auth.sweep_sessions(None).await.unwrap(), Swept { removed: 1, next: None });
}

#[tokio::test]
async fn an_ended_session_is_refused_at_once_and_rights_change_at_once() {
    let (auth, _) = auth();
    let (one, two) = (open(&auth).await, open(&auth).await);
    assert!(is_let_in(&auth, &one).await && is_let_in(&auth, &two).await);
    let db = &auth.inner.db;
    let other = UserId::from_raw(RawId { hi: 9, lo: 9 });
    let (ender, id) = (auth.clone(), one.session);
    assert!(!db.write(move |tx| ender.end_session(tx, other, id)).await.unwrap(), "not his");
    let ender = auth.clone();
    assert!(db.write(move |tx| ender.end_session(tx, USER, id)).await.unwrap());
    assert!(!is_let_in(&auth, &one).await && is_let_in(&auth, &two).await);
    let changer = auth.clone();
    db.write(move |tx| changer.change_rights(tx, USER, Role::User, false)).await.unwrap();
    let caller = auth.identify(Some(&format!("Bearer {}", two.access_token))).await.unwrap();
    assert_eq!(caller.role, Some(Role::User));
    assert!(!caller.scopes.contains(Scope::JobsWrite));
    let (ender, keep) = (auth.clone(), two.session);
    assert_eq!(db.write(move |tx| ender.end_sessions(tx, USER, Some(keep))).await.unwrap(), 0);
    let ender = auth.clone();
    assert_eq!(db.write(move |tx| ender.end_sessions(tx, USER, None)).await.unwrap(), 1);
    assert!(!is_let_in(&auth, &two).await);
}

#[tokio::test]
async fn the_fifty_first_session_ends_the_oldest() {
    let (auth, clock) = auth();
    let mut all = Vec::new();
    for _ in 0..52 {
        all.push(open(&auth).await);
        clock.advance_ms(1);
    }
    assert!(!is_let_in(&auth, &all[0]).await && !is_let_in(&auth, &all[1]).await);
    assert!(is_let_in(&auth, &all[2]).await && is_let_in(&auth, &all[51]).await);
}

#[tokio::test]
async fn a_cookie_needs_the_token_of_its_own_session_to_change_anything() {
    let (auth, _) = auth();
    let (grant, other) = (open(&auth).await, open(&auth).await);
    let headers = |csrf: Option<&str>| {
        let mut headers = HeaderMap::new();
        let cookie = format!("np_access={}", grant.access_token);
        headers.insert("cookie", HeaderValue::from_str(&cookie).unwrap());
        if let Some(csrf) = csrf {
            headers.insert("x-csrf-token", HeaderValue::from_str(csrf).unwrap());
        }
        headers
    };
    let is_ours = async |method: Method, csrf: Option<&str>| {
        auth.identify_cookie(&method, &headers(csrf), IsSecure(false)).await.unwrap().1
    };
    assert!(is_ours(Method::GET, None).await);
    assert!(is_ours(Method::POST, Some(&grant.csrf_token)).await);
    for csrf in [None, Some(""), Some("x"), Some(other.csrf_token.as_str())] {
        assert!(!is_ours(Method::DELETE, csrf).await, "{csrf:?}");
    }
    assert!(matches!(
        auth.identify_cookie(&Method::GET, &HeaderMap::new(), IsSecure(false)).await,
        Err(Error::Missing)
    ));
}

#[tokio::test]
async fn a_proof_is_good_for_ten_minutes_and_a_new_session_brings_a_new_one() {
    let (auth, clock) = auth();
    let grant = open(&auth).await;
    let caller = auth.identify(Some(&format!("Bearer {}", grant.access_token))).await.unwrap();
    clock.advance_ms(599_999);
    auth.require_proof(&caller).unwrap();
    clock.advance_ms(1);
    assert!(matches!(auth.require_proof(&caller), Err(Error::Unproven)));
    let refreshed = auth.refresh(&grant.refresh_token).await.unwrap();
    let caller = auth.identify(Some(&format!("Bearer {}", refreshed.access_token))).await.unwrap();
    assert!(matches!(auth.require_proof(&caller), Err(Error::Unproven)), "renewing tokens proves nothing");
    let key = Caller {
        credential: Credential::ApiKey(ApiKeyId::from_raw(RawId { hi: 1, lo: 1 })),
        proven_at: None,
        ..caller
    };
    auth.require_proof(&key).unwrap();

    let (renewer, id) = (auth.clone(), grant.session);
    let renewed = auth.inner.db.write(move |tx| renewer.renew_session(tx, id)).await.unwrap();
    assert!(
        renewed.session != grant.session && is_let_in(&auth, &renewed).await && !is_let_in(&auth, &refreshed).await
    );
    assert!(matches!(auth.refresh(&refreshed.refresh_token).await, Err(Error::Invalid)));
    let caller = auth.identify(Some(&format!("Bearer {}", renewed.access_token))).await.unwrap();
    auth.require_proof(&caller).unwrap();
    // The end for good stays where the sign-in put it.
    let mut kept = renewed;
    for _ in 0..5 {
        clock.advance_ms(6 * DAY_MS - 125_000);
        kept = auth.refresh(&kept.refresh_token).await.unwrap();
    }
    assert!(kept.refresh_expires_in_s <= 600, "{}", kept.refresh_expires_in_s);
}

#[tokio::test]
async fn sessions_of_an_earlier_release_are_found_counted_and_ended() {
    let (auth, _) = auth();
    let oldest = open(&auth).await;
    for _ in 1..SESSIONS_MAX {
        open(&auth).await;
    }
    auth.inner.db.write(|tx| store::keep_numbers_as_before(tx, USER)).await.unwrap();
    let count = || auth.sessions(&auth.inner.db.snapshot(), USER).unwrap().len();
    let as_before = || store::numbers_as_before(&auth.inner.db.snapshot(), USER).unwrap();
    assert_eq!((count(), as_before()), (SESSIONS_MAX, SESSIONS_MAX));
    let newest = open(&auth).await;
    assert!(!is_let_in(&auth, &oldest).await && is_let_in(&auth, &newest).await);
    assert_eq!((count(), as_before()), (SESSIONS_MAX, 0), "moved with the first change");

    auth.inner.db.write(|tx| store::keep_numbers_as_before(tx, USER)).await.unwrap();
    let ender = auth.clone();
    assert_eq!(auth.inner.db.write(move |tx| ender.end_sessions(tx, USER, None)).await.unwrap(), SESSIONS_MAX);
    assert_eq!((count(), as_before()), (0, 0));
    let last = open(&auth).await;
    assert!(is_let_in(&auth, &last).await && count() == 1);
}

#[tokio::test]
async fn nothing_is_kept_of_the_sessions_of_a_person_who_is_removed() {
    let (auth, _) = auth();
    let knows = || Auth::knows_sessions_of(&auth.inner.db.snapshot(), USER);
    let grant = open(&auth).await;
    let ender = auth.clone();
    assert!(auth.inner.db.write(move |tx| ender.end_session(tx, USER, grant.session)).await.unwrap());
    assert!(knows(), "that there are none, so that nothing is searched for at the next sign-in");
    let grant = open(&auth).await;
    let ender = auth.clone();
    auth.inner.db.write(move |tx| ender.forget_person(tx, USER)).await.unwrap();
    assert!(!knows() && !is_let_in(&auth, &grant).await);
}

#[tokio::test]
async fn a_session_that_its_person_does_not_list_and_a_listed_one_that_is_not_there_are_contradictions() {
    let (auth, _) = auth();
    let grant = open(&auth).await;
    let found = || {
        let mut found = Vec::new();
        crate::auth::check(&auth.inner.db.snapshot(), &mut |finding| found.push(finding)).unwrap();
        found
    };
    assert_eq!(found(), Vec::<String>::new());
    auth.inner.db.write(|tx| store::keep_numbers_as_before(tx, USER)).await.unwrap();
    assert_eq!(found(), Vec::<String>::new(), "as an earlier release kept them");
    auth.inner.db.write(|tx| store::put_numbers(tx, USER, vec![7])).await.unwrap();
    let missing = format!("session {} is missing from the list of its person", grant.session);
    assert_eq!(found(), [missing, "session number 7 is in the list of a person and not there".to_owned()]);
}

#[tokio::test]
async fn tokens_that_were_made_for_a_session_are_good_from_its_commit_on() {
    let (auth, _) = auth();
    let prepared = auth.prepare_session(USER).unwrap();
    let grant = prepared.grant.clone();
    assert!(!is_let_in(&auth, &grant).await);
    assert!(matches!(auth.refresh(&grant.refresh_token).await, Err(Error::Invalid)));
    open_prepared(&auth, prepared).await;
    assert!(is_let_in(&auth, &grant).await);
    auth.refresh(&grant.refresh_token).await.unwrap();
}

#[tokio::test]
async fn a_sweep_looks_at_one_page_and_goes_on_there() {
    let (auth, clock) = auth();
    let opener = auth.clone();
    let work = move |tx: &mut Tx<'_>| {
        for number in 0..SWEEP_PAGE as u64 + 5 {
            let user = UserId::from_raw(RawId { hi: 100 + number, lo: 1 });
            let order = NewSession {
                is_enrolling: false,
                needs_password: false,
                company: COMPANY,
                role: Role::User,
                is_owner: false,
                address: String::new(),
                client: String::new(),
            };
            opener.open_session(tx, opener.prepare_session(user)?, order)?;
        }
        Ok::<_, Error>(())
    };
    auth.inner.db.write(work).await.unwrap();
    clock.advance_ms(31 * DAY_MS);
    let first = auth.sweep_sessions(None).await.unwrap();
    assert!(first.removed == SWEEP_PAGE && first.next.is_some());
    assert_eq!(auth.sweep_sessions(first.next).await.unwrap(), Swept { removed: 5, next: None });
}
