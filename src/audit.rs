//! One line per decision: audit record and CloudWatch metrics together.
//!
//! The line is in CloudWatch's [embedded metric format](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
//! It holds nothing unverified but what API Gateway itself says of the request (method, path
//! without its query, source address and request id) and, of a refused token, the name of the
//! provider that its issuer chose.

use std::fmt;
use std::io::Write;
use std::time::Duration;

use serde::Serialize;

use crate::access::{Condition, Ruling};
use crate::clock::UnixTime;
use crate::document::Mode;
use crate::error::Refusal;
use crate::event::{Request, RequestArn};
use crate::http::Counters;
use crate::identity::Identity;
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
    /// Why the request is not let through, or would not be in the mode `enforce`.
    pub refusal: Option<Refusal>,
    /// The product's name.
    pub product: Option<&'r str>,
    /// The provider that vouched, refused or failed.
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

/// What happened since the line before.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    key_fetches: (u64, u64),
    inspections: (u64, u64),
    record_reads: (u64, u64),
    settings_loads: (u64, u64),
}

impl Counts {
    /// Takes what has been counted.
    fn drain(counters: &Counters) -> Self {
        Self {
            key_fetches: counters.key_fetches.drain(),
            inspections: counters.inspections.drain(),
            record_reads: counters.record_reads.drain(),
            settings_loads: counters.settings_loads.drain(),
        }
    }

    const fn any(self) -> bool {
        self.key_fetches.0 > 0
            || self.inspections.0 > 0
            || self.record_reads.0 > 0
            || self.settings_loads.0 > 0
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

    /// Writes the line of a decision.
    pub fn write(&self, record: &AuditRecord<'_>) {
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
    /// The place of the access rule that decided, or would have, from 1 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<usize>,
    /// What the caller lacks of its conditions.
    #[serde(skip_serializing_if = "Option::is_none")]
    lacks: Option<&'static str>,
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
    record_reads: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record_read_failures: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settings_loads: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settings_load_failures: Option<u64>,
    #[serde(rename = "_aws")]
    aws: Metadata,
}

impl<'l> Line<'l> {
    fn of(record: &AuditRecord<'l>, function: &'l str) -> Self {
        let counts = Counts::drain(record.counters);
        // All or none: a metric that a directive names must be there.
        let any = counts.any();
        let identity = record.identity;
        let text = |text: Option<&'l str>| text.unwrap_or_default();
        let arn = record.request.map(|request| &request.arn);
        Self {
            event: "decision",
            function,
            mode: match record.mode {
                Mode::Enforce => None,
                Mode::Monitor => Some("monitor"),
                Mode::Off => Some("off"),
            },
            outcome: record
                .refusal
                .map_or(Outcome::Allowed, Outcome::from)
                .as_str(),
            code: code(record.mode, record.refusal),
            provider: text(record.provider),
            auth_method: identity.map_or(record.unverified_method, |one| one.auth_method.as_str()),
            username: text(identity.map(|one| one.username.as_str())),
            principal: head(text(identity.map(|one| one.principal.as_str())), MAX_ID),
            client_id: text(identity.and_then(|one| one.client_id.as_deref())),
            token_id: head(
                text(identity.and_then(|one| one.token_id.as_deref())),
                MAX_ID,
            ),
            method: text(arn.map(RequestArn::method)),
            product: text(record.product),
            path: head(text(arn.map(RequestArn::path)), MAX_PATH),
            source_ip: text(record.request.and_then(|one| one.source_ip.as_deref())),
            request_id: record
                .request
                .and_then(|one| one.request_id.as_deref())
                .unwrap_or(record.invocation_id),
            rule: record
                .ruling
                .and_then(|ruling| Some(ruling.rule()?.saturating_add(1))),
            lacks: record
                .ruling
                .and_then(|ruling| ruling.lacks().map(Condition::as_str)),
            from_cache: record.from_cache,
            decisions: 1,
            duration_ms: record.duration.as_secs_f64() * 1_000.0,
            key_fetches: any.then_some(counts.key_fetches.0),
            key_fetch_failures: any.then_some(counts.key_fetches.1),
            provider_checks: any.then_some(counts.inspections.0),
            provider_check_failures: any.then_some(counts.inspections.1),
            record_reads: any.then_some(counts.record_reads.0),
            record_read_failures: any.then_some(counts.record_reads.1),
            settings_loads: any.then_some(counts.settings_loads.0),
            settings_load_failures: any.then_some(counts.settings_loads.1),
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
            count("record_reads"),
            count("record_read_failures"),
            count("settings_loads"),
            count("settings_load_failures"),
        ],
    },
];

fn head(text: &str, most: usize) -> &str {
    let end = text.floor_char_boundary(most);
    text.get(..end).unwrap_or_default()
}
