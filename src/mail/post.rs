//! One attempt: an e-mail made into a message, handed over, and what follows for its job.

use std::sync::Arc;

use super::{
    AttachmentRow, Copy, EmailRow, Ended, Envelope, Handover, Mail, Outgoing, Sender, Verdict, Via,
    email::{ATTACHMENT_BYTES_MAX, Content, Rendered},
    mime::{self, Attached, Parts},
};
use crate::{
    base::{Backoff, CompanyId, EmailId},
    blob,
    queue::Outcome,
};

/// Longest wait between two attempts where it is set here.
const RETRY_MS_MAX: u64 = 4 * 3_600_000;

/// How much earlier than its job an attempt ends, so that what became of it is written down.
const MARGIN_MS: u64 = 2_000;
/// How long an attempt lasts where its job sets no end.
const ATTEMPT_MS_MAX: u64 = 55_000;

/// A message that is ready to leave.
#[derive(Debug)]
pub struct Post {
    email: (CompanyId, EmailId),
    subject: String,
    way: Way,
}

#[derive(Debug)]
enum Way {
    /// To the mail server, for the recipients at these places.
    Smtp { envelope: Envelope, places: Vec<usize>, message: Vec<u8> },
    /// Into the mailbox, for the recipients at these places.
    Mailbox { copy: Copy, places: Vec<usize> },
}

/// What became of an attempt.
#[derive(Debug)]
pub struct Posted {
    /// For the job.
    pub outcome: Outcome,
    /// For the e-mail.
    pub ended: Ended,
}

/// Why a file that goes with an e-mail cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfetched {
    /// It is not there any more.
    Gone(String),
    /// Not now.
    Later(String),
}

impl Mail {
    /// Reads the files that are among the blobs.
    ///
    /// # Errors
    /// [`Unfetched`]: whether trying again helps, and why in words.
    pub async fn fetch(&self, mut files: Vec<AttachmentRow>) -> Result<Vec<AttachmentRow>, Unfetched> {
        for file in &mut files {
            let Some((key, _)) = &file.blob else { continue };
            let gone = || Unfetched::Gone(format!("the file {} is not there any more", file.name));
            let (Some(blobs), Ok(key)) = (&self.inner.settings.blobs, key.parse()) else { return Err(gone()) };
            match blobs.get(&key, ATTACHMENT_BYTES_MAX as u64).await {
                Ok(bytes) => file.bytes = bytes.into(),
                Err(blob::Error::NotFound(_) | blob::Error::TooLarge { .. }) => return Err(gone()),
                Err(error) => {
                    tracing::warn!(%error, "a file of an e-mail cannot be read: {error}");
                    return Err(Unfetched::Later(format!(
                        "the file {} cannot be read: {}",
                        file.name,
                        error.in_words()
                    )));
                }
            }
        }
        Ok(files)
    }

    /// The end of an attempt whose files could not be read.
    #[must_use]
    pub fn unfetched(&self, email: (CompanyId, EmailId), why: &Unfetched) -> Posted {
        match why {
            Unfetched::Gone(reason) => self.unsendable(email, reason),
            Unfetched::Later(reason) => {
                let posted = self.unsendable(email, reason);
                Posted { outcome: Outcome::Retry { error: reason.clone(), after_ms: None }, ..posted }
            }
        }
    }

    /// Makes the message of an e-mail, signed; for whom it has not reached yet.
    ///
    /// # Errors
    /// In words, why it can never be sent.
    pub fn prepare(
        &self,
        row: &EmailRow,
        content: &Content,
        rendered: &Rendered,
        attachments: Vec<AttachmentRow>,
    ) -> Result<Post, String> {
        let places = row.waiting();
        let email = (row.company, row.id);
        let subject = rendered.subject.clone();
        let Some(outgoing) = &self.inner.settings.outgoing else {
            let to: Vec<&str> = row.recipients.iter().map(|recipient| recipient.address.as_str()).collect();
            let text = rendered.text.clone().or_else(|| rendered.html.clone()).unwrap_or_default();
            let copy = Copy::new(to.join(", "), subject.clone(), text);
            return Ok(Post { email, subject, way: Way::Mailbox { copy, places } });
        };
        let message = message(outgoing, row, content, rendered, attachments)?;
        let mut to = Vec::with_capacity(places.len());
        for place in &places {
            let Some(recipient) = row.recipients.get(*place) else { continue };
            to.push(recipient.address.parse().map_err(|error| format!("an address {error}"))?);
        }
        let envelope = Envelope { from: outgoing.from.address.clone(), to };
        Ok(Post { email, subject, way: Way::Smtp { envelope, places, message } })
    }

    /// Hands the message over and says what follows.
    pub async fn post(&self, post: Post, attempt: u32, deadline_mono_ms: Option<u64>) -> Posted {
        let Post { email, subject, way } = post;
        let ended = |via| Ended {
            email,
            via,
            verdicts: Vec::new(),
            answer: String::new(),
            is_unknown: false,
            subject: Some(subject.clone()),
            message: None,
        };
        let (envelope, places, message) = match way {
            Way::Smtp { envelope, places, message } => (envelope, places, message),
            Way::Mailbox { copy, places } => {
                let words = "put into the mailbox".to_owned();
                let verdicts = places.into_iter().map(|place| (place, Verdict::Accepted(words.clone()))).collect();
                let ended = Ended { verdicts, answer: words, message: Some(copy), ..ended(Via::Mailbox) };
                return Posted { outcome: Outcome::Complete { result: None }, ended };
            }
        };
        let Some(outgoing) = &self.inner.settings.outgoing else {
            return broken(ended(Via::Smtp), "no mail server is set up any more");
        };
        let clock = Arc::clone(self.db().clock());
        let started_us = clock.mono_us();
        let latest = clock.mono_ms() + ATTEMPT_MS_MAX;
        let deadline = deadline_mono_ms.map_or(latest, |at| at.saturating_sub(MARGIN_MS).min(latest));
        let handover = outgoing.transport.hand_over(&envelope, &message, deadline).await;
        let seconds = clock.mono_us().saturating_sub(started_us) as f64 / 1e6;
        self.metrics().record_handover(&handover, seconds);
        let mut posted = judge(handover, places, ended(Via::Smtp));
        if let (Outcome::Retry { after_ms, .. }, Some(first_ms)) = (&mut posted.outcome, self.inner.settings.retry_ms) {
            let backoff = Backoff::exponential(first_ms).with_max(RETRY_MS_MAX);
            *after_ms = Some(backoff.delay_ms(attempt, 0.0));
        }
        posted
    }

    /// The end of an attempt that could not begin.
    #[must_use]
    pub fn unsendable(&self, email: (CompanyId, EmailId), reason: &str) -> Posted {
        let via = if self.inner.settings.outgoing.is_some() { Via::Smtp } else { Via::Mailbox };
        let ended = Ended {
            email,
            via,
            verdicts: Vec::new(),
            answer: String::new(),
            is_unknown: false,
            subject: None,
            message: None,
        };
        broken(ended, reason)
    }
}

fn broken(ended: Ended, reason: &str) -> Posted {
    let answer = reason.to_owned();
    Posted { outcome: Outcome::Discard { error: answer.clone() }, ended: Ended { answer, ..ended } }
}

/// Who was deferred is tried again, who was refused is not; an e-mail that was refused to anybody has failed.
fn judge(handover: Handover, places: Vec<usize>, ended: Ended) -> Posted {
    let retry = |error: String| Outcome::Retry { error, after_ms: None };
    let verdicts = match handover {
        Handover::Unreachable(reason) => {
            return Posted { outcome: retry(reason.clone()), ended: Ended { answer: reason, ..ended } };
        }
        Handover::Unknown(reason) => {
            let ended = Ended { answer: reason.clone(), is_unknown: true, ..ended };
            return Posted { outcome: retry(reason), ended };
        }
        Handover::Answered(verdicts) => verdicts,
    };
    let said = |wanted: fn(&Verdict) -> Option<&String>| verdicts.iter().find_map(wanted).cloned();
    let deferred = said(|verdict| if let Verdict::Deferred(words) = verdict { Some(words) } else { None });
    let refused = said(|verdict| if let Verdict::Refused(words) = verdict { Some(words) } else { None });
    let accepted = said(|verdict| if let Verdict::Accepted(words) = verdict { Some(words) } else { None });
    let (outcome, answer) = match (deferred, refused) {
        (Some(words), _) => (retry(words.clone()), words),
        (None, Some(words)) => (Outcome::Discard { error: words.clone() }, words),
        (None, None) => (Outcome::Complete { result: None }, accepted.unwrap_or_default()),
    };
    Posted { outcome, ended: Ended { verdicts: places.into_iter().zip(verdicts).collect(), answer, ..ended } }
}

fn message(
    outgoing: &Outgoing,
    row: &EmailRow,
    content: &Content,
    rendered: &Rendered,
    attachments: Vec<AttachmentRow>,
) -> Result<Vec<u8>, String> {
    let own: Option<Sender> = match &content.reply_to {
        Some(text) => Some(text.parse().map_err(|error| format!("the address for answers {error}"))?),
        None => None,
    };
    let attachments = attachments.into_iter().map(|file| {
        let AttachmentRow { name, content_type, bytes, .. } = file;
        Attached { name, content_type, bytes }
    });
    let parts = Parts {
        id: row.id,
        message_id: &row.message_id,
        at: row.created_at,
        from: &outgoing.from,
        reply_to: own.as_ref().or(outgoing.reply_to.as_ref()),
        recipients: &row.addressed(),
        rendered,
        headers: &content.headers,
        attachments: attachments.collect(),
    };
    let mut message = mime::build(parts)?;
    if let Some(signer) = &outgoing.signer {
        let header = signer.header(&message, row.created_at).ok_or("the message cannot be signed")?;
        message.splice(0..0, header.into_bytes());
    }
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::{Ended, Handover, Outcome, Verdict, Via, judge};
    use crate::base::{CompanyId, EmailId, RawId};

    fn judged(handover: Handover) -> (Outcome, Ended) {
        let raw = RawId { hi: 1, lo: 1 };
        let ended = Ended {
            email: (CompanyId::from_raw(raw), EmailId::from_raw(raw)),
            via: Via::Smtp,
            verdicts: Vec::new(),
            answer: String::new(),
            is_unknown: false,
            subject: None,
            message: None,
        };
        let posted = judge(handover, vec![0, 2], ended);
        (posted.outcome, posted.ended)
    }

    #[test]
    fn four_hundreds_are_tried_again_and_five_hundreds_are_not() {
        let [fine, later, never] = [
            Verdict::Accepted("250 ok".to_owned()),
            Verdict::Deferred("451 later".to_owned()),
            Verdict::Refused("550 never".to_owned()),
        ];
        let answered = |one: &Verdict, two: &Verdict| judged(Handover::Answered(vec![one.clone(), two.clone()]));
        let retry = Outcome::Retry { error: "451 later".to_owned(), after_ms: None };
        let discard = Outcome::Discard { error: "550 never".to_owned() };
        assert_eq!(answered(&fine, &fine).0, Outcome::Complete { result: None });
        assert_eq!(answered(&fine, &later).0, retry);
        assert_eq!(answered(&never, &later).0, retry, "the other one is not given up");
        assert_eq!(answered(&fine, &never).0, discard);
        let (_, ended) = answered(&fine, &never);
        assert_eq!(ended.verdicts, [(0, fine), (2, never)], "by the places of the recipients");
        let (outcome, ended) = judged(Handover::Unknown("gone".to_owned()));
        assert!(matches!(outcome, Outcome::Retry { .. }) && ended.is_unknown && ended.verdicts.is_empty());
        let (outcome, ended) = judged(Handover::Unreachable("away".to_owned()));
        assert!(matches!(outcome, Outcome::Retry { .. }) && !ended.is_unknown);
    }
}
