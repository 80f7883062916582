//! The parameter `revoked`: tokens, logins, users and clients that are let in no more.

use std::time::Duration;

use atlassian_authorizer::deployment::Deployment;
use serde_json::{Value, json};

use testing::asked::{Asked, ISSUER};
use testing::lambda::Lambda;
use testing::local::Local;
use testing::tokens::{SigningKey, access_claims};
use testing::{Folder, bearer};

const REFRESH: u64 = 60;

fn settings(key: &SigningKey, revoked: Option<Value>) -> Value {
    let mut settings = json!({
        "settings": {"refresh_seconds": REFRESH},
        "providers": {"idp": {
            "kind": "custom", "issuer": ISSUER, "jwks": {"keys": [key.jwk]},
            "client_ids": ["client", "other-client"], "username": "username",
        }},
    });
    if let Some(revoked) = revoked {
        settings["revoked"] = revoked;
    }
    settings
}

fn token(key: &SigningKey) -> String {
    let mut claims = access_claims(ISSUER);
    claims["origin_jti"] = "login-of-today".into();
    claims["groups"] = json!(["a-group"]);
    key.sign(&claims)
}

#[tokio::test]
async fn by_token_login_subject_and_client_at_the_next_refresh() {
    let key = SigningKey::generate("key", "ES256");
    let claims = access_claims(ISSUER);
    let subject = claims["sub"].as_str().unwrap();
    for entry in ["b1a2", "login-of-today", subject, "client"] {
        let local = Local::new(&settings(&key, None), Deployment::default());
        let event = bearer(&token(&key));
        let mut other = access_claims(ISSUER);
        for (name, value) in [
            ("jti", "c3d4"),
            ("origin_jti", "login-of-yesterday"),
            ("sub", "somebody-else"),
            ("client_id", "other-client"),
        ] {
            other[name] = value.into();
        }
        let other = bearer(&key.sign(&other));
        for event in [&event, &other] {
            assert_eq!(local.code(event).await, "allowed");
        }

        let revoked = json!(["something-else", entry]);
        local.folder.settings(&settings(&key, Some(revoked)));
        local.clock.advance(REFRESH - 1);
        assert_eq!(local.code(&event).await, "allowed");
        assert_eq!(local.audit()["from_cache"], true);
        local.clock.advance(1);
        assert_eq!(local.code(&event).await, "token_revoked", "{entry}");
        assert_eq!(local.audit()["provider"], "idp");
        assert_eq!(local.code(&other).await, "allowed", "{entry}");

        local.folder.settings(&settings(&key, Some(json!([]))));
        local.clock.advance(REFRESH);
        assert_eq!(local.code(&event).await, "allowed");
    }
}

#[tokio::test]
async fn nothing_else_is_compared() {
    let key = SigningKey::generate("key", "ES256");
    let revoked = json!([
        "alic",
        "a-group",
        "openid",
        ISSUER,
        "idp",
        "B1A2",
        "b1a",
        "CLIENT",
        "Login-of-today",
        "*"
    ]);
    let local = Local::new(&settings(&key, Some(revoked)), Deployment::default());
    assert_eq!(local.code(&bearer(&token(&key))).await, "allowed");
}

#[tokio::test]
async fn tokens_that_the_provider_vouches_for() {
    let key = SigningKey::generate("key", "ES256");
    let asked = Asked::start().await;
    asked.change(|answers| {
        answers.introspection = json!({
            "active": true, "sub": "subject", "client_id": "client", "username": "alice", "jti": "b1a2",
        });
    });
    for entry in ["b1a2", "subject", "client", "alice"] {
        let mut settings = asked.settings(&key, "jwt");
        settings["settings"]["refresh_seconds"] = REFRESH.into();
        let local = Local::new(&settings, Deployment::default());
        let event = bearer("an-opaque-token");
        assert_eq!(local.code(&event).await, "allowed");
        settings["revoked"] = json!([entry]);
        local.folder.settings(&settings);
        local.clock.advance(REFRESH);
        assert_eq!(local.code(&event).await, "token_revoked", "{entry}");
    }
}

#[tokio::test]
async fn a_list_that_is_wrong_is_reported_and_changes_nothing() {
    let key = SigningKey::generate("key", "ES256");
    let folder = Folder::new();
    let mut settings = settings(&key, Some(json!(["b1a2"])));
    settings["settings"]["refresh_seconds"] = 1.into();
    let source = folder.settings(&settings);
    let lambda = Lambda::start(&source, &[]).await;
    let event = bearer(&token(&key));
    assert_eq!(lambda.denied(&event).await, "token_revoked");

    let many: Vec<String> = (0..1_001).map(|number| number.to_string()).collect();
    for (wrong, expected) in [
        (json!({"b1a2": true}), "revoked: expected a JSON array"),
        (json!("b1a2"), "revoked: expected a JSON array"),
        (
            json!([1]),
            "revoked: expected a JSON array of non-empty strings",
        ),
        (
            json!([""]),
            "revoked: expected a JSON array of non-empty strings",
        ),
        (json!(null), "revoked: expected a JSON array"),
        (json!(many), "revoked: expected at most 1000 ids"),
    ] {
        settings["revoked"] = wrong.clone();
        folder.settings(&settings);
        let at_the_start = Lambda::start(&source, &[]).await;
        assert_eq!(at_the_start.failed(&event).await, "settings_unavailable");
        let output = at_the_start.output();
        assert!(output.contains(expected), "{wrong}: {output}");
        assert!(!output.contains("b1a2"), "a problem repeats no value");
    }
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(lambda.denied(&event).await, "token_revoked");
    assert_eq!(lambda.audit().await["settings_load_failures"], 1);
}

/// Each way in which other documents, or the tree, can be invalid while `revoked` can be read.
#[tokio::test]
async fn by_itself_while_other_documents_are_invalid() {
    let key = SigningKey::generate("key", "ES256");
    for (what, member, value) in [
        (
            "another document",
            "products",
            json!({"jira": {"path": "no path"}}),
        ),
        (
            "a push is under way",
            "push-in-progress",
            json!("id-of-the-push"),
        ),
        ("an unknown parameter", "colours", json!({})),
        ("no folder", "providers", json!("what was meant?")),
        ("an empty folder", "products", json!({})),
        (
            "no secret",
            "secrets",
            json!({"providers": {"idp": {"client": ""}}}),
        ),
    ] {
        let mut tree = settings(&key, Some(json!(["of-the-last-good"])));
        let local = Local::new(&tree, Deployment::default());
        let event = bearer(&token(&key));
        let mut other = access_claims(ISSUER);
        other["jti"] = "of-the-last-good".into();
        let other = bearer(&key.sign(&other));
        assert_eq!(local.code(&event).await, "allowed");
        assert_eq!(local.code(&event).await, "allowed");
        assert_eq!(local.audit()["from_cache"], true);
        assert_eq!(local.code(&other).await, "token_revoked");

        // Both lists count, and what was known of the token does not.
        let good = tree[member].clone();
        tree[member] = value;
        tree["revoked"] = json!(["b1a2"]);
        local.folder.settings(&tree);
        local.clock.advance(REFRESH);
        assert_eq!(local.code(&event).await, "token_revoked", "{what}");
        assert_eq!(local.audit()["settings_load_failures"], 1, "{what}");
        assert_eq!(local.code(&other).await, "token_revoked", "{what}");

        // What is removed, or can't be read, counts until settings are valid again.
        for revoked in [json!([]), json!("b1a2"), json!(["something-else"])] {
            tree["revoked"] = revoked;
            local.folder.settings(&tree);
            local.clock.advance(REFRESH);
            assert_eq!(local.code(&event).await, "token_revoked", "{what}");
            assert_eq!(local.code(&other).await, "token_revoked", "{what}");
        }
        tree["revoked"] = json!([]);
        tree[member] = good;
        if tree[member].is_null() {
            tree.as_object_mut().unwrap().remove(member);
        }
        local.folder.settings(&tree);
        local.clock.advance(REFRESH);
        assert_eq!(local.code(&event).await, "allowed", "{what}");
        assert_eq!(local.code(&other).await, "allowed", "{what}");
    }
}

/// The last good settings themselves are a good load too.
#[tokio::test]
async fn what_was_revoked_meanwhile_ends_with_the_last_good_settings() {
    let key = SigningKey::generate("key", "ES256");
    let good = settings(&key, Some(json!([])));
    let local = Local::new(&good, Deployment::default());
    let event = bearer(&token(&key));
    assert_eq!(local.code(&event).await, "allowed");
    let mut bad = settings(&key, Some(json!(["client"])));
    bad["products"] = json!({"jira": 1});
    local.folder.settings(&bad);
    local.clock.advance(REFRESH);
    assert_eq!(local.code(&event).await, "token_revoked");
    local.folder.settings(&good);
    local.clock.advance(REFRESH);
    assert_eq!(local.code(&event).await, "allowed");
    assert_eq!(local.audit()["settings_load_failures"], 0);
}

/// Where `revoked` is what is invalid, the last good list stays.
#[tokio::test]
async fn a_list_that_cannot_be_read_ends_nothing() {
    let key = SigningKey::generate("key", "ES256");
    let local = Local::new(
        &settings(&key, Some(json!(["b1a2"]))),
        Deployment::default(),
    );
    let event = bearer(&token(&key));
    assert_eq!(local.code(&event).await, "token_revoked");
    let many: Vec<String> = (0..1_001).map(|number| number.to_string()).collect();
    for wrong in [
        json!("b1a2"),
        json!([""]),
        json!([1]),
        json!(many),
        json!({}),
    ] {
        local.folder.settings(&settings(&key, Some(wrong)));
        local.clock.advance(REFRESH);
        assert_eq!(local.code(&event).await, "token_revoked");
        assert_eq!(local.audit()["settings_load_failures"], 1);
    }
}

/// To Atlassian, capital letters and small ones are the same in a user's name; ids are as they are.
#[tokio::test]
async fn users_in_any_case() {
    let key = SigningKey::generate("key", "ES256");
    let asked = Asked::start().await;
    for (username, entry, code) in [
        ("alice", "ALICE", "token_revoked"),
        ("Alice", "alice", "token_revoked"),
        ("aLiCe@Example.com", "Alice@example.COM", "token_revoked"),
        ("alice", "alic", "allowed"),
        ("alice", "SUBJECT", "allowed"),
        ("alice", "Client", "allowed"),
    ] {
        let revoked = json!([entry]);
        let mut signed = settings(&key, Some(revoked.clone()));
        signed["providers"]["idp"]["username"] = json!({"attributes": ["username"], "allow": ".*"});
        let local = Local::new(&signed, Deployment::default());
        let mut claims = access_claims(ISSUER);
        claims["username"] = username.into();
        claims["sub"] = "subject".into();
        let event = bearer(&key.sign(&claims));
        assert_eq!(local.code(&event).await, code, "{username} {entry}");

        asked.change(|answers| {
            answers.introspection = json!({"active": true, "sub": "subject", "client_id": "client",
                                           "username": username});
        });
        let mut told = asked.settings(&key, "jwt");
        told["providers"]["idp"]["username"] = json!({"attributes": ["username"], "allow": ".*"});
        told["revoked"] = revoked;
        let local = Local::new(&told, Deployment::default());
        let event = bearer(&format!("an-opaque-token-{}", username.len()));
        assert_eq!(local.code(&event).await, code, "{username} {entry}");
    }
}
