//! IAM statements, and how API Gateway will match a request against them.

use aws_lambda_events::iam::{IamPolicyDocument, IamPolicyEffect, IamPolicyStatement};

use super::exact::Resource;
use crate::json::push_text;
use crate::wildcard::is_match;

/// Ways out of an allowed path: dot segments and backslashes, as they are, percent-encoded, or
/// encoded twice. An origin may resolve them after API Gateway has matched the path. And what is no
/// text: control characters, and bytes that need not be UTF-8.
const OUTWARD: [&str; 21] = [
    "*..*", "*\\*", "*%2e*", "*%2E*", "*%25*", "*%0*", "*%1*", "*%8*", "*%9*", "*%a*", "*%A*",
    "*%b*", "*%B*", "*%c*", "*%C*", "*%d*", "*%D*", "*%e*", "*%E*", "*%f*", "*%F*",
];

/// The rest of these, where [`ENCODED`] does not hold it.
const OUTWARD_ALONE: [&str; 4] = ["*%5c*", "*%5C*", "*%7f*", "*%7F*"];

/// Ways to spell a denied path so that a Deny doesn't match it: empty and single-dot segments,
/// path parameters, and percent-encoded letters, digits, slashes and other unreserved characters.
/// Whether API Gateway decodes a path before it matches it is not documented. The patterns also
/// catch a few encoded signs, such as `%40` for `@`.
const ENCODED: [&str; 13] = [
    "*//*", "*/./*", "*/.", "*;*", "*%2d*", "*%2D*", "*%2f*", "*%2F*", "*%3*", "*%4*", "*%5*",
    "*%6*", "*%7*",
];

/// Which spellings a policy denies, whatever it allows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Spellings {
    /// None.
    None,
    /// Those that lead out of what is allowed.
    Outward,
    /// Also those that could be another path within.
    Any,
}

impl Spellings {
    fn patterns(self) -> impl Iterator<Item = &'static str> {
        let (outward, encoded): (&[_], &[_]) = match self {
            Self::None => (&[], &[]),
            Self::Outward => (&OUTWARD, &OUTWARD_ALONE),
            Self::Any => (&OUTWARD, &ENCODED),
        };
        outward.iter().chain(encoded).copied()
    }
}

/// What a caller may and may not do in one stage of one API.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    /// `arn:…:{api}/{stage}/`, which what is allowed begins with.
    prefix: String,
    /// `arn:{partition}:execute-api:*:*:*`, which what is denied begins with: what a caller may not
    /// do here, they may do nowhere.
    denied_prefix: String,
    /// Resources without the prefix.
    allow: Vec<String>,
    /// Ends of resources.
    deny: Vec<String>,
    spellings: Spellings,
}

impl Policy {
    pub(super) fn new(stage_prefix: &str) -> Self {
        let partition = stage_prefix.split(':').nth(1).unwrap_or("aws");
        Self {
            prefix: format!("{stage_prefix}/"),
            denied_prefix: format!("arn:{partition}:execute-api:*:*:*"),
            allow: Vec::new(),
            deny: Vec::new(),
            spellings: Spellings::None,
        }
    }

    /// The policy that allows nothing in a stage.
    pub fn nothing(stage_prefix: &str) -> Self {
        Self::new(stage_prefix).or_nothing()
    }

    /// The policy that allows everything in a stage.
    pub fn everything(stage_prefix: &str) -> Self {
        let mut policy = Self::new(stage_prefix);
        policy.allow("*".to_owned());
        policy
    }

    pub(super) fn allow(&mut self, resource: String) {
        add(&mut self.allow, resource);
    }

    /// Denies the ARNs that end so; `/` stands between stage and method.
    pub(super) fn deny(&mut self, end: String) {
        add(&mut self.deny, end);
    }

    /// Denies what lies below `/s/` in a product and is forwarded to another path.
    pub(super) fn deny_resources_of(&mut self, product: &str) {
        for letter in ['s', 'S'] {
            self.deny(format!("{product}/{letter}/*_/*"));
        }
    }

    pub(super) fn deny_spellings(&mut self, spellings: Spellings) {
        self.spellings = spellings;
    }

    /// IAM takes no empty policy: without any Allow, everything is denied.
    pub(super) fn or_nothing(mut self) -> Self {
        if self.allow.is_empty() {
            self.deny = vec!["*".to_owned()];
            self.denied_prefix.clone_from(&self.prefix);
            self.spellings = Spellings::None;
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
        let Some(rest) = arn.strip_prefix(&self.prefix) else {
            return false;
        };
        let is_allowed = |resource: &String| is_match(resource.as_bytes(), rest.as_bytes());
        let is_denied = |end: &str| {
            let denied = [self.denied_prefix.as_str(), end].concat();
            is_match(denied.as_bytes(), arn.as_bytes())
        };
        self.allow.iter().any(is_allowed)
            && !self.deny.iter().any(|end| is_denied(end))
            && (is_plain(rest.as_bytes()) || !self.spellings.patterns().any(is_denied))
    }

    /// The length of the longest resource, in characters.
    pub fn longest_resource(&self) -> usize {
        self.resources()
            .map(|one| one.len())
            .max()
            .unwrap_or_default()
    }

    /// Roughly how many bytes the resources take in the answer.
    pub fn size(&self) -> usize {
        // Two quotes and a comma each.
        self.resources()
            .map(|resource| resource.len().saturating_add(3))
            .sum()
    }

    /// The policy document.
    pub fn document(&self) -> IamPolicyDocument {
        let mut document = IamPolicyDocument::default();
        document.version = Some("2012-10-17".to_owned());
        let statements: [(_, Vec<String>); 2] = [
            (IamPolicyEffect::Allow, self.allowed().collect()),
            (IamPolicyEffect::Deny, self.denied().collect()),
        ];
        for (effect, resources) in statements {
            if !resources.is_empty() {
                let mut statement = IamPolicyStatement::default();
                statement.action = vec!["execute-api:Invoke".to_owned()];
                // Set in every case: the default is Allow.
                statement.effect = effect;
                statement.resource = resources;
                document.statement.push(statement);
            }
        }
        document
    }

    fn allowed(&self) -> impl Iterator<Item = String> {
        let allow = self.allow.iter();
        allow.map(|resource| [self.prefix.as_str(), resource].concat())
    }

    fn denied(&self) -> impl Iterator<Item = String> {
        let with_prefix = |end: &str| [self.denied_prefix.as_str(), end].concat();
        let spellings = self.spellings.patterns().map(with_prefix);
        self.deny
            .iter()
            .map(move |end| with_prefix(end))
            .chain(spellings)
    }

    fn resources(&self) -> impl Iterator<Item = String> {
        self.allowed().chain(self.denied())
    }
}

fn add(resources: &mut Vec<String>, resource: String) {
    if !resources.contains(&resource) {
        resources.push(resource);
    }
}

/// The policy document about one resource, as JSON: what [`Policy::document`] would be, without its
/// detours, for the sake of every request.
pub(super) fn document_of(resource: &Resource, allowed: bool) -> String {
    let mut document = String::with_capacity(resource.text.len().saturating_add(128));
    document.push_str(
        r#"{"Version":"2012-10-17","Statement":[{"Action":["execute-api:Invoke"],"Effect":"#,
    );
    document.push_str(if allowed { r#""Allow""# } else { r#""Deny""# });
    document.push_str(r#","Resource":["#);
    push_text(&mut document, &resource.text);
    document.push_str("]}]}");
    document
}

/// Whether a path has nothing in it that any spelling's pattern would match, as almost all have.
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

    use super::{Resource, Spellings, document_of, is_plain};
    use crate::wildcard::is_match;

    proptest! {
        /// The short cut leaves nothing out.
        #[test]
        fn plain_paths_match_no_spelling(path in "[a/.%;25eE\\\\]{0,12}") {
            let spelled = Spellings::Any.patterns().any(|pattern| is_match(pattern.as_bytes(), path.as_bytes()));
            prop_assert!(!(spelled && is_plain(path.as_bytes())), "{}", path);
        }

        /// It says what it must.
        #[test]
        fn a_document_about_one_resource(text in "\\PC{0,20}[\"\\\\\u{1}]?") {
            let resource = Resource { text: text.clone(), is_wider: false, is_cut: false };
            let document: serde_json::Value = serde_json::from_str(&document_of(&resource, true)).unwrap();
            prop_assert_eq!(document, serde_json::json!({
                "Version": "2012-10-17",
                "Statement": [{"Action": ["execute-api:Invoke"], "Effect": "Allow", "Resource": [text]}],
            }));
        }
    }
}
