//! One access rule.

use super::routes::{Route, expand};
use crate::document::problem::Report;
use crate::document::{ProductKind, RuleDocument};
use crate::identity::Identity;

/// One rule: routes that it allows or denies, and whom it applies to.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Whether it allows or denies.
    pub effect: Effect,
    /// The routes as the settings have them.
    pub texts: Vec<String>,
    /// Resources below the stage, as IAM matches them.
    pub resources: Vec<String>,
    /// The caller needs one of these, if there are any.
    pub scopes: Vec<String>,
    /// The caller needs to be in one of these, if there are any.
    pub groups: Vec<String>,
}

/// What a rule does with its routes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Effect {
    /// It allows them.
    Allow,
    /// It denies them, whatever other rules allow.
    Deny,
}

impl Rule {
    /// Whether it applies to every caller.
    pub fn is_unconditional(&self) -> bool {
        self.scopes.is_empty() && self.groups.is_empty()
    }

    /// Whether it applies to this caller.
    pub fn applies_to(&self, identity: &Identity) -> bool {
        let any = |wanted: &[String], held: &[String]| {
            wanted.is_empty() || wanted.iter().any(|one| held.contains(one))
        };
        any(&self.scopes, &identity.scopes) && any(&self.groups, &identity.groups)
    }

    pub(super) fn resolve(
        index: usize,
        raw: RuleDocument,
        product: &str,
        kind: Option<ProductKind>,
        report: &mut Report<'_>,
    ) -> Option<Self> {
        let (effect, field, texts) = match (raw.allow, raw.deny) {
            (Some(texts), None) => (Effect::Allow, format!("access[{index}].allow"), texts),
            (None, Some(texts)) => (Effect::Deny, format!("access[{index}].deny"), texts),
            _ => {
                report.wrong(
                    &format!("access[{index}]"),
                    "expected one of `allow` and `deny`",
                );
                return None;
            }
        };
        let mut resources = Vec::new();
        for text in &texts {
            match expand(text, kind, effect) {
                Ok(routes) => {
                    if !product.is_empty() && routes.iter().any(Route::is_connect) {
                        report.wrong(
                            &field,
                            "`$connect` has no path; expected it in a product whose path is `/`",
                        );
                    }
                    resources.extend(routes.iter().flat_map(|route| route.resources(product)));
                }
                Err(expected) => report.wrong(&field, expected),
            }
        }
        Some(Self {
            effect,
            texts,
            resources,
            scopes: raw.scopes.unwrap_or_default(),
            groups: raw.groups.unwrap_or_default(),
        })
    }
}
