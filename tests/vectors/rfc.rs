//! The examples of RFC 7515, 7520, 8037 and 9068.

use atlassian_authorizer::authenticate::verify_jws;
use atlassian_authorizer::deployment::Deployment;
use atlassian_authorizer::error::Denial;
use atlassian_authorizer::keys::KeySet;
use serde_json::{Value, json};
use testing::bearer;
use testing::local::Local;
use testing::tokens::SigningKey;

fn examples() -> Vec<Value> {
    serde_json::from_str(include_str!("rfc.json")).unwrap()
}

fn text<'v>(example: &'v Value, name: &str) -> &'v str {
    example[name].as_str().unwrap()
}

fn code_of(token: &str, set: &KeySet) -> &'static str {
    verify_jws(token, set).map_or_else(Denial::code, |()| "holds")
}

#[test]
fn signatures_hold_for_what_was_signed_alone() {
    for example in examples() {
        let source = text(&example, "source");
        // Beside a key that is good for nothing here, as a set of such keys alone is none.
        let other = SigningKey::generate("other", "EdDSA");
        let set = json!({"keys": [example["key"], other.jwk]});
        let set = KeySet::from_value(&set).unwrap();
        let token = text(&example, "token");
        // Their headers name no key, and the set has one of the kind.
        let expected = text(&example, "signature");
        let expected = if source == "RFC 8037, A.4" {
            "key_id_missing"
        } else {
            expected
        };
        assert_eq!(code_of(token, &set), expected, "{source}");
        if text(&example, "signature") != "holds" {
            continue;
        }
        let set = KeySet::from_value(&json!({"keys": [example["key"]]})).unwrap();
        assert_eq!(code_of(token, &set), "holds", "{source}");
        let parts: Vec<&str> = token.split('.').collect();
        let other = [parts[0], "e30", parts[2]].join(".");
        assert_eq!(code_of(&other, &set), "signature_invalid", "{source}");
        for (place, byte) in parts[2].bytes().enumerate() {
            // The last character also holds bits that must be zero.
            let flipped = if byte == b'A' { 'Q' } else { 'A' };
            let mut signature = parts[2].to_owned();
            signature.replace_range(place..=place, &flipped.to_string());
            let other = [parts[0], parts[1], &signature].join(".");
            assert_eq!(
                code_of(&other, &set),
                "signature_invalid",
                "{source} at {place}"
            );
        }
    }
}

#[tokio::test]
async fn as_bearer_tokens() {
    for example in examples() {
        let key = SigningKey::generate("key", "ES256");
        let settings = json!({"providers": {"rfc": {
            "kind": "custom", "issuer": "https://joe.example", "client_ids": ["client"],
            "username": "sub", "jwks": {"keys": [example["key"], key.jwk]},
        }}});
        let local = Local::new(&settings, Deployment::default());
        let code = local.code(&bearer(text(&example, "token"))).await;
        assert_eq!(
            code,
            text(&example, "token_code"),
            "{}",
            text(&example, "source")
        );
    }
}

/// RFC 9068, section 2.2.3: what the access token of the example says, by a key of our own.
fn access_token(key: &SigningKey) -> String {
    key.sign_parts(
        r#"{"typ":"at+JWT","alg":"RS256","kid":"RjEwOwOA"}"#,
        &json!({
            "iss": "https://authorization-server.example.com/",
            "sub": "5ba552d67",
            "aud": "https://rs.example.com/",
            "exp": 1_639_528_912,
            "iat": 1_618_354_090,
            "jti": "dbe39bf3a3ba4238a513f51d6e1691c4",
            "client_id": "s6BhdRkqt3",
            "scope": "openid profile reademail",
        })
        .to_string(),
    )
}

#[tokio::test]
async fn an_access_token_of_rfc_9068() {
    let key = SigningKey::generate("RjEwOwOA", "RS256");
    let token = access_token(&key);
    for (audience, at, code) in [
        ("https://rs.example.com/", 1_618_354_090, "allowed"),
        ("https://rs.example.com/", 1_639_528_911, "allowed"),
        ("https://rs.example.com/", 1_639_528_912, "token_expired"),
        (
            "https://rs.example.com/",
            1_618_354_029,
            "token_not_yet_valid",
        ),
        ("https://rs.example.com", 1_618_354_090, "audience_mismatch"),
        (
            "https://other.example.com/",
            1_618_354_090,
            "audience_mismatch",
        ),
    ] {
        let settings = json!({"providers": {"rfc": {
            "kind": "custom", "issuer": "https://authorization-server.example.com/",
            "audiences": [audience], "username": "sub", "jwks": {"keys": [key.jwk]},
        }}});
        let local = Local::at(at, &settings, Deployment::default());
        assert_eq!(
            local.code(&bearer(&token)).await,
            code,
            "{audience} at {at}"
        );
    }
}
