//! `online_for`: JWTs whose provider is asked too, for some routes alone.

use atlassian_authorizer::deployment::{ByProduct, Deployment};
use atlassian_authorizer::document::Tree;
use atlassian_authorizer::settings::Settings;
use serde_json::{Value, json};

use testing::asked::{Asked, ISSUER};
use testing::local::{Local, without_cache};
use testing::rest_event;
use testing::tokens::{SigningKey, access_claims};

fn with(token: &str, method: &str, path: &str) -> Value {
    rest_event(method, path, &format!("Bearer {token}"))
}

#[tokio::test]
async fn asked_for_some_routes_alone() {
    let key = SigningKey::generate("key", "ES256");
    let asked = Asked::start().await;
    let mut settings = asked.settings(&key, "jwt+introspection");
    settings["providers"]["idp"]["online_for"] = json!(["@write"]);
    settings["products"] = json!({"jira": {"path": "/jira"}, "other": {"path": "/other"}});
    let token = key.sign(&access_claims(ISSUER));
    let local = Local::new(&settings, without_cache());
    for (method, path, questions) in [
        ("GET", "/jira/rest/api/2/myself", 0),
        ("GET", "/other/x", 0),
        ("POST", "/jira/rest/api/2/issue", 1),
        // The response is used for its time, whatever the route.
        ("GET", "/jira/rest/api/2/myself", 1),
        ("DELETE", "/other/x", 1),
    ] {
        local.code(&with(&token, method, path)).await;
        assert_eq!(asked.count(), questions, "{method} {path}");
    }
    // A read stays one however it is spelled; what can be read as a write, or not at all, is asked about.
    for (method, path, questions) in [
        ("GET", "/jira/rest//api/2/myself", 0),
        ("GET", "/jira/rest/%61pi", 0),
        ("POST", "/jira/rest/api/2/search", 0),
        ("POST", "/jira/rest/x/../api/2/issue", 1),
        ("POST", "/jira/rest%2Fapi/2/issue", 1),
        ("POST", "/jira/REST/api/2/Issue", 1),
        ("GET", "/jira/%2e%2e/x", 1),
        ("GET", "/elsewhere", 1),
    ] {
        let asked_before = asked.count();
        let local = Local::new(&settings, without_cache());
        local.code(&with(&token, method, path)).await;
        assert_eq!(asked.count(), asked_before + questions, "{method} {path}");
    }

    // A verdict made without the word does not serve a write, nor one made with a word that lapsed.
    asked.change(|answers| answers.introspection = json!({"active": false}));
    let (read, write) = (
        with(&token, "GET", "/jira/rest/api/2/myself"),
        with(&token, "POST", "/jira/rest/api/2/issue"),
    );
    local.clock.advance(60);
    assert_eq!(local.code(&read).await, "allowed");
    assert_eq!(local.code(&write).await, "token_inactive");
    let local = Local::new(&settings, without_cache());
    assert_eq!(local.code(&read).await, "allowed");
    assert_eq!(local.audit()["from_cache"], false);
    assert_eq!(local.code(&read).await, "allowed");
    assert_eq!(local.audit()["from_cache"], true);
    assert_eq!(local.code(&write).await, "token_inactive");

    // And while the provider is down, reads go on.
    asked.change(|answers| answers.status = 503);
    local.clock.advance(10);
    assert_eq!(local.code(&write).await, "provider_unavailable");
    assert_eq!(local.code(&read).await, "allowed");
}

#[test]
fn some_routes_alone_need_answers_for_one_route() {
    let provider = json!({
        "kind": "custom", "issuer": ISSUER, "jwks_uri": "https://idp.example.com/keys",
        "client_ids": ["client"], "username": "username", "verify": "jwt+userinfo",
        "userinfo_endpoint": "https://idp.example.com/userinfo", "online_for": ["@write"],
    });
    let problems = |provider: &Value, cache_seconds| -> Vec<String> {
        let tree: Tree = [("providers/idp".to_owned(), provider.to_string())]
            .into_iter()
            .collect();
        let options = Deployment {
            cache_seconds,
            ..Deployment::default()
        };
        let problems = Settings::parse(&tree, &options).err();
        let problems = problems.map(|problems| problems.iter().map(ToString::to_string).collect());
        problems.unwrap_or_default()
    };
    assert_eq!(problems(&provider, ByProduct::all(0)), [""; 0]);
    for cache_seconds in [ByProduct::default(), ByProduct::all(300)] {
        let problems = problems(&provider, cache_seconds);
        let expected = "providers/idp: online_for: needs an answer for each route";
        assert!(problems[0].starts_with(expected), "{problems:?}");
    }
    let with = |name: &str, value: Value| {
        let mut provider = provider.clone();
        provider[name] = value;
        problems(&provider, ByProduct::all(0))
    };
    for (problems, expected) in [
        (with("verify", json!("jwt")), "online_for: needs `verify`"),
        (
            with("online_for", json!(["write"])),
            "online_for: expected routes",
        ),
        (with("online_for", json!([])), "online_for: is empty"),
        (
            with("recheck_seconds", json!(0)),
            "recheck_seconds: expected a number",
        ),
        (
            with("recheck_seconds", json!(3_601)),
            "recheck_seconds: expected a number",
        ),
    ] {
        let expected = format!("providers/idp: {expected}");
        assert!(
            problems
                .iter()
                .any(|problem| problem.starts_with(&expected)),
            "{expected}: {problems:?}"
        );
    }
}
