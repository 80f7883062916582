//! Access rules, compiled to IAM statements for a whole product.
//!
//! API Gateway caches one answer for a token and uses it for every route behind the authorizer.
//! So the policy never depends on the path of the request that it answers: it lists what the
//! caller may do in the whole product, and API Gateway matches each request against it.

mod policy;
mod routes;

use crate::arn::RequestArn;
use crate::identity::Identity;
use crate::settings::document::{ProductKind, RawProduct, RawRule};
use crate::settings::problem::Report;

pub use policy::Policy;
use routes::{Route, expand};

/// The longest `Resource` that IAM takes here, in characters.
pub const MAX_RESOURCE: usize = 512;

/// The longest `arn:…:{api}/{stage}` that rules are checked for at load. The stage's name is not
/// known then; what turns out to be longer is checked again with each answer.
const LONGEST_PREFIX: usize = 100;

/// The most bytes that the statements of all rules of a product may take together. API Gateway
/// takes 8 KB for the whole answer; the rest is left to the context.
const MAX_STATEMENTS: usize = 6_000;

/// One proxied product: where it lives and who may do what in it.
#[derive(Clone, Debug)]
pub struct Product {
    id: String,
    /// Without a slash at its end, so empty for `/`.
    path: String,
    /// `None` lets every verified caller use the whole product.
    rules: Option<Vec<Rule>>,
}

#[derive(Clone, Debug)]
struct Rule {
    effect: Effect,
    routes: Vec<Route>,
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
            rules: None,
        }
    }

    /// Its name in the settings.
    pub fn id(&self) -> &str {
        &self.id
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

    /// What a caller may do in the product, as a policy for this API and stage.
    pub fn policy(&self, identity: &Identity, arn: &RequestArn<'_>) -> Policy {
        let prefix = arn.stage_prefix();
        let mut policy = Policy::new(prefix);
        let Some(rules) = &self.rules else {
            Route::everything().resources(&self.path, &mut |resource| policy.allow(resource));
            if !self.path.is_empty() {
                policy.deny_detours();
            }
            return policy.or_nothing();
        };
        let mut denies = false;
        for rule in rules.iter().filter(|rule| rule.applies_to(identity)) {
            for route in &rule.routes {
                match rule.effect {
                    Effect::Allow => {
                        route.resources(&self.path, &mut |resource| policy.allow(resource));
                    }
                    Effect::Deny => {
                        denies = true;
                        route.deny_resources(&self.path, &mut |resource| policy.deny(resource));
                    }
                }
            }
        }
        policy.deny_detours();
        if denies {
            policy.deny_disguises();
        }
        policy.or_nothing()
    }

    /// Reads a product's document; what is wrong goes to the report.
    pub(crate) fn resolve(id: &str, raw: RawProduct, report: &mut Report<'_>) -> Option<Self> {
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
        let rules = raw.access.map(|rules| {
            rules
                .into_iter()
                .enumerate()
                .filter_map(|(index, rule)| Rule::resolve(index, rule, kind, report))
                .collect()
        });
        let product = Self {
            id: id.to_owned(),
            path: trimmed.to_owned(),
            rules,
        };
        product.check_size(report);
        Some(product)
    }

    /// Checks the statements of all rules together against the limits of IAM and API Gateway.
    fn check_size(&self, report: &mut Report<'_>) {
        let mut policy = Policy::new(&"x".repeat(LONGEST_PREFIX));
        for rule in self.rules.iter().flatten() {
            for route in &rule.routes {
                match rule.effect {
                    Effect::Allow => {
                        route.resources(&self.path, &mut |resource| policy.allow(resource));
                    }
                    Effect::Deny => {
                        route.deny_resources(&self.path, &mut |resource| policy.deny(resource));
                    }
                }
            }
        }
        policy.deny_detours();
        policy.deny_disguises();
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
    fn applies_to(&self, identity: &Identity) -> bool {
        let any = |wanted: &[String], held: &[String]| {
            wanted.is_empty() || wanted.iter().any(|one| held.contains(one))
        };
        any(&self.scopes, &identity.scopes) && any(&self.groups, &identity.groups)
    }

    fn resolve(
        index: usize,
        raw: RawRule,
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
        let mut routes = Vec::new();
        for text in &texts {
            match expand(text, kind) {
                Ok(expanded) => routes.extend(expanded),
                Err(expected) => report.wrong(&field, expected),
            }
        }
        Some(Self {
            effect,
            routes,
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
