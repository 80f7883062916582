//! Random paths: those of patterns, changed in ways that something may read back.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::random::Case;

pub(super) const METHODS: [&str; 8] = [
    "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "PROPFIND",
];

/// A method and a path in a product, to be made for rules.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) method: &'static str,
    route: Index,
    fills: Vec<&'static str>,
    changes: Vec<(Change, Index)>,
    outside: Option<&'static str>,
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Case,
    Escape,
    EscapeTwice,
    EscapeAll,
    Insert(&'static str),
    Slash(&'static str),
    Prepend(&'static str),
    Append(&'static str),
}

impl Draft {
    /// The path in the API, which need not lie in the product.
    pub(super) fn full(&self, case: &Case) -> String {
        let path = self.path(&case.routes());
        match self.outside {
            Some("2") => format!("{}2{path}", case.path),
            Some("upper") => format!("{}{path}", case.path.to_ascii_uppercase()),
            Some(other) => format!("{other}{}{path}", case.path),
            None => format!("{}{path}", case.path),
        }
    }

    /// The path in the product.
    fn path(&self, routes: &[String]) -> String {
        let mut path = fill(&routes[self.route.index(routes.len())], &self.fills);
        for (change, place) in &self.changes {
            path = change.on(&path, *place);
        }
        path
    }
}

impl Change {
    fn on(self, path: &str, place: Index) -> String {
        let places: Vec<(usize, char)> = path.char_indices().skip(1).collect();
        if places.is_empty() {
            return path.to_owned();
        }
        let (at, character) = *place.get(&places);
        let (head, tail) = path.split_at(at);
        let behind = &tail[character.len_utf8()..];
        let escaped = |percent: &str| {
            let bytes = character.to_string().into_bytes();
            let escapes = bytes.iter().map(|byte| format!("{percent}{byte:02x}"));
            format!("{head}{}{behind}", escapes.collect::<String>())
        };
        match self {
            Self::Case if character.is_ascii_lowercase() => {
                format!("{head}{}{behind}", character.to_ascii_uppercase())
            }
            Self::Case => format!("{head}{}{behind}", character.to_ascii_lowercase()),
            Self::Escape => escaped("%"),
            Self::EscapeTwice => escaped("%25"),
            Self::EscapeAll => path.replace('%', "%25"),
            Self::Insert(text) => format!("{head}{text}{tail}"),
            Self::Slash(text) => {
                let slashes: Vec<usize> = path.match_indices('/').map(|(at, _)| at).collect();
                let at = *place.get(&slashes);
                if at == 0 {
                    return path.to_owned();
                }
                format!("{}{text}{}", &path[..at], &path[at + 1..])
            }
            Self::Prepend(text) => format!("{text}{path}"),
            Self::Append(text) => format!("{path}{text}"),
        }
    }
}

pub(super) fn fills() -> impl Strategy<Value = Vec<&'static str>> {
    let fill = select(vec![
        "x",
        "a",
        "A-1",
        "2",
        "latest",
        "1.0",
        "admin",
        "settings",
        "a/b",
        "x/c",
        "xb",
        "a%20b",
        "..",
        ".",
        "v1..v2",
        "é",
        "%C3%A9",
        "100%25",
        "x;y",
        "",
        "_",
        "s/_",
        "user.json",
        "x.jspa",
        "*",
        "$x",
        "${x}",
        "a?",
        "..%2f",
        "x/../..",
        "%e9",
        "+",
        "permissions",
    ]);
    prop::collection::vec(fill, 1..4)
}

/// A path of a pattern, or nearly.
pub(super) fn fill(pattern: &str, fills: &[&str]) -> String {
    let mut next = fills.iter().cycle();
    let mut path = String::new();
    let mut rest = pattern;
    while let Some(character) = rest.chars().next() {
        let after = match (character, rest.split_once('}')) {
            ('{', Some((name, after))) => {
                let fill = next.next().unwrap();
                path.push_str(if name == "{version" && fill.len() > 3 {
                    "2"
                } else {
                    fill
                });
                after
            }
            ('*', _) => {
                path.push_str(next.next().unwrap());
                &rest[1..]
            }
            _ => {
                path.push(character);
                &rest[character.len_utf8()..]
            }
        };
        rest = after;
    }
    path
}

pub(super) fn drafts() -> impl Strategy<Value = Draft> {
    let inserted = select(vec![
        "/./", "//", "/x/../", ";", ";x=1", ";x/", "%00", "%2500", "%0a", "%ff", "%25ff", "%c0%af",
        "%", "%25", "é", "\\", "..", "/../", "%zz", " ",
    ]);
    let slashes = select(vec![
        "%2f", "%2F", "\\", "%5c", "%252f", "%255C", "//", "/./", ";/", "/%2e/", "/%252e/",
    ]);
    let prefix = select(vec![
        "/s/x/_", "/S/1/2/_", "/s/_", "/.", "/x/..", "/%2e", "/", "/..", "/s/x%2f_",
    ]);
    let suffix = select(vec![
        ".json", ".XML", "/", "//", "/.", "/..", ";x", ".json/", "%2f", ".", "%2ejson", "/x",
    ]);
    let change = prop_oneof![
        2 => Just(Change::Case),
        2 => Just(Change::Escape),
        1 => Just(Change::EscapeTwice),
        1 => Just(Change::EscapeAll),
        1 => inserted.prop_map(Change::Insert),
        2 => slashes.prop_map(Change::Slash),
        1 => prefix.prop_map(Change::Prepend),
        1 => suffix.prop_map(Change::Append),
    ];
    let changes = prop_oneof![
        1 => Just(Vec::new()).boxed(),
        2 => prop::collection::vec((change, any::<Index>()), 1..5).boxed(),
    ];
    let outside = select(vec!["2", "upper", "/other", "/x/..", "/", "/."]);
    let outside = prop::option::weighted(0.05, outside);
    (
        select(METHODS.to_vec()),
        any::<Index>(),
        fills(),
        changes,
        outside,
    )
        .prop_map(|(method, route, fills, changes, outside)| Draft {
            method,
            route,
            fills,
            changes,
            outside,
        })
}
