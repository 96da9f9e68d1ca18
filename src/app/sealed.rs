//! Every table with sealed values, for the check and for the replacement of the seal key.

use std::sync::Arc;

use crate::{accounts, http::idempotency, mail, sealing::SealedRows, webhooks};

/// The tables of all modules that seal.
pub(super) fn sealed_tables() -> Vec<Arc<dyn SealedRows>> {
    let [messages, emails] = mail::sealed_texts();
    vec![accounts::sealed_factors(), messages, emails, webhooks::sealed_secrets(), idempotency::sealed_answers()]
}
