//! What a line says, as data.

use serde::Serialize;
use serde_json::{Map, Value};

use super::places::{Place, places};
use crate::audit_line::AuditLine;
use crate::explain::meaning::{self, Meaning};
use crate::failure::Failure;
use crate::times::plain_date;

/// Fields that are told in words, or mean nothing to whoever asks about one decision.
const TOLD: [&str; 28] = [
    "_aws",
    "auth_method",
    "client_id",
    "code",
    "decision_id",
    "decisions",
    "duration_ms",
    "event",
    "from_cache",
    "function",
    "issuer",
    "lacks",
    "method",
    "mode",
    "needs",
    "outcome",
    "path",
    "principal",
    "product",
    "provider",
    "reason",
    "request_id",
    "rule",
    "source_ip",
    "token_id",
    "unverified_issuer",
    "username",
    "act",
];

/// Everything that is told. The names are those of `--json`.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Where the lines are.
    pub(super) source: String,
    /// The decisions, the newest first.
    pub(super) decisions: Vec<Entry>,
    /// How many more were found, which are older.
    pub(super) more: usize,
    /// Whether all was searched. Otherwise newer lines may be missing.
    pub(super) complete: bool,
}

/// One decision, as its line tells it.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    pub(super) time: Option<String>,
    /// Milliseconds since the epoch.
    #[serde(skip)]
    pub(super) millis: Option<u64>,
    pub(super) outcome: String,
    pub(super) status: Option<u16>,
    pub(super) code: Option<String>,
    /// The outcome, the status and the code in words.
    #[serde(skip)]
    pub(super) verdict: String,
    pub(super) mode: String,
    pub(super) who: String,
    pub(super) request: String,
    pub(super) source_ip: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) decision_id: Option<String>,
    /// What the access rules had to do with it.
    pub(super) rule: Option<String>,
    /// What the caller needs.
    pub(super) needs: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) what: Option<String>,
    pub(super) next: Option<String>,
    /// The settings that decide.
    pub(super) settings: Vec<Place>,
    /// The line as it came.
    pub(super) line: Map<String, Value>,
}

impl Report {
    pub(super) fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The command's result: that of the newest decision. It is not known where lines were left unread.
    pub(super) fn verdict(&self) -> Result<(), Failure> {
        if !self.complete {
            return Err(Failure::unavailable(""));
        }
        match self.decisions.first().map(|one| one.outcome.as_str()) {
            Some("allowed") => Ok(()),
            Some("forbidden" | "unauthorized") => Err(Failure::negative("")),
            _ => Err(Failure::unavailable("")),
        }
    }
}

impl Entry {
    pub(super) fn of(line: &AuditLine) -> Self {
        let text = |name: &str| line.text(name).map(str::to_owned);
        let code = line.text("code").unwrap_or_default();
        let refusal = meaning::refusal(code);
        let meaning = refusal.map(Meaning::of);
        let (outcome, status) = line.outcome();
        let millis = line.millis();
        let seconds = millis.and_then(|millis| millis.checked_div(1_000));
        Self {
            time: seconds.map(plain_date),
            millis,
            outcome: outcome.to_owned(),
            status,
            code: text("code"),
            verdict: line.verdict(),
            mode: line.text("mode").unwrap_or("enforce").to_owned(),
            who: who(line),
            request: request(line),
            source_ip: text("source_ip"),
            request_id: text("request_id"),
            decision_id: text("decision_id"),
            rule: rule(line),
            needs: line.field("needs").and_then(needs),
            reason: text("reason"),
            what: match (meaning, code) {
                (Some(meaning), _) => Some(meaning.what.to_owned()),
                (None, "allowed") => None,
                (None, "mode_off") => Some(
                    "The mode is `off`: the request was let through, and nothing was decided."
                        .to_owned(),
                ),
                (None, _) => Some("This version of atlauth does not know the code.".to_owned()),
            },
            next: meaning.map(|meaning| meaning.next.to_owned()),
            settings: places(line, refusal),
            line: line.members().clone(),
        }
    }

    /// The fields of the line that nothing else tells.
    pub(super) fn others(&self) -> impl Iterator<Item = (&str, String)> {
        let others = self.line.iter().filter(|(name, value)| {
            // Metrics of what was fetched are numbers.
            !TOLD.contains(&name.as_str()) && !value.is_number()
        });
        others.map(|(name, value)| (name.as_str(), plain(value)))
    }
}

/// Who called, as far as that was verified.
fn who(line: &AuditLine) -> String {
    let provider = line.text("provider");
    let verified_client = || {
        line.text("client_id")
            .filter(|_| line.text("auth_method") != Some("basic"))
    };
    let name = line
        .text("username")
        .or_else(|| line.text("principal"))
        .or_else(verified_client);
    let issuer = line.text("unverified_issuer");
    let Some(name) = name else {
        return match (provider, issuer) {
            (_, _) if line.text("auth_method") == Some("basic") => {
                "Basic credentials, whose user was not verified".to_owned()
            }
            (Some(provider), Some(issuer)) => {
                format!("nobody verified; a token for {provider} that says its issuer is {issuer}")
            }
            (Some(provider), None) => format!("nobody verified; a token for {provider}"),
            (None, Some(issuer)) => {
                format!("nobody verified; a token that says its issuer is {issuer}")
            }
            (None, None) => "nobody verified".to_owned(),
        };
    };
    let mut parts = vec![name.to_owned()];
    match (line.text("auth_method"), provider) {
        (Some(method), Some(provider)) => parts.push(format!("by {method} of {provider}")),
        (Some(method), None) => parts.push(format!("by {method}")),
        (None, Some(provider)) => parts.push(format!("of {provider}")),
        (None, None) => {}
    }
    let principal = line.text("principal").filter(|one| *one != name);
    let ids = [
        ("principal", principal),
        ("client", line.text("client_id").filter(|one| *one != name)),
        ("token", line.text("token_id")),
        ("issuer", line.text("issuer")),
    ];
    let ids = ids.into_iter();
    parts.extend(ids.filter_map(|(what, value)| Some(format!("{what} {}", value?))));
    let actor = line.field("act").filter(|actor| !actor.is_null());
    parts.extend(actor.map(|actor| format!("through {}", plain(actor))));
    parts.join(", ")
}

fn request(line: &AuditLine) -> String {
    let method = line.text("method").unwrap_or("a request");
    let path = line.text("path").unwrap_or_default();
    let product = match line.text("product") {
        Some(product) => format!("of {product}"),
        None => "of no product".to_owned(),
    };
    let words = [method, path, product.as_str()];
    let words = words.into_iter().filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// What the access rules had to do with it. The line does not tell the rules: the settings may have others
/// by now.
fn rule(line: &AuditLine) -> Option<String> {
    let number = line.rule()?;
    let (outcome, _) = line.outcome();
    let is_by_rule = line.text("code") == Some("route_not_allowed");
    Some(match (outcome, line.text("lacks")) {
        ("allowed", _) => format!("rule {number} allows it"),
        (_, Some(lacks)) => {
            format!("rule {number} decides; the caller does not meet its condition: {lacks}")
        }
        (_, None) if is_by_rule => format!("rule {number} denies it"),
        (_, None) => format!("rule {number} would allow it"),
    })
}

/// What the caller needs, as the function wrote it: a text, or lists by the names of their conditions.
fn needs(needs: &Value) -> Option<String> {
    match needs {
        Value::Null => None,
        Value::Object(conditions) => {
            let list = |value: &Value| match value {
                Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
                other => plain(other),
            };
            let conditions = conditions.iter();
            let conditions = conditions.map(|(name, value)| format!("{name}: {}", list(value)));
            Some(conditions.collect::<Vec<_>>().join("; "))
        }
        other => Some(plain(other)),
    }
}

/// A value without quotation marks around it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Entry, Report};
    use crate::audit_line::AuditLine;

    fn decision(members: &Value) -> Entry {
        let mut line = json!({"event": "decision"});
        let members = members.as_object().unwrap().clone();
        line.as_object_mut().unwrap().extend(members);
        Entry::of(&AuditLine::parse(&line.to_string()).unwrap())
    }

    #[test]
    fn who_called() {
        for (line, who) in [
            (json!({}), "nobody verified"),
            (
                json!({"provider": "okta"}),
                "nobody verified; a token for okta",
            ),
            (
                json!({"unverified_issuer": "https://x.example"}),
                "nobody verified; a token that says its issuer is https://x.example",
            ),
            (
                json!({"auth_method": "basic", "provider": "x"}),
                "Basic credentials, whose user was not verified",
            ),
            (
                json!({"username": "alice", "principal": "p", "provider": "okta", "auth_method": "jwt",
                       "client_id": "c", "token_id": "t", "issuer": "https://okta.example", "act": "robot"}),
                "alice, by jwt of okta, principal p, client c, token t, issuer https://okta.example, through robot",
            ),
            (json!({"principal": "p", "provider": "okta"}), "p, of okta"),
            (
                json!({"username": "a", "principal": "a", "act": {"sub": "b"}}),
                "a, through {\"sub\":\"b\"}",
            ),
        ] {
            assert_eq!(decision(&line).who, who);
        }
    }

    #[test]
    fn requests() {
        for (line, request) in [
            (json!({}), "a request of no product"),
            (
                json!({"method": "PUT", "path": "/jira/x", "product": "jira"}),
                "PUT /jira/x of jira",
            ),
            (
                json!({"method": "$connect", "product": "api"}),
                "$connect of api",
            ),
        ] {
            assert_eq!(decision(&line).request, request);
        }
    }

    #[test]
    fn rules() {
        let forbidden = |code: &str, more: Value| {
            let mut line = json!({"outcome": "forbidden", "code": code, "rule": 2});
            line.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            decision(&line)
        };
        for (code, more, rule) in [
            ("route_not_allowed", json!({}), "rule 2 denies it"),
            (
                "route_not_allowed",
                json!({"lacks": "group"}),
                "rule 2 decides; the caller does not meet its condition: group",
            ),
            (
                "user_credential_missing",
                json!({}),
                "rule 2 would allow it",
            ),
            ("allowed", json!({"outcome": "allowed"}), "rule 2 allows it"),
        ] {
            assert_eq!(forbidden(code, more).rule.as_deref(), Some(rule), "{code}");
        }
        assert_eq!(decision(&json!({})).rule, None);
    }

    #[test]
    fn needs_of_any_form() {
        for (needs, words) in [
            (json!("groups: a, b"), Some("groups: a, b")),
            (
                json!({"groups": ["a", "b"], "scopes": "c"}),
                Some("groups: a, b; scopes: c"),
            ),
            (json!(["a"]), Some("[\"a\"]")),
            (Value::Null, None),
        ] {
            assert_eq!(decision(&json!({ "needs": needs })).needs.as_deref(), words);
        }
    }

    #[test]
    fn codes_have_their_meaning() {
        let expired = decision(&json!({"outcome": "unauthorized", "code": "token_expired"}));
        assert!(expired.what.unwrap().contains("`exp`"));
        assert!(expired.next.unwrap().starts_with("Get a new token"));
        assert_eq!(
            (expired.status, expired.mode.as_str()),
            (Some(401), "enforce")
        );
        let new = decision(&json!({"outcome": "forbidden", "code": "of_tomorrow"}));
        assert!(new.what.unwrap().contains("does not know the code"));
        let allowed = decision(&json!({"outcome": "allowed", "code": "allowed"}));
        assert!(allowed.what.is_none() && allowed.next.is_none());
    }

    #[test]
    fn unknown_fields_are_kept() {
        let line =
            json!({"code": "allowed", "new": {"a": 1}, "other": "x", "key_fetches": 1, "_aws": {}});
        let decision = decision(&line);
        let others: Vec<_> = decision.others().collect();
        assert_eq!(
            others,
            [("new", "{\"a\":1}".to_owned()), ("other", "x".to_owned())]
        );
        assert_eq!(decision.line["key_fetches"], 1);
    }

    #[test]
    fn the_newest_decides_the_exit_code() {
        for (outcomes, code) in [
            (&["allowed", "forbidden"][..], None),
            (&["forbidden", "allowed"], Some(1)),
            (&["unauthorized"], Some(1)),
            (&["failed"], Some(3)),
            (&["strange"], Some(3)),
            (&[], Some(3)),
        ] {
            let decisions = outcomes
                .iter()
                .map(|outcome| decision(&json!({ "outcome": outcome })));
            let report = Report {
                source: String::new(),
                decisions: decisions.collect(),
                more: 0,
                complete: true,
            };
            let failed = report.verdict().err().map(|failure| failure.code());
            assert_eq!(failed, code, "{outcomes:?}");
        }
    }
}
