//! Opens every module and slice over the store, from the bottom up, and holds what must be stopped.

use std::{sync::Arc, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Error, ServeOptions,
    adapters::{self, Meters},
    dead_letters, health, jobs, master_key,
    metrics::{Pools, Readings},
    schedule_targets, settings,
    state::State,
    storage, subscriptions,
};
use crate::{
    accounts::{self, Accounts},
    acme::Acme,
    auth::Auth,
    blob::Probe,
    changes::{self, Changes},
    config::Config,
    emails::Emails,
    http::{self, Tls},
    jobs::Jobs,
    limits::{ApiRate, Limits},
    mail::Mail,
    notifications,
    outbound::Client,
    queue::{self, Queues},
    schedules::Schedules,
    storage::{Db, Directory},
    system::{Parts, Refresh, System},
    usage::Usage,
    webhooks::{self, Webhooks},
};

/// What runs above the store.
#[derive(Debug)]
pub(super) struct Services {
    pub(super) state: State,
    pub(super) outbound: Client,
    pub(super) queues: Queues,
    pub(super) mail: Mail,
    pub(super) usage: Usage,
    pub(super) tls: Option<Tls>,
    files: Probe,
    acme: Option<Acme>,
    limits: Limits,
    api_rate: Arc<ApiRate>,
    pools: Pools,
}

/// How tasks are started and stopped.
#[derive(Debug, Clone, Default)]
pub(super) struct Tasks {
    /// Every task runs here.
    pub(super) tracker: TaskTracker,
    /// No more new work; what runs finishes.
    pub(super) stop: CancellationToken,
    /// What still runs is dropped.
    pub(super) kill: CancellationToken,
}

impl Services {
    /// Opens everything; blocks, and starts nothing yet.
    pub(super) fn open(
        config: &Config,
        options: &ServeOptions,
        directory: &Directory,
        meters: Meters,
        tasks: &Tasks,
    ) -> Result<Self, Error> {
        let db = directory.db();
        let Meters {
            registry,
            limits: limit_metrics,
            accounts: metrics,
            webhooks: webhook_metrics,
            mail: mail_metrics,
            reports: report_metrics,
            schedules: schedule_metrics,
            readings,
            ..
        } = meters;
        let seal = Arc::new(master_key::load(config, directory)?);
        let outbound = adapters::outbound(config, options.is_dev, &tasks.tracker, &tasks.stop)?;
        let (tls, acme) = adapters::tls(config, &outbound, &seal, (db.clock(), db.random()))?;
        let blobs = adapters::blobs(config, options.is_dev, db.random(), (&tasks.tracker, &tasks.stop))?;
        let queues = adapters::queues(config, db, &seal)?;
        dead_letters::connect(&queues);
        let api_rate = adapters::api_rate(config, db, limit_metrics.clone());
        let limits = Limits::open(db, limit_metrics).map_err(queue::Error::from)?;
        let auth =
            Auth::new(db.clone(), adapters::auth_settings(config, Arc::clone(&seal), Some(Arc::clone(&api_rate))));
        let mail = adapters::mail(config, db, (Arc::clone(&seal), queues.clone()), Some(blobs.clone()), mail_metrics)?;
        let account_settings = accounts::Settings {
            figures: adapters::figures(queues.clone()),
            stolen: adapters::stolen(config, Some(&outbound))?,
            metrics,
            ..adapters::account_settings(config, options.is_dev)
        };
        let changed = settings::Changed {
            registration: Arc::clone(&account_settings.registration),
            api_rate: Arc::clone(&api_rate),
        };
        let settings = settings::open(config, db, &auth, changed).map_err(queue::Error::from)?;
        api_rate.restore(db).map_err(queue::Error::from)?;
        let (limits_of, mail_of) = (limits.clone(), mail.clone());
        let accounts = Accounts::new(db.clone(), auth.clone(), limits_of, mail_of, Arc::clone(&seal), account_settings);
        let files = Probe::new(blobs.clone(), Arc::clone(db.clock()));
        let pools = Pools::default();
        let refresh = vec![refresh(readings, db, (&queues, &pools), &outbound)];
        let system = System::new(Parts {
            metrics: registry,
            clock: Arc::clone(db.clock()),
            metrics_token: config.server.metrics_token.clone(),
            checks: health::checks(config, db, &queues, tls.as_ref(), (&mail, &files)),
            storage: storage::look(config, db),
            refresh,
        });
        let jobs = Jobs::new(db.clone(), queues.clone());
        let changes = follow(db, &queues, &auth, tasks);
        let directory = webhooks::Directory::default();
        let events = subscriptions::connect(&directory, &queues, &webhook_metrics);
        let webhooks = Webhooks::open(webhooks::Parts {
            db: db.clone(),
            queues: queues.clone(),
            events,
            outbound: outbound.clone(),
            seal,
            directory,
            settings: adapters::webhook_settings(config),
            metrics: webhook_metrics,
            mail: mail.clone(),
        })?;
        let emails = Emails::new(db.clone(), mail.clone());
        let usage = Usage::new(db.clone());
        let reports = adapters::reports(config, (db, &queues, &webhooks), (blobs, &mail, &usage), report_metrics)?;
        let starters = schedule_targets::starters(&reports, &auth);
        let schedules = Schedules::new(db.clone(), jobs.clone(), starters, schedule_metrics);
        let state = State { auth, accounts, jobs, emails, schedules, changes, webhooks, reports, settings, system };
        Ok(Self { state, outbound, queues, mail, usage, tls, files, acme, limits, api_rate, pools })
    }

    /// Starts the background work of every module and the pools that run jobs.
    pub(super) fn start(&mut self, directory: &Directory, tasks: &Tasks) {
        let Tasks { tracker, stop, .. } = tasks;
        self.queues.start(tracker, stop);
        self.pools.get_or_init(|| jobs::start_pools(&self.queues, &self.state, tasks));
        tracker.spawn(http::idempotency::sweep(directory.db().clone(), stop.clone()));
        tracker.spawn(self.state.auth.clone().maintain(stop.clone()));
        tracker.spawn(self.state.accounts.clone().maintain(stop.clone()));
        tracker.spawn(self.limits.clone().maintain(stop.clone()));
        tracker.spawn(Arc::clone(&self.api_rate).maintain(directory.db().clone(), stop.clone()));
        tracker.spawn(self.mail.clone().maintain(stop.clone()));
        tracker.spawn(self.files.clone().run(stop.clone()));
        tracker.spawn(self.usage.clone().maintain(stop.clone()));
        tracker.spawn(self.state.emails.clone().maintain(stop.clone()));
        tracker.spawn(self.state.webhooks.clone().maintain(stop.clone()));
        tracker.spawn(self.state.reports.clone().maintain(stop.clone()));
        tracker.spawn(self.state.schedules.clone().run(stop.clone()));
        tracker.spawn(self.state.changes.clone().maintain(stop.clone()));
        tracker.spawn(notifications::maintain(directory.db().clone(), stop.clone()));
        if let Some(acme) = self.acme.take() {
            tracker.spawn(acme.run(stop.clone()));
        }
    }

    /// Lets running jobs finish within the grace and gives back the rest.
    pub(super) async fn drain(&self, tasks: &Tasks, grace: Duration) {
        let pools = self.pools.get().into_iter().flatten().cloned();
        // All at once: the grace is for the whole.
        let drains: Vec<_> = pools.map(|pool| tasks.tracker.spawn(async move { pool.drain(grace).await })).collect();
        for drain in drains {
            if let Err(error) = drain.await {
                tracing::error!(%error, "a pool could not be drained: {error}");
            }
        }
    }
}

/// Following what changes; streams run with the other tasks.
fn follow(db: &Db, queues: &Queues, auth: &Auth, tasks: &Tasks) -> Changes {
    let Tasks { tracker, stop, .. } = tasks.clone();
    let (db, queues, auth) = (db.clone(), queues.clone(), auth.clone());
    Changes::new(changes::Parts { db, queues, auth, tracker, stop, settings: changes::Settings::default() })
}

/// Brings the figures up to date that are read rather than counted.
fn refresh(readings: Readings, db: &Db, (queues, pools): (&Queues, &Pools), outbound: &Client) -> Refresh {
    let (db, outbound, queues, pools) = (db.clone(), outbound.clone(), queues.clone(), Arc::clone(pools));
    Box::new(move || {
        readings.read_kernel(&db, &outbound);
        readings.read_queues(&db, &queues, pools.get().map_or(&[], Vec::as_slice));
    })
}
