//! What a provider that is asked answers with: plain or signed, complete or not, in its own types.

use atlassian_authorizer::deployment::Deployment;
use serde_json::{Value, json};

use testing::asked::{Asked, ISSUER};
use testing::bearer;
use testing::local::Local;
use testing::tokens::{SUBJECT, SigningKey, access_claims, now};

const JWT_USERINFO: &str = "jwt+userinfo";

/// A value with other members; null takes a member away, and `"null"` stands for null itself.
fn with(mut object: Value, members: &Value) -> Value {
    let all = object.as_object_mut().unwrap();
    for (name, value) in members.as_object().unwrap() {
        match value {
            Value::Null => drop(all.remove(name)),
            Value::String(text) if text == "null" => drop(all.insert(name.clone(), Value::Null)),
            value => drop(all.insert(name.clone(), value.clone())),
        }
    }
    object
}

/// The settings with other fields of the provider.
fn settings(asked: &Asked, key: &SigningKey, verify: &str, fields: &Value) -> Value {
    let mut settings = asked.settings(key, verify);
    settings["providers"]["idp"] = with(settings["providers"]["idp"].take(), fields);
    settings
}

/// Of a provider whose opaque tokens are introspected.
fn introspecting(asked: &Asked, key: &SigningKey, fields: &Value) -> Local {
    let settings = settings(asked, key, "introspection", fields);
    Local::new(&settings, Deployment::default())
}

/// An introspection answer of a good token.
fn active() -> Value {
    json!({
        "active": true, "client_id": "client", "username": "alice", "sub": SUBJECT,
        "scope": "read", "exp": now() + 3_600, "iat": now() - 60, "nbf": now() - 60,
    })
}

/// OpenID Connect Core 1.0, section 5.3.2.
#[tokio::test]
async fn userinfo_that_is_signed() {
    let key = SigningKey::generate("key", "ES256");
    let forger = SigningKey::generate("key", "ES256");
    let other = SigningKey::generate("other", "ES256");
    let edwards = SigningKey::generate("edwards", "EdDSA");
    let user = json!({"iss": ISSUER, "aud": "client", "sub": SUBJECT, "username": "bob"});
    let signed = |members: Value| key.sign(&with(user.clone(), &members));
    let headed = |header: Value| key.sign_parts(&header.to_string(), &user.to_string());
    let unavailable = "provider_unavailable";
    for (name, answer, code) in [
        ("signed", signed(json!({})), "allowed"),
        (
            "without issuer and audience",
            signed(json!({"iss": null, "aud": null})),
            "allowed",
        ),
        (
            "null is absent",
            signed(json!({"iss": "null", "aud": "null"})),
            "allowed",
        ),
        (
            "for several",
            signed(json!({"aud": ["other", "client"]})),
            "allowed",
        ),
        (
            "still good",
            signed(json!({"exp": now() + 60, "iat": now()})),
            "allowed",
        ),
        (
            "without typ",
            headed(json!({"alg": "ES256", "kid": "key"})),
            "allowed",
        ),
        ("without kid", headed(json!({"alg": "ES256"})), "key"),
        (
            "of another issuer",
            signed(json!({"iss": "https://other.example.com"})),
            unavailable,
        ),
        (
            "of an issuer that is no text",
            signed(json!({"iss": 7})),
            unavailable,
        ),
        (
            "for another client",
            signed(json!({"aud": "other"})),
            unavailable,
        ),
        ("for no text", signed(json!({"aud": 7})), unavailable),
        (
            "of long ago",
            signed(json!({"exp": now() - 3_600})),
            unavailable,
        ),
        (
            "of a time to come",
            signed(json!({"iat": now() + 3_600})),
            unavailable,
        ),
        (
            "of another subject",
            signed(json!({"sub": "other"})),
            "subject_mismatch",
        ),
        (
            "of no subject",
            signed(json!({"sub": null})),
            "subject_mismatch",
        ),
        ("by another's key", forger.sign(&user), unavailable),
        (
            "by a key that is not in the set",
            other.sign(&user),
            unavailable,
        ),
        (
            "by an algorithm that the settings don't list",
            edwards.sign(&user),
            unavailable,
        ),
        (
            "by a key of another algorithm",
            headed(json!({"alg": "RS256", "kid": "key"})),
            unavailable,
        ),
        (
            "by HMAC",
            headed(json!({"alg": "HS256", "kid": "key"})),
            unavailable,
        ),
        ("by none", headed(json!({"alg": "none"})), unavailable),
        (
            "with an extension",
            headed(json!({"alg": "ES256", "kid": "key", "crit": ["b64"]})),
            unavailable,
        ),
        (
            "encrypted",
            "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..aXY.dGV4dA.dGFn".to_owned(),
            unavailable,
        ),
        ("no JWS", "eyJhbGciOiJub25lIn0".to_owned(), unavailable),
        ("not text", "\u{e9}".to_owned(), unavailable),
        ("empty", String::new(), unavailable),
        ("JSON by the name of a JWT", user.to_string(), unavailable),
    ] {
        let asked = Asked::start().await;
        asked.change(|answers| answers.userinfo = answer.into());
        let mut set = json!({"keys": [key.jwk, edwards.jwk]});
        if code == "key" {
            // Without a name only a single key will do.
            set = json!({"keys": [key.jwk]});
        }
        let fields = json!({"jwks": set, "algorithms": ["ES256", "RS256"]});
        let settings = settings(&asked, &key, JWT_USERINFO, &fields);
        let local = Local::new(&settings, Deployment::default());
        let mut claims = access_claims(ISSUER);
        claims.as_object_mut().unwrap().remove("username");
        let event = bearer(&key.sign(&claims));
        let expected = if code == "key" { "allowed" } else { code };
        assert_eq!(local.code(&event).await, expected, "{name}");
        if expected == "allowed" {
            let answer = local.invoke(&event).await.unwrap();
            assert_eq!(answer["context"]["username"], "bob", "{name}");
            assert_eq!(answer["context"]["client_id"], "client", "{name}");
        }
    }
}

/// Of opaque tokens too, provided that the settings name an issuer with keys.
#[tokio::test]
async fn userinfo_of_opaque_tokens_that_is_signed() {
    let key = SigningKey::generate("key", "ES256");
    let user = json!({"iss": ISSUER, "aud": "client", "sub": SUBJECT, "email": "bob@example.com"});
    for (fields, code) in [
        (json!({}), "allowed"),
        (json!({"client_ids": ["client", "other"]}), "allowed"),
        (
            json!({"jwks": null, "discovery": false}),
            "provider_unavailable",
        ),
        (
            json!({"jwks": null, "issuer": null, "verify": null}),
            "provider_unavailable",
        ),
    ] {
        let asked = Asked::start().await;
        asked.change(|answers| {
            answers.userinfo = key.sign(&user).into();
            answers.introspection = active();
        });
        let userinfo = format!("{}/userinfo", asked.url);
        let mut settings = settings(&asked, &key, "introspection", &fields);
        settings["providers"]["idp"]["userinfo_endpoint"] = userinfo.into();
        let local = Local::new(&settings, Deployment::default());
        assert_eq!(
            local.code(&bearer("an-opaque-token")).await,
            code,
            "{fields}"
        );
    }
}

/// RFC 9701.
#[tokio::test]
async fn introspection_that_is_signed() {
    const TYPE: &str = "token-introspection+jwt";
    let key = SigningKey::generate("key", "ES256");
    let forger = SigningKey::generate("key", "ES256");
    let claims =
        json!({"iss": ISSUER, "aud": "authorizer", "iat": now(), "token_introspection": active()});
    let headed = |key: &SigningKey, typ: &str, members: Value| {
        let header = json!({"alg": "ES256", "kid": "key", "typ": typ});
        let claims = with(claims.clone(), &members);
        key.sign_parts(&header.to_string(), &claims.to_string())
    };
    let signed = |members| headed(&key, TYPE, members);
    let unavailable = "provider_unavailable";
    for (name, answer, code) in [
        ("signed", signed(json!({})), "allowed"),
        (
            "for a client of ours",
            signed(json!({"aud": ["client"]})),
            "allowed",
        ),
        (
            "by the long name of the type",
            headed(&key, "application/token-introspection+jwt", json!({})),
            "allowed",
        ),
        (
            "inactive",
            signed(json!({"token_introspection": {"active": false}})),
            "token_inactive",
        ),
        (
            "of another issuer",
            signed(json!({"iss": "https://other.example.com"})),
            unavailable,
        ),
        ("of no issuer", signed(json!({"iss": null})), unavailable),
        (
            "for someone else",
            signed(json!({"aud": "other"})),
            unavailable,
        ),
        ("for nobody", signed(json!({"aud": null})), unavailable),
        (
            "without an answer",
            signed(json!({"token_introspection": null})),
            unavailable,
        ),
        (
            "of a time to come",
            signed(json!({"iat": now() + 3_600})),
            unavailable,
        ),
        (
            "of another type",
            headed(&key, "JWT", json!({})),
            unavailable,
        ),
        (
            "by another's key",
            headed(&forger, TYPE, json!({})),
            unavailable,
        ),
    ] {
        let asked = Asked::start().await;
        asked.change(|answers| answers.introspection = answer.into());
        let local = introspecting(&asked, &key, &json!({}));
        assert_eq!(local.code(&bearer("an-opaque-token")).await, code, "{name}");
    }
}

/// RFC 7662, section 2.2, as servers have it: numbers in quotes (ballerina-library, issue 3202) and
/// with a fraction, `null` for what they don't know.
#[tokio::test]
async fn introspection_in_types_of_its_own() {
    let key = SigningKey::generate("key", "ES256");
    let text = |offset: u64| (now() + offset).to_string();
    for (members, code) in [
        (json!({"exp": text(60)}), "allowed"),
        (json!({"exp": format!("{}.0", text(60))}), "allowed"),
        (json!({"exp": 4_102_444_800.0}), "allowed"),
        (
            json!({"exp": text(60), "iat": text(0), "nbf": text(0)}),
            "allowed",
        ),
        (json!({"exp": "1"}), "token_expired"),
        (json!({"nbf": text(3_600)}), "token_not_yet_valid"),
        (json!({"iat": text(3_600)}), "token_not_yet_valid"),
        (json!({"exp": "soon"}), "claims_malformed"),
        (json!({"exp": ""}), "claims_malformed"),
        (json!({"exp": "-1"}), "claims_malformed"),
        (json!({"exp": "1e12"}), "claims_malformed"),
        (
            json!({"exp": "99999999999999999999999999"}),
            "claims_malformed",
        ),
        (json!({"exp": [now() + 60, now()]}), "claims_malformed"),
        (
            json!({"exp": "null", "iat": "null", "nbf": "null"}),
            "allowed",
        ),
        (
            json!({"aud": "null", "iss": "null", "jti": "null", "cnf": "null"}),
            "allowed",
        ),
        (json!({"client_id": "null"}), "audience_mismatch"),
        (json!({"client_id": 7}), "claims_malformed"),
        (json!({"username": "null"}), "username_missing"),
        (json!({"sub": ""}), "allowed"),
        (json!({"active": "null"}), "provider_unavailable"),
        (json!({"active": "true"}), "provider_unavailable"),
        (json!({"active": 1}), "provider_unavailable"),
    ] {
        let asked = Asked::start().await;
        asked.change(|answers| answers.introspection = with(active(), &members));
        let local = introspecting(&asked, &key, &json!({}));
        let event = bearer("an-opaque-token");
        assert_eq!(local.code(&event).await, code, "{members}");
        if members["sub"] == "" {
            let answer = local.invoke(&event).await.unwrap();
            assert_eq!(answer["principalId"], "alice", "an empty subject is none");
        }
    }
}

/// OpenID Connect Core 1.0, section 5.3.2: userinfo names the subject, and it is the token's.
#[tokio::test]
async fn userinfo_is_of_the_tokens_subject() {
    let key = SigningKey::generate("key", "ES256");
    for (token, user, code) in [
        (json!(SUBJECT), json!({"sub": SUBJECT}), "allowed"),
        (json!(SUBJECT), json!({}), "subject_mismatch"),
        (json!(SUBJECT), json!({"sub": ""}), "subject_mismatch"),
        (json!(SUBJECT), json!({"sub": null}), "subject_mismatch"),
        (json!(SUBJECT), json!({"sub": "other"}), "subject_mismatch"),
        (
            json!(SUBJECT),
            json!({"sub": [SUBJECT]}),
            "subject_mismatch",
        ),
    ] {
        let asked = Asked::start().await;
        asked.change(|answers| {
            answers.userinfo = user.clone();
            answers.introspection = with(active(), &json!({"sub": token}));
        });
        let local = Local::new(
            &settings(&asked, &key, JWT_USERINFO, &json!({})),
            Deployment::default(),
        );
        let signed = bearer(&key.sign(&with(access_claims(ISSUER), &json!({"sub": token}))));
        assert_eq!(local.code(&signed).await, code, "signed, {user}");

        let userinfo = json!({"userinfo_endpoint": format!("{}/userinfo", asked.url)});
        let local = introspecting(&asked, &key, &userinfo);
        let opaque = bearer("an-opaque-token");
        assert_eq!(local.code(&opaque).await, code, "introspected, {user}");
    }
    // A token that names no subject has that of userinfo.
    let asked = Asked::start().await;
    asked.change(|answers| answers.introspection = with(active(), &json!({"sub": null})));
    let userinfo = json!({"userinfo_endpoint": format!("{}/userinfo", asked.url)});
    let local = introspecting(&asked, &key, &userinfo);
    let answer = local.invoke(&bearer("an-opaque-token")).await.unwrap();
    assert_eq!(answer["principalId"], SUBJECT);
}

/// RFC 7662, section 2.1: a Bearer token of our own in place of a client's secret.
#[tokio::test]
async fn a_bearer_token_of_our_own() {
    let key = SigningKey::generate("key", "ES256");
    let asked = Asked::start().await;
    asked.change(|answers| answers.introspection = active());
    let bearer_alone = json!({"client_auth": "bearer", "client_id": null});
    let local = introspecting(&asked, &key, &bearer_alone);
    assert_eq!(local.code(&bearer("an-opaque-token")).await, "allowed");
    let question = &asked.questions()[0];
    let ours = format!("Bearer {}", testing::asked::SECRET);
    assert_eq!(question.authorization, ours);
    assert_eq!(
        question.body,
        "token=an-opaque-token&token_type_hint=access_token"
    );

    // Ours is refused like any other credential of ours.
    asked.change(|answers| {
        answers.status = 401;
        answers.introspection = json!({"error": "invalid_client"});
    });
    let code = local.code(&bearer("another-opaque-token")).await;
    assert_eq!(code, "provider_misconfigured");
}
