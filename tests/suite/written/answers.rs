//! What a provider writes that is asked about a token.

use atlassian_authorizer::deployment::Deployment;
use serde_json::{Value, json};

use super::{extended, outcome};
use testing::asked::{Asked, ISSUER};
use testing::local::Local;
use testing::tokens::{SigningKey, access_claims, now};

/// An opaque token's introspection.
async fn introspected(asked: &Asked, fields: &Value, answer: &Value) -> String {
    let key = SigningKey::generate("key", "ES256");
    let usual = json!({"active": true, "sub": "1", "client_id": "client", "username": "alice"});
    asked.change(|answers| answers.introspection = extended(usual, answer, &[]));
    let mut settings = asked.settings(&key, "jwt");
    let provider = &mut settings["providers"]["idp"];
    *provider = extended(provider.clone(), fields, &[]);
    let local = Local::new(&settings, Deployment::default());
    outcome(&local, "an-opaque-token").await.0
}

#[tokio::test]
async fn members() {
    let asked = Asked::start().await;
    let mapped = json!({"machine_users": {"client": "svc-ci"}});
    let type_refused = "401 token_type_unsupported";
    for (source, fields, answer, expected) in [
        ("any", json!({}), json!({}), "alice"),
        (
            "reports of `null`",
            json!({}),
            json!({"nbf": null, "exp": null, "aud": null}),
            "alice",
        ),
        (
            "reports of `null`",
            json!({}),
            json!({"sub": null, "iss": null, "jti": null}),
            "alice",
        ),
        (
            "reports of `null`",
            json!({}),
            json!({"token_type": null, "groups": null}),
            "alice",
        ),
        ("any", json!({}), json!({"sub": ""}), "alice"),
        (
            "RFC 7662, section 2.2",
            json!({}),
            json!({"token_type": "refresh_token"}),
            type_refused,
        ),
        (
            "Ory Hydra",
            json!({}),
            json!({"token_use": "refresh_token"}),
            type_refused,
        ),
        (
            "Keycloak",
            json!({}),
            json!({"typ": "Refresh"}),
            type_refused,
        ),
        (
            "PingAM",
            json!({}),
            json!({"tokenName": "refresh_token"}),
            type_refused,
        ),
        (
            "Django Simple JWT",
            json!({}),
            json!({"tokenType": "refresh"}),
            type_refused,
        ),
        (
            "PingAM",
            json!({}),
            json!({"tokenName": "id_token"}),
            "401 token_use_mismatch",
        ),
        (
            "UAA",
            json!({}),
            json!({"jti": "1-r", "granted_scopes": []}),
            type_refused,
        ),
        // A client's own token, by a mark alone.
        (
            "RFC 7662, section 2.2",
            mapped.clone(),
            json!({"sub": null, "username": null}),
            "401 username_missing",
        ),
        (
            "RFC 9068, section 2.2",
            mapped.clone(),
            json!({"sub": "client"}),
            "svc-ci",
        ),
        (
            "UAA",
            mapped.clone(),
            json!({"grant_type": "client_credentials"}),
            "svc-ci",
        ),
        (
            "WSO2",
            mapped.clone(),
            json!({"aut": "APPLICATION"}),
            "svc-ci",
        ),
        (
            "any",
            extended(
                mapped,
                &json!({"machine_when": [{"claim": "sub", "missing": true}]}),
                &[],
            ),
            json!({"sub": null, "username": null}),
            "svc-ci",
        ),
        (
            "RFC 8725, section 3.10",
            json!({"max_token_lifetime_seconds": 60}),
            json!({"iat": now(), "exp": now() + 100}),
            "401 token_lifetime_too_long",
        ),
    ] {
        let found = introspected(&asked, &fields, &answer).await;
        assert_eq!(found, expected, "{source}: {fields} {answer}");
    }
}

/// Where the provider itself judges a token, its type and its algorithm are the provider's concern.
#[tokio::test]
async fn headers_of_tokens_that_the_provider_judges() {
    let asked = Asked::start().await;
    let key = SigningKey::generate("key", "ES256");
    let mut settings = asked.settings(&key, "introspection");
    settings["providers"]["idp"]
        .as_object_mut()
        .unwrap()
        .remove("jwks");
    let usual = json!({"active": true, "sub": "1", "client_id": "client", "username": "alice"});
    asked.change(|answers| answers.introspection = usual);
    let claims = json!({"iss": ISSUER, "sub": "1"}).to_string();
    for (header, expected) in [
        (json!({"alg": "ES256", "typ": "JWT"}), "alice"),
        (json!({"alg": "HS512", "typ": "vnd.example+jwt"}), "alice"),
        (json!({"alg": "ES256", "typ": 7}), "alice"),
        (json!({"alg": "none"}), "401 algorithm_not_allowed"),
        (json!({"alg": "NONE"}), "401 algorithm_not_allowed"),
        (
            json!({"alg": "ES256", "crit": ["b64"]}),
            "401 critical_header_unsupported",
        ),
    ] {
        let local = Local::new(&settings, Deployment::default());
        let token = key.sign_parts(&header.to_string(), &claims);
        assert_eq!(outcome(&local, &token).await.0, expected, "{header}");
    }
}

/// Encrypted tokens, and tokens of any visible characters, are for their provider to read.
#[tokio::test]
async fn forms_of_opaque_tokens() {
    let asked = Asked::start().await;
    let key = SigningKey::generate("key", "ES256");
    let usual = json!({"active": true, "sub": "1", "client_id": "client", "username": "alice"});
    asked.change(|answers| answers.introspection = usual);
    for token in [
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..aXY.Y2lwaGVy.dGFn",
        "0123456789abcdef0123456789abcdef01234567",
        "a|b!c#d$e%f&g'h(i)j*k,l:m;n<o>p?q@r[s]t^u`v{w}x",
        "e.a.b",
        "exp.two.dots",
        "..",
    ] {
        let local = Local::new(&asked.settings(&key, "jwt"), Deployment::default());
        assert_eq!(outcome(&local, token).await.0, "alice", "{token}");
    }
}

/// A user may choose attributes of any name, and must not become a client by one.
#[tokio::test]
async fn no_user_says_that_a_token_is_a_clients() {
    let asked = Asked::start().await;
    let key = SigningKey::generate("key", "ES256");
    let mut settings = asked.settings(&key, "jwt+userinfo");
    let provider = &mut settings["providers"]["idp"];
    let fields = json!({
        "machine_users": {"client": "svc-ci"},
        "machine_when": [{"claim": "account.type", "equals": "robot"}, {"claim": "robot", "equals": true}],
    });
    *provider = extended(provider.clone(), &fields, &[]);
    let usual = extended(access_claims(ISSUER), &json!({}), &["token_use"]);
    for (claims, user, expected) in [
        (json!({}), json!({}), "alice"),
        (
            json!({}),
            json!({"account": {"type": "robot"}, "robot": true}),
            "alice",
        ),
        (
            json!({}),
            json!({"account.type": "robot", "gty": "client_credentials"}),
            "alice",
        ),
        (json!({"robot": true}), json!({}), "svc-ci"),
        (
            json!({"account": {"type": "robot"}}),
            json!({"account": {}}),
            "svc-ci",
        ),
    ] {
        let subject = json!({"sub": usual["sub"]});
        asked.change(|answers| answers.userinfo = extended(subject, &user, &[]));
        let local = Local::new(&settings, Deployment::default());
        let token = key.sign(&extended(usual.clone(), &claims, &[]));
        assert_eq!(outcome(&local, &token).await.0, expected, "{claims} {user}");
    }
}

/// What a server's userinfo says against a token's client is nothing that it says of us.
#[tokio::test]
async fn a_refused_client_closes_nothing_for_others() {
    let asked = Asked::start().await;
    let key = SigningKey::generate("key", "ES256");
    let local = Local::new(&asked.settings(&key, "jwt+userinfo"), Deployment::default());
    let usual = extended(access_claims(ISSUER), &json!({}), &["token_use"]);
    asked.change(|answers| {
        answers.status = 403;
        answers.userinfo = json!({"error": "unauthorized_client"});
    });
    let (found, _) = outcome(&local, &key.sign(&usual)).await;
    assert_eq!(found, "500 provider_misconfigured");
    asked.change(|answers| {
        answers.status = 200;
        answers.userinfo = json!({"sub": usual["sub"]});
    });
    let other = extended(usual, &json!({"jti": "another"}), &[]);
    assert_eq!(outcome(&local, &key.sign(&other)).await.0, "alice");
}
