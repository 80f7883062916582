//! `lint`: each rule has settings that it finds something in.

use serde_json::{Value, json};

use super::{Operator, SECRET};
use testing::tokens::SigningKey;

/// Settings in which nothing is found.
fn plain() -> Value {
    json!({
        "providers": {"idp": {
            "kind": "custom", "issuer": "https://idp.example.com", "client_ids": ["client"],
            "audiences": ["https://jira.example.com"], "username": "sub",
        }},
        "products": {"jira": {"path": "/jira", "access": [{"allow": ["@read"]}, {"deny": ["@admin"]}]}},
    })
}

/// Those settings with other values, by JSON pointers.
fn with(changes: &[(&str, Value)]) -> Value {
    let mut settings = plain();
    for (pointer, value) in changes {
        let (place, name) = pointer.rsplit_once('/').unwrap();
        let place = settings.pointer_mut(place).unwrap();
        place[name] = value.clone();
    }
    settings
}

async fn found(operator: &Operator, settings: &Value, cache: &str) -> Vec<Value> {
    let file = operator.file("settings.json", settings);
    let source = format!("file:{file}");
    let said = operator
        .says(&[
            "lint",
            "--json",
            "--settings",
            &source,
            "--cache-seconds",
            cache,
        ])
        .await;
    assert_eq!(said.code, 0, "{settings:#}\n{}", said.stderr);
    let value: Value = serde_json::from_str(&said.stdout).unwrap();
    value["warnings"].as_array().unwrap().clone()
}

fn ids(warnings: &[Value]) -> Vec<&str> {
    warnings
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn each_rule_finds_what_it_is_about() {
    let operator = Operator::new(None);
    assert_eq!(ids(&found(&operator, &plain(), "0").await), [""; 0]);
    let key = SigningKey::generate("key", "ES256");
    let pem = |kind: &str| {
        let path = format!("{}/tests/keys/{kind}", testing::root().display());
        std::fs::read_to_string(path).unwrap()
    };
    let google = json!({"kind": "google", "client_ids": ["client"], "username": {"allow": "[a-z]+@example\\.com"}});
    let other = json!({"kind": "custom", "issuer": "https://IDP.example.com/", "client_ids": ["client"],
                       "audiences": ["jira"], "username": "sub"});
    let idp = "/providers/idp";
    let at = |field: &str| format!("{idp}/{field}");
    let cases: Vec<(&str, Value, &str)> = vec![
        (
            "mode_not_enforce",
            with(&[("/settings", json!({"mode": "monitor"}))]),
            "0",
        ),
        (
            "basic_pass_through",
            with(&[("/settings", json!({"basic_auth": "pass_through"}))]),
            "0",
        ),
        (
            "no_access_rules",
            with(&[("/products/jira", json!({"path": "/jira"}))]),
            "0",
        ),
        (
            "any_client",
            with(&[(
                idp,
                json!({"kind": "custom", "issuer": "https://idp.example.com",
            "trust": "any_client", "username": "sub"}),
            )]),
            "0",
        ),
        (
            "inline_keys",
            with(&[(&at("jwks"), json!({"keys": [key.jwk]}))]),
            "0",
        ),
        ("google_any_domain", with(&[(idp, google)]), "0"),
        (
            "no_audience",
            with(&[(
                idp,
                json!({"kind": "custom", "issuer": "https://idp.example.com",
            "client_ids": ["client"], "username": "sub"}),
            )]),
            "0",
        ),
        (
            "id_tokens_accepted",
            with(&[(&at("token_use"), "both".into())]),
            "0",
        ),
        (
            "user_chosen_name",
            with(&[(&at("username"), "nickname".into())]),
            "0",
        ),
        (
            "email_unverified",
            with(&[(&at("username"), "email".into())]),
            "0",
        ),
        (
            "strip_domain",
            with(&[(
                &at("username"),
                json!({"attributes": ["sub"], "transform": ["strip_domain"]}),
            )]),
            "0",
        ),
        (
            "shared_usernames",
            with(&[("/providers/other", other.clone())]),
            "0",
        ),
        ("similar_issuers", with(&[("/providers/other", other)]), "0"),
        (
            "cache_outlives_token_age",
            with(&[(&at("max_token_age_seconds"), 30.into())]),
            "60",
        ),
        ("header_with_cache", plain(), "60"),
        (
            "idle_rule",
            with(&[(
                "/products/jira/access",
                json!([{"allow": ["GET /rest/a"]}, {"deny": ["GET /rest/*"]}]),
            )]),
            "0",
        ),
        (
            "path_not_served",
            with(&[("/products/jira/path", "/".into())]),
            "0",
        ),
        (
            "unused_secret",
            with(&[("/secrets", json!({"forgotten": SECRET}))]),
            "0",
        ),
        (
            "mints_service_tokens",
            as_service_user(&json!([{"allow": ["POST /rest/pat/latest/tokens"]}])),
            "0",
        ),
        (
            "admin_as_service_user",
            as_service_user(&json!([{"allow": ["* /rest/*"]}])),
            "0",
        ),
        (
            "unused_secret",
            with(&[(
                "/secrets",
                json!({"providers": {"nobody": {"client": SECRET}}}),
            )]),
            "0",
        ),
        (
            "unused_secret",
            with(&[("/secrets", json!({"settings": {"forgotten": SECRET}}))]),
            "0",
        ),
        (
            "secret_of_any_document",
            with(&[
                ("/secrets", json!({"pat": "MDEyMzQ1"})),
                (
                    "/products/jira/upstream",
                    json!({"mode": "fixed", "secret": "pat"}),
                ),
            ]),
            "0",
        ),
        (
            "api_tokens_without_key",
            with(&[("/settings", json!({"api_tokens": {"enabled": true}}))]),
            "0",
        ),
        (
            "api_tokens_unkeyed",
            with(&[
                (
                    "/secrets",
                    json!({"settings": {"api-token-key": "0123456789".repeat(4)}}),
                ),
                (
                    "/settings",
                    json!({"api_tokens": {"enabled": true, "accept_unkeyed": true}}),
                ),
            ]),
            "0",
        ),
        (
            "impersonates_anyone",
            with(&[
                ("/secrets", json!({"key": pem("development.pem")})),
                (
                    "/products/jira/upstream",
                    json!({"mode": "oauth1", "consumer_key": "gateway", "private_key": "key",
                "base_url": "https://jira.example.com/jira"}),
                ),
            ]),
            "0",
        ),
    ];
    for (id, settings, cache) in cases {
        let warnings = found(&operator, &settings, cache).await;
        assert!(ids(&warnings).contains(&id), "{id}: {warnings:#?}");
        for one in &warnings {
            assert!(one["why"].as_str().unwrap().len() > 10, "{one}");
            assert!(one["instead"].as_str().unwrap().len() > 2, "{one}");
        }
    }
}

/// Settings of a product that knows one user alone.
fn as_service_user(access: &Value) -> Value {
    let upstream = json!({"mode": "fixed", "scheme": "bearer", "secret": "pat"});
    with(&[
        ("/secrets", json!({"products": {"jira": {"pat": SECRET}}})),
        ("/products/jira/access", access.clone()),
        ("/products/jira/upstream", upstream),
    ])
}

#[tokio::test]
async fn a_deny_of_administration_is_enough_for_a_service_user() {
    let operator = Operator::new(None);
    for access in [
        json!([{"allow": ["* /rest/*"]}, {"deny": ["@admin"]}]),
        json!([{"allow": ["@read", "@write"]}]),
    ] {
        let warnings = found(&operator, &as_service_user(&access), "0").await;
        assert_eq!(ids(&warnings), [""; 0], "{access}");
    }
}

#[tokio::test]
async fn idle_rules() {
    let operator = Operator::new(None);
    let cases = [
        (
            json!([{"allow": ["@read"]}, {"allow": ["@read"]}]),
            vec!["access[1]"],
        ),
        (
            json!([{"allow": ["@read"]}, {"allow": ["GET /rest/x"], "groups": ["a"]}]),
            vec!["access[1]"],
        ),
        (
            json!([{"allow": ["GET /rest/x"]}, {"allow": ["@read"]}]),
            vec!["access[0]"],
        ),
        (
            json!([{"allow": ["GET /rest/*"]}, {"deny": ["GET /rest/x"]}]),
            vec![],
        ),
        (
            json!([{"allow": ["GET /rest/x"]}, {"deny": ["* /*"], "scopes": ["a"]}]),
            vec![],
        ),
        (
            json!([{"allow": ["@read"], "groups": ["a"]}, {"allow": ["@read"], "groups": ["b"]}]),
            vec![],
        ),
        (
            json!([{"allow": ["@read", "@write"]}, {"deny": ["* /*"]}]),
            vec!["access[0]"],
        ),
    ];
    for (access, wanted) in cases {
        let mut settings = with(&[("/products/jira/access", access.clone())]);
        settings["providers"]["idp"]["groups"] = "groups".into();
        let warnings = found(&operator, &settings, "0").await;
        let idle = warnings.iter().filter(|one| one["id"] == "idle_rule");
        let places: Vec<&str> = idle.map(|one| one["field"].as_str().unwrap()).collect();
        assert_eq!(places, wanted, "{access}");
    }
}

/// What a product's path should be, by its id, its kind, or as one of all that are served.
#[tokio::test]
async fn paths_that_the_template_does_not_serve() {
    let operator = Operator::new(None);
    let access = json!([{"allow": ["GET /rest/*"]}]);
    let all = "`/jira`, `/confluence`, `/bitbucket`";
    for (id, path, kind, expected) in [
        ("jira", "/jira", None, None),
        ("jira", "/jira/", None, None),
        ("jira", "/", None, Some("`/jira`")),
        ("jira", "/confluence", None, Some("`/jira`")),
        ("wiki", "/confluence", Some("confluence"), None),
        ("wiki", "/wiki", Some("confluence"), Some("`/confluence`")),
        ("api", "/bitbucket", None, None),
        ("api", "/", None, Some(all)),
    ] {
        let mut product = json!({"path": path, "access": access});
        if let Some(kind) = kind {
            product["kind"] = kind.into();
        }
        let settings = with(&[("/products", json!({id: product}))]);
        let warnings = found(&operator, &settings, "0").await;
        let wrong = warnings.iter().find(|one| one["id"] == "path_not_served");
        let instead = wrong.map(|one| {
            assert_eq!(one["parameter"], format!("products/{id}"));
            assert_eq!(one["field"], "path");
            let why = one["why"].as_str().unwrap();
            assert!(
                why.contains(&format!("is `{path}`")) && why.contains(all),
                "{why}"
            );
            one["instead"].as_str().unwrap()
        });
        let expected =
            expected.map(|paths| format!("use {paths}, unless you have an API of your own"));
        assert_eq!(instead, expected.as_deref(), "{id} {path}");
    }
    // The product that there is without any was not placed by anyone.
    let mut settings = plain();
    settings.as_object_mut().unwrap().remove("products");
    let warnings = found(&operator, &settings, "0").await;
    assert!(
        !ids(&warnings).contains(&"path_not_served"),
        "{warnings:#?}"
    );
}

#[tokio::test]
async fn warnings_are_readable_and_can_be_hidden() {
    let operator = Operator::new(None);
    let settings = with(&[("/settings", json!({"mode": "off"}))]);
    let source = format!("file:{}", operator.file("settings.json", &settings));
    let lint = ["lint", "--settings", &source, "--strict"];
    let said = operator.says(&lint).await;
    assert_eq!(said.code, 1);
    assert!(
        said.stdout
            .starts_with("severe: settings: mode (mode_not_enforce)\n"),
        "{}",
        said.stdout
    );
    assert!(
        said.stdout.contains("  better: set `enforce`"),
        "{}",
        said.stdout
    );
    let without = [&lint[..], &["--allow", "mode_not_enforce"]].concat();
    let said = operator.says(&without).await;
    assert_eq!((said.code, said.stdout.as_str()), (0, ""));
}
