//! Tokens and keys that name each other in other ways than by one `kid`, through the real function.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use testing::issuer::Issuer;
use testing::lambda::Lambda;
use testing::tokens::{SigningKey, access_claims};
use testing::{Folder, bearer};

async fn lambda(folder: &Folder, issuer: &Issuer) -> Lambda {
    Lambda::start(&folder.settings(&issuer.settings()), &[]).await
}

fn publish(issuer: &Issuer, keys: &Value) {
    issuer.change(|behaviour| behaviour.keys = json!({ "keys": keys }).to_string().into_bytes());
}

fn sign(key: &SigningKey, header: &Value, issuer: &Issuer) -> String {
    key.sign_parts(&header.to_string(), &access_claims(&issuer.url).to_string())
}

/// SHA-1 and SHA-256 of the text "certificate", by another program.
const X5T: &str = "c1rVccGJ17qERkv0qfHSKAF1sSg";
const X5T_S256: &str = "A9Zt0Ig1wco_EozOrNHzGslBYwlrIPRFroQoW8CDLXI";

#[tokio::test]
async fn a_certificate_names_a_key() {
    let keys = ["a", "b"].map(|kid| SigningKey::generate(kid, "RS256"));
    let issuer = Issuer::start(&[]).await;
    let (mut one, mut two) = (keys[0].jwk.clone(), keys[1].jwk.clone());
    one["x5c"] = json!([STANDARD.encode("certificate")]);
    two["x5t"] = URL_SAFE_NO_PAD.encode([7; 20]).into();
    two["kid"] = Value::Null;
    publish(&issuer, &json!([one, two]));
    let folder = Folder::new();
    let lambda = lambda(&folder, &issuer).await;
    for (key, header, expected) in [
        (&keys[0], json!({"x5t": X5T}), "alice"),
        (&keys[0], json!({"x5t#S256": X5T_S256}), "alice"),
        (&keys[0], json!({"kid": "gone", "x5t": X5T}), "alice"),
        (
            &keys[1],
            json!({"x5t": URL_SAFE_NO_PAD.encode([7; 20])}),
            "alice",
        ),
        (&keys[1], json!({"x5t": X5T}), "signature_invalid"),
        (
            &keys[0],
            json!({"kid": "a", "x5t": URL_SAFE_NO_PAD.encode([7; 20])}),
            "alice",
        ),
        (
            &keys[0],
            json!({"x5t": URL_SAFE_NO_PAD.encode([8; 20])}),
            "key_unknown",
        ),
        (&keys[0], json!({}), "key_id_missing"),
        (&keys[0], json!({"x5t": 7}), "key_id_missing"),
    ] {
        let mut header = header;
        header["alg"] = "RS256".into();
        let event = bearer(&sign(key, &header, &issuer));
        let got = if expected == "alice" {
            // Twice, for the verdict of the first serves the second.
            lambda.allowed(&event).await;
            lambda.allowed(&event).await
        } else {
            lambda.denied(&event).await
        };
        assert_eq!(got, expected, "{header}");
    }
}

#[tokio::test]
async fn all_keys_of_one_kid_are_tried_up_to_four() {
    let keys: Vec<SigningKey> = (0..6)
        .map(|_| SigningKey::generate("same", "ES256"))
        .collect();
    let other = SigningKey::generate("same", "RS256");
    let issuer = Issuer::start(&keys.iter().chain([&other]).collect::<Vec<_>>()).await;
    let folder = Folder::new();
    let lambda = lambda(&folder, &issuer).await;
    let claims = access_claims(&issuer.url);
    for (place, key) in keys.iter().enumerate() {
        let event = bearer(&key.sign(&claims));
        if place < 4 {
            assert_eq!(lambda.allowed(&event).await, "alice", "{place}");
        } else {
            assert_eq!(lambda.denied(&event).await, "signature_invalid", "{place}");
        }
    }
    assert_eq!(lambda.allowed(&bearer(&other.sign(&claims))).await, "alice");
}

/// A key verifies for the issuer that it names alone, in the same set as those of others.
#[tokio::test]
async fn a_key_of_another_issuer_verifies_nothing() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[]).await;
    for (named, expected) in [
        (json!(issuer.url), "alice"),
        (Value::Null, "alice"),
        (json!(""), "alice"),
        (json!(format!("{}/", issuer.url)), "key_unknown"),
        (
            json!("https://login.microsoftonline.com/{tenantid}/v2.0"),
            "key_unknown",
        ),
    ] {
        let mut jwk = key.jwk.clone();
        jwk["issuer"] = named.clone();
        publish(&issuer, &json!([jwk]));
        let folder = Folder::new();
        let lambda = lambda(&folder, &issuer).await;
        let event = bearer(&key.sign(&access_claims(&issuer.url)));
        let got = if expected == "alice" {
            lambda.allowed(&event).await
        } else {
            lambda.denied(&event).await
        };
        assert_eq!(got, expected, "{named}");
    }
}

/// Entra's template, for both versions of its tokens: a tenant's own, and no other's.
#[tokio::test]
async fn entras_keys_are_for_the_tenant_that_they_name() {
    const TENANT: &str = "8f0c1b5e-1c2d-4e3f-9a4b-5c6d7e8f9a0b";
    const OTHER: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
    let key = SigningKey::generate("key", "RS256");
    let issuers = [
        format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
        format!("https://sts.windows.net/{TENANT}/"),
    ];
    let template = "https://login.microsoftonline.com/{tenantid}/v2.0";
    for (named, good) in [
        (template.to_owned(), true),
        (issuers[0].clone(), true),
        (template.replace("{tenantid}", OTHER), false),
        (
            template.replace(
                "login.microsoftonline.com",
                "login.partner.microsoftonline.cn",
            ),
            false,
        ),
    ] {
        let mut jwk = key.jwk.clone();
        jwk["issuer"] = named.clone().into();
        let folder = Folder::new();
        let settings = json!({"providers": {"idp": {
            "kind": "entra", "tenant_id": TENANT, "audiences": ["api"], "jwks": {"keys": [jwk]}, "username": "username",
        }}});
        let lambda = Lambda::start(&folder.settings(&settings), &[]).await;
        for issuer in &issuers {
            let mut claims = access_claims(issuer);
            claims["aud"] = "api".into();
            claims["scp"] = "access_as_user".into();
            let event = bearer(&key.sign(&claims));
            let got = if good {
                lambda.allowed(&event).await
            } else {
                lambda.denied(&event).await
            };
            assert_eq!(
                got,
                if good { "alice" } else { "key_unknown" },
                "{named} {issuer}"
            );
        }
    }
}
