//! The audit line: who called, why not, and which decision it is.

use atlassian_authorizer::deployment::Deployment;
use serde_json::{Value, json};

use testing::api_tokens;
use testing::asked::{Asked, ISSUER};
use testing::local::{Local, without_cache};
use testing::tokens::{SUBJECT, SigningKey, access_claims, now};
use testing::{bearer, rest_event};

/// The fields that tell who sent a token.
const WHO: [&str; 9] = [
    "provider",
    "issuer",
    "unverified_issuer",
    "auth_method",
    "username",
    "principal",
    "client_id",
    "token_id",
    "act",
];

fn settings(key: &SigningKey) -> Value {
    json!({
        "providers": {"idp": {
            "kind": "custom", "issuer": ISSUER, "jwks": {"keys": [key.jwk]}, "client_ids": ["client"],
            "username": "username", "groups": "groups", "require": [{"claim": "tenant", "equals": "ours"}],
            "max_token_lifetime_seconds": 7_200, "max_token_age_seconds": 7_000,
        }},
        "revoked": ["revoked-token"],
    })
}

fn claims(changes: &Value) -> Value {
    let mut claims = access_claims(ISSUER);
    claims["tenant"] = "ours".into();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

/// Those of the fields that the line has.
fn who(audit: &Value) -> Value {
    let fields = WHO.iter().filter(|field| !audit[**field].is_null());
    fields
        .map(|field| ((*field).to_owned(), audit[*field].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[tokio::test]
async fn once_a_signature_holds_a_refusal_names_the_sender() {
    let key = SigningKey::generate("key", "ES256");
    let local = Local::new(&settings(&key), without_cache());
    for (changes, code) in [
        (json!({"client_id": "other"}), "audience_mismatch"),
        (json!({"exp": now() - 1}), "token_expired"),
        (json!({"exp": null}), "claims_malformed"),
        (json!({"nbf": now() + 600}), "token_not_yet_valid"),
        (json!({"exp": now() + 9_000}), "token_lifetime_too_long"),
        (
            json!({"iat": now() - 7_100, "exp": now() + 50}),
            "token_too_old",
        ),
        (json!({"token_use": "id"}), "token_use_mismatch"),
        (json!({"cnf": {"jkt": "x"}}), "token_type_unsupported"),
        (json!({"tenant": "theirs"}), "requirement_unmet"),
        (json!({"username": null}), "username_missing"),
        (json!({"username": "a\nb"}), "username_rejected"),
        (json!({"jti": "revoked-token"}), "token_revoked"),
        (json!({"groups": [{}]}), "claims_malformed"),
    ] {
        let claims = claims(&changes);
        assert_eq!(local.code(&bearer(&key.sign(&claims))).await, code);
        let audit = local.audit();
        let expected = json!({
            "provider": "idp", "issuer": ISSUER, "auth_method": "jwt", "principal": SUBJECT,
            "client_id": claims["client_id"], "token_id": claims["jti"],
        });
        assert_eq!(who(&audit), expected, "{code}");
        assert_eq!(audit["outcome"], "unauthorized");
        assert!(audit["reason"].is_null() && audit["needs"].is_null());
    }
}

#[tokio::test]
async fn before_that_a_jwt_is_named_by_an_issuer_that_nobody_has_verified() {
    let key = SigningKey::generate("key", "ES256");
    let forger = SigningKey::generate("key", "ES256");
    let stranger = SigningKey::generate("stranger", "ES256");
    let local = Local::new(&settings(&key), without_cache());
    let long = format!("https://{}.example.com", "x".repeat(2_000));
    let unsigned = json!({"alg": "none", "typ": "JWT"}).to_string();
    for (token, code, issuer) in [
        (
            forger.sign(&claims(&json!({}))),
            "signature_invalid",
            ISSUER,
        ),
        (stranger.sign(&claims(&json!({}))), "key_unknown", ISSUER),
        (
            key.sign_parts(&unsigned, &claims(&json!({})).to_string()),
            "algorithm_not_allowed",
            ISSUER,
        ),
        (
            key.sign(&claims(&json!({"iss": "https://other.example.com"}))),
            "issuer_unknown",
            "https://other.example.com",
        ),
        (
            key.sign(&claims(
                &json!({"iss": "a\r\n{\"event\": \"decision\"}\u{1b}[2J\u{202e}\u{fc}"}),
            )),
            "issuer_unknown",
            "a??{\"event\": \"decision\"}?[2J??",
        ),
        (
            key.sign(&claims(&json!({"iss": long}))),
            "issuer_unknown",
            &long[..256],
        ),
    ] {
        assert_eq!(local.code(&bearer(&token)).await, code);
        let audit = local.audit();
        let mut expected = json!({"unverified_issuer": issuer});
        if code != "issuer_unknown" && code != "algorithm_not_allowed" {
            // The one that the issuer chose.
            expected["provider"] = "idp".into();
        }
        assert_eq!(who(&audit), expected, "{code}");
    }
    for (token, code) in [
        (key.sign(&claims(&json!({"iss": null}))), "issuer_unknown"),
        (key.sign(&claims(&json!({"iss": 7}))), "issuer_unknown"),
        ("opaque-token".to_owned(), "token_malformed"),
        ("a.b.c".to_owned(), "token_malformed"),
    ] {
        assert_eq!(local.code(&bearer(&token)).await, code);
        assert_eq!(who(&local.audit()), json!({}), "{code}");
    }
}

/// What is remembered of a refused token says the same again.
#[tokio::test]
async fn known_refusals_say_the_same() {
    let key = SigningKey::generate("key", "ES256");
    let asked = Asked::start().await;
    let signed = key.sign(&access_claims(ISSUER));
    let inactive = json!({"active": false});
    let of_other = json!({"active": true, "client_id": "other", "sub": "7", "username": "alice", "iss": ISSUER,
                          "jti": "t", "act": {"sub": "service"}});
    let verified = json!({
        "provider": "idp", "issuer": ISSUER, "auth_method": "jwt", "principal": SUBJECT,
        "client_id": "client", "token_id": "b1a2",
    });
    let vouched = json!({
        "provider": "idp", "issuer": ISSUER, "auth_method": "introspection", "principal": "7",
        "client_id": "other", "token_id": "t", "act": "service",
    });
    for (verify, token, answer, code, expected) in [
        (
            "jwt+introspection",
            signed.as_str(),
            &inactive,
            "token_inactive",
            verified,
        ),
        (
            "introspection",
            "opaque-token",
            &of_other,
            "audience_mismatch",
            vouched,
        ),
        (
            "introspection",
            "opaque-token",
            &inactive,
            "token_inactive",
            json!({}),
        ),
    ] {
        asked.change(|answers| answers.introspection = answer.clone());
        let local = Local::new(&asked.settings(&key, verify), without_cache());
        for from_cache in [false, true] {
            assert_eq!(local.code(&bearer(token)).await, code);
            let audit = local.audit();
            assert_eq!(audit["from_cache"], from_cache, "{code}");
            assert_eq!(who(&audit), expected, "{code}");
        }
    }
}

/// A fault after the signature held tells whose calls fail.
#[tokio::test]
async fn faults_name_the_sender_too() {
    let key = SigningKey::generate("key", "ES256");
    let asked = Asked::start().await;
    asked.change(|answers| answers.status = 503);
    let local = Local::new(&asked.settings(&key, "jwt+introspection"), without_cache());
    let event = bearer(&key.sign(&access_claims(ISSUER)));
    assert_eq!(local.code(&event).await, "provider_unavailable");
    let audit = local.audit();
    assert_eq!(audit["principal"], SUBJECT);
    assert_eq!(audit["issuer"], ISSUER);
}

#[tokio::test]
async fn api_tokens_are_named_once_their_secret_was_shown() {
    let settings = api_tokens::settings(&json!({}));
    let local = Local::new(&settings, without_cache());
    let (id, secret) = (api_tokens::id(1), api_tokens::secret(1));
    let hash = atlassian_authorizer::authenticate::api_token::hash(&secret);
    let record = json!({"secret_sha256": hash, "username": "ci-bot", "created": now() - 60, "expires": now() - 1});
    let records = local.folder.path().join("settings-tokens");
    std::fs::create_dir(&records).unwrap();
    std::fs::write(records.join(format!("{id}.json")), record.to_string()).unwrap();
    let event = api_tokens::bearer(&api_tokens::forge(&id, &secret));
    assert_eq!(local.code(&event).await, "token_expired");
    let expected = json!({
        "provider": "api-tokens", "auth_method": "api_token", "principal": "ci-bot", "token_id": id,
    });
    assert_eq!(who(&local.audit()), expected);
    let event = api_tokens::bearer(&api_tokens::forge(&id, &api_tokens::secret(2)));
    assert_eq!(local.code(&event).await, "api_token_unknown");
    assert_eq!(who(&local.audit()), json!({}));
}

/// RFC 8693, section 4.1.
#[tokio::test]
async fn the_actors_of_an_exchanged_token() {
    let key = SigningKey::generate("key", "ES256");
    let local = Local::new(&settings(&key), without_cache());
    let mut deep = json!({"sub": "actor"});
    for _ in 0..50 {
        deep = json!({"sub": "actor", "act": deep});
    }
    for (act, expected) in [
        (json!({"sub": "service-a"}), json!("service-a")),
        (
            json!({"sub": "service-a", "act": {"sub": "service-b", "iss": ISSUER}}),
            json!("service-a,service-b"),
        ),
        (json!({"sub": "a,b\n", "act": {}}), json!("a?b?,?")),
        (json!({"sub": "x".repeat(5_000)}), json!("x".repeat(256))),
        (deep, json!(["actor"; 8].join(","))),
        (json!("service-a"), Value::Null),
    ] {
        for (code, tenant) in [("allowed", "ours"), ("requirement_unmet", "theirs")] {
            let claims = claims(&json!({"act": act, "tenant": tenant}));
            assert_eq!(local.code(&bearer(&key.sign(&claims))).await, code);
            assert_eq!(local.audit()["act"], expected, "{act}");
        }
    }
}

#[tokio::test]
async fn a_403_says_why() {
    let key = SigningKey::generate("key", "ES256");
    for mode in ["enforce", "monitor"] {
        let mut settings = settings(&key);
        settings["settings"] = json!({"mode": mode});
        settings["products"] = json!({"jira": {"path": "/jira", "upstream": {"mode": "none"}, "access": [
            {"allow": ["GET /rest/*"], "groups": ["jira-developers", "jira-admins"]},
            {"allow": ["POST /rest/*"], "scopes": ["atlassian/write"]},
            {"allow": ["PUT /rest/*"], "networks": ["10.0.0.0/8"]},
            {"deny": ["DELETE /*"]},
            {"only": ["GET /admin/*"], "users": ["root"]},
            {"allow": ["GET /open/*"]},
        ]}});
        let local = Local::new(&settings, without_cache());
        let token = format!("Bearer {}", key.sign(&claims(&json!({}))));
        for (method, path, reason, rule, needs) in [
            (
                "GET",
                "/jira/rest/x",
                "needs",
                json!(1),
                json!("groups: jira-developers, jira-admins"),
            ),
            (
                "POST",
                "/jira/rest/x",
                "needs",
                json!(2),
                json!("scopes: atlassian/write"),
            ),
            (
                "PUT",
                "/jira/rest/x",
                "network",
                json!(3),
                json!("networks: 10.0.0.0/8"),
            ),
            (
                "DELETE",
                "/jira/rest/x",
                "rule_denies",
                json!(4),
                Value::Null,
            ),
            (
                "GET",
                "/jira/admin/x",
                "rule_denies",
                json!(5),
                json!("users: root"),
            ),
            (
                "GET",
                "/jira/elsewhere",
                "no_rule",
                Value::Null,
                Value::Null,
            ),
            ("GET", "/elsewhere", "no_product", Value::Null, Value::Null),
            ("GET", "/jira/open/%00", "path", Value::Null, Value::Null),
            ("GET", "/jira/open/x", "", json!(6), Value::Null),
        ] {
            let answer = local
                .invoke(&rest_event(method, path, &token))
                .await
                .unwrap();
            let audit = local.audit();
            let is_allowed = reason.is_empty();
            assert_eq!(audit["outcome"] == "allowed", is_allowed, "{method} {path}");
            let found = (&audit["reason"], &audit["rule"], &audit["needs"]);
            let reason = if is_allowed {
                Value::Null
            } else {
                reason.into()
            };
            assert_eq!(found, (&reason, &rule, &needs), "{mode} {method} {path}");
            assert_eq!(audit["username"], "alice", "{mode} {method} {path}");
            // The caller learns nothing of the rules.
            let answer = answer.to_string();
            for secret in ["jira-developers", "10.0.0.0", "no_rule", "rule_denies"] {
                assert!(!answer.contains(secret), "{answer}");
            }
        }
    }
}

#[tokio::test]
async fn each_decision_has_an_id() {
    let key = SigningKey::generate("key", "ES256");
    let token = format!("Bearer {}", key.sign(&claims(&json!({}))));
    let mut seen = std::collections::BTreeSet::new();
    for mode in ["enforce", "monitor", "off"] {
        let mut settings = settings(&key);
        settings["settings"] = json!({"mode": mode});
        settings["products"] = json!({"jira": {"path": "/jira", "access": [{"allow": ["@read"]}]}});
        let local = Local::new(&settings, without_cache());
        for (method, path) in [
            ("GET", "/jira/rest/api/2/myself"),
            ("GET", "/jira/rest/api/2/myself"),
            ("DELETE", "/jira/rest/api/2/myself"),
            ("GET", "/elsewhere"),
        ] {
            let answer = local
                .invoke(&rest_event(method, path, &token))
                .await
                .unwrap();
            let id = answer["context"]["decision_id"].as_str().unwrap();
            assert_eq!(local.audit()["decision_id"], id, "{mode} {path}");
            assert!(seen.insert(id.to_owned()), "{id} twice");
        }
    }
    // Errors have no context, and a line all the same.
    let local = Local::new(&settings(&key), without_cache());
    for event in [bearer("a.b.c"), json!({})] {
        assert!(local.invoke(&event).await.is_err());
        assert_eq!(local.audit()["decision_id"].as_str().unwrap().len(), 12);
    }
}

/// A caller can choose it by a header `X-Amzn-RequestId`.
#[tokio::test]
async fn ids_of_requests_are_cut_and_cleaned() {
    let key = SigningKey::generate("key", "ES256");
    let local = Local::new(&settings(&key), Deployment::default());
    for (sent, written) in [
        ("c6af9ac6-7b61", "c6af9ac6-7b61".to_owned()),
        ("a\n\"b\u{1b}\u{fc}", "a?\"b??".to_owned()),
        (&"y".repeat(9_000), "y".repeat(128)),
    ] {
        let mut event = bearer("a.b.c");
        event["requestContext"]["requestId"] = sent.into();
        local.code(&event).await;
        assert_eq!(local.audit()["request_id"], written);
    }
}
