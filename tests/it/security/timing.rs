//! Whether an answer tells by its words or by its time what it must not: if an account exists, and if an id is somebody
//! else's.
//!
//! What is said is compared in every run, over a few pairs of calls. Times say something about the machine too, so they are
//! judged only when `NOVAPULSE_TIMING_PAIRS` asks for a number of pairs, on a machine with nothing else to do:
//! `NOVAPULSE_TIMING_PAIRS=1000 cargo nextest run --no-capture -E 'test(/timing/)'`. Both kinds of calls are made in turns
//! and in random order, so that whatever else goes on meets both alike; the slowest tenth of each, where the machine was
//! away, does not count.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{
    authorization::{Operation, operations},
    probes::{Essence, PASSWORD, Random, Things, body, essence, make_things, prefix},
};
use crate::support::{Client, TestApp};

/// Pairs of calls where times are not judged.
const PAIRS: usize = 3;
/// Calls of each kind ahead of those whose times are judged.
const WARM_UP: usize = 20;

/// How many pairs of calls times are judged by, when they are.
fn pairs_to_judge() -> Option<usize> {
    std::env::var("NOVAPULSE_TIMING_PAIRS").ok().map(|text| text.parse().expect("a number of pairs"))
}

/// Two series of times, in microseconds.
#[derive(Default)]
struct Pair {
    one: Vec<f64>,
    other: Vec<f64>,
}

struct Figures {
    medians: [f64; 2],
    /// Welch's t: how sure the difference of the means is.
    t: f64,
    /// Cohen's d: how large it is beside the spread.
    d: f64,
}

fn mean_and_variance(times: &[f64]) -> (f64, f64) {
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    (mean, times.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / (times.len() - 1) as f64)
}

impl Pair {
    /// Makes both calls in random order, `count` times, and measures them.
    fn measure(random: &mut Random, count: usize, call: &mut impl FnMut(bool) -> (Essence, Duration)) -> Self {
        let mut pair = Self::default();
        for _ in 0..count {
            let is_first = random.below(2) == 0;
            for is_one in [is_first, !is_first] {
                let took = call(is_one).1.as_secs_f64() * 1e6;
                if is_one { pair.one.push(took) } else { pair.other.push(took) }
            }
        }
        pair
    }

    fn figures(mut self) -> Figures {
        for times in [&mut self.one, &mut self.other] {
            times.sort_unstable_by(f64::total_cmp);
            times.truncate(times.len() * 9 / 10);
        }
        let median = |times: &[f64]| times[times.len() / 2];
        let ((m1, v1), (m2, v2)) = (mean_and_variance(&self.one), mean_and_variance(&self.other));
        let t = (m1 - m2) / (v1 / self.one.len() as f64 + v2 / self.other.len() as f64).sqrt();
        let d = (m1 - m2) / f64::midpoint(v1, v2).sqrt();
        Figures { medians: [median(&self.one), median(&self.other)], t, d }
    }
}

/// Compares what both calls are answered; where times are judged, measures them too and tells the figures.
fn compare(what: &str, random: &mut Random, mut call: impl FnMut(bool) -> (Essence, Duration)) -> Option<Figures> {
    for _ in 0..PAIRS {
        let (one, other) = (call(true).0, call(false).0);
        assert_eq!(one, other, "{what}");
    }
    let pairs = pairs_to_judge()?;
    Pair::measure(random, WARM_UP, &mut call);
    let figures = Pair::measure(random, pairs, &mut call).figures();
    let Figures { medians: [one, other], t, d } = &figures;
    eprintln!("{what}: {pairs} pairs, medians {one:.0} and {other:.0} us, t {t:.2}, d {d:.3}");
    Some(figures)
}

/// Another address for each call, so that no limit is met.
fn address(number: &mut u32) -> String {
    *number += 1;
    let [_, a, b, c] = number.to_be_bytes();
    format!("10.{a}.{b}.{c}")
}

#[test]
fn an_unknown_account_is_answered_like_a_known_one_and_as_soon() {
    let app = TestApp::start_with(&[("NOVAPULSE_SERVER_TRUSTED_PROXIES", "127.0.0.0/8")]);
    let (email, _) = app.demo_sign_in();
    let (mut client, mut random, mut number) = (app.anonymous(), Random(7), 0);
    let mut results = Vec::new();
    for (what, path, status) in
        [("sign-in", "/api/v1/auth/login", 401), ("request for a link", "/api/v1/auth/password/forgot", 202)]
    {
        let call = |is_known: bool| {
            let from = address(&mut number);
            // As long as the other, and never the same.
            let unknown = format!("{number:0>width$}@example.com", width = email.len() - "@example.com".len());
            let mut order = json!({ "email": if is_known { &email } else { &unknown } });
            if status == 401 {
                order["password"] = json!("not the password");
            }
            let (order, headers) = (order.to_string(), [("x-forwarded-for", from.as_str())]);
            let begun = Instant::now();
            let answer = client.send("POST", path, &headers, Some(order.as_bytes()));
            let took = begun.elapsed();
            assert_eq!(answer.status, status, "{}", answer.text());
            (essence(&answer, [&email, &unknown]), took)
        };
        results.extend(compare(what, &mut random, call).map(|figures| (what, figures)));
    }
    for (what, figures) in results {
        assert!(figures.t.abs() < 4.5, "{what}: the time tells which accounts exist, t = {:.2}", figures.t);
    }
}

#[test]
fn an_id_of_another_company_is_answered_like_one_that_nobody_has_and_as_soon() {
    let app = TestApp::start_with(&[("NOVAPULSE_LIMITS_API_PER_SECOND", "0"), ("NOVAPULSE_AUTH_REGISTRATION", "open")]);
    let (mut owner, mut key) = (app.owner(), app.client());
    let things: Things = make_things(&mut owner, &mut key);
    let other = json!({ "company_name": "Other", "name": "Eve", "email": "eve@example.com", "password": PASSWORD });
    let eve = app.anonymous().post("/api/v1/auth/register", &other).expect(201);
    let mut client = Client::with_key(app.address(), eve["access_token"].as_str().unwrap());
    let is_probed = |it: &Operation| it.path.contains("{id}") && prefix(&it.path).is_some() && it.scope.is_some();
    let all: Vec<Operation> = operations(&mut app.anonymous()).into_iter().filter(is_probed).collect();
    assert!(all.len() > 40, "{}", all.len());
    let mut random = Random(7);
    let mut results = Vec::new();
    for operation in &all {
        let foreign = &things[prefix(&operation.path).unwrap()];
        let (user, text) = (&things["usr_"], body(&operation.id).to_string());
        let mut ids = Random(11);
        let call = |is_foreign: bool| {
            let id = if is_foreign { foreign.clone() } else { ids.missing(foreign) };
            let path = format!("/api/v1{}", operation.path.replace("{id}", &id).replace("{user}", user));
            let body = (operation.method != "GET").then_some(text.as_bytes());
            let begun = Instant::now();
            let answer = client.send(&operation.method, &path, &[], body);
            let took = begun.elapsed();
            assert!((400..500).contains(&answer.status), "{}: {}", operation.id, answer.status);
            (essence(&answer, [&id, user]), took)
        };
        results.extend(compare(&operation.id, &mut random, call).map(|figures| (operation.id.clone(), figures)));
    }
    // A few of many series look different by chance; a large difference does not come by chance.
    let apart: Vec<_> = results.iter().filter(|(_, it)| it.d.abs() >= 0.5).map(|(id, it)| (id, it.d)).collect();
    assert!(apart.is_empty(), "the time tells whose an id is: {apart:?}");
}
