//! Rules that change nothing.

use atlassian_authorizer::access::{Effect, Rule, Rules};
use atlassian_authorizer::document::ProductKind;
use atlassian_authorizer::route::{Method, Target, Written};
use atlassian_authorizer::wildcard::is_match;

/// The rules that change nothing, by their places, and why.
pub(super) fn redundant_rules(rules: &Rules) -> Vec<(usize, &'static str)> {
    let kind = rules.kind();
    let rules = rules.rules().unwrap_or_default();
    let mut redundant = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let denied = |other: &Rule| {
            rule.effect == Effect::Allow
                && other.effect == Effect::Deny
                && other.conditions.are_none()
                && covers(kind, &other.denied, &rule.targets)
        };
        let repeated = |(place, other): (usize, &Rule)| {
            let is_same = other.conditions == rule.conditions;
            let takes = |one: &Rule, other: &Rule| {
                covers(kind, &one.targets, &other.targets)
                    && covers(kind, &one.denied, &other.denied)
            };
            // Of two that say the same, the later is the one too many.
            let is_mutual = takes(rule, other) && is_same;
            place != index
                && other.effect == rule.effect
                // Whom `only` is for, its denial is not: a wider one says something else.
                && (is_same || (other.conditions.are_none() && rule.effect != Effect::Only))
                && takes(other, rule)
                && (place < index || !is_mutual)
        };
        if rules.iter().any(denied) {
            redundant.push((index, "never allows anything: a deny covers all its routes"));
        } else if rules.iter().enumerate().any(repeated) {
            redundant.push((index, "adds nothing to another rule"));
        }
    }
    redundant
}

/// Whether one of these covers each of the others.
fn covers(kind: Option<ProductKind>, targets: &[Target], others: &[Target]) -> bool {
    others
        .iter()
        .all(|other| targets.iter().any(|target| takes(kind, target, other)))
}

/// Whether this one covers all of the other. A `*` of the other is matched as the character: only a
/// `*` matches it, which would match anything in its place.
fn takes(kind: Option<ProductKind>, target: &Target, other: &Target) -> bool {
    match (target, other) {
        (Target::Route(one), Target::Route(other)) => {
            one.methods.cover(other.methods) && takes_path(one, other)
        }
        (Target::Set(one), Target::Set(other)) => one == other,
        (Target::Route(one), Target::Set(_)) => {
            one.path == "/*" && one.methods.names().count() == ALL_METHODS
        }
        (Target::Set(_), Target::Route(other)) => {
            let mut methods = other.methods.names().map(Method::of);
            other.is_exact() && methods.all(|method| target.is_allowed(kind, method, &other.path))
        }
    }
}

/// How many methods API Gateway knows.
const ALL_METHODS: usize = 7;

fn takes_path(one: &Written, other: &Written) -> bool {
    is_match(one.path.as_bytes(), other.path.as_bytes())
}
