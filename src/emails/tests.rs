//! The slice with a queue, a store in memory, files in a folder, and a mail server that takes what it is given.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Emails, check};
use crate::{
    base::{CompanyId, EmailId, ManualClock, RawId, SealKey, SeededRandom, Standing, Timestamp},
    blob::{BlobKey, Blobs, LocalBlobs},
    mail::{
        self, EmailQuery, EmailView, Envelope, HandingOver, Handover, Mail, Metrics, Outgoing, Settings, Transport,
        Verdict,
        email::{Content, EmailState, FileSource, NewAttachment, NewEmail, RecipientKind},
    },
    queue::{self, Handlers, QueueConfig, QueueName, Queues},
    storage::{Db, engine::memory::MemoryEngine},
};

const COMPANY: CompanyId = CompanyId::from_raw(RawId { hi: 7, lo: 70 });
const KEEP_MS: u64 = 3_600_000;
const PATIENCE: Duration = Duration::from_secs(20);

/// Takes every message, and tells that it did.
#[derive(Debug, Default)]
struct Taking {
    messages: Mutex<Vec<String>>,
}

impl Transport for Taking {
    fn hand_over<'a>(&'a self, envelope: &'a Envelope, message: &'a [u8], _: u64) -> HandingOver<'a> {
        self.messages.lock().unwrap().push(String::from_utf8(message.to_vec()).unwrap());
        let verdicts = vec![Verdict::Accepted("250 ok".to_owned()); envelope.to.len()];
        Box::pin(async move { Handover::Answered(verdicts) })
    }

    fn standing(&self) -> Standing {
        Standing::default()
    }
}

struct World {
    db: Db,
    clock: Arc<ManualClock>,
    queues: Queues,
    mail: Mail,
    blobs: Blobs,
    server: Arc<Taking>,
    tracker: TaskTracker,
    stop: CancellationToken,
    _folder: tempfile::TempDir,
}

impl World {
    async fn open() -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_767_225_600_000)));
        let random = Arc::new(SeededRandom::new(7));
        let db = Db::over_memory(MemoryEngine::default(), Arc::clone(&clock) as _, Arc::clone(&random) as _).unwrap();
        let queues = Queues::open(db.clone(), QueueConfig { cores: 1, ..QueueConfig::default() }).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::new(Arc::new(LocalBlobs::open(folder.path(), random).unwrap()));
        let server = Arc::new(Taking::default());
        let outgoing = Outgoing {
            transport: Arc::clone(&server) as _,
            from: "a@example.com".parse().unwrap(),
            reply_to: None,
            signer: None,
        };
        let settings =
            Settings { outgoing: Some(outgoing), keep_ms: KEEP_MS, blobs: Some(blobs.clone()), ..Settings::default() };
        let seal = Arc::new(SealKey::from_bytes(&[9; 32]));
        let mail = Mail::open(db.clone(), seal, Some(queues.clone()), settings, Metrics::default());
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        Self { db, clock, queues, mail, blobs, server, tracker, stop, _folder: folder }
    }

    fn run_jobs(&self) {
        self.queues.start(&self.tracker, &self.stop);
        let handlers = Handlers::default().with(Emails::new(self.db.clone(), self.mail.clone()).send_email());
        let name = QueueName::trusted(QueueName::EMAIL);
        self.queues.start_pool(&name, handlers, &self.tracker, &self.stop).unwrap();
    }

    async fn queue(&self, attachments: Vec<NewAttachment>) -> EmailId {
        let content = Content { subject: Some("Hi".to_owned()), text: Some("Hello".to_owned()), ..Content::default() };
        let recipients = vec![(RecipientKind::To, "b@example.com".parse().unwrap())];
        let new =
            NewEmail { recipients, content, template: None, attachments, is_own: false, about: None, is_counted: true };
        let mail = self.mail.clone();
        let row = self.db.write(move |tx| mail.queue(tx, COMPANY, new)).await;
        let row: Result<_, queue::Error> = row;
        row.unwrap().id
    }

    fn find(&self, id: EmailId) -> Option<EmailView> {
        self.mail.find(&self.db.snapshot(), COMPANY, id).unwrap()
    }

    async fn ended(&self, id: EmailId) -> EmailView {
        let look = async {
            loop {
                let view = self.find(id).unwrap();
                if view.row.finished_at.is_some() {
                    return view;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, look).await.expect("the e-mail ends")
    }

    fn contradictions(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut tell = |text| found.push(text);
        mail::check(&self.db.snapshot(), &mut tell).unwrap();
        check(&self.db.snapshot(), &mut tell).unwrap();
        queue::check(&self.db.snapshot(), &mut tell).unwrap();
        found
    }
}

fn file_at(key: &BlobKey) -> NewAttachment {
    let source = FileSource::Blob { key: key.clone(), size_bytes: 8 };
    NewAttachment { name: "r.csv".to_owned(), content_type: "text/csv".to_owned(), source }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_among_the_blobs_goes_with_the_message_and_fails_it_once_it_is_gone() {
    let world = World::open().await;
    world.run_jobs();
    let key: BlobKey = "reports/one".parse().unwrap();
    world.blobs.put(&key, Bytes::from_static(b"hi there")).await.unwrap();
    let id = world.queue(vec![file_at(&key)]).await;
    assert_eq!(world.ended(id).await.state, EmailState::Sent);
    let message = world.server.messages.lock().unwrap().pop().unwrap();
    assert!(message.contains("r.csv") && message.contains("aGkgdGhlcmU="), "{message}");

    world.blobs.delete(&key).await.unwrap();
    let id = world.queue(vec![file_at(&key)]).await;
    let view = world.ended(id).await;
    assert_eq!((view.state, view.attempts), (EmailState::Failed, 1));
    assert_eq!(view.answer.as_deref(), Some("the file r.csv is not there any more"));
    assert!(world.server.messages.lock().unwrap().is_empty());
    assert_eq!(world.contradictions(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_emails_are_removed_and_what_still_waits_is_given_up() {
    let world = World::open().await;
    let inline = |bytes: &[u8]| NewAttachment {
        name: "a".to_owned(),
        content_type: "text/plain".to_owned(),
        source: FileSource::Inline(bytes.to_vec()),
    };
    // Nothing runs yet, so both wait.
    let old = world.queue(vec![inline(b"one"), inline(b"two")]).await;
    world.clock.advance_ms(KEEP_MS + 1);
    let young = world.queue(vec![inline(b"three")]).await;
    assert_eq!(world.mail.sweep_emails(&world.stop).await.unwrap(), 1);
    assert!(world.find(old).is_none());
    assert_eq!(world.find(young).unwrap().state, EmailState::Queued);
    assert_eq!(world.contradictions(), [""; 0]);
    world.run_jobs();
    assert_eq!(world.ended(young).await.state, EmailState::Sent);
    let listed = world.mail.list_emails(&world.db.snapshot(), COMPANY, &EmailQuery::default(), (None, 9)).unwrap();
    assert_eq!(listed.found.len(), 1, "the job of the old one was cancelled and sends nothing");
    assert_eq!(world.server.messages.lock().unwrap().len(), 1);
}
