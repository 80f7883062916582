//! Settings of providers that are refused when they are loaded.

use atlassian_authorizer::deployment::Deployment;
use atlassian_authorizer::document::Tree;
use atlassian_authorizer::settings::Settings;
use serde_json::{Value, json};

use super::ways::{TENANT, Way, all, way};
use super::{SECRET, Set, with};

/// What is wrong with a provider, with our client secret there.
fn problems(provider: &Value) -> Vec<String> {
    let tree: Tree = [
        ("providers/idp".to_owned(), provider.to_string()),
        ("secrets/app".to_owned(), SECRET.to_owned()),
    ]
    .into_iter()
    .collect();
    let problems = Settings::parse(&tree, &Deployment::default()).err();
    let problems: Vec<_> = problems
        .iter()
        .flat_map(|problems| problems.iter().map(ToString::to_string))
        .collect();
    assert!(!format!("{problems:?}").contains(SECRET), "{problems:?}");
    problems
}

/// Just this is wrong.
#[track_caller]
fn refused(provider: &Value, expected: &str) {
    let problems = problems(provider);
    assert_eq!(problems.len(), 1, "{provider}: {problems:#?}");
    let expected = format!("providers/idp: {expected}");
    assert!(
        problems[0].starts_with(&expected),
        "{provider}: {problems:#?}"
    );
}

#[track_caller]
fn accepted(provider: &Value) {
    assert_eq!(problems(provider), Vec::<String>::new(), "{provider}");
}

/// A way's provider as its vendor's own service has it, without addresses of an instance.
fn public(way: &Way) -> Value {
    let addresses = json!({
        "base_url": null, "binding_endpoint": null, "userinfo_endpoint": null, "jwks": null,
    });
    with(way.provider("https://unused.example.com"), &addresses)
}

#[test]
fn all_ways_are_accepted() {
    for way in all() {
        accepted(&way.provider("https://idp.example.com"));
    }
}

/// Everyone has an account there, under a name of their own choice.
#[test]
fn public_services_need_known_users() {
    for (name, vendor) in [
        ("github", "GitHub"),
        ("gitlab access token", "GitLab.com"),
        ("gitlab id token", "GitLab.com"),
    ] {
        let provider = public(&way(name));
        let lets_in = format!("username: admits everyone with an account at {vendor}");
        refused(&provider, &lets_in);
        for rule in [
            json!("id"),
            json!({"attributes": ["id"], "transform": ["lowercase"]}),
        ] {
            refused(
                &with(provider.clone(), &json!({"username": rule})),
                &lets_in,
            );
        }
        for rule in [
            json!({"map": {"alice-at-home": "alice"}}),
            json!({"allow": "alice|bob"}),
        ] {
            accepted(&with(provider.clone(), &json!({"username": rule})));
        }
        accepted(&with(
            provider,
            &json!({"base_url": "https://git.example.com"}),
        ));
    }
}

#[test]
fn facebook_needs_a_map() {
    for rule in [json!(null), json!("user_id"), json!({"allow": "[0-9]+"})] {
        let provider = with(public(&way("facebook")), &json!({"username": rule}));
        refused(&provider, "username.map: is missing");
    }
}

#[tokio::test]
async fn slack_is_not_asked_without_trust() {
    let provider = public(&way("slack user token"));
    refused(
        &with(provider.clone(), &json!({"trust": null})),
        "client_ids: is missing",
    );
    refused(
        &with(provider, &json!({"team_id": null})),
        "team_id: is missing",
    );

    let way = way("slack user token");
    let fields = json!({"trust": null, "client_ids": ["25259531569.1115258246291"]});
    let set = Set::start_with(&way, "valid", &fields, &json!({})).await;
    assert_eq!(set.outcome(&way.token()).await, "401 issuer_unknown");
    assert_eq!(set.vendor.lines(), Vec::<String>::new());
}

/// Userinfo alone would take any application's token.
#[test]
fn userinfo_needs_a_binding_or_trust() {
    let provider = way("custom by userinfo and binding").provider("https://idp.example.com");
    let unbound = with(provider, &json!({"binding_endpoint": null}));
    refused(&unbound, "trust: is missing");
    accepted(&with(unbound.clone(), &json!({"trust": "any_client"})));
    accepted(&with(
        unbound,
        &json!({"trust": "any_client", "client_ids": null}),
    ));
    let introspection = way("custom by introspection").provider("https://idp.example.com");
    refused(
        &with(
            introspection,
            &json!({"binding_endpoint": "https://idp.example.com/x"}),
        ),
        "binding_endpoint: contradicts `introspection_endpoint`",
    );
}

/// Tokens name the tenant by its id alone, and tokens of any tenant are never accepted.
#[test]
fn entra_needs_the_id_of_one_tenant() {
    for tenant in [
        "contoso.onmicrosoft.com",
        "common",
        "organizations",
        "consumers",
        "8f0c1b5e1c2d4e3f9a4b5c6d7e8f9a0b",
        "8f0c1b5e-1c2d-4e3f-9a4b-5c6d7e8f9a0g",
    ] {
        let provider = with(way("entra").provider(""), &json!({"tenant_id": tenant}));
        refused(&provider, "tenant_id: expected the tenant's id");
    }
    let provider = way("entra").provider("");
    refused(
        &with(provider.clone(), &json!({"tenant_id": null})),
        "tenant_id: is missing",
    );
    accepted(&with(
        provider,
        &json!({"tenant_id": TENANT.to_ascii_uppercase()}),
    ));
}

#[test]
fn each_kind_has_its_own_fields() {
    let values = [
        ("user_pool_id", json!("eu-west-1_AbCdEfGhI")),
        ("tenant_id", json!(TENANT)),
        ("realm", json!("main")),
        ("authorization_server", json!("default")),
        ("hd", json!("example.com")),
        ("team_id", json!("T0123ABC456")),
        ("discovery", json!(true)),
        ("verify", json!("jwt+introspection")),
        ("online_for", json!(["@write"])),
        ("introspection_endpoint", json!("https://idp.example.com/x")),
    ];
    let belongs = |kind: &str, field: &str| match field {
        "user_pool_id" => kind == "cognito",
        "tenant_id" => kind == "entra",
        "realm" => kind == "keycloak",
        "authorization_server" => kind == "okta",
        "hd" => kind == "google",
        "team_id" => kind == "slack",
        "discovery" => kind == "custom",
        "introspection_endpoint" => ["keycloak", "okta", "custom"].contains(&kind),
        _ => ["cognito", "keycloak", "okta", "custom"].contains(&kind),
    };
    for way in all() {
        let provider = way.provider("https://idp.example.com");
        let kind = provider["kind"].as_str().unwrap();
        for (field, value) in &values {
            let problems = problems(&with(provider.clone(), &json!({*field: value})));
            let refused = format!("providers/idp: {field}: does not belong to kind `{kind}`");
            assert_eq!(
                problems.contains(&refused),
                !belongs(kind, field),
                "{kind}: {field}: {problems:#?}"
            );
        }
    }
}

/// A secret in the place of its name is in no message.
#[test]
fn secrets_are_named() {
    for name in ["github", "facebook", "okta org", "custom by introspection"] {
        let provider = way(name).provider("https://idp.example.com");
        for (secret, expected) in [
            (json!(SECRET), "client_secret: names no secret"),
            (json!("other"), "client_secret: names no secret"),
            (json!("secrets/app"), "client_secret: names no secret"),
            (json!(null), "client_secret: is missing"),
        ] {
            let problems = problems(&with(provider.clone(), &json!({"client_secret": secret})));
            let expected = format!("providers/idp: {expected}");
            assert!(problems[0].starts_with(&expected), "{name}: {problems:?}");
        }
        let problems = problems(&with(provider, &json!({"client_id": null})));
        assert!(
            problems[0].starts_with("providers/idp: client_id: is missing"),
            "{name}: {problems:?}"
        );
    }
    let key =
        json!({"client_auth": "private_key_jwt", "client_secret": null, "private_key": "app"});
    let provider = way("custom by introspection").provider("https://idp.example.com");
    let problems = problems(&with(provider, &key));
    assert!(
        problems[0].starts_with("providers/idp: private_key: "),
        "no private key is in that secret: {problems:?}"
    );
}

#[test]
fn what_can_be_asked() {
    let provider = |name: &str| way(name).provider("https://idp.example.com");
    let verify = |name: &str, verify: &str| with(provider(name), &json!({"verify": verify}));
    refused(&verify("cognito", "jwt+userinfo"), "domain: is missing");
    accepted(&with(
        verify("cognito", "jwt+userinfo"),
        &json!({"domain": "example.auth.eu-west-1.amazoncognito.com"}),
    ));
    refused(
        &verify("cognito", "jwt+introspection"),
        "introspection_endpoint: is missing",
    );
    refused(
        &verify("custom", "jwt+introspection"),
        "introspection_endpoint: is missing",
    );
    refused(
        &verify("custom", "jwt+userinfo"),
        "userinfo_endpoint: is missing",
    );
    // Keycloak and Okta have both; introspection takes a client.
    accepted(&verify("keycloak", "jwt+userinfo"));
    refused(
        &verify("okta", "jwt+userinfo"),
        "verify: expected `jwt+introspection`",
    );
    for verify in ["jwt", "jwt+introspection", "jwt+userinfo", "userinfo"] {
        let org = with(provider("okta org"), &json!({"verify": verify}));
        let problems = problems(&org);
        assert!(
            problems[0].starts_with("providers/idp: verify: expected `introspection`"),
            "{problems:?}"
        );
    }
    refused(
        &with(provider("github"), &json!({"client_ids": ["another"]})),
        "client_ids: expected only `client_id`",
    );
    refused(
        &with(
            provider("keycloak"),
            &json!({"base_url": "http://keycloak.example.com"}),
        ),
        "base_url: expected an https URL",
    );
    refused(
        &with(provider("keycloak"), &json!({"realm": "main/../other"})),
        "realm: expected letters",
    );
}
