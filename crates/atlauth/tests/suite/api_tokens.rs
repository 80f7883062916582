//! API tokens: how they are made, who they act as, and which of them are refused.

use atlassian_authorizer::clock::UnixTime;
use atlassian_authorizer::deployment::Deployment;
use atlauth::api_tokens::{ApiTokenError, NewToken, create};
use serde_json::json;

use testing::api_tokens::{
    basic, bearer, forge, id, lambda, outcome, pair, parts, secret, settings, with,
};
use testing::local::Local;
use testing::tokens::now;
use testing::{Folder, rest_event};

use crate::made_tokens::{RULES, create_in, of_alice, store};

#[tokio::test]
async fn a_token_acts_as_its_user_within_scopes_and_groups() {
    let folder = Folder::new();
    let mut settings = settings(&json!({}));
    settings["products"]["jira"]["access"] = json!([
        {"allow": ["@read"], "scopes": ["jira/read"]},
        {"allow": ["@write"], "groups": ["writers"]},
    ]);
    let lambda = lambda(&folder, &settings, &[]).await;
    let reader = NewToken {
        scopes: vec!["openid".into(), "jira/read".into()],
        ..of_alice()
    };
    let writer = NewToken {
        groups: Some(vec!["staff".into(), "writers".into()]),
        ..of_alice()
    };
    let reader = create_in(&folder, reader).await;
    let writer = create_in(&folder, writer).await;
    let neither = create_in(&folder, of_alice()).await;
    for (created, reads, writes) in [
        (&reader, true, false),
        (&writer, false, true),
        (&neither, false, false),
    ] {
        let token = created.token.expose_secret();
        lambda.keep_secret(parts(token).1);
        for (method, allowed) in [("GET", reads), ("POST", writes)] {
            let expected = if allowed {
                pair("allowed", "allowed")
            } else {
                pair("forbidden", "route_not_allowed")
            };
            let event = with(token, method, "/jira/rest/api/2/issue");
            assert_eq!(outcome(&lambda, &event).await, expected);
        }
    }

    let answer = lambda
        .invoke(&bearer(writer.token.expose_secret()))
        .await
        .unwrap();
    assert_eq!(
        answer["context"],
        json!({
            "username": "alice", "user_header": "alice", "principal": "alice", "product": "jira", "provider": "api-tokens",
            "auth_method": "api_token", "client_id": "", "scope": "", "groups": "staff,writers",
            "token_id": writer.id.as_str(), "authorization": "none", "xoauth_requestor_id": "",
            "decision_id": answer["context"]["decision_id"],
        })
    );
    assert_eq!(answer["principalId"], "alice");
    let audit = lambda.audit().await;
    assert_eq!(audit["provider"], "api-tokens");
    assert_eq!(audit["auth_method"], "api_token");
    assert_eq!(audit["token_id"], writer.id.as_str());
}

#[tokio::test]
async fn as_the_password_of_basic_auth_where_that_is_set() {
    let folder = Folder::new();
    let created = create_in(&folder, of_alice()).await;
    let token = created.token.expose_secret();
    let event = |username: &str, password: &str| {
        rest_event("GET", "/jira/rest/api/2/myself", &basic(username, password))
    };
    for basic_auth in ["deny", "pass_through"] {
        let mut off = settings(&json!({}));
        off["settings"]["basic_auth"] = basic_auth.into();
        let lambda = lambda(&folder, &off, &[]).await;
        lambda.keep_secret(parts(token).1);
        let code = lambda.denied(&event("alice", token)).await;
        assert_eq!(code, "basic_denied", "{basic_auth}");
        assert_eq!(lambda.allowed(&bearer(token)).await, "alice");
    }

    let lambda = lambda(&folder, &settings(&json!({"allow_basic": true})), &[]).await;
    lambda.keep_secret(parts(token).1);
    let answer = lambda.invoke(&event("alice", token)).await.unwrap();
    assert_eq!(answer["context"]["username"], "alice");
    assert_eq!(answer["context"]["auth_method"], "api_token");
    assert_eq!(answer["context"]["authorization"], "none");
    for username in ["bob", "alice2", "alice ", ""] {
        let code = lambda.denied(&event(username, token)).await;
        assert_eq!(code, "api_token_user_mismatch", "{username:?}");
    }
    let wrong = forge(created.id.as_str(), &secret(1));
    for (password, code) in [
        (wrong.as_str(), "api_token_unknown"),
        (&token[..token.len() - 1], "api_token_malformed"),
        ("password", "basic_denied"),
    ] {
        assert_eq!(lambda.denied(&event("alice", password)).await, code);
    }
}

#[tokio::test]
async fn where_they_are_not_enabled() {
    let folder = Folder::new();
    let created = create_in(&folder, of_alice()).await;
    let token = created.token.expose_secret();
    let provider = json!({
        "kind": "cognito", "user_pool_id": "eu-west-1_AbCdEfGhI", "client_ids": ["client"],
    });
    for rules in [
        json!(null),
        json!({"allow_basic": true}),
        json!({"enabled": false}),
    ] {
        let mut settings =
            json!({"providers": {"pool": provider}, "settings": {"refresh_seconds": 1}});
        if !rules.is_null() {
            settings["settings"]["api_tokens"] = rules;
        }
        let lambda = lambda(&folder, &settings, &[]).await;
        lambda.keep_secret(parts(token).1);
        assert_eq!(lambda.denied(&bearer(token)).await, "api_tokens_disabled");
        let event = rest_event("GET", "/", &basic("alice", token));
        assert_eq!(lambda.denied(&event).await, "basic_denied");
    }
    let now = UnixTime::from_secs(now());
    let refused = create(&store(&folder), None, of_alice(), now).await;
    assert!(matches!(refused, Err(ApiTokenError::Disabled)));
}

#[tokio::test]
async fn what_is_malformed_or_unknown() {
    let local = Local::new(&settings(&json!({})), Deployment::default());
    let created = create_in(&local.folder, of_alice()).await;
    let token = created.token.expose_secret();
    let last = if token.ends_with('a') { "b" } else { "a" };
    let mistyped = format!("{}{last}", &token[..token.len() - 1]);
    for (token, code) in [
        (mistyped, "api_token_malformed"),
        ("atl_".to_owned(), "api_token_malformed"),
        (format!("{token}a"), "api_token_malformed"),
        (token[..token.len() - 8].to_owned(), "api_token_malformed"),
        (token.replace("atl_", "atl_../"), "api_token_malformed"),
        (
            token.to_uppercase().replace("ATL_", "atl_"),
            "api_token_malformed",
        ),
        (forge(&id(1), &secret(1)), "api_token_unknown"),
        (forge(created.id.as_str(), &secret(1)), "api_token_unknown"),
        (token.to_owned(), "allowed"),
    ] {
        assert_eq!(local.code(&bearer(&token)).await, code);
    }
}

#[tokio::test]
async fn a_new_token_is_random_and_not_shown() {
    let folder = Folder::new();
    let one = create_in(&folder, of_alice()).await;
    let other = create_in(&folder, of_alice()).await;
    let (one_id, one_secret) = parts(one.token.expose_secret());
    let (other_id, other_secret) = parts(other.token.expose_secret());
    assert_ne!(one_id, other_id);
    assert_ne!(one_secret, other_secret);
    assert_eq!(one.id.as_str(), one_id);
    assert_eq!(one.token.expose_secret(), forge(one_id, one_secret));

    let shown = format!("{one:?}");
    assert!(shown.contains(one_id), "{shown}");
    assert!(!shown.contains(one_secret) && !shown.contains("atl_"));

    let file = folder.path().join(format!("settings-tokens/{one_id}.json"));
    let record = std::fs::read_to_string(&file).unwrap();
    assert!(!record.contains(one_secret) && record.contains("nightly export"));

    // What a standard parameter does not hold is not stored.
    let new = NewToken {
        groups: Some((0..400).map(|number| format!("group-{number}")).collect()),
        ..of_alice()
    };
    let now = UnixTime::from_secs(now());
    let refused = create(&store(&folder), Some(&RULES), new, now).await;
    assert!(
        matches!(refused, Err(ApiTokenError::TooLarge)),
        "{refused:?}"
    );
    let stored = std::fs::read_dir(folder.path().join("settings-tokens")).unwrap();
    assert_eq!(stored.count(), 2);
}
