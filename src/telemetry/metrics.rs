//! The metrics registry and what the process tells about itself.
//!
//! Each module declares its own metrics in this registry, so that what counts stands beside what
//! is counted. Names are `novapulse_<area>_<thing>_<unit>` in base units, `_total` for counters;
//! labels are bounded. `docs/reference/metrics.md` is generated from the registry.

use std::fmt::Write as _;

use prometheus::{
    Counter, Encoder, GaugeVec, IntGauge, Opts, Registry, TextEncoder,
    proto::{Metric, MetricType},
};

use super::process;

/// The registry of one process; cloning shares it.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    resident_memory: IntGauge,
    cpu_seconds: Counter,
    open_files: IntGauge,
}

impl Metrics {
    /// Makes a registry that holds the process's own metrics.
    ///
    /// # Errors
    /// Never in practice: the names below are valid and stand once.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let build =
            GaugeVec::new(Opts::new("novapulse_build_info", "Always 1; the label tells the version."), &["version"])?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1.0);
        let resident_memory = IntGauge::new("novapulse_process_resident_memory_bytes", "Resident memory.")?;
        let cpu_seconds = Counter::new("novapulse_process_cpu_seconds_total", "Processor time used.")?;
        let open_files = IntGauge::new("novapulse_process_open_files", "Open file descriptors.")?;
        registry.register(Box::new(build))?;
        registry.register(Box::new(resident_memory.clone()))?;
        registry.register(Box::new(cpu_seconds.clone()))?;
        registry.register(Box::new(open_files.clone()))?;
        Ok(Self { registry, resident_memory, cpu_seconds, open_files })
    }

    /// Where modules declare their own metrics.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The values now, in the Prometheus text format.
    #[must_use]
    pub fn render(&self) -> String {
        let reading = process::read();
        self.resident_memory.set(i64::try_from(reading.resident_bytes).unwrap_or(i64::MAX));
        self.cpu_seconds.inc_by((reading.cpu_seconds - self.cpu_seconds.get()).max(0.0));
        self.open_files.set(i64::try_from(reading.open_files).unwrap_or(i64::MAX));
        let mut out = Vec::new();
        match TextEncoder::new().encode(&self.registry.gather(), &mut out) {
            Ok(()) => String::from_utf8_lossy(&out).into_owned(),
            Err(error) => format!("# metrics could not be encoded: {error}\n"),
        }
    }

    /// The reference page of every metric declared so far, as `docs/reference/metrics.md`.
    ///
    /// # Panics
    /// Never: text can always grow.
    #[must_use]
    pub fn reference(&self) -> String {
        let mut out = String::from(
            "# Metrics\n\nServed at `/metrics` and `/api/v1/metrics` in the Prometheus text format.\n\n\
             | name | kind | labels | meaning |\n|---|---|---|---|\n",
        );
        for family in self.registry.gather() {
            let kind = match family.get_field_type() {
                MetricType::COUNTER => "counter",
                MetricType::GAUGE => "gauge",
                MetricType::HISTOGRAM => "histogram",
                MetricType::SUMMARY => "summary",
                MetricType::UNTYPED => "untyped",
            };
            let first = family.get_metric().first();
            let labels: Vec<String> =
                first.into_iter().flat_map(Metric::get_label).map(|it| format!("`{}`", it.name())).collect();
            let (name, labels, meaning) = (family.name(), labels.join(", "), family.help());
            writeln!(out, "| `{name}` | {kind} | {labels} | {meaning} |").expect("text can always grow");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::Metrics;

    #[test]
    fn the_process_describes_itself() {
        let text = Metrics::new().unwrap().render();
        assert!(text.contains("novapulse_build_info{version="), "{text}");
        let memory = text.lines().find_map(|line| line.strip_prefix("novapulse_process_resident_memory_bytes "));
        assert!(memory.unwrap().parse::<u64>().unwrap() > 1 << 20, "{text}");
    }
}
