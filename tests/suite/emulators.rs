//! Events as emulators of API Gateway make them, and requests that API Gateway would refuse itself.

use atlassian_authorizer::deployment::Deployment;
use serde_json::{Value, json};

use testing::issuer::Issuer;
use testing::local::{Local, without_cache};
use testing::rest_event;
use testing::tokens::{SigningKey, access_claims};

/// Settings with rules, and without any.
fn settings(key: &SigningKey, issuer: &str, access: &Value) -> Value {
    let mut product = json!({"path": "/", "kind": "jira"});
    if !access.is_null() {
        product["access"] = access.clone();
    }
    json!({
        "providers": {"idp": {
            "kind": "custom", "issuer": issuer, "jwks": {"keys": [key.jwk]}, "client_ids": ["client"],
            "username": "username",
        }},
        "products": {"jira": product},
    })
}

#[tokio::test]
async fn their_arns_are_read() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    let access = json!([{"allow": ["@read"]}]);
    let token = format!("Bearer {}", key.sign(&access_claims(&issuer.url)));
    for deployment in [Deployment::default(), without_cache()] {
        let local = Local::new(&settings(&key, &issuer.url, &access), deployment);
        for prefix in [
            // LocalStack, by default and by names of the user's.
            "arn:aws:execute-api:us-east-1:000000000000:abc123/local",
            "arn:aws:execute-api:local:000000000000:my-api/dev",
            // serverless-offline.
            "arn:aws:execute-api:eu-west-1:random-account-id:random-api-id/dev",
            "arn:aws:execute-api:eu-west-1:random-account-id:random-api-id/$default",
            // SAM local, and moto.
            "arn:aws:execute-api:us-east-1:123456789012:1234567890/prod",
            "arn:aws:execute-api:::api/test",
            "arn:aws-cn:execute-api:cn-north-1:123456789012:abcdef1234/prod",
            "arn:aws-iso:execute-api:us-iso-east-1:123456789012:abcdef1234/prod",
        ] {
            let path = "/rest/api/2/myself";
            let mut event = rest_event("GET", path, &token);
            event["methodArn"] = format!("{prefix}/GET{path}").into();
            let answer = local.invoke(&event).await.unwrap();
            let statement = &answer["policyDocument"]["Statement"][0];
            assert_eq!(statement["Effect"], "Allow", "{prefix}: {answer}");
            for resource in statement["Resource"].as_array().unwrap() {
                let resource = resource.as_str().unwrap();
                assert!(resource.starts_with(&format!("{prefix}/")), "{resource}");
            }
            event["methodArn"] = format!("{prefix}/PUT{path}").into();
            assert_eq!(local.code(&event).await, "route_not_allowed", "{prefix}");
        }
    }
}

/// What the caller alone chooses is refused, not failed at.
#[tokio::test]
async fn what_api_gateway_would_refuse_is_no_failure_of_ours() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    let token = format!("Bearer {}", key.sign(&access_claims(&issuer.url)));
    let long = format!("/rest/api/2/{}", "x".repeat(20_000));
    for access in [json!(null), json!([{"allow": ["@read"]}])] {
        for deployment in [Deployment::default(), without_cache()] {
            let local = Local::new(&settings(&key, &issuer.url, &access), deployment);
            let event = rest_event("GET", &long, &token);
            assert_eq!(local.code(&event).await, "path_not_readable");
            assert_eq!(local.audit()["outcome"], "forbidden");
            let nobody = rest_event("GET", &long, "Bearer not.a.token");
            assert_eq!(local.audit()["outcome"], "forbidden");
            local.code(&nobody).await;
            assert_eq!(local.audit()["outcome"], "unauthorized");
        }
        if access.is_null() {
            continue;
        }
        let local = Local::new(&settings(&key, &issuer.url, &access), without_cache());
        for method in ["get", "M-SEARCH", "BREW", "G!T", "P%2A"] {
            let event = rest_event(method, "/rest/api/2/myself", &token);
            assert_eq!(local.code(&event).await, "route_not_allowed", "{method}");
        }
    }
}
