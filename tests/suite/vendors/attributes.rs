//! What the vendors tell of a user: names, scopes, and how it came to be known.

use serde_json::{Value, json};

use super::Set;
use super::ways::way;
use testing::bearer;

#[tokio::test]
async fn usernames() {
    let email = json!({
        "attributes": ["email"], "transform": [{"regex": "([^@]+)@example\\.com"}],
    });
    let elsewhere = json!({
        "attributes": ["email"], "transform": [{"regex": "([^@]+)@other\\.example"}],
    });
    for (name, rule, expected) in [
        // Ids of users at Facebook mean nothing elsewhere.
        (
            "facebook",
            json!({"map": {"10001": "alice.example"}}),
            "alice.example",
        ),
        (
            "facebook",
            json!({"map": {"10002": "bob"}}),
            "401 username_unmapped",
        ),
        (
            "github",
            json!({"map": {"alice": "alice.example"}}),
            "alice.example",
        ),
        // The id outlives a login that is given up and taken by someone else.
        (
            "github",
            json!({"attributes": ["id"], "map": {"583231": "alice.example"}}),
            "alice.example",
        ),
        (
            "github",
            json!({"map": {"bob": "bob"}}),
            "401 username_unmapped",
        ),
        (
            "github",
            json!({"allow": "bob|carol"}),
            "401 username_rejected",
        ),
        ("github", json!("email"), "401 username_missing"),
        (
            "gitlab access token",
            json!({"attributes": ["id"], "map": {"1": "alice.example"}}),
            "alice.example",
        ),
        (
            "gitlab access token",
            json!({"map": {"bob": "bob"}}),
            "401 username_unmapped",
        ),
        ("slack user token", email.clone(), "alice"),
        (
            "slack user token",
            json!({"map": {"U0123ABC456": "alice"}}),
            "alice",
        ),
        ("google access token", email.clone(), "alice"),
        ("google access token", elsewhere, "401 username_rejected"),
        ("google access token", json!("sub"), "110000000000000000001"),
        ("cognito, userinfo asked", email, "alice"),
        // Userinfo adds what the token itself does not say.
        (
            "cognito, userinfo asked",
            json!("custom:department"),
            "Example",
        ),
        ("okta org", json!("uid"), "00uFakeUserId0000001"),
    ] {
        let fields = json!({"username": rule});
        let set = Set::start_with(&way(name), "valid", &fields, &json!({})).await;
        let outcome = set.outcome(&way(name).token()).await;
        assert_eq!(outcome, expected, "{name}: {fields}");
    }
}

#[tokio::test]
async fn context() {
    for (name, context) in [
        (
            "github",
            json!({
                "principal": "583231", "client_id": "Iv1.0123456789abcdef",
                "scope": "public_repo user", "auth_method": "introspection",
            }),
        ),
        (
            "gitlab access token",
            json!({
                "principal": "1", "client_id": "gitlab-app-uid", "scope": "read_user",
                "auth_method": "introspection",
            }),
        ),
        (
            "google access token",
            json!({
                "principal": "110000000000000000001",
                "client_id": "client.apps.googleusercontent.com",
                "scope": "openid https://www.googleapis.com/auth/userinfo.email \
                          https://www.googleapis.com/auth/userinfo.profile",
                "auth_method": "introspection",
            }),
        ),
        (
            "slack user token",
            json!({"principal": "U0123ABC456", "client_id": "", "auth_method": "userinfo"}),
        ),
        (
            "facebook",
            json!({
                "principal": "10001", "client_id": "1234567890", "scope": "email public_profile",
                "auth_method": "introspection",
            }),
        ),
        (
            // `scp` is an array.
            "okta, introspection asked",
            json!({
                "principal": "alice@example.com", "client_id": "0oaFakeClientId00001",
                "scope": "openid profile", "token_id": "AT.NotARealTokenId", "auth_method": "jwt",
            }),
        ),
        (
            "okta org",
            json!({
                "principal": "alice@example.com", "client_id": "0oaFakeClientId00001",
                "scope": "openid profile", "token_id": "AT.NotARealTokenId",
                "auth_method": "introspection",
            }),
        ),
        (
            "custom by userinfo and binding",
            json!({
                "principal": "Z5O3upPC88QrAjx00dis", "client_id": "l238j323ds-23ij4",
                "scope": "read write dolphin", "auth_method": "userinfo",
            }),
        ),
    ] {
        let set = Set::start(&way(name), "valid").await;
        let answer = set.lambda.invoke(&bearer(&way(name).token())).await;
        let found = answer.unwrap()["context"].take();
        for (field, value) in context.as_object().unwrap() {
            assert_eq!(found[field], *value, "{name}: {field}");
        }
        assert_ne!(found["username"], Value::Null);
    }
}
