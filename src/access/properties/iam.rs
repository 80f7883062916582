//! IAM's evaluation of a policy document, written anew.

use serde_json::Value;

/// Whether a policy document lets the request with an ARN through.
pub(super) fn allows(document: &Value, arn: &str) -> bool {
    let of = |effect: &str| {
        let statements = document["Statement"].as_array().unwrap().iter();
        let mut statements = statements.filter(|one| one["Effect"] == effect);
        statements.any(|one| {
            assert_eq!(one["Action"], serde_json::json!(["execute-api:Invoke"]));
            let mut resources = one["Resource"].as_array().unwrap().iter();
            resources.any(|resource| is_like(resource.as_str().unwrap(), arn))
        })
    };
    of("Allow") && !of("Deny")
}

/// `*` stands for any characters and `?` for one. What stands between stars is looked for from the
/// left: the leftmost place leaves the most to the rest.
pub(super) fn is_like(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return begins(pattern, text) == Some("");
    };
    let Some(mut text) = begins(first, text) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap();
    for part in parts {
        let mut starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        match starts.find_map(|at| begins(part, &text[at..])) {
            Some(behind) => text = behind,
            None => return false,
        }
    }
    let mut starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    starts.any(|at| begins(last, &text[at..]) == Some(""))
}

/// What follows a part without stars.
fn begins<'t>(part: &str, text: &'t str) -> Option<&'t str> {
    let mut rest = text.chars();
    for wanted in part.chars() {
        let found = rest.next()?;
        if wanted != '?' && wanted != found {
            return None;
        }
    }
    Some(rest.as_str())
}

#[test]
fn wildcards() {
    for (pattern, text, expected) in [
        ("a*c", "abbc", true),
        ("a*c", "abbcd", false),
        ("a*b*c", "axbxbxc", true),
        ("a?c", "aéc", true),
        ("a?c", "ac", false),
        ("*ab*ab", "ab", false),
        ("*ab*ab", "abab", true),
        ("*", "", true),
        ("a", "ab", false),
    ] {
        assert_eq!(is_like(pattern, text), expected, "{pattern} {text}");
    }
}
