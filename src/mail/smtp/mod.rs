//! SMTP: messages handed to the operator's server over a few kept connections.
//!
//! The address is the operator's own and may be private, so the guard of `outbound` does not stand in between. Commands
//! are sent one by one and not through the client's own sending, because what became of each recipient, and whether
//! anything was sent before a connection broke, decides between trying again and giving up.

mod session;
mod wire;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustls::ClientConfig;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::transport::{Envelope, HandingOver, Handover, Transport, without_addresses};
use crate::base::{Clock, Standing};
use session::{Deadline, Fault, Session};

/// How the connection is encrypted.
#[derive(Debug, Clone)]
pub enum Encryption {
    /// Not at all.
    None,
    /// After STARTTLS, and not at all without.
    Starttls(Arc<ClientConfig>),
    /// From the first byte.
    Tls(Arc<ClientConfig>),
}

/// Where the server is and how it is spoken to.
#[derive(Clone)]
pub struct Settings {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub encryption: Encryption,
    /// Name and password, when it asks for a sign-in.
    pub credentials: Option<(String, Zeroizing<String>)>,
    /// What it is greeted with.
    pub hello: String,
    /// Connections at once.
    pub pool_size: u32,
    /// Time to open a connection, encryption and sign-in each.
    pub connect_timeout: Duration,
    /// Time for one answer.
    pub timeout: Duration,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

/// The way to the server.
#[derive(Debug)]
pub struct Smtp {
    settings: Settings,
    clock: Arc<dyn Clock>,
    places: Semaphore,
    idle: Mutex<Vec<Session>>,
    standing: Mutex<Standing>,
}

impl Smtp {
    /// Opens nothing yet.
    #[must_use]
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Self {
        let places = Semaphore::new(settings.pool_size as usize);
        Self { settings, clock, places, idle: Mutex::default(), standing: Mutex::default() }
    }

    /// A kept connection that can be used, and those that cannot any more.
    fn take(&self) -> (Option<Session>, Vec<Session>) {
        let now = self.clock.mono_ms();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let stale: Vec<Session> = idle.extract_if(.., |session| !session.is_fresh(now)).collect();
        (idle.pop(), stale)
    }

    fn keep(&self, session: Session) {
        if session.is_fresh(self.clock.mono_ms()) {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
        }
    }

    async fn send(&self, envelope: &Envelope, message: &[u8], deadline: Deadline<'_>) -> Handover {
        let Some(Ok(_place)) = deadline.step(Duration::MAX, self.places.acquire()).await else {
            return Handover::Unreachable("no connection to the mail server was free in time".to_owned());
        };
        let (mut kept, stale) = self.take();
        for session in stale {
            session.close(deadline).await;
        }
        loop {
            let is_kept = kept.is_some();
            let session = match kept.take() {
                Some(session) => Ok(session),
                None => Session::open(&self.settings, deadline).await,
            };
            let mut session = match session {
                Ok(session) => session,
                Err(reason) => return Handover::Unreachable(format!("the mail server cannot be used: {reason}")),
            };
            match session.send((envelope, message), self.settings.timeout, deadline).await {
                Ok(verdicts) => {
                    self.keep(session);
                    return Handover::Answered(verdicts);
                }
                // The server may have closed a connection that was kept; nothing was sent, so a fresh one is tried.
                Err(Fault::Before(_)) if is_kept => {}
                Err(Fault::Before(reason)) => return Handover::Unreachable(format!("the connection failed: {reason}")),
                Err(Fault::After(reason)) => {
                    return Handover::Unknown(format!("the message was sent and may have arrived, but: {reason}"));
                }
            }
        }
    }

    fn note(&self, handover: &Handover) {
        let now = self.clock.now();
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        match handover {
            Handover::Answered(_) => standing.reached(now),
            Handover::Unreachable(reason) | Handover::Unknown(reason) => {
                standing.failed(now, without_addresses(reason));
            }
        }
    }
}

impl Transport for Smtp {
    fn hand_over<'a>(&'a self, envelope: &'a Envelope, message: &'a [u8], deadline_mono_ms: u64) -> HandingOver<'a> {
        Box::pin(async move {
            let deadline = Deadline { clock: &*self.clock, at_mono_ms: deadline_mono_ms };
            let handover = self.send(envelope, message, deadline).await;
            self.note(&handover);
            handover
        })
    }

    fn standing(&self) -> Standing {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
