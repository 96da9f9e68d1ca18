//! What every blob store must do: one suite, one line per implementation.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use novapulse::{
    base::SystemRandom,
    blob::{self, BlobKey, Blobs, Entry, Error, LocalBlobs, READ_MAX, Survey},
};
use sha2::{Digest as _, Sha256};

fn local(root: &Path) -> Blobs {
    Blobs::new(Arc::new(LocalBlobs::open(root, Arc::new(SystemRandom)).unwrap()))
}

#[tokio::test]
async fn local_blobs_conform() {
    let root = tempfile::tempdir().unwrap();
    suite(&local(&root.path().join("blobs"))).await;
}

#[cfg(feature = "s3")]
#[tokio::test]
async fn s3_blobs_conform() {
    let Some((_service, blobs)) = s3::blobs("novapulse/test") else {
        crate::support::skipped("s3_blobs_conform", "the S3 service from PyPI cannot be had");
        return;
    };
    suite(&blobs).await;
}

async fn suite(blobs: &Blobs) {
    what_was_put_is_read_back(blobs).await;
    ranges_are_exact(blobs).await;
    the_last_writer_wins(blobs).await;
    a_dropped_writer_leaves_what_was_there(blobs).await;
    large_blobs_are_written_in_pieces(blobs).await;
    deleting_twice_is_fine(blobs).await;
    lists_have_pages_in_the_order_of_keys(blobs).await;
}

fn key(text: &str) -> BlobKey {
    text.parse().unwrap()
}

fn pattern(length: usize) -> Bytes {
    (0..length).map(|number| (number % 251) as u8).collect()
}

async fn what_was_put_is_read_back(blobs: &Blobs) {
    for length in [0, 1, 70_000, 3_000_000] {
        let (key, bytes) = (key("whole/one"), pattern(length));
        let stored = blobs.put(&key, bytes.clone()).await.unwrap();
        assert_eq!(stored.size_bytes, length as u64);
        assert_eq!(stored.sha256[..], Sha256::digest(&bytes)[..]);
        assert_eq!(blobs.size(&key).await.unwrap(), Some(length as u64));
        assert_eq!(blobs.get(&key, 3_000_000).await.unwrap(), bytes);
    }
    let too_large = blobs.get(&key("whole/one"), 2_999_999).await;
    assert!(matches!(too_large, Err(Error::TooLarge { size_bytes: 3_000_000, .. })), "{too_large:?}");
    assert!(matches!(blobs.get(&key("whole/none"), 1).await, Err(Error::NotFound(_))));
    assert_eq!(blobs.size(&key("whole")).await.unwrap(), None, "a folder is no blob");
}

async fn ranges_are_exact(blobs: &Blobs) {
    let (key, bytes) = (key("ranges"), pattern(100_000));
    blobs.put(&key, bytes.clone()).await.unwrap();
    for (from, to) in [(0, 1), (0, 100_000), (99_999, 100_000), (12_345, 54_321), (7, 7)] {
        let read = blobs.read(&key, from..to).await.unwrap();
        assert_eq!(read, bytes.slice(from as usize..to as usize), "{from}..{to}");
    }
    for (from, to) in [(0, 100_001), (100_000, 100_001), (200_000, 200_001)] {
        let read = blobs.read(&key, from..to).await;
        assert!(matches!(read, Err(Error::NotFound(_))), "{from}..{to}: {read:?}");
    }
    assert!(matches!(blobs.read(&key, 0..READ_MAX + 1).await, Err(Error::TooLarge { .. })));
}

async fn the_last_writer_wins(blobs: &Blobs) {
    let key = key("twice");
    let mut first = blobs.begin(&key).await.unwrap();
    first.write(Bytes::from_static(b"first")).await.unwrap();
    blobs.put(&key, Bytes::from_static(b"second, and longer")).await.unwrap();
    assert_eq!(blobs.get(&key, 99).await.unwrap(), "second, and longer", "a draft is not seen");
    first.finish().await.unwrap();
    assert_eq!(blobs.get(&key, 99).await.unwrap(), "first");
}

async fn a_dropped_writer_leaves_what_was_there(blobs: &Blobs) {
    for (name, before) in [("dropped/new", None), ("dropped/old", Some("old"))] {
        let key = key(name);
        if let Some(before) = before {
            blobs.put(&key, Bytes::from(before)).await.unwrap();
        }
        let mut writer = blobs.begin(&key).await.unwrap();
        writer.write(pattern(100)).await.unwrap();
        drop(writer);
        assert_eq!(blobs.size(&key).await.unwrap(), before.map(|it| it.len() as u64), "{name}");
    }
    assert_eq!(blobs.list("dropped/", None, 9).await.unwrap().len(), 1);
}

async fn large_blobs_are_written_in_pieces(blobs: &Blobs) {
    let key = key("large");
    let piece = pattern(777_777);
    let (pieces, mut hash) = (24, Sha256::new());
    let mut writer = blobs.begin(&key).await.unwrap();
    for _ in 0..pieces {
        hash.update(&piece);
        writer.write(piece.clone()).await.unwrap();
    }
    assert_eq!(blobs.size(&key).await.unwrap(), None, "nothing is seen before the end");
    let stored = writer.finish().await.unwrap();
    let size = (pieces * piece.len()) as u64;
    assert_eq!((stored.size_bytes, &stored.sha256[..]), (size, &hash.clone().finalize()[..]));
    let whole = blobs.get(&key, size).await.unwrap();
    assert_eq!(Sha256::digest(&whole)[..], hash.finalize()[..]);
}

async fn deleting_twice_is_fine(blobs: &Blobs) {
    let (one, other) = (key("delete/a/b/one"), key("delete/other"));
    for key in [&one, &other] {
        blobs.put(key, Bytes::from_static(b"x")).await.unwrap();
    }
    for _ in 0..2 {
        blobs.delete(&one).await.unwrap();
        assert_eq!(blobs.size(&one).await.unwrap(), None);
    }
    assert_eq!(blobs.size(&other).await.unwrap(), Some(1));
    blobs.put(&one, Bytes::from_static(b"again")).await.unwrap();
    assert_eq!(blobs.get(&one, 5).await.unwrap(), "again");
}

async fn lists_have_pages_in_the_order_of_keys(blobs: &Blobs) {
    let mut names = Vec::new();
    for name in ["list/a.b", "list/a/1", "list/a/2", "list/a0", "list/b/c/d", "list2/x"] {
        blobs.put(&key(name), pattern(name.len())).await.unwrap();
        names.push(name);
    }
    names.pop();
    for size in [1, 2, 5, 100] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = blobs.list("list/", after.as_ref(), size).await.unwrap();
            assert!(page.len() <= size);
            let Some(last) = page.last() else { break };
            after = Some(last.key.clone());
            found.extend(page);
        }
        let expected: Vec<Entry> =
            names.iter().map(|name| Entry { key: key(name), size_bytes: name.len() as u64 }).collect();
        assert_eq!(found, expected, "in pages of {size}");
    }
    assert!(blobs.list("none/", None, 9).await.unwrap().is_empty());
    assert!(blobs.list("", None, 100).await.unwrap().len() > 6);
}

#[tokio::test]
async fn what_a_crash_leaves_is_removed_at_the_next_start() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("blobs");
    let blobs = local(&path);
    blobs.put(&key("a/kept"), pattern(10)).await.unwrap();
    let mut writer = blobs.begin(&key("a/half")).await.unwrap();
    writer.write(pattern(10)).await.unwrap();
    // A killed process drops nothing.
    std::mem::forget(writer);
    assert_eq!(blob::survey(&path).unwrap(), Survey { blobs: 1, bytes: 10, drafts: 1, ..Survey::default() });
    let blobs = local(&path);
    assert_eq!(blob::survey(&path).unwrap(), Survey { blobs: 1, bytes: 10, ..Survey::default() });
    assert_eq!(blobs.size(&key("a/half")).await.unwrap(), None);
    assert_eq!(blob::survey_first(&path, 1).unwrap(), blob::survey(&path).unwrap());
    blobs.put(&key("b"), pattern(5)).await.unwrap();
    let first = blob::survey_first(&path, 1).unwrap();
    assert_eq!((first.blobs, first.is_partial), (1, true), "no more is looked at than was asked for");
    std::fs::write(path.join("Strange File"), "x").unwrap();
    assert_eq!(blob::survey(&path).unwrap().strange, 1);
    assert_eq!(blob::survey(&root.path().join("none")).unwrap(), Survey::default());
}

#[cfg(feature = "s3")]
mod s3 {
    use std::sync::Arc;

    use novapulse::{
        blob::{BlobStore as _, Blobs, S3Blobs, S3Settings},
        outbound::{Client, Policy, Settings},
    };
    use tokio_util::{sync::CancellationToken, task::TaskTracker};

    use crate::support::{Receiver, Reply, S3Service};

    fn settings(url: &str, prefix: &str) -> S3Settings {
        S3Settings {
            bucket: "novapulse".to_owned(),
            endpoint: Some(url.to_owned()),
            region: "us-east-1".to_owned(),
            access_key: "novapulse".to_owned(),
            secret_key: "novapulse-secret".to_owned(),
            prefix: prefix.to_owned(),
            part_bytes: 5 << 20,
        }
    }

    fn client() -> (Client, TaskTracker) {
        let tracker = TaskTracker::new();
        let settings = Settings::new(Policy::default().allow_loopback());
        (Client::new(settings, &tracker, CancellationToken::new()).unwrap(), tracker)
    }

    pub fn blobs(prefix: &str) -> Option<(S3Service, Blobs)> {
        let service = S3Service::start()?;
        let (client, tracker) = client();
        let store = S3Blobs::new(settings(&service.url, prefix), client, tracker).unwrap();
        Some((service, Blobs::new(Arc::new(store))))
    }

    #[tokio::test]
    async fn the_secret_is_not_shown_and_a_dead_service_is_an_error() {
        let (client, tracker) = client();
        // Nothing listens on the port of the discard service.
        let settings = settings("http://127.0.0.1:1", "");
        assert!(!format!("{settings:?}").contains("novapulse-secret"));
        let store = S3Blobs::new(settings, client.clone(), tracker.clone()).unwrap();
        assert!(!format!("{store:?}").contains("novapulse-secret"));
        let error = store.size(&"a".parse().unwrap()).await.unwrap_err();
        assert!(!error.to_string().contains("novapulse-secret"), "{error}");
        let bad = super::s3::settings("http://127.0.0.1:1", "Not A Path");
        assert!(S3Blobs::new(bad, client, tracker).is_err());
    }

    #[tokio::test]
    async fn what_the_service_refuses_is_said_in_words() {
        for (status, words) in [
            (403, "refuses the access key of the server"),
            (404, "has no such bucket"),
            (400, "does not answer as it should"),
        ] {
            let service = Receiver::answering(move |_| Reply::status(status));
            let (client, tracker) = client();
            let store = S3Blobs::new(settings(service.url("").trim_end_matches('/'), ""), client, tracker).unwrap();
            let mut writer = Blobs::new(Arc::new(store)).begin(&"a".parse().unwrap()).await.unwrap();
            writer.write(super::pattern(10)).await.unwrap();
            let error = writer.finish().await.unwrap_err();
            assert!(error.in_words().ends_with(words), "{status}: {error}");
        }
    }
}
