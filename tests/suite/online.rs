//! JWTs whose provider is asked too: what its word adds, and how long it holds.

use std::time::{Duration, Instant};

use atlassian_authorizer::deployment::Deployment;
use serde_json::{Value, json};

use testing::asked::{Asked, ISSUER, SECRET};
use testing::lambda::Lambda;
use testing::local::Local;
use testing::tokens::{SigningKey, access_claims};
use testing::{Folder, bearer, rest_event};

const VERIFY: [&str; 2] = ["jwt+introspection", "jwt+userinfo"];

fn inactive() -> Value {
    json!({"active": false})
}

/// What both endpoints say of the token's subject.
fn answer(asked: &Asked, members: &Value) {
    let members = members.as_object().unwrap().clone();
    asked.change(|answers| {
        let mut introspection = json!({"active": true});
        introspection
            .as_object_mut()
            .unwrap()
            .extend(members.clone());
        answers.introspection = introspection;
        answers.userinfo = Value::Object(members);
    });
}

#[tokio::test]
async fn a_question_is_asked_once_per_recheck() {
    let key = SigningKey::generate("key", "ES256");
    for verify in VERIFY {
        let asked = Asked::start().await;
        let mut settings = asked.settings(&key, verify);
        settings["providers"]["idp"]["recheck_seconds"] = 30.into();
        let local = Local::new(&settings, Deployment::default());
        let token = key.sign(&access_claims(ISSUER));
        let event = bearer(&token);
        for _ in 0..3 {
            assert_eq!(local.code(&event).await, "allowed", "{verify}");
        }
        assert_eq!(local.audit()["auth_method"], "jwt");
        let questions = asked.questions();
        assert_eq!(questions.len(), 1);
        if verify == "jwt+userinfo" {
            assert_eq!(questions[0].path, "/userinfo");
            assert_eq!(questions[0].authorization, format!("Bearer {token}"));
        } else {
            assert_eq!(questions[0].path, "/introspection");
            assert!(questions[0].authorization.starts_with("Basic "));
            assert!(questions[0].body.starts_with(&format!("token={token}&")));
        }

        // Revoked at the provider.
        asked.change(|answers| {
            answers.introspection = inactive();
            if verify == "jwt+userinfo" {
                answers.status = 401;
            }
        });
        local.clock.advance(29);
        assert_eq!(local.code(&event).await, "allowed");
        assert_eq!(asked.count(), 1);
        local.clock.advance(1);
        assert_eq!(local.code(&event).await, "token_inactive");
        assert_eq!(asked.count(), 2);

        // The refusal is kept for 10 seconds.
        asked.change(|answers| {
            answers.introspection = json!({"active": true});
            answers.status = 200;
        });
        local.clock.advance(9);
        assert_eq!(local.code(&event).await, "token_inactive");
        assert_eq!(local.audit()["from_cache"], true);
        assert_eq!(local.audit()["provider"], "idp");
        assert_eq!(asked.count(), 2);
        local.clock.advance(1);
        assert_eq!(local.code(&event).await, "allowed");
        assert_eq!(asked.count(), 3);
    }
}

#[tokio::test]
async fn what_can_be_refused_unasked_is() {
    let key = SigningKey::generate("key", "ES256");
    let forger = SigningKey::generate("key", "ES256");
    let asked = Asked::start().await;
    let local = Local::new(&asked.settings(&key, VERIFY[0]), Deployment::default());
    let claims = |name: &str, value: Value| {
        let mut claims = access_claims(ISSUER);
        claims[name] = value;
        claims
    };
    for (token, code) in [
        (forger.sign(&access_claims(ISSUER)), "signature_invalid"),
        (key.sign(&claims("exp", json!(1))), "token_expired"),
        (
            key.sign(&claims("client_id", json!("x"))),
            "audience_mismatch",
        ),
        (key.sign(&claims("iss", json!("x"))), "issuer_unknown"),
    ] {
        assert_eq!(local.code(&bearer(&token)).await, code);
    }
    assert_eq!(asked.count(), 0);
}

#[tokio::test]
async fn the_answer_must_be_of_the_same_subject() {
    let key = SigningKey::generate("key", "ES256");
    let claims = access_claims(ISSUER);
    for verify in VERIFY {
        for (sub, code) in [
            (claims["sub"].clone(), "allowed"),
            (json!("somebody-else"), "subject_mismatch"),
            (json!(7), "subject_mismatch"),
        ] {
            let asked = Asked::start().await;
            answer(&asked, &json!({"sub": sub}));
            let local = Local::new(&asked.settings(&key, verify), Deployment::default());
            let event = bearer(&key.sign(&claims));
            assert_eq!(local.code(&event).await, code, "{verify} {sub}");
            assert_eq!(local.code(&event).await, code);
            assert_eq!(asked.count(), 1);
        }
    }
}

#[tokio::test]
async fn a_provider_that_is_down_lets_nobody_in() {
    let key = SigningKey::generate("key", "ES256");
    for verify in VERIFY {
        let asked = Asked::start().await;
        let local = Local::new(&asked.settings(&key, verify), Deployment::default());
        let event = bearer(&key.sign(&access_claims(ISSUER)));
        assert_eq!(local.code(&event).await, "allowed");
        asked.change(|answers| answers.status = 503);
        local.clock.advance(60);
        for _ in 0..3 {
            assert_eq!(local.code(&event).await, "provider_unavailable");
        }
        assert_eq!(local.audit()["outcome"], "failed");
        assert_eq!(
            asked.count(),
            4,
            "an error that comes at once makes no pause"
        );
        asked.change(|answers| answers.status = 200);
        assert_eq!(local.code(&event).await, "allowed");
    }
    let asked = Asked::start().await;
    asked.change(|answers| answers.delay = Duration::from_mins(1));
    let folder = Folder::new();
    let settings = folder.settings(&asked.settings(&key, VERIFY[0]));
    let lambda = Lambda::start(&settings, &[]).await;
    lambda.keep_secret(SECRET);
    let started = Instant::now();
    let event = bearer(&key.sign(&access_claims(ISSUER)));
    assert_eq!(lambda.failed(&event).await, "provider_unavailable");
    assert!(started.elapsed() < Duration::from_secs(4));
}

/// Nobody can make up a token whose signature holds: one is asked about whatever strangers met, and
/// ends it for them too.
#[tokio::test]
async fn signed_tokens_are_asked_about_while_strangers_are_not() {
    let key = SigningKey::generate("key", "ES256");
    let asked = Asked::start().await;
    answer(&asked, &json!({"client_id": "client", "username": "alice"}));
    let local = Local::new(&asked.settings(&key, VERIFY[0]), Deployment::default());
    asked.change(|answers| answers.status = 429);
    let limited = "provider_rate_limited";
    for number in 0..8 {
        let stranger = bearer(&format!("stranger-{number}"));
        assert_eq!(local.code(&stranger).await, limited);
    }
    assert_eq!(asked.count(), 5, "the rest are not asked about");
    let signed = |number: u64| {
        let mut claims = access_claims(ISSUER);
        claims["jti"] = number.into();
        bearer(&key.sign(&claims))
    };
    assert_eq!(local.code(&signed(1)).await, limited);
    assert_eq!(asked.count(), 6, "one is asked about at once");
    assert_eq!(local.code(&signed(2)).await, limited);
    assert_eq!(asked.count(), 6, "the next a second later");

    asked.change(|answers| answers.status = 200);
    local.clock.advance(1);
    assert_eq!(local.code(&bearer("stranger-8")).await, limited);
    assert_eq!(local.code(&signed(3)).await, "allowed");
    assert_eq!(local.code(&bearer("stranger-8")).await, "allowed");
}

#[tokio::test]
async fn claims_are_added_and_never_replaced() {
    let key = SigningKey::generate("key", "ES256");
    let mut light = access_claims(ISSUER);
    for name in ["username", "cognito:groups", "scope"] {
        light.as_object_mut().unwrap().remove(name);
    }
    let mut full = access_claims(ISSUER);
    full["groups"] = json!(["signed"]);
    for verify in VERIFY {
        let asked = Asked::start().await;
        answer(
            &asked,
            &json!({
                "sub": light["sub"], "username": "bob", "groups": ["told"], "scope": "told",
                "client_id": "other", "iss": ISSUER, "exp": 1, "aud": "other",
            }),
        );
        let local = Local::new(&asked.settings(&key, verify), Deployment::default());
        for (claims, username, groups, scope) in [
            // Scopes are the token's, and users may choose their attributes.
            (
                &light,
                "bob",
                "told",
                if verify == "jwt+userinfo" { "" } else { "told" },
            ),
            (&full, "alice", "signed", "atlassian/read openid"),
        ] {
            let answer = local.invoke(&bearer(&key.sign(claims))).await.unwrap();
            let context = &answer["context"];
            assert_eq!(context["username"], username, "{verify}");
            assert_eq!(context["groups"], groups);
            assert_eq!(context["scope"], scope);
            assert_eq!(context["client_id"], "client");
            assert_eq!(context["authorization"], "none");
        }
    }
}

#[tokio::test]
async fn tokens_that_are_bound_to_a_key_are_refused() {
    let key = SigningKey::generate("key", "ES256");
    let asked = Asked::start().await;
    let confirmation = json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"});
    let mut claims = access_claims(ISSUER);
    claims["cnf"] = confirmation.clone();
    for verify in ["jwt", VERIFY[0]] {
        let local = Local::new(&asked.settings(&key, verify), Deployment::default());
        let code = local.code(&bearer(&key.sign(&claims))).await;
        assert_eq!(code, "token_type_unsupported", "{verify}");
    }
    // Where the provider alone says so, of a signed token and of an opaque one.
    let local = Local::new(&asked.settings(&key, VERIFY[0]), Deployment::default());
    for (token, token_type) in [
        (key.sign(&access_claims(ISSUER)), json!("Bearer")),
        ("an-opaque-token".to_owned(), json!("Bearer")),
        ("another-opaque-token".to_owned(), json!("DPoP")),
    ] {
        answer(
            &asked,
            &json!({"client_id": "client", "username": "alice", "cnf": confirmation, "token_type": token_type}),
        );
        let code = local.code(&bearer(&token)).await;
        assert_eq!(code, "token_type_unsupported");
    }
    let event = rest_event("GET", "/x", "DPoP an-opaque-token");
    assert_eq!(local.code(&event).await, "credential_unsupported");
}
