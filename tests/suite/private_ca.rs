//! `ca_certificates`: providers with certificates from a private CA.

use std::time::Duration;

use serde_json::{Value, json};

use testing::asked::{Asked, ISSUER, SECRET};
use testing::lambda::Lambda;
use testing::tls::Authority;
use testing::tokens::{SigningKey, access_claims};
use testing::{Folder, bearer};

/// A provider behind TLS, at this name or address in its certificate.
async fn provider(authority: &Authority, name: &str, key: &SigningKey) -> Asked {
    let asked = Asked::start_tls(authority, name).await;
    let keys = json!({"keys": [key.jwk]});
    asked.change(|answers| {
        answers.keys = keys;
        answers.introspection = json!({
            "active": true, "sub": "1", "client_id": "client", "username": "alice",
        });
    });
    asked
}

/// Settings that fetch the provider's keys, and trust these CAs.
fn settings(asked: &Asked, key: &SigningKey, pem: Option<&str>) -> Value {
    let mut settings = asked.settings(key, "jwt");
    settings["settings"]["refresh_seconds"] = 1.into();
    let provider = &mut settings["providers"]["idp"];
    provider.as_object_mut().unwrap().remove("jwks");
    provider["jwks_uri"] = format!("{}/keys", asked.url).into();
    if let Some(pem) = pem {
        provider["ca_certificates"] = pem.into();
    }
    settings
}

async fn lambda(folder: &Folder, settings: &Value) -> Lambda {
    let lambda = Lambda::start(&folder.settings(settings), &[]).await;
    lambda.keep_secret(SECRET);
    lambda
}

#[tokio::test]
async fn keys_and_questions_by_the_authority_in_the_settings() {
    let key = SigningKey::generate("key", "ES256");
    let authority = Authority::new();
    let asked = provider(&authority, "127.0.0.1", &key).await;
    let jwt = bearer(&key.sign(&access_claims(ISSUER)));
    let opaque = bearer("an-opaque-token");

    let both = format!("{}{}", Authority::new().pem, authority.pem);
    for pem in [&authority.pem, &both] {
        let folder = Folder::new();
        let lambda = lambda(&folder, &settings(&asked, &key, Some(pem))).await;
        assert_eq!(lambda.allowed(&jwt).await, "alice");
        assert_eq!(lambda.allowed(&opaque).await, "alice");
        assert_eq!(lambda.audit().await["auth_method"], "introspection");
    }
    assert_eq!(asked.count(), 4);

    let other = Authority::new();
    for pem in [None, Some(other.pem.as_str())] {
        let folder = Folder::new();
        let lambda = lambda(&folder, &settings(&asked, &key, pem)).await;
        assert_eq!(lambda.failed(&jwt).await, "keys_unavailable");
        assert_eq!(lambda.failed(&opaque).await, "provider_unavailable");
    }
    assert_eq!(
        asked.count(),
        4,
        "nothing is sent before the handshake holds"
    );
}

#[tokio::test]
async fn a_certificate_must_be_for_the_endpoint() {
    let key = SigningKey::generate("key", "ES256");
    let authority = Authority::new();
    let asked = provider(&authority, "idp.example.com", &key).await;
    let folder = Folder::new();
    let lambda = lambda(&folder, &settings(&asked, &key, Some(&authority.pem))).await;
    let event = bearer(&key.sign(&access_claims(ISSUER)));
    assert_eq!(lambda.failed(&event).await, "keys_unavailable");
    assert_eq!(asked.count(), 0);
}

#[tokio::test]
async fn an_authority_is_trusted_for_its_provider_alone() {
    let (one, two) = (
        SigningKey::generate("one", "ES256"),
        SigningKey::generate("two", "ES256"),
    );
    let authority = Authority::new();
    let with = provider(&authority, "127.0.0.1", &one).await;
    let without = provider(&authority, "127.0.0.1", &two).await;
    let mut tree = settings(&with, &one, Some(&authority.pem));
    let mut other = settings(&without, &two, None)["providers"]["idp"].clone();
    other["issuer"] = "https://other.example.com".into();
    tree["providers"]["other"] = other;
    tree["secrets"] = json!({"providers": {
        "idp": {"introspection": SECRET}, "other": {"introspection": SECRET},
    }});
    let folder = Folder::new();
    let lambda = lambda(&folder, &tree).await;
    let event = bearer(&one.sign(&access_claims(ISSUER)));
    assert_eq!(lambda.allowed(&event).await, "alice");
    let event = bearer(&two.sign(&access_claims("https://other.example.com")));
    assert_eq!(lambda.failed(&event).await, "keys_unavailable");
    assert_eq!(without.count(), 0);
}

#[tokio::test]
async fn keys_do_not_outlive_the_trust_in_their_authority() {
    let key = SigningKey::generate("key", "ES256");
    let authority = Authority::new();
    let asked = provider(&authority, "127.0.0.1", &key).await;
    let folder = Folder::new();
    let lambda = lambda(&folder, &settings(&asked, &key, Some(&authority.pem))).await;
    let event = bearer(&key.sign(&access_claims(ISSUER)));
    assert_eq!(lambda.allowed(&event).await, "alice");
    let other = Authority::new();
    folder.settings(&settings(&asked, &key, Some(&other.pem)));
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(lambda.failed(&event).await, "keys_unavailable");
    folder.settings(&settings(&asked, &key, None));
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(lambda.failed(&event).await, "keys_unavailable");
}

#[tokio::test]
async fn what_is_no_certificate_is_reported() {
    let key = SigningKey::generate("key", "ES256");
    let asked = Asked::start().await;
    let event = bearer(&key.sign(&access_claims(ISSUER)));
    for pem in [
        "hunter2-hunter2",
        "-----BEGIN CERTIFICATE-----\naHVudGVyMi1odW50ZXIy\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\naHVudGVyMi1odW50ZXIy\n",
        "-----BEGIN PRIVATE KEY-----\naHVudGVyMi1odW50ZXIy\n-----END PRIVATE KEY-----\n",
    ] {
        let folder = Folder::new();
        let lambda = lambda(&folder, &settings(&asked, &key, Some(pem))).await;
        lambda.keep_secret("hunter2");
        lambda.keep_secret("aHVudGVyMi1odW50ZXIy");
        assert_eq!(lambda.failed(&event).await, "settings_unavailable");
        let output = lambda.output();
        let expected = "providers/idp: ca_certificates: expected CA certificates in PEM";
        assert!(output.contains(expected), "{output}");
    }
}
