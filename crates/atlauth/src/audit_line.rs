//! Audit lines as logs, files and people hand them over.
//!
//! They are read leniently, for other versions of the function write other fields: what is unknown is
//! kept, and what is missing is `None`. Nothing of a line is trusted.

use serde_json::{Map, Value};

/// One decision, as the function recorded it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AuditLine {
    members: Map<String, Value>,
    /// When the log says that it was written, in milliseconds since the epoch.
    logged: Option<u64>,
}

impl AuditLine {
    /// The line in a text, behind whatever a log puts before it; `None` where there is no decision.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let start = text.find('{')?;
        let text = text.get(start..)?.trim_end();
        Self::of(serde_json::from_str(text).ok()?)
    }

    /// The lines in a JSON document: a line by itself, several in an array, or what
    /// `aws logs filter-log-events` prints.
    pub(crate) fn all_in(document: Value) -> Vec<Self> {
        match document {
            Value::Array(items) => items.into_iter().flat_map(Self::all_in).collect(),
            Value::Object(mut members) => {
                if let Some(Value::Array(events)) = members.remove("events") {
                    return Self::all_in(Value::Array(events));
                }
                if let Some(Value::String(message)) = members.get("message") {
                    let line = Self::parse(message);
                    let logged = members.get("timestamp").and_then(Value::as_u64);
                    return line
                        .map(|line| line.logged_at(logged))
                        .into_iter()
                        .collect();
                }
                Self::of(members).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// With the time that the log has for it, in milliseconds since the epoch.
    pub(crate) fn logged_at(mut self, millis: Option<u64>) -> Self {
        self.logged = millis;
        self
    }

    fn of(members: Map<String, Value>) -> Option<Self> {
        let is_decision = members.get("event").and_then(Value::as_str) == Some("decision");
        is_decision.then_some(Self {
            members,
            logged: None,
        })
    }

    /// A text that is not empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let text = self.members.get(name)?.as_str()?;
        (!text.is_empty()).then_some(text)
    }

    /// Any field.
    pub(crate) fn field(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// Its fields as they came, in the order of their names.
    pub(crate) fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// When it was decided, in milliseconds since the epoch.
    pub(crate) fn millis(&self) -> Option<u64> {
        let time = self
            .members
            .get("_aws")
            .and_then(|aws| aws.get("Timestamp"));
        time.and_then(Value::as_u64).or(self.logged)
    }

    /// The access rule that decided or would have, from 1 on.
    pub(crate) fn rule(&self) -> Option<u64> {
        let rule = self.members.get("rule")?.as_u64()?;
        (rule > 0).then_some(rule)
    }

    /// What was decided, and the status of the answer where it is an error.
    pub(crate) fn outcome(&self) -> (&str, Option<u16>) {
        let outcome = self.text("outcome").unwrap_or("unknown");
        let status = match outcome {
            "forbidden" => Some(403),
            "unauthorized" => Some(401),
            "failed" => Some(500),
            _ => None,
        };
        (outcome, status)
    }

    /// The outcome in words, such as `refused: 403 route_not_allowed`.
    pub(crate) fn verdict(&self) -> String {
        let code = self.text("code").unwrap_or("without a code");
        match self.outcome() {
            ("allowed", _) if code == "allowed" => code.to_owned(),
            ("allowed", _) => format!("allowed: {code}"),
            ("failed", _) => format!("no decision: 500 {code}"),
            (_, Some(status)) => format!("refused: {status} {code}"),
            (outcome, None) => format!("{outcome}: {code}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::AuditLine;

    const LINE: &str = r#"{"event":"decision","outcome":"forbidden","code":"route_not_allowed"}"#;

    #[test]
    fn lines_are_read_as_they_come() {
        for (text, is_line) in [
            (LINE.to_owned(), true),
            (format!("  {LINE}  \r\n"), true),
            // `aws logs tail`, with and without the stream's name.
            (format!("2026-11-28T10:00:00 {LINE}"), true),
            (
                format!("2026-11-28T10:00:00.123000+00:00 2026/11/28/[$LATEST]ab {LINE}"),
                true,
            ),
            (r#"{"level":"ERROR","message":"x"}"#.to_owned(), false),
            (r#"{"event":"other"}"#.to_owned(), false),
            (r#"{"event":["decision"]}"#.to_owned(), false),
            (LINE.replace('}', ""), false),
            ("START RequestId: 1".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(AuditLine::parse(&text).is_some(), is_line, "{text}");
        }
    }

    #[test]
    fn documents_hold_lines() {
        let line: Value = serde_json::from_str(LINE).unwrap();
        let event = json!({"message": format!("{LINE}\n"), "timestamp": 5_000});
        for (document, count) in [
            (line.clone(), 1),
            (json!([line.clone(), line]), 2),
            (
                json!({"events": [event.clone(), {"message": "START"}], "searchedLogStreams": []}),
                1,
            ),
            (json!([event]), 1),
            (json!({"type": "REQUEST"}), 0),
            (json!("decision"), 0),
        ] {
            assert_eq!(
                AuditLine::all_in(document.clone()).len(),
                count,
                "{document}"
            );
        }
        let event = json!({"message": LINE, "timestamp": 5_000});
        assert_eq!(AuditLine::all_in(event)[0].millis(), Some(5_000));
    }

    #[test]
    fn what_is_missing_or_of_another_type_is_none() {
        let line = |more: Value| {
            let mut members = json!({"event": "decision"});
            members
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            AuditLine::parse(&members.to_string()).unwrap()
        };
        let bare = line(json!({}));
        assert_eq!(
            (bare.millis(), bare.rule(), bare.text("code")),
            (None, None, None)
        );
        assert_eq!(bare.verdict(), "unknown: without a code");
        let odd = line(json!({"rule": "2", "code": 3, "_aws": [], "username": ""}));
        assert_eq!(
            (odd.rule(), odd.text("code"), odd.millis()),
            (None, None, None)
        );
        assert_eq!(odd.text("username"), None);
        assert_eq!(line(json!({"rule": 0})).rule(), None);
        assert_eq!(
            line(json!({"rule": 2, "_aws": {"Timestamp": 7}})).millis(),
            Some(7)
        );
    }

    #[test]
    fn verdicts() {
        for (outcome, code, words) in [
            ("allowed", "allowed", "allowed"),
            ("allowed", "mode_off", "allowed: mode_off"),
            (
                "forbidden",
                "route_not_allowed",
                "refused: 403 route_not_allowed",
            ),
            (
                "unauthorized",
                "token_expired",
                "refused: 401 token_expired",
            ),
            (
                "failed",
                "keys_unavailable",
                "no decision: 500 keys_unavailable",
            ),
            ("new", "code", "new: code"),
        ] {
            let line = json!({"event": "decision", "outcome": outcome, "code": code}).to_string();
            assert_eq!(AuditLine::parse(&line).unwrap().verdict(), words);
        }
    }
}
