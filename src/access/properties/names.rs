//! Honest names of files, branches, tags and users are allowed where their place is.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use super::random::{Caller, Case, Source};
use super::{is_allowed, part};
use crate::document::ProductKind;

/// Where a name stands: the kind, what is allowed, a method, and the path with `{}` for the name.
const PLACES: [(ProductKind, &str, &str, &str); 11] = [
    (
        ProductKind::Jira,
        "* /rest/*",
        "POST",
        "/rest/api/2/issue/{}/votes",
    ),
    (
        ProductKind::Jira,
        "* /rest/*",
        "GET",
        "/rest/api/2/mypreferences/{}",
    ),
    (
        ProductKind::Confluence,
        "* /rest/*",
        "PUT",
        "/rest/api/content/1/label/{}",
    ),
    (
        ProductKind::Confluence,
        "@read",
        "GET",
        "/download/attachments/1/{}",
    ),
    (
        ProductKind::Bitbucket,
        "@read",
        "GET",
        "/rest/api/1.0/projects/A/repos/b/tags/{}",
    ),
    (
        ProductKind::Bitbucket,
        "@read",
        "GET",
        "/rest/api/latest/projects/A/repos/b/browse/{}/{}",
    ),
    (
        ProductKind::Bitbucket,
        "@read",
        "GET",
        "/rest/api/1.0/users/x{}",
    ),
    (
        ProductKind::Bitbucket,
        "@read",
        "GET",
        "/projects/A/repos/b/raw/{}",
    ),
    (
        ProductKind::Bitbucket,
        "@read",
        "GET",
        "/projects/A/repos/b/browse/src/{}/{}/x.py",
    ),
    (
        ProductKind::Bitbucket,
        "@read",
        "GET",
        "/users/{}/repos/b/raw/{}",
    ),
    (
        ProductKind::BitbucketCloud,
        "@read",
        "GET",
        "/2.0/repositories/w/r/src/main/{}",
    ),
];

/// A name, as a product knows it.
fn names() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[ -~]",
        1 => select(vec![
            "é", "ß", "Ω", "漢", "Ж", "😀", "ı", "İ", "%41", "%zz", "%e9", "%E9sum%E9", "%25", "%2541", "..", ".git",
            "v1..v2", "100%", "_", "s", "admin", "settings", "%C3%A9", "%0a", "%",
        ]).prop_map(str::to_owned),
    ];
    let name = prop::collection::vec(piece, 1..8).prop_map(|pieces| pieces.concat());
    name.prop_filter("no part of a path", |name| {
        let mut name = name.clone();
        // What it decodes to must be honest too, however often it is decoded.
        loop {
            if name.contains(['/', '\\', ';']) || matches!(name.as_str(), "." | "..") {
                return false;
            }
            let next = name
                .replace("%25", "%")
                .replace("%2e", ".")
                .replace("%2E", ".")
                .replace("%2f", "/")
                .replace("%2F", "/")
                .replace("%5c", "\\")
                .replace("%5C", "\\")
                .replace("%3b", ";")
                .replace("%3B", ";");
            if next == name {
                return true;
            }
            name = next;
        }
    })
}

/// Percent-encodes as clients do: all but what is unreserved, or only what must be.
fn encoded(text: &str, all: bool, lower: bool) -> String {
    let keeps = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || b"-._~".contains(&byte)
            || (!all && b"!$&'()*+,:=@[]".contains(&byte))
    };
    let each = text.bytes().map(|byte| match byte {
        kept if keeps(kept) => char::from(kept).to_string(),
        byte if lower => format!("%{byte:02x}"),
        byte => format!("%{byte:02X}"),
    });
    each.collect()
}

proptest! {
    #![proptest_config(part(1))]

    #[test]
    fn are_allowed(
        place in select(PLACES.to_vec()),
        name in names(),
        all in any::<bool>(),
        lower in any::<bool>(),
    ) {
        let (kind, allow, method, path) = place;
        let access = json!([{"allow": [allow]}, {"deny": ["@admin"]}]);
        let product = Case { kind: Some(kind), path: "/x", access }.product();
        let source = Source { address: None, is_known: false, networks: &[] };
        let caller = Caller {
            basic: None,
            provider: "idp",
            username: "alice",
            scopes: Vec::new(),
            groups: Vec::new(),
            read_only: false,
            products: Vec::new(),
            source,
        };
        let once = encoded(&name, all, lower);
        for spelled in [once.clone(), encoded(&once, all, lower)] {
            let path = format!("/x{}", path.replace("{}", &spelled));
            prop_assert!(is_allowed(&product, &caller, method, &path), "{} for {:?}", path, name);
        }
    }
}
