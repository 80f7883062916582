//! `atlauth why`: CloudWatch Logs as moto and as a stand-in play it, files, and standard input.

use serde_json::{Value, json};

use testing::Folder;
use testing::atlauth::Said;
use testing::logs::FakeLogs;
use testing::moto::Moto;
use testing::ssm::sdk_variables;
use testing::tokens::now;

use crate::atlauth;

const GROUP: &str = "atlassian-authorizer-AuthorizerLogs-AbCdEf123456";
const REQUEST: &str = "504ae420-9f9f-4eac-9d08-2b9ea2592145";

/// A line as the function writes it, so many seconds ago.
fn line(ago: u64, more: &Value) -> (u64, String) {
    let time = (now() - ago) * 1_000;
    let mut line = json!({
        "event": "decision", "function": "f", "decision_id": "k3v9x2m4p7qa", "outcome": "forbidden",
        "code": "route_not_allowed", "provider": "okta", "auth_method": "jwt", "username": "alice",
        "principal": "00u1", "client_id": "example-client", "token_id": "t-7", "method": "PUT",
        "product": "jira", "path": "/jira/rest/api/2/settings", "source_ip": "203.0.113.7",
        "request_id": REQUEST, "rule": 2, "lacks": "group", "needs": "groups: jira-developers",
        "from_cache": true, "decisions": 1, "duration_ms": 0.32,
        "_aws": {"Timestamp": time, "CloudWatchMetrics": []},
    });
    line.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    (time, line.to_string())
}

async fn why(logs: &FakeLogs, words: &str) -> Said {
    let command = atlauth(&format!("why {words}"));
    command.envs(logs.variables()).end("").await
}

fn codes(report: &Value) -> Vec<&str> {
    let decisions = report["decisions"].as_array().unwrap();
    let codes = decisions.iter().map(|one| one["code"].as_str().unwrap());
    codes.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_by_its_id() {
    let logs = FakeLogs::start(GROUP).await;
    logs.change(|state| {
        state.events = vec![
            line(7_300, &json!({"request_id": "other"})),
            // Before the first minutes that are asked about, and behind the first page of the next ones.
            line(
                1_000,
                &json!({"request_id": "other", "decision_id": "other"}),
            ),
            line(999, &json!({"request_id": "other", "decision_id": "other"})),
            (now() * 1_000 - 998_000, "START RequestId: x".to_owned()),
            line(900, &json!({})),
            line(10, &json!({"request_id": "other", "decision_id": "other"})),
        ];
    });
    for id in ["k3v9x2m4p7qa", REQUEST] {
        let said = why(&logs, id).await;
        if id != REQUEST {
            // A decision has one line, so what is older was not asked for.
            let asked = logs.requests("FilterLogEvents");
            let oldest = asked.iter().map(|request| request["startTime"].as_u64());
            assert!(oldest.min().flatten().unwrap() > (now() - 7_000) * 1_000);
        }
        assert_eq!(said.code, 1, "{}", said.all());
        for part in [
            ", 15 min ago",
            "refused: 403 route_not_allowed",
            "who alice, by jwt of okta, principal 00u1, client example-client, token t-7",
            "asked PUT /jira/rest/api/2/settings of jira",
            "from 203.0.113.7",
            "rule 2 decides; the caller does not meet its condition: group",
            "needs groups: jira-developers",
            "what No access rule allows this route",
            "next Compare the rules",
            "set products/jira: access[1].groups",
            &format!("ids request {REQUEST}, decision k3v9x2m4p7qa"),
        ] {
            assert!(said.flat().contains(part), "{part}: {}", said.all());
        }
        assert_eq!(said.stdout.matches("refused:").count(), 1);
        said.fits();
    }
    let said = why(&logs, &format!("--json --log-group {GROUP} {REQUEST}")).await;
    let report = said.json();
    assert_eq!(report["source"], GROUP);
    assert_eq!(codes(&report), ["route_not_allowed"]);
    let decision = &report["decisions"][0];
    assert_eq!(decision["status"], 403);
    assert_eq!(
        decision["settings"],
        json!([{"parameter": "products/jira", "field": "access[1].groups"}])
    );
    assert_eq!(decision["line"]["duration_ms"], 0.32);

    let asked = logs.requests("FilterLogEvents");
    let asked: Vec<_> = asked
        .iter()
        .filter(|request| request["filterPattern"].as_str().unwrap().contains(REQUEST))
        .collect();
    let pattern = format!(
        r#"{{ $.event = "decision" && ($.decision_id = "{REQUEST}" || $.request_id = "{REQUEST}") }}"#
    );
    assert_eq!(asked[0]["filterPattern"], pattern);
    assert_eq!(asked[0]["logGroupName"], GROUP);
    assert!(asked.iter().any(|request| request["nextToken"] == "2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_of_a_user() {
    let logs = FakeLogs::start(GROUP).await;
    logs.change(|state| {
        state.page = 100;
        state.events = vec![
            line(
                8_000,
                &json!({"code": "groups_incomplete", "outcome": "unauthorized"}),
            ),
            line(3_000, &json!({"code": "path_not_exact"})),
            line(200, &json!({"username": "bob", "principal": "00u2"})),
            line(100, &json!({"code": "product_unknown"})),
            line(
                50,
                &json!({"code": "allowed", "outcome": "allowed", "rule": 1, "lacks": null}),
            ),
        ];
    });
    for (words, expected, code) in [
        (
            "--user alice --since 1h",
            &["allowed", "product_unknown", "path_not_exact"][..],
            0,
        ),
        (
            "--user 00u1 --since 1h --refused",
            &["product_unknown", "path_not_exact"],
            1,
        ),
        ("--user alice --limit 1", &["allowed"], 0),
        (
            "--user alice --refused",
            &["product_unknown", "path_not_exact", "groups_incomplete"],
            1,
        ),
        (
            "--source-ip 203.0.113.7 --user bob",
            &["route_not_allowed"],
            1,
        ),
    ] {
        let said = why(&logs, &format!("{words} --json")).await;
        assert_eq!(said.code, code, "{words}: {}", said.all());
        assert_eq!(codes(&said.json()), expected, "{words}");
    }
    let said = why(&logs, "--user alice --limit 1").await;
    assert!(said.flat().contains("rule 1 allows it"), "{}", said.all());
    assert!(said.flat().contains("set products/jira: access[0]"));

    // A user whose name means something in a pattern is found all the same, and the pattern has none of it.
    let hostile = r#"x" || $.event = "*"#;
    logs.change(|state| {
        state.events.push(line(40, &json!({ "username": hostile })));
        state.requests.clear();
    });
    let command = atlauth("why --json --user").arg(hostile);
    let said = command.envs(logs.variables()).end("").await;
    assert_eq!(codes(&said.json()), ["route_not_allowed"]);
    for request in logs.requests("FilterLogEvents") {
        assert_eq!(request["filterPattern"], r#"{ $.event = "decision" }"#);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_group_of_a_stack() {
    let logs = FakeLogs::start("atlassian-authorizer-staging-AuthorizerLogs-1").await;
    let old = "atlassian-authorizer-AuthorizerLogs-old";
    logs.change(|state| {
        state.events = vec![line(10, &json!({}))];
        state
            .groups
            .extend([(old.to_owned(), 5), (GROUP.to_owned(), 9)]);
    });
    let said = why(&logs, &format!("{REQUEST} --json")).await;
    assert_eq!(said.json()["source"], GROUP, "{}", said.all());
    assert!(said.stderr.contains(old), "{}", said.stderr);

    let said = why(
        &logs,
        &format!("{REQUEST} --json --stack atlassian-authorizer-staging"),
    )
    .await;
    assert!(said.json()["source"].as_str().unwrap().contains("staging"));
    let command = atlauth(&format!("why {REQUEST} --json"));
    let command = command.env("AUTHORIZER_STACK", "atlassian-authorizer-staging");
    let said = command.envs(logs.variables()).end("").await;
    assert!(said.json()["source"].as_str().unwrap().contains("staging"));

    let said = why(&logs, &format!("{REQUEST} --stack other")).await;
    assert_eq!(said.code, 3);
    assert!(
        said.stderr.contains("other-AuthorizerLogs-"),
        "{}",
        said.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_found_out() {
    let logs = FakeLogs::start(GROUP).await;
    let denied = json!({"__type": "AccessDeniedException", "message": "not authorized"});
    for (failure, words, part) in [
        (
            None,
            "nothing",
            "no such audit line in atlassian-authorizer-AuthorizerLogs-AbCdEf123456 from ",
        ),
        (
            None,
            "--user carol",
            "next: a token that was refused has no user",
        ),
        (
            None,
            "--log-group none nothing",
            "The specified log group does not exist",
        ),
        (
            Some(denied.clone()),
            "--log-group x a",
            "next: reading it needs logs:FilterLogEvents",
        ),
        (
            Some(denied),
            "a",
            "next: finding it needs logs:DescribeLogGroups",
        ),
    ] {
        logs.change(|state| state.failures.extend(failure.map(|answer| (400, answer))));
        let said = why(&logs, words).await;
        assert_eq!(said.code, 3, "{words}: {}", said.all());
        assert!(said.stderr.contains(part), "{words}: {}", said.stderr);
        assert!(said.stdout.is_empty());
    }
    for words in ["", "--since 1h", "a*", "- --log x"] {
        let said = why(&logs, words).await;
        assert_eq!(said.code, 2, "{words}: {}", said.all());
    }
}

/// moto leaves nothing out for a pattern of JSON, so the tool has to look itself.
#[tokio::test(flavor = "multi_thread")]
async fn moto_has_the_lines() {
    let moto = Moto::start().await;
    let call = async |operation: &str, body: Value| {
        let target = format!("Logs_20140328.{operation}");
        moto.call("logs", &target, body).await
    };
    call("CreateLogGroup", json!({"logGroupName": GROUP})).await;
    let stream = json!({"logGroupName": GROUP, "logStreamName": "s"});
    call("CreateLogStream", stream).await;
    let lines = [
        line(
            700,
            &json!({"code": "token_expired", "outcome": "unauthorized"}),
        ),
        line(60, &json!({"username": "bob", "principal": "00u2"})),
        line(30, &json!({"request_id": "another"})),
    ];
    let events = lines.map(|(time, message)| json!({"timestamp": time, "message": message}));
    let body = json!({"logGroupName": GROUP, "logStreamName": "s", "logEvents": events});
    call("PutLogEvents", body).await;
    for (words, expected) in [
        ("--user alice", &["route_not_allowed", "token_expired"][..]),
        (REQUEST, &["route_not_allowed", "token_expired"]),
        ("another", &["route_not_allowed"]),
    ] {
        let command = atlauth(&format!("why --json {words}"));
        let said = command.envs(sdk_variables(&moto.url)).end("").await;
        assert_eq!(said.code, 1, "{words}: {}", said.all());
        assert_eq!(codes(&said.json()), expected, "{words}");
    }
}

#[test]
fn lines_of_standard_input() {
    let (_, text) = line(10, &json!({"new": "field", "mode": "monitor"}));
    let tailed = format!("2026-11-28T10:00:00 {text}\n");
    let pretty: Value = serde_json::from_str(&text).unwrap();
    for input in [text.clone(), tailed, format!("{pretty:#}")] {
        let said = atlauth("why -").run(&input);
        assert_eq!(said.code, 1, "{}", said.all());
        for part in [
            "mode monitor: the request was let through all the same",
            "also new: field",
            "set products/jira: access[1].groups",
        ] {
            assert!(said.flat().contains(part), "{part}: {}", said.all());
        }
    }
    for input in ["", "START RequestId: x", "{}"] {
        let said = atlauth("why -").run(input);
        assert_eq!(said.code, 3, "{}", said.all());
    }
    assert_eq!(atlauth("why --log /nowhere").run("").code, 3);
    // A token in a wrong place is not repeated.
    for words in ["why", "why --log"] {
        let said = atlauth(words)
            .arg("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl")
            .run("");
        assert_eq!(said.code, 2, "{}", said.all());
        assert!(!said.all().contains("eyJ"), "{}", said.all());
    }
}

/// What a caller chose reaches the terminal as text.
#[test]
fn lines_act_on_no_terminal() {
    let hostile = "\u{1b}[2Jx\u{202e}\nallowed";
    let names = [
        "path",
        "username",
        "code",
        "outcome",
        "mode",
        "reason",
        "request_id",
        "needs",
        "other",
        "lacks",
        "unverified_issuer",
        "product",
        "provider",
        "act",
        "source_ip",
    ];
    for name in names {
        let (_, text) = line(10, &json!({ name: hostile }));
        let said = atlauth("--color always why -").run(&text);
        let shown = said.all();
        assert!(
            !shown.contains("\u{1b}[2J") && !shown.contains('\u{202e}'),
            "{name}: {shown:?}"
        );
        assert!(
            !shown.lines().any(|line| line == "allowed"),
            "{name}: {shown:?}"
        );
    }
}

/// An audit line is an event to explain again, with the token or as far as the line says.
#[test]
fn an_audit_line_is_explained_again() {
    let folder = Folder::new();
    let settings = folder.settings(&json!({
        "providers": {"okta": {"kind": "custom", "issuer": "https://okta.example", "client_ids": ["c"],
                               "username": "preferred_username",
                               "jwks": {"keys": [testing::tokens::SigningKey::generate("k", "ES256").jwk]}}},
        "products": {"jira": {"path": "/jira"}},
    }));
    let path = folder.path().join("line.json");
    std::fs::write(&path, line(10, &json!({})).1).unwrap();
    let explain = |more: &str, input: &str| {
        let command = atlauth("explain --event").arg(&path).settings(&settings);
        let more: Vec<&str> = more.split_whitespace().collect();
        command.args(&more).run(input)
    };
    let said = explain("", "");
    assert_eq!(said.code, 3, "{}", said.all());
    for part in [
        "PUT /jira/rest/api/2/settings",
        "in the audit line: refused: 403 route_not_allowed",
        "not decided again: the line holds no credential",
        "ok  settings",
        "--  credential  the line holds no credential",
        "--  upstream    the line holds no credential",
    ] {
        assert!(said.stdout.contains(part), "{part}: {}", said.stdout);
    }
    assert!(
        said.stderr.contains("no headers and no query"),
        "{}",
        said.stderr
    );
    said.fits();
    let report = explain("--json", "").json();
    assert_eq!(report["code"], "credential_not_given");
    assert_eq!(report["request"]["source_ip"], "203.0.113.7");

    let said = explain("-", "zzqq.yyqqzz");
    assert_eq!(said.code, 1, "{}", said.all());
    assert!(
        said.stdout.contains("refused: 401 token_malformed"),
        "{}",
        said.stdout
    );
    assert!(!said.all().contains("zzqq.yyqqzz"));

    let both = atlauth("explain --event - -").settings(&settings).run("x");
    assert_eq!(both.code, 2, "{}", both.all());
    std::fs::write(&path, json!({"type": "TOKEN"}).to_string()).unwrap();
    let said = explain("-", "zzqq.yyqqzz");
    assert_eq!(said.code, 2, "{}", said.all());
    std::fs::write(&path, line(10, &json!({"path": null})).1).unwrap();
    assert_eq!(explain("", "").code, 2);
}
