//! What a caller may do: the operator's access rules.
//!
//! [`Rules::decide`] says it for one request, exactly. API Gateway keeps an answer, and finds it
//! again by what the authorizer's identity sources say. Where method and path are among them, the
//! answer is about the request alone ([`Rules::document_of_allowed`]). Where they are not, it serves for
//! every route of the product, and [`Rules::compile`] says the same rules as one IAM policy: it
//! never allows what the exact decision refuses, and may refuse more.

mod basic;
mod cache;
mod compile;
mod conditions;
mod decide;
mod denials;
mod exact;
mod policy;
#[cfg(test)]
mod properties;
mod reach;
mod rule;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod tests;

use crate::document::problem::Report;
use crate::document::{ProductKind, RuleDocument};
use crate::route::{Target, Written};

pub use basic::{BasicAuth, BasicGrant};
pub use cache::{CompiledPolicy, PolicyCache};
pub use compile::Uncompilable;
pub use conditions::{Condition, Conditions, needs};
pub use decide::{Asked, Grant, Requester, Ruling};
pub use exact::document_of_request;
pub use policy::Policy;
pub use rule::{Effect, Rule};

/// The longest `Resource` that IAM takes here, in characters.
pub const MAX_RESOURCE: usize = 512;

/// The most rules of a product. A parameter of SSM holds fewer; a file may hold more.
pub(crate) const MAX_RULES: usize = 1_000;

/// Who may do what in one product.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The product's path, without a slash at its end, so empty for `/`.
    path: String,
    kind: Option<ProductKind>,
    /// `None` lets every verified caller use the whole product.
    list: Option<Vec<Rule>>,
    /// Where Basic credentials of every user may be passed through to, in the product.
    basic: Vec<Target>,
}

impl Rules {
    /// The rules of an API without products: every verified caller may use all of it.
    pub(crate) fn of_whole_api() -> Self {
        Self {
            path: String::new(),
            kind: None,
            list: None,
            basic: Vec::new(),
        }
    }

    /// Reads a product's `access`; what is wrong goes to the report. `path` has no slash at its
    /// end.
    pub(crate) fn resolve(
        access: Option<Vec<RuleDocument>>,
        path: &str,
        kind: Option<ProductKind>,
        report: &mut Report<'_>,
    ) -> Option<Self> {
        if access.as_ref().is_some_and(|rules| rules.len() > MAX_RULES) {
            report.wrong("access", "expected at most 1,000 rules");
            return None;
        }
        let list = access.map(|rules| {
            rules
                .into_iter()
                .enumerate()
                .filter_map(|(index, rule)| Rule::resolve(index, rule, path, kind, report))
                .collect()
        });
        Some(Self {
            path: path.to_owned(),
            kind,
            list,
            basic: Vec::new(),
        })
    }

    /// The product's path, without a slash at its end.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What the product is, where the settings say it or its name does.
    pub const fn kind(&self) -> Option<ProductKind> {
        self.kind
    }

    /// The rules in their order; `None` where there are none, and every verified caller may use the
    /// whole product.
    pub fn rules(&self) -> Option<&[Rule]> {
        self.list.as_deref()
    }

    /// Whether a path lies in the product.
    pub fn contains(&self, path: &str) -> bool {
        path.strip_prefix(self.path.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Whether every verified caller may use the whole product.
    pub fn has_no_rules(&self) -> bool {
        self.list.is_none()
    }

    /// Whether there is nothing that a path could be spelled out of.
    pub(crate) fn is_whole_api(&self) -> bool {
        self.path.is_empty() && self.list.is_none()
    }

    /// Whether a rule denies something by the caller's groups.
    pub(crate) fn denies_by_group(&self) -> bool {
        let mut rules = self.list.iter().flatten();
        rules.any(|rule| rule.effect == Effect::Deny && !rule.conditions.groups.is_empty())
    }

    /// Whether what a rule says depends on where the request comes from.
    pub(crate) fn depend_on_source(&self) -> bool {
        let mut rules = self.list.iter().flatten();
        rules.any(|rule| !rule.conditions.networks.is_empty())
    }

    /// Sets where Basic credentials of every user may be passed through to, by paths of the API.
    pub(crate) fn set_basic_paths(&mut self, paths: &[String]) {
        let own = paths.iter().filter(|path| self.contains(path));
        let own = own.filter_map(|path| path.strip_prefix(self.path.as_str()));
        let own: Vec<Target> = own
            .map(|path| {
                Target::Route(Written::any_method(if path.is_empty() {
                    "/"
                } else {
                    path
                }))
            })
            .collect();
        self.basic = own;
    }
}
