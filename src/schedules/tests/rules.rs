//! Rules against a model that walks through time a quarter of an hour at a time, and decisions about what is due.

use std::collections::BTreeSet;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use proptest::prelude::*;

use crate::{
    base::Timestamp,
    schedules::{
        CatchUp, RuleError,
        due::{CATCH_UP_MAX, Due, due},
        rule::Rule,
    },
};

const STEP_S: i64 = 900;
const YEAR_S: i64 = 31_556_952;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn ticks(rule: &Rule, after: &str, count: usize) -> Vec<String> {
    let mut time = at(after);
    let next = |_| {
        time = rule.next(time).unwrap();
        time.to_string()
    };
    (0..count).map(next).collect()
}

/// The fields of a rule as sets; an empty one is `*`.
#[derive(Debug, Clone, Default)]
struct Fields {
    minutes: Vec<i8>,
    hours: Vec<i8>,
    days: Vec<i8>,
    months: Vec<i8>,
    weekdays: Vec<i8>,
}

impl Fields {
    fn text(&self) -> String {
        let list = |set: &[i8]| match set {
            [] => "*".to_owned(),
            set => set.iter().map(i8::to_string).collect::<Vec<_>>().join(","),
        };
        [&self.minutes, &self.hours, &self.days, &self.months, &self.weekdays].map(|set| list(set)).join(" ")
    }

    fn fits(&self, time: jiff::civil::DateTime) -> bool {
        let has = |set: &[i8], value: i8| set.is_empty() || set.contains(&value);
        let day = has(&self.days, time.day());
        let weekday = has(&self.weekdays, time.weekday().to_sunday_zero_offset());
        let is_day = match (self.days.is_empty(), self.weekdays.is_empty()) {
            (false, false) => self.days.contains(&time.day()) || weekday,
            _ => day && weekday,
        };
        has(&self.minutes, time.minute()) && has(&self.hours, time.hour()) && has(&self.months, time.month()) && is_day
    }

    /// Every tick of a stretch of time, by looking at each quarter of an hour of it.
    fn walk(&self, zone: &TimeZone, from_s: i64, until_s: i64) -> BTreeSet<i64> {
        let local = |second: i64| {
            let time = jiff::Timestamp::from_second(second).unwrap();
            zone.to_offset(time).to_datetime(time)
        };
        let quarter = jiff::SignedDuration::from_secs(STEP_S);
        let mut found = BTreeSet::new();
        // The latest local time that any clock has shown so far: what is not after it comes a second time.
        let mut shown = local(from_s - 48 * 3600);
        let mut second = from_s - 48 * 3600;
        while second < until_s {
            second += STEP_S;
            let now = local(second);
            let mut skipped = shown + quarter;
            while skipped < now {
                if self.fits(skipped) {
                    found.insert(second);
                }
                skipped += quarter;
            }
            let is_again = now <= shown;
            if self.fits(now) && (!is_again || self.hours.is_empty()) {
                found.insert(second);
            }
            shown = shown.max(now);
        }
        found.retain(|second| *second > from_s && *second <= until_s);
        found
    }
}

fn walked_by_rule(rule: &Rule, from_s: i64, until_s: i64) -> BTreeSet<i64> {
    let mut found = BTreeSet::new();
    let mut time = Timestamp::from_ms(from_s * 1000);
    while let Some(next) = rule.next(time).filter(|next| next.as_seconds() <= until_s) {
        assert!(next > time);
        assert_eq!(next.as_ms() % 1000, 0);
        found.insert(next.as_seconds());
        time = next;
    }
    found
}

/// Zones whose clocks are set by an hour, by half an hour, around Ramadan, across the date line, and never.
const ZONES: [&str; 6] =
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia", "UTC"];

fn subset(of: Vec<i8>, most: usize) -> impl Strategy<Value = Vec<i8>> {
    prop_oneof![Just(Vec::new()), proptest::sample::subsequence(of, 1..=most)]
}

fn fields() -> impl Strategy<Value = Fields> {
    let minutes = proptest::sample::subsequence(vec![0, 15, 30, 45], 1..=4);
    let hours = prop_oneof![Just(Vec::new()), Just(vec![2]), subset((0..24).collect(), 4)];
    (minutes, hours, subset((1..=31).collect(), 3), subset((1..=12).collect(), 3), subset((0..=6).collect(), 2))
        .prop_map(|(minutes, hours, days, months, weekdays)| Fields { minutes, hours, days, months, weekdays })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Windows of half a year anywhere in fifty years, so that each has settings of the clock in it.
    #[test]
    fn rules_tick_when_the_model_says(
        fields in fields(),
        zone in proptest::sample::select(&ZONES),
        start in (2000 - 1970) * YEAR_S / STEP_S..(2050 - 1970) * YEAR_S / STEP_S,
    ) {
        let from_s = start * STEP_S;
        let until_s = from_s + YEAR_S / 2;
        let model = fields.walk(&TimeZoneDatabase::bundled().get(zone).unwrap(), from_s, until_s);
        match Rule::cron(&fields.text(), zone, Timestamp::from_ms(from_s * 1000)) {
            Ok(rule) => {
                let found = walked_by_rule(&rule, from_s, until_s);
                let differ: Vec<_> = found.symmetric_difference(&model).take(5).collect();
                prop_assert!(differ.is_empty(), "{} in {zone}: {differ:?}", fields.text());
            }
            Err(error) => {
                prop_assert_eq!(error, RuleError::Never);
                prop_assert!(model.is_empty());
            }
        }
    }

    #[test]
    fn no_text_is_more_than_refused(text in ".{0,40}", fields in "[0-9*/,LW#?@a-z -]{0,30}") {
        for text in [text, fields] {
            if let Ok(rule) = Rule::cron(&text, "Europe/Berlin", at("2026-01-01T00:00:00Z")) {
                prop_assert!(rule.next(at("2026-01-01T00:00:00Z")).is_some());
            }
        }
    }

    /// However the calls are spread over time, each tick is handled once, in order, and none that is on time is left out.
    #[test]
    fn each_tick_is_handled_once(
        every_s in 1_u64..5_000,
        catch_up in proptest::sample::select(vec![CatchUp::Skip, CatchUp::One, CatchUp::All]),
        gaps_ms in proptest::collection::vec(prop_oneof![1_u64..30_000, 1_u64..10_000_000], 1..40),
    ) {
        let start = at("2026-01-01T00:00:00Z");
        let rule = Rule::every(every_s * 1000, start).unwrap();
        let (mut cursor, mut now, mut last) = (rule.next(start).unwrap(), start, start);
        for gap in gaps_ms {
            now = now.plus_ms(gap);
            let Due { ticks, has_missed, next } = due(&rule, catch_up, cursor, now);
            prop_assert!(ticks.len() <= CATCH_UP_MAX);
            let is_one = has_missed && catch_up == CatchUp::One;
            prop_assert!(!is_one || ticks.len() == 1);
            for tick in &ticks {
                prop_assert!(*tick > last && *tick >= cursor && *tick <= now);
                prop_assert_eq!(tick.ms_since(start) % (every_s * 1000), 0);
                last = *tick;
            }
            let all = if now < cursor { 0 } else { now.ms_since(cursor) / (every_s * 1000) + 1 };
            let expected = match catch_up {
                _ if !has_missed => Some(all),
                CatchUp::All => Some(all.min(CATCH_UP_MAX as u64)),
                CatchUp::One => Some(1),
                CatchUp::Skip => None,
            };
            prop_assert!(expected.is_none_or(|expected| expected == ticks.len() as u64));
            cursor = next.unwrap();
            prop_assert!(cursor > now);
        }
    }
}

/// Fifty years of one rule per zone: as many ticks as the model has, at the same times.
#[test]
fn fifty_years_agree_with_the_model() {
    let daily = Fields { minutes: vec![30], hours: vec![2], ..Fields::default() };
    let hourly = Fields { minutes: vec![15], ..Fields::default() };
    let leap = Fields { minutes: vec![0], hours: vec![0], days: vec![29], months: vec![2], ..Fields::default() };
    let (from_s, until_s) = ((2000 - 1970) * YEAR_S / STEP_S * STEP_S, (2050 - 1970) * YEAR_S / STEP_S * STEP_S);
    for (zone, fields) in [("Europe/Berlin", daily), ("Australia/Lord_Howe", hourly), ("Africa/Casablanca", leap)] {
        let rule = Rule::cron(&fields.text(), zone, Timestamp::from_ms(from_s * 1000)).unwrap();
        let model = fields.walk(&TimeZoneDatabase::bundled().get(zone).unwrap(), from_s, until_s);
        assert!(model.len() > 10);
        assert!(walked_by_rule(&rule, from_s, until_s) == model, "{} in {zone}", fields.text());
    }
}

#[test]
fn a_time_that_the_clock_skips_comes_when_it_is_set() {
    let rule = Rule::cron("30 2 * * *", "Europe/Berlin", at("2026-03-01T00:00:00Z")).unwrap();
    let found = ticks(&rule, "2026-03-27T12:00:00Z", 3);
    assert_eq!(found, ["2026-03-28T01:30:00.000Z", "2026-03-29T01:00:00.000Z", "2026-03-30T00:30:00.000Z"]);
}

#[test]
fn a_time_that_comes_twice_ticks_once_unless_every_hour_is_named() {
    let rule = Rule::cron("30 2 * * *", "Europe/Berlin", at("2026-10-01T00:00:00Z")).unwrap();
    let found = ticks(&rule, "2026-10-24T12:00:00Z", 2);
    assert_eq!(found, ["2026-10-25T00:30:00.000Z", "2026-10-26T01:30:00.000Z"]);
    for text in ["30 * * * *", "0 30 0-23 * * *", "30 */1 * * *"] {
        let rule = Rule::cron(text, "Europe/Berlin", at("2026-10-01T00:00:00Z")).unwrap();
        let found = ticks(&rule, "2026-10-24T23:45:00Z", 3);
        assert_eq!(found, ["2026-10-25T00:30:00.000Z", "2026-10-25T01:30:00.000Z", "2026-10-25T02:30:00.000Z"]);
    }
}

#[test]
fn all_forms_of_a_rule_are_understood() {
    let after = "2026-01-01T00:00:00Z";
    for (text, expected) in [
        ("@hourly", "2026-01-01T01:00:00.000Z"),
        ("@yearly", "2027-01-01T00:00:00.000Z"),
        ("@midnight", "2026-01-02T00:00:00.000Z"),
        ("*/10 * * * * *", "2026-01-01T00:00:10.000Z"),
        ("0 12 L * *", "2026-01-31T12:00:00.000Z"),
        ("0 9 * * MON#1", "2026-01-05T09:00:00.000Z"),
        ("0 9 * FEB fri#L", "2026-02-27T09:00:00.000Z"),
        ("0 9 * * 7", "2026-01-04T09:00:00.000Z"),
        ("0 0 29 2 *", "2028-02-29T00:00:00.000Z"),
    ] {
        let rule = Rule::cron(text, "utc", at(after)).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(ticks(&rule, after, 1), [expected], "{text}");
    }
}

#[test]
fn what_cannot_be_is_told_apart() {
    let now = at("2026-01-01T00:00:00Z");
    let refusal = |text: &str, zone: &str| Rule::cron(text, zone, now).unwrap_err();
    for text in ["", "* * * *", "* * * * * * *", "61 * * * *", "@reboot", "x * * * *", &"1,".repeat(200)] {
        assert!(matches!(refusal(text, "UTC"), RuleError::Cron(_)), "{text}");
    }
    assert_eq!(refusal("0 0 30 2 *", "UTC"), RuleError::Never);
    assert_eq!(refusal("0 0 31 4,6,9,11 *", "Europe/Berlin"), RuleError::Never);
    for zone in ["", "CEST", "Europe/Atlantis", "+02:00", "../etc/passwd"] {
        assert!(matches!(refusal("@daily", zone), RuleError::Zone(_)), "{zone}");
    }
    assert!(matches!(Rule::every(999, now), Err(RuleError::Every)));
    assert!(matches!(Rule::every(u64::MAX, now), Err(RuleError::Every)));
}

#[test]
fn what_cannot_be_read_is_named() {
    let now = at("2026-01-01T00:00:00Z");
    for (text, told) in [
        ("61 * * * *", "its minute \"61\" cannot be read"),
        ("0 24 * * *", "its hour \"24\" cannot be read"),
        ("0 0 32 * *", "its day of month \"32\" cannot be read"),
        ("0 0 1 13 *", "its month \"13\" cannot be read"),
        ("0 0 * * FUN", "its day of week \"FUN\" cannot be read"),
        ("60 0 0 * * *", "its seconds \"60\" cannot be read"),
        ("* * * *", "it has 4 fields"),
        ("* * * * * * *", "it has 7 fields"),
        ("", "it has 0 fields"),
        ("@reboot", "there is no such name"),
    ] {
        let refusal = Rule::cron(text, "UTC", now).unwrap_err();
        assert_eq!(refusal, RuleError::Cron(told.to_owned()), "{text}");
    }
}

#[test]
fn ten_years_of_absence_are_caught_up_with_a_bounded_number() {
    let start = at("2026-01-01T00:00:00Z");
    let rule = Rule::cron("* * * * * *", "Europe/Berlin", start).unwrap();
    let (cursor, now) = (rule.next(start).unwrap(), at("2036-01-01T00:00:00.500Z"));
    let all = due(&rule, CatchUp::All, cursor, now);
    assert_eq!((all.ticks.len(), all.has_missed), (CATCH_UP_MAX, true));
    assert_eq!(all.ticks.last().unwrap().to_string(), "2036-01-01T00:00:00.000Z");
    assert_eq!(due(&rule, CatchUp::One, cursor, now).ticks, [at("2036-01-01T00:00:00Z")]);
    assert_eq!(due(&rule, CatchUp::Skip, cursor, now).ticks.len(), 60);
    let rare = Rule::cron("0 0 29 2 *", "UTC", start).unwrap();
    let found = due(&rare, CatchUp::All, rare.next(start).unwrap(), now);
    assert_eq!(found.ticks, [at("2028-02-29T00:00:00Z"), at("2032-02-29T00:00:00Z")]);
    assert_eq!(found.next, Some(at("2036-02-29T00:00:00Z")));
}
