//! `require`: what claims must be beside those that every token is checked for.

use atlassian_authorizer::deployment::Deployment;
use atlassian_authorizer::document::Tree;
use atlassian_authorizer::settings::Settings;
use serde_json::{Value, json};

use testing::asked::{Asked, ISSUER};
use testing::bearer;
use testing::lambda::Lambda;
use testing::local::Local;
use testing::tokens::{SigningKey, access_claims};

const RULE: &str =
    "require[0]: expected `claim` and one of `equals`, `one_of`, `contains` and \"missing\": true";

fn settings(key: &SigningKey, require: &Value) -> Value {
    json!({"providers": {"idp": {
        "kind": "custom", "issuer": ISSUER, "jwks": {"keys": [key.jwk]}, "client_ids": ["client"],
        "username": "username", "require": require,
    }}})
}

#[tokio::test]
async fn what_a_claim_must_be() {
    let key = SigningKey::generate("key", "ES256");
    let equals = |value: Value| json!([{"claim": "tenant", "equals": value}]);
    let one_of = json!([{"claim": "tenant", "one_of": ["a", "b", 7]}]);
    let contains = json!([{"claim": "tenant", "contains": "a"}]);
    let missing = json!([{"claim": "tenant", "missing": true}]);
    let number = json!([{"claim": "tenant", "contains": 7}]);
    let actor = json!([{"claim": "act[*].sub", "missing": true}]);
    let role = json!([{"claim": "roles[*].name", "contains": "a"}]);
    let one_role = json!([{"claim": "roles[*].name", "equals": "a"}]);
    let nested = json!([{"claim": "realm.org.name", "equals": "a"}]);
    let url = json!([{"claim": "https://example.com/tenant", "equals": "a"}]);
    let both =
        json!([{"claim": "tenant", "equals": "a"}, {"claim": "realm.org.name", "equals": "a"}]);
    for (require, claims, holds) in [
        (equals(json!("a")), json!({"tenant": "a"}), true),
        (equals(json!("a")), json!({"tenant": "A"}), false),
        (equals(json!("a")), json!({"tenant": "ab"}), false),
        (equals(json!("a")), json!({"tenant": ["a"]}), true),
        (equals(json!("a")), json!({"tenant": ["a", "b"]}), false),
        (missing.clone(), json!({}), true),
        (missing.clone(), json!({"tenant": ""}), true),
        (missing.clone(), json!({"tenant": null}), true),
        (missing.clone(), json!({"tenant": []}), true),
        (missing, json!({"tenant": "a"}), false),
        (actor.clone(), json!({}), true),
        (actor.clone(), json!({"act": []}), true),
        (actor.clone(), json!({"act": [{"sub": "a"}]}), false),
        (actor, json!({"act": [{"sub": "a"}, {"sub": "b"}]}), false),
        (
            role.clone(),
            json!({"roles": [{"name": "b"}, {"name": "a"}]}),
            true,
        ),
        (role, json!({"roles": [{"name": "b"}]}), false),
        (one_role.clone(), json!({"roles": [{"name": "a"}]}), true),
        (
            one_role,
            json!({"roles": [{"name": "a"}, {"name": "b"}]}),
            false,
        ),
        (equals(json!("a")), json!({"tenant": null}), false),
        (equals(json!("a")), json!({}), false),
        (equals(json!(true)), json!({"tenant": true}), true),
        (equals(json!(true)), json!({"tenant": "true"}), false),
        (equals(json!(7)), json!({"tenant": 7}), true),
        (equals(json!(7)), json!({"tenant": "7"}), false),
        (
            equals(json!(["a", "b"])),
            json!({"tenant": ["a", "b"]}),
            true,
        ),
        (
            equals(json!(["a", "b"])),
            json!({"tenant": ["b", "a"]}),
            false,
        ),
        (one_of.clone(), json!({"tenant": "b"}), true),
        (one_of.clone(), json!({"tenant": 7}), true),
        (one_of.clone(), json!({"tenant": "c"}), false),
        (one_of.clone(), json!({"tenant": ["a", "b"]}), false),
        (one_of, json!({}), false),
        (contains.clone(), json!({"tenant": ["x", "a"]}), true),
        (contains.clone(), json!({"tenant": "x a y"}), true),
        (contains.clone(), json!({"tenant": "a"}), true),
        (contains.clone(), json!({"tenant": "xay"}), false),
        (contains.clone(), json!({"tenant": ["xa"]}), false),
        (contains.clone(), json!({"tenant": [["a"]]}), false),
        (contains.clone(), json!({"tenant": {"a": "a"}}), false),
        (contains, json!({}), false),
        (number.clone(), json!({"tenant": [7]}), true),
        (number, json!({"tenant": "7"}), false),
        (
            nested.clone(),
            json!({"realm": {"org": {"name": "a"}}}),
            true,
        ),
        (nested.clone(), json!({"realm.org.name": "a"}), true),
        (nested.clone(), json!({"realm": {"org": "a"}}), false),
        (
            nested.clone(),
            json!({"realm": {"org": [{"name": "a"}]}}),
            false,
        ),
        (nested, json!({"name": "a"}), false),
        (
            url.clone(),
            json!({"https://example.com/tenant": "a"}),
            true,
        ),
        (url, json!({"https://example": {"com/tenant": "b"}}), false),
        (
            both.clone(),
            json!({"tenant": "a", "realm": {"org": {"name": "a"}}}),
            true,
        ),
        (both.clone(), json!({"tenant": "a"}), false),
        (both, json!({"realm": {"org": {"name": "a"}}}), false),
    ] {
        let local = Local::new(&settings(&key, &require), Deployment::default());
        let mut token = access_claims(ISSUER);
        let members = claims.as_object().unwrap().clone();
        token.as_object_mut().unwrap().extend(members);
        let code = local.code(&bearer(&key.sign(&token))).await;
        let expected = if holds {
            "allowed"
        } else {
            "requirement_unmet"
        };
        assert_eq!(code, expected, "{require} {claims}");
    }
}

#[tokio::test]
async fn of_opaque_tokens_too() {
    let key = SigningKey::generate("key", "ES256");
    let asked = Asked::start().await;
    let mut settings = asked.settings(&key, "jwt");
    settings["providers"]["idp"]["require"] = json!([{"claim": "tenant", "equals": "a"}]);
    for (tenant, code) in [("a", "allowed"), ("b", "requirement_unmet")] {
        asked.change(|answers| {
            answers.introspection = json!({
                "active": true, "sub": "1", "client_id": "client", "username": "alice", "tenant": tenant,
            });
        });
        let local = Local::new(&settings, Deployment::default());
        assert_eq!(local.code(&bearer("an-opaque-token")).await, code);
    }
}

#[tokio::test]
async fn the_binary_refuses_with_a_401() {
    let key = SigningKey::generate("key", "ES256");
    let folder = testing::Folder::new();
    let require = json!([{"claim": "scope", "contains": "atlassian/write"}]);
    let lambda = Lambda::start(&folder.settings(&settings(&key, &require)), &[]).await;
    let mut claims = access_claims(ISSUER);
    let event = bearer(&key.sign(&claims));
    assert_eq!(lambda.denied(&event).await, "requirement_unmet");
    assert_eq!(lambda.audit().await["provider"], "idp");
    claims["scope"] = "openid atlassian/write".into();
    assert_eq!(lambda.allowed(&bearer(&key.sign(&claims))).await, "alice");
}

#[test]
fn rules_that_are_wrong() {
    let key = SigningKey::generate("key", "ES256");
    for (require, expected) in [
        (json!([{"claim": "a"}]), RULE),
        (json!([{"equals": "a"}]), RULE),
        (
            json!([{"claim": "a", "equals": "a", "one_of": ["a"]}]),
            RULE,
        ),
        (
            json!([{"claim": "a", "equals": "a", "contains": "a"}]),
            RULE,
        ),
        (
            json!([{"claim": "a", "matches": "a"}]),
            "require[0].matches: is unknown",
        ),
        (
            json!([{"claim": "a", "one_of": "a"}]),
            "require[0].one_of: expected",
        ),
        (
            json!([{"claim": "a", "one_of": []}]),
            "require[0].one_of: is empty",
        ),
        (
            json!([{"claim": "a", "equals": null}]),
            "require[0].equals: is empty",
        ),
        (
            json!([{"claim": "", "equals": "a"}]),
            "require[0].claim: is empty",
        ),
        (
            json!([{"claim": 7, "equals": "a"}]),
            "require[0].claim: expected",
        ),
        (json!([]), "require: is empty"),
        (json!({"claim": "a", "equals": "a"}), "require: expected"),
        (json!(["a"]), "require[0]: expected"),
    ] {
        let document = &settings(&key, &require)["providers"]["idp"];
        let tree: Tree = [("providers/idp".to_owned(), document.to_string())]
            .into_iter()
            .collect();
        let problems = Settings::parse(&tree, &Deployment::default()).unwrap_err();
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let expected = format!("providers/idp: {expected}");
        assert!(
            problems
                .iter()
                .any(|problem| problem.starts_with(&expected)),
            "{require}: {problems:?}"
        );
    }
}
