//! The document about an allowed request: whatever else its resource reaches is allowed as well.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

use super::paths::drafts;
use super::random::{Case, callers, cases};
use super::{STAGE, arn, iam, is_allowed, part};
use crate::access::Asked;
use crate::route::{Method, Readings};

/// What a wildcard may stand for.
const INSTEAD: [&str; 22] = [
    "/", ".", "%", ";", "\\", "a", "A", "2", "_", "s", "é", "*", "", "/../", "%2e", "..", "/..",
    ";/", "x/y", "%2f", ".jspa", "5",
];

/// How a path becomes one with wildcards.
#[derive(Clone, Debug)]
enum Wild {
    /// In place of a character.
    Instead(Index, &'static str),
    Before(Index, &'static str),
    /// In place of a character's escape.
    Escape(Index, bool),
    /// So many characters more.
    Long(Index, usize, &'static str),
}

impl Wild {
    fn on(&self, path: &str) -> String {
        let places: Vec<(usize, char)> = path.char_indices().skip(1).collect();
        let (Self::Instead(place, _)
        | Self::Before(place, _)
        | Self::Escape(place, _)
        | Self::Long(place, ..)) = self;
        let Some((at, one)) = (!places.is_empty()).then(|| *place.get(&places)) else {
            return format!("{path}*");
        };
        let (head, tail) = path.split_at(at);
        match self {
            Self::Instead(_, wild) => format!("{head}{wild}{}", &tail[one.len_utf8()..]),
            Self::Before(_, wild) => format!("{head}{wild}{tail}"),
            Self::Escape(_, twice) => {
                let percent = if *twice { "*25" } else { "*" };
                let behind = &tail[one.len_utf8()..];
                format!("{head}{percent}{:02x}{behind}", u32::from(one))
            }
            Self::Long(_, length, filler) => {
                format!("{head}{}{tail}", filler.repeat(length / filler.len()))
            }
        }
    }
}

fn wilds() -> impl Strategy<Value = Wild> {
    let wild = || {
        select(vec![
            "*", "$", "?", "${", "**", "?.", "*zz", "*zz/x", "**e", "*l",
        ])
    };
    prop_oneof![
        4 => (any::<Index>(), wild()).prop_map(|(place, wild)| Wild::Instead(place, wild)),
        2 => (any::<Index>(), wild()).prop_map(|(place, wild)| Wild::Before(place, wild)),
        1 => (any::<Index>(), any::<bool>()).prop_map(|(place, twice)| Wild::Escape(place, twice)),
        2 => (any::<Index>(), 300_usize..700, select(vec!["x", "/x", "xy/", "é", "x."]))
            .prop_map(|(place, length, filler)| Wild::Long(place, length, filler)),
    ]
}

/// Another path that a resource may reach: each wildcard by its turn, and what follows a cut.
fn neighbour(resource: &str, original: &str, instead: &[(Index, bool)], tail: &str) -> String {
    let mut instead = instead.iter().cycle();
    let mut originals = original.chars();
    let mut path = String::new();
    let is_cut = resource.ends_with('*');
    for character in resource.trim_end_matches('*').chars() {
        let own = originals.next();
        let (index, keeps) = instead.next().unwrap();
        match (character, own, keeps) {
            ('?', Some(own), true) => path.push(own),
            ('?', ..) => path.push_str(INSTEAD[index.index(INSTEAD.len())]),
            (character, ..) => path.push(character),
        }
    }
    if is_cut {
        path.push_str(tail);
    }
    path
}

/// Rules that allow much.
fn generous() -> impl Strategy<Value = Case> {
    let allow = select(vec![
        "* /*",
        "* /*",
        "@read",
        "* /rest/*",
        "GET /*",
        "* /{x}/*",
        "@write",
    ]);
    (cases(), allow).prop_map(|(mut case, allow)| {
        if let Value::Array(rules) = &mut case.access {
            rules.insert(0, serde_json::json!({"allow": [allow]}));
        }
        case
    })
}

proptest! {
    #![proptest_config(part(1))]

    #[test]
    fn are_allowed_too(
        case in generous(),
        caller in callers(),
        (draft, wilds) in (drafts(), prop::collection::vec(wilds(), 1..3)),
        instead in prop::collection::vec(
            (prop::collection::vec((any::<Index>(), prop::bool::weighted(0.3)), 1..5), any::<Index>(), any::<Index>()),
            1..12,
        ),
        tails in prop::collection::vec("(/|\\.\\./|/\\.\\./|%2e|;|[a-z]|\\.jspa|/settings|/_/|%252e|\\\\){0,6}", 1..4),
    ) {
        let product = case.product();
        let original = draft.full(&case);
        let path = wilds.iter().fold(original.clone(), |path, wild| wild.on(&path));
        let Ok(readings) = Readings::of(product.path(), &path, []) else {
            return Ok(());
        };
        let method = draft.method;
        let asked = Asked { method: Method::of(method), readings: &readings };
        let identity = caller.identity();
        let rules = product.access();
        let grant = rules.grant(product.id(), caller.requester(&identity), caller.source.address);
        if !rules.ruling(asked, &grant).is_allowed() {
            return Ok(());
        }
        let below = format!("{method}{path}");
        let Some(document) = rules.document_of_allowed(asked, &grant, STAGE, &below) else {
            return Ok(());
        };
        let document: Value = serde_json::from_str(&document).unwrap();
        prop_assert!(iam::allows(&document, &arn(method, &path)), "own path {} by {}", path, document);
        let routes = case.routes();
        let resource = document["Statement"][0]["Resource"][0].as_str().unwrap();
        let resource = resource.strip_prefix(&format!("{STAGE}/{method}")).unwrap();
        let mut others = vec![original.clone()];
        for (instead, route, cut) in &instead {
            let route = route.get(&routes);
            let starts: Vec<usize> = route.char_indices().map(|(at, _)| at).collect();
            let tail = &route[*cut.get(&starts)..];
            let tails = tails.iter().map(String::as_str).chain([tail]);
            others.extend(tails.map(|tail| neighbour(resource, &original, instead, tail)));
        }
        for other in others {
            prop_assert!(
                !iam::allows(&document, &arn(method, &other)) || is_allowed(&product, &caller, method, &other),
                "{} by {}", other, document
            );
        }
    }
}

/// All paths that one with wildcards may be, where each is one of these characters.
fn all_neighbours(path: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    for character in path.chars() {
        let instead = if "*?$".contains(character) {
            "/.%;\\abs2e5_"
        } else {
            ""
        };
        let own = character.to_string();
        let choices: Vec<char> = own.chars().chain(instead.chars()).collect();
        all = all
            .iter()
            .flat_map(|head| choices.iter().map(move |one| format!("{head}{one}")))
            .collect();
    }
    all
}

proptest! {
    #![proptest_config(part(2))]

    /// The same where all is so small that much of it meets.
    #[test]
    fn are_allowed_in_a_small_world(
        allow in select(vec!["* /*", "* /a/*", "* /a/b/*"]),
        denied in prop::collection::vec("(/(a|b|ab|s|_|\\*|\\*b|a\\*|a b|a\\.json|\\*\\.a|\\{x\\})){1,4}", 1..3),
        path in "/(a/|a/b/|a/\\./|s/|\\./)?(\\*|\\*|\\?|a|b|/|\\.|s|_|2|e|5|;|%|%20|\\.xml){1,10}".prop_filter(
            "few wildcards",
            |path| (1..=3).contains(&path.matches(['*', '?']).count()),
        ),
    ) {
        let denied: Vec<String> = denied.iter().map(|path| format!("* {path}")).collect();
        let access = serde_json::json!([{"allow": [allow]}, {"deny": denied}]);
        let product = Case { kind: None, path: "", access }.product();
        let Ok(readings) = Readings::of("", &path, []) else {
            return Ok(());
        };
        let asked = Asked { method: Method::of("GET"), readings: &readings };
        let caller = crate::access::tests::identity("alice", |_| ());
        let rules = product.access();
        let grant = rules.grant("it", crate::access::Requester::Verified(&caller), None);
        if !rules.ruling(asked, &grant).is_allowed() {
            return Ok(());
        }
        let Some(document) = rules.document_of_allowed(asked, &grant, STAGE, &format!("GET{path}")) else {
            return Ok(());
        };
        let document: Value = serde_json::from_str(&document).unwrap();
        prop_assert!(iam::allows(&document, &arn("GET", &path)), "own path {}", path);
        for other in all_neighbours(&path) {
            if iam::allows(&document, &arn("GET", &other)) {
                let readings = Readings::of("", &other, []);
                let is_allowed = readings.is_ok_and(|readings| {
                    let asked = Asked { method: Method::of("GET"), readings: &readings };
                    rules.ruling(asked, &grant).is_allowed()
                });
                prop_assert!(is_allowed, "{} by {}", other, document);
            }
        }
    }
}
