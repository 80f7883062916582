//! The metrics of a line, and the directives by which CloudWatch finds them.

use std::sync::LazyLock;

use serde::Serialize;

use crate::http::Counters;
use crate::json::ObjectWriter;

/// The names of all metrics.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let metrics = METRICS.iter().flat_map(|directive| directive.metrics);
    metrics.map(|metric| metric.name)
}

/// Writes what has been counted since the line before, and returns the directives of the line.
pub(super) fn write(counters: &Counters, line: &mut ObjectWriter) -> &'static str {
    let counts = drain(counters);
    // All or none: a metric that a directive names must be there.
    if counts.iter().all(|count| *count == 0) {
        return &DECISION_METRICS;
    }
    for (metric, count) in METRICS[1].metrics.iter().zip(counts) {
        line.raw(metric.name, count);
    }
    &ALL_METRICS
}

/// Takes what has been counted since the line before, in the order of the metrics' names.
fn drain(counters: &Counters) -> [u64; 10] {
    let (key_fetches, key_fetch_failures) = counters.key_fetches.drain();
    let (inspections, inspection_failures) = counters.inspections.drain();
    let (record_reads, record_read_failures) = counters.record_reads.drain();
    let (settings_loads, settings_load_failures) = counters.settings_loads.drain();
    let (ssm_throttles, _) = counters.ssm_throttles.drain();
    [
        key_fetches,
        key_fetch_failures,
        inspections,
        inspection_failures,
        record_reads,
        record_read_failures,
        settings_loads,
        settings_load_failures,
        ssm_throttles,
        counters.settings_age.drain(),
    ]
}

/// The directives as JSON, which each line ends with.
static ALL_METRICS: LazyLock<String> = LazyLock::new(|| directives(&METRICS));
/// Those of lines before which nothing was fetched.
static DECISION_METRICS: LazyLock<String> = LazyLock::new(|| directives(&METRICS[..1]));

fn directives(metrics: &[Directive]) -> String {
    serde_json::to_string(metrics).unwrap_or_else(|_| "[]".to_owned())
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: &'static str,
    dimensions: &'static [&'static [&'static str]],
    metrics: &'static [Metric],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    name: &'static str,
    unit: &'static str,
}

const fn count(name: &'static str) -> Metric {
    Metric {
        name,
        unit: "Count",
    }
}

const NAMESPACE: &str = "AtlassianAuthorizer";

const METRICS: [Directive; 2] = [
    Directive {
        namespace: NAMESPACE,
        dimensions: &[&["function", "outcome"], &["function", "outcome", "code"]],
        metrics: &[
            count("decisions"),
            Metric {
                name: "duration_ms",
                unit: "Milliseconds",
            },
        ],
    },
    Directive {
        namespace: NAMESPACE,
        dimensions: &[&["function"]],
        metrics: &[
            count("key_fetches"),
            count("key_fetch_failures"),
            count("provider_checks"),
            count("provider_check_failures"),
            count("record_reads"),
            count("record_read_failures"),
            count("settings_loads"),
            count("settings_load_failures"),
            count("ssm_throttles"),
            Metric {
                name: "settings_age_seconds",
                unit: "Seconds",
            },
        ],
    },
];
