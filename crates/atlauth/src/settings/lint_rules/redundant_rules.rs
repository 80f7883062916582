//! Rules that change nothing.

use super::policy::is_match;
use super::{Effect, Product, Rule};

impl Product {
    /// The rules that change nothing, by their places, and why.
    pub(crate) fn idle_rules(&self) -> Vec<(usize, &'static str)> {
        let rules: Vec<&Rule> = self.rules.iter().flatten().collect();
        let mut idle = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            let denied = |other: &Rule| {
                rule.effect == Effect::Allow
                    && other.effect == Effect::Deny
                    && other.is_unconditional()
                    && other.covers(rule)
            };
            let repeated = |(place, other): (usize, &&Rule)| {
                let weaker = other.is_unconditional() || other.has_conditions_of(rule);
                // Of two that say the same, the later is the one too many.
                let same = rule.covers(other) && rule.has_conditions_of(other);
                place != index
                    && other.effect == rule.effect
                    && weaker
                    && other.covers(rule)
                    && (place < index || !same)
            };
            if rules.iter().any(|other| denied(other)) {
                idle.push((index, "never allows anything: a deny covers all its routes"));
            } else if rules.iter().enumerate().any(repeated) {
                idle.push((index, "adds nothing to another rule"));
            }
        }
        idle
    }
}

impl Rule {
    /// Whether all that another rule takes is taken by this one. A `*` of the other is matched as the
    /// character: only a `*` takes it, which would take anything in its place.
    fn covers(&self, other: &Self) -> bool {
        other.resources.iter().all(|taken| {
            let takes = |pattern: &String| is_match(pattern.as_bytes(), taken.as_bytes());
            self.resources.iter().any(takes)
        })
    }

    fn has_conditions_of(&self, other: &Self) -> bool {
        self.scopes == other.scopes && self.groups == other.groups
    }
}
