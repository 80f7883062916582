use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, Value};

use super::{AuditRecord, Reason, fields, line, printable};
use crate::access::{Condition, Ruling};
use crate::claims::AuthMethod;
use crate::clock::UnixTime;
use crate::document::{Mode, ProviderId};
use crate::error::{Denial, Forbidden};
use crate::event::Request;
use crate::http::Counters;
use crate::identity::{AuditText, Identity, Sender, VerifiedSender};

const EVENT: &str = r#"{"type": "REQUEST",
    "methodArn": "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/jira/rest/api/2/myself",
    "requestContext": {"requestId": "request-1", "identity": {"sourceIp": "203.0.113.7"}}}"#;

fn record<'r>(request: &'r Request<'r>, counters: &'r Counters) -> AuditRecord<'r> {
    AuditRecord {
        decision_id: "abcdefghijkm",
        time: UnixTime::ZERO,
        mode: Mode::Enforce,
        refusal: None,
        reason: None,
        needs: None,
        product: Some("jira"),
        provider: Some("idp"),
        identity: None,
        sender: None,
        unverified_method: "",
        request: Some(request),
        invocation_id: "invocation-1",
        ruling: None,
        from_cache: false,
        duration: Duration::ZERO,
        counters,
    }
}

fn read(record: &AuditRecord<'_>) -> Map<String, Value> {
    serde_json::from_str(&line(record, "function")).unwrap()
}

fn sender() -> VerifiedSender {
    VerifiedSender {
        provider: ProviderId::new("idp").unwrap(),
        auth_method: AuthMethod::Jwt,
        principal: AuditText::new("subject"),
        client_id: AuditText::new("client"),
        token_id: None,
        issuer: AuditText::new("https://idp.example.com"),
        act: AuditText::new("service-a,service-b"),
    }
}

#[test]
fn all_fields_of_lines_are_listed() {
    let counters = Counters::default();
    counters.key_fetches.count_try();
    let request = Request::parse(EVENT).unwrap();
    let identity =
        Identity::for_test("alice", Vec::new(), UnixTime::MAX).with_ids("id", Vec::new());
    let verified = Sender::Verified(Box::new(sender()));
    let unverified = Sender::unverified("https://other.example.com").unwrap();
    let plain = record(&request, &counters);
    let lines = [
        AuditRecord {
            mode: Mode::Monitor,
            refusal: Some(Forbidden::RouteNotAllowed.into()),
            reason: Some(Reason::Needs),
            needs: Some("groups: a"),
            ruling: Some(Ruling::Lacking(0, Condition::Group)),
            identity: Some(&identity),
            ..plain
        },
        AuditRecord {
            refusal: Some(Denial::TokenExpired.into()),
            sender: Some(&verified),
            ..plain
        },
        AuditRecord {
            refusal: Some(Denial::IssuerUnknown.into()),
            sender: Some(&unverified),
            ..plain
        },
    ];
    let found: BTreeSet<String> = lines
        .iter()
        .flat_map(|one| read(one).into_iter())
        .map(|(name, _)| name)
        .collect();
    let listed: BTreeSet<String> = fields().map(str::to_owned).collect();
    assert_eq!(found, listed);
}

#[test]
fn a_refused_token_tells_what_is_verified_of_it() {
    let counters = Counters::default();
    let request = Request::parse(EVENT).unwrap();
    let verified = Sender::Verified(Box::new(sender()));
    let line = read(&AuditRecord {
        refusal: Some(Denial::AudienceMismatch.into()),
        sender: Some(&verified),
        ..record(&request, &counters)
    });
    for (field, value) in [
        ("code", "audience_mismatch"),
        ("auth_method", "jwt"),
        ("provider", "idp"),
        ("issuer", "https://idp.example.com"),
        ("principal", "subject"),
        ("client_id", "client"),
        ("act", "service-a,service-b"),
        ("decision_id", "abcdefghijkm"),
    ] {
        assert_eq!(line[field], value, "{field}");
    }
    assert!(!line.contains_key("username") && !line.contains_key("unverified_issuer"));

    let unverified = Sender::unverified("https://other\n.example.com").unwrap();
    let line = read(&AuditRecord {
        refusal: Some(Denial::IssuerUnknown.into()),
        sender: Some(&unverified),
        ..record(&request, &counters)
    });
    assert_eq!(line["unverified_issuer"], "https://other?.example.com");
    assert!(!line.contains_key("issuer") && !line.contains_key("principal"));
}

/// A caller can choose the request's id.
#[test]
fn ids_of_requests_are_cut_and_cleaned() {
    for (text, cleaned) in [
        (
            "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        ),
        ("a\r\nb\u{1b}[2J\u{202e}", "a??b?[2J?"),
        ("", ""),
    ] {
        assert_eq!(printable(text), cleaned);
    }
    assert_eq!(printable(&"x".repeat(5_000)).len(), 128);
}
