//! Schedules as documented, and `Retry-After` in all of its forms.

use proptest::prelude::{any, prop_assert, proptest};

use super::{
    Ask, DELAY_MS_MAX, HOUR, Preset, REST_MS, RETRIES_MAX, RETRY_AFTER_MS_MAX, RetryPolicy, RetryPolicyError, Schedule,
    parse_retry_after,
};
use crate::base::Timestamp;

fn delays(policy: &RetryPolicy) -> Vec<u64> {
    (1..).map_while(|attempts| policy.delay_ms(attempts, 0.5)).collect()
}

#[test]
fn default_is_three_retries_from_five_seconds() {
    let policy = RetryPolicy::default();
    assert_eq!(delays(&policy), [5000, 10_000, 20_000]);
    assert_eq!((policy.max_attempts(), policy.preset()), (4, Some("default")));
    assert_eq!((policy.delay_ms(1, 0.0), policy.delay_ms(1, 0.999_999_9)), (Some(4000), Some(6000)));
    assert_eq!(policy.delay_ms(0, 0.5), None);
}

#[test]
fn presets_last_as_long_as_they_say() {
    let total = |preset: Preset| delays(&preset.policy()).iter().sum::<u64>() / 60_000;
    assert_eq!((total(Preset::Standard), Preset::Standard.policy().max_attempts()), (75 * 60 + 35, 10));
    assert_eq!((total(Preset::Patient), Preset::Patient.policy().max_attempts()), (27 * 60 + 35, 8));
    assert_eq!(Preset::None.policy().max_attempts(), 1);
    assert_eq!(Preset::find("standard"), Some(Preset::Standard));
    assert_eq!(Preset::find("eager"), None);
}

#[test]
fn policies_over_a_limit_are_refused() {
    let exponential = |max_retries, base_ms, cap_ms| Schedule::Exponential { max_retries, base_ms, cap_ms };
    assert_eq!(RetryPolicy::new(exponential(31, 1, 1), 0), Err(RetryPolicyError::TooMany(31)));
    assert_eq!(RetryPolicy::new(exponential(1, 2, 1), 0), Err(RetryPolicyError::Cap { base_ms: 2, cap_ms: 1 }));
    assert_eq!(RetryPolicy::new(exponential(1, 2, u64::MAX), 0), Err(RetryPolicyError::TooLong(u64::MAX)));
    assert_eq!(RetryPolicy::new(exponential(1, 2, 2), 101), Err(RetryPolicyError::Jitter(101)));
    assert_eq!(RetryPolicy::new(Schedule::List(vec![0; 31]), 0), Err(RetryPolicyError::TooMany(31)));
    assert!(RetryPolicy::new(Schedule::List(vec![DELAY_MS_MAX; RETRIES_MAX]), 100).is_ok());
}

#[test]
fn retry_after_is_read_as_seconds_or_date() {
    let now: Timestamp = "1994-11-06T08:49:07Z".parse().unwrap();
    for (value, expected) in [
        ("120", Some(120_000)),
        (" 0 ", Some(0)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(30_000)),
        ("Sunday, 06-Nov-94 08:49:37 GMT", Some(30_000)),
        ("Sun Nov  6 08:49:37 1994", Some(30_000)),
        ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
        ("Sun, 06 Nov 2094 08:49:37 GMT", None),
        ("Sat, 06 Nov 2094 08:49:37 GMT", Some(RETRY_AFTER_MS_MAX)),
        ("99999999999999999999999999", Some(24 * HOUR)),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
    ] {
        assert_eq!(parse_retry_after(value, now), expected, "{value:?}");
    }
}

#[test]
fn retry_after_lengthens_a_delay_and_never_shortens_it() {
    let policy = RetryPolicy::default();
    assert_eq!(policy.delay_after_ms(1, 0.5, Ask::RetryAfter(60_000)), Some(60_000));
    assert_eq!(policy.delay_after_ms(1, 0.5, Ask::RetryAfter(1)), Some(5000));
    assert_eq!(policy.delay_after_ms(1, 0.5, Ask::RetryAfter(u64::MAX)), Some(RETRY_AFTER_MS_MAX));
    assert_eq!(policy.delay_after_ms(4, 0.5, Ask::RetryAfter(1)), None);
}

proptest! {
    #[test]
    fn delays_stay_within_jitter_and_end(
        max_retries in 0_u8..=30, base in 0_u64..100_000, extra in 0_u64..1_000_000, jitter in 0_u8..=100, unit in 0.0..1.0,
    ) {
        let cap_ms = base + extra;
        let schedule = Schedule::Exponential { max_retries, base_ms: base, cap_ms };
        let policy = RetryPolicy::new(schedule, jitter).unwrap();
        for attempts in 1..=u32::from(max_retries) {
            let delay = policy.delay_ms(attempts, unit).unwrap();
            prop_assert!(delay <= cap_ms * (100 + u64::from(jitter)) / 100 + 1);
        }
        prop_assert!(policy.delay_ms(u32::from(max_retries) + 1, unit).is_none());
    }

    #[test]
    fn any_retry_after_value_is_read_without_panic(value in any::<String>(), now in any::<i64>()) {
        let read = parse_retry_after(&value, Timestamp::from_ms(now));
        prop_assert!(read.is_none_or(|ms| ms <= RETRY_AFTER_MS_MAX));
    }
}

#[test]
fn a_receiver_with_too_much_to_do_rests_unless_the_webhook_has_a_schedule_of_its_own() {
    let (default, standard) = (RetryPolicy::default(), Preset::Standard.policy());
    let own = RetryPolicy::new(Schedule::List(vec![250, 120_000]), 0).unwrap();
    assert_eq!(default.delay_after_ms(1, 0.5, Ask::Rest), Some(REST_MS));
    assert_eq!(default.delay_after_ms(1, 0.5, Ask::Nothing), Some(5_000));
    assert_eq!(
        (standard.delay_after_ms(1, 0.5, Ask::Rest), own.delay_after_ms(1, 0.5, Ask::Rest)),
        (Some(5_000), Some(250))
    );
    assert_eq!(default.delay_after_ms(4, 0.5, Ask::Rest), None);
}
