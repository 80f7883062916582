//! Providers as operators set them up.

use serde_json::{Value, json};

use testing::issuer::Issuer;
use testing::lambda::Lambda;
use testing::tokens::{SigningKey, access_claims};
use testing::{Folder, bearer};

async fn lambda(folder: &Folder, providers: Value) -> Lambda {
    Lambda::start(&folder.settings(&json!({"providers": providers})), &[]).await
}

#[tokio::test]
async fn custom_by_discovery() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    let token = key.sign(&access_claims(&issuer.url));
    let at = format!("{}/.well-known/openid-configuration", issuer.url);
    for discovery in [json!(null), json!(true), json!(at)] {
        let mut provider = json!({
            "kind": "custom", "issuer": issuer.url, "client_ids": ["client"], "username": "username",
        });
        if !discovery.is_null() {
            provider["discovery"] = discovery;
        }
        let folder = Folder::new();
        let lambda = lambda(&folder, json!({"idp": provider})).await;
        assert_eq!(lambda.allowed(&bearer(&token)).await, "alice");
    }
    assert_eq!(issuer.discoveries(), 3);
}

#[tokio::test]
async fn a_discovery_document_is_not_believed_blindly() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    let token = key.sign(&access_claims(&issuer.url));
    for document in [
        json!({"issuer": "https://other.example", "jwks_uri": issuer.jwks_uri()}),
        json!({"issuer": format!("{}/", issuer.url), "jwks_uri": issuer.jwks_uri()}),
        json!({"issuer": issuer.url}),
        json!({"issuer": issuer.url, "jwks_uri": "http://idp.example.com/keys"}),
        json!({"issuer": issuer.url, "jwks_uri": "file:///etc/passwd"}),
        json!({"issuer": issuer.url, "jwks_uri": 7}),
        json!([]),
    ] {
        issuer.change(|behaviour| behaviour.discovery = document.clone());
        let folder = Folder::new();
        let provider = json!({
            "kind": "custom", "issuer": issuer.url, "client_ids": ["client"], "username": "username",
        });
        let lambda = lambda(&folder, json!({"idp": provider})).await;
        assert_eq!(
            lambda.failed(&bearer(&token)).await,
            "keys_unavailable",
            "{document}"
        );
    }
    assert_eq!(issuer.fetches(), 0);
}

#[tokio::test]
async fn several_of_each_kind() {
    let keys: Vec<SigningKey> = (0..4)
        .map(|number| SigningKey::generate(&format!("key-{number}"), "RS256"))
        .collect();
    let one = Issuer::start(&[&keys[0]]).await;
    let two = Issuer::start(&[&keys[1]]).await;
    let inline = json!({"keys": [keys[3].jwk]});
    let folder = Folder::new();
    let lambda = lambda(
        &folder,
        json!({
            "staff": {"kind": "cognito", "issuer": one.url, "client_ids": ["client"]},
            "partners": {"kind": "cognito", "issuer": two.url, "client_ids": ["client"],
                         "username": "sub"},
            "idp": {"kind": "custom", "issuer": "https://idp.example.com", "jwks": inline,
                    "client_ids": ["client"], "username": "username"},
        }),
    )
    .await;
    let sub = access_claims("")["sub"].as_str().unwrap().to_owned();
    for (key, issuer, provider, username) in [
        (&keys[0], one.url.as_str(), "staff", "alice"),
        (&keys[1], two.url.as_str(), "partners", sub.as_str()),
        (&keys[3], "https://idp.example.com", "idp", "alice"),
    ] {
        let answer = lambda
            .invoke(&bearer(&key.sign(&access_claims(issuer))))
            .await
            .unwrap();
        assert_eq!(answer["context"]["provider"], provider);
        assert_eq!(answer["context"]["username"], username);
    }
    // A key of one provider is worth nothing at another.
    let crossed = keys[0].sign(&access_claims(&two.url));
    assert_eq!(lambda.denied(&bearer(&crossed)).await, "key_unknown");
}

#[tokio::test]
async fn cognito_rules() {
    let key = SigningKey::generate("key", "RS256");
    let other = SigningKey::generate("pss", "PS256");
    let issuer = Issuer::start(&[&key, &other]).await;
    let folder = Folder::new();
    let lambda = lambda(
        &folder,
        json!({"pool": {
            "kind": "cognito", "issuer": issuer.url, "client_ids": ["client", "robot"],
            "machine_users": {"robot": "svc-robot"},
        }}),
    )
    .await;
    let access = || access_claims(&issuer.url);
    let id = || {
        json!({
            "iss": issuer.url, "sub": "5f0c", "aud": "client", "token_use": "id",
            "cognito:username": "bob", "exp": access()["exp"],
        })
    };
    let machine = |client: &str| {
        json!({
            "iss": issuer.url, "sub": client, "client_id": client, "token_use": "access",
            "scope": "atlassian/read", "exp": access()["exp"],
        })
    };
    let with = |mut claims: Value, name: &str, value: Value| {
        claims[name] = value;
        claims
    };
    for (claims, username) in [
        (access(), "alice"),
        (id(), "bob"),
        (machine("robot"), "svc-robot"),
    ] {
        assert_eq!(lambda.allowed(&bearer(&key.sign(&claims))).await, username);
    }
    for (what, claims, code) in [
        (
            "no token_use",
            with(access(), "token_use", json!(null)),
            "token_use_mismatch",
        ),
        (
            "refresh",
            with(access(), "token_use", json!("refresh")),
            "token_use_mismatch",
        ),
        (
            "other client",
            with(access(), "client_id", json!("other")),
            "audience_mismatch",
        ),
        (
            "other audience",
            with(id(), "aud", json!("other")),
            "audience_mismatch",
        ),
        // An access token that names its client only where an id token does.
        (
            "aud in an access token",
            json!({"iss": issuer.url, "sub": "5f0c", "aud": "client", "token_use": "access",
                   "username": "alice", "exp": access()["exp"]}),
            "audience_mismatch",
        ),
        (
            "unmapped machine",
            machine("client"),
            "machine_user_unmapped",
        ),
        (
            "machine of another sub",
            with(machine("client"), "sub", json!("5f0c")),
            "machine_user_unmapped",
        ),
    ] {
        assert_eq!(
            lambda.denied(&bearer(&key.sign(&claims))).await,
            code,
            "{what}"
        );
    }
    assert_eq!(
        lambda.denied(&bearer(&other.sign(&access()))).await,
        "algorithm_not_allowed"
    );
}

#[tokio::test]
async fn cognito_token_use_can_be_narrowed() {
    let key = SigningKey::generate("key", "RS256");
    let issuer = Issuer::start(&[&key]).await;
    let folder = Folder::new();
    let lambda = lambda(
        &folder,
        json!({"pool": {
            "kind": "cognito", "issuer": issuer.url, "client_ids": ["client"], "token_use": "id",
        }}),
    )
    .await;
    let token = key.sign(&access_claims(&issuer.url));
    assert_eq!(lambda.denied(&bearer(&token)).await, "token_use_mismatch");
}

#[tokio::test]
async fn audiences_of_access_tokens() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    let folder = Folder::new();
    let lambda = lambda(
        &folder,
        json!({"idp": {
            "kind": "custom", "issuer": issuer.url, "jwks_uri": issuer.jwks_uri(),
            "audiences": ["https://jira.example.com"], "username": "username",
        }}),
    )
    .await;
    for (audience, code) in [
        (json!("https://jira.example.com"), None),
        (json!(["other", "https://jira.example.com"]), None),
        (
            json!("https://jira.example.com/"),
            Some("audience_mismatch"),
        ),
        (json!([]), Some("audience_mismatch")),
        (json!(null), Some("audience_mismatch")),
        (json!({}), Some("claims_malformed")),
    ] {
        let mut claims = access_claims(&issuer.url);
        claims["aud"] = audience;
        let event = bearer(&key.sign(&claims));
        match code {
            None => assert_eq!(lambda.allowed(&event).await, "alice"),
            Some(code) => assert_eq!(lambda.denied(&event).await, code),
        }
    }
}
