//! A receiver of the inspector.

use serde_json::Value;

use crate::{
    audit::Origin,
    base::CompanyId,
    storage::Tx,
    webhooks::{Error, Webhooks, facts},
};

impl Webhooks {
    /// Makes a receiver; answers its token.
    ///
    /// The token is all one needs to look at what the receiver was sent, so no record holds it.
    ///
    /// # Errors
    /// When the store fails.
    pub(in crate::webhooks) fn create_receiver(
        &self,
        tx: &mut Tx<'_>,
        by: (CompanyId, &Origin),
    ) -> Result<String, Error> {
        facts::record(tx, by, ("play.create", "receiver"), (Value::Null, Value::Null))?;
        Ok(self.shared.play.create_token())
    }
}
