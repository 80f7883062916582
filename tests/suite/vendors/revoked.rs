//! The parameter `revoked`: ids of tokens, of their users, and of their clients.

use std::time::Duration;

use serde_json::json;

use super::ways::{Token, way};
use super::{Set, outcome, start};
use testing::Folder;

#[tokio::test]
async fn by_token_user_and_client() {
    for name in ["cognito", "keycloak", "okta", "custom", "entra"] {
        let way = way(name);
        let Token::Jwt { claims, .. } = &way.token else {
            unreachable!()
        };
        let claims = claims();
        let ids = ["jti", "origin_jti", "sub", "client_id", "azp", "cid"];
        for id in ids.iter().filter_map(|name| claims.get(*name)) {
            let folder = Folder::new();
            let tree = json!({"providers": {"idp": way.provider("")}, "revoked": ["other", id]});
            let lambda = start(&folder, tree).await;
            let outcome = outcome(&lambda, &way.token()).await;
            assert_eq!(outcome, "401 token_revoked", "{name}: {id}");
        }
    }
    for (name, ids) in [
        ("github", ["583231", "Iv1.0123456789abcdef"]),
        ("gitlab access token", ["1", "gitlab-app-uid"]),
        ("facebook", ["10001", "1234567890"]),
        (
            "google access token",
            ["110000000000000000001", "client.apps.googleusercontent.com"],
        ),
        ("slack user token", ["U0123ABC456", "U0123ABC456"]),
        ("okta org", ["AT.NotARealTokenId", "0oaFakeClientId00001"]),
        (
            "custom by userinfo and binding",
            ["Z5O3upPC88QrAjx00dis", "l238j323ds-23ij4"],
        ),
    ] {
        for id in ids {
            let tree = json!({"revoked": [id]});
            let set = Set::start_with(&way(name), "valid", &json!({}), &tree).await;
            let outcome = set.outcome(&way(name).token()).await;
            assert_eq!(outcome, "401 token_revoked", "{name}: {id}");
        }
    }
}

/// A verdict does not outlive the settings that it was made under.
#[tokio::test]
async fn a_known_token_is_refused_with_the_next_settings() {
    let way = way("keycloak");
    let folder = Folder::new();
    let mut tree = json!({
        "providers": {"idp": way.provider("")}, "settings": {"refresh_seconds": 1},
    });
    let lambda = start(&folder, tree.clone()).await;
    let token = way.token();
    assert_eq!(outcome(&lambda, &token).await, "alice");
    tree["revoked"] = json!(["onrtac:00000000-0000-4000-8000-000000000001"]);
    folder.settings(&tree);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(outcome(&lambda, &token).await, "401 token_revoked");
}
