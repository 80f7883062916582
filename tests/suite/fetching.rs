//! How documents are fetched and questions asked: what is asked for, what is read, and what becomes of
//! a connection that breaks.

use std::time::{Duration, Instant};

use atlassian_authorizer::deployment::Deployment;
use atlassian_authorizer::document::Tree;
use atlassian_authorizer::error::Fault;
use atlassian_authorizer::settings::Settings;
use serde_json::{Value, json};

use testing::asked::{Asked, ISSUER};
use testing::breaking::{Break, Breaking};
use testing::issuer::Issuer;
use testing::lambda::Lambda;
use testing::local::Local;
use testing::tokens::{SigningKey, access_claims, p256_pem};
use testing::{Folder, bearer};

fn local(provider: &Value, secrets: &Value) -> Local {
    let mut settings = json!({"providers": {"idp": provider}});
    if *secrets != json!({}) {
        settings["secrets"] = secrets.clone();
    }
    Local::new(&settings, Deployment::default())
}

fn with(mut provider: Value, fields: &Value) -> Value {
    let fields = fields.as_object().unwrap().clone();
    provider.as_object_mut().unwrap().extend(fields);
    provider
}

/// Of a discovery document, a JWKS, introspection and userinfo alike: one that is closed before an
/// answer is made once more, and what is only read is asked for again where an answer breaks off,
/// too.
#[tokio::test]
async fn a_connection_that_breaks_is_made_once_more() {
    let key = SigningKey::generate("key", "ES256");
    let server = Breaking::start().await;
    let url = &server.url;
    server.answer(
        "/.well-known/openid-configuration",
        json!({"issuer": url, "jwks_uri": format!("{url}/keys")}),
    );
    server.answer("/keys", json!({"keys": [key.jwk]}));
    let claims = access_claims(url);
    server.answer(
        "/introspect",
        with(claims.clone(), &json!({"active": true})),
    );
    server.answer("/me", json!({"sub": claims["sub"], "username": "alice"}));
    let custom =
        json!({"kind": "custom", "issuer": url, "client_ids": ["client"], "username": "username"});
    let introspection = with(
        custom.clone(),
        &json!({"verify": "introspection", "introspection_endpoint": format!("{url}/introspect"), "client_id": "us"}),
    );
    let with_secret = with(introspection.clone(), &json!({"client_secret": "secret"}));
    let with_key = with(
        introspection,
        &json!({"client_auth": "private_key_jwt", "private_key": "key"}),
    );
    let userinfo = with(
        custom.clone(),
        &json!({"verify": "jwt+userinfo", "userinfo_endpoint": format!("{url}/me"), "jwks": {"keys": [key.jwk]}}),
    );
    let by_uri = with(custom.clone(), &json!({"jwks_uri": format!("{url}/keys")}));
    let secrets = json!({"secret": "the-secret-of-our-client", "key": p256_pem()});
    let token = key.sign(&claims);
    let keys_fail = Fault::KeysUnavailable;
    let asking_fails = Fault::ProviderUnavailable;
    for (what, provider, is_read, fault) in [
        ("a JWKS", &by_uri, true, keys_fail),
        ("discovery", &custom, true, keys_fail),
        ("introspection", &with_secret, false, asking_fails),
        ("introspection by a key", &with_key, false, asking_fails),
        ("userinfo", &userinfo, false, asking_fails),
    ] {
        let mut provider = provider.clone();
        // `secrets/` must hold nothing that no document names.
        let mut named = json!({});
        for name in ["secret", "key"] {
            if provider["client_secret"] == *name || provider["private_key"] == *name {
                named[name] = secrets[name].clone();
            }
        }
        provider["request_timeout_seconds"] = 4.into();
        for (plan, heals) in [
            (vec![], true),
            (vec![Break::AtOnce], true),
            (vec![Break::AfterRequest], true),
            (vec![Break::WithinAnswer], is_read),
            (vec![Break::AtOnce, Break::AfterRequest], false),
            (vec![Break::WithinAnswer, Break::WithinAnswer], false),
        ] {
            let local = local(&provider, &named);
            server.break_next(&plan);
            let before = server.requests().len();
            let outcome = local.check(&token).await;
            let expected = if heals { Ok(()) } else { Err(fault.into()) };
            assert_eq!(outcome, expected, "{what} {plan:?}");
            let requests = &server.requests()[before..];
            if !is_read && plan == [Break::WithinAnswer] {
                assert_eq!(requests.len(), 1, "{what}: an answer had begun");
            }
            // An assertion is good for one request.
            let assertion = |request: &String| {
                let (_, rest) = request.split_once("client_assertion=")?;
                Some(rest.to_owned())
            };
            if let [one, two] = requests
                && let (Some(one), Some(two)) = (assertion(one), assertion(two))
            {
                assert_ne!(one, two);
            }
        }
    }
}

#[tokio::test]
async fn documents_are_asked_for_uncompressed_and_in_any_type() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    let local = Local::new(&issuer.settings(), Deployment::default());
    local
        .check(&key.sign(&access_claims(&issuer.url)))
        .await
        .unwrap();
    assert_eq!(
        issuer.asked_with("accept-encoding").as_deref(),
        Some("identity")
    );
    let accept = issuer.asked_with("accept").unwrap();
    for media_type in ["application/json", "application/jwk-set+json", "*/*"] {
        assert!(accept.contains(media_type), "{accept}");
    }
}

/// RFC 8259, section 8.1: a parser may ignore a byte order mark.
#[tokio::test]
async fn a_byte_order_mark_is_no_part_of_an_answer() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    issuer.change(|behaviour| behaviour.prefix = b"\xef\xbb\xbf");
    let discovered = json!({
        "kind": "custom", "issuer": issuer.url, "client_ids": ["client"], "username": "username",
    });
    let token = key.sign(&access_claims(&issuer.url));
    local(&discovered, &json!({})).check(&token).await.unwrap();

    let asked = Asked::start().await;
    let token = key.sign(&access_claims(ISSUER));
    asked.change(|answers| {
        answers.prefix = "\u{feff}";
        answers.userinfo = json!({"sub": access_claims("")["sub"]});
    });
    for verify in ["jwt+introspection", "jwt+userinfo"] {
        let mut settings = asked.settings(&key, verify);
        if verify == "jwt+userinfo" {
            settings.as_object_mut().unwrap().remove("secrets");
        }
        let local = Local::new(&settings, Deployment::default());
        local.check(&token).await.unwrap();
    }
}

#[tokio::test]
async fn the_log_says_what_was_skipped_and_what_would_be_right() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    let set = |keys: &[Value]| json!({ "keys": keys }).to_string().into_bytes();
    let private = json!({"kty": "oct", "kid": "hmac", "k": "c2VjcmV0"});
    let many: Vec<Value> = std::iter::once(key.jwk.clone())
        .chain((0..110).map(|_| key.jwk.clone()))
        .collect();
    let good = set(std::slice::from_ref(&key.jwk));
    let at_uri = json!({"jwks_uri": issuer.jwks_uri()});
    let by_discovery = json!({});
    for (source, keys, status, headers, good, said) in [
        (
            &at_uri,
            set(&[key.jwk.clone(), private.clone()]),
            200,
            None,
            true,
            "hmac",
        ),
        (&at_uri, set(&[private]), 200, None, false, "is symmetric"),
        (
            &at_uri,
            set(&many),
            200,
            None,
            true,
            "11 over the limit of 100 keys",
        ),
        (
            &at_uri,
            good.clone(),
            302,
            Some(("location", "/new")),
            false,
            "`jwks_uri`",
        ),
        (
            &by_discovery,
            good.clone(),
            302,
            Some(("location", "/new")),
            false,
            "`discovery`",
        ),
        (
            &at_uri,
            good.clone(),
            200,
            Some(("content-encoding", "gzip")),
            false,
            "gzip",
        ),
        (
            &by_discovery,
            good,
            200,
            None,
            false,
            "https://other.example.com/",
        ),
    ] {
        issuer.change(|behaviour| {
            behaviour.keys = keys;
            behaviour.status = status;
            behaviour.headers = headers
                .map(|(name, value)| (name, value.to_owned()))
                .into_iter()
                .collect();
            behaviour.discovery["issuer"] = "https://other.example.com/".into();
        });
        let provider = with(
            json!({"kind": "custom", "issuer": issuer.url, "client_ids": ["client"], "username": "username"}),
            source,
        );
        let folder = Folder::new();
        let settings = folder.settings(&json!({"providers": {"idp": provider}}));
        let lambda = Lambda::start(&settings, &[]).await;
        let event = bearer(&key.sign(&access_claims(&issuer.url)));
        if good {
            assert_eq!(lambda.allowed(&event).await, "alice");
        } else {
            assert_eq!(lambda.failed(&event).await, "keys_unavailable");
        }
        let output = lambda.output();
        assert!(output.contains(said), "{said}: {output}");
        assert!(!output.contains("c2VjcmV0"), "{output}");
    }
}

/// AD FS signs access tokens as another issuer than the document's
/// ([MS-OIDCE](https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-oidce/586de7dd-3385-47c7-93a2-935d9e90441c)).
#[tokio::test]
async fn the_issuer_of_access_tokens_in_a_discovery_document() {
    const ADFS: &str = "http://adfs.example.com/adfs/services/trust";
    let key = SigningKey::generate("key", "RS256");
    let issuer = Issuer::start(&[&key]).await;
    issuer.change(|behaviour| behaviour.discovery["access_token_issuer"] = ADFS.into());
    let at = format!("{}/.well-known/openid-configuration", issuer.url);
    for (name, good) in [
        (ADFS, true),
        (issuer.url.as_str(), true),
        ("https://other.example.com", false),
    ] {
        let provider = json!({
            "kind": "custom", "issuer": name, "discovery": at, "client_ids": ["client"], "username": "username",
        });
        let outcome = local(&provider, &json!({}))
            .check(&key.sign(&access_claims(name)))
            .await;
        let expected = if good {
            Ok(())
        } else {
            Err(Fault::KeysUnavailable.into())
        };
        assert_eq!(outcome, expected, "{name}");
    }
}

#[tokio::test]
async fn the_settings_say_how_long_a_request_may_take() {
    let key = SigningKey::generate("key", "ES256");
    let issuer = Issuer::start(&[&key]).await;
    let asked = Asked::start().await;
    asked.change(|answers| answers.userinfo = json!({"sub": access_claims("")["sub"]}));
    let slow = Duration::from_millis(2_500);
    issuer.change(|behaviour| behaviour.delay = slow);
    asked.change(|answers| answers.delay = slow);
    for (timeout, good) in [(Some(4), true), (None, false), (Some(1), false)] {
        for verify in ["keys", "jwt+introspection", "jwt+userinfo"] {
            let (mut settings, token) = if verify == "keys" {
                let token = key.sign(&access_claims(&issuer.url));
                (issuer.settings(), token)
            } else {
                (
                    asked.settings(&key, verify),
                    key.sign(&access_claims(ISSUER)),
                )
            };
            if verify == "jwt+userinfo" {
                settings.as_object_mut().unwrap().remove("secrets");
            }
            if let Some(timeout) = timeout {
                settings["providers"]["idp"]["request_timeout_seconds"] = timeout.into();
            }
            let local = Local::new(&settings, Deployment::default());
            let started = Instant::now();
            assert_eq!(
                local.check(&token).await.is_ok(),
                good,
                "{verify} {timeout:?}"
            );
            let longest = Duration::from_secs(timeout.unwrap_or(2)) + Duration::from_millis(900);
            assert!(started.elapsed() < longest, "{verify} {timeout:?}");
        }
    }
}

#[test]
fn wrong_limits_are_errors_that_say_what_is_right() {
    for (field, value, message) in [
        ("request_timeout_seconds", json!(0), "from 1 to 4"),
        ("request_timeout_seconds", json!(5), "from 1 to 4"),
        ("keys_max_stale_seconds", json!(299), "from 300 to 86400"),
        ("keys_max_stale_seconds", json!(86_401), "from 300 to 86400"),
        (
            "issuer",
            json!("https://login.microsoftonline.com/{tenantid}/v2.0"),
            "your tenant's id",
        ),
        (
            "keys_max_stale_seconds",
            json!(-1),
            "keys_max_stale_seconds",
        ),
        (
            "issuer",
            json!("http://adfs.example.com/adfs/services/trust"),
            "`discovery`",
        ),
    ] {
        let mut provider = json!({
            "kind": "custom", "issuer": ISSUER, "client_ids": ["client"], "username": "sub",
        });
        provider[field] = value.clone();
        let tree: Tree = [("providers/idp".to_owned(), provider.to_string())]
            .into_iter()
            .collect();
        let problems = Settings::parse(&tree, &Deployment::default()).unwrap_err();
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let problems = problems.join("\n");
        assert!(
            problems.contains(field) && problems.contains(message),
            "{problems}"
        );
        assert!(problems.contains("providers/idp"), "{problems}");
    }
}
