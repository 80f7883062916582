//! Which lines are wanted, and the filter pattern that CloudWatch Logs finds them by.
//!
//! Source: [filter pattern syntax](https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html).

use std::net::IpAddr;
use std::str::FromStr;

use crate::audit_line::AuditLine;

/// The longest id that is looked for, in bytes.
const MAX_ID: usize = 128;

/// An id of a decision or a request: letters, digits and `-_=+/:.@` alone. So it means nothing in a filter
/// pattern, where `*` is a wildcard and a quotation mark ends a text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct LookupId(String);

impl FromStr for LookupId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > MAX_ID || !is_plain(text) {
            return Err(format!(
                "expected the id of a decision or a request, such as the answer's `x-amzn-requestid`: \
                 {MAX_ID} letters, digits and `-_=+/:.@` at most"
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl LookupId {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text can stand between quotation marks in a filter pattern, and mean itself alone.
fn is_plain(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=+/:.@".contains(&byte);
    text.bytes().all(is_plain)
}

/// From when to when, in milliseconds since the epoch, both included.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Span {
    pub(crate) start: u64,
    pub(crate) end: u64,
}

/// What a line must have.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// The id of the decision or of the request.
    pub(crate) id: Option<LookupId>,
    /// The username or the principal, as the line spells it.
    pub(crate) user: Option<String>,
    /// The caller's address.
    pub(crate) source_ip: Option<IpAddr>,
    /// Refused or failed.
    pub(crate) refused: bool,
    /// The time of the decision; `None` where any will do.
    pub(crate) span: Option<Span>,
}

impl Wanted {
    /// Whether a line has it all. A line without a time is of any time.
    pub(crate) fn is_met_by(&self, line: &AuditLine) -> bool {
        let is = |name: &str, value: &str| line.text(name) == Some(value);
        let id = self.id.as_ref().map(LookupId::as_str);
        let address = || line.text("source_ip")?.parse::<IpAddr>().ok();
        id.is_none_or(|id| is("decision_id", id) || is("request_id", id))
            && self
                .user
                .as_deref()
                .is_none_or(|user| is("username", user) || is("principal", user))
            && self
                .source_ip
                .is_none_or(|wanted| address() == Some(wanted))
            && !(self.refused && is("outcome", "allowed"))
            && self.span.is_none_or(|span| {
                let at = line.millis();
                at.is_none_or(|at| span.start <= at && at <= span.end)
            })
    }

    /// Whether a line is that of the wanted decision. A caller can choose the id of a request, and so give
    /// one the id of a decision: such a line does not hide the decision's own.
    pub(crate) fn is_decided_by(&self, line: &AuditLine) -> bool {
        let id = self.id.as_ref().map(LookupId::as_str);
        id.is_some() && line.text("decision_id") == id
    }

    /// The pattern of CloudWatch Logs that finds all such lines, and maybe others. What has characters that
    /// a pattern gives a meaning to, or can be spelled in several ways, is not part of it.
    pub(super) fn pattern(&self) -> String {
        let mut parts = vec![r#"$.event = "decision""#.to_owned()];
        if let Some(id) = &self.id {
            let id = id.as_str();
            parts.push(format!(
                r#"($.decision_id = "{id}" || $.request_id = "{id}")"#
            ));
        }
        if let Some(user) = self.user.as_deref().filter(|user| is_plain(user)) {
            parts.push(format!(
                r#"($.username = "{user}" || $.principal = "{user}")"#
            ));
        }
        if let Some(IpAddr::V4(address)) = self.source_ip {
            parts.push(format!(r#"$.source_ip = "{address}""#));
        }
        if self.refused {
            parts.push(r#"$.outcome != "allowed""#.to_owned());
        }
        format!("{{ {} }}", parts.join(" && "))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{LookupId, Span, Wanted};
    use crate::audit_line::AuditLine;

    #[test]
    fn an_id_changes_no_pattern() {
        for good in [
            "504ae420-9f9f-4eac-9d08-2b9ea2592145",
            // HTTP and WebSocket APIs.
            "JKJaXmPLvHcESHA=",
            "Root=1-5759e988-bd862e3fe1be46a994272793",
        ] {
            assert_eq!(good.parse::<LookupId>().unwrap().as_str(), good);
        }
        let long = "a".repeat(129);
        for bad in [
            "",
            "*",
            "a*",
            "%a%",
            r#"a" || $.outcome = "allowed"#,
            "a\\",
            "a b",
            "a\nb",
            "a}",
            "$.x",
            "\u{e9}",
            &long,
        ] {
            assert!(bad.parse::<LookupId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn patterns() {
        let by = |change: fn(&mut Wanted)| {
            let mut wanted = Wanted::default();
            change(&mut wanted);
            wanted.pattern()
        };
        assert_eq!(by(|_| {}), r#"{ $.event = "decision" }"#);
        assert_eq!(
            by(|wanted| wanted.id = "a-1".parse().ok()),
            r#"{ $.event = "decision" && ($.decision_id = "a-1" || $.request_id = "a-1") }"#
        );
        assert_eq!(
            by(|wanted| {
                wanted.user = Some("alice@example.com".to_owned());
                wanted.source_ip = "203.0.113.7".parse().ok();
                wanted.refused = true;
            }),
            r#"{ $.event = "decision" && ($.username = "alice@example.com" || $.principal = "alice@example.com") && $.source_ip = "203.0.113.7" && $.outcome != "allowed" }"#
        );
        // What could change the pattern is looked at here instead.
        assert_eq!(
            by(|wanted| wanted.user = Some(r#"x" || $.event = "*"#.to_owned())),
            r#"{ $.event = "decision" }"#
        );
        assert_eq!(
            by(|wanted| wanted.source_ip = "2001:db8::1".parse().ok()),
            r#"{ $.event = "decision" }"#
        );
    }

    #[test]
    fn lines_that_meet_it() {
        let line = |more: Value| {
            let mut members = json!({"event": "decision", "outcome": "forbidden", "username": "al\"ice",
                "principal": "p", "request_id": "r", "decision_id": "d", "source_ip": "2001:DB8:0::1",
                "_aws": {"Timestamp": 1_000}});
            members
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            AuditLine::parse(&members.to_string()).unwrap()
        };
        let id = |id: &str| Wanted {
            id: id.parse().ok(),
            ..Wanted::default()
        };
        let user = |user: &str| Wanted {
            user: Some(user.to_owned()),
            ..Wanted::default()
        };
        let span = |start, end| Wanted {
            span: Some(Span { start, end }),
            ..Wanted::default()
        };
        let from = |address: &str| Wanted {
            source_ip: address.parse().ok(),
            ..Wanted::default()
        };
        let refused = Wanted {
            refused: true,
            ..Wanted::default()
        };
        for (wanted, more, is_met) in [
            (&Wanted::default(), json!({}), true),
            (&id("r"), json!({}), true),
            (&id("d"), json!({}), true),
            (&id("R"), json!({}), false),
            (&user("al\"ice"), json!({}), true),
            (&user("p"), json!({}), true),
            (&user("alice"), json!({}), false),
            (&from("2001:db8::1"), json!({}), true),
            (&from("203.0.113.7"), json!({}), false),
            (&refused, json!({}), true),
            (&refused, json!({"outcome": "failed"}), true),
            (&refused, json!({"outcome": "allowed"}), false),
            (&span(1_000, 1_000), json!({}), true),
            (&span(1_001, 2_000), json!({}), false),
            (&span(0, 999), json!({}), false),
            (&span(0, 1), json!({"_aws": null}), true),
        ] {
            assert_eq!(wanted.is_met_by(&line(more)), is_met, "{wanted:?}");
        }
    }
}
