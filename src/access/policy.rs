//! IAM statements, and how API Gateway will match a request against them.

use aws_lambda_events::iam::{IamPolicyDocument, IamPolicyEffect, IamPolicyStatement};

/// Ways out of an allowed path: dot segments and backslashes, as they are, percent-encoded, or
/// encoded twice. An origin may resolve them after API Gateway has matched the path.
const DETOURS: [&str; 7] = ["*..*", "*\\*", "*%2e*", "*%2E*", "*%5c*", "*%5C*", "*%25*"];

/// Ways to spell a denied path so that a Deny doesn't match it: empty and single-dot segments,
/// path parameters, and percent-encoded letters, digits, slashes and other unreserved characters.
/// Whether API Gateway decodes a path before it matches it is not documented. The patterns also
/// catch a few encoded signs, such as `%40` for `@`.
const DISGUISES: [&str; 13] = [
    "*//*", "*/./*", "*/.", "*;*", "*%2d*", "*%2D*", "*%2f*", "*%2F*", "*%3*", "*%4*", "*%5*",
    "*%6*", "*%7*",
];

/// What a caller may and may not do in one stage of one API.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    /// `arn:…:{api}/{stage}/`, which every resource begins with.
    prefix: String,
    /// Resources without the prefix.
    allow: Vec<String>,
    deny: Vec<String>,
    /// Denied too: [`DETOURS`] and [`DISGUISES`].
    spellings: Vec<&'static str>,
}

impl Policy {
    pub(super) fn new(stage_prefix: &str) -> Self {
        Self {
            prefix: format!("{stage_prefix}/"),
            allow: Vec::new(),
            deny: Vec::new(),
            spellings: Vec::new(),
        }
    }

    /// The policy that allows nothing in a stage.
    pub fn nothing(stage_prefix: &str) -> Self {
        Self::new(stage_prefix).or_nothing()
    }

    /// The policy that allows everything in a stage.
    pub(super) fn everything(stage_prefix: &str) -> Self {
        let mut policy = Self::new(stage_prefix);
        policy.allow("*");
        policy
    }

    pub(super) fn allow(&mut self, resource: &str) {
        add(&mut self.allow, resource);
    }

    pub(super) fn deny(&mut self, resource: &str) {
        add(&mut self.deny, resource);
    }

    pub(super) fn deny_detours(&mut self) {
        self.spellings.extend(DETOURS);
    }

    pub(super) fn deny_disguises(&mut self) {
        self.spellings.extend(DISGUISES);
    }

    /// IAM takes no empty policy: without any Allow, everything is denied.
    pub(super) fn or_nothing(mut self) -> Self {
        if self.allow.is_empty() {
            self.deny = vec!["*".to_owned()];
            self.spellings.clear();
        }
        self
    }

    /// Whether there is any request that the policy lets through.
    pub(crate) fn allows_anything(&self) -> bool {
        !self.allow.is_empty()
    }

    /// Whether the policy lets a request with this ARN through, as IAM evaluates it: an Allow
    /// matches, and no Deny does.
    pub fn allows(&self, arn: &str) -> bool {
        arn.strip_prefix(&self.prefix).is_some_and(|rest| {
            let matches = |resource: &String| is_match(resource.as_bytes(), rest.as_bytes());
            let denied = self.deny.iter().any(matches)
                || (!is_plain(rest.as_bytes())
                    && self
                        .spellings
                        .iter()
                        .any(|spelling| is_match(spelling.as_bytes(), rest.as_bytes())));
            self.allow.iter().any(matches) && !denied
        })
    }

    /// Whether the policy denies a request, given as below the stage, for nothing but its spelling.
    #[cfg(feature = "cli")]
    pub(super) fn denies_spelling(&self, rest: &str) -> bool {
        let mut spellings = self.spellings.iter();
        spellings.any(|spelling| is_match(spelling.as_bytes(), rest.as_bytes()))
    }

    /// Whether the policy lets any request through that a resource, below the stage, matches, by
    /// something else than what it allows of the `others`. Where denies cover it in parts it may say
    /// yes for no request at all.
    #[cfg(feature = "cli")]
    pub(super) fn allows_some_of(&self, resource: &str, others: &[String]) -> bool {
        let covered = |patterns: &[String], one: &str| {
            let mut patterns = patterns.iter();
            patterns.any(|pattern| is_match(pattern.as_bytes(), one.as_bytes()))
        };
        let counts = |allowed: &&String| !covered(&self.deny, allowed) && !covered(others, allowed);
        !covered(&self.deny, resource)
            && self
                .allow
                .iter()
                .filter(counts)
                .any(|allowed| overlap(allowed.as_bytes(), resource.as_bytes()))
    }

    /// The length of the longest resource, in characters.
    pub fn longest_resource(&self) -> usize {
        let longest = self.resources().map(str::len).max().unwrap_or_default();
        self.prefix.len().saturating_add(longest)
    }

    /// Roughly how many bytes the resources take in the answer.
    pub(super) fn size(&self) -> usize {
        // Two quotes and a comma each.
        let each = self.prefix.len().saturating_add(3);
        self.resources()
            .map(|resource| resource.len().saturating_add(each))
            .sum()
    }

    /// The policy document.
    pub fn document(&self) -> IamPolicyDocument {
        let mut document = IamPolicyDocument::default();
        document.version = Some("2012-10-17".to_owned());
        let statements: [(_, Vec<&str>); 2] = [
            (IamPolicyEffect::Allow, self.allowed().collect()),
            (IamPolicyEffect::Deny, self.denied().collect()),
        ];
        for (effect, resources) in statements {
            if !resources.is_empty() {
                let mut statement = IamPolicyStatement::default();
                statement.action = vec!["execute-api:Invoke".to_owned()];
                // Set in every case: the default is Allow.
                statement.effect = effect;
                statement.resource = resources
                    .iter()
                    .map(|resource| [self.prefix.as_str(), resource].concat())
                    .collect();
                document.statement.push(statement);
            }
        }
        document
    }

    fn allowed(&self) -> impl Iterator<Item = &str> {
        self.allow.iter().map(String::as_str)
    }

    fn denied(&self) -> impl Iterator<Item = &str> {
        let deny = self.deny.iter().map(String::as_str);
        deny.chain(self.spellings.iter().copied())
    }

    fn resources(&self) -> impl Iterator<Item = &str> {
        self.allowed().chain(self.denied())
    }
}

fn add(resources: &mut Vec<String>, resource: &str) {
    if !resources.iter().any(|known| known == resource) {
        resources.push(resource.to_owned());
    }
}

/// Whether resources, below the stage, cover a request; one that is spelled in a way that an origin
/// could read differently counts as covered.
pub(crate) fn covers(resources: &[String], request: &str) -> bool {
    !is_plain(request.as_bytes())
        || resources
            .iter()
            .any(|resource| is_match(resource.as_bytes(), request.as_bytes()))
}

/// Whether a path has nothing in it that any of [`DETOURS`] and [`DISGUISES`] would match, as
/// almost all have.
fn is_plain(path: &[u8]) -> bool {
    let mut previous = 0;
    path.iter().all(|byte| {
        let pair = (previous, *byte);
        previous = *byte;
        !matches!(*byte, b'%' | b'\\' | b';') && !matches!(pair, (b'.' | b'/', b'.') | (b'/', b'/'))
    })
}

/// Whether any text matches both patterns.
#[cfg(feature = "cli")]
fn overlap(one: &[u8], other: &[u8]) -> bool {
    let cell = |row: &[bool], place: usize| row.get(place).copied().unwrap_or_default();
    // For each place in `other`, whether what follows it overlaps with what follows the place in
    // `one` that has been come to, from the right: patterns have too many ways to meet to try each.
    let mut row = vec![false; other.len().saturating_add(1)];
    for byte in (0..=one.len()).rev().map(|at| one.get(at)) {
        let below = row.clone();
        for place in (0..=other.len()).rev() {
            let next = place.saturating_add(1);
            let (down, right) = (cell(&below, place), cell(&row, next));
            let overlaps = match (byte, other.get(place)) {
                (None, None) => true,
                (Some(b'*'), None) => down,
                (None, Some(b'*')) => right,
                (Some(b'*'), Some(_)) | (Some(_), Some(b'*')) => down || right,
                (Some(first), Some(second)) => {
                    (first == second || *first == b'?' || *second == b'?') && cell(&below, next)
                }
                (None, Some(_)) | (Some(_), None) => false,
            };
            if let Some(cell) = row.get_mut(place) {
                *cell = overlaps;
            }
        }
    }
    row.first().copied().unwrap_or_default()
}

/// IAM's wildcards: `*` for any characters, `/` included, and `?` for one.
pub(crate) fn is_match(pattern: &[u8], text: &[u8]) -> bool {
    // Position after the last `*`, and how much of the text that `*` has taken.
    let mut star = None;
    let (mut at, mut read) = (0_usize, 0_usize);
    while let Some(byte) = text.get(read) {
        match pattern.get(at) {
            Some(b'*') => {
                at = at.saturating_add(1);
                star = Some((at, read));
            }
            Some(wanted) if wanted == byte || *wanted == b'?' => {
                at = at.saturating_add(1);
                read = read.saturating_add(1);
            }
            _ => {
                let Some((after, taken)) = star else {
                    return false;
                };
                at = after;
                read = taken.saturating_add(1);
                star = Some((after, read));
            }
        }
    }
    pattern.iter().skip(at).all(|rest| *rest == b'*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{DETOURS, DISGUISES, is_match, is_plain};

    #[cfg(feature = "cli")]
    #[test]
    fn patterns_that_overlap() {
        for (one, other, expected) in [
            ("", "", true),
            ("*", "", true),
            ("a", "", false),
            ("GET/rest/*", "GET/rest/api/*", true),
            ("GET/rest/*", "POST/rest/*", false),
            ("*/rest/auth*", "GET/*", true),
            ("GET/*/x", "GET/y*", true),
            ("GET/*/x", "GET/*y", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
        ] {
            assert_eq!(super::overlap(one.as_bytes(), other.as_bytes()), expected);
            assert_eq!(super::overlap(other.as_bytes(), one.as_bytes()), expected);
        }
    }

    #[test]
    fn wildcards() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("*", "a/b", true),
            ("a*", "a", true),
            ("*a", "ba", true),
            ("a*c", "abbc", true),
            ("a*c", "abbcd", false),
            ("a*b*c", "axbxbxc", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a?c", "abbc", false),
            ("*/x/*", "GET/jira/x/y", true),
            ("abc", "ABC", false),
            ("a**", "a", true),
            ("?", "", false),
        ] {
            assert_eq!(
                is_match(pattern.as_bytes(), text.as_bytes()),
                expected,
                "{pattern} {text}"
            );
        }
    }

    /// The definition, without thought for speed.
    fn slow(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), _) => {
                slow(rest, text)
                    || text
                        .split_first()
                        .is_some_and(|(_, text)| slow(pattern, text))
            }
            (Some((wanted, rest)), Some((byte, text))) => {
                (wanted == byte || *wanted == b'?') && slow(rest, text)
            }
            _ => false,
        }
    }

    proptest! {
        /// The short cut leaves nothing out.
        #[test]
        fn plain_paths_match_no_spelling(path in "[a/.%;25eE\\\\]{0,12}") {
            let spelled = DETOURS.iter().chain(&DISGUISES).any(|pattern| is_match(pattern.as_bytes(), path.as_bytes()));
            prop_assert!(!(spelled && is_plain(path.as_bytes())), "{}", path);
        }

        #[test]
        fn as_defined(pattern in "[ab?*/]{0,8}", text in "[ab/]{0,10}") {
            prop_assert_eq!(
                is_match(pattern.as_bytes(), text.as_bytes()),
                slow(pattern.as_bytes(), text.as_bytes())
            );
        }
    }
}
