//! One connection to the server: opened, signed in, and used for one message after another.

use std::{future::Future, time::Duration};

use lettre::{
    address::Address as WireAddress,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::AsyncSmtpConnection,
        commands::{Data, Mail, Quit, Rcpt, Rset},
        extension::ClientId,
    },
};

use super::{Settings, wire};
use crate::{
    base::Clock,
    mail::{Envelope, Verdict, transport::words},
};

/// Messages sent over one connection; some servers count them.
const MESSAGES_MAX: u32 = 100;
/// Longest wait for a connection to be ready again; what was said to the message counts without.
const RESET_MAX: Duration = Duration::from_secs(5);
/// The server closes the connection whatever it was asked (RFC 5321 §3.8).
const CLOSING: u16 = 421;
/// Longest time without use after which a connection is believed in.
const IDLE_MS_MAX: u64 = 15_000;

/// Until when, and how long for one answer.
#[derive(Clone, Copy)]
pub(super) struct Deadline<'a> {
    pub(super) clock: &'a dyn Clock,
    pub(super) at_mono_ms: u64,
}

impl Deadline<'_> {
    /// Waits for one step; nothing when its time is up.
    pub(super) async fn step<T>(&self, at_most: Duration, step: impl Future<Output = T>) -> Option<T> {
        let left = Duration::from_millis(self.at_mono_ms.saturating_sub(self.clock.mono_ms()));
        tokio::time::timeout(at_most.min(left), step).await.ok()
    }
}

/// Why a message was not handed over.
#[derive(Debug)]
pub(super) enum Fault {
    /// Before anything of it was sent.
    Before(String),
    /// While it was sent or its answer waited for.
    After(String),
}

/// An open connection.
pub(super) struct Session {
    connection: AsyncSmtpConnection,
    sent: u32,
    used_at_mono_ms: u64,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("sent", &self.sent).finish_non_exhaustive()
    }
}

impl Session {
    /// Connects, encrypts, greets and signs in.
    ///
    /// # Errors
    /// In words, what failed.
    pub(super) async fn open(settings: &Settings, deadline: Deadline<'_>) -> Result<Self, String> {
        let at_most = settings.connect_timeout;
        let late = |what: &str| format!("{what}: no answer in time");
        let address = (settings.host.as_str(), settings.port);
        let wire = deadline.step(at_most, wire::open(address, &settings.encryption, &settings.hello)).await;
        let wire = wire.ok_or_else(|| late("cannot connect"))??;
        let hello = ClientId::Domain(settings.hello.clone());
        let greeted = deadline.step(at_most, AsyncSmtpConnection::connect_with_transport(Box::new(wire), &hello)).await;
        let greeted = greeted.ok_or_else(|| late("the greeting"))?;
        let mut connection = greeted.map_err(|error| format!("the greeting: {}", said(&error)))?;
        if let Some((user, password)) = &settings.credentials {
            let credentials = Credentials::new(user.clone(), password.to_string());
            let signed_in = deadline.step(at_most, connection.auth(DEFAULT_MECHANISMS, &credentials)).await;
            let signed_in = signed_in.ok_or_else(|| late("the sign-in"))?;
            signed_in.map_err(|error| format!("the sign-in: {}", said(&error)))?;
        }
        Ok(Self { connection, sent: 0, used_at_mono_ms: deadline.clock.mono_ms() })
    }

    /// Whether another message may be sent over it.
    pub(super) const fn is_fresh(&self, now_mono_ms: u64) -> bool {
        self.sent < MESSAGES_MAX && now_mono_ms.saturating_sub(self.used_at_mono_ms) < IDLE_MS_MAX
    }

    /// Sends a message; answers for each recipient in order. After a fault the connection is of no more use.
    pub(super) async fn send(
        &mut self,
        (envelope, message): (&Envelope, &[u8]),
        at_most: Duration,
        deadline: Deadline<'_>,
    ) -> Result<Vec<Verdict>, Fault> {
        let everybody = |verdict: Verdict| vec![verdict; envelope.to.len()];
        let from = wire_address(envelope.from.as_str())?;
        if let Err(verdict) = self.command(Mail::new(Some(from), Vec::new()), at_most, deadline).await? {
            self.reset(at_most, deadline).await;
            return Ok(everybody(verdict));
        }
        let mut verdicts = Vec::with_capacity(envelope.to.len());
        for to in &envelope.to {
            let rcpt = Rcpt::new(wire_address(to.as_str())?, Vec::new());
            let verdict = self.command(rcpt, at_most, deadline).await?;
            verdicts.push(verdict.map_or_else(|verdict| verdict, Verdict::Accepted));
        }
        let is_accepted = |verdict: &Verdict| matches!(verdict, Verdict::Accepted(_));
        if !verdicts.iter().any(is_accepted) {
            self.reset(at_most, deadline).await;
            return Ok(verdicts);
        }
        let last = match self.command(Data, at_most, deadline).await? {
            Err(verdict) => {
                self.reset(at_most, deadline).await;
                verdict
            }
            Ok(_) => self.content(message, at_most, deadline).await?,
        };
        for verdict in verdicts.iter_mut().filter(|verdict| is_accepted(verdict)) {
            *verdict = last.clone();
        }
        self.sent += 1;
        self.used_at_mono_ms = deadline.clock.mono_ms();
        Ok(verdicts)
    }

    /// Sends the content, whose answer counts for everybody who was accepted.
    async fn content(&mut self, message: &[u8], at_most: Duration, deadline: Deadline<'_>) -> Result<Verdict, Fault> {
        let answer = deadline.step(at_most, self.connection.message(message)).await;
        let Some(answer) = answer else { return Err(Fault::After("no answer in time".to_owned())) };
        match answer {
            Ok(response) => Ok(Verdict::Accepted(in_words(response.code().to_string(), response.message()))),
            Err(error) => {
                if is_closing(&error) {
                    self.sent = MESSAGES_MAX;
                }
                verdict(&error).ok_or_else(|| Fault::After(said(&error)))
            }
        }
    }

    /// Sends a command; the inner result is what the server says to it.
    async fn command(
        &mut self,
        command: impl std::fmt::Display,
        at_most: Duration,
        deadline: Deadline<'_>,
    ) -> Result<Result<String, Verdict>, Fault> {
        let Some(answer) = deadline.step(at_most, self.connection.command(command)).await else {
            return Err(Fault::Before("no answer in time".to_owned()));
        };
        match answer {
            Ok(response) => Ok(Ok(in_words(response.code().to_string(), response.message()))),
            // It is about the connection and not about what was asked.
            Err(error) if is_closing(&error) => Err(Fault::Before(said(&error))),
            Err(error) => verdict(&error).map(Err).ok_or_else(|| Fault::Before(said(&error))),
        }
    }

    /// Makes the connection ready for another message, or sees that nobody takes it again. What the server has said so
    /// far stands, whatever it says to this.
    async fn reset(&mut self, at_most: Duration, deadline: Deadline<'_>) {
        if !matches!(self.command(Rset, at_most.min(RESET_MAX), deadline).await, Ok(Ok(_))) {
            self.sent = MESSAGES_MAX;
        }
        self.used_at_mono_ms = deadline.clock.mono_ms();
    }

    /// Says goodbye, without insisting.
    pub(super) async fn close(mut self, deadline: Deadline<'_>) {
        drop(deadline.step(Duration::from_secs(1), self.connection.command(Quit)).await);
    }
}

fn wire_address(text: &str) -> Result<WireAddress, Fault> {
    text.parse().map_err(|_| Fault::Before(format!("{text} is no address for this server")))
}

fn is_closing(error: &Error) -> bool {
    error.status().is_some_and(|code| u16::from(code) == CLOSING)
}

/// What the server said, when it said something.
fn verdict(error: &Error) -> Option<Verdict> {
    let code = error.status()?;
    let text = said(error);
    Some(if error.is_permanent() || code.to_string().starts_with('5') {
        Verdict::Refused(text)
    } else {
        Verdict::Deferred(text)
    })
}

/// An error of the client in words; with the answer of the server, when there is one.
fn said(error: &Error) -> String {
    let source = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    match error.status() {
        Some(code) => words(&format!("{code} {source}")),
        None if source.is_empty() => words(&error.to_string()),
        None => words(&source),
    }
}

fn in_words<'a>(code: String, lines: impl Iterator<Item = &'a str>) -> String {
    words(&lines.fold(code, |text, line| format!("{text} {line}")))
}
