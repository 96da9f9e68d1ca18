//! Figures of a webhook over a window.

use crate::{
    base::{CompanyId, Timestamp, WebhookId},
    storage::Read,
    webhooks::{
        Error, Webhooks,
        model::Health,
        store::{self, Bucket, HOUR_MS, MINUTE_MS},
    },
};

/// Points of the sparkline: one per hour of the last day.
const SPARKLINE_POINTS: u64 = 24;

/// A span of time that ends now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::webhooks) enum Window {
    Hour,
    Day,
    Week,
    Month,
}

impl Window {
    /// Every window with its name.
    pub(in crate::webhooks) const ALL: [(&'static str, Self); 4] =
        [("1h", Self::Hour), ("24h", Self::Day), ("7d", Self::Week), ("30d", Self::Month)];

    /// The window of that name.
    pub(in crate::webhooks) fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, window)| *window)
    }

    /// Its name.
    pub(in crate::webhooks) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, window)| *window == self).map_or("", |(name, _)| name)
    }

    const fn length_ms(self) -> u64 {
        match self {
            Self::Hour => HOUR_MS,
            Self::Day => 24 * HOUR_MS,
            Self::Week => 7 * 24 * HOUR_MS,
            Self::Month => 30 * 24 * HOUR_MS,
        }
    }

    const fn unit_ms(self) -> u64 {
        match self {
            Self::Hour => MINUTE_MS,
            Self::Day | Self::Week | Self::Month => HOUR_MS,
        }
    }
}

/// What happened to a webhook in a window.
#[derive(Debug)]
pub(in crate::webhooks) struct Stats {
    /// When the window begins.
    pub(in crate::webhooks) since: Timestamp,
    /// The sum of the window.
    pub(in crate::webhooks) total: Bucket,
    /// Its buckets that saw anything, oldest first.
    pub(in crate::webhooks) series: Vec<(Timestamp, Bucket)>,
    /// Attempts and failures in each of the last 24 hours, oldest first.
    pub(in crate::webhooks) sparkline: Vec<(u64, u64)>,
    /// Pending deliveries.
    pub(in crate::webhooks) backlog: u64,
    /// Breaker and last failure.
    pub(in crate::webhooks) health: Health,
    /// The time all this is about.
    pub(in crate::webhooks) now: Timestamp,
}

impl Webhooks {
    /// The figures of a webhook.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(in crate::webhooks) fn stats(
        &self,
        read: &impl Read,
        company: CompanyId,
        id: WebhookId,
        window: Window,
    ) -> Result<Stats, Error> {
        store::get_webhook(read, company, id)?;
        let now = self.shared.db.now();
        let since = Timestamp::from_ms(now.as_ms().saturating_sub_unsigned(window.length_ms()));
        let series = store::stats_window(read, company, id.hi(), since, window.unit_ms())?;
        let mut total = Bucket::default();
        for (_, bucket) in &series {
            total.merge(bucket);
        }
        Ok(Stats {
            since,
            total,
            series,
            sparkline: sparkline(read, company, id, now)?,
            backlog: store::backlog(read, company, id.hi())?,
            health: store::health(read, company, id.hi())?,
            now,
        })
    }
}

fn sparkline(read: &impl Read, company: CompanyId, id: WebhookId, now: Timestamp) -> Result<Vec<(u64, u64)>, Error> {
    let last = now.floor(HOUR_MS);
    let first = Timestamp::from_ms(last.as_ms().saturating_sub_unsigned((SPARKLINE_POINTS - 1) * HOUR_MS));
    let hours = store::stats_window(read, company, id.hi(), first, HOUR_MS)?;
    let mut points = vec![(0, 0); SPARKLINE_POINTS as usize];
    for (start, bucket) in hours {
        let place = usize::try_from(start.ms_since(first) / HOUR_MS).ok();
        if let Some((attempts, failed)) = place.and_then(|place| points.get_mut(place)) {
            *attempts = bucket.succeeded + bucket.failed;
            *failed = bucket.failed;
        }
    }
    Ok(points)
}
