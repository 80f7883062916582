//! What is done ahead of the first event, and what is not.

use std::time::Duration;

use serde_json::{Value, json};

use testing::asked::{Asked, ISSUER, SECRET};
use testing::issuer::Issuer;
use testing::lambda::Lambda;
use testing::tls::Authority;
use testing::tokens::{SigningKey, access_claims};
use testing::{Folder, bearer};

/// Waits until something has been done; fails where it is not.
async fn until(what: &str, is_done: impl Fn() -> bool) {
    for _ in 0..200 {
        if is_done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("within five seconds: {what}");
}

fn discovered(issuer: &Issuer) -> Value {
    json!({
        "kind": "custom", "issuer": issuer.url, "discovery": true, "client_ids": ["client"],
        "username": "username",
    })
}

#[tokio::test]
async fn all_keys_are_there_before_the_first_event() {
    let key = SigningKey::generate("key", "ES256");
    let (one, other) = (Issuer::start(&[&key]).await, Issuer::start(&[&key]).await);
    let folder = Folder::new();
    let settings = json!({"providers": {
        "one": discovered(&one),
        "other": other.settings()["providers"]["idp"],
    }});
    let lambda = Lambda::start(&folder.settings(&settings), &[]).await;
    until("both sets are fetched", || {
        one.fetches() == 1 && other.fetches() == 1
    })
    .await;
    // An outage that begins now is nothing to the first callers.
    for issuer in [&one, &other] {
        issuer.change(|behaviour| behaviour.status = 503);
    }
    for issuer in [&one, &other] {
        let event = bearer(&key.sign(&access_claims(&issuer.url)));
        assert_eq!(lambda.allowed(&event).await, "alice");
        assert_eq!(issuer.fetches(), 1);
    }
    assert_eq!(one.discoveries(), 1);
    assert_eq!(lambda.audits().await[0]["key_fetches"], 2);
}

#[tokio::test]
async fn sixteen_key_sets_are_fetched_ahead_and_the_others_when_they_are_needed() {
    let key = SigningKey::generate("key", "ES256");
    let mut issuers = Vec::new();
    let mut settings = json!({"providers": {}});
    for number in 10..28 {
        let issuer = Issuer::start(&[&key]).await;
        settings["providers"][format!("idp-{number}")] = discovered(&issuer);
        issuers.push(issuer);
    }
    let fetches = || issuers.iter().map(Issuer::fetches).collect::<Vec<_>>();
    let folder = Folder::new();
    let lambda = Lambda::start(&folder.settings(&settings), &[]).await;
    let first = bearer(&key.sign(&access_claims(&issuers[0].url)));
    assert_eq!(lambda.allowed(&first).await, "alice");
    assert_eq!(fetches(), [[1; 16].as_slice(), &[0, 0]].concat());
    let last = bearer(&key.sign(&access_claims(&issuers[17].url)));
    assert_eq!(lambda.allowed(&last).await, "alice");
    assert_eq!(fetches(), [[1; 16].as_slice(), &[0, 1]].concat());
}

#[tokio::test]
async fn keys_that_could_not_be_fetched_are_fetched_for_the_first_token() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    issuer.change(|behaviour| behaviour.status = 503);
    let folder = Folder::new();
    let lambda = Lambda::start(&folder.settings(&issuer.settings()), &[]).await;
    until("a first fetch", || issuer.fetches() == 1).await;
    issuer.change(|behaviour| behaviour.status = 200);
    let event = bearer(&key.sign(&access_claims(&issuer.url)));
    assert_eq!(lambda.allowed(&event).await, "alice");
    assert_eq!(issuer.fetches(), 2, "without a pause");
    let audit = lambda.audit().await;
    assert_eq!(
        audit["key_fetch_failures"], 0,
        "nobody has missed the first"
    );
}

#[tokio::test]
async fn one_source_of_keys_is_asked_once() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    let provider = |name: &str| {
        json!({
            "kind": "custom", "issuer": name, "jwks_uri": issuer.jwks_uri(), "client_ids": ["client"],
            "username": "username",
        })
    };
    let names = ["https://one.example.com", "https://other.example.com"];
    let settings = json!({"providers": {"one": provider(names[0]), "other": provider(names[1])}});
    let folder = Folder::new();
    let lambda = Lambda::start(&folder.settings(&settings), &[]).await;
    for name in names {
        assert_eq!(
            lambda
                .allowed(&bearer(&key.sign(&access_claims(name))))
                .await,
            "alice"
        );
    }
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test]
async fn a_slow_issuer_does_not_hold_up_the_start_for_long() {
    let key = SigningKey::generate("key", "ES256");
    let slow = Issuer::start(&[&key]).await;
    slow.change(|behaviour| behaviour.delay = Duration::from_secs(20));
    let quick = Issuer::start(&[&key]).await;
    let settings = json!({"providers": {
        "quick": quick.settings()["providers"]["idp"],
        "slow": slow.settings()["providers"]["idp"],
    }});
    let folder = Folder::new();
    let lambda = Lambda::start(&folder.settings(&settings), &[]).await;
    // The first start may have the function built.
    let started = std::time::Instant::now();
    let event = bearer(&key.sign(&access_claims(&quick.url)));
    assert_eq!(lambda.allowed(&event).await, "alice");
    assert!(started.elapsed() < Duration::from_secs(4));
}

/// A provider that is asked about tokens is connected to while there is a whole core for the
/// handshake, but for instances that wait for their first event.
#[tokio::test]
async fn the_first_question_finds_a_connection() {
    let key = SigningKey::generate("key", "ES256");
    let authority = Authority::new();
    for (how, ahead) in [("on-demand", 1), ("provisioned-concurrency", 0)] {
        let asked = Asked::start_tls(&authority, "127.0.0.1").await;
        asked.change(|answers| {
            answers.introspection = json!({
                "active": true, "sub": "1", "client_id": "client", "username": "alice",
            });
        });
        let mut settings = asked.settings(&key, "jwt");
        settings["providers"]["idp"]["ca_certificates"] = authority.pem.as_str().into();
        let folder = Folder::new();
        let variables = [("AWS_LAMBDA_INITIALIZATION_TYPE", how)];
        let lambda = Lambda::start(&folder.settings(&settings), &variables).await;
        lambda.keep_secret(SECRET);
        if ahead == 1 {
            until("a connection", || asked.count() == 1).await;
            let question = &asked.questions()[0];
            assert_eq!(
                (question.path.as_str(), question.authorization.as_str()),
                ("/", "")
            );
        } else {
            let by_key = bearer(&key.sign(&access_claims(ISSUER)));
            assert_eq!(lambda.allowed(&by_key).await, "alice");
            assert_eq!(asked.tls_connections(), 0);
        }
        assert_eq!(lambda.allowed(&bearer("an-opaque-token")).await, "alice");
        assert_eq!(asked.tls_connections(), 1, "{how}");
        assert_eq!(asked.count(), ahead + 1);
    }
}
