//! The resource of an answer about one request: its own ARN.
//!
//! IAM has wildcards and variables, and no way here to write their characters as themselves. What
//! stands in their place reaches other paths too. Where API Gateway's cache is found by method and
//! path nobody asks for these with the same answer; should the function have been told so wrongly,
//! nothing may be reached that the rules refuse.

use serde_json::value::RawValue;

use super::compile::MAX_STATEMENTS;
use super::decide::Standing;
use super::denials::{denied_patterns, denied_resources};
use super::policy::{Spellings, document_of};
use super::{Asked, BasicGrant, CompiledPolicy, Grant, MAX_RESOURCE, Policy, Rules};
use crate::error::Fault;
use crate::route::{Method, Methods, Readings, RouteSet, Target, without_suffixes};

/// The most bytes of a resource that stand before the path in the product: stage, method and the
/// product's path.
const LONGEST_HEAD: usize = 256;

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
        for character in below_stage.chars() {
            let is_special = is_path && is_wild(character);
            is_wider |= is_special;
            text.push(if is_special { '?' } else { character });
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
///
/// # Errors
///
/// [`Fault::AnswerTooLarge`], should it be no JSON.
pub fn document_of_request(
    stage_prefix: &str,
    below_stage: &str,
    allowed: bool,
) -> Result<Box<RawValue>, Fault> {
    let resource = Resource::of(stage_prefix, below_stage);
    RawValue::from_string(document_of(&resource, allowed)).map_err(|_| Fault::AnswerTooLarge)
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
    ) -> Option<Box<RawValue>> {
        let resource = Resource::of(stage_prefix, below_stage);
        let start = below_stage.find('/').unwrap_or(below_stage.len());
        let path = below_stage.get(start..)?;
        let neighbours = Neighbours {
            asked,
            grant,
            path: path.strip_prefix(self.path()).unwrap_or(path),
        };
        if !resource.is_wider || (!resource.is_cut && neighbours.are_allowed(self)) {
            return RawValue::from_string(document_of(&resource, true)).ok();
        }
        let policy = neighbours.policy(self, &resource, stage_prefix)?;
        let arn = format!("{stage_prefix}/{below_stage}");
        let fits = policy.allows(&arn) && policy.size() <= MAX_STATEMENTS;
        let compiled = fits.then(|| CompiledPolicy::new(policy).ok())??;
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
            let kind = rules.kind;
            let is_denied =
                |target: &Target| self.meets(&target.denied_patterns(kind), &heads, tail);
            let admin = Target::Set(RouteSet::Admin);
            keeps_to_its_segment(tail)
                // A wildcard in the first segment may be the `s` of `/s/…/_/`.
                && !(tail.len().saturating_add(1) == self.path.len() && tail.contains(['_', '/']))
                && self.are_covered(rules, &heads)
                && !(self.without_admin(rules) && is_denied(&admin))
                && !denials(rules, self.grant).any(is_denied)
        })
    }

    /// A policy that allows them, less all that is denied and all that can be spelled in two ways.
    fn policy(&self, rules: &Rules, resource: &Resource, stage_prefix: &str) -> Option<Policy> {
        let (heads, _) = self.heads()?;
        if !self.are_covered(rules, &heads) {
            return None;
        }
        let kind = rules.kind;
        let mut denied: Vec<(Methods, &str)> = denials(rules, self.grant)
            .flat_map(|target| target.denied_patterns(kind))
            .collect();
        let admin = Target::Set(RouteSet::Admin);
        if self.without_admin(rules) {
            denied.extend(admin.denied_patterns(kind));
        }
        let reached = resource.text.strip_prefix(stage_prefix)?.get(1..)?;
        let (method, path) = reached.split_at_checked(reached.find('/')?)?;
        let path = path.strip_prefix(rules.path())?;
        let allowed = [(Methods::only(method)?, path.to_owned())];
        let mut policy = Policy::new(stage_prefix);
        policy.allow(reached.to_owned());
        for (methods, pattern) in denied {
            for pattern in denied_patterns(methods, pattern) {
                for end in denied_resources(&pattern, rules.path(), &allowed) {
                    policy.deny(end);
                }
            }
        }
        policy.deny_spellings(Spellings::Any);
        Some(policy)
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

    /// Whether something that is allowed takes all that begins with one of these.
    fn are_covered(&self, rules: &Rules, heads: &Readings<'_>) -> bool {
        let kind = rules.kind;
        let method = self.asked.method;
        let covers = |target: &Target| covers(&target.allowed_patterns(kind), method, heads);
        let reads = !self.grant.read_only || covers(&Target::Set(RouteSet::Read));
        let allowed = match (self.grant.basic, &rules.list) {
            (Some(BasicGrant::OnSomePaths), _) => rules.basic.iter().any(covers),
            (_, None) => true,
            (_, Some(_)) => rules
                .by_standing(self.grant)
                .filter(|(_, _, standing)| *standing == Standing::Allows)
                .any(|(_, rule, _)| rule.targets.iter().any(covers)),
        };
        reads && allowed
    }

    /// Whether administration may be left out of what is allowed.
    fn without_admin(&self, rules: &Rules) -> bool {
        self.grant.read_only
            || rules
                .by_standing(self.grant)
                .any(|(_, rule, _)| rule.targets.iter().any(Target::leaves_out_admin))
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

/// Whether what a wildcard stands for changes nothing but its own segment and what follows: no dot
/// segment can come of it, nor of what follows.
fn keeps_to_its_segment(tail: &str) -> bool {
    let lower = tail.to_ascii_lowercase();
    let is_dots = |text: &str| matches!(text, "." | "..");
    let could_be_dots = |segment: &str| {
        let mut pieces = segment.split(is_wild);
        pieces.clone().any(is_dots) || (segment.len() > 1 && pieces.all(str::is_empty))
    };
    let could_be_escape = lower
        .char_indices()
        .filter(|(_, one)| is_wild(*one))
        .any(|(at, _)| {
            let before = lower.get(at.saturating_sub(2)..at).unwrap_or("%");
            let after = lower.get(at.saturating_add(1)..).unwrap_or_default();
            before.contains('%') || after.starts_with("2e") || after.starts_with("25")
        });
    !could_be_escape
        && !lower.contains("%2e")
        && !lower.contains("%25")
        && !lower.split(['/', '\\', ';']).any(could_be_dots)
}

/// Whether a path whose last segments are these may end so: what stands for a wildcard may be a `;`
/// that cuts the rest.
fn may_end(tail: &str, end: &str) -> bool {
    if tail.contains(['%', ';', '\\']) || end.is_empty() {
        return true;
    }
    let end = end.to_ascii_lowercase();
    let may = |text: &str| {
        let text = text.to_ascii_lowercase();
        let bare = without_suffixes(&text);
        [text.as_str(), bare]
            .iter()
            .any(|text| text.ends_with(&end) || end.ends_with(text))
    };
    let mut pieces = tail.rsplit(is_wild);
    let last = pieces.next().unwrap_or_default();
    may(last) || (!last.contains('/') && pieces.any(may))
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
