//! Tokens of clients without a user, and of users without a subject.

use atlassian_authorizer::deployment::Deployment;
use serde_json::{Value, json};

use super::{check, extended, outcome, provider, row};
use testing::asked::ISSUER;
use testing::local::Local;
use testing::tokens::{SigningKey, access_claims};

fn mapped() -> Value {
    json!({"machine_users": {"client": "svc-ci"}})
}

#[tokio::test]
async fn marks_of_clients() {
    let unmapped = "401 machine_user_unmapped";
    let mut rows = Vec::new();
    for (source, claims) in [
        ("RFC 9068, section 2.2", json!({"sub": "client"})),
        ("Auth0", json!({"gty": "client-credentials"})),
        ("FusionAuth", json!({"gty": ["client_credentials"]})),
        ("UAA, XSUAA", json!({"grant_type": "client_credentials"})),
        ("Entra ID", json!({"idtyp": "app"})),
        ("WSO2", json!({"aut": "APPLICATION"})),
        ("PingAM", json!({"sub": "(age!client)"})),
    ] {
        rows.push(row(source, unmapped).claims(claims.clone()));
        rows.push(row(source, "svc-ci").provider(mapped()).claims(claims));
    }
    // Marks of users.
    for (source, claims) in [
        ("FusionAuth", json!({"gty": ["authorization_code"]})),
        ("UAA, XSUAA", json!({"grant_type": "authorization_code"})),
        ("WSO2", json!({"aut": "APPLICATION_USER"})),
        ("PingAM", json!({"sub": "(usr!alice)"})),
        ("Entra ID", json!({"idtyp": "user"})),
    ] {
        rows.push(row(source, "alice").provider(mapped()).claims(claims));
    }
    check(rows).await;
}

#[tokio::test]
async fn marks_of_the_settings() {
    let when = |rules: Value| json!({"machine_users": {"client": "svc-ci"}, "machine_when": rules});
    let no_subject = || when(json!([{"claim": "sub", "missing": true}]));
    let by_value =
        || when(json!([{"claim": "kind", "equals": "bot"}, {"claim": "x", "equals": 1}]));
    check(vec![
        row("Duende IdentityServer", "svc-ci")
            .provider(no_subject())
            .without(&["sub", "username"]),
        row("Duende IdentityServer", "svc-ci")
            .provider(no_subject())
            .claims(json!({"sub": ""})),
        row("Duende IdentityServer", "alice").provider(no_subject()),
        row("any", "svc-ci")
            .provider(by_value())
            .claims(json!({"kind": "bot"})),
        row("any", "svc-ci")
            .provider(by_value())
            .claims(json!({"x": 1})),
        row("any", "alice")
            .provider(by_value())
            .claims(json!({"kind": "person"})),
        // Nobody is named, and nothing says that this is the client: a user may have granted no more.
        row("Keycloak without the scope `basic`", "401 username_missing")
            .provider(mapped())
            .without(&["sub", "username"]),
    ])
    .await;
}

#[tokio::test]
async fn subjects() {
    let none = "AD FS; Keycloak without the scope `basic`";
    check(vec![
        row(none, "alice").without(&["sub"]),
        row(none, "alice").claims(json!({"sub": null})),
        row(none, "alice").claims(json!({"sub": ""})),
        row(none, "alice").claims(json!({"sub": ["5f0c"]})),
        row("RFC 7519, section 4.1.2", "401 claims_malformed").claims(json!({"sub": 7})),
        row("RFC 7519, section 4.1.2", "401 claims_malformed").claims(json!({"sub": {}})),
        row("RFC 7519, section 4.1.2", "401 claims_malformed").claims(json!({"sub": ["a", "b"]})),
        row(
            "neither subject nor username nor client",
            "401 username_missing",
        )
        .provider(json!({"client_ids": null, "audiences": ["jira"]}))
        .claims(json!({"aud": "jira"}))
        .without(&["sub", "username", "client_id"]),
        // Never a list, for who compares it?
        row("RFC 9068, section 2.2", "401 claims_malformed")
            .claims(json!({"client_id": ["client"]})),
        row("RFC 9068, section 2.2", "401 claims_malformed").claims(json!({"azp": ["client"]})),
        row("RFC 9068, section 2.2", "alice").claims(json!({"azp": "", "cid": null})),
        row("RFC 7519, section 4.1.1", "401 issuer_unknown")
            .claims(json!({"iss": ["https://idp.example.com"]})),
    ])
    .await;
}

/// An id that a server writes as a number or in a list is revoked as it stands in the audit line.
#[tokio::test]
async fn revoked_ids() {
    let key = SigningKey::generate("key", "ES256");
    let settings = json!({"providers": {"idp": provider(&key, &json!({}))}, "revoked": ["42"]});
    let local = Local::new(&settings, Deployment::default());
    for (claims, expected) in [
        (json!({"jti": "42"}), "401 token_revoked"),
        (json!({"jti": 42}), "401 token_revoked"),
        (json!({"jti": [42]}), "401 token_revoked"),
        (
            json!({"jti": "1", "origin_jti": ["42"]}),
            "401 token_revoked",
        ),
        (json!({"jti": "43"}), "alice"),
    ] {
        let usual = extended(access_claims(ISSUER), &claims, &["token_use"]);
        assert_eq!(
            outcome(&local, &key.sign(&usual)).await.0,
            expected,
            "{claims}"
        );
    }
}
