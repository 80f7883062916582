//! One line per decision: audit record and CloudWatch metrics together.
//!
//! The line is in CloudWatch's [embedded metric format](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
//! It holds nothing unverified but what API Gateway itself says of the request (method, path
//! without its query, source address and request id) and, of a refused token, the name of the
//! provider that its issuer chose.

use std::fmt;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

use crate::clock::SinceEpoch;
use crate::error::Refusal;
use crate::settings::Mode;
use crate::sync::Locked;

/// The longest path in a record, in bytes.
const MAX_PATH: usize = 1_024;
/// The longest id of a token or a subject in a record, in bytes.
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
    const fn as_str(self) -> &'static str {
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
            Refusal::Failed(_) => Self::Failed,
        }
    }
}

/// One decision. Texts that are not known are empty and left out of the line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'r> {
    pub(crate) time: SinceEpoch,
    pub(crate) mode: Mode,
    pub(crate) outcome: Outcome,
    pub(crate) code: &'r str,
    pub(crate) provider: &'r str,
    pub(crate) auth_method: &'r str,
    pub(crate) username: &'r str,
    pub(crate) principal: &'r str,
    pub(crate) client_id: &'r str,
    pub(crate) token_id: &'r str,
    pub(crate) method: &'r str,
    pub(crate) product: &'r str,
    pub(crate) path: &'r str,
    pub(crate) source_ip: &'r str,
    pub(crate) request_id: &'r str,
    pub(crate) from_cache: bool,
    pub(crate) duration: Duration,
    pub(crate) counts: Counts,
}

/// What happened since the line before.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) key_fetches: u64,
    pub(crate) key_fetch_failures: u64,
    pub(crate) provider_checks: u64,
    pub(crate) provider_check_failures: u64,
    pub(crate) settings_loads: u64,
    pub(crate) settings_load_failures: u64,
}

impl Counts {
    /// Takes a counter's value and sets it to zero.
    pub(crate) fn drain(counter: &AtomicU64) -> u64 {
        // A plain load first: the write is rarely needed.
        if counter.load(Ordering::Relaxed) == 0 {
            return 0;
        }
        counter.swap(0, Ordering::Relaxed)
    }
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

    pub(crate) fn write(&self, record: &Record<'_>) {
        let mut line = Vec::with_capacity(1_024);
        if serde_json::to_writer(&mut line, &Line::of(record, &self.function)).is_ok() {
            line.push(b'\n');
            // Nothing is left to tell it to when standard output is gone.
            self.out.with(|out| out.write_all(&line).ok());
        }
    }
}

impl fmt::Debug for AuditLog {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AuditLog")
    }
}

#[derive(Serialize)]
struct Line<'l> {
    event: &'static str,
    function: &'l str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'static str>,
    outcome: &'static str,
    code: &'l str,
    #[serde(skip_serializing_if = "str::is_empty")]
    provider: &'l str,
    #[serde(skip_serializing_if = "str::is_empty")]
    auth_method: &'l str,
    #[serde(skip_serializing_if = "str::is_empty")]
    username: &'l str,
    #[serde(skip_serializing_if = "str::is_empty")]
    principal: &'l str,
    #[serde(skip_serializing_if = "str::is_empty")]
    client_id: &'l str,
    #[serde(skip_serializing_if = "str::is_empty")]
    token_id: &'l str,
    #[serde(skip_serializing_if = "str::is_empty")]
    method: &'l str,
    #[serde(skip_serializing_if = "str::is_empty")]
    product: &'l str,
    #[serde(skip_serializing_if = "str::is_empty")]
    path: &'l str,
    #[serde(skip_serializing_if = "str::is_empty")]
    source_ip: &'l str,
    #[serde(skip_serializing_if = "str::is_empty")]
    request_id: &'l str,
    from_cache: bool,
    decisions: u8,
    duration_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_fetches: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_fetch_failures: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_checks: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_check_failures: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settings_loads: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settings_load_failures: Option<u64>,
    #[serde(rename = "_aws")]
    aws: Metadata,
}

impl<'l> Line<'l> {
    fn of(record: &Record<'l>, function: &'l str) -> Self {
        let counts = record.counts;
        // All or none: a metric that a directive names must be there.
        let any = counts.key_fetches > 0 || counts.provider_checks > 0 || counts.settings_loads > 0;
        Self {
            event: "decision",
            function,
            mode: match record.mode {
                Mode::Enforce => None,
                Mode::Monitor => Some("monitor"),
                Mode::Off => Some("off"),
            },
            outcome: record.outcome.as_str(),
            code: record.code,
            provider: record.provider,
            auth_method: record.auth_method,
            username: record.username,
            principal: head(record.principal, MAX_ID),
            client_id: record.client_id,
            token_id: head(record.token_id, MAX_ID),
            method: record.method,
            product: record.product,
            path: head(record.path, MAX_PATH),
            source_ip: record.source_ip,
            request_id: record.request_id,
            from_cache: record.from_cache,
            decisions: 1,
            duration_ms: record.duration.as_secs_f64() * 1_000.0,
            key_fetches: any.then_some(counts.key_fetches),
            key_fetch_failures: any.then_some(counts.key_fetch_failures),
            provider_checks: any.then_some(counts.provider_checks),
            provider_check_failures: any.then_some(counts.provider_check_failures),
            settings_loads: any.then_some(counts.settings_loads),
            settings_load_failures: any.then_some(counts.settings_load_failures),
            aws: Metadata {
                timestamp: u64::try_from(record.time.as_millis()).unwrap_or_default(),
                cloud_watch_metrics: if any { &METRICS } else { &METRICS[..1] },
            },
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    timestamp: u64,
    cloud_watch_metrics: &'static [Directive],
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

static METRICS: [Directive; 2] = [
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
            count("settings_loads"),
            count("settings_load_failures"),
        ],
    },
];

fn head(text: &str, most: usize) -> &str {
    let end = text.floor_char_boundary(most);
    text.get(..end).unwrap_or_default()
}
