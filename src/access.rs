//! Access rules, compiled to IAM statements for a whole product.
//!
//! API Gateway caches one answer for a token and uses it for every route behind the authorizer.
//! So the policy lists what the caller may do in the whole product, whichever of its paths was
//! asked for, and API Gateway matches each request against it. It depends on the request in one
//! respect: which product that is. Products that share an authorizer, and so its cache, would
//! refuse each other's requests; each needs an authorizer of its own, or the cache off.

mod cache;
#[cfg(feature = "cli")]
mod explain;
mod grant;
#[cfg(feature = "cli")]
mod idle;
mod policy;
mod routes;
#[cfg(test)]
mod tests;

use crate::identity::Identity;
use crate::settings::Secrets;
use crate::settings::document::{ProductKind, RawProduct, RawRule};
use crate::settings::problem::Report;
use crate::upstream::Upstream;

pub use cache::Compiled;
pub(crate) use cache::PolicyCache;
#[cfg(feature = "cli")]
pub use explain::{Access, Reach, RuleReport};
pub use grant::Grant;
pub use policy::Policy;
pub(crate) use policy::covers;
pub(crate) use policy::is_match;
use routes::{Route, expand};

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

/// One proxied product: where it lives and who may do what in it.
#[derive(Clone, Debug)]
pub struct Product {
    id: String,
    /// Without a slash at its end, so empty for `/`.
    path: String,
    kind: Option<ProductKind>,
    /// `None` lets every verified caller use the whole product.
    rules: Option<Vec<Rule>>,
    /// Resources of searches that are POSTs: what reads beside the methods that read.
    searches: Vec<String>,
    /// Resources that Basic credentials of every user may be passed through to.
    basic: Vec<String>,
    upstream: Upstream,
}

#[derive(Clone, Debug)]
struct Rule {
    effect: Effect,
    /// The routes as the settings have them.
    #[cfg(feature = "cli")]
    texts: Vec<String>,
    /// Resources below the stage, as IAM matches them.
    resources: Vec<String>,
    /// The caller needs one of these, if there are any.
    scopes: Vec<String>,
    /// The caller needs to be in one of these, if there are any.
    groups: Vec<String>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Effect {
    Allow,
    Deny,
}

impl Product {
    /// The product where the settings name none: everything below `/`.
    pub(crate) fn whole_api() -> Self {
        Self {
            id: "api".to_owned(),
            path: String::new(),
            kind: None,
            rules: None,
            searches: Vec::new(),
            basic: Vec::new(),
            upstream: Upstream::None,
        }
    }

    /// How it learns who is calling.
    pub(crate) fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// Takes of users' credentials only those that are stored for this product by name.
    pub(crate) fn demand_credentials_by_product(&mut self) {
        self.upstream.demand_credentials_by_product();
    }

    /// Whether what it is sent is right for one request alone, so that API Gateway's cache must be
    /// off for it.
    #[cfg(feature = "cli")]
    pub fn is_signed_by_request(&self) -> bool {
        self.upstream.is_for_one_request()
    }

    pub(crate) fn has_no_rules(&self) -> bool {
        self.rules.is_none()
    }

    pub(crate) fn is_whole_api(&self) -> bool {
        self.path.is_empty() && self.rules.is_none()
    }

    /// Its name in the settings.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it is, where the settings say it or its name does.
    #[cfg(feature = "cli")]
    pub const fn kind(&self) -> Option<&'static str> {
        match self.kind {
            None => None,
            Some(ProductKind::Jira) => Some("jira"),
            Some(ProductKind::Confluence) => Some("confluence"),
            Some(ProductKind::Bitbucket) => Some("bitbucket"),
        }
    }

    /// Its path in the API, without a slash at the end.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether a request's path lies in the product.
    pub fn contains(&self, path: &str) -> bool {
        path.strip_prefix(self.path.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Whether a rule denies something by the caller's groups.
    pub(crate) fn denies_by_group(&self) -> bool {
        let mut rules = self.rules.iter().flatten();
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

    /// Reads a product's document; what is wrong goes to the report.
    pub(crate) fn resolve(
        id: &str,
        raw: RawProduct,
        secrets: &Secrets,
        report: &mut Report<'_>,
    ) -> Option<Self> {
        let upstream = raw
            .upstream
            .map(|raw| Upstream::resolve(raw, secrets, report))
            .unwrap_or_default();
        let Some(path) = raw.path else {
            report.wrong(
                "path",
                "is missing; expected the product's path, for example `/jira`",
            );
            return None;
        };
        let trimmed = path.strip_suffix('/').unwrap_or(&path);
        let well_formed = trimmed.is_empty()
            || (trimmed.starts_with('/')
                && trimmed.len() <= 64
                && trimmed.split('/').skip(1).all(is_plain_segment));
        if !path.starts_with('/') || !well_formed {
            report.wrong(
                "path",
                "expected `/`, or up to 64 characters such as `/jira`: segments of letters, digits, `-`, `_` and `.`",
            );
            return None;
        }
        let kind = raw.kind.or(match id {
            "jira" => Some(ProductKind::Jira),
            "confluence" => Some(ProductKind::Confluence),
            "bitbucket" => Some(ProductKind::Bitbucket),
            _ => None,
        });
        if raw
            .access
            .as_ref()
            .is_some_and(|rules| rules.len() > MAX_RULES)
        {
            report.wrong("access", "expected at most 64 rules");
            return None;
        }
        let rules = raw.access.map(|rules| {
            rules
                .into_iter()
                .enumerate()
                .filter_map(|(index, rule)| Rule::resolve(index, rule, trimmed, kind, report))
                .collect()
        });
        let mut product = Self {
            id: id.to_owned(),
            path: trimmed.to_owned(),
            kind,
            rules,
            searches: Vec::new(),
            basic: Vec::new(),
            upstream,
        };
        let reads = expand("@read", kind, Effect::Allow).unwrap_or_default();
        let reads = reads.iter().flat_map(|route| route.resources(trimmed));
        product.searches = reads
            .filter(|resource| resource.starts_with("POST/"))
            .collect();
        product.check_size(report);
        Some(product)
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

impl Rule {
    fn is_unconditional(&self) -> bool {
        self.scopes.is_empty() && self.groups.is_empty()
    }

    fn applies_to(&self, identity: &Identity) -> bool {
        let any = |wanted: &[String], held: &[String]| {
            wanted.is_empty() || wanted.iter().any(|one| held.contains(one))
        };
        any(&self.scopes, &identity.scopes) && any(&self.groups, &identity.groups)
    }

    fn resolve(
        index: usize,
        raw: RawRule,
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
            #[cfg(feature = "cli")]
            texts,
            resources,
            scopes: raw.scopes.unwrap_or_default(),
            groups: raw.groups.unwrap_or_default(),
        })
    }
}

fn is_plain_segment(segment: &str) -> bool {
    !segment.is_empty()
        && segment != "."
        && segment != ".."
        && segment
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}
