//! Writing down the end of an attempt: log, figures, health and delivery in the commit that settles the job.

use std::sync::Arc;

use crate::{
    base::{AttemptId, CompanyId, DeliveryId, Timestamp, WebhookId},
    queue::Settled,
    storage::{self, Tx},
    webhooks::{
        Shared,
        breaker::Breaker,
        endpoint::Live,
        model::{Attempt, Delivery, DeliveryState, DisabledReason, FAILING_MS_MAX, Health, LastFailure},
        response::{FailureKind, GONE_TO_DISABLE},
        service::disable,
        store,
    },
};

/// The end of one attempt.
pub(in crate::webhooks) struct Settle {
    pub(in crate::webhooks) company: CompanyId,
    pub(in crate::webhooks) webhook: WebhookId,
    pub(in crate::webhooks) delivery: DeliveryId,
    pub(in crate::webhooks) live: Arc<Live>,
    pub(in crate::webhooks) attempt: Attempt,
    pub(in crate::webhooks) is_success: bool,
    /// The receiver asked for the webhook to be disabled.
    pub(in crate::webhooks) wants_no_more: bool,
}

/// Writes the end of an attempt whose job was settled.
pub(in crate::webhooks) fn settle(
    tx: &mut Tx<'_>,
    shared: &Arc<Shared>,
    mut change: Settle,
    settled: &Settled,
) -> Result<(), storage::Error> {
    // Its delivery in the low half: an attempt is never looked up alone, so it need not be hard to guess.
    change.attempt.id = AttemptId::from_raw(tx.mint_with(change.delivery.hi()));
    // A retry without delay is waiting already; only an ended job has no attempt left.
    let is_final_failure = !change.is_success && settled.state.is_terminal();
    shared.metrics.record_attempt(tx, &change.attempt, is_final_failure);
    record_figures(tx, &change, is_final_failure)?;
    record_health(tx, shared, &change)?;
    // Whoever finishes a pending delivery cancels its job too, so that no attempt is settled behind it.
    let Some(delivery) = store::pending(tx, change.company, change.delivery)? else { return Ok(()) };
    let attempts = delivery.attempts + 1;
    change.attempt.number = attempts;
    let delivery = Delivery {
        attempts,
        last_status: change.attempt.status,
        last_error: change.attempt.reason.clone(),
        next_attempt_at: settled.run_at,
        ..delivery
    };
    if change.is_success || is_final_failure {
        let state = if change.is_success { DeliveryState::Succeeded } else { DeliveryState::Failed };
        let finished = Delivery { state, finished_at: Some(tx.now()), next_attempt_at: None, ..delivery };
        store::finish(tx, &finished, Some(change.attempt))
    } else {
        store::put_pending(tx, &delivery, Some(&change.attempt))
    }
}

/// Counts an attempt.
pub(in crate::webhooks) fn record_figures(
    tx: &mut Tx<'_>,
    change: &Settle,
    is_exhausted: bool,
) -> Result<(), storage::Error> {
    let has_answer = change.attempt.status.is_some();
    let total_us = u64::from(change.attempt.phases.total_us);
    store::record_stats(tx, change.company, change.webhook.hi(), |bucket| {
        if change.is_success {
            bucket.succeeded += 1;
        } else {
            bucket.failed += 1;
        }
        bucket.exhausted += u64::from(is_exhausted);
        if has_answer {
            bucket.durations.record_us(total_us);
        }
    })
}

/// Brings breaker and failures in a row up to date, and disables the webhook when they say so.
pub(in crate::webhooks) fn record_health(
    tx: &mut Tx<'_>,
    shared: &Arc<Shared>,
    change: &Settle,
) -> Result<(), storage::Error> {
    if !change.is_success {
        change.live.add_failure();
    } else if change.live.is_clean() && !change.wants_no_more {
        return Ok(());
    }
    let failures = change.live.failures();
    let before = store::health(tx, change.company, change.webhook.hi())?;
    let now = tx.now();
    let after = next_health(&before, &change.attempt, change.is_success, now);
    if after == before && !change.wants_no_more {
        change.live.follow(&after, now, failures);
        return Ok(());
    }
    // A webhook that was deleted meanwhile has no row, and must not get one for its health alone.
    let Some(row) = store::find_webhook(tx, change.company, change.webhook)? else { return Ok(()) };
    store::put_health(tx, change.company, change.webhook.hi(), &after)?;
    let reason = if change.wants_no_more || after.gone_in_row >= GONE_TO_DISABLE {
        Some(DisabledReason::Gone)
    } else {
        let is_failing_long = after.failing_since.is_some_and(|since| now.ms_since(since) >= FAILING_MS_MAX);
        is_failing_long.then_some(DisabledReason::Failing)
    };
    let webhook = row.webhook(change.company.hi(), change.webhook.hi());
    if let Some(reason) = reason.filter(|_| webhook.is_enabled()) {
        disable::disable(tx, shared, webhook.clone(), &row, reason)?;
    }
    let (shared, live) = (Arc::clone(shared), Arc::clone(&change.live));
    let (company, hi) = (change.company, change.webhook.hi());
    tx.on_commit(move || {
        live.follow(&after, now, failures);
        if let Some(endpoint) = shared.directory.find(company, hi) {
            shared.set_policy(&endpoint.webhook, &after);
        }
    });
    Ok(())
}

fn next_health(before: &Health, attempt: &Attempt, is_success: bool, now: Timestamp) -> Health {
    if is_success {
        return Health {
            breaker: Breaker::default(),
            gone_in_row: 0,
            failing_since: None,
            last_failure: before.last_failure.clone(),
        };
    }
    let is_gone = attempt.failure == Some(FailureKind::Gone);
    Health {
        breaker: before.breaker.after_failure(now.as_ms()),
        gone_in_row: if is_gone { before.gone_in_row.saturating_add(1) } else { 0 },
        failing_since: Some(before.failing_since.unwrap_or(now)),
        last_failure: Some(LastFailure { at: now, reason: attempt.reason.clone(), status: attempt.status }),
    }
}
