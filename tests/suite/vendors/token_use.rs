//! Which JWTs of each kind are access tokens and which are id tokens, and which of them are
//! accepted.

use serde_json::{Value, json};

use atlassian_authorizer::deployment::Deployment;
use testing::local::Local;

use super::ways::{Token, sign, way};
use super::with;

#[tokio::test]
async fn each_kind_takes_what_is_safe_for_it() {
    let mismatch = "token_use_mismatch";
    let keycloak_id = json!({
        "typ": "ID", "aud": "keycloak-client", "at_hash": "NotARealHash", "scope": null,
        "realm_access": null, "resource_access": null,
    });
    let okta_id = json!({
        "aud": "0oaFakeClientId00001", "cid": null, "uid": null, "scp": null, "jti": "ID.NotARealTokenId",
        "sub": "00uFakeUserId0000001", "preferred_username": "alice@example.com", "amr": ["pwd"],
    });
    let cognito_id = json!({
        "token_use": "id", "aud": "3n4b5urk1ft4fl3mg5e62d9ado", "client_id": null, "username": null,
        "scope": null, "cognito:username": "alice",
    });
    let unchanged = json!({});
    // The way, what differs, and what comes of it by default and with each `token_use`.
    for (name, claims, [default, access, id, both]) in [
        (
            "keycloak",
            &unchanged,
            ["alice", "alice", mismatch, "alice"],
        ),
        (
            "keycloak",
            &keycloak_id,
            [mismatch, mismatch, "alice", "alice"],
        ),
        (
            "okta",
            &okta_id,
            [mismatch, mismatch, "alice@example.com", "alice@example.com"],
        ),
        ("cognito", &unchanged, ["alice", "alice", mismatch, "alice"]),
        (
            "cognito",
            &cognito_id,
            ["alice", mismatch, "alice", "alice"],
        ),
        (
            "gitlab id token",
            &unchanged,
            ["alice", mismatch, "alice", "alice"],
        ),
        (
            "google id token",
            &unchanged,
            [
                "alice@example.com",
                mismatch,
                "alice@example.com",
                "alice@example.com",
            ],
        ),
        (
            "slack id token",
            &unchanged,
            ["U0123ABC456", mismatch, "U0123ABC456", "U0123ABC456"],
        ),
    ] {
        let way = way(name);
        let Token::Jwt { claims: alice, .. } = way.token else {
            unreachable!()
        };
        let token = sign(&with(alice(), claims));
        for (token_use, expected) in [
            (Value::Null, default),
            ("access".into(), access),
            ("id".into(), id),
            ("both".into(), both),
        ] {
            let fields = json!({"token_use": token_use});
            let provider = with(way.provider(""), &fields);
            let settings = json!({"providers": {"idp": provider}});
            let local = Local::new(&settings, Deployment::default());
            let found = match local.check(&token).await {
                Ok(()) => local.audit()["username"].as_str().unwrap().to_owned(),
                Err(refusal) => refusal.code().to_owned(),
            };
            assert_eq!(found, expected, "{name} {token_use} {claims}");
        }
    }
}
