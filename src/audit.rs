//! One line per decision: audit record and CloudWatch metrics together.
//!
//! The line is in CloudWatch's [embedded metric format](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
//! It holds nothing unverified but what API Gateway itself says of the request (method, path
//! without its query, source address and request id) and, of a refused token, its issuer and the name
//! of the provider that this chose.

mod metrics;
mod reason;
#[cfg(test)]
mod tests;
mod who;

use std::borrow::Cow;
use std::fmt;
use std::io::Write;
use std::time::Duration;

use crate::access::{Condition, Ruling};
use crate::clock::UnixTime;
use crate::document::Mode;
use crate::error::Refusal;
use crate::event::{Request, RequestArn};
use crate::http::Counters;
use crate::identity::{AuditText, Identity, Sender};
use crate::json::ObjectWriter;
use crate::sync::Locked;
pub use reason::Reason;
use who::Who;

/// The longest path in a record, in bytes.
const MAX_PATH: usize = 1_024;
/// The longest id of a token, a client or a subject in a record, in bytes.
const MAX_ID: usize = 128;

/// The fields of a line beside its metrics.
const FIELDS: [&str; 26] = [
    "event",
    "function",
    "decision_id",
    "mode",
    "outcome",
    "code",
    "reason",
    "provider",
    "issuer",
    "unverified_issuer",
    "auth_method",
    "username",
    "principal",
    "client_id",
    "token_id",
    "act",
    "method",
    "product",
    "path",
    "source_ip",
    "request_id",
    "rule",
    "lacks",
    "needs",
    "from_cache",
    "_aws",
];

/// The names of all fields that a line can have.
pub fn fields() -> impl Iterator<Item = &'static str> {
    FIELDS.into_iter().chain(metrics::names())
}

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
    /// The decision's name.
    pub decision_id: &'r str,
    /// When it was come to.
    pub time: UnixTime,
    /// What becomes of decisions.
    pub mode: Mode,
    /// Why the request is not allowed, or would not be in the mode `enforce`.
    pub refusal: Option<Refusal>,
    /// Why a verified caller may not go on.
    pub reason: Option<Reason>,
    /// The entries of the condition that the caller does not meet, as [`crate::access::needs`] has them.
    pub needs: Option<&'r str>,
    /// The product's name.
    pub product: Option<&'r str>,
    /// The provider that confirmed the caller, refused or failed.
    pub provider: Option<&'r str>,
    /// The verified caller.
    pub identity: Option<&'r Identity>,
    /// Who sent a token that stands for nobody.
    pub sender: Option<&'r Sender>,
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
    let who = Who::of(record);
    let request_id = record.request.and_then(|one| one.request_id.as_deref());
    let request_id = printable(request_id.unwrap_or(record.invocation_id));

    let mut line = ObjectWriter::new();
    line.text("event", "decision");
    line.text("function", function);
    line.text("decision_id", record.decision_id);
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
    line.optional("reason", record.reason.map(Reason::as_str));
    line.optional("provider", record.provider);
    line.optional("issuer", who.issuer);
    line.optional("unverified_issuer", who.unverified_issuer);
    line.optional("auth_method", Some(who.auth_method));
    line.optional("username", identity.map(|one| one.username.as_str()));
    line.optional("principal", who.principal.map(|id| head(id, MAX_ID)));
    line.optional("client_id", who.client_id.map(|id| head(id, MAX_ID)));
    line.optional("token_id", who.token_id.map(|id| head(id, MAX_ID)));
    line.optional("act", who.act);
    line.optional("method", arn.map(RequestArn::method));
    line.optional("product", record.product);
    line.optional("path", arn.map(|arn| head(arn.path(), MAX_PATH)));
    line.optional(
        "source_ip",
        record.request.and_then(|one| one.source_ip.as_deref()),
    );
    line.optional("request_id", Some(&*request_id));
    if let Some(ruling) = record.ruling {
        // The place of the access rule that decided, or would have, from 1 on.
        if let Some(rule) = ruling.rule() {
            line.raw("rule", rule.saturating_add(1));
        }
        // What the caller lacks of its conditions.
        line.optional("lacks", ruling.lacks().map(Condition::as_str));
    }
    line.optional("needs", record.needs);
    line.raw("from_cache", record.from_cache);
    line.raw("decisions", 1);
    line.raw("duration_ms", Milliseconds(record.duration));
    let metrics = metrics::write(record.counters, &mut line);
    let time = record.time.as_millis();
    line.raw(
        "_aws",
        format_args!(r#"{{"Timestamp":{time},"CloudWatchMetrics":{metrics}}}"#),
    );
    line.finish()
}

/// A text that a caller may have chosen, cut, with `?` for what is not printable ASCII.
fn printable(text: &str) -> Cow<'_, str> {
    let text = head(text, MAX_ID);
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let cleaned = AuditText::new(text);
    Cow::Owned(cleaned.map_or_else(String::new, |text| text.as_str().to_owned()))
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

fn head(text: &str, most: usize) -> &str {
    let end = text.floor_char_boundary(most);
    text.get(..end).unwrap_or_default()
}
