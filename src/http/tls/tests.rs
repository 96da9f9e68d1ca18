//! Pairs that can be used and pairs that cannot, and what a reload does with them.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, date_time_ymd};

use super::{Error, Files, Tls, Trouble};

fn files(directory: &Path) -> Files {
    Files { certificate: directory.join("tls.crt"), key: directory.join("tls.key") }
}

/// Writes a pair that is valid until the year; gives the certificate.
fn issue(files: &Files, key: &KeyPair, year: i32) -> Vec<u8> {
    let mut params = CertificateParams::new(vec!["np.test".to_owned()]).unwrap();
    params.not_after = date_time_ymd(year, 1, 1);
    let certificate = params.self_signed(key).unwrap();
    fs::write(&files.certificate, certificate.pem()).unwrap();
    fs::write(&files.key, key.serialize_pem()).unwrap();
    fs::set_permissions(&files.key, fs::Permissions::from_mode(0o600)).unwrap();
    certificate.der().to_vec()
}

fn in_use(tls: &Tls) -> Vec<u8> {
    tls.inner.certificates.current.load().cert[0].to_vec()
}

#[test]
fn keys_of_every_usual_kind_are_taken_and_the_end_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let files = files(directory.path());
    for kind in [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519] {
        issue(&files, &KeyPair::generate_for(kind).unwrap(), 2033);
        let standing = Tls::open(files.clone()).unwrap().standing();
        assert_eq!(standing.validity.unwrap().not_after.to_string(), "2033-01-01T00:00:00.000Z");
        assert_eq!(standing.trouble, None);
    }
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let files = files(directory.path());
    assert!(matches!(Tls::open(files.clone()), Err(Error::Read { path, .. }) if path == files.certificate));
    let key = KeyPair::generate().unwrap();
    issue(&files, &key, 2033);
    fs::write(&files.key, KeyPair::generate().unwrap().serialize_pem()).unwrap();
    assert!(matches!(Tls::open(files.clone()), Err(Error::Pair { .. })));
    fs::write(&files.key, fs::read(&files.certificate).unwrap()).unwrap();
    assert!(matches!(Tls::open(files.clone()), Err(Error::Pem { what: "private key", .. })));
    issue(&files, &key, 2033);
    fs::write(&files.certificate, key.serialize_pem()).unwrap();
    assert!(matches!(Tls::open(files.clone()), Err(Error::Pem { what: "certificate", .. })));
    fs::write(&files.certificate, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    assert!(matches!(Tls::open(files.clone()), Err(Error::Pair { .. })));
    fs::write(&files.certificate, vec![b'\n'; 2 << 20]).unwrap();
    assert!(matches!(Tls::open(files.clone()), Err(Error::TooLarge(path)) if path == files.certificate));
    issue(&files, &key, 2033);
    fs::set_permissions(&files.key, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(Tls::open(files.clone()), Err(Error::Exposed { mode: 0o644, .. })));
}

#[test]
fn a_reload_takes_a_good_pair_and_keeps_the_last_one_otherwise() {
    let directory = tempfile::tempdir().unwrap();
    let files = files(directory.path());
    let key = KeyPair::generate().unwrap();
    let first = issue(&files, &key, 2033);
    let tls = Tls::open(files.clone()).unwrap();
    assert_eq!(in_use(&tls), first);
    let second = issue(&files, &KeyPair::generate().unwrap(), 2034);
    tls.reload().unwrap();
    assert_eq!(in_use(&tls), second);
    fs::remove_file(&files.key).unwrap();
    assert!(tls.reload().is_err() && tls.standing().trouble == Some(Trouble::Files));
    assert_eq!(in_use(&tls), second);
    assert_eq!(tls.standing().validity.unwrap().not_after.to_string(), "2034-01-01T00:00:00.000Z");
    issue(&files, &key, 2035);
    tls.reload().unwrap();
    assert!(tls.standing().trouble.is_none() && in_use(&tls) != second);
}

#[test]
fn keys_are_not_shown() {
    let directory = tempfile::tempdir().unwrap();
    let files = files(directory.path());
    let key = KeyPair::generate().unwrap();
    issue(&files, &key, 2033);
    let shown = format!("{:?}", Tls::open(files).unwrap());
    let bytes = format!("{:?}", key.serialize_der());
    assert!(!shown.contains(bytes.trim_matches(['[', ']'])), "{shown}");
}
