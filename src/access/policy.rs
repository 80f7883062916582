//! IAM statements, and how API Gateway will match a request against them.

use aws_lambda_events::iam::{IamPolicyDocument, IamPolicyEffect, IamPolicyStatement};

use crate::wildcard::{is_match, overlap};

/// Ways out of an allowed path: dot segments and backslashes, as they are, percent-encoded, or
/// encoded twice. An origin may resolve them after API Gateway has matched the path.
const TRAVERSAL_PATTERNS: [&str; 7] = ["*..*", "*\\*", "*%2e*", "*%2E*", "*%5c*", "*%5C*", "*%25*"];

/// Ways to spell a denied path so that a Deny doesn't match it: empty and single-dot segments,
/// path parameters, and percent-encoded letters, digits, slashes and other unreserved characters.
/// Whether API Gateway decodes a path before it matches it is not documented. The patterns also
/// catch a few encoded signs, such as `%40` for `@`.
const ENCODING_PATTERNS: [&str; 13] = [
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
    /// Denied too: [`TRAVERSAL_PATTERNS`] and [`ENCODING_PATTERNS`].
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

    pub(super) fn deny_traversal(&mut self) {
        self.spellings.extend(TRAVERSAL_PATTERNS);
    }

    pub(super) fn deny_encoded(&mut self) {
        self.spellings.extend(ENCODING_PATTERNS);
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
    pub fn denies_spelling(&self, rest: &str) -> bool {
        let mut spellings = self.spellings.iter();
        spellings.any(|spelling| is_match(spelling.as_bytes(), rest.as_bytes()))
    }

    /// Whether the policy lets any request through that a resource, below the stage, matches, by
    /// something else than what it allows of the `others`. Where denies cover it in parts it may
    /// say yes for no request at all.
    pub fn allows_some_of(&self, resource: &str, others: &[String]) -> bool {
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
pub fn covers(resources: &[String], request: &str) -> bool {
    !is_plain(request.as_bytes())
        || resources
            .iter()
            .any(|resource| is_match(resource.as_bytes(), request.as_bytes()))
}

/// Whether a path has nothing in it that any of [`TRAVERSAL_PATTERNS`] and [`ENCODING_PATTERNS`] would match, as
/// almost all have.
fn is_plain(path: &[u8]) -> bool {
    let mut previous = 0;
    path.iter().all(|byte| {
        let pair = (previous, *byte);
        previous = *byte;
        !matches!(*byte, b'%' | b'\\' | b';') && !matches!(pair, (b'.' | b'/', b'.') | (b'/', b'/'))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{ENCODING_PATTERNS, TRAVERSAL_PATTERNS, is_plain};
    use crate::wildcard::is_match;

    proptest! {
        /// The short cut leaves nothing out.
        #[test]
        fn plain_paths_match_no_spelling(path in "[a/.%;25eE\\\\]{0,12}") {
            let spelled = TRAVERSAL_PATTERNS.iter().chain(&ENCODING_PATTERNS).any(|pattern| is_match(pattern.as_bytes(), path.as_bytes()));
            prop_assert!(!(spelled && is_plain(path.as_bytes())), "{}", path);
        }
    }
}
