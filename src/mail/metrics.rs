//! What is counted of e-mails.

use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, Opts, Registry};

use super::{Handover, Verdict};
use crate::storage::Tx;

/// Buckets from a quick server to the longest attempt.
const SECONDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
const OUTCOMES: [&str; 6] = ["accepted", "deferred", "refused", "unreachable", "unknown", "mailbox"];

/// Handles to the metrics.
#[derive(Debug, Clone)]
pub struct Metrics {
    attempts: IntCounterVec,
    duration: Histogram,
    queued: IntCounter,
    sent: IntCounter,
    failed: IntCounter,
}

impl Default for Metrics {
    /// Counts that nobody reads, for work offline.
    fn default() -> Self {
        Self::new().expect("the names and buckets of these metrics are valid")
    }
}

impl Metrics {
    fn new() -> Result<Self, prometheus::Error> {
        let attempts = Opts::new("novapulse_email_attempts_total", "Attempts to send an e-mail, by how they ended.");
        let attempts = IntCounterVec::new(attempts, &["outcome"])?;
        for outcome in OUTCOMES {
            attempts.with_label_values(&[outcome]);
        }
        let duration = HistogramOpts::new("novapulse_email_attempt_duration_seconds", "Time the mail server took.");
        Ok(Self {
            attempts,
            duration: Histogram::with_opts(duration.buckets(SECONDS.to_vec()))?,
            queued: IntCounter::new("novapulse_email_queued_total", "E-mails queued.")?,
            sent: IntCounter::new("novapulse_email_sent_total", "E-mails handed over for every recipient.")?,
            failed: IntCounter::new("novapulse_email_failed_total", "E-mails given up for a recipient or all.")?,
        })
    }

    /// Creates the metrics and registers them.
    ///
    /// # Errors
    /// When the registry holds metrics of these names already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Self::new()?;
        registry.register(Box::new(metrics.attempts.clone()))?;
        registry.register(Box::new(metrics.duration.clone()))?;
        for counter in [&metrics.queued, &metrics.sent, &metrics.failed] {
            registry.register(Box::new(counter.clone()))?;
        }
        Ok(metrics)
    }

    /// Counts an attempt by the worst of what was said.
    pub(super) fn record_handover(&self, handover: &Handover, seconds: f64) {
        let outcome = match handover {
            Handover::Unreachable(_) => "unreachable",
            Handover::Unknown(_) => "unknown",
            Handover::Answered(verdicts) => {
                let has = |wanted: fn(&Verdict) -> bool| verdicts.iter().any(wanted);
                if has(|verdict| matches!(verdict, Verdict::Deferred(_))) {
                    "deferred"
                } else if has(|verdict| matches!(verdict, Verdict::Refused(_))) {
                    "refused"
                } else {
                    "accepted"
                }
            }
        };
        self.attempts.with_label_values(&[outcome]).inc();
        self.duration.observe(seconds);
    }

    /// Counts an e-mail that went into the mailbox, once that is durable.
    pub(super) fn record_mailbox(&self, tx: &mut Tx<'_>) {
        let counter = self.attempts.with_label_values(&["mailbox"]);
        tx.on_commit(move || counter.inc());
    }

    /// Counts a new e-mail once it is durable.
    pub(super) fn record_queued(&self, tx: &mut Tx<'_>) {
        let counter = self.queued.clone();
        tx.on_commit(move || counter.inc());
    }

    /// Counts the end of an e-mail once it is durable.
    pub(super) fn record_end(&self, tx: &mut Tx<'_>, is_sent: bool) {
        let counter = if is_sent { self.sent.clone() } else { self.failed.clone() };
        tx.on_commit(move || counter.inc());
    }
}
