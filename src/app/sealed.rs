//! Every table with sealed values, for the check and for the replacement of the seal key.

use std::sync::Arc;

use crate::{accounts, http::idempotency, mail, sealing::SealedRows, webhooks};

/// The tables of all modules that seal.
pub(super) fn sealed_tables() -> Vec<Arc<dyn SealedRows>> {
    vec![accounts::sealed_factors(), mail::sealed_texts(), webhooks::sealed_secrets(), idempotency::sealed_answers()]
}
