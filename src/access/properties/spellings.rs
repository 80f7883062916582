//! Every spelling of a denied path is denied.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::json;

use super::random::{Case, callers};
use super::slow::{is_denied, like};
use super::{arn, compiled, is_allowed, part};
use crate::document::ProductKind;
use crate::route::raw_lists;

/// What makes another spelling of a path, at one of its slashes.
const AT_SLASHES: [&str; 8] = [
    "/./",
    "/zz/../",
    "//",
    ";p=1/",
    "/;/",
    "\\",
    "/./zz/.././",
    "/%zz/../",
];

const SUFFIXES: [&str; 9] = [
    "", ".json", ".xml", "/", ".JSON", ".xml/", "/.", ";x=1", "/zz/..",
];

/// Another spelling: slashes by their places, characters in another case, then escapes, so many of
/// each character.
#[derive(Clone, Debug)]
struct Spelling {
    slashes: Vec<(Index, &'static str)>,
    cases: Vec<Index>,
    is_resource: bool,
    suffix: &'static str,
    escapes: Vec<(Index, u8)>,
    is_upper: bool,
}

impl Spelling {
    fn of(&self, path: &str) -> String {
        let mut path = path.to_owned();
        for (place, text) in &self.slashes {
            let places: Vec<usize> = path.match_indices('/').map(|(at, _)| at).collect();
            let at = *place.get(&places);
            // Where a path begins there is nothing to cut parameters from, and no other slash.
            if at > 0 {
                path.replace_range(at..=at, text);
            }
        }
        path.push_str(self.suffix);
        if self.is_resource {
            path.insert_str(0, "/s/1.2/x/_");
        }
        let mut characters: Vec<(char, u8)> = path.chars().map(|one| (one, 0)).collect();
        for place in &self.cases {
            let at = place.index(characters.len());
            let one = characters[at].0;
            characters[at].0 = if one.is_ascii_lowercase() {
                one.to_ascii_uppercase()
            } else {
                one.to_ascii_lowercase()
            };
        }
        for (place, times) in &self.escapes {
            let at = place.index(characters.len());
            if at > 0 {
                characters[at].1 = *times;
            }
        }
        let spelled = characters.into_iter().map(|(one, times)| {
            let escape = if self.is_upper {
                format!("%{:02X}", u32::from(one))
            } else {
                format!("%{:02x}", u32::from(one))
            };
            match times {
                0 => one.to_string(),
                1 => escape,
                _ => escape.replace('%', "%25"),
            }
        });
        spelled.collect()
    }
}

fn spellings() -> impl Strategy<Value = Spelling> {
    (
        prop::collection::vec((any::<Index>(), select(AT_SLASHES.to_vec())), 0..3),
        prop::collection::vec(any::<Index>(), 0..4),
        prop::bool::weighted(0.2),
        select(SUFFIXES.to_vec()),
        prop::collection::vec((any::<Index>(), 0_u8..3), 0..8),
        any::<bool>(),
    )
        .prop_map(
            |(slashes, cases, is_resource, suffix, escapes, is_upper)| Spelling {
                slashes,
                cases,
                is_resource,
                suffix,
                escapes,
                is_upper,
            },
        )
}

/// A kind, what a rule denies, and a path that it denies.
fn denials() -> impl Strategy<Value = (Option<ProductKind>, String, String)> {
    let segment = "([a-zA-Z0-9@:~,+!$()'&=-]|[a-z]\\.){1,6}|a b|x\\.json|x\\.Xml";
    let path = (
        prop::collection::vec(segment, 1..4),
        select(vec!["", "", "/", "/*"]),
    );
    let written = path.prop_map(|(segments, ending)| {
        let path = std::iter::once("")
            .chain(segments.iter().map(AsRef::as_ref))
            .collect::<Vec<_>>()
            .join("/");
        let denied = if ending == "/*" {
            format!("{path}/y")
        } else {
            path.clone()
        };
        (None, format!("* {path}{ending}"), denied)
    });
    let kinds = [
        ProductKind::Jira,
        ProductKind::JiraCloud,
        ProductKind::Confluence,
        ProductKind::ConfluenceCloud,
        ProductKind::Bitbucket,
        ProductKind::BitbucketCloud,
    ];
    let version = select(vec!["latest", "2", "1.0"]);
    let of_set = (
        select(kinds.to_vec()),
        any::<Index>(),
        version,
        select(vec!["x", "A-1"]),
    );
    let of_set = of_set.prop_map(|(kind, index, version, other)| {
        let [admin, ..] = raw_lists(Some(kind));
        let path = index
            .get(admin)
            .1
            .replace("{version}", version)
            .replace('*', other);
        let mut parts = path
            .split('/')
            .map(|part| if part.starts_with('{') { other } else { part });
        let first = parts.next().unwrap().to_owned();
        let path = parts.fold(first, |path, part| format!("{path}/{part}"));
        (Some(kind), "@admin".to_owned(), path)
    });
    prop_oneof![2 => written, 1 => of_set]
}

proptest! {
    #![proptest_config(part(1))]

    #[test]
    fn all_are_denied(
        (kind, text, path) in denials(),
        spellings in prop::collection::vec(spellings(), 1..12),
        caller in callers(),
    ) {
        let access = json!([{"allow": ["* /*"]}, {"deny": [text]}]);
        let case = Case { kind, path: "/jira", access };
        let product = case.product();
        // With all administration denied there is none that fits, and to find out takes long.
        let policy = kind.is_none().then(|| compiled(&product, &caller)).flatten();
        for method in ["GET", "POST", "DELETE"] {
            // Some administration is none under another name or by another method.
            if !is_denied(kind, &text, method, &path) {
                continue;
            }
            for spelling in &spellings {
                let spelled = format!("/jira{}", spelling.of(&path));
                prop_assert!(!is_allowed(&product, &caller, method, &spelled), "{} {}", method, spelled);
                if let Some((policy, _)) = &policy {
                    prop_assert!(!policy.allows(&arn(method, &spelled)), "policy: {} {}", method, spelled);
                }
            }
        }
    }
}

/// What the test calls a spelling is one to the slow definition too.
#[test]
fn a_spelling_by_hand() {
    let spelling = Spelling {
        slashes: Vec::new(),
        cases: Vec::new(),
        is_resource: true,
        suffix: ".json",
        escapes: Vec::new(),
        is_upper: false,
    };
    assert_eq!(spelling.of("/a/b"), "/s/1.2/x/_/a/b.json");
    let readings =
        super::slow_readings::readings("/jira", "/jira/s/1.2/x/_/%61/b%252ejson").unwrap();
    assert!(readings.contains("/a/b.json"));
    assert!(like("/a/{id}", "/A/b", true) && !like("/a/{id}", "/A/b", false));
}
