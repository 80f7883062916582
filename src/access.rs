//! Access rules, compiled to IAM statements for a whole product.
//!
//! API Gateway caches one answer for a token and uses it for every route behind the authorizer.
//! So the policy lists what the caller may do in the whole product, whichever of its paths was
//! asked for, and API Gateway matches each request against it. It depends on the request in one
//! respect: which product that is. Products that share an authorizer, and so its cache, would
//! refuse each other's requests; each needs an authorizer of its own, or the cache off.

mod basic;
mod cache;
mod grant;
mod policy;
mod routes;
mod rule;
#[cfg(test)]
mod tests;

use crate::document::problem::Report;
use crate::document::{ProductKind, RuleDocument};

pub use basic::BasicAuth;
pub use cache::{CompiledPolicy, PolicyCache};
pub use grant::Grant;
pub use policy::{Policy, covers};
pub use routes::{Route, expand};
pub use rule::{Effect, Rule};

/// The longest `Resource` that IAM takes here, in characters.
pub const MAX_RESOURCE: usize = 512;

/// The longest `arn:…:{api}/{stage}` that rules are checked for at load. The stage's name is not
/// known then; what turns out to be longer is checked again with each answer.
const LONGEST_PREFIX: usize = 80;

/// The most bytes that the statements of all rules of a product may take together. API Gateway
/// takes 8 KB for the whole answer; the rest is left to the context.
const MAX_STATEMENTS: usize = 6_400;

/// The most rules of a product: as many as a [`Grant`] has bits.
const MAX_RULES: usize = 64;

/// Who may do what in one product.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The product's path, without a slash at its end, so empty for `/`.
    path: String,
    kind: Option<ProductKind>,
    /// `None` lets every verified caller use the whole product.
    list: Option<Vec<Rule>>,
    /// Resources of searches that are POSTs: what reads beside the methods that read.
    searches: Vec<String>,
    /// Resources that Basic credentials of every user may be passed through to.
    basic: Vec<String>,
}

impl Rules {
    /// The rules of an API without products: every verified caller may use all of it.
    pub(crate) fn of_whole_api() -> Self {
        Self {
            path: String::new(),
            kind: None,
            list: None,
            searches: Vec::new(),
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
            report.wrong("access", "expected at most 64 rules");
            return None;
        }
        let list = access.map(|rules| {
            rules
                .into_iter()
                .enumerate()
                .filter_map(|(index, rule)| Rule::resolve(index, rule, path, kind, report))
                .collect()
        });
        let reads = expand("@read", kind, Effect::Allow).unwrap_or_default();
        let reads = reads.iter().flat_map(|route| route.resources(path));
        let rules = Self {
            path: path.to_owned(),
            kind,
            list,
            searches: reads
                .filter(|resource| resource.starts_with("POST/"))
                .collect(),
            basic: Vec::new(),
        };
        rules.check_size(report);
        Some(rules)
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

    pub(crate) fn is_whole_api(&self) -> bool {
        self.path.is_empty() && self.list.is_none()
    }

    /// Whether a rule denies something by the caller's groups.
    pub(crate) fn denies_by_group(&self) -> bool {
        let mut rules = self.list.iter().flatten();
        rules.any(|rule| rule.effect == Effect::Deny && !rule.groups.is_empty())
    }

    /// Sets where Basic credentials of every user may be passed through to.
    ///
    /// # Errors
    ///
    /// What would be right, when the policy would not fit into an answer.
    pub(crate) fn set_basic_paths(&mut self, paths: &[String]) -> Result<(), &'static str> {
        self.basic = paths
            .iter()
            .filter(|path| self.contains(path))
            .flat_map(|path| Route::any_method(path).resources(""))
            .collect();
        let policy = self.policy(Grant::BasicOnSomePaths, &"x".repeat(LONGEST_PREFIX));
        if policy.size() > MAX_STATEMENTS || policy.longest_resource() > MAX_RESOURCE {
            return Err(
                "compile to more policy than an answer takes; expected fewer paths, or shorter ones",
            );
        }
        Ok(())
    }

    /// The resources, below the stage, that routes as in `deny` take in the product: all spellings
    /// that Atlassian takes for the same.
    ///
    /// # Errors
    ///
    /// What would be right.
    pub(crate) fn resources_of(&self, routes: &[String]) -> Result<Vec<String>, &'static str> {
        let mut resources = Vec::new();
        for text in routes {
            for route in expand(text, self.kind, Effect::Deny)? {
                resources.extend(route.resources(&self.path));
            }
        }
        Ok(resources)
    }

    /// Checks the statements of all rules together against the limits of IAM and API Gateway.
    fn check_size(&self, report: &mut Report<'_>) {
        let policy = self.policy(Grant::ALL_RULES, &"x".repeat(LONGEST_PREFIX));
        if policy.longest_resource() > MAX_RESOURCE {
            report.wrong(
                "access",
                "a rule is too long; expected resources of at most 512 characters",
            );
        }
        if policy.size() > MAX_STATEMENTS {
            report.wrong(
                "access",
                &format!(
                    "the rules compile to {} bytes of policy; expected at most {MAX_STATEMENTS}, \
                     with fewer routes or wider ones (a route with the method `*` in `allow` \
                     counts seven times)",
                    policy.size()
                ),
            );
        }
    }
}
