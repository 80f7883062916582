//! The modes that refuse nothing: `monitor` records what would have been decided, `off` nothing.

use std::time::Duration;

use serde_json::{Value, json};

use testing::issuer::Issuer;
use testing::lambda::Lambda;
use testing::tokens::{SigningKey, access_claims, now};
use testing::{Folder, STAGE, rest_event};

const BASIC: &str = "Basic YWxpY2U6Y29ycmVjdC1ob3JzZQ==";

fn settings(issuer: &Issuer, mode: &str) -> Value {
    let mut settings = issuer.settings();
    settings["settings"] = json!({"mode": mode, "refresh_seconds": 1});
    settings["products"] = json!({"jira": {"path": "/jira", "access": [{"allow": ["@read"]}]}});
    settings
}

fn get(authorization: &str) -> Value {
    rest_event("GET", "/jira/rest/api/2/myself", authorization)
}

/// That an answer lets everything through, as nobody in particular, with this credential.
fn assert_open(answer: &Value, authorization: &str) {
    assert_eq!(answer["principalId"], "unverified");
    let statement = json!([{
        "Action": ["execute-api:Invoke"], "Effect": "Allow", "Resource": [format!("{STAGE}/*")],
    }]);
    assert_eq!(answer["policyDocument"]["Statement"], statement);
    assert_unknown(&answer["context"], authorization);
}

fn assert_unknown(context: &Value, authorization: &str) {
    for (name, value) in context.as_object().unwrap() {
        match name.as_str() {
            "authorization" => assert_eq!(value, authorization),
            "user_header" => assert_eq!(value, "-"),
            "product" => {}
            "decision_id" => assert_eq!(value.as_str().unwrap().len(), 12),
            _ => assert_eq!(value, "", "{name}"),
        }
    }
    assert_eq!(context.as_object().unwrap().len(), 13);
}

#[tokio::test]
async fn monitor_records_what_enforce_would_do() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    let folder = Folder::new();
    let lambda = Lambda::start(&folder.settings(&settings(&issuer, "monitor")), &[]).await;
    lambda.keep_secret("correct-horse");
    let valid = format!("Bearer {}", key.sign(&access_claims(&issuer.url)));
    let mut expired = access_claims(&issuer.url);
    expired["exp"] = (now() - 1).into();
    let expired = format!("Bearer {}", key.sign(&expired));
    let api_token = format!("Bearer atl_{}", "a".repeat(76));
    for (method, path, authorization, outcome, code) in [
        ("GET", "/jira/x", "", "unauthorized", "credential_missing"),
        ("GET", "/jira/x", BASIC, "unauthorized", "basic_denied"),
        (
            "GET",
            "/jira/x",
            "Digest abcdefgh",
            "unauthorized",
            "credential_unsupported",
        ),
        (
            "GET",
            "/jira/x",
            "Bearer abcdefgh",
            "unauthorized",
            "token_malformed",
        ),
        (
            "GET",
            "/jira/x",
            &api_token,
            "unauthorized",
            "api_tokens_disabled",
        ),
        ("GET", "/jira/x", &expired, "unauthorized", "token_expired"),
        ("GET", "/jira/rest/x", &valid, "allowed", "allowed"),
        (
            "POST",
            "/jira/rest/x",
            &valid,
            "forbidden",
            "route_not_allowed",
        ),
        (
            "GET",
            "/jira/rest/%2e%2e/x",
            &valid,
            "forbidden",
            "route_not_allowed",
        ),
        ("GET", "/elsewhere", &valid, "forbidden", "product_unknown"),
    ] {
        let event = rest_event(method, path, authorization);
        let answer = lambda.invoke(&event).await.unwrap();
        assert_open(&answer, authorization);
        let audit = lambda.audit().await;
        assert_eq!(audit["mode"], "monitor");
        assert_eq!(audit["outcome"], outcome, "{code}");
        assert_eq!(audit["code"], code);
        let username = if outcome == "unauthorized" {
            ""
        } else {
            "alice"
        };
        assert_eq!(audit["username"].as_str().unwrap_or_default(), username);
    }
    let output = lambda.output();
    assert!(
        output.contains("mode `monitor`: every request is allowed"),
        "{output}"
    );

    // What the origin can't be sent as a header, and what is not one value.
    for authorization in [
        "Bearer \u{e9}",
        "Bearer a\r\nX-User: admin",
        "Bearer \u{7f}",
    ] {
        let answer = lambda.invoke(&get(authorization)).await.unwrap();
        assert_open(&answer, "none");
    }
    let mut two = get(&valid);
    two["multiValueHeaders"] = json!({"authorization": ["Bearer other-token"]});
    assert_open(&lambda.invoke(&two).await.unwrap(), "none");
    assert_eq!(lambda.audit().await["code"], "credential_ambiguous");
    let mut none = get("");
    none["headers"] = json!(null);
    none["multiValueHeaders"] = json!(null);
    assert_open(&lambda.invoke(&none).await.unwrap(), "none");
    assert_eq!(lambda.audit().await["code"], "credential_missing");
    // Only space and tab are around a header's value.
    let padded = format!(" {valid}\t");
    assert_open(&lambda.invoke(&get(&padded)).await.unwrap(), &valid);
}

#[tokio::test]
async fn monitor_lets_through_when_we_fail() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    issuer.change(|behaviour| behaviour.status = 500);
    let folder = Folder::new();
    let lambda = Lambda::start(&folder.settings(&settings(&issuer, "monitor")), &[]).await;
    let authorization = format!("Bearer {}", key.sign(&access_claims(&issuer.url)));
    let answer = lambda.invoke(&get(&authorization)).await.unwrap();
    assert_open(&answer, &authorization);
    let audit = lambda.audit().await;
    assert_eq!(audit["outcome"], "failed");
    assert_eq!(audit["code"], "keys_unavailable");
    assert_eq!(audit["mode"], "monitor");
    // An event of no known shape has no stage that could be let through.
    let code = lambda.failed(&json!({"type": "OTHER"})).await;
    assert_eq!(code, "event_malformed");
}

#[tokio::test]
async fn off_decides_nothing() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    let folder = Folder::new();
    let lambda = Lambda::start(&folder.settings(&settings(&issuer, "off")), &[]).await;
    let valid = format!("Bearer {}", key.sign(&access_claims(&issuer.url)));
    for authorization in ["none", BASIC, "Bearer abcdefgh", &valid] {
        let answer = lambda.invoke(&get(authorization)).await.unwrap();
        assert_open(&answer, authorization);
        let audit = lambda.audit().await;
        assert_eq!(audit["mode"], "off");
        assert_eq!(audit["outcome"], "allowed");
        assert_eq!(audit["code"], "mode_off");
        assert!(audit["username"].as_str().unwrap_or_default().is_empty());
    }
    assert_eq!(issuer.fetches(), 0);
    // A credential that fits into no answer is our failure, and is told as one.
    let long = format!("Bearer {}", "x".repeat(8_200));
    assert_eq!(lambda.failed(&get(&long)).await, "answer_too_large");
    assert_eq!(lambda.audit().await["outcome"], "failed");
    let output = lambda.output();
    assert!(
        output.contains("mode `off`: nothing is decided"),
        "{output}"
    );

    // Back to refusing, without a restart.
    folder.settings(&settings(&issuer, "enforce"));
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(lambda.denied(&get(BASIC)).await, "basic_denied");
    assert!(lambda.audit().await["mode"].is_null());
    assert_eq!(lambda.allowed(&get(&valid)).await, "alice");
}

#[tokio::test]
async fn without_settings_no_mode_lets_through() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    for mode in ["monitor", "off"] {
        let folder = Folder::new();
        let mut wrong = settings(&issuer, mode);
        wrong["providers"]["idp"]["colour"] = "blue".into();
        let lambda = Lambda::start(&folder.settings(&wrong), &[]).await;
        for authorization in ["", BASIC] {
            let code = lambda.failed(&get(authorization)).await;
            assert_eq!(code, "settings_unavailable", "{mode}");
        }
        folder.settings(&settings(&issuer, mode));
        tokio::time::sleep(Duration::from_millis(2_100)).await;
        assert_open(&lambda.invoke(&get(BASIC)).await.unwrap(), BASIC);
        // The last good settings stay, and so does their mode.
        folder.settings(&wrong);
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        assert_open(&lambda.invoke(&get(BASIC)).await.unwrap(), BASIC);
        assert_eq!(lambda.audit().await["settings_load_failures"], 1);
    }
}

fn events(authorization: &str) -> Vec<(&'static str, Value)> {
    let arn = format!("{STAGE}/GET/jira/x");
    let rest = rest_event("GET", "/jira/x", authorization);
    let mut websocket = rest.clone();
    websocket["methodArn"] = format!("{STAGE}/$connect").into();
    websocket["requestContext"]["eventType"] = "CONNECT".into();
    let mut http_1 = rest.clone();
    http_1["version"] = "1.0".into();
    let token = json!({"type": "TOKEN", "methodArn": arn, "authorizationToken": authorization});
    let http_2 = json!({
        "version": "2.0", "type": "REQUEST", "routeArn": arn,
        "headers": {"authorization": authorization},
        "requestContext": {"http": {"sourceIp": "203.0.113.7"}},
    });
    vec![
        ("TOKEN", token),
        ("REQUEST", rest),
        ("WebSocket", websocket),
        ("HTTP 1.0", http_1),
        ("HTTP 2.0", http_2),
    ]
}

#[tokio::test]
async fn every_kind_of_event() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    for mode in ["monitor", "off"] {
        for simple in [false, true] {
            let variables: &[_] = if simple {
                &[
                    ("AUTHORIZER_SIMPLE_RESPONSES", "true"),
                    ("AUTHORIZER_CACHE_SECONDS", "0"),
                ]
            } else {
                &[]
            };
            let folder = Folder::new();
            let source = folder.settings(&settings(&issuer, mode));
            let lambda = Lambda::start(&source, variables).await;
            for (kind, event) in events(BASIC) {
                let answer = lambda.invoke(&event).await.unwrap();
                if simple && kind == "HTTP 2.0" {
                    assert_eq!(answer["isAuthorized"], true);
                    assert_unknown(&answer["context"], BASIC);
                    assert_eq!(answer.as_object().unwrap().len(), 2);
                } else {
                    assert_open(&answer, BASIC);
                }
                let code = if mode == "off" {
                    "mode_off"
                } else {
                    "basic_denied"
                };
                assert_eq!(lambda.audit().await["code"], code, "{mode} {kind}");
            }
        }
    }
}
