//! Rules that change nothing.

use atlassian_authorizer::access::{Effect, Rule, Rules};
use atlassian_authorizer::wildcard::is_match;

/// The rules that change nothing, by their places, and why.
pub(super) fn redundant_rules(rules: &Rules) -> Vec<(usize, &'static str)> {
    let rules = rules.rules().unwrap_or_default();
    let mut redundant = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let denied = |other: &Rule| {
            rule.effect == Effect::Allow
                && other.effect == Effect::Deny
                && other.is_unconditional()
                && covers(other, rule)
        };
        let repeated = |(place, other): (usize, &Rule)| {
            let weaker = other.is_unconditional() || have_same_conditions(other, rule);
            // Of two that say the same, the later is the one too many.
            let same = covers(rule, other) && have_same_conditions(rule, other);
            place != index
                && other.effect == rule.effect
                && weaker
                && covers(other, rule)
                && (place < index || !same)
        };
        if rules.iter().any(denied) {
            redundant.push((index, "never allows anything: a deny covers all its routes"));
        } else if rules.iter().enumerate().any(repeated) {
            redundant.push((index, "adds nothing to another rule"));
        }
    }
    redundant
}

/// Whether all that the other rule takes is taken by this one. A `*` of the other is matched as the
/// character: only a `*` takes it, which would take anything in its place.
fn covers(rule: &Rule, other: &Rule) -> bool {
    other.resources.iter().all(|taken| {
        let takes = |pattern: &String| is_match(pattern.as_bytes(), taken.as_bytes());
        rule.resources.iter().any(takes)
    })
}

fn have_same_conditions(one: &Rule, other: &Rule) -> bool {
    one.scopes == other.scopes && one.groups == other.groups
}
