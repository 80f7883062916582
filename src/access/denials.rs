//! What a policy for many routes denies, so that it allows no more than the rules do.
//!
//! IAM tells small letters from capital ones, and Atlassian's products hardly do. Of administration,
//! a denial keeps two letters in both cases and takes the others as `?`: `/au??*`, `/aU??*`, `/Au??*`
//! and `/AU??*` deny `/auth`. Of a route in a rule it denies exactly that route, and all that has one
//! of its letters in the other case: `/user`, `/U*`, `/uS*` and so on.

use crate::route::{Methods, patterns_meet, patterns_meet_with_suffixes, plain_pattern_after};
use crate::wildcard::covers;

/// Letters, from those that are rare in paths to those that are not.
const RARE: &[u8; 26] = b"jqxzkvwybgpfmuhdlcnroisate";

/// How many letters of what is denied keep their place.
const KEPT: usize = 2;

/// Methods, and a path in the product with `*`, and `{}` for one segment.
pub(super) type Pattern = (Methods, String);

/// A pattern that is denied.
#[derive(Clone, Debug)]
pub(super) struct Denied {
    pub(super) methods: Methods,
    pub(super) path: String,
    /// It is written in a rule, so nothing else in its letters may be denied. Else it is of a set.
    pub(super) is_route: bool,
}

impl Denied {
    /// A pattern in each spelling that a policy lets through.
    pub(super) fn all(methods: Methods, path: &str, is_route: bool) -> impl Iterator<Item = Self> {
        let paths = [Some(path.to_owned()), encoded(path)];
        paths.into_iter().flatten().map(move |path| Self {
            methods,
            path,
            is_route,
        })
    }

    /// Whether some path of this pattern is denied.
    fn meets(&self, allowed: &str) -> bool {
        if self.is_route {
            let patterns = denied_patterns(self.methods, &self.path);
            patterns
                .iter()
                .any(|(_, path)| patterns_meet(allowed, path))
        } else {
            patterns_meet_with_suffixes(allowed, &self.path)
        }
    }
}

/// A path with `*` for each part in braces.
pub(super) fn with_stars(path: &str) -> String {
    plain_pattern_after(path, "").0
}

/// Ends of ARNs that are denied, where these are allowed in the product at this path.
pub(super) fn ends(allows: &[Pattern], denied: &[Denied], product: &str) -> Vec<String> {
    let mut denials = Denials::default();
    for (methods, path) in slashes(allows) {
        denials.add(methods, path);
    }
    for denied in with_most(denied, allows) {
        denials.deny(denied, allows);
    }
    denials.ends(allows, product)
}

/// Of what is denied, what is of use, without what of a set others of it hold.
fn with_most<'d>(denied: &'d [Denied], allows: &[Pattern]) -> Vec<&'d Denied> {
    let is_allowed = |denied: &&Denied| {
        let mut allows = allows.iter();
        allows.any(|(methods, path)| methods.meet(denied.methods) && denied.meets(path))
    };
    let of_use: Vec<&Denied> = denied.iter().filter(is_allowed).collect();
    let texts: Vec<String> = of_use
        .iter()
        .map(|denied| format!("{}*", with_stars(&denied.path)))
        .collect();
    let mut most: Vec<(&Denied, &String)> = Vec::new();
    for (denied, text) in of_use.into_iter().zip(&texts) {
        let holds = |(other, of): &(&Denied, &String), denied: &Denied, text: &str| {
            !other.is_route
                && !denied.is_route
                && other.methods.cover(denied.methods)
                && covers(of.as_bytes(), text.as_bytes())
        };
        if !most.iter().any(|other| holds(other, denied, text)) {
            most.retain(|(other, of)| !holds(&(denied, text), other, of));
            most.push((denied, text));
        }
    }
    most.into_iter().map(|(denied, _)| denied).collect()
}

/// What is denied so far: methods, and a path in the product with `*` and `?`.
#[derive(Default)]
struct Denials(Vec<Pattern>);

impl Denials {
    fn add(&mut self, methods: Methods, path: String) {
        match self.0.iter_mut().find(|(_, known)| *known == path) {
            Some((known, _)) => *known = known.or(methods),
            None => self.0.push((methods, path)),
        }
    }

    fn deny(&mut self, denied: &Denied, allows: &[Pattern]) {
        for (allowed, other) in allows {
            let Some(methods) = allowed.common(denied.methods) else {
                continue;
            };
            if !denied.is_route {
                if denied.meets(other) {
                    let (path, fixed) = plain_pattern_after(&denied.path, literal_head(other));
                    for path in all_cases(path, fixed) {
                        self.add(methods, path);
                    }
                }
                continue;
            }
            for (methods, path) in denied_patterns(methods, &denied.path) {
                if patterns_meet(other, &path) {
                    let (path, fixed) = plain_pattern_after(&path, literal_head(other));
                    for other in other_cases(&path, fixed) {
                        self.add(Methods::ANY, other);
                    }
                    self.add(methods, path);
                }
            }
        }
    }

    /// Without what others say too. The method is said where others are allowed there.
    fn ends(self, allows: &[Pattern], product: &str) -> Vec<String> {
        let mut ends: Vec<String> = Vec::new();
        for (methods, path) in &self.0 {
            let is_other =
                |(allowed, other): &Pattern| !methods.cover(*allowed) && patterns_meet(other, path);
            if allows.iter().any(is_other) {
                let names = methods.names();
                ends.extend(names.map(|method| format!("/{method}{product}{path}")));
            } else {
                ends.push(format!("{product}{path}"));
            }
        }
        // As they stand in the policy: behind `arn:…:*`.
        let behind: Vec<String> = ends.iter().map(|end| format!("*{end}")).collect();
        let is_said = |at: usize, one: &String| {
            behind.iter().enumerate().any(|(place, other)| {
                place != at
                    && covers(other.as_bytes(), one.as_bytes())
                    // Of two that say the same, the first stays.
                    && (place < at || !covers(one.as_bytes(), other.as_bytes()))
            })
        };
        let mut said = behind.iter().enumerate().map(|(at, one)| is_said(at, one));
        ends.retain(|_| !said.next().unwrap_or_default());
        ends
    }
}

/// What an allowed `*` takes where a part in braces does not: a slash. With these denied, patterns
/// allow what they say.
fn slashes(allows: &[Pattern]) -> Vec<Pattern> {
    let mut denials = Vec::new();
    for (methods, path) in allows {
        let Some((stem, tail)) = path.rsplit_once('}') else {
            continue;
        };
        // What is denied of all patterns with this beginning needs no end.
        let is_of = |other: &&Pattern| other.1.rsplit_once('}').is_some_and(|(of, _)| of == stem);
        let is_shared = allows
            .iter()
            .filter(is_of)
            .map(|(_, path)| path)
            .any(|other| other != path);
        for (at, _) in path.match_indices('{') {
            let (before, rest) = path.split_at_checked(at).unwrap_or_default();
            let after = rest.split_once('}').map_or("", |(_, after)| after);
            let is_last = !after.contains('}');
            let after = match after.strip_suffix(tail) {
                Some(after) if is_shared && !is_last && has_name(after) => after,
                _ => after,
            };
            denials.push((
                *methods,
                format!("{}*/*{}", with_stars(before), with_stars(after)),
            ));
        }
    }
    denials
}

/// Whether there is more in it than slashes and braces: without, it would be no mark of a pattern.
fn has_name(path: &str) -> bool {
    with_stars(path)
        .bytes()
        .any(|byte| byte.is_ascii_alphanumeric())
}

/// What a denial of a pattern takes: Atlassian's REST framework takes `/user/`, `/user.json` and
/// `/user.xml` for `/user`.
pub(super) fn denied_patterns(methods: Methods, path: &str) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    for path in [Some(path.to_owned()), encoded(path)].into_iter().flatten() {
        if !path.ends_with('*') {
            patterns.push((methods, format!("{}/*", path.trim_end_matches('/'))));
            patterns.push((methods, format!("{path}.*")));
        }
        patterns.push((methods, path));
    }
    patterns
}

/// Another spelling of a path: of the characters that a policy lets through encoded, the sets have
/// `!` alone.
fn encoded(path: &str) -> Option<String> {
    path.contains('!').then(|| path.replace('!', "%21"))
}

/// What denies a pattern in any case of its letters, where one of what is allowed could be it: ends
/// of ARNs.
pub(super) fn denied_resources(
    (methods, path): &Pattern,
    product: &str,
    allows: &[Pattern],
) -> Vec<String> {
    let mut resources = Vec::new();
    for (allowed, other) in allows {
        if !allowed.meet(*methods) || !patterns_meet(other, path) {
            continue;
        }
        let (path, fixed) = plain_pattern_after(path, literal_head(other));
        if *methods == Methods::ANY {
            resources.push(format!("{product}{path}"));
        } else {
            let names = methods.names();
            resources.extend(names.map(|method| format!("/{method}{product}{path}")));
        }
        resources.extend(other_cases(&path, fixed).map(|other| format!("{product}{other}")));
    }
    resources
}

/// Up to here, whatever is allowed has the letters that stand there, and one segment for braces.
fn literal_head(path: &str) -> &str {
    path.split(['*', '?']).next().unwrap_or_default()
}

/// Patterns that take a path in every case of its letters but its own: for each letter from `fixed`
/// on, what is the same up to it and has it in the other case.
fn other_cases(path: &str, fixed: usize) -> impl Iterator<Item = String> {
    let letters = path
        .char_indices()
        .filter(|(_, one)| one.is_ascii_alphabetic());
    letters
        .filter(move |(at, _)| *at >= fixed)
        .map(|(at, letter)| {
            let before = path.get(..at).unwrap_or_default();
            format!("{before}{}*", in_other_case(letter))
        })
}

const fn in_other_case(letter: char) -> char {
    if letter.is_ascii_lowercase() {
        letter.to_ascii_uppercase()
    } else {
        letter.to_ascii_lowercase()
    }
}

/// Patterns that take a path in every case of its letters from `fixed` on, and whatever begins so:
/// the rarest of these letters in both cases, any others in place of the rest.
fn all_cases(mut path: String, fixed: usize) -> Vec<String> {
    if !path.ends_with('*') {
        path.push('*');
    }
    let letters = path
        .char_indices()
        .filter(|(_, one)| one.is_ascii_alphabetic());
    let mut letters: Vec<_> = letters.filter(|(at, _)| *at >= fixed).collect();
    // What stands before the last segment is often allowed too, and most words that are no
    // administration have another first letter.
    let last = letters.last().map_or(0, |(at, _)| *at);
    let last = path.get(..last).and_then(|head| head.rfind('/'));
    let mut in_last = letters.iter().map(|(at, _)| *at);
    let first = in_last.find(|at| Some(*at) > last);
    let rank = |letter: char| {
        let mut rare = RARE.iter().copied().map(char::from);
        rare.position(|one| one.eq_ignore_ascii_case(&letter))
    };
    letters.sort_by_key(|(at, letter)| (Some(*at) < last, Some(*at) != first, rank(*letter)));
    letters.truncate(KEPT);
    let mut patterns = vec![String::with_capacity(path.len())];
    for (at, character) in path.char_indices() {
        let is_kept = letters.iter().any(|(kept, _)| *kept == at);
        if is_kept {
            let others = patterns.clone().into_iter();
            let others = others.map(|other| format!("{other}{}", in_other_case(character)));
            let others: Vec<_> = others.collect();
            for pattern in &mut patterns {
                pattern.push(character);
            }
            patterns.extend(others);
            continue;
        }
        let is_free = at >= fixed && character.is_ascii_alphabetic();
        for pattern in &mut patterns {
            pattern.push(if is_free { '?' } else { character });
        }
    }
    patterns
}
