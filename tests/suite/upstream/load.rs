//! What is wrong with an `upstream`, said at load.

use atlassian_authorizer::deployment::{ByProduct, Deployment};
use atlassian_authorizer::document::Tree;
use atlassian_authorizer::settings::Settings;
use serde_json::{Value, json};

use super::assertion;
use testing::tokens::{DEVELOPMENT_KEY, p256_pem};

fn problems(upstream: &Value, secrets: &[(&str, &str)]) -> Vec<String> {
    let product = json!({"path": "/jira", "upstream": upstream}).to_string();
    let provider =
        r#"{"kind": "cognito", "user_pool_id": "eu-west-1_AbCdEfGhI", "client_ids": ["c"]}"#;
    let secrets = secrets
        .iter()
        .map(|(name, text)| (format!("secrets/{name}"), (*text).to_owned()));
    let tree: Tree = [
        ("products/jira".to_owned(), product),
        ("providers/pool".to_owned(), provider.to_owned()),
    ]
    .into_iter()
    .chain(secrets)
    .collect();
    let options = Deployment {
        cache_seconds: ByProduct::all(0),
        ..Deployment::default()
    };
    let problems = Settings::parse(&tree, &options).err();
    let problems = problems.map(|problems| problems.iter().map(ToString::to_string).collect());
    problems.unwrap_or_default()
}

#[test]
fn each_field() {
    let ec = p256_pem();
    let secrets = [
        ("pat", "MDEyMzQ1"),
        ("pair", "svc:pw"),
        ("words", "s3cr3t two words"),
        ("ec", ec.as_str()),
        (
            "pair-with-key",
            "svc:-----BEGIN PRIVATE KEY----- s3cr3t -----END PRIVATE KEY-----",
        ),
        ("rsa", DEVELOPMENT_KEY),
    ];
    let assertion = assertion::upstream();
    let with = |field: &str, value: Value| {
        let mut upstream = assertion.clone();
        upstream["private_key"] = "ec".into();
        upstream[field] = value;
        if upstream[field].is_null() {
            upstream.as_object_mut().unwrap().remove(field);
        }
        upstream
    };
    for good in [
        json!({"mode": "none"}),
        json!({"mode": "fixed", "secret": "pat"}),
        json!({"mode": "fixed", "secret": "pair", "scheme": "basic"}),
        json!({"mode": "per_user"}),
        json!({"mode": "per_user", "scheme": "basic", "recheck_seconds": 3600}),
        with("never_impersonate", Value::Null),
    ] {
        assert_eq!(problems(&good, &secrets), [""; 0], "{good}");
    }
    for (bad, expected) in [
        (
            json!({"scheme": "basic"}),
            "upstream.mode: is missing; expected `none`",
        ),
        (json!({"mode": "magic"}), "upstream.mode: "),
        (json!("fixed"), "upstream: "),
        (
            json!({"mode": "fixed", "key": "x"}),
            "upstream.key: is unknown",
        ),
        (
            json!({"mode": "fixed"}),
            "upstream.secret: is missing; expected the name of a secret, <name> of `secrets/products/jira/<name>`",
        ),
        (
            json!({"mode": "fixed", "secret": "none"}),
            "upstream.secret: names no secret that is there",
        ),
        (
            json!({"mode": "fixed", "secret": "words"}),
            "upstream.secret: is not a Bearer token; expected a personal access token",
        ),
        (
            json!({"mode": "fixed", "secret": "pat", "scheme": "basic"}),
            "upstream.secret: is not a pair; expected `user:password`",
        ),
        (
            json!({"mode": "fixed", "secret": "pair"}),
            "upstream.secret: is not a Bearer token",
        ),
        (
            json!({"mode": "none", "secret": "pat"}),
            "upstream.secret: does not belong to mode `none`",
        ),
        (
            json!({"mode": "per_user", "secret": "pat"}),
            "upstream.secret: does not belong to mode `per_user`",
        ),
        (
            json!({"mode": "per_user", "recheck_seconds": 0}),
            "upstream.recheck_seconds: expected a number from 1 to 3600",
        ),
        (
            with("private_key", json!("pat")),
            "upstream.private_key: names no private key",
        ),
        (
            json!({"mode": "fixed", "secret": "ec"}),
            "upstream.secret: names a private key, which is sent to nobody",
        ),
        (
            json!({"mode": "fixed", "secret": "pair-with-key", "scheme": "basic"}),
            "upstream.secret: names a private key, which is sent to nobody",
        ),
        (
            with("private_key", json!("rsa")),
            "upstream.private_key: is not a P-256 private key",
        ),
        (
            with("private_key", Value::Null),
            "upstream.private_key: is missing",
        ),
        (
            with("issuer", Value::Null),
            "upstream.issuer: is missing; expected the `iss`",
        ),
        (
            with("audience", Value::Null),
            "upstream.audience: is missing; expected the `aud`",
        ),
        (
            with("never_impersonate", json!(["a?"])),
            "upstream.never_impersonate: expected user names",
        ),
        (
            with("consumer_key", json!("x")),
            "upstream.consumer_key: does not belong to mode `assertion`",
        ),
    ] {
        let found = problems(&bad, &secrets);
        assert_eq!(found.len(), 1, "{bad}: {found:?}");
        let expected = format!("products/jira: {expected}");
        assert!(found[0].starts_with(&expected), "{bad}: {found:?}");
        assert!(!found[0].contains("s3cr3t"), "{found:?}");
    }
}

#[test]
fn simple_responses_need_every_products_cache_off() {
    let tree: Tree = [
        ("products/jira", r#"{"path": "/jira"}"#),
        ("products/wiki", r#"{"path": "/wiki"}"#),
        (
            "providers/pool",
            r#"{"kind": "cognito", "user_pool_id": "eu-west-1_AbCdEfGhI", "client_ids": ["c"]}"#,
        ),
    ]
    .into_iter()
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .collect();
    let problems = |cache_seconds| {
        let options = Deployment {
            simple_responses: true,
            cache_seconds,
            ..Deployment::default()
        };
        let problems = Settings::parse(&tree, &options).err();
        problems.map_or(0, |problems| problems.iter().count())
    };
    assert_eq!(problems(ByProduct::all(0)), 0);
    assert_eq!(problems(ByProduct::default()), 2);
}

#[test]
fn general_settings() {
    let problems = |general: Value| {
        let tree: Tree = [("settings".to_owned(), general.to_string()), (
            "providers/pool".to_owned(),
            r#"{"kind": "cognito", "user_pool_id": "eu-west-1_AbCdEfGhI", "client_ids": ["c"]}"#.to_owned(),
        )]
        .into_iter()
        .collect();
        Settings::parse(&tree, &Deployment::default())
            .map(drop)
            .map_err(|problems| problems.to_string())
    };
    assert_eq!(
        problems(
            json!({"identity_headers": ["X-User"], "usage_keys": {"*": "a-key-of-twenty-chars"}})
        ),
        Ok(())
    );
    for headers in [
        json!(["X User"]),
        json!(["Authorization"]),
        json!(["X:"]),
        json!(["\u{e9}"]),
    ] {
        let problem = problems(json!({"identity_headers": headers})).unwrap_err();
        assert!(
            problem.starts_with("settings: identity_headers: expected names of headers"),
            "{problem}"
        );
    }
    for key in ["short", "with spaces with spaces", &"x".repeat(129)] {
        let problem = problems(json!({"usage_keys": {"*": key}})).unwrap_err();
        assert!(
            problem.starts_with("settings: usage_keys: expected values of API keys"),
            "{problem}"
        );
    }
}
