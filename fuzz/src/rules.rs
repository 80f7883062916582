//! Access rules and a request, against their definition. Four lines: the method, the caller and the
//! product as letters, the rules as JSON, and the path.

use atlassian_authorizer::access::{Asked, BasicGrant, Requester, Ruling};
use atlassian_authorizer::claims::AuthMethod;
use atlassian_authorizer::clock::UnixTime;
use atlassian_authorizer::deployment::{ByProduct, Deployment};
use atlassian_authorizer::document::{ProductKind, ProviderId, Tree};
use atlassian_authorizer::identity::{Identity, Limits, Subject};
use atlassian_authorizer::route::{Method, Readings};
use atlassian_authorizer::settings::Settings;
use atlassian_authorizer::username::Username;
use serde_json::{Value, json};

use crate::random::{Caller, Source};
use crate::scene::provider;
use crate::slow::{Asked as SlowlyAsked, Verdict};

/// What takes the definition too long.
const LONGEST_PATH: usize = 160;
const MOST_STARS: usize = 4;

const KINDS: [(&str, Option<ProductKind>); 7] = [
    ("", None),
    ("jira", Some(ProductKind::Jira)),
    ("jira_cloud", Some(ProductKind::JiraCloud)),
    ("confluence", Some(ProductKind::Confluence)),
    ("confluence_cloud", Some(ProductKind::ConfluenceCloud)),
    ("bitbucket", Some(ProductKind::Bitbucket)),
    ("bitbucket_cloud", Some(ProductKind::BitbucketCloud)),
];

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let lines: Vec<&str> = text.splitn(4, '\n').collect();
    let [method, letters, access, path] = lines.as_slice() else {
        return;
    };
    let Ok(access) = serde_json::from_str::<Value>(access) else {
        return;
    };
    let digit = letters.bytes().find(u8::is_ascii_digit).unwrap_or(b'0');
    let (name, kind) = KINDS[usize::from(digit - b'0') % KINDS.len()];
    let product_path = if letters.contains('P') { "/jira" } else { "" };
    let mut document = json!({"path": if product_path.is_empty() { "/" } else { product_path }});
    if !access.is_null() {
        document["access"] = access.clone();
    }
    if kind.is_some() {
        document["kind"] = name.into();
    }
    let tree: Tree = [
        ("providers/idp".to_owned(), provider().to_string()),
        ("products/it".to_owned(), document.to_string()),
    ]
    .into_iter()
    .collect();
    let deployment = Deployment {
        cache_seconds: ByProduct::all(0),
        cached_by_source_ip: true,
        ..Deployment::default()
    };
    let Ok(settings) = Settings::parse(&tree, &deployment) else {
        return;
    };
    let product = &settings.products[0];
    let caller = caller(letters);
    let identity = identity(&caller);
    let requester = caller
        .basic
        .map_or(Requester::Verified(&identity), Requester::Basic);
    let address = address(letters);
    let found = Readings::of(product.path(), path, []).ok().map(|readings| {
        let asked = Asked {
            method: Method::of(method),
            readings: &readings,
        };
        product
            .access()
            .decide(product.id(), asked, requester, address)
    });
    let found = match found {
        Some(Ruling::Allowed(_)) => Verdict::Allowed,
        Some(Ruling::Denied(rule, _)) => Verdict::Denied(rule),
        _ => Verdict::Refused,
    };
    if path.len() > LONGEST_PATH || has_many_stars(&access) || !path.starts_with('/') {
        return;
    }
    // In a rule each name in braces is one segment; in the sets `{version}` is more than that.
    let access = access.to_string().replace("{version}", "{name}");
    let access: Value = serde_json::from_str(&access).unwrap();
    let slowly = SlowlyAsked {
        kind,
        id: "it",
        product: product_path,
        access: &access,
        basic: &[],
    };
    // The definition knows networks by the texts of three alone.
    if access.to_string().contains("networks") {
        return;
    }
    assert_eq!(
        found,
        slowly.decide(&caller, method, path),
        "{method} {path:?}"
    );
}

fn has_many_stars(access: &Value) -> bool {
    match access {
        Value::String(text) => text.matches('*').count() > MOST_STARS,
        Value::Array(items) => items.iter().any(has_many_stars),
        Value::Object(members) => members.values().any(has_many_stars),
        _ => false,
    }
}

fn caller(letters: &str) -> Caller {
    let has = |letter: char| letters.contains(letter);
    let some = |all: &[(char, &'static str)]| {
        let named = all.iter().filter(|(letter, _)| has(*letter));
        named.map(|(_, name)| *name).collect::<Vec<_>>()
    };
    Caller {
        basic: has('B').then_some(BasicGrant::ByRules),
        provider: if has('O') { "other" } else { "idp" },
        username: if has('U') { "Alan" } else { "alice" },
        scopes: some(&[('a', "a"), ('b', "b")]),
        groups: some(&[('g', "g"), ('h', "h")]),
        read_only: has('R'),
        products: some(&[('X', "other"), ('I', "it")]),
        source: Source {
            is_known: has('N'),
            networks: &[],
        },
    }
}

fn address(letters: &str) -> Option<&'static str> {
    letters.contains('N').then_some("192.0.2.1")
}

fn identity(caller: &Caller) -> Identity {
    let owned = |all: &[&str]| all.iter().map(|&one| one.to_owned()).collect();
    Identity::made_up(Subject {
        provider: ProviderId::new(caller.provider).unwrap(),
        auth_method: AuthMethod::Jwt,
        principal: "1".to_owned(),
        username: Username::new(caller.username.to_owned()).unwrap(),
        client_id: None,
        scopes: owned(&caller.scopes),
        groups: owned(&caller.groups),
        groups_incomplete: false,
        token_id: None,
        issuer: None,
        act: None,
        valid_until: UnixTime::MAX,
        limits: Limits {
            read_only: caller.read_only,
            products: owned(&caller.products),
            source_cidrs: Vec::new(),
        },
    })
}
