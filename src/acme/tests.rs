//! The cache and what a start makes of it. Orders are tested against an authority of the integration tests.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Acme, Error, Settings,
    cache::{Cache, Content, Kept},
};
use crate::{
    base::{ManualClock, SealKey, SeededRandom, Timestamp},
    http::tls::Trouble,
    outbound::{self, Client, Policy},
};

fn settings(data: &Path) -> Settings {
    Settings {
        domains: vec!["np.test".to_owned()],
        contact: Vec::new(),
        directory: "https://authority.test/directory".to_owned(),
        data: data.to_path_buf(),
    }
}

fn open(settings: Settings) -> Result<Acme, Error> {
    let client = outbound::Settings::new(Policy::default());
    let client = Client::new(client, &TaskTracker::new(), CancellationToken::new()).unwrap();
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(0)));
    Acme::open(settings, &seal(), client, (clock, Arc::new(SeededRandom::new(1))))
}

fn seal() -> SealKey {
    SealKey::from_bytes(&[7; 32])
}

fn cache(data: &Path) -> Cache {
    Cache::open(data, &seal(), Arc::new(SeededRandom::new(2))).unwrap()
}

fn keep(data: &Path) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["np.test".to_owned()]).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2026, 4, 1));
    let mut cache = cache(data);
    cache.content.certificate = Some(Kept {
        directory: "https://authority.test/directory".to_owned(),
        domains: vec!["np.test".to_owned()],
        chain: params.self_signed(&key).unwrap().pem(),
        key: key.serialize_pem(),
    });
    cache.save().unwrap();
}

#[tokio::test]
async fn without_a_certificate_one_that_signs_itself_stands_in() {
    let data = tempfile::tempdir().unwrap();
    let acme = open(settings(data.path())).unwrap();
    assert_eq!(acme.tls().standing().trouble, Some(Trouble::NotIssued));
    assert!(acme.tls().standing().validity.is_some());
    assert_eq!(acme.renew_at(), None, "an order is due at once");
}

#[tokio::test]
async fn a_kept_certificate_is_used_and_renewed_in_time_or_when_the_wishes_change() {
    let data = tempfile::tempdir().unwrap();
    keep(data.path());
    let acme = open(settings(data.path())).unwrap();
    assert_eq!(acme.tls().standing().trouble, None);
    assert_eq!(acme.renew_at().unwrap().to_string(), "2026-03-02T00:00:00.000Z");
    let more = Settings { domains: vec!["np.test".to_owned(), "b.test".to_owned()], ..settings(data.path()) };
    assert_eq!(open(more).unwrap().renew_at(), None);
    let other = Settings { directory: "https://other.test/directory".to_owned(), ..settings(data.path()) };
    assert_eq!(open(other).unwrap().renew_at(), None);
}

#[tokio::test]
async fn the_cache_is_for_its_owner_and_damage_is_told() {
    let data = tempfile::tempdir().unwrap();
    keep(data.path());
    let path = data.path().join("acme.json");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let stored = fs::read_to_string(&path).unwrap();
    assert!(!stored.contains("PRIVATE KEY") && !stored.contains("np.test"), "sealed: {stored}");
    let shown = format!("{:?}", open(settings(data.path())).unwrap());
    assert!(!shown.contains("PRIVATE KEY"), "{shown}");
    fs::write(&path, "{").unwrap();
    assert!(matches!(open(settings(data.path())), Err(Error::Damaged { .. })));
    fs::write(&path, serde_json::to_vec(&Content::default()).unwrap()).unwrap();
    assert!(open(settings(data.path())).unwrap().renew_at().is_none());
}

#[test]
fn a_cache_of_before_is_read_and_sealed_and_that_of_another_store_is_told() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().join("acme.json");
    keep(data.path());
    let content = cache(data.path()).content;
    fs::write(&path, serde_json::to_vec(&content).unwrap()).unwrap();
    let mut before = cache(data.path());
    assert!(before.is_unsaved() && before.content.certificate.is_some());
    before.save().unwrap();
    assert!(!before.is_unsaved() && !fs::read_to_string(&path).unwrap().contains("PRIVATE KEY"));
    assert!(cache(data.path()).content.certificate.is_some());
    let other = Cache::open(data.path(), &SealKey::from_bytes(&[8; 32]), Arc::new(SeededRandom::new(1)));
    assert!(matches!(other, Err(Error::OtherKey { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_kept_is_kept_as_soon_as_that_is_possible() {
    let data = tempfile::tempdir().unwrap();
    keep(data.path());
    let mut acme = open(settings(data.path())).unwrap();
    let obstacle = data.path().join("acme.json.new");
    fs::create_dir(&obstacle).unwrap();
    acme.cache.content.certificate.as_mut().unwrap().domains.push("b.test".to_owned());
    acme.cache.save().unwrap_err();
    let mut failures = 0;
    acme.keep(&mut failures);
    assert_eq!((failures, acme.cache.is_unsaved()), (1, true));
    fs::remove_dir(&obstacle).unwrap();
    acme.keep(&mut failures);
    assert_eq!((failures, acme.cache.is_unsaved()), (0, false));
    let kept = cache(data.path()).content.certificate.unwrap();
    assert_eq!(kept.domains, ["np.test", "b.test"]);
}
