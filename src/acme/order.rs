//! One order from the account to the certificate in use (RFC 8555 §7).

use std::{collections::HashMap, time::Duration};

use instant_acme::{
    AccountCredentials, AuthorizationStatus, ChallengeType, Identifier, NewAccount, NewOrder, Order, OrderStatus,
    RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};

use super::{
    Acme, Error,
    cache::{Account, Kept},
    wire::Wire,
};

/// For everything from the account to the chain.
const ORDER_TIME_MAX: Duration = Duration::from_mins(5);
/// For the authority to look, and then to sign.
const POLL: RetryPolicy = RetryPolicy::new().initial_delay(Duration::from_millis(500)).timeout(Duration::from_mins(2));

/// Orders a certificate, keeps it and puts it into use.
pub(super) async fn renew(acme: &mut Acme) -> Result<(), Error> {
    let ordered = tokio::time::timeout(ORDER_TIME_MAX, order(acme)).await;
    // Answers to challenges are of no use to anybody once the order is over, however it ended.
    acme.tls.present(&HashMap::new())?;
    let (chain, key) = ordered.map_err(|_| Error::TooSlow(ORDER_TIME_MAX))??;
    acme.tls.install(&chain, &key)?;
    let (directory, domains) = (acme.settings.directory.clone(), acme.settings.domains.clone());
    acme.cache.content.certificate = Some(Kept { directory, domains, chain, key });
    if let Err(error) = tokio::task::block_in_place(|| acme.cache.save()) {
        // It is in use already; whoever runs this tries to keep it again soon.
        tracing::warn!("the certificate is in use and could not be kept: {error}");
    }
    Ok(())
}

async fn order(acme: &mut Acme) -> Result<(String, String), Error> {
    let account = account(acme).await?;
    let names: Vec<_> = acme.settings.domains.iter().cloned().map(Identifier::Dns).collect();
    let mut order = account.new_order(&NewOrder::new(&names)).await?;
    prove(acme, &mut order).await?;
    if order.poll_ready(&POLL).await? != OrderStatus::Ready {
        return Err(Error::NotProven(acme.settings.domains.join(", ")));
    }
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(acme.settings.domains.clone())?;
    params.distinguished_name = DistinguishedName::new();
    order.finalize_csr(params.serialize_request(&key)?.der()).await?;
    Ok((order.poll_certificate(&POLL).await?, key.serialize_pem()))
}

/// The account of an earlier order at this authority, or a new one.
async fn account(acme: &mut Acme) -> Result<instant_acme::Account, Error> {
    let directory = acme.settings.directory.clone();
    let builder = || instant_acme::Account::builder_with_http(Box::new(Wire(acme.outbound.clone())));
    if let Some(known) = acme.cache.content.account.as_ref().filter(|known| known.directory == directory) {
        let credentials: AccountCredentials =
            serde_json::from_value(known.credentials.clone()).map_err(instant_acme::Error::from)?;
        return Ok(builder().from_credentials(credentials).await?);
    }
    let contact: Vec<_> = acme.settings.contact.iter().map(String::as_str).collect();
    let order = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
    let (account, credentials) = builder().create(&order, directory.clone(), None).await?;
    let credentials = serde_json::to_value(&credentials).map_err(instant_acme::Error::from)?;
    acme.cache.content.account = Some(Account { directory, credentials });
    // Kept before it is used: authorities count new accounts.
    tokio::task::block_in_place(|| acme.cache.save())?;
    Ok(account)
}

/// Answers the challenge of every name that is not proven yet, and tells the authority to look.
async fn prove(acme: &Acme, order: &mut Order) -> Result<(), Error> {
    let mut answers = HashMap::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        let name = authorization.identifier().to_string();
        match authorization.status {
            AuthorizationStatus::Valid => continue,
            AuthorizationStatus::Pending => {}
            _ => return Err(Error::NotProven(name)),
        }
        let challenge = authorization.challenge(ChallengeType::TlsAlpn01);
        let mut challenge = challenge.ok_or_else(|| Error::NoChallenge(name.clone()))?;
        let answer = answer(&name, challenge.key_authorization().digest().as_ref())?;
        answers.insert(name, answer);
        acme.tls.present(&answers)?;
        challenge.set_ready().await?;
    }
    Ok(())
}

/// A certificate that signs itself and carries the digest the authority expects (RFC 8737 §3).
fn answer(name: &str, digest: &[u8]) -> Result<(String, String), Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(vec![name.to_owned()])?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    Ok((params.self_signed(&key)?.pem(), key.serialize_pem()))
}
