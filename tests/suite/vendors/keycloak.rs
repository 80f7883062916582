//! Keycloak: roles.

use serde_json::{Value, json};

use super::ways::{Token, sign, way};
use super::{Set, outcome, start, with};
use testing::{Folder, bearer};

/// Realm roles by their names, client roles after the client's.
#[tokio::test]
async fn roles_are_groups() {
    for (name, groups) in [
        (
            "keycloak by introspection alone",
            "account:manage-account,account:view-profile,admin,default-roles-main,\
             keycloak-client:editor,offline_access,uma_authorization",
        ),
        (
            // The token's own, where it has some: the vendor's word only adds.
            "keycloak, introspection asked",
            "account:manage-account,account:view-profile,default-roles-main,offline_access",
        ),
    ] {
        let way = way(name);
        let set = Set::start(&way, "valid").await;
        let answer = set.lambda.invoke(&bearer(&way.token())).await.unwrap();
        let mut found: Vec<_> = answer["context"]["groups"]
            .as_str()
            .unwrap()
            .split(',')
            .collect();
        found.sort_unstable();
        assert_eq!(found.join(","), groups);
    }
}

#[tokio::test]
async fn rules_by_role() {
    let way = way("keycloak");
    let Token::Jwt { claims: alice, .. } = way.token else {
        unreachable!()
    };
    let folder = Folder::new();
    let tree = json!({
        "providers": {"idp": way.provider("")},
        "products": {"jira": {"path": "/", "access": [
            {"allow": ["* /*"], "groups": ["staff", "jira:user"]},
            {"deny": ["* /*"], "groups": ["jira:guest"]},
        ]}},
    });
    let lambda = start(&folder, tree).await;
    let roles = |realm: Value, jira: Value| {
        let client = json!({"jira": {"roles": jira}, "account": {}});
        sign(&with(
            alice(),
            &json!({"realm_access": {"roles": realm}, "resource_access": client}),
        ))
    };
    for (realm, jira, expected) in [
        (json!(["staff"]), json!([]), "alice"),
        (json!([]), json!(["user"]), "alice"),
        (json!(["staff"]), json!(["guest"]), "403 route_not_allowed"),
        // A role of one client, or of the realm, is not that of another.
        (
            json!(["user", "jira"]),
            json!(["staff"]),
            "403 route_not_allowed",
        ),
        (json!(7), json!(["user"]), "401 claims_malformed"),
        (json!(["staff"]), json!([7]), "401 claims_malformed"),
    ] {
        assert_eq!(
            outcome(&lambda, &roles(realm.clone(), jira.clone())).await,
            expected,
            "{realm} {jira}"
        );
    }
}
