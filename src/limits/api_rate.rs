//! The rate of a company's API calls.

use std::num::NonZeroU32;

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    state::keyed::DashMapStateStore,
};

use super::Refusal;
use crate::base::CompanyId;

type Limiter = RateLimiter<u64, DashMapStateStore<u64>, DefaultClock>;

/// Limits each company to a rate with a burst, or does not limit at all.
#[derive(Debug, Default)]
pub struct ApiRate {
    limiter: Option<(Limiter, u64)>,
}

impl ApiRate {
    /// So many calls per second after a burst; no limit when one of them is 0.
    #[must_use]
    pub fn new(per_second: u32, burst: u32) -> Self {
        let quota = NonZeroU32::new(per_second).zip(NonZeroU32::new(burst));
        let limiter = quota.map(|(per_second, burst)| {
            let quota = Quota::per_second(per_second).allow_burst(burst);
            (RateLimiter::dashmap(quota), u64::from(per_second.get()))
        });
        Self { limiter }
    }

    /// Admits a call of the company.
    ///
    /// # Errors
    /// [`Refusal`] when the company has used up its burst.
    pub fn admit(&self, company: CompanyId) -> Result<(), Refusal> {
        let Some((limiter, quota)) = &self.limiter else { return Ok(()) };
        limiter.check_key(&company.hi()).map_err(|not_until| {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            let retry_after_s = u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX).max(1);
            Refusal { policy: "api", quota: *quota, window_s: 1, retry_after_s }
        })
    }

    /// Forgets companies whose burst is full again.
    pub fn forget_idle(&self) {
        if let Some((limiter, _)) = &self.limiter {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ApiRate;
    use crate::base::{CompanyId, RawId};

    #[test]
    fn a_company_has_its_own_burst() {
        let rate = ApiRate::new(1, 3);
        let [one, two] = [1, 2].map(|hi| CompanyId::from_raw(RawId { hi, lo: 0 }));
        let admitted = (0..10).filter(|_| rate.admit(one).is_ok()).count();
        assert!((3..10).contains(&admitted), "{admitted}");
        let refusal = rate.admit(one).unwrap_err();
        assert_eq!((refusal.policy, refusal.quota, refusal.retry_after_s), ("api", 1, 1));
        assert!(rate.admit(two).is_ok());
        rate.forget_idle();
        assert!(rate.admit(one).is_err(), "only idle companies are forgotten");
        let open = ApiRate::new(0, 0);
        assert!((0..10_000).all(|_| open.admit(one).is_ok()));
    }
}
