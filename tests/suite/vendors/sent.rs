//! What the vendors are sent, by their documentation.

use serde_json::json;

use super::ways::{Way, way};
use super::{SECRET, Set};
use testing::vendor::Asked;

/// What was asked about one token of a way that was let through.
async fn asked(way: &Way, token: &str) -> Vec<Asked> {
    let set = Set::start(way, "valid").await;
    let outcome = set.outcome(token).await;
    assert!(!outcome.contains(' '), "{}: {outcome}", way.name);
    let asked = set.vendor.asked();
    for asked in &asked {
        assert_eq!(asked.header("accept"), "application/json");
        assert!(
            asked
                .header("user-agent")
                .starts_with("atlassian-authorizer/")
        );
        assert_eq!(asked.header("cookie"), "");
    }
    asked
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

/// The application by Basic auth, and the token in a JSON body.
#[tokio::test]
async fn github() {
    let way = way("github");
    let token = way.token();
    let [asked] = asked(&way, &token).await.try_into().unwrap();
    assert_eq!(
        asked.line(),
        "POST /api/v3/applications/Iv1.0123456789abcdef/token"
    );
    assert_eq!(asked.basic(), format!("Iv1.0123456789abcdef:{SECRET}"));
    assert_eq!(asked.json(), json!({"access_token": token}));
    assert_eq!(asked.header("x-github-api-version"), "2022-11-28");
    assert_eq!(asked.query, []);
}

/// The token as the credential, of the token's information first.
#[tokio::test]
async fn bearers() {
    for (name, lines) in [
        (
            "gitlab access token",
            &["GET /oauth/token/info", "GET /api/v4/user"][..],
        ),
        ("google access token", &["POST /tokeninfo"]),
        ("slack user token", &["POST /api/openid.connect.userInfo"]),
        ("cognito, userinfo asked", &["GET /oauth2/userInfo"]),
        ("custom, userinfo asked", &["GET /userinfo"]),
        (
            "custom by userinfo and binding",
            &["GET /tokeninfo", "GET /userinfo"],
        ),
    ] {
        let way = way(name);
        let token = way.token();
        let asked = asked(&way, &token).await;
        assert_eq!(asked.iter().map(Asked::line).collect::<Vec<_>>(), lines);
        for asked in asked {
            assert_eq!(asked.header("authorization"), format!("Bearer {token}"));
            assert_eq!(asked.query, [], "{name}");
            assert_eq!(asked.body, "", "{name}");
        }
    }
}

/// The token and our own app token in the query, for there is no other way.
#[tokio::test]
async fn facebook() {
    let way = way("facebook");
    let token = way.token();
    let [asked] = asked(&way, &token).await.try_into().unwrap();
    assert_eq!(asked.line(), "GET /debug_token");
    let app_token = format!("1234567890|{SECRET}");
    assert_eq!(
        asked.query,
        pairs(&[("input_token", &token), ("access_token", &app_token)])
    );
    assert_eq!(asked.header("authorization"), "");
}

/// RFC 7662: the token in a form, and our client by Basic auth, form-encoded first (RFC 6749,
/// section 2.3.1).
#[tokio::test]
async fn introspection() {
    let secret: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    for (name, line, client) in [
        (
            "keycloak, introspection asked",
            "POST /realms/main/protocol/openid-connect/token/introspect",
            "authorizer",
        ),
        (
            "keycloak by introspection alone",
            "POST /realms/main/protocol/openid-connect/token/introspect",
            "authorizer",
        ),
        (
            "okta, introspection asked",
            "POST /oauth2/default/v1/introspect",
            "authorizer",
        ),
        (
            "okta org",
            "POST /oauth2/v1/introspect",
            "0oaFakeClientId00001",
        ),
        (
            "custom, introspection asked",
            "POST /introspect",
            "authorizer",
        ),
        ("custom by introspection", "POST /introspect", "authorizer"),
    ] {
        let way = way(name);
        let token = way.token();
        let [asked] = asked(&way, &token).await.try_into().unwrap();
        assert_eq!(asked.line(), line, "{name}");
        assert_eq!(asked.basic(), format!("{client}:{secret}"), "{name}");
        assert_eq!(
            asked.form(),
            pairs(&[("token", &token), ("token_type_hint", "access_token")])
        );
        assert_eq!(asked.query, [], "{name}");
    }
}

/// Userinfo after introspection is asked as the caller, not as ourselves.
#[tokio::test]
async fn introspection_and_userinfo() {
    let way = way("custom by introspection and userinfo");
    let token = way.token();
    let [first, second] = asked(&way, &token).await.try_into().unwrap();
    assert_eq!(first.line(), "POST /introspect");
    assert!(first.header("authorization").starts_with("Basic "));
    assert_eq!(second.line(), "GET /userinfo");
    assert_eq!(second.header("authorization"), format!("Bearer {token}"));
}

/// `client_secret_post` has both in the form, and no header.
#[tokio::test]
async fn introspection_with_the_secret_in_the_form() {
    let way = way("custom by introspection");
    let fields = json!({"client_auth": "client_secret_post"});
    let set = Set::start_with(&way, "valid", &fields, &json!({})).await;
    let token = way.token();
    assert_eq!(set.outcome(&token).await, "alice");
    let [asked] = set.vendor.asked().try_into().unwrap();
    assert_eq!(asked.header("authorization"), "");
    assert_eq!(
        asked.form(),
        pairs(&[
            ("token", &token),
            ("token_type_hint", "access_token"),
            ("client_id", "authorizer"),
            ("client_secret", SECRET),
        ])
    );
}
