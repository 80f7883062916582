//! What API Gateway sends to the product of the authorizer's answer.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use testing::local::{Local, without_cache};
use testing::rest_event;
use testing::stack::{PRODUCTS, transformed};
use testing::tokens::{DEVELOPMENT_KEY, SigningKey, access_claims};

const CONTEXT: &str = "context.authorizer.";
const ISSUER: &str = "https://idp.example.com";

/// The fields of the authorizer's context in a text or tree, whatever conditions it is under.
fn fields(value: &Value) -> BTreeSet<String> {
    match value {
        Value::String(text) => text
            .split(CONTEXT)
            .skip(1)
            .map(|rest| {
                rest.chars()
                    .take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
                    .collect()
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(fields).collect(),
        Value::Object(members) => members.values().flat_map(fields).collect(),
        _ => BTreeSet::new(),
    }
}

/// The fields of an answer for a product with this `upstream`.
async fn answered(upstream: Value) -> BTreeSet<String> {
    let key = SigningKey::development();
    let settings = json!({
        "providers": {"idp": {
            "kind": "custom", "issuer": ISSUER, "jwks": {"keys": [key.jwk]},
            "client_ids": ["client"], "username": "username",
        }},
        "products": {"jira": {"path": "/jira", "upstream": upstream}},
        "secrets": {"jira-oauth1": DEVELOPMENT_KEY},
    });
    let local = Local::new(&settings, without_cache());
    let token = format!("Bearer {}", key.sign(&access_claims(ISSUER)));
    let event = rest_event("GET", "/jira/rest/api/2/myself", &token);
    let answer = local.invoke(&event).await.unwrap();
    let context = answer["context"].as_object().unwrap();
    context.keys().cloned().collect()
}

#[tokio::test]
async fn mappings_name_what_the_authorizer_answers() {
    let template = transformed(&json!({})).await;
    let api = &template["Resources"]["Api"]["Properties"]["Body"];
    let plain = answered(json!({"mode": "none"})).await;
    let signed = answered(json!({
        "mode": "oauth1", "consumer_key": "gw", "private_key": "jira-oauth1",
        "base_url": "https://jira.example.com",
    }))
    .await;

    for (name, id) in PRODUCTS {
        for path in [format!("/{id}"), format!("/{id}/{{proxy+}}")] {
            let method = &api["paths"][&path]["Fn::If"][1]["x-amazon-apigateway-any-method"];
            let integration = &method["x-amazon-apigateway-integration"];
            let mapped = integration["requestParameters"].as_object().unwrap();
            let mut always = BTreeSet::new();
            let mut if_signed = BTreeSet::new();
            for value in mapped.values() {
                match &value["Fn::If"] {
                    Value::Array(branches) if !fields(value).is_empty() => {
                        assert_eq!(branches[0], format!("{name}Signed"), "{path}");
                        if_signed.extend(fields(&branches[1]));
                        always.extend(fields(&branches[2]));
                    }
                    _ => always.extend(fields(value)),
                }
            }
            assert!(always.contains("authorization"), "{path}: {always:?}");
            assert!(always.contains("user_header"), "{path}: {always:?}");
            assert!(always.is_subset(&plain), "{path}: {always:?}");
            assert!(if_signed.contains("xoauth_requestor_id"), "{path}");
            assert!(if_signed.is_subset(&signed), "{path}: {if_signed:?}");
            assert!(always.is_subset(&signed), "{path}: {always:?}");
        }
    }

    // What API Gateway itself puts there.
    let own = ["error", "latency"].map(str::to_owned).into();
    let logged = fields(&template["Resources"]["ApiprodStage"]["Properties"]["AccessLogSetting"]);
    let ours: BTreeSet<String> = logged.difference(&own).cloned().collect();
    assert_eq!(ours, ["decision_id", "username"].map(str::to_owned).into());
    assert!(ours.is_subset(&plain));
}
