//! What an answer will be used again for, and what it says so.

use atlassian_authorizer::deployment::{ByProduct, CacheKey, Deployment};
use serde_json::{Value, json};

use testing::local::Local;
use testing::tokens::{SigningKey, access_claims};
use testing::{STAGE, rest_event};

const ISSUER: &str = "https://idp.example.com";

fn settings(key: &SigningKey) -> Value {
    json!({
        "providers": {"idp": {
            "kind": "custom", "issuer": ISSUER, "jwks": {"keys": [key.jwk]},
            "client_ids": ["client"], "username": "username",
        }},
        "products": {"jira": {"path": "/jira", "access": [{"allow": ["@read"]}, {"deny": ["@admin"]}]}},
    })
}

fn keyed_by(key: CacheKey) -> Deployment {
    Deployment {
        cache_seconds: ByProduct::all(60),
        cache_keys: ByProduct::all(key),
        cached_by_source_ip: true,
        ..Deployment::default()
    }
}

/// The resources of a policy's statements with this effect.
fn resources<'a>(answer: &'a Value, effect: &str) -> Vec<&'a str> {
    let statements = answer["policyDocument"]["Statement"].as_array().unwrap();
    statements
        .iter()
        .filter(|statement| statement["Effect"] == effect)
        .flat_map(|statement| statement["Resource"].as_array().unwrap())
        .map(|resource| resource.as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn by_route_an_answer_is_about_its_request_alone() {
    let key = SigningKey::generate("key", "ES256");
    let local = Local::new(&settings(&key), keyed_by(CacheKey::Route));
    let bearer = format!("Bearer {}", key.sign(&access_claims(ISSUER)));
    for (path, effect, resource) in [
        ("/jira/rest/a%20b", "Allow", "/jira/rest/a%20b"),
        (
            "/jira/secure/attachment/1/a$b.pdf",
            "Allow",
            "/jira/secure/attachment/1/a?b.pdf",
        ),
        ("/jira/rest/plugins/1.0/", "Deny", "/jira/rest/plugins/1.0/"),
        ("/jira/%2e%2e/x", "Deny", "/jira/%2e%2e/x"),
        ("/elsewhere", "Deny", "/*"),
    ] {
        let answer = local
            .invoke(&rest_event("GET", path, &bearer))
            .await
            .unwrap();
        let whole = if resource == "/*" {
            "/*".to_owned()
        } else {
            format!("/GET{resource}")
        };
        assert_eq!(
            resources(&answer, effect),
            [format!("{STAGE}{whole}")],
            "{path}"
        );
        // What stands for other characters too comes with denials of what these could be.
        let statements = answer["policyDocument"]["Statement"].as_array().unwrap();
        assert!(statements.len() == 1 || resource.contains('?'), "{path}");
    }
}

/// What can't be read is refused, and the caller's other requests are not.
#[tokio::test]
async fn by_token_one_path_does_not_lock_out_the_others() {
    let key = SigningKey::generate("key", "ES256");
    let local = Local::new(&settings(&key), keyed_by(CacheKey::Token));
    let bearer = format!("Bearer {}", key.sign(&access_claims(ISSUER)));
    let good = local
        .invoke(&rest_event("GET", "/jira/rest/api/2/myself", &bearer))
        .await
        .unwrap();
    for path in ["/jira/../x", "/jira/a%E9", "/jira/a%00"] {
        let answer = local
            .invoke(&rest_event("GET", path, &bearer))
            .await
            .unwrap();
        assert_eq!(local.audit()["code"], "path_not_readable", "{path}");
        assert_eq!(answer["policyDocument"], good["policyDocument"], "{path}");
    }
}

#[tokio::test]
async fn of_an_http_api_what_its_cache_is_found_by_must_be_told() {
    let key = SigningKey::generate("key", "ES256");
    let bearer = format!("Bearer {}", key.sign(&access_claims(ISSUER)));
    let path = "/jira/rest/api/2/myself";
    let event = |sources: Value| {
        json!({
            "version": "2.0", "type": "REQUEST",
            "routeArn": format!("{STAGE}/GET{path}"), "rawPath": format!("/prod{path}"),
            "identitySource": sources, "headers": {"authorization": bearer},
            "requestContext": {"http": {"method": "GET", "path": format!("/prod{path}"), "sourceIp": "203.0.113.7"}},
        })
    };
    let simple = Deployment {
        simple_responses: true,
        ..keyed_by(CacheKey::Route)
    };
    let local = Local::new(&settings(&key), simple);
    let whole = format!("/prod{path}");
    let answer = local
        .invoke(&event(json!([bearer, "GET", whole])))
        .await
        .unwrap();
    assert_eq!(answer["isAuthorized"], true);
    for sources in [
        json!([bearer]),
        json!([bearer, "GET"]),
        // A header may be among them, and its commas are the caller's.
        json!([bearer, format!("GET,{whole}")]),
        json!(null),
    ] {
        let refusal = local.invoke(&event(sources.clone())).await.unwrap_err();
        assert_eq!(refusal.code(), "route_not_in_cache_key", "{sources}");
    }
    // Without simple responses there is a policy for all routes.
    let local = Local::new(&settings(&key), keyed_by(CacheKey::Route));
    let answer = local.invoke(&event(json!([bearer]))).await.unwrap();
    assert!(resources(&answer, "Allow").len() > 10);
    let answer = local
        .invoke(&event(json!([bearer, "GET", whole])))
        .await
        .unwrap();
    assert_eq!(resources(&answer, "Allow"), [format!("{STAGE}/GET{path}")]);
}

#[tokio::test]
async fn the_paths_of_an_event_must_be_one() {
    let key = SigningKey::generate("key", "ES256");
    let local = Local::new(&settings(&key), keyed_by(CacheKey::Route));
    let bearer = format!("Bearer {}", key.sign(&access_claims(ISSUER)));
    for (path, code) in [
        ("/jira/rest/x", "allowed"),
        ("/base/jira/rest/x", "allowed"),
        ("/jira/rest/x/", "allowed"),
        ("/jira/rest/%78", "allowed"),
        ("/jira/rest/y", "path_not_readable"),
        ("/confluence/rest/x", "path_not_readable"),
        // What it can be read as is judged, too.
        ("/jira/rest/plugins/..%2fx", "route_not_allowed"),
    ] {
        let mut event = rest_event("GET", "/jira/rest/x", &bearer);
        event["path"] = path.into();
        assert_eq!(local.code(&event).await, code, "{path}");
    }
}

#[tokio::test]
async fn headers_that_name_another_path_or_method() {
    let key = SigningKey::generate("key", "ES256");
    let local = Local::new(&settings(&key), keyed_by(CacheKey::Route));
    let bearer = format!("Bearer {}", key.sign(&access_claims(ISSUER)));
    for (name, code) in [
        ("X-Original-URL", "path_override"),
        ("x_rewrite-url", "path_override"),
        ("X-FORWARDED-PATH", "path_override"),
        ("x-forwarded-prefix", "path_override"),
        ("X-HTTP-Method-Override", "method_override"),
        ("x_http_method", "method_override"),
        ("X-Method-Override", "method_override"),
        ("X-Forwarded-For", "allowed"),
        ("X-Original-Host", "allowed"),
    ] {
        let mut event = rest_event("GET", "/jira/rest/x", &bearer);
        event["headers"][name] = "/x".into();
        assert_eq!(local.code(&event).await, code, "{name}");
    }
}

/// The audit line says which rule decided, and what a caller lacks.
#[tokio::test]
async fn the_rule_that_decided_is_recorded() {
    let key = SigningKey::generate("key", "ES256");
    let mut settings = settings(&key);
    settings["products"]["jira"]["access"] = json!([
        {"allow": ["@read"], "networks": ["10.0.0.0/8"]},
        {"allow": ["GET /rest/api/*"]},
        {"only": ["@write"], "users": ["bob"]},
        {"deny": ["* /rest/api/2/secret"]},
    ]);
    let local = Local::new(&settings, keyed_by(CacheKey::Route));
    let bearer = format!("Bearer {}", key.sign(&access_claims(ISSUER)));
    for (method, path, code, rule, lacks) in [
        (
            "GET",
            "/rest/api/2/issue/A",
            "allowed",
            json!(2),
            Value::Null,
        ),
        (
            "GET",
            "/rest/other",
            "route_not_allowed",
            json!(1),
            json!("network"),
        ),
        (
            "POST",
            "/rest/api/2/issue",
            "route_not_allowed",
            json!(3),
            json!("user"),
        ),
        (
            "GET",
            "/rest/api/2/Secret",
            "route_not_allowed",
            json!(4),
            Value::Null,
        ),
        (
            "GET",
            "/display",
            "route_not_allowed",
            Value::Null,
            Value::Null,
        ),
    ] {
        let event = rest_event(method, &format!("/jira{path}"), &bearer);
        assert_eq!(local.code(&event).await, code, "{method} {path}");
        let audit = local.audit();
        assert_eq!(
            (&audit["rule"], &audit["lacks"]),
            (&rule, &lacks),
            "{method} {path}"
        );
    }
}
