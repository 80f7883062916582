//! Opaque tokens of oidc-provider, by its word: introspection, alone and with userinfo.

use std::time::Duration;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{SCOPE, alice, introspected, lambda, lambda_with_secrets, robot, with};
use testing::oidc::{OPAQUE_JIRA, OPAQUE_WIKI, Oidc, SECRET};
use testing::tokens::{DEVELOPMENT_KEY, SigningKey, pem};
use testing::{Folder, bearer};

/// As a random token of the provider looks.
const UNKNOWN: &str = "W7hXoQ2b9mJ4sTzK1vLr8cNfGdYpA5eUiRkO3wE6xBq";

/// A provider whose tokens are introspected, and whose userinfo names the user.
fn with_userinfo(oidc: &Oidc) -> Value {
    with(
        introspected(oidc),
        &json!({
            "userinfo_endpoint": oidc.url("/me"), "username": "preferred_username",
            "groups": "groups",
        }),
    )
}

/// A P-256 key: its PEM and its public JWK.
fn p256() -> (String, Value) {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let private = pair.to_pkcs8v1().unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    (
        pem("PRIVATE KEY", private.as_ref()),
        json!({"kty": "EC", "crv": "P-256", "kid": "p256", "x": encode(x), "y": encode(y)}),
    )
}

#[tokio::test]
async fn each_client_authentication() {
    let rsa = SigningKey::development().jwk;
    let (p256_pem, p256) = p256();
    let oidc = Oidc::start_with_keys(&[
        ("resource-server-rsa", &rsa),
        ("resource-server-p256", &p256),
    ])
    .await;
    let token = alice(&oidc, "app", None).await;
    let other_app = alice(&oidc, "other-app", None).await;
    let secrets = json!({
        "idp-secret": SECRET, "rsa": DEVELOPMENT_KEY, "p256": p256_pem,
    });
    let key = |client: &str, name: &str, id: Option<&str>| {
        json!({
            "client_id": client, "client_auth": "private_key_jwt", "client_secret": null,
            "private_key": name, "client_key_id": id,
        })
    };
    for fields in [
        json!({}),
        json!({"client_id": "resource-server-post", "client_auth": "client_secret_post"}),
        key("resource-server-rsa", "rsa", None),
        key("resource-server-rsa", "rsa", Some("development")),
        key("resource-server-p256", "p256", None),
        key("resource-server-p256", "p256", Some("p256")),
    ] {
        let folder = Folder::new();
        let provider = with(introspected(&oidc), &fields);
        let lambda = lambda_with_secrets(&folder, provider, &secrets).await;
        assert_eq!(lambda.allowed(&bearer(&token)).await, "alice", "{fields}");
        for (token, code) in [
            (other_app.as_str(), "audience_mismatch"),
            (UNKNOWN, "token_inactive"),
        ] {
            assert_eq!(lambda.denied(&bearer(token)).await, code, "{fields}");
        }
    }

    // Another secret, another key, another key id, an unknown client.
    let mut wrong_secret = secrets.clone();
    wrong_secret["idp-secret"] = "not-the-secret".into();
    for (fields, secrets) in [
        (json!({}), &wrong_secret),
        (
            json!({"client_id": "resource-server-post", "client_auth": "client_secret_post"}),
            &wrong_secret,
        ),
        (key("resource-server-rsa", "p256", None), &secrets),
        (key("resource-server-p256", "p256", Some("other")), &secrets),
        (json!({"client_id": "resource-server-nobody"}), &secrets),
    ] {
        let folder = Folder::new();
        let provider = with(introspected(&oidc), &fields);
        let lambda = lambda_with_secrets(&folder, provider, secrets).await;
        let code = lambda.failed(&bearer(&token)).await;
        assert_eq!(code, "provider_misconfigured", "{fields}");
    }
}

#[tokio::test]
async fn introspected_machines_and_audiences() {
    let oidc = Oidc::start().await;
    let folder = Folder::new();
    let by_client = lambda(&folder, introspected(&oidc)).await;
    let mapped = robot(&oidc, "robot", None).await;
    assert_eq!(by_client.allowed(&bearer(&mapped)).await, "svc-robot");
    let other = robot(&oidc, "other-robot", None).await;
    let code = by_client.denied(&bearer(&other)).await;
    assert_eq!(code, "machine_user_unmapped");

    let folder = Folder::new();
    let audiences = with(introspected(&oidc), &json!({"audiences": [OPAQUE_JIRA]}));
    let by_audience = lambda(&folder, audiences).await;
    let token = alice(&oidc, "app", Some(OPAQUE_JIRA)).await;
    assert_eq!(by_audience.allowed(&bearer(&token)).await, "alice");
    for (client, resource) in [
        ("app", Some(OPAQUE_WIKI)),
        ("app", None),
        ("other-app", Some(OPAQUE_JIRA)),
    ] {
        let token = alice(&oidc, client, resource).await;
        let code = by_audience.denied(&bearer(&token)).await;
        assert_eq!(code, "audience_mismatch", "{client} {resource:?}");
    }
}

#[tokio::test]
async fn userinfo_bound_by_introspection() {
    let oidc = Oidc::start().await;
    let folder = Folder::new();
    let lambda = lambda(&folder, with_userinfo(&oidc)).await;
    let token = alice(&oidc, "app", None).await;
    let answer = lambda.invoke(&bearer(&token)).await.unwrap();
    for (name, value) in [
        ("username", "alice"),
        ("client_id", "app"),
        ("groups", "jira-users"),
    ] {
        assert_eq!(answer["context"][name], value, "{name}");
    }
    let other_app = alice(&oidc, "other-app", None).await;
    let no_openid = oidc
        .login("app", "alice", "atlassian/read", None)
        .await
        .access_token;
    for (token, code) in [
        (other_app.as_str(), "audience_mismatch"),
        // Active, but userinfo wants the scope `openid`.
        (&no_openid, "scope_insufficient"),
        (UNKNOWN, "token_inactive"),
    ] {
        assert_eq!(lambda.denied(&bearer(token)).await, code);
    }
}

#[tokio::test]
async fn a_revocation_and_an_outage_are_seen_after_recheck_seconds() {
    let mut oidc = Oidc::start().await;
    for provider in [introspected(&oidc), with_userinfo(&oidc)] {
        let folder = Folder::new();
        let lambda = lambda(&folder, with(provider, &json!({"recheck_seconds": 1}))).await;
        let revoked = alice(&oidc, "app", None).await;
        let bob = oidc.login("app", "bob", SCOPE, None).await.access_token;
        assert_eq!(lambda.allowed(&bearer(&revoked)).await, "alice");
        assert_eq!(lambda.allowed(&bearer(&bob)).await, "bob");
        oidc.revoke("app", &revoked).await;
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        assert_eq!(lambda.denied(&bearer(&revoked)).await, "token_inactive");
        assert_eq!(lambda.allowed(&bearer(&bob)).await, "bob");
    }

    let folder = Folder::new();
    let provider = with(introspected(&oidc), &json!({"recheck_seconds": 1}));
    let lambda = lambda(&folder, provider).await;
    let known = alice(&oidc, "app", None).await;
    let new = alice(&oidc, "app", None).await;
    assert_eq!(lambda.allowed(&bearer(&known)).await, "alice");
    oidc.stop().await;
    assert_eq!(lambda.failed(&bearer(&new)).await, "provider_unavailable");
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(lambda.failed(&bearer(&known)).await, "provider_unavailable");
}
