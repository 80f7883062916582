//! An audit line as an event, to be explained again as far as the line says.

use std::net::{IpAddr, Ipv4Addr};

use crate::audit_line::AuditLine;
use crate::credential::Credential;
use crate::event::{Kind, Sent};
use crate::failure::Failure;

/// The longest path that the function writes into a line, in bytes. One that is nearly as long may have been
/// cut at a character.
const CUT: usize = 1_024 - 3;

/// The event that API Gateway would have sent for the line's request, as JSON text.
pub(super) fn event(line: &AuditLine, credential: Option<&Credential>) -> Result<String, Failure> {
    let method = line.text("method").unwrap_or_default();
    let path = line.text("path").unwrap_or_default();
    let (kind, is_told) = if method == "$connect" {
        (Kind::Websocket, true)
    } else {
        let is_method = !method.is_empty() && method.bytes().all(|one| one.is_ascii_alphabetic());
        (Kind::RestRequest, is_method && path.starts_with('/'))
    };
    if !is_told {
        return Err(
            Failure::usage("the audit line does not say what was asked for").hint(
                "expected a line with `method` and `path`; `atlauth why -` tells what it has",
            ),
        );
    }
    let source_ip = address(line).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let sent = Sent {
        method,
        path,
        query: &[],
        headers: &[],
        authorization: credential.map(|one| one.authorization.expose_secret()),
        source_ip: &source_ip.to_string(),
    };
    Ok(sent.event(kind).to_string())
}

/// What can't be explained again, for the line does not have it.
pub(super) fn notes(line: &AuditLine) -> Vec<&'static str> {
    let mut notes = vec![
        "an audit line has no headers and no query: what depends on them is not explained again",
    ];
    if line.text("path").is_some_and(|path| path.len() >= CUT) {
        notes.push("the line's path may have been cut: the access rules may see another path");
    }
    if address(line).is_none() {
        notes.push("the line has no address of the caller: 127.0.0.1 is used");
    }
    notes
}

pub(super) fn address(line: &AuditLine) -> Option<IpAddr> {
    line.text("source_ip")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use atlassian_authorizer::event::{EventKind, Request};
    use serde_json::{Value, json};

    use super::{event, notes};
    use crate::audit_line::AuditLine;

    fn line(members: &Value) -> AuditLine {
        let mut line = json!({"event": "decision"});
        line.as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        AuditLine::parse(&line.to_string()).unwrap()
    }

    #[test]
    fn the_request_of_a_line() {
        let told = json!({"method": "PUT", "path": "/jira/a%2Fb?c", "source_ip": "203.0.113.7"});
        let text = event(&line(&told), None).unwrap();
        let request = Request::parse(&text).unwrap();
        assert_eq!(request.kind, EventKind::RestRequest);
        assert_eq!(
            (request.arn.method(), request.arn.path()),
            ("PUT", "/jira/a%2Fb?c")
        );
        assert_eq!(request.source_ip.as_deref(), Some("203.0.113.7"));
        assert!(request.authorization.is_empty() && request.query.is_empty());

        let text = event(&line(&json!({"method": "$connect"})), None).unwrap();
        assert_eq!(Request::parse(&text).unwrap().kind, EventKind::WebSocket);
    }

    #[test]
    fn lines_that_say_too_little() {
        for members in [
            json!({}),
            json!({"method": "GET"}),
            json!({"path": "/a"}),
            json!({"method": "G/T", "path": "/a"}),
            json!({"method": "GET", "path": "a"}),
        ] {
            assert_eq!(
                event(&line(&members), None).unwrap_err().code(),
                2,
                "{members}"
            );
        }
    }

    #[test]
    fn what_is_missing_is_told() {
        let whole = json!({"path": "/a", "source_ip": "203.0.113.7"});
        assert_eq!(notes(&line(&whole)).len(), 1);
        let cut = json!({"path": "/".repeat(1_024), "source_ip": "x"});
        assert_eq!(notes(&line(&cut)).len(), 3);
    }
}
