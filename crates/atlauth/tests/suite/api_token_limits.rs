//! What an API token may not do: outlive its time, leave its networks and products, or write.

use std::time::Duration;

use atlassian_authorizer::authenticate::ApiTokenRules;
use atlassian_authorizer::clock::UnixTime;
use atlassian_authorizer::deployment::Deployment;
use atlauth::api_tokens::{ApiTokenError, NewToken, create, revoke};
use serde_json::json;

use testing::Folder;
use testing::api_tokens::{bearer, lambda, outcome, pair, parts, settings, with};
use testing::local::Local;
use testing::tokens::now;

use crate::made_tokens::{RULES, create_in, of_alice, store};

const DAY: Duration = Duration::from_hours(24);

#[tokio::test]
async fn lifetimes_end_and_are_bounded_twice() {
    let folder = Folder::new();
    let clock = UnixTime::from_secs(now());
    for lifetime in [
        Duration::ZERO,
        Duration::from_millis(999),
        RULES.max_lifetime + Duration::from_secs(1),
    ] {
        let new = NewToken {
            lifetime,
            ..of_alice()
        };
        let refused = create(&store(&folder), Some(&RULES), new, clock).await;
        assert!(
            matches!(refused, Err(ApiTokenError::Lifetime(90))),
            "{refused:?}"
        );
    }
    assert!(!folder.path().join("settings-tokens").exists());

    let local = Local::new(&settings(&json!({})), Deployment::default());
    let short = create_in(&local.folder, of_alice()).await;
    let longest = NewToken {
        lifetime: RULES.max_lifetime,
        ..of_alice()
    };
    let longest = create_in(&local.folder, longest).await;
    // Made when the settings allowed more.
    let lenient = ApiTokenRules {
        max_lifetime: 3_650 * DAY,
        ..RULES.clone()
    };
    let far = NewToken {
        lifetime: 3_650 * DAY,
        ..of_alice()
    };
    let far = create(&store(&local.folder), Some(&lenient), far, clock)
        .await
        .unwrap();
    assert_eq!(far.expires, clock.saturating_add(3_650 * DAY));
    let ahead = clock.saturating_add(Duration::from_hours(1));
    let ahead = create(&store(&local.folder), Some(&RULES), of_alice(), ahead)
        .await
        .unwrap();
    let code = local.code(&bearer(ahead.token.expose_secret())).await;
    assert_eq!(code, "token_not_yet_valid");

    let codes = async || {
        let mut codes = Vec::new();
        for created in [&short, &longest, &far] {
            codes.push(local.code(&bearer(created.token.expose_secret())).await);
        }
        codes
    };
    assert_eq!(codes().await, ["allowed", "allowed", "allowed"]);
    local.clock.advance(3_599);
    assert_eq!(codes().await, ["allowed", "allowed", "allowed"]);
    // The clock of the tests may have moved on by a second or two meanwhile.
    local.clock.advance(10);
    assert_eq!(codes().await, ["token_expired", "allowed", "allowed"]);
    local.clock.advance(90 * 86_400 - 3_609 - 10);
    assert_eq!(codes().await, ["token_expired", "allowed", "allowed"]);
    local.clock.advance(20);
    assert_eq!(
        codes().await,
        ["token_expired", "token_expired", "token_expired"]
    );
}

#[tokio::test]
async fn read_only_and_products() {
    let folder = Folder::new();
    let mut settings = settings(&json!({}));
    settings["products"]["confluence"] = json!({"path": "/confluence"});
    let lambda = lambda(&folder, &settings, &[]).await;
    let limited = NewToken {
        read_only: true,
        products: vec!["jira".into()],
        ..of_alice()
    };
    let created = create_in(&folder, limited).await;
    let token = created.token.expose_secret();
    lambda.keep_secret(parts(token).1);
    for (method, path, allowed) in [
        ("GET", "/jira/rest/api/2/issue/A-1", true),
        ("POST", "/jira/rest/api/2/search", true),
        ("POST", "/jira/rest/api/2/issue", false),
        ("DELETE", "/jira/rest/api/2/issue/A-1", false),
        ("GET", "/confluence/rest/api/content", false),
        ("GET", "/elsewhere", false),
    ] {
        let (outcome, _) = outcome(&lambda, &with(token, method, path)).await;
        let expected = if allowed { "allowed" } else { "forbidden" };
        assert_eq!(outcome, expected, "{method} {path}");
    }
}

#[tokio::test]
async fn networks() {
    let folder = Folder::new();
    let bound = NewToken {
        source_cidrs: vec![
            "203.0.113.0/24".parse().unwrap(),
            "2001:db8::/32".parse().unwrap(),
        ],
        ..of_alice()
    };
    let created = create_in(&folder, bound).await;
    let token = created.token.expose_secret();
    let from = |address: &str| {
        let mut event = bearer(token);
        event["requestContext"]["identity"]["sourceIp"] = address.into();
        event
    };
    let settings = settings(&json!({}));
    for variables in [
        vec![("AUTHORIZER_CACHE_SECONDS", "0")],
        vec![
            ("AUTHORIZER_CACHE_SECONDS", "300"),
            ("AUTHORIZER_CACHED_BY_SOURCE_IP", "true"),
        ],
    ] {
        let lambda = lambda(&folder, &settings, &variables).await;
        lambda.keep_secret(parts(token).1);
        for address in ["203.0.113.7", "2001:db8::1"] {
            let expected = pair("allowed", "allowed");
            assert_eq!(outcome(&lambda, &from(address)).await, expected);
        }
        for address in [
            "203.0.114.7",
            "2001:db9::1",
            "",
            "203.0.113.7, 198.51.100.1",
        ] {
            let expected = pair("forbidden", "source_not_allowed");
            assert_eq!(
                outcome(&lambda, &from(address)).await,
                expected,
                "{address}"
            );
        }
        let mut event = bearer(token);
        event["requestContext"] = json!({});
        assert_eq!(outcome(&lambda, &event).await.1, "source_not_allowed");
    }
    for seconds in ["", "300"] {
        let variables = [
            ("AUTHORIZER_CACHE_SECONDS", seconds),
            ("AUTHORIZER_CACHED_BY_SOURCE_IP", ""),
        ];
        let lambda = lambda(&folder, &settings, &variables).await;
        lambda.keep_secret(parts(token).1);
        for address in ["203.0.113.7", "198.51.100.1"] {
            let code = lambda.failed(&from(address)).await;
            assert_eq!(code, "source_not_in_cache_key");
        }
    }
}

#[tokio::test]
async fn revoked_by_deletion_and_by_the_list() {
    let local = Local::new(
        &settings(&json!({"recheck_seconds": 60})),
        Deployment::default(),
    );
    let created = create_in(&local.folder, of_alice()).await;
    let other = create_in(&local.folder, of_alice()).await;
    let event = bearer(created.token.expose_secret());
    assert_eq!(local.code(&event).await, "allowed");
    assert!(revoke(&store(&local.folder), &created.id).await.unwrap());
    assert!(!revoke(&store(&local.folder), &created.id).await.unwrap());
    local.clock.advance(59);
    assert_eq!(local.code(&event).await, "allowed");
    local.clock.advance(1);
    assert_eq!(local.code(&event).await, "api_token_unknown");
    assert_eq!(
        local.code(&bearer(other.token.expose_secret())).await,
        "allowed"
    );

    // The list in the settings works without the store: on the very record that is in use.
    for by_username in [false, true] {
        let mut tree = settings(&json!({"recheck_seconds": 3_600}));
        let local = Local::new(&tree, Deployment::default());
        let created = create_in(&local.folder, of_alice()).await;
        let event = bearer(created.token.expose_secret());
        assert_eq!(local.code(&event).await, "allowed");
        let entry = if by_username {
            "alice"
        } else {
            created.id.as_str()
        };
        tree["revoked"] = json!([entry, "somebody-else"]);
        local.folder.settings(&tree);
        local.clock.advance(299);
        assert_eq!(local.code(&event).await, "allowed");
        local.clock.advance(1);
        assert_eq!(local.code(&event).await, "token_revoked", "{entry}");
    }
}
