//! What a caller sends to act as somebody: headers and query parameters.

use serde_json::{Value, json};

use super::{authorization, get, settings};
use testing::lambda::Lambda;
use testing::local::{Local, without_cache};
use testing::tokens::SigningKey;
use testing::{Folder, STAGE};

fn with_header(authorization: &str, name: &str, place: &str) -> Value {
    let mut event = get(authorization);
    event[place][name] = if place == "headers" {
        json!("admin")
    } else {
        json!(["admin"])
    };
    event
}

#[tokio::test]
async fn identity_headers_in_any_case() {
    let key = SigningKey::generate("key", "ES256");
    let folder = Folder::new();
    let mut settings = settings(&key, &json!({"mode": "none"}));
    settings["settings"] = json!({"identity_headers": ["X-Forwarded-User", "Remote_User"]});
    let lambda = Lambda::start(&folder.settings(&settings), &[]).await;
    let alice = authorization(&key, "alice");
    for name in [
        "X-Authorizer-Username",
        "x-authorizer-username",
        "X-AUTHORIZER-USERNAME",
        "x_authorizer_username",
        "X-Authorizer_Username",
        "x-forwarded-user",
        "X_Forwarded_User",
        "remote-user",
        "REMOTE_USER",
    ] {
        for place in ["headers", "multiValueHeaders"] {
            let code = lambda.denied(&with_header(&alice, name, place)).await;
            assert_eq!(code, "identity_header", "{name} {place}");
        }
    }
    for name in [
        "X-Authorizer-User",
        "X-Authorizer-Usernames",
        "X-Forwarded-For",
        "Remote User",
    ] {
        assert_eq!(
            lambda.allowed(&with_header(&alice, name, "headers")).await,
            "alice",
            "{name}"
        );
    }
    for name in [
        "X-HTTP-Method-Override",
        "x-http-method",
        "x-method-override",
    ] {
        let event = with_header(&alice, name, "multiValueHeaders");
        assert_eq!(lambda.denied(&event).await, "method_override", "{name}");
    }
    // Without a credential there is nothing to tell.
    assert_eq!(
        lambda
            .denied(&with_header("", "Remote-User", "headers"))
            .await,
        "credential_missing"
    );

    let event = json!({
        "version": "2.0", "type": "REQUEST", "routeArn": format!("{STAGE}/GET/jira/rest/api/2/myself"),
        "headers": {"authorization": alice, "x-authorizer-username": "admin"},
        "requestContext": {"http": {"method": "GET"}},
    });
    assert_eq!(lambda.denied(&event).await, "identity_header");
}

#[tokio::test]
async fn identity_parameters_in_any_spelling() {
    let key = SigningKey::generate("key", "ES256");
    let local = Local::new(&settings(&key, &json!({"mode": "none"})), without_cache());
    let alice = authorization(&key, "alice");
    for name in [
        "xoauth_requestor_id",
        "XOAUTH_REQUESTOR_ID",
        "xoauth%5Frequestor%5fid",
        "xoauth%255Frequestor_id",
        "os_username",
        "os_password",
        "os_authType",
        "os_authtype",
        "oauth_token",
        "oauth_consumer_key",
        "%6fauth_signature",
    ] {
        let mut single = get(&alice);
        single["queryStringParameters"] = json!({"jql": "x", name: "admin"});
        let mut several = get(&alice);
        several["multiValueQueryStringParameters"] = json!({"jql": ["x"], name: ["admin", ""]});
        let mut one_only = get(&alice);
        one_only["queryStringParameters"] = json!({name: "admin"});
        one_only["multiValueQueryStringParameters"] = json!({"jql": ["x"]});
        let raw = json!({
            "version": "2.0", "type": "REQUEST", "routeArn": format!("{STAGE}/GET/jira/rest/api/2/myself"),
            "rawQueryString": format!("jql=x&{name}=admin"),
            "headers": {"authorization": alice}, "requestContext": {"http": {"method": "GET"}},
        });
        for event in [single, several, one_only, raw] {
            assert_eq!(local.code(&event).await, "identity_parameter", "{event}");
        }
    }
    for name in [
        "jql",
        "os_user",
        "oauth",
        "username",
        "requestor_id",
        "user",
        "xoauth",
    ] {
        let mut event = get(&alice);
        event["queryStringParameters"] = json!({name: "admin"});
        assert_eq!(local.code(&event).await, "allowed", "{name}");
    }
}
