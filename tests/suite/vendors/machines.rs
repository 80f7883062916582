//! Tokens of clients on their own behalf, which have no user.

use serde_json::{Value, json};

use super::ways::{Token, Way, sign, way};
use super::{Set, outcome, start, with};
use testing::Folder;

/// Clients by their ids at each vendor.
fn machine_users() -> Value {
    json!({"machine_users": {
        "keycloak-client": "svc-ci", "0oaFakeClientId00001": "svc-ci",
        "l238j323ds-23ij4": "svc-ci", "3n4b5urk1ft4fl3mg5e62d9ado": "svc-ci",
        "client.apps.googleusercontent.com": "svc-ci", "Iv1.0123456789abcdef": "svc-ci",
    }})
}

#[tokio::test]
async fn by_the_vendors_word() {
    // An answer that names no user says nothing by that alone.
    let unmarked = way("custom by introspection");
    let set = Set::start_with(&unmarked, "no_user", &machine_users(), &json!({})).await;
    assert_eq!(set.outcome(&unmarked.token()).await, "401 username_missing");

    let when = json!({"machine_when": [{"claim": "sub", "missing": true}]});
    for (name, case, when) in [
        (
            "keycloak by introspection alone",
            "service_account",
            json!({}),
        ),
        ("okta org", "no_user", json!({})),
        ("custom by introspection", "no_user", when),
    ] {
        let way = way(name);
        for (fields, expected) in [
            (json!({}), "401 machine_user_unmapped"),
            (machine_users(), "svc-ci"),
        ] {
            let fields = with(fields, &when);
            let set = Set::start_with(&way, case, &fields, &json!({})).await;
            assert_eq!(set.outcome(&way.token()).await, expected, "{name}");
        }
        // A user does not count as the client.
        let fields = with(machine_users(), &when);
        let set = Set::start_with(&way, "valid", &fields, &json!({})).await;
        let outcome = set.outcome(&way.token()).await;
        assert!(outcome.starts_with("alice"), "{name}: {outcome}");
    }
}

/// Where a vendor's answer for a user's token can lack the user, that makes no machine of it: the
/// token of a user who granted little would pass for the client's.
#[tokio::test]
async fn a_user_who_is_not_told_of_is_no_machine() {
    for name in ["google access token", "github"] {
        let way = way(name);
        let set = Set::start_with(&way, "no_user", &machine_users(), &json!({})).await;
        assert_eq!(
            set.outcome(&way.token()).await,
            "401 username_missing",
            "{name}"
        );
    }
    // Nor does an introspection that leaves the user to userinfo, which then tells of none.
    let told_apart = way("custom by introspection and userinfo");
    let set = Set::start_with(&told_apart, "no_user", &machine_users(), &json!({})).await;
    assert_eq!(set.outcome(&told_apart.token()).await, "401 token_inactive");
    // Nor does userinfo without a `sub`.
    let way = way("custom by userinfo and binding");
    let set = Set::start_with(
        &way,
        "without_subject",
        &with(machine_users(), &json!({"username": "preferred_username"})),
        &json!({}),
    )
    .await;
    assert_eq!(set.outcome(&way.token()).await, "alice");
}

/// A JWT of a way, of a client itself.
fn machine(way: &Way, claims: &Value) -> String {
    let Token::Jwt { claims: alice, .. } = way.token else {
        unreachable!()
    };
    sign(&with(alice(), claims))
}

#[tokio::test]
async fn by_a_signature() {
    let cognito = json!({
        "sub": "3n4b5urk1ft4fl3mg5e62d9ado", "username": null, "cognito:groups": null,
        "origin_jti": null, "scope": "atlassian/read",
    });
    let keycloak = json!({
        "preferred_username": "service-account-keycloak-client", "client_id": "keycloak-client",
        "sub": "00000000-0000-4000-8000-000000000004", "sid": null, "email": null,
    });
    // Since version 25, without the scope `basic`.
    let mut keycloak_without_subject = keycloak.clone();
    keycloak_without_subject["sub"] = Value::Null;
    let okta = json!({"sub": "0oaFakeClientId00001", "uid": null, "scp": ["jira.read"]});
    // RFC 9068, section 2.2, and Auth0.
    let custom = json!({"sub": "l238j323ds-23ij4", "preferred_username": null});
    let auth0 = json!({"sub": "l238j323ds-23ij4@clients", "gty": "client-credentials"});
    for (name, claims) in [
        ("cognito", cognito),
        ("keycloak", keycloak),
        ("keycloak", keycloak_without_subject),
        ("okta", okta),
        ("custom", custom),
        ("custom", auth0),
    ] {
        let way = way(name);
        for (fields, expected) in [
            (json!({}), "401 machine_user_unmapped"),
            (machine_users(), "svc-ci"),
        ] {
            let folder = Folder::new();
            let provider = with(way.provider(""), &fields);
            let lambda = start(&folder, json!({"providers": {"idp": provider}})).await;
            let token = machine(&way, &claims);
            assert_eq!(outcome(&lambda, &token).await, expected, "{claims}");
        }
    }
}

/// A person's token without subject and name is nobody's, and not the client's.
#[tokio::test]
async fn a_person_without_a_name_is_no_machine() {
    let way = way("keycloak");
    let folder = Folder::new();
    let provider = with(way.provider(""), &machine_users());
    let lambda = start(&folder, json!({"providers": {"idp": provider}})).await;
    let nameless = json!({"sub": null, "preferred_username": null, "email": null});
    let token = machine(&way, &nameless);
    assert_eq!(outcome(&lambda, &token).await, "401 username_missing");
}
