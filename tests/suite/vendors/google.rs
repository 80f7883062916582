//! Google: the domain that users must be of, and email addresses.

use serde_json::{Value, json};

use super::ways::{Token, sign, way};
use super::{Set, outcome, start, with};
use testing::Folder;

const ACCESS: &str = "google access token";

#[tokio::test]
async fn the_domain_of_an_access_token_is_asked_of_userinfo() {
    for (hd, case, expected) in [
        ("example.com", "valid", "alice@example.com"),
        ("other.example", "valid", "401 requirement_unmet"),
        // Of no Workspace domain.
        ("example.com", "unverified_email", "401 requirement_unmet"),
    ] {
        let set = Set::start_with(&way(ACCESS), case, &json!({"hd": hd}), &json!({})).await;
        assert_eq!(set.outcome(&way(ACCESS).token()).await, expected);
        assert_eq!(set.vendor.lines(), ["POST /tokeninfo", "GET /v1/userinfo"]);
    }
    // Of a token that is refused anyhow, nothing more is asked.
    let hd = json!({"hd": "example.com"});
    let set = Set::start_with(&way(ACCESS), "other_client", &hd, &json!({})).await;
    assert_eq!(
        set.outcome(&way(ACCESS).token()).await,
        "401 audience_mismatch"
    );
    assert_eq!(set.vendor.lines(), ["POST /tokeninfo"]);
}

/// An id token of alice, with other values of some claims.
fn id_token(claims: &Value) -> String {
    let way = way("google id token");
    let Token::Jwt { claims: alice, .. } = way.token else {
        unreachable!()
    };
    sign(&with(alice(), claims))
}

#[tokio::test]
async fn id_tokens() {
    let folder = Folder::new();
    let provider = with(
        way("google id token").provider(""),
        &json!({"hd": "example.com"}),
    );
    let lambda = start(&folder, json!({"providers": {"idp": provider}})).await;
    for (claims, expected) in [
        (json!({}), "alice@example.com"),
        (json!({"iss": "accounts.google.com"}), "alice@example.com"),
        (json!({"hd": null}), "401 requirement_unmet"),
        (json!({"hd": "other.example"}), "401 requirement_unmet"),
        (json!({"email_verified": false}), "401 email_unverified"),
        (json!({"email_verified": null}), "401 email_unverified"),
        (
            json!({"email": null, "email_verified": null}),
            "401 username_missing",
        ),
        // Both must be ours: an app on a phone may ask for its server's token, and a service
        // account for a token for anyone.
        (
            json!({"azp": "phone.apps.googleusercontent.com"}),
            "401 audience_mismatch",
        ),
        (
            json!({"aud": "other.apps.googleusercontent.com"}),
            "401 audience_mismatch",
        ),
        (
            json!({"aud": ["client.apps.googleusercontent.com", "other"]}),
            "401 audience_mismatch",
        ),
        (json!({"aud": null}), "401 audience_mismatch"),
    ] {
        assert_eq!(
            outcome(&lambda, &id_token(&claims)).await,
            expected,
            "{claims}"
        );
    }
}
