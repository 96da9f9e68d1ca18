//! The mailbox on a store in memory.

use std::{ops::ControlFlow, sync::Arc};

use super::{KEPT_MS, Mail, Message, MessageView, check, store};
use crate::{
    base::{CompanyId, ManualClock, RawId, SealKey, SeededRandom, Timestamp, UserId},
    storage::{Db, Order, ReadBytes, Space, engine::memory::MemoryEngine},
};

const ONE: CompanyId = CompanyId::from_raw(RawId { hi: 1, lo: 1 });
const TWO: CompanyId = CompanyId::from_raw(RawId { hi: 2, lo: 1 });

fn open(key: u8) -> (Mail, Db, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_000_000)));
    let db = Db::over_memory(MemoryEngine::default(), Arc::clone(&clock) as _, Arc::new(SeededRandom::new(1))).unwrap();
    (Mail::new(db.clone(), Arc::new(SealKey::from_bytes(&[key; 32]))), db, clock)
}

fn message(number: usize) -> Message {
    Message::new("ada@example.com", &format!("number {number}"), format!("the secret link {number}")).unwrap()
}

async fn send(mail: &Mail, db: &Db, company: CompanyId, messages: Vec<Message>) {
    let mail = mail.clone();
    db.write(move |tx| {
        for message in messages {
            mail.send(tx, company, &message)?;
        }
        Ok::<_, crate::storage::Error>(())
    })
    .await
    .unwrap();
}

fn list(mail: &Mail, db: &Db, company: CompanyId, page: (Option<u64>, usize)) -> Vec<MessageView> {
    mail.list(&db.snapshot(), company, page, &mut |_| Ok(true)).unwrap()
}

fn rows(db: &Db, company: CompanyId) -> Vec<store::MessageRow> {
    let mut rows = Vec::new();
    store::visit(&db.snapshot(), company, None, &mut |row| {
        rows.push(row);
        ControlFlow::Continue(())
    })
    .unwrap();
    rows
}

fn contradictions(db: &Db) -> Vec<String> {
    let mut found = Vec::new();
    check(&db.snapshot(), &mut |text| found.push(text)).unwrap();
    found
}

#[tokio::test]
async fn messages_are_read_back_newest_first_page_by_page_by_their_company() {
    let (mail, db, _) = open(7);
    send(&mail, &db, ONE, (0..5).map(message).collect()).await;
    send(&mail, &db, TWO, vec![message(9)]).await;
    let first = list(&mail, &db, ONE, (None, 3));
    let subjects = |page: &[MessageView]| page.iter().map(|view| view.subject.clone()).collect::<Vec<_>>();
    assert_eq!(subjects(&first), ["number 4", "number 3", "number 2"]);
    let second = list(&mail, &db, ONE, (Some(first[2].id.hi()), 3));
    assert_eq!(subjects(&second), ["number 1", "number 0"]);
    assert_eq!(second[1].text.clone().unwrap().expose(), "the secret link 0");
    assert_eq!(list(&mail, &db, TWO, (None, 9)).len(), 1);
}

#[tokio::test]
async fn messages_about_people_whom_the_reader_may_not_see_are_passed_over() {
    let (mail, db, _) = open(7);
    let [ada, eve] = [1, 2].map(|hi| UserId::from_raw(RawId { hi, lo: 1 }));
    send(&mail, &db, ONE, vec![message(0), message(1).about(ada), message(2).about(eve), message(3).about(ada)]).await;
    let seen = mail.list(&db.snapshot(), ONE, (None, 2), &mut |user| Ok(user != Some(ada))).unwrap();
    let subjects: Vec<_> = seen.iter().map(|view| view.subject.as_str()).collect();
    assert_eq!(subjects, ["number 2", "number 0"]);
}

#[tokio::test]
async fn texts_are_sealed_and_bound_to_their_row() {
    let (mail, db, _) = open(7);
    send(&mail, &db, ONE, vec![message(0)]).await;
    let mut stored = Vec::new();
    for space in Space::ALL {
        let mut keep = |_: &[u8], value: &[u8]| {
            stored.extend_from_slice(value);
            ControlFlow::Continue(())
        };
        db.snapshot().scan_bytes(space, &[0], &[255], Order::Ascending, &mut keep).unwrap();
    }
    let stored = String::from_utf8_lossy(&stored).into_owned();
    assert!(stored.contains("ada@example.com") && !stored.contains("secret link"));
    let view = list(&mail, &db, ONE, (None, 1)).remove(0);
    assert!(!format!("{view:?}").contains("secret link"));

    let other_key = Mail::new(db.clone(), Arc::new(SealKey::from_bytes(&[8; 32])));
    assert_eq!(list(&other_key, &db, ONE, (None, 1))[0].text, None);
    let row = rows(&db, ONE).remove(0);
    db.write(move |tx| store::put(tx, TWO, &row)).await.unwrap();
    assert_eq!(list(&mail, &db, TWO, (None, 1))[0].text, None, "moved to another company");
}

#[tokio::test]
async fn the_newest_thousand_of_a_company_are_kept() {
    let (mail, db, _) = open(7);
    send(&mail, &db, TWO, vec![message(0)]).await;
    send(&mail, &db, ONE, (0..store::KEPT_MAX + 3).map(message).collect()).await;
    let kept = list(&mail, &db, ONE, (None, usize::MAX));
    assert_eq!(kept.len(), store::KEPT_MAX);
    assert_eq!(kept.last().unwrap().subject, "number 3", "the oldest went");
    send(&mail, &db, ONE, vec![message(5_000)]).await;
    let kept = list(&mail, &db, ONE, (None, usize::MAX));
    assert_eq!((kept.len(), kept[0].subject.as_str()), (store::KEPT_MAX, "number 5000"));
    assert_eq!(list(&mail, &db, TWO, (None, 9)).len(), 1, "another company's stay");
    assert_eq!(contradictions(&db), [""; 0]);
}

#[tokio::test]
async fn messages_of_a_month_ago_are_removed() {
    let (mail, db, clock) = open(7);
    for hi in 1..=u64::try_from(super::SWEEP_COMPANIES + 2).unwrap() {
        send(&mail, &db, CompanyId::from_raw(RawId { hi, lo: 1 }), vec![message(0)]).await;
    }
    send(&mail, &db, ONE, (0..2 * super::SWEEP_PAGE).map(message).collect()).await;
    clock.advance_ms(KEPT_MS);
    mail.sweep().await.unwrap();
    assert_eq!(list(&mail, &db, ONE, (None, usize::MAX)).len(), 2 * super::SWEEP_PAGE + 1, "not a moment early");
    send(&mail, &db, ONE, vec![message(7)]).await;
    clock.advance_ms(1);
    mail.sweep().await.unwrap();
    let left: Vec<_> = list(&mail, &db, ONE, (None, 9)).into_iter().map(|view| view.subject).collect();
    assert_eq!(left, ["number 7"]);
    assert_eq!(store::companies(&db.snapshot(), 0, Timestamp::from_ms(0), 9).unwrap().last, None);
    assert_eq!(contradictions(&db), [""; 0]);
}

#[tokio::test]
async fn a_message_to_nobody_takes_the_place_of_the_one_before() {
    let (mail, db, clock) = open(7);
    for number in 0..3 {
        let mail = mail.clone();
        db.write(move |tx| mail.pretend(tx, &message(number))).await.unwrap();
    }
    clock.advance_ms(2 * KEPT_MS);
    mail.sweep().await.unwrap();
    let rows = rows(&db, store::NOBODY);
    assert_eq!(rows.iter().map(|row| row.to.as_str()).collect::<Vec<_>>(), [""], "and does not keep the address");
    assert_eq!(contradictions(&db), [""; 0]);
}

#[test]
fn links_carry_their_token_behind_the_number_sign() {
    let (mail, _, _) = open(7);
    mail.link_to("https://nova.example/");
    mail.link_to("https://evil.example");
    assert_eq!(mail.link("reset", "np_reset_x"), "https://nova.example/reset#np_reset_x");
}
