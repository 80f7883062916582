//! One line per decision: audit record and CloudWatch metrics together.
//!
//! The line is in CloudWatch's [embedded metric format](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
//! It holds nothing unverified but what API Gateway itself says of the request (method, path
//! without its query, source address and request id) and, of a refused token, the name of the
//! provider that its issuer chose.

use std::fmt;
use std::io::Write;
use std::sync::LazyLock;
use std::time::Duration;

use serde::Serialize;

use crate::access::{Condition, Ruling};
use crate::clock::UnixTime;
use crate::document::Mode;
use crate::error::Refusal;
use crate::event::{Request, RequestArn};
use crate::http::Counters;
use crate::identity::Identity;
use crate::json::ObjectWriter;
use crate::sync::Locked;

/// The longest path in a record, in bytes.
const MAX_PATH: usize = 1_024;
/// The longest id of a token, a client or a subject in a record, in bytes.
const MAX_ID: usize = 128;

/// What came of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// A policy that allows this request.
    Allowed,
    /// A verified caller, and a policy that does not allow this request: 403.
    Forbidden,
    /// No credential, or one that fails a check: 401.
    Unauthorized,
    /// No decision, by our own fault: 500.
    Failed,
}

impl Outcome {
    /// Its name in the audit line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Forbidden => "forbidden",
            Self::Unauthorized => "unauthorized",
            Self::Failed => "failed",
        }
    }
}

impl From<Refusal> for Outcome {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Denied(_) => Self::Unauthorized,
            Refusal::Forbidden(_) => Self::Forbidden,
            Refusal::Failed(_) => Self::Failed,
        }
    }
}

/// The code of an audit line.
pub const fn code(mode: Mode, refusal: Option<Refusal>) -> &'static str {
    match (refusal, mode) {
        (Some(refusal), _) => refusal.code(),
        (None, Mode::Off) => "mode_off",
        (None, Mode::Enforce | Mode::Monitor) => "allowed",
    }
}

/// One decision.
#[derive(Clone, Copy)]
pub struct AuditRecord<'r> {
    /// When it was come to.
    pub time: UnixTime,
    /// What becomes of decisions.
    pub mode: Mode,
    /// Why the request is not allowed, or would not be in the mode `enforce`.
    pub refusal: Option<Refusal>,
    /// The product's name.
    pub product: Option<&'r str>,
    /// The provider that confirmed the caller, refused or failed.
    pub provider: Option<&'r str>,
    /// The verified caller.
    pub identity: Option<&'r Identity>,
    /// How a caller who was not verified came.
    pub unverified_method: &'static str,
    /// The request, where the event could be read.
    pub request: Option<&'r Request<'r>>,
    /// What stands in for the request's id where it has none.
    pub invocation_id: &'r str,
    /// What the access rules made of the request; `None` where they were not asked.
    pub ruling: Option<Ruling>,
    /// Whether the token was known from an event before.
    pub from_cache: bool,
    /// How long it took.
    pub duration: Duration,
    /// What has been counted since the last line.
    pub counters: &'r Counters,
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

/// Where audit lines go.
pub struct AuditLog {
    out: Locked<Box<dyn Write + Send>>,
    function: String,
}

impl AuditLog {
    /// Lines to standard output, which Lambda passes on to CloudWatch Logs.
    pub fn stdout() -> Self {
        Self::new(Box::new(std::io::stdout()))
    }

    /// Lines to a writer.
    pub fn new(out: Box<dyn Write + Send>) -> Self {
        Self {
            out: Locked::new(out),
            function: std::env::var("AWS_LAMBDA_FUNCTION_NAME")
                .unwrap_or_else(|_| "local".to_owned()),
        }
    }

    /// Writes the line of a decision.
    pub fn write(&self, record: &AuditRecord<'_>) {
        let mut line = line(record, &self.function);
        line.push('\n');
        // Nothing is left to tell it to when standard output is gone.
        self.out.with(|out| out.write_all(line.as_bytes()).ok());
    }
}

impl fmt::Debug for AuditLog {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AuditLog")
    }
}

/// A record as JSON. Texts that are empty are left out.
fn line(record: &AuditRecord<'_>, function: &str) -> String {
    let identity = record.identity;
    let arn = record.request.map(|request| &request.arn);
    let outcome = record.refusal.map_or(Outcome::Allowed, Outcome::from);
    let token_id = identity.and_then(|one| one.token_id.as_deref());
    let request_id = record.request.and_then(|one| one.request_id.as_deref());
    let auth_method = identity.map_or(record.unverified_method, |one| one.auth_method.as_str());

    let mut line = ObjectWriter::new();
    line.text("event", "decision");
    line.text("function", function);
    line.optional(
        "mode",
        match record.mode {
            Mode::Enforce => None,
            Mode::Monitor => Some("monitor"),
            Mode::Off => Some("off"),
        },
    );
    line.text("outcome", outcome.as_str());
    line.text("code", code(record.mode, record.refusal));
    line.optional("provider", record.provider);
    line.optional("auth_method", Some(auth_method));
    line.optional("username", identity.map(|one| one.username.as_str()));
    line.optional(
        "principal",
        identity.map(|one| head(&one.principal, MAX_ID)),
    );
    line.optional(
        "client_id",
        identity
            .and_then(|one| one.client_id.as_deref())
            .map(|id| head(id, MAX_ID)),
    );
    line.optional("token_id", token_id.map(|id| head(id, MAX_ID)));
    line.optional("method", arn.map(RequestArn::method));
    line.optional("product", record.product);
    line.optional("path", arn.map(|arn| head(arn.path(), MAX_PATH)));
    line.optional(
        "source_ip",
        record.request.and_then(|one| one.source_ip.as_deref()),
    );
    line.optional("request_id", request_id.or(Some(record.invocation_id)));
    if let Some(ruling) = record.ruling {
        // The place of the access rule that decided, or would have, from 1 on.
        if let Some(rule) = ruling.rule() {
            line.raw("rule", rule.saturating_add(1));
        }
        // What the caller lacks of its conditions.
        line.optional("lacks", ruling.lacks().map(Condition::as_str));
    }
    line.raw("from_cache", record.from_cache);
    line.raw("decisions", 1);
    line.raw("duration_ms", Milliseconds(record.duration));
    let counts = drain(record.counters);
    // All or none: a metric that a directive names must be there.
    let any = counts.iter().any(|count| *count > 0);
    if any {
        for (name, count) in METRICS[1].metrics.iter().zip(counts) {
            line.raw(name.name, count);
        }
    }
    let metrics = if any { &ALL_METRICS } else { &DECISION_METRICS };
    let time = record.time.as_millis();
    line.raw(
        "_aws",
        format_args!(
            r#"{{"Timestamp":{time},"CloudWatchMetrics":{}}}"#,
            metrics.as_str()
        ),
    );
    line.finish()
}

/// A time in milliseconds, to a thousandth.
struct Milliseconds(Duration);

impl fmt::Display for Milliseconds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}.{:03}",
            self.0.as_millis(),
            self.0.subsec_micros() % 1_000
        )
    }
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

fn head(text: &str, most: usize) -> &str {
    let end = text.floor_char_boundary(most);
    text.get(..end).unwrap_or_default()
}
