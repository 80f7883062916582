//! The resource of an answer about one request: its own ARN.
//!
//! IAM has wildcards and variables, and no way here to write their characters as themselves. What
//! stands in their place reaches other paths too. Where API Gateway's cache is found by method and
//! path nobody asks for these with the same answer; should the function have been told so wrongly,
//! nothing may be reached that the rules refuse.

use super::compile::MAX_STATEMENTS;
use super::decide::Standing;
use super::denials::{denied_patterns, denied_resources};
use super::policy::{Spellings, document_of};
use super::{Asked, BasicGrant, CompiledPolicy, Grant, MAX_RESOURCE, Policy, Rules};
use crate::document::ProductKind;
use crate::route::{Method, Methods, Readings, RouteSet, Target, with_fewer_suffixes};

/// The most bytes of a resource that stand before the path in the product: stage, method and the
/// product's path.
const LONGEST_HEAD: usize = 256;

/// The most readings of a path of which any wildcard may stand for any character: as it is, and
/// decoded once and twice.
const FEW_READINGS: usize = 3;

/// What a request's own ARN is as a resource.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Resource {
    pub(super) text: String,
    /// It stands for other requests too.
    pub(super) is_wider: bool,
    /// Its end is cut off.
    pub(super) is_cut: bool,
}

impl Resource {
    /// Of a request below `arn:…/{stage}`.
    pub(super) fn of(stage_prefix: &str, below_stage: &str) -> Self {
        let mut text = format!("{stage_prefix}/");
        let mut is_wider = false;
        // `$connect` is API Gateway's own, and no variable.
        let is_path = below_stage.contains('/');
        // Most have none of these, which is seen in few steps.
        let wild = |any, byte| any | is_wild(char::from(byte));
        if !is_path || !below_stage.bytes().fold(false, wild) {
            text.push_str(below_stage);
        } else {
            let narrow = |character| if is_wild(character) { '?' } else { character };
            text.extend(below_stage.chars().map(narrow));
            is_wider = true;
        }
        let is_cut = text.len() > MAX_RESOURCE;
        if is_cut {
            let end = text.floor_char_boundary(MAX_RESOURCE.saturating_sub(1));
            text.truncate(end);
            text.push('*');
        }
        Self {
            text,
            is_wider: is_wider || is_cut,
            is_cut,
        }
    }
}

/// What IAM would take for something else: wildcards, and the beginning of a variable.
const fn is_wild(character: char) -> bool {
    matches!(character, '*' | '?' | '$')
}

/// The policy document about one request, as JSON.
pub fn document_of_request(stage_prefix: &str, below_stage: &str, allowed: bool) -> String {
    document_of(&Resource::of(stage_prefix, below_stage), allowed)
}

impl Rules {
    /// The policy document about a request that is allowed, which allows nothing that the rules
    /// refuse even where API Gateway should use it for other requests; `None` where there is none.
    pub fn document_of_allowed(
        &self,
        asked: Asked<'_>,
        grant: &Grant,
        stage_prefix: &str,
        below_stage: &str,
    ) -> Option<String> {
        let resource = Resource::of(stage_prefix, below_stage);
        let start = below_stage.find('/').unwrap_or(below_stage.len());
        let path = below_stage.get(start..)?;
        let neighbours = Neighbours {
            asked,
            grant,
            path: path.strip_prefix(self.path()).unwrap_or(path),
        };
        if !resource.is_wider || (!resource.is_cut && neighbours.are_allowed(self)) {
            return Some(document_of(&resource, true));
        }
        let arn = format!("{stage_prefix}/{below_stage}");
        let policies = neighbours.policies(self, &resource, stage_prefix)?;
        let mut fitting = policies
            .into_iter()
            .filter(|policy| policy.allows(&arn) && policy.size() <= MAX_STATEMENTS);
        let compiled = CompiledPolicy::new(fitting.next()?).ok()?;
        Some(compiled.document)
    }
}

/// The paths that the resource of a request reaches.
struct Neighbours<'n> {
    asked: Asked<'n>,
    grant: &'n Grant,
    /// The request's path in the product.
    path: &'n str,
}

impl Neighbours<'_> {
    /// Whether the rules allow them all: what is in doubt is not.
    fn are_allowed(&self, rules: &Rules) -> bool {
        self.heads().is_some_and(|(heads, tail)| {
            let meets = |patterns: &[(Methods, &str)]| self.meets(patterns, &heads, tail);
            let is_denied = |target: &Target| meets(&target.denied_patterns(rules.kind));
            // A wildcard in the first segment may be the `s` of `/s/…/_/`.
            let may_be_resource = heads.iter().any(|head| head == "/") && tail.contains(['_', '/']);
            // Each wildcard may add more readings, and too many are a refusal.
            let has_few_readings = self.asked.readings.iter().count() <= FEW_READINGS;
            keeps_to_its_segment(tail)
                && has_few_readings
                && !may_be_resource
                && !denials(rules, self.grant).any(is_denied)
                && self
                    .covering(rules, &heads)
                    .iter()
                    .any(|left_out| !meets(left_out))
        })
    }

    /// Policies that allow them, less all that is denied and all that can be spelled in two ways:
    /// one for each target that allows.
    fn policies(
        &self,
        rules: &Rules,
        resource: &Resource,
        stage_prefix: &str,
    ) -> Option<Vec<Policy>> {
        let (heads, _) = self.heads()?;
        let kind = rules.kind;
        if !denials(rules, self.grant).all(Target::is_spelled_once) {
            return None;
        }
        let denied: Vec<(Methods, &str)> = denials(rules, self.grant)
            .flat_map(|target| target.denied_patterns(kind))
            .collect();
        let reached = resource.text.strip_prefix(stage_prefix)?.get(1..)?;
        let (method, path) = reached.split_at_checked(reached.find('/')?)?;
        let path = path.strip_prefix(rules.path())?;
        // A pattern knows no `?`; what `*` stands for is more.
        let allowed = [(Methods::only(method)?, path.replace('?', "*"))];
        let of = |left_out: Vec<(Methods, &str)>| {
            let mut policy = Policy::new(stage_prefix);
            policy.allow(reached.to_owned());
            for (methods, pattern) in denied.iter().copied().chain(left_out) {
                for pattern in denied_patterns(methods, pattern) {
                    for end in denied_resources(&pattern, rules.path(), &allowed) {
                        policy.deny(end);
                    }
                }
            }
            policy.deny_spellings(Spellings::Any);
            policy.deny_resources_of(rules.path());
            policy
        };
        Some(self.covering(rules, &heads).into_iter().map(of).collect())
    }

    /// What stands before the first segment that a wildcard is in, in all readings, and the rest;
    /// `None` where there is no telling how it is read.
    fn heads(&self) -> Option<(Readings<'_>, &str)> {
        let wild = self.path.find(is_wild).unwrap_or(self.path.len());
        // What is cut off begins somewhere behind the stage, so within the last segment that is
        // kept, or behind it.
        let kept = self
            .path
            .floor_char_boundary(MAX_RESOURCE.saturating_sub(LONGEST_HEAD));
        let start = self.path.get(..wild.min(kept))?.rfind('/')?;
        let (head, tail) = self.path.split_at_checked(start.saturating_add(1))?;
        let heads = Readings::of("", head, []).ok()?;
        let is_resource = |head: &str| head.to_ascii_lowercase().starts_with("/s/");
        let are_plain = !heads.iter().any(is_resource);
        are_plain.then_some((heads, tail))
    }

    /// For each target that is allowed and takes all that begins with one of these, what it leaves
    /// out of that.
    fn covering<'r>(&self, rules: &'r Rules, heads: &Readings<'_>) -> Vec<Vec<(Methods, &'r str)>> {
        const READ: Target = Target::Set(RouteSet::Read);
        let kind = rules.kind;
        let method = self.asked.method;
        let covers = |target: &&Target| covers(&target.allowed_patterns(kind), method, heads);
        let only_reads = self.grant.read_only;
        if only_reads && !covers(&&READ) {
            return Vec::new();
        }
        let allowed: Vec<&Target> = match (self.grant.basic, &rules.list) {
            (Some(BasicGrant::OnSomePaths), _) => rules.basic.iter().filter(covers).collect(),
            (_, None) => return vec![left_out([only_reads.then_some(&READ), None], kind)],
            (_, Some(_)) => rules
                .by_standing(self.grant)
                .filter(|(_, _, standing)| *standing == Standing::Allows)
                .flat_map(|(_, rule, _)| &rule.targets)
                .filter(covers)
                .collect(),
        };
        let with_limit = |target| left_out([Some(target), only_reads.then_some(&READ)], kind);
        allowed.into_iter().map(with_limit).collect()
    }

    /// Whether one of them may be a path of one of the patterns, which is said too often rather than
    /// too seldom.
    fn meets(&self, patterns: &[(Methods, &str)], heads: &Readings<'_>, tail: &str) -> bool {
        patterns.iter().any(|(methods, pattern)| {
            let begin = literal_head(pattern).to_ascii_lowercase();
            let begins = heads.iter().any(|head| {
                let head = head.to_ascii_lowercase();
                head.starts_with(&begin) || begin.starts_with(&head)
            });
            methods.contain(self.asked.method) && begins && may_end(tail, literal_tail(pattern))
        })
    }
}

/// What is denied to a caller.
fn denials<'r>(rules: &'r Rules, grant: &'r Grant) -> impl Iterator<Item = &'r Target> {
    rules
        .by_standing(grant)
        .filter(|(_, _, standing)| matches!(standing, Standing::Denies(_)))
        .flat_map(|(_, rule, _)| &rule.denied)
}

/// What targets leave out of their patterns.
fn left_out<'r>(
    targets: [Option<&Target>; 2],
    kind: Option<ProductKind>,
) -> Vec<(Methods, &'r str)> {
    let targets = targets.into_iter().flatten();
    targets.flat_map(|one| one.left_out(kind)).collect()
}

/// Whether what a wildcard stands for changes nothing but its own segment and what follows: no escape
/// and no dot segment can come of it, nor of what follows.
fn keeps_to_its_segment(tail: &str) -> bool {
    let is_dots = |text: &str| matches!(text, "." | "..");
    let could_be_dots = |segment: &str| {
        let mut pieces = segment.split(is_wild);
        // Two dots need two wildcards, and what ends the segment another.
        pieces.clone().count() > 3
            || pieces.any(is_dots)
            || (segment.len() > 1 && segment.chars().all(is_wild))
    };
    let could_be_digit = |one: &char| is_wild(*one) || one.is_ascii_hexdigit();
    let characters: Vec<char> = tail.to_ascii_lowercase().chars().collect();
    let could_be_escape = |three: &[char]| match three {
        [first, rest @ ..] => {
            let is_escape = (is_wild(*first) || *first == '%') && rest.iter().all(could_be_digit);
            is_escape
                && (three.iter().any(|one| is_wild(*one))
                    || rest == ['2', 'e']
                    || rest == ['2', '5'])
        }
        [] => false,
    };
    // What is a segment is not known where slashes are encoded.
    let has_dots_and_escapes = tail.contains('%') && tail.contains("..");
    let mut segments = tail.split(['/', '\\', ';']);
    !(has_dots_and_escapes
        || characters.windows(3).any(could_be_escape)
        || segments.any(could_be_dots))
}

/// Whether a path whose last segments are these may be read so that it ends so: what stands for a
/// wildcard may be a `;`, which cuts all up to the next slash.
fn may_end(tail: &str, end: &str) -> bool {
    if tail.contains(['%', ';', '\\']) {
        return true;
    }
    let (tail, end) = (tail.to_ascii_lowercase(), end.to_ascii_lowercase());
    let is_dropped = |text: &str| ["/", ".json", ".xml"].iter().any(|one| one.ends_with(text));
    let may = |text: &str| {
        with_fewer_suffixes(text)
            .any(|text| text.ends_with(&end) || end.ends_with(text) || is_dropped(text))
    };
    let pieces: Vec<&str> = tail.split(is_wild).collect();
    for (place, piece) in pieces.into_iter().enumerate().rev() {
        if place == 0 {
            return may(piece);
        }
        match piece.find('/').and_then(|slash| piece.get(slash..)) {
            Some(kept) => return may(kept),
            None if may(piece) => return true,
            None => {}
        }
    }
    true
}

/// Whether a pattern that ends with its only `*` takes all that begins with a head.
fn covers(patterns: &[(Methods, &str)], method: Method, heads: &Readings<'_>) -> bool {
    patterns.iter().any(|(methods, pattern)| {
        let begin = literal_head(pattern);
        pattern.len() == begin.len().saturating_add(1)
            && pattern.ends_with('*')
            && methods.contain(method)
            && heads.iter().all(|head| head.starts_with(begin))
    })
}

/// What stands before the first wildcard of a pattern.
fn literal_head(pattern: &str) -> &str {
    pattern.split(['*', '{']).next().unwrap_or_default()
}

/// What stands after its last.
fn literal_tail(pattern: &str) -> &str {
    pattern.rsplit(['*', '}']).next().unwrap_or_default()
}
