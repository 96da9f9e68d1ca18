//! The canaries and everything that was seen; finds the ones that sit where they must not.

use std::{fs, ops::ControlFlow, path::Path, sync::Arc};

use base64::{Engine as _, engine::general_purpose};
use novapulse::{
    base::{SystemClock, SystemRandom},
    storage::{Directory, DirectoryOptions, Order, ReadBytes, Space},
};

use crate::support::{Answer, Client};

/// The answers and outputs that carry a secret on purpose, once and to whom it belongs.
const MEANT: &[(&str, &str)] = &[
    ("standard output", "set-up token"),
    ("setup-url", "set-up token"),
    ("secrets seal", "sealed value"),
    ("POST /api/v1/auth/setup", "token of a session"),
    ("POST /api/v1/auth/login", "token of a session"),
    ("POST /api/v1/auth/login/mfa", "token of a session"),
    ("POST /api/v1/auth/invites/accept", "token of a session"),
    ("POST /api/v1/auth/refresh", "token of a session"),
    ("POST /api/v1/auth/reauthenticate", "token of a session"),
    ("POST /api/v1/auth/invites", "invitation token"),
    ("GET /api/v1/mailbox", "invitation token"),
    ("GET /api/v1/mailbox", "reset token"),
    ("POST /api/v1/api-keys", "API key"),
    ("POST /api/v1/play", "receiver token"),
    ("POST /api/v1/webhooks", "webhook secret"),
    ("POST /api/v1/webhooks/{id}/rotate-secret", "webhook secret"),
    ("GET /api/v1/webhooks/{id}/secret", "webhook secret"),
    ("POST /api/v1/mfa/setup", "TOTP secret"),
    ("POST /api/v1/mfa/verify", "recovery code"),
    ("POST /api/v1/mfa/recovery-codes", "recovery code"),
];

/// A shorter form could be found by chance.
const FORM_BYTES_MIN: usize = 12;

struct Canary {
    kind: &'static str,
    forms: Vec<Vec<u8>>,
}

/// What was seen where.
struct Seen {
    place: String,
    bytes: Vec<u8>,
}

/// Collects canaries and whatever could hold one.
#[derive(Default)]
pub(super) struct Watch {
    canaries: Vec<Canary>,
    seen: Vec<Seen>,
}

impl Watch {
    /// A secret that must not be found but where it is meant to be.
    pub(super) fn canary(&mut self, kind: &'static str, text: &str) -> String {
        let mut forms = vec![text.as_bytes().to_vec(), text.to_ascii_uppercase().into_bytes()];
        forms.push(text.replace('-', "").into_bytes());
        forms.push(general_purpose::STANDARD.encode(text).into_bytes());
        // What follows the last prefix, and the bytes it stands for.
        let bare = text.trim_start_matches("whsec_").trim_start_matches("enc:");
        forms.push(bare.as_bytes().to_vec());
        if bare.starts_with("np_") {
            forms.extend(bare.rsplit('_').next().map(|part| part.as_bytes().to_vec()));
        }
        forms.extend(general_purpose::STANDARD.decode(bare).ok());
        forms.extend(general_purpose::URL_SAFE_NO_PAD.decode(bare).ok());
        forms.extend(totp_rs::Secret::try_from_base32(text).ok().map(|secret| secret.as_bytes().to_vec()));
        forms.retain(|form| form.len() >= FORM_BYTES_MIN);
        assert!(!forms.is_empty(), "{kind} is too short to be looked for");
        self.canaries.push(Canary { kind, forms });
        text.to_owned()
    }

    /// Something that could hold a canary.
    pub(super) fn saw(&mut self, place: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.seen.push(Seen { place: place.into(), bytes: bytes.into() });
    }

    /// Sends a request and keeps the whole answer; `{id}` in the path stands for `id`.
    pub(super) fn send(
        &mut self,
        client: &mut Client,
        (method, path, id): (&str, &str, &str),
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Answer {
        let answer = client.send(method, &path.replace("{id}", id), headers, body.map(str::as_bytes));
        let mut bytes = Vec::new();
        for (name, value) in &answer.headers {
            bytes.extend_from_slice(format!("{name}: {value}\n").as_bytes());
        }
        bytes.extend_from_slice(&answer.bytes);
        self.saw(format!("{method} {path}"), bytes);
        answer
    }

    /// Every file of a data directory, and every row of its store as the engine gives it back.
    pub(super) fn saw_directory(&mut self, data: &Path) {
        let mut folders = vec![data.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.is_file() {
                    self.saw(format!("file {}", path.display()), fs::read(&path).unwrap());
                }
            }
        }
        let options = DirectoryOptions { ballast_bytes: 0, ..DirectoryOptions::default() };
        let directory = Directory::open(data, &options, Arc::new(SystemClock::default()), Arc::new(SystemRandom));
        let directory = directory.unwrap();
        let snapshot = directory.db().snapshot();
        let mut rows = 0;
        for space in Space::ALL {
            snapshot
                .scan_bytes(space, &[], &[0xff, 0xff], Order::Ascending, &mut |key, value| {
                    rows += 1;
                    self.saw(format!("row {space:?} {key:?}"), [key, value].concat());
                    ControlFlow::Continue(())
                })
                .unwrap();
        }
        assert!(rows > 50, "{rows} rows only");
        directory.close();
    }

    /// How many canaries of a kind there are.
    pub(super) fn count(&self, kind: &str) -> usize {
        self.canaries.iter().filter(|canary| canary.kind == kind).count()
    }

    /// Where canaries were found that must not be there.
    pub(super) fn found(&self) -> Vec<String> {
        let mut found = Vec::new();
        for seen in &self.seen {
            for canary in &self.canaries {
                let is_meant = MEANT.contains(&(seen.place.as_str(), canary.kind));
                let hit = canary.forms.iter().find_map(|form| Some((form, position(&seen.bytes, form)?)));
                if let Some((form, at)) = hit.filter(|_| !is_meant) {
                    let around = &seen.bytes[at.saturating_sub(120)..(at + form.len() + 20).min(seen.bytes.len())];
                    let around = String::from_utf8_lossy(around);
                    found.push(format!("{} in {}: {around}", canary.kind, seen.place));
                }
            }
        }
        found
    }

    /// The places of [`MEANT`] where nothing was found: the list or the test is out of date.
    pub(super) fn unused(&self) -> Vec<String> {
        let is_used = |place: &str, kind: &str| {
            self.seen.iter().filter(|seen| seen.place == place).any(|seen| {
                let of_kind = self.canaries.iter().filter(|canary| canary.kind == kind);
                of_kind.flat_map(|canary| &canary.forms).any(|form| position(&seen.bytes, form).is_some())
            })
        };
        let unused = MEANT.iter().filter(|(place, kind)| !is_used(place, kind));
        unused.map(|(place, kind)| format!("{kind} in {place}")).collect()
    }
}

fn position(bytes: &[u8], form: &[u8]) -> Option<usize> {
    let (first, rest) = form.split_first()?;
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| byte == first).map(|at| from + at) {
        if bytes[at + 1..].starts_with(rest) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

#[test]
fn canaries_are_found_in_every_form() {
    let mut watch = Watch::default();
    watch.canary("webhook secret", "whsec_c2VjcmV0IG9mIHR3ZW50eS1mb3VyIGJ5dGVz");
    watch.canary("recovery code", "abcd-efgh-ijkm-nopq");
    for (place, bytes) in [
        ("a", "x whsec_c2VjcmV0IG9mIHR3ZW50eS1mb3VyIGJ5dGVz"),
        ("b", "xsecret of twenty-four bytes."),
        ("c", "ABCD-EFGH-IJKM-NOPQ"),
        ("d", "abcdefghijkmnopq"),
        ("e", "nothing of it"),
        ("POST /api/v1/mfa/verify", "abcdefghijkmnopq"),
    ] {
        watch.saw(place, bytes);
    }
    let places: Vec<String> =
        watch.found().iter().map(|found| found.split([':', ' ']).nth(3).unwrap().to_owned()).collect();
    assert_eq!(places, ["a", "b", "c", "d"], "{:?}", watch.found());
    assert!(!watch.unused().contains(&"recovery code in POST /api/v1/mfa/verify".to_owned()));
    assert!(watch.unused().contains(&"TOTP secret in POST /api/v1/mfa/setup".to_owned()));
}
