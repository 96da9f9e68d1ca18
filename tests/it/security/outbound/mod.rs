//! Outbound calls against refused addresses and hostile receivers.

mod guarding;
mod hostile;
mod pooling;
mod receiver;
mod tls;

use std::{net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::HeaderMap;
use novapulse::outbound::{Client, FixedResolver, Policy, Request, Resolve, Settings, Target};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// A client with the keeper it started; dropping it stops the keeper.
struct Sender {
    client: Client,
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Sender {
    /// A client with these settings.
    fn new(settings: Settings) -> Self {
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        let client = Client::new(settings, &tracker, stop.clone()).unwrap();
        Self { client, tracker, stop }
    }

    /// A client that may call loopback and knows no names.
    fn local() -> Self {
        Self::new(Settings { resolver: Some(names([])), ..Settings::new(Policy::default().allow_loopback()) })
    }

    /// A POST to this URL.
    fn post(&self, url: &str) -> Request {
        let target = Target::parse(url, self.client.policy()).unwrap();
        let body = Bytes::from_static(b"{\"id\":\"evt_1\"}");
        let mut request = Request::post(target, HeaderMap::new(), body);
        request.limits.total = Duration::from_secs(5);
        request
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.stop.cancel();
        self.tracker.close();
    }
}

/// A resolver with these answers, in order per name.
fn names<const N: usize>(answers: [(&str, &[&str]); N]) -> Arc<dyn Resolve> {
    let resolver = answers.iter().fold(FixedResolver::default(), |resolver, (name, addresses)| {
        resolver.with(name, addresses.iter().map(|address| address.parse::<IpAddr>().unwrap()))
    });
    Arc::new(resolver)
}
