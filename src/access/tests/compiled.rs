//! The rules as one policy.

use proptest::prelude::*;
use serde_json::json;

use super::{SOURCE, caller, jira, product};
use crate::access::{Policy, Requester, Uncompilable};
use crate::identity::Identity;
use crate::product::Product;

const STAGE: &str = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod";

fn compile(product: &Product, caller: &Identity) -> Result<Policy, Uncompilable> {
    let rules = product.access();
    let grant = rules.grant(product.id(), Requester::Verified(caller), SOURCE);
    rules.compile(&grant, STAGE)
}

fn policy(product: &Product, caller: &Identity) -> Policy {
    compile(product, caller).unwrap()
}

fn allows(policy: &Policy, route: &str) -> bool {
    policy.allows(&format!("{STAGE}/{}", route.replacen(' ', "", 1)))
}

#[test]
fn without_rules_the_whole_product_and_nothing_else() {
    let jira = product("jira", &json!({"path": "/jira"}));
    let policy = policy(&jira, &caller("", &[]));
    for route in [
        "GET /jira",
        "GET /jira/",
        "DELETE /jira/rest/api/2/issue/10000",
        "PATCH /jira/x%20y",
    ] {
        assert!(allows(&policy, route), "{route}");
    }
    for route in [
        "GET /",
        "GET /jira2/rest",
        "GET /confluence/jira/rest",
        "GET /jira/../confluence",
        "GET /jira/%252e%252e/confluence",
    ] {
        assert!(!allows(&policy, route), "{route}");
    }
    assert!(!policy.allows("arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/test/GET/jira"));
    assert!(!policy.allows("arn:aws:execute-api:eu-west-1:123456789012:other/prod/GET/jira"));
}

#[test]
fn the_whole_api_includes_connect() {
    let policy = policy(&Product::whole_api(), &caller("", &[]));
    assert!(policy.allows(&format!("{STAGE}/$connect")));
    assert!(allows(&policy, "GET /x"));
}

#[test]
fn rules_of_a_product() {
    let jira = jira(&json!([
        {"allow": ["* /rest/*"], "groups": ["editors"]},
        {"deny": ["DELETE /rest/*"], "groups": ["juniors"]},
        {"deny": ["@admin"]},
    ]));
    let routes = [
        "GET /jira/rest/api/2/issue/10000",
        "DELETE /jira/rest/api/2/issue/10000",
        "GET /jira/rest/plugins/1.0/",
        "GET /jira/REST/api/2/issue/10000",
        "GET /jira/s/_/rest/plugins/1.0/",
    ];
    for (caller, expected) in [
        (caller("", &[]), [false, false, false, false, false]),
        (caller("", &["editors"]), [true, true, false, false, false]),
        (
            caller("", &["editors", "juniors"]),
            [true, false, false, false, false],
        ),
    ] {
        let policy = policy(&jira, &caller);
        assert_eq!(routes.map(|route| allows(&policy, route)), expected);
    }
}

#[test]
fn what_no_policy_says() {
    for (access, expected) in [
        (
            json!([{"allow": ["GET /rest/{x}"]}]),
            Uncompilable::Braces("GET /rest/{x}".to_owned()),
        ),
        (
            json!([{"allow": ["@admin"]}]),
            Uncompilable::Administration("@admin".to_owned()),
        ),
        (
            json!([{"allow": ["* /*"]}, {"deny": ["* /a b"]}]),
            Uncompilable::Spelling("* /a b".to_owned()),
        ),
    ] {
        let found = compile(&jira(&access), &caller("", &[]));
        assert_eq!(found.unwrap_err(), expected);
    }
}

#[test]
fn the_one_character_of_the_sets_that_is_let_through_encoded() {
    let access = json!([{"allow": ["* /*"]}, {"deny": ["@admin"]}]);
    let document = json!({"path": "/b", "kind": "bitbucket_cloud", "access": access});
    let policy = policy(&product("b", &document), &caller("", &[]));
    for route in ["GET /b/!api/x", "GET /b/%21api/x", "GET /b/%2521api/x"] {
        assert!(!allows(&policy, route), "{route}");
    }
    assert!(allows(&policy, "GET /b/a%21b"));
}

#[test]
fn no_rule_that_applies_denies_everything() {
    let jira = product(
        "jira",
        &json!({"path": "/", "access": [{"allow": ["@read"], "groups": ["a"]}]}),
    );
    let document = serde_json::to_value(policy(&jira, &caller("", &[])).document()).unwrap();
    assert_eq!(
        document,
        json!({"Version": "2012-10-17", "Statement": [{
            "Action": ["execute-api:Invoke"], "Effect": "Deny", "Resource": [format!("{STAGE}/*")],
        }]})
    );
}

proptest! {
    /// What is allowed lies in the product, however the path is written.
    #[test]
    fn nothing_outside_the_product_is_allowed(path in "(/(jira|confluence|rest|\\.\\.|%2e%2e|[a-z;%.\\\\]{0,4})){0,6}") {
        let jira = product("jira", &json!({"path": "/jira"}));
        if allows(&policy(&jira, &caller("", &[])), &format!("GET {path}")) {
            prop_assert!(jira.contains(&path));
            prop_assert!(!path.contains(".."));
        }
    }
}
