//! Usernames, groups and scopes, and answers that grow with them.

use atlassian_authorizer::deployment::Deployment;
use serde_json::{Value, json};

use super::{check, extended, outcome, provider, row};
use testing::asked::ISSUER;
use testing::local::Local;
use testing::tokens::{SigningKey, access_claims};

#[tokio::test]
async fn usernames() {
    let b2c = "Azure AD B2C, `emails`";
    let any = || json!({"username": {"attributes": ["username"], "allow": "[^@]+"}});
    let at = |path: &str| json!({"username": path});
    check(vec![
        row(b2c, "a@example.com")
            .provider(at("emails"))
            .claims(json!({"emails": ["a@example.com"]})),
        row(b2c, "401 username_missing")
            .provider(at("emails"))
            .claims(json!({"emails": ["a@example.com", "b@example.com"]})),
        row("SCIM, RFC 7643, section 4.1.2", "a@example.com")
            .provider(at("emails[*].value"))
            .claims(json!({"emails": [{"value": "a@example.com"}]})),
        row("Auth0, namespaced claims", "bob")
            .provider(at("https://example.com/claims.user.name"))
            .claims(json!({"https://example.com/claims": {"user.name": "bob"}})),
        row("Auth0, namespaced claims", "401 email_unverified")
            .provider(at("https://example.com/email"))
            .claims(json!({"https://example.com/email": "a@example.com", "email_verified": false})),
        row("usernames that are numbers", "7").claims(json!({"username": 7})),
        row("usernames outside of ASCII", "401 username_rejected")
            .claims(json!({"username": "j\u{fc}rgen"})),
        row("usernames outside of ASCII", "j\u{fc}rgen")
            .provider(any())
            .claims(json!({"username": "j\u{fc}rgen"})),
        row("usernames outside of ASCII", "j\u{fc}rgen")
            .provider(
                json!({"username": {"attributes": ["username"], "map": {"x": "j\u{fc}rgen"}}}),
            )
            .claims(json!({"username": "x"})),
        row("Unicode 16, section 23.3", "401 username_rejected")
            .provider(any())
            .claims(json!({"username": "al\u{202e}ice"})),
    ])
    .await;
}

/// The context of a token of a custom provider.
async fn context(fields: &Value, claims: &Value) -> Value {
    let key = SigningKey::generate("key", "ES256");
    let settings = json!({"providers": {"idp": provider(&key, fields)}});
    let local = Local::new(&settings, Deployment::default());
    let usual = extended(access_claims(ISSUER), &json!({}), &["token_use", "scope"]);
    let token = key.sign(&extended(usual, claims, &[]));
    let (user, context) = outcome(&local, &token).await;
    if user.starts_with("401") {
        user.into()
    } else {
        context
    }
}

#[tokio::test]
async fn groups() {
    let at = |path: &str| json!({"groups": path});
    let comma = || json!({"groups": {"attribute": "groups", "separator": "comma"}});
    let space = || json!({"groups": {"attribute": "groups", "separator": "space"}});
    for (source, fields, claims, groups) in [
        ("Keycloak", at("groups"), json!({"groups": null}), ""),
        ("any", at("groups"), json!({"groups": "a"}), "a"),
        ("GitLab", at("groups"), json!({"groups": [7, "a"]}), "7,a"),
        (
            "ForgeRock, Zoho",
            at("roles[*].name"),
            json!({"roles": [{"name": "a"}, {"name": "b"}, {"id": 1}]}),
            "a,b",
        ),
        (
            "Zitadel, roles",
            at("urn:zitadel:iam:org:project:roles"),
            json!({"urn:zitadel:iam:org:project:roles": {"a": {"1": "x"}, "b": {"1": "x"}}}),
            "a,b",
        ),
        (
            "Keycloak, client roles",
            at("resource_access.my.client.roles"),
            json!({"resource_access": {"my.client": {"roles": ["a"]}}}),
            "a",
        ),
        ("WSO2", comma(), json!({"groups": "a, b,,c"}), "a,b,c"),
        ("WSO2", comma(), json!({"groups": ["a,b", "c"]}), "a%2Cb,c"),
        ("SAP", space(), json!({"groups": "a b"}), "a,b"),
        ("any", at("groups"), json!({"groups": "a, b"}), "a%2C%20b"),
    ] {
        let context = context(&fields, &claims).await;
        assert_eq!(context["groups"], groups, "{source}: {fields} {claims}");
    }
    for claims in [
        json!({"groups": true}),
        json!({"groups": [["a"]]}),
        json!({"groups": [{"a": 1}]}),
    ] {
        let found = context(&at("groups"), &claims).await;
        assert_eq!(found, "401 claims_malformed", "{claims}");
    }
}

/// Whoever may be in more groups than the token names is refused where a rule denies by group.
#[tokio::test]
async fn groups_without_a_name() {
    let key = SigningKey::generate("key", "ES256");
    let settings = json!({
        "providers": {"idp": provider(&key, &json!({"groups": "roles[*].name"}))},
        "products": {"jira": {"path": "/", "access": [
            {"allow": ["* /*"]}, {"deny": ["* /*"], "groups": ["guests"]},
        ]}},
    });
    let local = Local::new(&settings, Deployment::default());
    for (roles, expected) in [
        (json!([{"name": "a"}]), "alice"),
        (json!([]), "alice"),
        (json!([{"name": "guests"}]), "403 route_not_allowed"),
        (json!([{"name": "a"}, {"id": 1}]), "401 groups_incomplete"),
        (json!(null), "401 groups_incomplete"),
    ] {
        let usual = extended(access_claims(ISSUER), &json!({}), &["token_use"]);
        let token = key.sign(&extended(usual, &json!({"roles": roles}), &[]));
        assert_eq!(outcome(&local, &token).await.0, expected, "{roles}");
    }
}

#[tokio::test]
async fn scopes() {
    for (source, claims, scopes) in [
        ("RFC 8693, section 4.2", json!({"scope": "a b"}), "a b"),
        ("Okta", json!({"scp": ["a", "b"]}), "a b"),
        ("Entra ID", json!({"scp": "a b"}), "a b"),
        (
            "reports of `null`",
            json!({"scope": null, "scp": ["a"]}),
            "a",
        ),
        (
            "reports of empty scopes",
            json!({"scope": "", "scp": "a"}),
            "a",
        ),
        (
            "reports of empty scopes",
            json!({"scope": [], "scp": "a"}),
            "a",
        ),
        (
            "Spring Authorization Server",
            json!({"scope": ["a", "b"]}),
            "a b",
        ),
        ("arrays of one text", json!({"scope": ["a b"]}), "a b"),
        (
            "RFC 6749, section 3.3",
            json!({"scope": "room:1,admin"}),
            "room:1%2Cadmin",
        ),
        (
            "RFC 6749, section 3.3",
            json!({"scope": ["room:1,admin"]}),
            "room:1%2Cadmin",
        ),
        (
            "RFC 6749, section 3.3",
            json!({"scope": "a,b c"}),
            "a%2Cb c",
        ),
        ("any", json!({"scope": 7, "scp": "a"}), "a"),
    ] {
        let context = context(&json!({}), &claims).await;
        assert_eq!(context["scope"], scopes, "{source}: {claims}");
    }
    let commas = json!({"scope_separator": "comma"});
    for (source, claims, scopes) in [
        ("Slack, GitHub", json!({"scope": "a,b"}), "a b"),
        ("Slack, GitHub", json!({"scope": "a, b c"}), "a b c"),
        ("Slack, GitHub", json!({"scope": ["a,b"]}), "a b"),
        ("Slack, GitHub", json!({"scope": ["a,b", "c"]}), "a%2Cb c"),
    ] {
        let context = context(&commas, &claims).await;
        assert_eq!(context["scope"], scopes, "{source}: {claims}");
    }
}

/// Whatever a token says, it is no fault of ours.
#[tokio::test]
async fn answers_have_room() {
    // Each takes more room in an answer than in a token.
    let many = |count: usize| (0..count).map(|number| format!("g\u{fc}\u{fc}\u{fc}-{number:05}"));
    let groups: Vec<String> = many(400).collect();
    let scopes = many(400).collect::<Vec<_>>().join(" ");
    let long = "x".repeat(3_000);
    for (claims, marks) in [
        (json!({"groups": groups}), &["groups_truncated"][..]),
        (json!({"scope": scopes}), &["scope_truncated"]),
        (
            json!({"groups": ["a"], "jti": long, "sub": long}),
            &["principal_truncated", "token_id_truncated"],
        ),
        (json!({"groups": ["a"], "scope": "b"}), &[]),
    ] {
        let context = context(&json!({}), &claims).await;
        let names = context.as_object().unwrap().keys();
        let found: Vec<_> = names.filter(|name| name.ends_with("_truncated")).collect();
        assert_eq!(found, marks);
        for name in ["groups", "scope"] {
            let names = context[name].as_str().unwrap().split([',', ' ']);
            for name in names.filter(|name| name.starts_with('g')) {
                assert_eq!(name.len(), "g%C3%BC%C3%BC%C3%BC-00000".len());
            }
        }
    }
}

/// No two usernames have one header.
#[tokio::test]
async fn headers_of_usernames() {
    let any = json!({"username": {"attributes": ["username"], "allow": ".+"}});
    for (username, header) in [
        ("alice", "alice"),
        ("j\u{fc}rgen", "j%C3%BCrgen"),
        ("j%C3%BCrgen", "j%25C3%25BCrgen"),
        ("\u{5c71}\u{7530}", "%E5%B1%B1%E7%94%B0"),
    ] {
        let context = context(&any, &json!({"username": username})).await;
        assert_eq!(context["user_header"], header);
        assert_eq!(context["username"], header);
    }
}
