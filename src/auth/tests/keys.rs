//! Keys from creation to revocation, on a store in memory.

use std::sync::Arc;

use axum::{Router, body::Body, http::Request, routing::get};
use tower::ServiceExt;

use super::super::{
    Auth, Caller, Credential, Error, NewApiKey, Role, Scope, Scopes, Settings, permissions, scopes_of_key,
};
use crate::{
    audit::Origin,
    base::{ApiKeyId, Clock, CompanyId, ManualClock, RawId, SealKey, SeededRandom, Timestamp},
    http::Problem,
    storage::Db,
};

const COMPANY: CompanyId = CompanyId::from_raw(RawId { hi: 7, lo: 1 });

fn auth() -> (Auth, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000)));
    let db = Db::in_memory(Arc::clone(&clock) as _, Arc::new(SeededRandom::new(1))).unwrap();
    (Auth::new(db, Settings::new(Arc::new(SealKey::from_bytes(&[7; 32])))), clock)
}

async fn create(auth: &Auth, scopes: Scopes, expires_at: Option<Timestamp>) -> (ApiKeyId, String) {
    let maker = auth.clone();
    let order = NewApiKey { company: COMPANY, name: "test".to_owned(), scopes, expires_at };
    let (id, text) = auth.inner.db.write(move |tx| maker.create_key(tx, &Origin::machine(), order)).await.unwrap();
    assert!(!format!("{text:?}").contains(text.secret()));
    (id, format!("Bearer {}", text.expose()))
}

#[tokio::test]
async fn a_key_speaks_for_its_company_with_its_scopes() {
    let (auth, _) = auth();
    let scopes = [Scope::JobsRead, Scope::EventsWrite].into_iter().collect();
    let (id, header) = create(&auth, scopes, None).await;
    for _ in 0..2 {
        let caller = auth.identify(Some(&header)).await.unwrap();
        assert_eq!(
            caller,
            Caller {
                company: COMPANY,
                credential: Credential::ApiKey(id),
                scopes,
                role: None,
                is_enrolling: false,
                needs_password: false,
                proven_at: None
            }
        );
    }
    assert!(scopes.contains(Scope::JobsRead) && !scopes.contains(Scope::JobsWrite));
    assert!(auth.identify(Some(&header.replace("Bearer", "bearer"))).await.is_ok());
}

#[tokio::test]
async fn what_a_key_may_do_ends_with_its_time_and_its_company() {
    let (auth, clock) = auth();
    let scopes = [Scope::JobsRead, Scope::EventsWrite].into_iter().collect();
    let end = Timestamp::from_ms(1_060_000);
    let (id, _) = create(&auth, scopes, Some(end)).await;
    let may = |company| scopes_of_key(&auth.inner.db.snapshot(), company, id, clock.now()).unwrap();
    let other = CompanyId::from_raw(RawId { hi: 7, lo: 2 });
    assert_eq!((may(COMPANY), may(other)), (Some(scopes), None));
    clock.advance_ms(59_999);
    assert_eq!(may(COMPANY), Some(scopes));
    clock.advance_ms(1);
    assert_eq!(may(COMPANY), None);
}

#[tokio::test]
async fn anything_else_is_refused_alike() {
    let (auth, _) = auth();
    let (_, header) = create(&auth, Scopes::of_keys(), None).await;
    let (_, other) = create(&auth, Scopes::of_keys(), None).await;
    let (id, secret) = (header.rsplit_once('_').unwrap().0, other.rsplit_once('_').unwrap().1);
    let swapped = format!("{id}_{secret}");
    let unknown = header.replacen("np_live_0", "np_live_1", 1);
    for text in [&swapped, &unknown, "Bearer ", "Bearer np_live_", "Basic abc", "np", &format!("{header}0")] {
        assert!(matches!(auth.identify(Some(text)).await, Err(Error::Invalid)), "{text}");
    }
    assert!(matches!(auth.identify(None).await, Err(Error::Missing)));
    assert!(auth.identify(Some(&header)).await.is_ok());
}

#[tokio::test]
async fn a_revoked_or_expired_key_is_refused_at_once() {
    let (auth, clock) = auth();
    let (id, header) = create(&auth, Scopes::of_keys(), None).await;
    let stale = auth.inner.cache.generation();
    assert!(auth.identify(Some(&header)).await.is_ok());
    let revoker = auth.clone();
    assert!(auth.inner.db.write(move |tx| revoker.revoke_key(tx, (COMPANY, &Origin::machine()), id)).await.unwrap());
    assert!(matches!(auth.identify(Some(&header)).await, Err(Error::Invalid)));
    assert_ne!(auth.inner.cache.generation(), stale, "a reader from before the revocation is told apart");

    let (_, header) = create(&auth, Scopes::of_keys(), Some(Timestamp::from_ms(1_000_500))).await;
    assert!(auth.identify(Some(&header)).await.is_ok());
    clock.advance_ms(500);
    assert!(matches!(auth.identify(Some(&header)).await, Err(Error::Invalid)));
}

#[tokio::test]
async fn another_company_cannot_revoke() {
    let (auth, _) = auth();
    let (id, header) = create(&auth, Scopes::of_keys(), None).await;
    let revoker = auth.clone();
    let other = CompanyId::from_raw(RawId { hi: 8, lo: 1 });
    assert!(!auth.inner.db.write(move |tx| revoker.revoke_key(tx, (other, &Origin::machine()), id)).await.unwrap());
    assert!(auth.identify(Some(&header)).await.is_ok());
}

#[tokio::test]
async fn last_use_is_written_down() {
    let (auth, _) = auth();
    let (id, header) = create(&auth, Scopes::of_keys(), None).await;
    auth.identify(Some(&header)).await.unwrap();
    auth.write_last_used().await.unwrap();
    let row =
        auth.inner.db.read(move |snapshot| super::super::store::find(snapshot, id)).await.unwrap().unwrap().unwrap();
    assert_eq!(row.last_used_at, Some(Timestamp::from_ms(1_000_000)));
}

#[test]
fn roles_include_the_ones_below_and_keys_never_manage_people() {
    let of = |role| Scopes::of(role, false);
    let [admin, manager, user] = Role::ALL.map(of);
    assert_eq!((admin.and(manager), manager.and(user)), (manager, user));
    assert!(admin != manager && manager != user);
    assert!(!admin.contains(Scope::InstanceWrite) && Scopes::of(Role::Admin, true) == Scopes::all());
    assert!(user.contains(Scope::Profile) && !user.contains(Scope::JobsWrite));
    for scope in [Scope::UsersWrite, Scope::KeysWrite, Scope::Profile, Scope::CompanyWrite, Scope::InstanceWrite] {
        assert!(!Scopes::of_keys().contains(scope), "{scope}");
    }
}

#[tokio::test]
async fn a_stored_scope_that_keys_cannot_carry_grants_nothing() {
    let (auth, _) = auth();
    let (_, header) = create(&auth, Scopes::all(), None).await;
    assert_eq!(auth.identify(Some(&header)).await.unwrap().scopes, Scopes::of_keys());
}

#[test]
fn permissions_are_looked_up_by_route() {
    let required = |method, route| permissions::find(method, route).map(|permission| permission.scope);
    assert_eq!(required("POST", "/api/v1/jobs"), Some(Scope::JobsWrite));
    assert_eq!(required("HEAD", "/api/v1/jobs/{id}"), Some(Scope::JobsRead));
    assert_eq!(required("DELETE", "/api/v1/nowhere"), None);
    for (position, permission) in permissions::ALL.iter().enumerate() {
        let is_twin =
            |other: &permissions::Permission| other.method == permission.method && other.path == permission.path;
        assert!(!permissions::ALL[position + 1..].iter().any(is_twin), "{} {}", permission.method, permission.path);
    }
}

#[tokio::test]
async fn a_handler_that_names_the_caller_is_protected() {
    let (auth, _) = auth();
    let (_, reader) = create(&auth, [Scope::JobsRead].into_iter().collect(), None).await;
    let routes = Router::new()
        .route("/jobs", get(async |caller: Caller| caller.company.to_string()).post(async |_: Caller| ""))
        .route("/unlisted", get(async |_: Caller| ""));
    let router: Router = Router::new().nest("/api/v1", routes).with_state(auth);
    let ask = async |method: &str, path: &str, authorization: Option<&str>| {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let problem = response.extensions().get::<Problem>().map(ToString::to_string);
        (response.status().as_u16(), problem.unwrap_or_default())
    };
    assert_eq!(ask("GET", "/api/v1/jobs", Some(&reader)).await.0, 200);
    assert_eq!(ask("HEAD", "/api/v1/jobs", Some(&reader)).await.0, 200);
    let refused = ask("POST", "/api/v1/jobs", Some(&reader)).await;
    assert_eq!(refused, (403, "forbidden: the scope jobs:write is required".to_owned()));
    assert_eq!(ask("GET", "/api/v1/unlisted", Some(&reader)).await.0, 403);
    assert_eq!(ask("GET", "/api/v1/jobs", None).await.0, 401);
}
