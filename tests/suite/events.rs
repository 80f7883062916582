//! The sample events: each is what a fresh clone invokes, so each must keep its answer.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use testing::STAGE;
use testing::lambda::Lambda;
use testing::tokens::SigningKey;

/// 2100-01-01.
const FAR: u64 = 4_102_444_800;
const ISSUER: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example00";
/// The path as the template serves it.
const PATH: &str = "/jira/rest/api/2/issue/DEMO-1";
/// What the template calls it.
const RESOURCE: &str = "/jira/{proxy+}";
/// What the product itself calls it.
const PROXY: &str = "rest/api/2/issue/DEMO-1";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("events")
}

fn token(groups: &[&str], expires: u64) -> String {
    SigningKey::development().sign(&json!({
        "iss": ISSUER, "sub": "1b7f3a52-0000-4000-8000-00000000a11c", "token_use": "access",
        "client_id": "example-client", "username": "alice", "scope": "openid atlassian/read",
        "cognito:groups": groups, "jti": "6d1f0f4e-0000-4000-8000-000000000001",
        "iat": 1_760_000_000, "exp": expires,
    }))
}

fn rest(method: &str, path: &str, token: &str) -> Value {
    let authorization = format!("Bearer {token}");
    json!({
        "type": "REQUEST",
        "methodArn": format!("{STAGE}/{method}{path}"),
        "resource": RESOURCE,
        "path": path,
        "httpMethod": method,
        "headers": {"Accept": "application/json", "Authorization": authorization, "Host": "abcdef1234.execute-api.eu-west-1.amazonaws.com", "X-Forwarded-For": "203.0.113.7"},
        "multiValueHeaders": {"Accept": ["application/json"], "Authorization": [authorization], "Host": ["abcdef1234.execute-api.eu-west-1.amazonaws.com"], "X-Forwarded-For": ["203.0.113.7"]},
        "queryStringParameters": {"fields": "summary"},
        "multiValueQueryStringParameters": {"fields": ["summary"]},
        "pathParameters": {"proxy": PROXY},
        "stageVariables": null,
        "requestContext": {
            "resourceId": "a1b2c3", "resourcePath": RESOURCE, "httpMethod": method,
            "path": format!("/prod{path}"), "accountId": "123456789012", "protocol": "HTTP/1.1", "stage": "prod",
            "requestId": "7f6b8f0c-0000-4000-8000-000000000002", "apiId": "abcdef1234",
            "identity": {"sourceIp": "203.0.113.7", "userAgent": "curl/8.5.0", "apiKey": null, "clientCert": null},
        },
    })
}

fn http(version: &str, token: &str) -> Value {
    let authorization = format!("Bearer {token}");
    if version == "1.0" {
        let mut event = rest("GET", PATH, token);
        event["version"] = "1.0".into();
        event["identitySource"] = authorization.clone().into();
        event["authorizationToken"] = authorization.into();
        return event;
    }
    json!({
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": format!("{STAGE}/GET{PATH}"),
        "identitySource": [authorization],
        "routeKey": format!("ANY {RESOURCE}"),
        "rawPath": PATH,
        "rawQueryString": "fields=summary",
        "headers": {"accept": "application/json", "authorization": authorization, "x-forwarded-for": "203.0.113.7"},
        "queryStringParameters": {"fields": "summary"},
        "requestContext": {
            "accountId": "123456789012", "apiId": "abcdef1234", "domainName": "abcdef1234.execute-api.eu-west-1.amazonaws.com",
            "http": {"method": "GET", "path": PATH, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "curl/8.5.0"},
            "requestId": "JKJaXmPLvHcESHA=", "routeKey": format!("ANY {RESOURCE}"), "stage": "prod",
            "time": "23/Nov/2026:12:00:00 +0000", "timeEpoch": 1_795_435_200_000_u64,
        },
        "pathParameters": {"proxy": PROXY},
    })
}

fn websocket(token: &str) -> Value {
    let authorization = format!("Bearer {token}");
    json!({
        "type": "REQUEST",
        "methodArn": format!("{STAGE}/$connect"),
        "headers": {"Authorization": authorization, "Sec-WebSocket-Version": "13", "X-Forwarded-For": "203.0.113.7"},
        "multiValueHeaders": {"Authorization": [authorization], "Sec-WebSocket-Version": ["13"], "X-Forwarded-For": ["203.0.113.7"]},
        "queryStringParameters": {},
        "multiValueQueryStringParameters": {},
        "stageVariables": {},
        "requestContext": {
            "routeKey": "$connect", "eventType": "CONNECT", "messageDirection": "IN", "stage": "prod",
            "connectedAt": 1_795_435_200_000_u64, "requestTimeEpoch": 1_795_435_200_001_u64, "connectionId": "JKJaXmPLvHcCGWQ=",
            "requestId": "JKJaXmPLvHcESHA=", "apiId": "abcdef1234", "identity": {"sourceIp": "203.0.113.7"},
        },
    })
}

fn samples() -> Vec<(&'static str, Value)> {
    let developer = token(&["jira-developers"], FAR);
    let reader = token(&[], FAR);
    let expired = token(&["jira-developers"], 1_760_003_600);
    vec![
        (
            "rest-token",
            json!({"type": "TOKEN", "authorizationToken": format!("Bearer {developer}"), "methodArn": format!("{STAGE}/GET{PATH}")}),
        ),
        ("rest-request", rest("GET", PATH, &developer)),
        ("websocket", websocket(&developer)),
        ("http-1.0", http("1.0", &developer)),
        ("http-2.0", http("2.0", &developer)),
        ("expired-token", rest("GET", PATH, &expired)),
        ("forbidden-route", rest("DELETE", PATH, &reader)),
    ]
}

#[test]
fn samples_are_current() {
    for name in ["settings.json", "custom-api.json"] {
        let text = std::fs::read_to_string(folder().join(name)).unwrap();
        let settings: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            settings["providers"]["cognito"]["jwks"]["keys"][0],
            SigningKey::development().jwk,
            "events/{name} has the public half of tests/keys/development.pem"
        );
    }
    for (name, event) in samples() {
        let path = folder().join(format!("{name}.json"));
        let text = serde_json::to_string_pretty(&event).unwrap() + "\n";
        if std::env::var_os("UPDATE_EVENTS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == text,
            "{name}.json is stale; UPDATE_EVENTS=1 cargo test samples_are_current"
        );
    }
}

#[tokio::test]
async fn samples_keep_their_answers() {
    let start = async |name: &str| {
        let settings = format!("file:{}", folder().join(name).display());
        Lambda::start(&settings, &[]).await
    };
    let lambda = start("settings.json").await;
    for (name, event) in samples() {
        match name {
            // A WebSocket API is one of the operator's own: its product is at `/`.
            "websocket" => {
                let custom = start("custom-api.json").await;
                assert_eq!(custom.allowed(&event).await, "alice", "{name}");
            }
            "expired-token" => assert_eq!(lambda.denied(&event).await, "token_expired"),
            "forbidden-route" => {
                let answer = lambda.invoke(&event).await.unwrap();
                assert_eq!(answer["context"]["username"], "alice");
                assert_eq!(lambda.audit().await["code"], "route_not_allowed");
            }
            _ => assert_eq!(lambda.allowed(&event).await, "alice", "{name}"),
        }
    }
}
