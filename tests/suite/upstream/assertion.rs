//! Signed assertions about the user, verified as an origin would with the printed keys.

use atlassian_authorizer::deployment::{ByProduct, Deployment};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};

use super::{authorization, get, settings};
use testing::local::Local;
use testing::ssm::load;
use testing::tokens::{SigningKey, now, p256_pem};

pub fn upstream() -> Value {
    json!({"mode": "assertion", "private_key": "assertion-key", "issuer": "https://gateway.example.com",
           "audience": "jira", "never_impersonate": ["admin", "SVC-*", "J\u{fc}rgen"]})
}

fn with_key(key: &SigningKey) -> Value {
    let mut settings = settings(key, &upstream());
    settings["secrets"]["assertion-key"] = p256_pem().into();
    settings
}

/// The key that the operator is told of.
fn printed(settings: &Value) -> Jwk {
    let settings = load(settings).unwrap();
    let keys = settings.assertion_keys();
    let set = &keys["jira"];
    assert_eq!(set["keys"].as_array().unwrap().len(), 1);
    assert!(set["keys"][0].get("d").is_none());
    serde_json::from_value(set["keys"][0].clone()).unwrap()
}

#[tokio::test]
async fn it_verifies_and_outlives_the_cache() {
    let key = SigningKey::generate("key", "ES256");
    for (cache_seconds, lifetime) in [
        (ByProduct::all(0), 60),
        (ByProduct::all(300), 360),
        (ByProduct::default(), 3_660),
    ] {
        let settings = with_key(&key);
        let options = Deployment {
            cache_seconds,
            ..Deployment::default()
        };
        let local = Local::new(&settings, options);
        let jwk = printed(&settings);
        let mut ids = Vec::new();
        for username in ["alice", "o'brien, \"x\" <y>"] {
            let answer = local
                .invoke(&get(&authorization(&key, username)))
                .await
                .unwrap();
            let header = answer["context"]["authorization"].as_str().unwrap();
            let token = header.strip_prefix("Bearer ").unwrap();
            assert_eq!(decode_header(token).unwrap().kid, jwk.common.key_id);
            let mut validation = Validation::new(Algorithm::ES256);
            validation.set_audience(&["jira"]);
            validation.set_issuer(&["https://gateway.example.com"]);
            validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
            let verifier = DecodingKey::from_jwk(&jwk).unwrap();
            let claims = decode::<Value>(token, &verifier, &validation)
                .unwrap()
                .claims;
            assert_eq!(claims["sub"], username);
            assert_eq!(claims["sub"], local.audit()["username"]);
            let issued = claims["iat"].as_u64().unwrap();
            assert!(issued.abs_diff(now()) < 60);
            assert_eq!(claims["exp"].as_u64().unwrap() - issued, lifetime);
            ids.push(claims["jti"].as_str().unwrap().to_owned());
        }
        assert_ne!(ids[0], ids[1]);
    }
}

#[tokio::test]
async fn of_some_users_never() {
    let key = SigningKey::generate("key", "ES256");
    let local = Local::new(&with_key(&key), Deployment::default());
    for (username, code) in [
        ("admin", "impersonation_refused"),
        ("Admin", "impersonation_refused"),
        ("svc-build", "impersonation_refused"),
        ("administrator", "allowed"),
        ("svc", "allowed"),
    ] {
        let event = get(&authorization(&key, username));
        assert_eq!(local.code(&event).await, code, "{username}");
        let answer = local.invoke(&event).await.unwrap();
        let sent = answer["context"]["authorization"] != "none";
        assert_eq!(sent, code == "allowed", "{username}");
    }
}

/// What was signed before is not sent again: each answer is signed anew.
#[tokio::test]
async fn a_known_token_gets_a_fresh_one() {
    let key = SigningKey::generate("key", "ES256");
    let local = Local::new(&with_key(&key), Deployment::default());
    let event = get(&authorization(&key, "alice"));
    let first = local.invoke(&event).await.unwrap();
    local.clock.advance(30);
    let second = local.invoke(&event).await.unwrap();
    assert_eq!(local.audit()["from_cache"], true);
    assert_ne!(
        first["context"]["authorization"],
        second["context"]["authorization"]
    );
}
