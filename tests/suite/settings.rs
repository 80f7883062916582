//! Settings documents: what is accepted, what is reported, and what a reload does.

use atlassian_authorizer::deployment::{ByProduct, CacheKey, Deployment};
use atlassian_authorizer::document::Tree;
use atlassian_authorizer::settings::Settings;
use serde_json::{Value, json};
use std::time::Duration;

use testing::lambda::Lambda;
use testing::local::Local;
use testing::tokens::{SigningKey, access_claims};
use testing::{Folder, bearer};

/// For an API that finds answers by route.
fn parse(documents: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
    parse_for(documents, ByProduct::all(CacheKey::Route))
}

fn parse_for(
    documents: &[(&str, &str)],
    cache_keys: ByProduct<CacheKey>,
) -> Result<Settings, Vec<String>> {
    let tree: Tree = documents
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    let deployment = Deployment {
        cache_keys,
        ..Deployment::default()
    };
    Settings::parse(&tree, &deployment)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

const POOL: (&str, &str) = (
    "providers/pool",
    r#"{"kind": "cognito", "user_pool_id": "eu-west-1_AbCdEfGhI", "client_ids": ["client"]}"#,
);

#[test]
fn the_smallest_settings_are_one_provider() {
    let settings = parse(&[POOL]).unwrap();
    let issuers: Vec<_> = settings.providers[0]
        .issuers
        .iter()
        .map(|issuer| issuer.name.as_str())
        .collect();
    assert_eq!(
        issuers,
        [
            "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI",
            "https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI",
        ]
    );
    assert_eq!(settings.products.len(), 1);
    assert!(settings.products[0].contains("/anything"));
    assert_eq!(settings.general.refresh, Duration::from_mins(5));
}

#[test]
fn a_pool_of_the_chinese_partition() {
    let pool = POOL.1.replace("eu-west-1", "cn-north-1");
    let settings = parse(&[("providers/pool", &pool)]).unwrap();
    assert_eq!(
        settings.providers[0].issuers[0].name,
        "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_AbCdEfGhI"
    );
}

#[test]
fn the_documents_of_the_readme() {
    parse(&[
        ("settings", r#"{"mode": "enforce", "basic_auth": "deny", "refresh_seconds": 300}"#),
        ("providers/cognito", r#"{"kind": "cognito", "user_pool_id": "eu-west-1_AbCdEfGhI", "client_ids": ["3n4b5"], "username": "username"}"#),
        ("providers/keycloak", r#"{"kind": "custom", "issuer": "https://sso.example.com/realms/main", "client_ids": ["jira"],
            "username": {"attributes": ["preferred_username", "email"], "transform": ["lowercase", {"regex": "([^@]+)(?:@example\\.com)?"}], "allow": "[a-z][a-z.]*"},
            "groups": "realm_access.roles", "machine_users": {"ci": "svc-ci"}, "max_token_age_seconds": 3600}"#),
        ("products/confluence", r#"{"path": "/confluence", "kind": "confluence",
            "access": [{"allow": ["@read"], "scopes": ["atlassian/read"]},
                       {"allow": ["* /rest/*"], "groups": ["confluence-editors"]},
                       {"deny": ["@admin"]}]}"#),
        ("products/jira", r#"{"path": "/jira", "access": [{"allow": ["@read", "@write"]}, {"deny": ["@admin"]}]}"#),
        ("products/bitbucket", r#"{"path": "/bitbucket", "access": [{"allow": ["* /*"]}]}"#),
        ("secrets/anything", "s3cr3t"),
    ])
    .unwrap();
}

#[test]
fn all_problems_are_reported_at_once() {
    let problems = parse(&[
        ("settings", r#"{"mode": "relaxed", "refresh_seconds": "300", "basic": "allow"}"#),
        (
            "providers/pool",
            r#"{"kind": "cognito", "user_pool_id": "eu-west-1-AbC", "algorithms": ["HS256"], "discovery": true,
                "username": {"transform": [{"regex": "("}, {"regex": "a"}], "allow": "["},
                "machine_users": {"robot": " "}}"#,
        ),
        ("providers/idp", r#"{"kind": "custom", "trust": "any_client", "client_ids": ["a"], "user_pool_id": "x", "hd": "id"}"#),
        ("providers/old", r#"{"kind": "saml", "issuer": "", "audiences": [], "jwks_uri": "http://idp.example.com/keys"}"#),
        ("products/jira", r#"{"path": "jira", "access": [{"allow": ["GET rest"]}]}"#),
        ("products/wiki", r#"{"path": "/wiki", "access": [{"allow": ["@admin", "FETCH /x", "GET x"], "deny": ["@read"]}, {"deny": ["@admin"]}, {"allow": ["get /x"]}, {"allow": ["@admin"]}]}"#),
        ("colours", "{}"),
        ("secrets/bad name", "x"),
    ])
    .unwrap_err();
    let expected = [
        "settings: mode: expected one of `enforce`, `monitor`, `off`",
        "settings: refresh_seconds: expected a whole number",
        "settings: basic: is unknown: `basic`, expected one of `refresh_seconds`, `max_settings_age_seconds`, `mode`, `basic_auth`, `api_tokens`, `opaque_order`",
        "providers/pool: user_pool_id: is not a user pool id",
        "providers/pool: algorithms: expected asymmetric algorithms",
        "providers/pool: discovery: does not belong to kind `cognito`",
        "providers/pool: username.transform: expected a regular expression:",
        "providers/pool: username.transform: expected a regular expression with one capture group",
        "providers/pool: username.allow: expected a regular expression:",
        "providers/pool: machine_users: expected usernames",
        "providers/pool: client_ids: is missing; expected `client_ids` or `audiences`",
        "providers/idp: issuer: is missing",
        "providers/idp: username: is missing",
        "providers/idp: trust: contradicts",
        "providers/idp: user_pool_id: does not belong to kind `custom`",
        "providers/idp: hd: does not belong to kind `custom`",
        "providers/old: kind: expected one of `cognito`",
        "providers/old: issuer: is empty",
        "providers/old: audiences: is empty",
        "providers/old: jwks_uri: expected an https URL",
        "products/jira: path: expected `/`",
        "products/wiki: access[0]: expected one of `allow`, `deny` and `only`",
        "products/wiki: access[1].deny: `@admin` needs the product's kind",
        "products/wiki: access[3].allow: `@admin` needs the product's kind",
        "products/wiki: access[2].allow: expected routes such as",
        "colours: is not a known parameter",
        "secrets/bad name: is not a known parameter",
    ];
    for expected in expected {
        assert!(
            problems.iter().any(|problem| problem.starts_with(expected)),
            "{expected}\n{problems:#?}"
        );
    }
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
}

#[test]
fn documents_that_are_no_documents() {
    for (text, expected) in [
        ("", "expected a JSON object with unique members"),
        ("[]", "expected a JSON object"),
        ("null", "expected a JSON object"),
        (
            r#"{"kind": "custom", "kind": "cognito"}"#,
            "expected a JSON object with unique members: an object has a duplicate member",
        ),
        (
            r#"{"kind": "custom"} x"#,
            "expected a JSON object with unique members",
        ),
        ("{}", "kind: is missing"),
        (r#"{"kind": null}"#, "kind: is empty"),
        (r#"{"kind": 7}"#, "kind: expected"),
    ] {
        let problems = parse(&[("providers/pool", text)]).unwrap_err();
        let expected = format!("providers/pool: {expected}");
        assert!(problems[0].starts_with(&expected), "{text}: {problems:?}");
    }
    assert_eq!(
        parse(&[]).unwrap_err(),
        [
            "providers: is missing; expected at least one parameter `providers/<id>`, or \
          `api_tokens.enabled` true in `settings`"
        ]
    );
}

#[test]
fn no_problem_repeats_a_value() {
    let problems = parse(&[
        ("settings", r#"{"mode": "hunter2-hunter2", "refresh_seconds": "hunter2-hunter2"}"#),
        ("providers/a", r#"{"kind": "custom", "issuer": "http://hunter2-hunter2", "jwks_uri": "hunter2-hunter2",
            "discovery": "hunter2-hunter2", "client_ids": "hunter2-hunter2", "trust": "hunter2-hunter2"}"#),
        ("providers/b", r#"{"kind": "cognito", "user_pool_id": "hunter2-hunter2", "algorithms": ["hunter2-hunter2"]}"#),
        ("products/c", r#"{"path": "hunter2-hunter2", "access": [{"allow": ["hunter2-hunter2"]}]}"#),
        ("products/d", r#"{"path": "/d", "access": [{"allow": ["hunter2-hunter2"]}]}"#),
    ])
    .unwrap_err();
    assert!(problems.len() >= 8, "{problems:#?}");
    assert!(
        !format!("{problems:?}").contains("hunter2"),
        "{problems:#?}"
    );
}

#[test]
fn what_spans_documents() {
    let twin = ("providers/twin", POOL.1);
    let problems = parse(&[POOL, twin]).unwrap_err();
    assert!(
        problems[0].contains("is also that of providers/"),
        "{problems:?}"
    );

    for (one, two) in [("/jira", "/jira"), ("/", "/jira"), ("/jira", "/jira/agile")] {
        let product = |path: &str| json!({"path": path}).to_string();
        let (one, two) = (product(one), product(two));
        let problems = parse(&[POOL, ("products/one", &one), ("products/two", &two)]).unwrap_err();
        assert!(
            problems.iter().any(|problem| problem.contains("overlap")),
            "{problems:?}"
        );
    }
    parse(&[
        POOL,
        ("products/one", r#"{"path": "/jira"}"#),
        ("products/two", r#"{"path": "/jira2"}"#),
    ])
    .unwrap();
}

#[test]
fn rules_that_could_not_hold() {
    let problems =
        |product: Value| parse(&[POOL, ("products/p", &product.to_string())]).unwrap_err();
    for path in ["/rest/x?jql=1", "/rest/a{id}", "/a%20b", "/a//b", "/a/../b"] {
        let found = problems(json!({"path": "/p", "access": [{"deny": [format!("GET {path}")]}]}));
        assert!(
            found[0].starts_with("products/p: access[0].deny: expected"),
            "{found:?}"
        );
    }
    let found = problems(json!({"path": "/p", "access": [{"allow": ["$connect"]}]}));
    assert!(found[0].contains("`$connect` has no path"), "{found:?}");

    let custom = json!({"kind": "custom", "issuer": "https://idp.example.com", "client_ids": ["a"], "username": "sub"});
    let product = json!({"path": "/p", "access": [{"allow": ["* /*"]}, {"deny": ["DELETE /*"], "groups": ["juniors"]}]});
    let found = parse(&[
        ("providers/idp", &custom.to_string()),
        ("products/p", &product.to_string()),
    ])
    .unwrap_err();
    assert!(
        found[0].starts_with("providers/idp: groups: is missing; products/p denies by group"),
        "{found:?}"
    );
}

#[test]
fn rules_must_fit_into_one_policy_where_answers_serve_for_all_routes() {
    let parse_all = |product: &str| {
        let documents = [POOL, ("products/jira", product)];
        assert!(parse(&documents).is_ok(), "{product}");
        // Nobody has said what API Gateway finds answers by.
        parse_for(&documents, ByProduct::default()).unwrap_err()
    };
    let routes: Vec<String> = (0..20)
        .map(|number| format!("* /rest/{number}/*"))
        .collect();
    let product = json!({"path": "/jira", "access": [{"allow": routes}]}).to_string();
    let problems = parse_all(&product);
    assert!(
        problems[0].contains("access: can't become one policy for all routes")
            && problems[0].contains("bytes of policy"),
        "{problems:?}"
    );

    let long = format!("GET /{}", "x".repeat(500));
    let product = json!({"path": "/jira", "access": [{"allow": [long]}]}).to_string();
    let problems = parse_all(&product);
    assert!(
        problems[0].contains("a resource of more than 512 characters"),
        "{problems:?}"
    );

    for (access, expected) in [
        (
            json!([{"allow": ["GET /issue/{key}"]}]),
            "`GET /issue/{key}` has a part in braces",
        ),
        (
            json!([{"only": ["@admin"], "users": ["root"]}]),
            "`@admin` can only be allowed for one route",
        ),
        (
            json!([{"allow": ["* /*"]}, {"deny": ["GET /a!b"]}]),
            "`GET /a!b` denies characters",
        ),
        (
            json!([{"allow": ["* /*"]}, {"deny": ["@admin"]}]),
            "bytes of policy",
        ),
    ] {
        let product = json!({"path": "/jira", "access": access}).to_string();
        let problems = parse_all(&product);
        assert!(problems[0].contains(expected), "{problems:?}");
        assert!(
            problems[0].contains("expected AUTHORIZER_CACHE_KEY to be `route`"),
            "{problems:?}"
        );
    }
}

#[test]
fn conditions_that_could_not_hold() {
    let problems = |rule: Value| {
        let product = json!({"path": "/p", "access": [rule]}).to_string();
        parse(&[POOL, ("products/p", &product)]).unwrap_err()
    };
    for (rule, expected) in [
        (
            json!({"allow": ["@read"], "deny": ["@write"]}),
            "access[0]: expected one of",
        ),
        (json!({"groups": ["a"]}), "access[0]: expected one of"),
        (
            json!({"only": ["@write"]}),
            "access[0]: expected conditions",
        ),
        (
            json!({"allow": ["@read"], "networks": ["10.0.0.0/99"]}),
            "access[0].networks: expected",
        ),
        (
            json!({"allow": ["@read"], "networks": ["office"]}),
            "access[0].networks: expected",
        ),
        (
            json!({"allow": ["@read"], "networks": ["10.0.0.0/8"]}),
            "access: has rules with `networks`",
        ),
        (
            json!({"allow": ["@read"], "users": ["a?"]}),
            "access[0].users: expected",
        ),
        (
            json!({"allow": ["@read"], "providers": ["nobody"]}),
            "access[0].providers: names an unknown provider",
        ),
        (
            json!({"allow": ["@read"], "providers": ["api-tokens"]}),
            "access[0].providers: names the authorizer's own API tokens",
        ),
        (
            json!({"allow": ["@admin"]}),
            "access[0].allow: `@admin` needs the product's kind",
        ),
        (
            json!({"allow": ["@git"]}),
            "access[0].allow: `@git` is for products",
        ),
    ] {
        let expected = format!("products/p: {expected}");
        let found = problems(rule);
        assert!(
            found.iter().any(|one| one.starts_with(&expected)),
            "{expected}: {found:?}"
        );
    }
}

#[test]
fn public_routes_are_single_ones() {
    let problems = |public: Value| {
        let product = json!({"path": "/p", "public": public}).to_string();
        parse(&[POOL, ("products/p", &product)])
    };
    assert!(
        problems(json!([
            "GET /status",
            "HEAD /status",
            "GET /rest/api/2/serverInfo"
        ]))
        .is_ok()
    );
    for route in [
        "POST /status",
        "* /status",
        "GET /rest/*",
        "GET /{x}",
        "GET /a%41",
        "@read",
        "status",
    ] {
        let found = problems(json!([route])).unwrap_err();
        assert!(
            found[0].starts_with("products/p: public: expected routes such as"),
            "{found:?}"
        );
    }
}

fn settings(key: &SigningKey, username: &str) -> Value {
    json!({
        "settings": {"refresh_seconds": 1},
        "providers": {"idp": {
            "kind": "custom", "issuer": "https://idp.example.com", "jwks": {"keys": [key.jwk]},
            "client_ids": ["client"], "username": username,
        }},
    })
}

#[tokio::test]
async fn a_bad_change_keeps_the_last_good_settings() {
    let key = SigningKey::generate("key", "ES256");
    let folder = Folder::new();
    let source = folder.settings(&settings(&key, "username"));
    let lambda = Lambda::start(&source, &[]).await;
    let event = bearer(&key.sign(&access_claims("https://idp.example.com")));
    assert_eq!(lambda.allowed(&event).await, "alice");

    let mut bad = settings(&key, "username");
    bad["providers"]["idp"]["colour"] = "blue".into();
    folder.settings(&bad);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(lambda.allowed(&event).await, "alice");
    let audit = lambda.audit().await;
    assert_eq!(audit["settings_load_failures"], 1);
    assert_eq!(audit["from_cache"], true);
    let output = lambda.output();
    assert!(
        output.contains("providers/idp: colour: is unknown"),
        "{output}"
    );
    assert!(output.contains(r#""kept":true"#), "{output}");

    folder.settings(&settings(&key, "client_id"));
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(lambda.allowed(&event).await, "client");
    assert_eq!(
        lambda.audit().await["from_cache"],
        false,
        "verdicts go with the settings"
    );

    // Unchanged settings keep the verdicts.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    lambda.allowed(&event).await;
    let audit = lambda.audit().await;
    assert_eq!(audit["settings_loads"], 1);
    assert_eq!(audit["from_cache"], true);
}

#[tokio::test]
async fn no_settings_at_the_start_are_500s_that_heal() {
    let key = SigningKey::generate("key", "ES256");
    let folder = Folder::new();
    let source = folder.settings(&json!({"providers": {}}));
    let lambda = Lambda::start(&source, &[]).await;
    let event = bearer(&key.sign(&access_claims("https://idp.example.com")));
    assert_eq!(lambda.failed(&event).await, "settings_unavailable");
    // Even without a credential: a missing setting could have let it through.
    folder.settings(&settings(&key, "username"));
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    assert_eq!(lambda.allowed(&event).await, "alice");
}

#[tokio::test]
async fn a_source_that_is_none_ends_the_start() {
    for source in ["", "s3:bucket", "ssm:relative", "ssm:/", "ssm://a", "file:"] {
        let mut lambda = Lambda::start(source, &[]).await;
        assert_eq!(lambda.exit().await, Some(1), "{source}");
        let output = lambda.output();
        assert!(
            output.contains("AUTHORIZER_SETTINGS is not a source"),
            "{output}"
        );
    }
    let variables = [
        ("AUTHORIZER_SIMPLE_RESPONSES", "true"),
        ("AUTHORIZER_CACHE_KEY", ""),
    ];
    let mut lambda = Lambda::start("file:x", &variables).await;
    assert_eq!(lambda.exit().await, Some(1));
    assert!(
        lambda
            .output()
            .contains("AUTHORIZER_CACHE_SECONDS: expected `0`")
    );
}

const CUSTOM: &str = "https://idp.example.com";

/// Settings that may be 120 s old at the most.
fn aging(key: &SigningKey, most: Option<u64>) -> Value {
    let mut settings = json!({
        "settings": {"refresh_seconds": 60},
        "providers": {"idp": {
            "kind": "custom", "issuer": CUSTOM, "jwks": {"keys": [key.jwk]}, "client_ids": ["client"],
            "username": "username",
        }},
    });
    if let Some(most) = most {
        settings["settings"]["max_settings_age_seconds"] = most.into();
    }
    settings
}

#[test]
fn bounds_of_the_age_of_settings() {
    let expected = "settings: max_settings_age_seconds: expected a number from 2 to 2592000";
    for (fields, is_right) in [
        (json!({}), true),
        (json!({"max_settings_age_seconds": 301}), true),
        (json!({"max_settings_age_seconds": 2_592_000}), true),
        (
            json!({"max_settings_age_seconds": 2, "refresh_seconds": 1}),
            true,
        ),
        (json!({"max_settings_age_seconds": 300}), false),
        (
            json!({"max_settings_age_seconds": 60, "refresh_seconds": 60}),
            false,
        ),
        (json!({"max_settings_age_seconds": 0}), false),
        (json!({"max_settings_age_seconds": 2_592_001}), false),
    ] {
        let text = fields.to_string();
        match parse(&[POOL, ("settings", &text)]) {
            Ok(_) => assert!(is_right, "{fields}"),
            Err(problems) => {
                assert!(!is_right && problems.len() == 1, "{fields}: {problems:?}");
                assert!(problems[0].starts_with(expected), "{problems:?}");
            }
        }
    }
}

/// While newer ones can't be loaded: until the age, and with no age for good.
#[tokio::test]
async fn settings_serve_no_longer_than_they_may() {
    let key = SigningKey::generate("key", "ES256");
    let mut claims = access_claims(CUSTOM);
    claims["exp"] = (claims["exp"].as_u64().unwrap() + 2 * 86_400).into();
    let event = bearer(&key.sign(&claims));
    for most in [Some(120), None] {
        let good = aging(&key, most);
        let local = Local::new(&good, Deployment::default());
        assert_eq!(local.code(&event).await, "allowed");
        let mut bad = good.clone();
        bad["providers"]["idp"]["kind"] = "none".into();
        local.folder.settings(&bad);
        local.clock.advance(119);
        assert_eq!(local.code(&event).await, "allowed");
        assert_eq!(local.audit()["settings_load_failures"], 1);
        assert_eq!(local.audit()["settings_age_seconds"], 119);
        // Setting the clock back makes them no younger.
        local.clock.advance(0_u64.wrapping_sub(90));
        assert_eq!(local.code(&event).await, "allowed");
        local.clock.advance(1);
        let code = if most.is_some() {
            "settings_unavailable"
        } else {
            "allowed"
        };
        assert_eq!(local.code(&event).await, code);
        local.clock.advance(86_400);
        assert_eq!(local.code(&event).await, code);
        assert!(local.audit()["settings_age_seconds"].as_u64() >= Some(86_400));

        // A good load ends it; the same document will do.
        local.folder.settings(&good);
        local.clock.advance(30);
        assert_eq!(local.code(&event).await, "allowed");
        assert_eq!(local.audit()["settings_age_seconds"], 0);
        local.clock.advance(59);
        assert_eq!(local.code(&event).await, "allowed");
    }
}

/// An instance that slept for longer than that loads them first.
#[tokio::test]
async fn settings_that_can_be_loaded_are_never_too_old() {
    let key = SigningKey::generate("key", "ES256");
    let local = Local::new(&aging(&key, Some(120)), Deployment::default());
    let event = bearer(&key.sign(&access_claims(CUSTOM)));
    for pause in [0, 121, 86_400] {
        local.clock.advance(pause);
        let event = if pause < 3_600 {
            event.clone()
        } else {
            let mut claims = access_claims(CUSTOM);
            claims["exp"] = (claims["exp"].as_u64().unwrap() + pause).into();
            bearer(&key.sign(&claims))
        };
        assert_eq!(local.code(&event).await, "allowed", "after {pause} s");
    }
}
