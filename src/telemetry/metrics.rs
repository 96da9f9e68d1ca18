//! Every metric, declared once: name, meaning, labels.
//!
//! Names are `novapulse_<area>_<thing>_<unit>` in base units, `_total` for counters. Labels are
//! bounded: routes are templates, never paths. To add one: a field and its line in `new`, then
//! `UPDATE_REFERENCE=1 cargo test` writes `docs/reference/metrics.md`.

use std::fmt::Write as _;

use prometheus::{
    Counter, Encoder, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts,
    Registry, TextEncoder,
};

use super::process;

/// Seconds, from half a millisecond to half a minute.
const SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0];
/// Counts, in powers of two.
const COUNTS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// The metrics of one process; cloning shares them.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    catalogue: Vec<Described>,
    process_memory: IntGauge,
    process_cpu: Counter,
    process_files: IntGauge,
    /// Requests answered, by `method`, `route` and `status`.
    pub http_requests: IntCounterVec,
    /// Time from a request's head to its answer, by `method` and `route`.
    pub http_request_duration: HistogramVec,
    /// Requests being answered now.
    pub http_requests_active: IntGauge,
    /// Connections open now.
    pub http_connections: IntGauge,
    /// Group commits made durable.
    pub storage_commits: IntCounter,
    /// Time of one group commit, its sync included.
    pub storage_commit_duration: Histogram,
    /// Transactions in one group commit.
    pub storage_commit_transactions: Histogram,
    /// Jobs by `queue` and `state`, refreshed at each scrape.
    pub queue_jobs: GaugeVec,
    /// Attempts ended, by `queue` and `outcome`.
    pub queue_attempts: IntCounterVec,
    /// Time from the moment a job may run to its start, by `queue`.
    pub queue_wait: HistogramVec,
    /// Events accepted.
    pub events: IntCounter,
    /// Delivery attempts by `outcome`.
    pub webhook_attempts: IntCounterVec,
    /// Time of one delivery attempt.
    pub webhook_attempt_duration: Histogram,
}

#[derive(Debug, Clone)]
struct Described {
    name: &'static str,
    kind: &'static str,
    labels: Vec<&'static str>,
    meaning: &'static str,
}

/// Declares metrics into one registry and remembers what was declared.
struct Declare {
    registry: Registry,
    catalogue: Vec<Described>,
}

impl Declare {
    fn add<M: prometheus::core::Collector + Clone + 'static>(
        &mut self,
        kind: &'static str,
        (name, meaning): (&'static str, &'static str),
        labels: &[&'static str],
        metric: prometheus::Result<M>,
    ) -> M {
        let metric = metric.expect("the declarations below are valid metrics");
        self.registry.register(Box::new(metric.clone())).expect("no name is declared twice");
        self.catalogue.push(Described { name, kind, labels: labels.to_vec(), meaning });
        metric
    }

    fn counter(&mut self, is: (&'static str, &'static str)) -> IntCounter {
        self.add("counter", is, &[], IntCounter::new(is.0, is.1))
    }

    fn counters(&mut self, is: (&'static str, &'static str), labels: &[&'static str]) -> IntCounterVec {
        self.add("counter", is, labels, IntCounterVec::new(Opts::new(is.0, is.1), labels))
    }

    fn gauge(&mut self, is: (&'static str, &'static str)) -> IntGauge {
        self.add("gauge", is, &[], IntGauge::new(is.0, is.1))
    }

    fn histogram(&mut self, is: (&'static str, &'static str), buckets: &[f64]) -> Histogram {
        let options = HistogramOpts::new(is.0, is.1).buckets(buckets.to_vec());
        self.add("histogram", is, &[], Histogram::with_opts(options))
    }

    fn histograms(
        &mut self,
        is: (&'static str, &'static str),
        labels: &[&'static str],
        buckets: &[f64],
    ) -> HistogramVec {
        let options = HistogramOpts::new(is.0, is.1).buckets(buckets.to_vec());
        self.add("histogram", is, labels, HistogramVec::new(options, labels))
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Declares every metric in a registry of its own.
    ///
    /// # Panics
    /// When a declaration is not a valid metric, which the unit test of this module would show.
    #[must_use]
    pub fn new() -> Self {
        let mut to = Declare { registry: Registry::new(), catalogue: Vec::new() };
        let build = ("novapulse_build_info", "Always 1; the label tells the version.");
        to.add("gauge", build, &["version"], GaugeVec::new(Opts::new(build.0, build.1), &["version"]))
            .with_label_values(&[env!("CARGO_PKG_VERSION")])
            .set(1.0);
        let cpu = ("novapulse_process_cpu_seconds_total", "Processor time used.");
        let jobs = ("novapulse_queue_jobs", "Jobs in each state.");
        Self {
            process_memory: to.gauge(("novapulse_process_resident_memory_bytes", "Resident memory.")),
            process_cpu: to.add("counter", cpu, &[], Counter::new(cpu.0, cpu.1)),
            process_files: to.gauge(("novapulse_process_open_files", "Open file descriptors.")),
            http_requests: to
                .counters(("novapulse_http_requests_total", "Requests answered."), &["method", "route", "status"]),
            http_request_duration: to.histograms(
                ("novapulse_http_request_duration_seconds", "Time from a request's head to its answer."),
                &["method", "route"],
                SECONDS,
            ),
            http_requests_active: to.gauge(("novapulse_http_requests_active", "Requests being answered now.")),
            http_connections: to.gauge(("novapulse_http_connections", "Connections open now.")),
            storage_commits: to.counter(("novapulse_storage_commits_total", "Group commits made durable.")),
            storage_commit_duration: to.histogram(
                ("novapulse_storage_commit_duration_seconds", "Time of one group commit, its sync included."),
                SECONDS,
            ),
            storage_commit_transactions: to
                .histogram(("novapulse_storage_commit_transactions", "Transactions in one group commit."), COUNTS),
            queue_jobs: to.add(
                "gauge",
                jobs,
                &["queue", "state"],
                GaugeVec::new(Opts::new(jobs.0, jobs.1), &["queue", "state"]),
            ),
            queue_attempts: to.counters(("novapulse_queue_attempts_total", "Attempts ended."), &["queue", "outcome"]),
            queue_wait: to.histograms(
                ("novapulse_queue_wait_seconds", "Time from the moment a job may run to its start."),
                &["queue"],
                SECONDS,
            ),
            events: to.counter(("novapulse_events_total", "Events accepted.")),
            webhook_attempts: to
                .counters(("novapulse_webhook_attempts_total", "Delivery attempts ended."), &["outcome"]),
            webhook_attempt_duration: to
                .histogram(("novapulse_webhook_attempt_duration_seconds", "Time of one delivery attempt."), SECONDS),
            registry: to.registry,
            catalogue: to.catalogue,
        }
    }

    /// The values now, in the Prometheus text format.
    #[must_use]
    pub fn render(&self) -> String {
        let reading = process::read();
        self.process_memory.set(i64::try_from(reading.resident_bytes).unwrap_or(i64::MAX));
        self.process_cpu.inc_by((reading.cpu_seconds - self.process_cpu.get()).max(0.0));
        self.process_files.set(i64::try_from(reading.open_files).unwrap_or(i64::MAX));
        let mut out = Vec::new();
        match TextEncoder::new().encode(&self.registry.gather(), &mut out) {
            Ok(()) => String::from_utf8_lossy(&out).into_owned(),
            Err(error) => format!("# metrics could not be encoded: {error}\n"),
        }
    }

    /// The reference page of every metric, as `docs/reference/metrics.md`.
    ///
    /// # Panics
    /// Never: text can always grow.
    #[must_use]
    pub fn reference() -> String {
        let mut out = String::from(
            "# Metrics\n\nServed at `/metrics` and `/api/v1/metrics` in the Prometheus text format.\n\n\
             | name | kind | labels | meaning |\n|---|---|---|---|\n",
        );
        for metric in Self::new().catalogue {
            let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
            let (name, kind, meaning) = (metric.name, metric.kind, metric.meaning);
            writeln!(out, "| `{name}` | {kind} | {} | {meaning} |", labels.join(", ")).expect("text can always grow");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::Metrics;

    #[test]
    fn names_follow_the_rules_and_values_render() {
        let metrics = Metrics::new();
        metrics.events.inc();
        for metric in &metrics.catalogue {
            assert!(metric.name.starts_with("novapulse_"), "{}", metric.name);
            assert_eq!(metric.kind == "counter", metric.name.ends_with("_total"), "{}", metric.name);
            assert!(metric.meaning.ends_with('.'), "{}", metric.name);
        }
        let text = metrics.render();
        assert!(text.contains("novapulse_events_total 1\n"), "{text}");
        assert!(text.contains("novapulse_build_info{version="), "{text}");
    }

    #[test]
    fn reference_page_is_current() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/metrics.md");
        let generated = Metrics::reference();
        if std::env::var_os("UPDATE_REFERENCE").is_some() {
            fs::write(&path, &generated).unwrap();
        }
        let written = fs::read_to_string(&path).unwrap_or_default();
        assert!(written == generated, "docs/reference/metrics.md is stale; write it with UPDATE_REFERENCE=1");
    }
}
