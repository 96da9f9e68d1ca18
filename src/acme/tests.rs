//! The cache and what a start makes of it. Orders are tested against an authority of the integration tests.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Acme, Error, Settings,
    cache::{Cache, Content, Kept},
};
use crate::{
    base::{ManualClock, Timestamp},
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
    Acme::open(settings, client, Arc::new(ManualClock::new(Timestamp::from_ms(0))))
}

fn keep(data: &Path) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["np.test".to_owned()]).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2026, 4, 1));
    let mut cache = Cache::open(data).unwrap();
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
    let shown = format!("{:?}", open(settings(data.path())).unwrap());
    assert!(!shown.contains("PRIVATE KEY"), "{shown}");
    fs::write(&path, "{").unwrap();
    assert!(matches!(open(settings(data.path())), Err(Error::Damaged { .. })));
    fs::write(&path, serde_json::to_vec(&Content::default()).unwrap()).unwrap();
    assert!(open(settings(data.path())).unwrap().renew_at().is_none());
}
