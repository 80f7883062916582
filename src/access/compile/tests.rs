//! What policies for all routes take, and what they allow of everyday use.

mod kinds;

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use kinds::KINDS;

use super::MAX_STATEMENTS;
use crate::access::{Asked, Grant, Policy, Requester};
use crate::clock::UnixTime;
use crate::document::Secrets;
use crate::document::problem::Problems;
use crate::identity::Identity;
use crate::product::Product;
use crate::route::{Method, Readings};

const STAGE: &str =
    "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/a-stage-whose-name-is-of-24";

struct Kind {
    name: &'static str,
    path: &'static str,
    reads: &'static [&'static str],
    writes: &'static [&'static str],
    /// In no case of their letters.
    refused: &'static [&'static str],
}

fn product(kind: &Kind, access: &Value) -> Product {
    let document = json!({"path": kind.path, "kind": kind.name, "access": access});
    let mut problems = Problems::default();
    let text = document.to_string();
    let product = Product::read("x", &text, &Secrets::default(), &mut problems.of("product"));
    problems.or(product.unwrap()).unwrap()
}

fn grant(product: &Product) -> Grant {
    let identity = Identity::for_test("alice", Vec::new(), UnixTime::MAX);
    let requester = Requester::Verified(&identity);
    product.access().grant("x", requester, None)
}

fn policy(kind: &Kind, access: &Value) -> Policy {
    let product = product(kind, access);
    let grant = grant(&product);
    product.access().compile(&grant, STAGE).unwrap()
}

fn allows(policy: &Policy, product: &str, route: &str) -> bool {
    let (method, path) = route.split_once(' ').unwrap();
    let product = product.trim_end_matches('/');
    policy.allows(&format!("{STAGE}/{method}{product}{path}"))
}

/// Capital letters, small ones, and some of both.
fn cases(path: &str) -> Vec<String> {
    let mixed = |first: usize| {
        let each = path.chars().enumerate();
        let each = each.map(move |(at, one)| {
            if at % 2 == first {
                one.to_ascii_uppercase()
            } else {
                one.to_ascii_lowercase()
            }
        });
        each.collect()
    };
    let tail = path.rfind('/').unwrap();
    let (head, last) = path.split_at(tail);
    let mut cases = vec![
        path.to_owned(),
        path.to_uppercase(),
        path.to_lowercase(),
        mixed(0),
        mixed(1),
    ];
    // What leads there is allowed in its own letters alone.
    for (at, letter) in last
        .char_indices()
        .filter(|(_, one)| one.is_ascii_alphabetic())
    {
        let other = if letter.is_lowercase() {
            letter.to_ascii_uppercase()
        } else {
            letter.to_ascii_lowercase()
        };
        cases.push(format!(
            "{head}{}{other}{}",
            &last[..at],
            &last[at.saturating_add(1)..]
        ));
    }
    cases.push(format!("{head}{}", last.to_uppercase()));
    cases
}

#[test]
fn everyday_routes_and_administration() {
    for kind in KINDS {
        for (access, writes) in [
            (json!([{"allow": ["@read"]}]), false),
            (json!([{"allow": ["@read"]}, {"deny": ["@admin"]}]), false),
            (
                json!([{"allow": ["@read"]}, {"allow": ["@write"]}, {"deny": ["@admin"]}]),
                true,
            ),
        ] {
            let policy = policy(kind, &access);
            let size = policy.size();
            assert!(
                size <= MAX_STATEMENTS,
                "{} {access} takes {size} bytes",
                kind.name
            );
            for route in kind.reads {
                assert!(
                    allows(&policy, kind.path, route),
                    "{} {access} {route}",
                    kind.name
                );
            }
            for route in kind.writes {
                assert_eq!(
                    allows(&policy, kind.path, route),
                    writes,
                    "{} {access} {route}",
                    kind.name
                );
            }
            for route in kind.refused {
                let (method, path) = route.split_once(' ').unwrap();
                for path in cases(path) {
                    for suffix in ["", "/", ".json", "/x"] {
                        let route = format!("{method} {path}{suffix}");
                        assert!(
                            !allows(&policy, kind.path, &route),
                            "{} {access} {route}",
                            kind.name
                        );
                    }
                }
            }
        }
    }
}

/// What reads by POST is no part of writing alone.
#[test]
fn writing_alone_does_not_read() {
    for (kind, path, reads, writes) in [
        (
            "bitbucket",
            "/bitbucket",
            "POST /rest/build-status/1.0/commits/stats",
            "POST /rest/build-status/1.0/commits/a1b2c3",
        ),
        (
            "jira_cloud",
            "/jira",
            "POST /rest/api/3/issue/bulkfetch",
            "POST /rest/api/3/issue/A-1/comment",
        ),
    ] {
        let kind = Kind {
            name: kind,
            path,
            reads: &[],
            writes: &[],
            refused: &[],
        };
        let policy = policy(&kind, &json!([{"allow": ["@write"]}]));
        assert!(!allows(&policy, path, reads), "{reads}");
        assert!(allows(&policy, path, writes), "{writes}");
    }
}

/// Paths made of two routes that the tables name, cut and put together.
fn spliced() -> impl Strategy<Value = (usize, usize, String)> {
    let place = any::<prop::sample::Index>;
    let parts = (place(), place(), place(), place(), place(), 0..3_usize);
    (0..KINDS.len(), parts, "(/|/x|\\.json|\\.xml/)?").prop_map(|(at, parts, suffix)| {
        let (one, other, cut, joint, letter, rules) = parts;
        let kind = &KINDS[at];
        let routes = [kind.reads, kind.writes, kind.refused].concat();
        let (one, other) = (one.get(&routes), other.get(&routes));
        let (method, one) = one.split_once(' ').unwrap();
        let (_, other) = other.split_once(' ').unwrap();
        let slashes = |path: &str| {
            path.match_indices('/')
                .map(|(at, _)| at)
                .collect::<Vec<_>>()
        };
        let head = &one[..*cut.get(&slashes(one))];
        let tail = &other[*joint.get(&slashes(other))..];
        let mut path = format!("{head}{tail}{suffix}");
        // In another case.
        let turned = letter.index(path.len().saturating_mul(2));
        if let Some(one) = path.get(turned..=turned) {
            let one = if one.to_uppercase() == one {
                one.to_lowercase()
            } else {
                one.to_uppercase()
            };
            path.replace_range(turned..=turned, &one);
        }
        (rules, at, format!("{method} {path}"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_policy_allows_no_more_than_the_rules((rules, at, route) in spliced()) {
        static POLICIES: LazyLock<Vec<[(Product, Policy); 3]>> = LazyLock::new(|| {
            let of = |kind: &Kind, access: &Value| (product(kind, access), policy(kind, access));
            let of = |kind| [
                of(kind, &json!([{"allow": ["@read"]}])),
                of(kind, &json!([{"allow": ["@write"]}])),
                of(kind, &json!([{"allow": ["@read", "@write"]}, {"deny": ["@admin"]}])),
            ];
            KINDS.iter().map(of).collect()
        });
        let (product, policy) = &POLICIES[at][rules];
        let path = KINDS[at].path;
        if allows(policy, path, &route) {
            let (method, rest) = route.split_once(' ').unwrap();
            let path = format!("{}{rest}", path.trim_end_matches('/'));
            let readings = Readings::of(product.path(), &path, []).unwrap();
            let asked = Asked { method: Method::of(method), readings: &readings };
            let ruling = product.access().ruling(asked, &grant(product));
            prop_assert!(ruling.is_allowed(), "{} {route} {ruling:?}", KINDS[at].name);
        }
    }
}
