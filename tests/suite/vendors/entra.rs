//! Entra ID: both versions of its tokens, tokens without a user, for Graph, and with too many
//! groups.

use serde_json::{Value, json};

use super::ways::{API, APP, TENANT, Token, sign, way};
use super::{outcome, start, with};
use testing::Folder;
use testing::lambda::Lambda;
use testing::tokens::{SigningKey, now};

/// Claims of alice's access token, version 2.0.
fn v2() -> Value {
    let Token::Jwt { claims, .. } = way("entra").token else {
        unreachable!()
    };
    claims()
}

/// Those of version 1.0.
fn v1() -> Value {
    json!({
        "iss": format!("https://sts.windows.net/{TENANT}/"), "aud": API, "appid": APP,
        "appidacr": "0", "amr": ["pwd"], "name": "Alice Example",
        "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474", "scp": "access_as_user",
        "sub": "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ", "tid": TENANT,
        "unique_name": "alice@example.com", "upn": "alice@example.com", "ver": "1.0",
    })
}

/// Claims of a token of the application itself, of either version.
fn app_only(user: Value) -> Value {
    let none = json!({
        "scp": null, "name": null, "preferred_username": null, "upn": null, "unique_name": null,
        "amr": null, "roles": ["Jira.Read"], "sub": "690222be-ff1a-4d56-abd1-7e4f7d38e474",
    });
    with(user, &none)
}

/// The way's provider with other values of some fields, and of the whole settings.
async fn lambda(folder: &Folder, fields: &Value, tree: &Value) -> Lambda {
    let provider = with(way("entra").provider(""), fields);
    start(folder, with(json!({"providers": {"idp": provider}}), tree)).await
}

#[tokio::test]
async fn both_versions() {
    let folder = Folder::new();
    let lambda = lambda(&folder, &json!({}), &json!({})).await;
    let alice = "alice@example.com";
    for (claims, expected) in [
        (v2(), alice),
        (v1(), alice),
        (with(v1(), &json!({"upn": null})), alice),
        (
            with(v1(), &json!({"appid": "0000"})),
            "401 audience_mismatch",
        ),
        // Another API's: that one could have passed it on.
        (with(v2(), &json!({"aud": APP})), "401 audience_mismatch"),
        (
            with(v1(), &json!({"aud": format!("api://{APP}")})),
            "401 audience_mismatch",
        ),
        (
            with(
                v2(),
                &json!({"iss": format!("https://login.microsoftonline.com/{TENANT}/")}),
            ),
            "401 issuer_unknown",
        ),
    ] {
        assert_eq!(outcome(&lambda, &sign(&claims)).await, expected, "{claims}");
    }
}

/// Without `audiences` the application is its own API.
#[tokio::test]
async fn an_application_that_is_its_own_api() {
    let folder = Folder::new();
    let lambda = lambda(&folder, &json!({"audiences": null}), &json!({})).await;
    let alice = "alice@example.com";
    let id_token = json!({"aud": APP, "azp": null, "azpacr": null, "scp": null});
    for (claims, expected) in [
        (with(v2(), &json!({"aud": APP})), alice),
        (with(v1(), &json!({"aud": format!("api://{APP}")})), alice),
        // An id token names no client.
        (with(v2(), &id_token), "401 token_use_mismatch"),
        (v2(), "401 audience_mismatch"),
        (v1(), "401 audience_mismatch"),
    ] {
        assert_eq!(outcome(&lambda, &sign(&claims)).await, expected, "{claims}");
    }
    let folder = Folder::new();
    let both = json!({"audiences": null, "token_use": "both"});
    let lambda = self::lambda(&folder, &both, &json!({})).await;
    let id_token = with(v2(), &id_token);
    assert_eq!(outcome(&lambda, &sign(&id_token)).await, alice);
}

/// Whoever administers a directory can write any address into a user.
#[tokio::test]
async fn addresses_need_the_vendors_mark() {
    let folder = Folder::new();
    let lambda = lambda(&folder, &json!({"username": "email"}), &json!({})).await;
    let address = "bob@example.com";
    let unverified = "401 email_unverified";
    for (marks, expected) in [
        (json!({"xms_edov": true}), address),
        (json!({"xms_edov": "1"}), address),
        (json!({"xms_edov": 1}), address),
        (json!({}), unverified),
        (json!({"xms_edov": null}), unverified),
        (json!({"xms_edov": false}), unverified),
        (json!({"xms_edov": "0"}), unverified),
        // Entra ID has no such mark, and it is not the one that is wanted.
        (json!({"email_verified": true}), unverified),
        (
            json!({"xms_edov": true, "email_verified": false}),
            unverified,
        ),
    ] {
        let claims = with(with(v2(), &json!({"email": address})), &marks);
        assert_eq!(outcome(&lambda, &sign(&claims)).await, expected, "{marks}");
    }
}

#[tokio::test]
async fn applications_on_their_own_behalf() {
    for (fields, expected) in [
        (json!({}), "401 machine_user_unmapped"),
        (json!({"machine_users": {APP: "svc-app"}}), "svc-app"),
    ] {
        let folder = Folder::new();
        let lambda = lambda(&folder, &fields, &json!({})).await;
        for claims in [
            app_only(v2()),
            app_only(v1()),
            with(app_only(v2()), &json!({"idtyp": "app"})),
            // A name in such a token is nobody's.
            with(
                app_only(v2()),
                &json!({"preferred_username": "alice@example.com"}),
            ),
        ] {
            assert_eq!(outcome(&lambda, &sign(&claims)).await, expected, "{claims}");
        }
        assert_eq!(outcome(&lambda, &sign(&v2())).await, "alice@example.com");
    }
}

/// Refused by name: their signatures never hold, and the code would otherwise tell nothing.
#[tokio::test]
async fn tokens_for_graph() {
    let folder = Folder::new();
    let lambda = lambda(&folder, &json!({}), &json!({})).await;
    for audience in [
        "00000003-0000-0000-c000-000000000000",
        "https://graph.microsoft.com",
        "https://graph.microsoft.com/",
    ] {
        let times = json!({"aud": audience, "iat": now() - 60, "exp": now() + 3_600});
        let claims = with(v1(), &times);
        let header = json!({
            "typ": "JWT", "alg": "RS256", "kid": "development", "nonce": "NotARealNonce00000000",
        });
        let key = SigningKey::development();
        let token = key.sign_parts(&header.to_string(), &claims.to_string());
        assert_eq!(outcome(&lambda, &token).await, "401 graph_token");
    }
}

/// With more than 200 groups, a token says where they are in place of them.
#[tokio::test]
async fn groups_that_did_not_fit() {
    let elsewhere = json!({
        "_claim_names": {"groups": "src1"},
        "_claim_sources": {"src1": {"endpoint":
            "https://graph.windows.net/8f0c1b5e-1c2d-4e3f-9a4b-5c6d7e8f9a0b/users/690222be/getMemberObjects"}},
    });
    let group = "0b6e36b0-1d5f-4e5c-9a3b-3c1c7d4f2a10";
    let product = |access: Value| json!({"products": {"jira": {"path": "/", "access": access}}});
    let denies = product(json!([{"allow": ["* /*"]}, {"deny": ["* /*"], "groups": [group]}]));
    let allows = product(json!([{"allow": ["* /*"], "groups": [group]}]));
    let alice = "alice@example.com";
    for (tree, claims, expected) in [
        // Nothing tells whether there are groups that the token leaves out.
        (&denies, json!({}), "401 groups_incomplete"),
        (&allows, json!({}), "403 route_not_allowed"),
        (&denies, json!({"groups": ["other"]}), alice),
        (&denies, json!({"groups": [group]}), "403 route_not_allowed"),
        (&denies, elsewhere.clone(), "401 groups_incomplete"),
        (&denies, json!({"hasgroups": true}), "401 groups_incomplete"),
        (
            &denies,
            json!({"hasgroups": "true"}),
            "401 groups_incomplete",
        ),
        (&allows, json!({"groups": [group]}), alice),
        (&allows, elsewhere.clone(), "403 route_not_allowed"),
        (&json!({}), elsewhere, alice),
    ] {
        let folder = Folder::new();
        let lambda = lambda(&folder, &json!({}), tree).await;
        let token = sign(&with(v2(), &claims));
        assert_eq!(outcome(&lambda, &token).await, expected, "{claims}");
    }
}
