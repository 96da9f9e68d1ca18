//! Writing down the end of an attempt, in the commit that settles the job.

use serde::{Deserialize, Serialize};

use super::{EmailRow, store};
use crate::{
    base::{CompanyId, EmailId},
    mail::{
        Mail, Verdict,
        email::{EmailState, RecipientState},
        model,
    },
    queue::{self, Settled, State},
    storage::{self, Tx},
};

/// The way an e-mail went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// To the mail server.
    Smtp,
    /// Into the mailbox of the company.
    Mailbox,
}

/// How an attempt ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The e-mail.
    pub email: (CompanyId, EmailId),
    /// The way it went.
    pub via: Via,
    /// What was said about recipients, by their places; those not named stay as they are.
    pub verdicts: Vec<(usize, Verdict)>,
    /// The whole in words.
    pub answer: String,
    /// Whether it is not known if the message arrived.
    pub is_unknown: bool,
    /// The subject, as it was sent.
    pub subject: Option<String>,
    /// What is put into the mailbox.
    pub message: Option<model::Copy>,
}

impl Via {
    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Mailbox => "mailbox",
        }
    }
}

impl Mail {
    /// Writes the end of an attempt whose job was settled.
    ///
    /// # Errors
    /// When the store fails.
    pub fn settle(&self, tx: &mut Tx<'_>, ended: Ended, settled: &Settled) -> Result<(), storage::Error> {
        let Ended { email: (company, id), via, verdicts, answer, is_unknown, subject, message } = ended;
        let Some(mut row) = store::find(tx, company, id)? else { return Ok(()) };
        for (place, verdict) in verdicts {
            let Some(recipient) = row.recipients.get_mut(place) else { continue };
            let (state, words) = match verdict {
                Verdict::Accepted(words) => (RecipientState::Accepted, words),
                Verdict::Deferred(words) => (RecipientState::Waiting, words),
                Verdict::Refused(words) => (RecipientState::Refused, words),
            };
            (recipient.state, recipient.answer) = (state, Some(words));
        }
        row.attempts += 1;
        row.unknown += u32::from(is_unknown);
        row.via = Some(via);
        row.answer = Some(answer);
        row.subject = subject.or(row.subject);
        if let Some(copy) = message {
            self.put_copy(tx, (company, id), row.about, copy)?;
        }
        if settled.state.is_terminal() {
            finish(tx, &mut row)?;
            self.metrics().record_end(tx, row.end == Some(EmailState::Sent));
        }
        store::update(tx, &row)
    }
}

impl Mail {
    /// Takes an e-mail back whose reason is gone, unless it is being handed over at this moment or has ended.
    ///
    /// # Errors
    /// When the store fails.
    pub fn withdraw(
        &self,
        tx: &mut Tx<'_>,
        (company, id): (CompanyId, EmailId),
        reason: &str,
    ) -> Result<(), queue::Error> {
        let row = store::find(tx, company, id)?.filter(|row| row.end.is_none());
        let (Some(mut row), Some(queues)) = (row, self.queues()) else { return Ok(()) };
        let job = queues.find(tx, company, row.job)?;
        if job.is_none_or(|job| job.state == State::Active || job.state.is_terminal()) {
            return Ok(());
        }
        queues.cancel(tx, company, row.job)?;
        row.answer = Some(reason.to_owned());
        finish(tx, &mut row)?;
        self.metrics().record_end(tx, false);
        Ok(store::update(tx, &row)?)
    }
}

fn finish(tx: &mut Tx<'_>, row: &mut EmailRow) -> Result<(), storage::Error> {
    let is_sent = row.recipients.iter().all(|recipient| recipient.state == RecipientState::Accepted);
    store::end(tx, row, if is_sent { EmailState::Sent } else { EmailState::Failed });
    if row.is_own {
        // A link in it may still open an account.
        store::remove_content(tx, row)?;
    }
    Ok(())
}
