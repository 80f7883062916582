//! One access rule.

use super::Conditions;
use crate::document::problem::Report;
use crate::document::{ProductKind, RuleDocument};
use crate::route::{Methods, Target};

/// One rule: routes that it allows or denies, and whom it applies to.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What it does with its routes.
    pub effect: Effect,
    /// The routes as the settings have them.
    pub texts: Vec<String>,
    /// What each of them stands for.
    pub targets: Vec<Target>,
    /// The same as a denial reads them, for what denies.
    pub denied: Vec<Target>,
    /// Whom it is for.
    pub conditions: Conditions,
}

/// What a rule does with its routes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Effect {
    /// It allows them to those whom it is for.
    Allow,
    /// It denies them to those whom it is for, whatever other rules allow.
    Deny,
    /// It allows them to those whom it is for, and denies them to all others.
    Only,
}

impl Effect {
    /// Its name in the settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Only => "only",
        }
    }
}

impl Rule {
    pub(super) fn resolve(
        index: usize,
        mut raw: RuleDocument,
        product: &str,
        kind: Option<ProductKind>,
        report: &mut Report<'_>,
    ) -> Option<Self> {
        let field = format!("access[{index}]");
        let (effect, texts) = match (raw.allow.take(), raw.deny.take(), raw.only.take()) {
            (Some(texts), None, None) => (Effect::Allow, texts),
            (None, Some(texts), None) => (Effect::Deny, texts),
            (None, None, Some(texts)) => (Effect::Only, texts),
            _ => {
                report.wrong(&field, "expected one of `allow`, `deny` and `only`");
                return None;
            }
        };
        let conditions = Conditions::resolve(&mut raw, &field, report);
        if effect == Effect::Only && conditions.are_none() {
            report.wrong(
                &field,
                "expected conditions such as `groups`: without any, `only` denies nobody; use `allow` for that",
            );
        }
        let field = format!("{field}.{}", effect.as_str());
        let read = |denied: bool, report: &mut Report<'_>| {
            let mut targets = Vec::new();
            for text in &texts {
                let target = if denied {
                    Target::denied(text, kind)
                } else {
                    Target::allowed(text, kind)
                };
                match target {
                    Ok(Target::Route(route))
                        if route.methods == Methods::CONNECT && !product.is_empty() =>
                    {
                        report.wrong(
                            &field,
                            "`$connect` has no path; expected it in a product whose path is `/`",
                        );
                    }
                    Ok(target) => targets.push(target),
                    Err(expected) => report.wrong(&field, expected),
                }
            }
            targets
        };
        let targets = match effect {
            Effect::Deny => Vec::new(),
            Effect::Allow | Effect::Only => read(false, report),
        };
        let denied = match effect {
            Effect::Allow => Vec::new(),
            Effect::Deny | Effect::Only => read(true, report),
        };
        Some(Self {
            effect,
            texts,
            targets,
            denied,
            conditions,
        })
    }
}
