//! Random rules and callers.

use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use serde_json::{Value, json};

use super::paths::{fill, fills};
use crate::access::tests::{identity, product};
use crate::access::{BasicGrant, Requester};
use crate::document::ProductKind;
use crate::identity::{Identity, Limits};
use crate::product::Product;
use crate::route::raw_lists;

const KINDS: [(&str, Option<ProductKind>); 7] = [
    ("", None),
    ("jira", Some(ProductKind::Jira)),
    ("jira_cloud", Some(ProductKind::JiraCloud)),
    ("confluence", Some(ProductKind::Confluence)),
    ("confluence_cloud", Some(ProductKind::ConfluenceCloud)),
    ("bitbucket", Some(ProductKind::Bitbucket)),
    ("bitbucket_cloud", Some(ProductKind::BitbucketCloud)),
];

/// Where Basic credentials are passed through to, in the product.
pub(super) const BASIC: [&str; 3] = ["/status", "/rest/api/2/*", "/*/x"];

/// A product with random rules.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) kind: Option<ProductKind>,
    /// Without a slash at its end.
    pub(super) path: &'static str,
    pub(super) access: Value,
}

impl Case {
    /// The product with these rules.
    pub(super) fn with(&self, access: &Value) -> Product {
        let path = if self.path.is_empty() { "/" } else { self.path };
        let mut document = json!({"path": path});
        if !access.is_null() {
            document["access"] = access.clone();
        }
        if let Some(kind) = self.kind {
            document["kind"] = kind.as_str().into();
        }
        let mut product = product("it", &document);
        let basic = BASIC.map(|path| format!("{}{path}", self.path));
        product.access_mut().set_basic_paths(&basic);
        product
    }

    pub(super) fn product(&self) -> Product {
        self.with(&self.access)
    }

    pub(super) fn rules(&self) -> &[Value] {
        self.access.as_array().map_or(&[], Vec::as_slice)
    }

    /// All routes that the rules or the sets name.
    pub(super) fn routes(&self) -> Vec<String> {
        let lists = raw_lists(self.kind).into_iter().flatten();
        let listed = lists.map(|(_, pattern)| (*pattern).to_owned());
        let texts = self.rules().iter().flat_map(|rule| {
            let lists = ["allow", "deny", "only"].map(|name| rule[name].as_array());
            lists.into_iter().flatten().flatten()
        });
        let texts = texts.filter_map(|text| text.as_str()?.split_once(' '));
        let texts: Vec<String> = texts.map(|(_, path)| path.to_owned()).collect();
        // The rules' own as often as all others.
        let listed: Vec<String> = listed.collect();
        let again = texts.iter().cycle().take(listed.len().max(texts.len()));
        let own: Vec<String> = again.cloned().collect();
        own.into_iter().chain(listed).collect()
    }
}

/// Where a request comes from, and the networks of the rules that this is in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    pub(super) address: Option<&'static str>,
    pub(super) is_known: bool,
    pub(super) networks: &'static [&'static str],
}

const TEN: &[&str] = &["10.0.0.0/8", "10.1.2.3"];
const SOURCES: [(Option<&str>, bool, &[&str]); 6] = [
    (None, false, &[]),
    (Some("nonsense"), false, &[]),
    (Some("10.1.2.3"), true, TEN),
    (Some("::ffff:10.1.2.3"), true, TEN),
    (Some("192.0.2.1"), true, &[]),
    (Some("2001:db8::1"), true, &["2001:db8::/32"]),
];

/// Who asks.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) basic: Option<BasicGrant>,
    pub(super) provider: &'static str,
    pub(super) username: &'static str,
    pub(super) scopes: Vec<&'static str>,
    pub(super) groups: Vec<&'static str>,
    pub(super) read_only: bool,
    pub(super) products: Vec<&'static str>,
    pub(super) source: Source,
}

impl Caller {
    pub(super) fn identity(&self) -> Identity {
        let owned = |all: &[&str]| all.iter().map(|&one| one.to_owned()).collect();
        identity(self.username, |subject| {
            subject.provider = crate::document::ProviderId::new(self.provider).unwrap();
            subject.scopes = owned(&self.scopes);
            subject.groups = owned(&self.groups);
            subject.limits = Limits {
                read_only: self.read_only,
                products: owned(&self.products),
                source_cidrs: Vec::new(),
            };
        })
    }

    pub(super) fn requester<'i>(&self, identity: &'i Identity) -> Requester<'i> {
        let verified = Requester::Verified(identity);
        self.basic.map_or(verified, Requester::Basic)
    }
}

pub(super) fn callers() -> impl Strategy<Value = Caller> {
    let basic = prop_oneof![
        6 => Just(None),
        1 => Just(Some(BasicGrant::ByRules)),
        1 => Just(Some(BasicGrant::OnSomePaths)),
    ];
    let products = prop_oneof![
        8 => Just(vec![]),
        1 => Just(vec!["other"]),
        1 => Just(vec!["other", "it"]),
    ];
    let who = (
        select(vec!["idp", "other"]),
        select(vec!["alice", "Alan", "bob"]),
        subsequence(vec!["a", "b"], 0..=2),
        subsequence(vec!["g", "h"], 0..=2),
    );
    let source = select(SOURCES.to_vec());
    (basic, who, prop::bool::weighted(0.2), products, source).prop_map(
        |(basic, (provider, username, scopes, groups), read_only, products, source)| Caller {
            basic,
            provider,
            username,
            scopes,
            groups,
            read_only,
            products,
            source: Source {
                address: source.0,
                is_known: source.1,
                networks: source.2,
            },
        },
    )
}

/// Rules of every form.
pub(super) fn cases() -> impl Strategy<Value = Case> {
    let path = select(vec!["", "/jira", "/a/b.c"]);
    (select(KINDS.to_vec()), path).prop_flat_map(|((_, kind), path)| {
        let rules = prop::collection::vec(rule(kind, path), 1..5).prop_map(Value::from);
        let access = prop_oneof![1 => Just(Value::Null), 12 => rules];
        access.prop_map(move |access| Case { kind, path, access })
    })
}

fn conditions() -> impl Strategy<Value = Value> {
    let of = |all: &[&'static str]| {
        let some = subsequence(all.to_vec(), 1..=all.len());
        prop::option::weighted(0.15, some)
    };
    let all = (
        of(&["a", "b"]),
        of(&["g", "h"]),
        of(&["idp", "third"]),
        of(&["alice", "AL*", "*b"]),
        of(&["10.0.0.0/8", "10.1.2.3", "2001:db8::/32"]),
    );
    all.prop_map(|(scopes, groups, providers, users, networks)| {
        let mut object = json!({});
        let named = [
            ("scopes", scopes),
            ("groups", groups),
            ("providers", providers),
            ("users", users),
            ("networks", networks),
        ];
        for (name, list) in named {
            if let Some(list) = list {
                object[name] = json!(list);
            }
        }
        object
    })
}

pub(super) fn rule(kind: Option<ProductKind>, product: &str) -> BoxedStrategy<Value> {
    let effect = select(vec!["allow", "allow", "allow", "deny", "deny", "only"]);
    let texts = prop::collection::vec(text(kind, product), 1..3);
    let rule = (effect, texts, conditions()).prop_map(|(effect, texts, mut rule)| {
        // `only` without conditions is an error.
        let is_bare = rule.as_object().is_some_and(serde_json::Map::is_empty);
        if effect == "only" && is_bare {
            rule["groups"] = json!(["g"]);
        }
        rule[effect] = json!(texts);
        rule
    });
    rule.boxed()
}

fn text(kind: Option<ProductKind>, product: &str) -> BoxedStrategy<String> {
    let segment = select(vec![
        "rest", "rest", "api", "2", "latest", "Issue", "user", "admin", "{id}", "{key}", "*", "a*",
        "*b", "*x*", "x", "x.json", "a b", "s", "_", "projects", "plugins",
    ]);
    let ending = select(vec!["", "", "/", "/*", "*"]);
    let path = (prop::collection::vec(segment, 0..5), ending).prop_map(|(segments, ending)| {
        let path = std::iter::once("")
            .chain(segments.iter().map(AsRef::as_ref))
            .collect::<Vec<_>>()
            .join("/");
        let ending = if ending == "*" && path.ends_with('}') {
            ""
        } else {
            ending
        };
        match format!("{path}{ending}") {
            path if path.starts_with('/') => path,
            rest => format!("/{rest}"),
        }
    });
    let listed = lists_of(kind);
    let listed = (any::<Index>(), fills()).prop_map(move |(index, fills)| {
        let filled = fill(listed[index.index(listed.len())], &fills);
        // Only what a rule can be.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.*".contains(c);
        let segments = filled
            .split('/')
            .filter(|one| !one.is_empty() && one.chars().all(is_plain));
        let segments: Vec<&str> = segments.filter(|one| !matches!(*one, "." | "..")).collect();
        format!("/{}", segments.join("/"))
    });
    let methods = select(vec!["*", "*", "GET", "HEAD", "POST", "PUT", "DELETE"]);
    let path = prop_oneof![3 => path.boxed(), 2 => listed.boxed()];
    let route = (methods, path).prop_map(|(method, path)| format!("{method} {path}"));
    let mut sets = vec!["@read", "@write"];
    if kind.is_some() {
        sets.push("@admin");
    }
    if kind == Some(ProductKind::Bitbucket) {
        sets.push("@git");
    }
    if product.is_empty() {
        sets.push("$connect");
    }
    let set = select(sets).prop_map(str::to_owned);
    let much = select(vec!["* /*", "* /rest/*", "GET /*"]).prop_map(str::to_owned);
    prop_oneof![4 => route, 2 => set, 1 => much].boxed()
}

fn lists_of(kind: Option<ProductKind>) -> Vec<&'static str> {
    let lists = raw_lists(kind).into_iter().flatten();
    lists.map(|(_, pattern)| *pattern).collect()
}
