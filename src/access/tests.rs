//! Rules, from their document to what is decided by them.

mod compiled;
mod spellings;

use serde_json::{Value, json};

use super::{Asked, BasicGrant, Condition, Requester, Ruling};
use crate::clock::UnixTime;
use crate::document::problem::Problems;
use crate::document::{ProviderId, Secrets};
use crate::identity::{Identity, Subject};
use crate::product::Product;
use crate::route::{Method, Readings};

pub(super) fn product(id: &str, document: &Value) -> Product {
    let mut problems = Problems::default();
    let text = document.to_string();
    let product = Product::read(id, &text, &Secrets::default(), &mut problems.of("product"));
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

/// Where requests come from.
const SOURCE: Option<&str> = Some("10.1.2.3");

/// What the rules make of a route, exactly.
fn ruling(product: &Product, caller: &Identity, route: &str) -> Option<Ruling> {
    ruling_of(product, Requester::Verified(caller), SOURCE, route)
}

fn ruling_of(
    product: &Product,
    requester: Requester<'_>,
    source: Option<&str>,
    route: &str,
) -> Option<Ruling> {
    let (method, path) = route.split_once(' ').unwrap();
    let readings = Readings::of(product.path(), path, []).ok()?;
    let asked = Asked {
        method: Method::of(method),
        readings: &readings,
    };
    let rules = product.access();
    Some(rules.decide(product.id(), asked, requester, source))
}

fn is_allowed(product: &Product, caller: &Identity, route: &str) -> bool {
    ruling(product, caller, route).is_some_and(Ruling::is_allowed)
}

fn jira(access: &Value) -> Product {
    product("jira", &json!({"path": "/jira", "access": access}))
}

#[test]
fn without_rules_the_whole_product_and_nothing_else() {
    let product = product("jira", &json!({"path": "/jira"}));
    let anyone = caller("", &[]);
    for route in [
        "GET /jira",
        "GET /jira/",
        "DELETE /jira/rest/api/2/issue/A-1",
        "PATCH /jira/x%20y",
        "GET /jira/a/../b",
        "PROPFIND /jira/x",
    ] {
        assert_eq!(
            ruling(&product, &anyone, route),
            Some(Ruling::Allowed(None)),
            "{route}"
        );
    }
    for route in [
        "GET /",
        "GET /jira2/rest",
        "GET /confluence/jira/rest",
        "GET /jira/../confluence",
        "GET /jira/%2e%2E/confluence",
        "GET /jira/..;/confluence",
        "GET /jira/x%2f..%2f..%2fconfluence",
        "GET /jira/%252e%252e/confluence",
        "GET /jira/..\\confluence",
        "GET /JIRA/rest",
        "GET /jira/%00",
        "GET /jira/%ff",
    ] {
        assert_eq!(ruling(&product, &anyone, route), None, "{route}");
    }
}

#[test]
fn the_whole_api_includes_connect() {
    let api = Product::whole_api();
    assert!(is_allowed(&api, &caller("", &[]), "GET /x"));
    assert!(is_allowed(&api, &caller("", &[]), "$connect /"));
}

#[test]
fn a_websocket_is_opened_by_rules_too() {
    for (access, expected) in [
        (json!([{"allow": ["$connect"]}]), true),
        (json!([{"allow": ["@read"]}]), false),
        (json!([{"allow": ["* /*"]}]), true),
        (json!([{"allow": ["* /*"]}, {"deny": ["$connect"]}]), false),
        (
            json!([{"allow": ["* /*"]}, {"only": ["$connect"], "groups": ["a"]}]),
            false,
        ),
    ] {
        let api = product("api", &json!({"path": "/", "access": access}));
        let caller = caller("", &[]);
        assert_eq!(
            is_allowed(&api, &caller, "$connect /"),
            expected,
            "{access}"
        );
        let grant = api
            .access()
            .grant("api", Requester::Verified(&caller), None);
        let policy = api
            .access()
            .compile(
                &grant,
                "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod",
            )
            .unwrap();
        assert_eq!(
            policy.allows("arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/$connect"),
            expected,
            "{access}"
        );
    }
}

/// What a path is read as, and whether it is denied, takes a bounded time.
#[test]
fn long_paths_take_no_long_time() {
    let jira = product(
        "jira",
        &json!({"path": "/jira", "access": [{"allow": ["* /*"]}, {"deny": ["@admin"]}]}),
    );
    let start = std::time::Instant::now();
    for tail in [
        ".json", "/", "/.json", ";", "%2f", "/a", "..", "%25", "a.xml/",
    ] {
        let path = format!("GET /jira/rest/x{}", tail.repeat(10_000 / tail.len()));
        let _ = is_allowed(&jira, &caller("", &[]), &path);
    }
    // Half a minute and more, were it for the suffixes alone.
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

/// Atlassian tells no capital letters from small ones, and who is denied is so in all spellings.
#[test]
fn users_outside_of_ascii() {
    let rules = |effect: &str| {
        let mut rule = json!({"users": ["j\u{fc}rgen", "Stra\u{df}e*"]});
        rule[effect] = json!(["* /rest/*"]);
        let all = json!([{"allow": ["* /rest/*"]}, rule.clone()]);
        let own = json!([rule]);
        product(
            "jira",
            &json!({"path": "/jira", "access": if effect == "deny" { all } else { own }}),
        )
    };
    let route = "GET /jira/rest/x";
    // Whether the rule is about the user as an allow, and as a deny.
    for (user, allow, deny) in [
        ("j\u{fc}rgen", true, true),
        ("J\u{dc}RGEN", true, true),
        ("jurgen", false, false),
        ("stra\u{df}e1", true, true),
        ("STRASSE1", false, true),
    ] {
        let caller = Identity::for_test(user, Vec::new(), UnixTime::MAX);
        assert_eq!(is_allowed(&rules("allow"), &caller, route), allow, "{user}");
        assert_eq!(is_allowed(&rules("deny"), &caller, route), !deny, "{user}");
    }
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
    let routes = [
        "GET /confluence/rest/api/content",
        "POST /confluence/rest/api/content",
        "DELETE /confluence/rest/api/content/1",
        "GET /confluence/rest/plugins/1.0/",
    ];
    let admin = Ruling::Denied(3, None);
    let (scope, group) = (
        Ruling::Lacking(0, Condition::Scope),
        Ruling::Lacking(1, Condition::Group),
    );
    for (caller, expected) in [
        (caller("", &[]), [scope, group, group, admin]),
        (caller("openid", &["other"]), [scope, group, group, admin]),
        (
            caller("openid atlassian/read", &[]),
            [Ruling::Allowed(Some(0)), group, group, admin],
        ),
        (
            caller("atlassian/read", &["confluence-admins"]),
            [
                Ruling::Allowed(Some(0)),
                Ruling::Allowed(Some(1)),
                Ruling::Allowed(Some(1)),
                admin,
            ],
        ),
        (
            caller("", &["confluence-editors", "juniors"]),
            [
                Ruling::Allowed(Some(1)),
                Ruling::Allowed(Some(1)),
                Ruling::Denied(2, None),
                admin,
            ],
        ),
    ] {
        let found = routes.map(|route| ruling(&wiki, &caller, route).unwrap());
        assert_eq!(found, expected);
    }
    let outside = ruling(&wiki, &caller("", &[]), "GET /confluence/pages/x").unwrap();
    assert_eq!(
        (outside, outside.rule(), outside.lacks()),
        (Ruling::Unnamed, None, None)
    );
}

#[test]
fn only_denies_to_all_others() {
    let jira = jira(&json!([
        {"allow": ["* /*"]},
        {"only": ["@admin"], "groups": ["admins"], "scopes": ["admin"]},
    ]));
    let admin = "POST /jira/rest/api/2/reindex";
    let all = caller("admin", &["admins"]);
    assert_eq!(ruling(&jira, &all, admin), Some(Ruling::Allowed(Some(0))));
    for (caller, lacks) in [
        (caller("admin", &[]), Condition::Group),
        // Whoever asks for fewer scopes gets no more.
        (caller("", &["admins"]), Condition::Scope),
        (caller("", &[]), Condition::Group),
    ] {
        let ruling = ruling(&jira, &caller, admin).unwrap();
        assert_eq!(ruling, Ruling::Denied(1, Some(lacks)));
        assert_eq!((ruling.rule(), ruling.lacks()), (Some(1), Some(lacks)));
        assert!(is_allowed(&jira, &caller, "GET /jira/rest/api/2/issue/A-1"));
    }
    for basic in [BasicGrant::ByRules, BasicGrant::OnSomePaths] {
        let ruling = ruling_of(&jira, Requester::Basic(basic), SOURCE, admin);
        assert_eq!(ruling, Some(Ruling::Denied(1, Some(Condition::Group))));
    }
    // It allows by itself, to the letter, and denies other spellings to others.
    let alone = self::jira(&json!([{"only": ["GET /rest/x"], "groups": ["g"]}]));
    assert!(is_allowed(&alone, &caller("", &["g"]), "GET /jira/rest/x"));
    assert!(!is_allowed(&alone, &caller("", &["g"]), "GET /jira/REST/x"));
    let other = ruling(&alone, &caller("", &[]), "HEAD /jira/REST/X.json").unwrap();
    assert_eq!(other, Ruling::Denied(0, Some(Condition::Group)));
}

#[test]
fn conditions_of_every_kind() {
    let route = "GET /jira/rest/x";
    let someone = identity("Svc-Build", |subject| {
        subject.provider = ProviderId::new("okta").unwrap();
    });
    for (conditions, expected) in [
        (json!({"networks": ["10.0.0.0/8"]}), Ok(())),
        (json!({"networks": ["10.1.2.3"]}), Ok(())),
        (json!({"networks": ["::ffff:10.1.0.0/112"]}), Ok(())),
        (
            json!({"networks": ["192.0.2.0/24", "2001:db8::/32"]}),
            Err(Condition::Network),
        ),
        (json!({"providers": ["okta"]}), Ok(())),
        (json!({"providers": ["entra"]}), Err(Condition::Provider)),
        (json!({"users": ["svc-*"]}), Ok(())),
        (json!({"users": ["SVC-BUILD"]}), Ok(())),
        (json!({"users": ["svc", "alice"]}), Err(Condition::User)),
        (
            json!({"users": ["svc-*"], "providers": ["entra"]}),
            Err(Condition::Provider),
        ),
    ] {
        let with = |effect: &str| {
            let mut rule = conditions.clone();
            rule[effect] = json!(["* /rest/*"]);
            rule
        };
        let found = ruling(&jira(&json!([with("allow")])), &someone, route).unwrap();
        match expected {
            Ok(()) => assert_eq!(found, Ruling::Allowed(Some(0)), "{conditions}"),
            Err(lacks) => assert_eq!(found, Ruling::Lacking(0, lacks), "{conditions}"),
        }
        let denying = jira(&json!([with("deny"), {"allow": ["* /*"]}]));
        assert_eq!(
            is_allowed(&denying, &someone, route),
            expected.is_err(),
            "{conditions}"
        );
        let basic = Requester::Basic(BasicGrant::ByRules);
        let by_network = conditions["networks"].is_array();
        let found = ruling_of(&denying, basic, SOURCE, route).unwrap();
        // Of what is not known of a caller, all denies.
        assert_eq!(
            found.is_allowed(),
            by_network && expected.is_err(),
            "{conditions}"
        );
    }
}

#[test]
fn an_address_that_is_not_known_is_in_no_allowed_network_and_in_each_denied_one() {
    let rules = json!({"networks": ["10.0.0.0/8"]});
    let with = |effect: &str| {
        let mut rule = rules.clone();
        rule[effect] = json!(["* /rest/*"]);
        jira(&json!([rule, {"allow": ["* /rest/*"], "groups": ["g"]}]))
    };
    let (allowing, denying) = (with("allow"), with("deny"));
    let nobody = caller("", &[]);
    let member = caller("", &["g"]);
    for (source, is_inside, is_known) in [
        (Some("10.9.9.9"), true, true),
        (Some("::ffff:10.9.9.9"), true, true),
        (Some("11.0.0.1"), false, true),
        (Some("nonsense"), false, false),
        (None, false, false),
    ] {
        let of = |product, caller| {
            let requester = Requester::Verified(caller);
            ruling_of(product, requester, source, "GET /jira/rest/x").unwrap()
        };
        assert_eq!(of(&allowing, &nobody).is_allowed(), is_inside, "{source:?}");
        assert_eq!(
            of(&denying, &member).is_allowed(),
            is_known && !is_inside,
            "{source:?}"
        );
    }
}

#[test]
fn administration_can_be_allowed() {
    let jira = jira(&json!([{"allow": ["@admin"], "groups": ["admins"]}, {"allow": ["@read"]}]));
    let admin = caller("", &["admins"]);
    for route in [
        "POST /jira/rest/api/2/reindex",
        "DELETE /jira/rest/api/latest/user",
    ] {
        assert_eq!(ruling(&jira, &admin, route), Some(Ruling::Allowed(Some(0))));
        let other = ruling(&jira, &caller("", &[]), route);
        assert_eq!(other, Some(Ruling::Lacking(0, Condition::Group)));
    }
    assert!(is_allowed(&jira, &admin, "GET /jira/rest/api/2/issue/A-1"));
    assert!(!is_allowed(&jira, &admin, "POST /jira/rest/api/2/issue"));
}

#[test]
fn limits_of_a_credential() {
    let jira = jira(&json!([{"allow": ["* /*"]}]));
    let read_only = identity("alice", |subject| subject.limits.read_only = true);
    let (read, write) = (
        "POST /jira/rest/api/2/search",
        "POST /jira/rest/api/2/issue",
    );
    assert!(is_allowed(&jira, &read_only, read));
    assert_eq!(ruling(&jira, &read_only, write), Some(Ruling::ReadOnly));
    let of_others = identity("alice", |subject| {
        subject.limits.products = vec!["confluence".to_owned()];
    });
    assert_eq!(ruling(&jira, &of_others, read), Some(Ruling::OtherProduct));
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
        assert!(is_allowed(&product, &caller("", &[]), reads), "{reads}");
        assert!(!is_allowed(&product, &caller("", &[]), writes), "{writes}");
    }
}
