//! The addresses the server answers at: the main one, over TLS when there is a certificate, and the one that redirects.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use super::{Error, adapters, routes, services::Tasks, state::State};
use crate::{
    base::{Clock, Random},
    config::Config,
    http::{self, Calls, Edge, Refusals, Server, Tls, redirect},
};

/// Bound and not yet accepting.
#[derive(Debug)]
pub(super) struct Listeners {
    main: Server,
    redirect: Option<Server>,
    tls: Option<Tls>,
}

/// Who is told of calls.
pub(super) struct Told {
    pub(super) refusals: Arc<dyn Refusals>,
    pub(super) calls: Arc<dyn Calls>,
}

impl Listeners {
    /// Binds every address.
    pub(super) fn bind(
        config: &Config,
        state: State,
        metrics: http::Metrics,
        tls: Option<Tls>,
        told: Told,
        (clock, random): (&Arc<dyn Clock>, &dyn Random),
    ) -> Result<Self, Error> {
        let (router, parameters) = routes::router(state, &config.server, clock)?;
        let options = adapters::http_options(config);
        let edge = Edge::new(router, options.clone(), Arc::clone(clock), random, metrics.clone());
        let edge = edge.telling(told.refusals).counting(told.calls).knowing(parameters);
        let main = bind(config.server.listen, edge)?.with_tls(tls.clone());
        let redirect = match config.server.redirect_listen {
            None => None,
            Some(address) => {
                let public_url = config.server.public_url.as_ref().filter(|url| url.is_https());
                let router = redirect(public_url.map(ToString::to_string), main.address().port());
                // This listener is plain, whatever the public address is.
                let options = http::Options { is_public_https: false, ..options };
                Some(bind(address, Edge::new(router, options, Arc::clone(clock), random, metrics))?)
            }
        };
        Ok(Self { main, redirect, tls })
    }

    /// Where the server answers.
    pub(super) fn address(&self) -> SocketAddr {
        self.main.address()
    }

    /// Every address in use.
    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        [Some(&self.main), self.redirect.as_ref()].into_iter().flatten().map(Server::address).collect()
    }

    /// Accepts connections until told to stop, and keeps the certificate as its files are.
    pub(super) fn start(self, tasks: &Tasks) -> Result<(), Error> {
        let Tasks { tracker, stop, kill } = tasks;
        if let Some(tls) = &self.tls {
            tracker.spawn(tls.watch(stop.clone()).map_err(Error::Signals)?);
            if let Some(life) = tls.standing().validity {
                tracing::info!("the TLS certificate is valid until {}", life.not_after);
            }
        }
        let address = self.main.address();
        tracing::info!(http.address = %address, "listening on {}", url(address, self.tls.is_some()));
        tracker.spawn(self.main.run(tracker.clone(), stop.clone(), kill.clone()));
        if let Some(redirect) = self.redirect {
            let address = redirect.address();
            tracing::info!(http.address = %address, "redirecting from http://{address}");
            tracker.spawn(redirect.run(tracker.clone(), stop.clone(), kill.clone()));
        }
        Ok(())
    }
}

fn bind(address: SocketAddr, edge: Edge) -> Result<Server, Error> {
    Server::bind(address, edge).map_err(|source| Error::Listen { address, source })
}

fn url(address: SocketAddr, is_tls: bool) -> String {
    let scheme = if is_tls { "https" } else { "http" };
    format!("{scheme}://{address}")
}

/// How this machine reaches a server of this configuration that listens at `address`.
pub(super) fn reachable(config: &Config, mut address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    url(address, config.server.has_tls())
}

/// How people reach the server: at its public address, or else as this machine does.
pub(super) fn public(config: &Config, address: SocketAddr) -> String {
    config.server.public_url.as_ref().map_or_else(|| reachable(config, address), ToString::to_string)
}
