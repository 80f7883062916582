//! Whether anybody may use a route, whoever it is.

use super::{Conditions, Effect, Rule, Rules};
use crate::route::{Method, RouteSet, Target};
use crate::wildcard;

impl Rules {
    /// Whether some caller may use a route by this target of this rule of theirs: one whom no other rule
    /// denies it.
    pub fn allow_someone(&self, rule: &Rule, target: &Target, method: Method, path: &str) -> bool {
        let kind = self.kind;
        let is_denied = |one: &Rule| {
            let mut denied = one.denied.iter();
            denied.any(|target| target.is_denied(kind, method, path))
        };
        target.is_allowed(kind, method, path)
            && !self
                .list
                .iter()
                .flatten()
                .any(|other| other.denies_all_of(&rule.conditions) && is_denied(other))
    }

    /// Whether all administration is denied to those whom a rule is for.
    pub fn deny_admin_to_all_of(&self, rule: &Rule) -> bool {
        let is_admin = |target: &Target| *target == Target::Set(RouteSet::Admin);
        self.list
            .iter()
            .flatten()
            .any(|other| other.denied.iter().any(is_admin) && other.denies_all_of(&rule.conditions))
    }
}

impl Rule {
    /// Whether everyone who meets some conditions is denied what this denies.
    fn denies_all_of(&self, conditions: &Conditions) -> bool {
        match self.effect {
            Effect::Allow => false,
            Effect::Deny => self.conditions.follow_from(conditions),
            Effect::Only => self.conditions.exclude(conditions),
        }
    }
}

impl Conditions {
    /// Whether everyone who meets the others meets these.
    fn follow_from(&self, others: &Self) -> bool {
        // Whoever has one of the others' entries must have one of ours by that.
        fn follows<T>(ours: &[T], theirs: &[T], holds: impl Fn(&T, &T) -> bool) -> bool {
            ours.is_empty()
                || (!theirs.is_empty()
                    && theirs
                        .iter()
                        .all(|one| ours.iter().any(|other| holds(other, one))))
        }
        let is_same = |one: &String, other: &String| one == other;
        let covers =
            |one: &String, other: &String| wildcard::covers(one.as_bytes(), other.as_bytes());
        follows(&self.scopes, &others.scopes, is_same)
            && follows(&self.groups, &others.groups, is_same)
            && follows(&self.providers, &others.providers, is_same)
            && follows(&self.users, &others.users, covers)
            && follows(&self.networks, &others.networks, |one, other| {
                one.contains(other)
            })
    }

    /// Whether nobody can meet both: a caller comes by one provider.
    fn exclude(&self, others: &Self) -> bool {
        let (ours, theirs) = (&self.providers, &others.providers);
        !ours.is_empty() && !theirs.is_empty() && !ours.iter().any(|one| theirs.contains(one))
    }
}
