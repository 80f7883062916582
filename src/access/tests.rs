//! Rules, from their document to what they allow.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Asked, Condition, Policy, Requester, Ruling, Uncompilable};
use crate::clock::UnixTime;
use crate::document::Secrets;
use crate::document::problem::Problems;
use crate::identity::{Identity, Subject};
use crate::product::Product;
use crate::route::{Method, Readings};

const STAGE: &str = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod";

pub(super) fn product(id: &str, document: &Value) -> Product {
    let mut problems = Problems::default();
    let text = document.to_string();
    let product = Product::read(id, &text, &Secrets::new(), &mut problems.of("product"));
    problems.or(product.unwrap()).unwrap()
}

/// A caller of this name, and what else is known of them.
pub(super) fn identity(username: &str, complete: impl FnOnce(&mut Subject)) -> Identity {
    let identity = Identity::for_test(username, Vec::new(), UnixTime::MAX);
    let mut subject = Subject::clone(&identity);
    complete(&mut subject);
    Identity::from_verified(subject)
}

fn caller(scope: &str, groups: &[&str]) -> Identity {
    identity("alice", |subject| {
        subject.scopes = scope.split_whitespace().map(str::to_owned).collect();
        subject.groups = groups.iter().map(|&group| group.to_owned()).collect();
    })
}

/// What the rules make of a route, exactly.
fn ruling(product: &Product, caller: &Identity, route: &str) -> Option<Ruling> {
    let (method, path) = route.split_once(' ').unwrap();
    let readings = Readings::of(product.path(), path, []).ok()?;
    let asked = Asked {
        method: Method::of(method),
        readings: &readings,
    };
    let requester = Requester::Verified(caller);
    Some(
        product
            .access()
            .decide(product.id(), asked, requester, Some("10.1.2.3")),
    )
}

fn is_allowed(product: &Product, caller: &Identity, route: &str) -> bool {
    ruling(product, caller, route).is_some_and(Ruling::is_allowed)
}

/// The same rules as one policy.
fn policy(product: &Product, caller: &Identity) -> Policy {
    let requester = Requester::Verified(caller);
    let grant = product
        .access()
        .grant(product.id(), requester, Some("10.1.2.3"));
    product.access().compile(&grant, STAGE).unwrap()
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
        "DELETE /jira/rest/api/2/issue/A-1",
        "PATCH /jira/x%20y",
    ] {
        assert!(allows(&policy, route), "{route}");
    }
    for route in [
        "GET /",
        "GET /jira2/rest",
        "GET /confluence/rest",
        "GET /confluence/jira/rest",
        "GET /jira/../confluence",
        "GET /jira/%2e%2E/confluence",
        "GET /jira/..;/confluence",
        "GET /jira/x%2f..%2f..%2fconfluence",
        "GET /jira/%252e%252e/confluence",
        "GET /jira/..\\confluence",
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
fn rules_by_scope_and_group() {
    let wiki = product(
        "confluence",
        &json!({"path": "/confluence", "access": [
            {"allow": ["@read"], "scopes": ["atlassian/read"]},
            {"allow": ["* /rest/*"], "groups": ["confluence-editors", "confluence-admins"]},
            {"deny": ["DELETE /rest/*"], "groups": ["juniors"]},
            {"deny": ["@admin"]},
        ]}),
    );
    let (read, write, delete, admin) = (
        "GET /confluence/rest/api/content",
        "POST /confluence/rest/api/content",
        "DELETE /confluence/rest/api/content/1",
        "GET /confluence/rest/plugins/1.0/",
    );
    for (caller, expected) in [
        (caller("", &[]), [false, false, false, false]),
        (caller("openid", &["other"]), [false, false, false, false]),
        (caller("atlassian/read", &[]), [true, false, false, false]),
        (
            caller("openid atlassian/read", &[]),
            [true, false, false, false],
        ),
        (
            caller("", &["confluence-admins"]),
            [true, true, true, false],
        ),
        (
            caller("", &["confluence-editors", "juniors"]),
            [true, true, false, false],
        ),
    ] {
        let policy = policy(&wiki, &caller);
        assert_eq!(
            [read, write, delete, admin].map(|route| allows(&policy, route)),
            expected
        );
    }
}

#[test]
fn a_denied_path_has_no_other_spelling() {
    let jira = product(
        "jira",
        &json!({"path": "/jira", "access": [{"allow": ["* /*"]}, {"deny": ["@admin"]}]}),
    );
    let policy = policy(&jira, &caller("", &[]));
    for route in [
        "GET /jira/rest/plugins/1.0/",
        "POST /jira/rest/api/2/reindex",
        "POST /jira/rest/pat/latest/tokens",
        "GET /jira/rest/%70lugins/1.0/",
        "GET /jira/rest//plugins/1.0/",
        "GET /jira/rest/./plugins/1.0/",
        "GET /jira/rest;x=1/plugins/1.0/",
        "GET /jira/rest%2Fplugins/1.0/",
        "GET /jira/rest/api/2/application%2dproperties",
        "GET /jira/rest/api/2/..;/..;/plugins/1.0/",
        "POST /jira/secure/admin/AddUser.jspa",
        "POST /jira/rest/AddUser.jspa",
        "DELETE /jira/rest/api/2/user",
        "POST /jira/rest/auth/1/session",
    ] {
        assert!(!allows(&policy, route), "{route}");
    }
    for route in [
        "GET /jira/rest/api/2/issue/A-1",
        "POST /jira/rest/api/2/search",
        "GET /jira/rest/api/2/issue/A%20B/%C3%A9",
    ] {
        assert!(allows(&policy, route), "{route}");
    }
}

#[test]
fn an_exact_deny_meets_what_atlassian_takes_for_it() {
    let jira = product(
        "jira",
        &json!({"path": "/jira", "access": [{"allow": ["* /*"]}, {"deny": ["POST /rest/api/2/user"]}]}),
    );
    let policy = policy(&jira, &caller("", &[]));
    for spelling in [
        "user",
        "user/",
        "user/.",
        "user.json",
        "user.xml",
        "%75ser",
        "user;x=1",
        "./user",
    ] {
        let route = format!("POST /jira/rest/api/2/{spelling}");
        assert!(!allows(&policy, &route), "{route}");
    }
    for route in [
        "GET /jira/rest/api/2/user",
        "POST /jira/rest/api/2/userpicker",
    ] {
        assert!(allows(&policy, route), "{route}");
    }
}

#[test]
fn reading_knows_the_product() {
    let access = json!([{"allow": ["@read"]}]);
    for (id, reads, writes) in [
        (
            "jira",
            "POST /p/rest/api/2/search",
            "POST /p/rest/api/2/issue",
        ),
        (
            "confluence",
            "GET /p/download/attachments/1/a.pdf",
            "PUT /p/rest/api/content/1",
        ),
        (
            "bitbucket",
            "POST /p/rest/search/latest/search",
            "DELETE /p/rest/api/latest/projects/A",
        ),
        ("other", "GET /p/x", "POST /p/x"),
    ] {
        let product = product(id, &json!({"path": "/p", "access": access}));
        let policy = policy(&product, &caller("", &[]));
        assert!(allows(&policy, reads), "{reads}");
        assert!(!allows(&policy, writes), "{writes}");
    }
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
