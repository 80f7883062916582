//! An event becomes an answer. `TOKEN` in it stands for a good token.

use std::cell::LazyCell;

use atlassian_authorizer::deployment::{ByProduct, CacheKey, Deployment};
use serde_json::{Value, json};

use crate::answer::{allowed_resources, allows, check_context, own_resource, stage};
use crate::scene::{Scene, TOKEN, provider};

/// By the first byte: how API Gateway is set up.
const WAYS: usize = 4;

thread_local! {
    static SCENES: LazyCell<[Scene; WAYS]> = LazyCell::new(|| {
        let settings = json!({
            "settings": {"basic_auth": "deny", "refresh_seconds": 3_600},
            "providers": {"idp": provider()},
            "products": {
                "jira": {"path": "/jira", "kind": "jira", "access": [
                    {"allow": ["@read"], "scopes": ["read"]},
                    {"allow": ["@write"], "groups": ["editors"]},
                    {"deny": ["@admin"]},
                ]},
                "confluence": {"path": "/confluence"},
            },
        });
        let of = |seconds, key, simple_responses| Deployment {
            simple_responses,
            cache_seconds: ByProduct::all(seconds),
            cache_keys: ByProduct::all(key),
            cached_by_source_ip: true,
            oauth1_products: None,
        };
        [
            Scene::new("event", &settings, of(0, CacheKey::Route, false)),
            Scene::new("event", &settings, of(300, CacheKey::Route, false)),
            Scene::new("event", &settings, of(300, CacheKey::Token, false)),
            Scene::new("event", &settings, of(0, CacheKey::Route, true)),
        ]
    });
}

pub(crate) fn run(data: &[u8]) {
    let Some((way, text)) = data.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let way = usize::from(*way) % WAYS;
    let event = text.replace("TOKEN", &TOKEN);
    let (answer, line) = SCENES.with(|scenes| scenes[way].answer(&event));
    let event: Value = serde_json::from_str(&event).unwrap_or_default();
    // The line tells the path, the address and the request's id, whatever a caller writes there.
    let context = &event["requestContext"];
    let told = [
        &event["methodArn"],
        &event["routeArn"],
        &context["requestId"],
        &context["identity"]["sourceIp"],
        &context["http"]["sourceIp"],
    ];
    assert!(
        !line.contains(TOKEN.as_str())
            || told
                .iter()
                .any(|text| text.to_string().contains(TOKEN.as_str())),
        "a token in the audit line"
    );
    let Ok(answer) = answer else {
        return;
    };
    check_context(&answer);
    if !allows(&answer) {
        return;
    }
    assert!(text.contains("TOKEN"), "allowed without a credential");
    assert_eq!(answer["context"]["username"], "alice");
    let arns = ["methodArn", "routeArn"].map(|name| event[name].as_str().unwrap_or_default());
    for resource in allowed_resources(&answer) {
        let is_own = arns.iter().any(|arn| resource == own_resource(arn));
        let is_of_stage = |arn: &&str| !arn.is_empty() && resource.starts_with(&stage(arn));
        // An answer that serves for other requests is about the product.
        let may_be_wide = way == 1 || way == 2;
        assert!(
            is_own || (may_be_wide && arns.iter().any(is_of_stage)),
            "a policy about something else: {resource}"
        );
    }
}
