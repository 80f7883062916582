//! What the access rules say of a request and of a caller, for a tool that explains it.

use atlassian_authorizer::access::{Effect, Grant, Rule, Rules, expand};
use atlassian_authorizer::identity::Identity;
use atlassian_authorizer::product::Product;
use atlassian_authorizer::wildcard::is_match;
use serde::Serialize;

/// What a product's rules say of one request of a caller.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Access {
    /// The product's name in the settings.
    pub(crate) product: String,
    /// How the product learns who is calling.
    pub(crate) upstream: &'static str,
    /// Its rules; `None` where it has none, and every verified caller may use all of it.
    pub(crate) rules: Option<Vec<RuleReport>>,
    /// The path is spelled in a way that the policy denies whatever its rules say.
    pub(crate) denied_by_spelling: bool,
    /// The credential is for other products.
    pub(crate) other_product: bool,
    /// The credential is for what reads alone.
    pub(crate) read_only: bool,
}

/// What one rule says.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RuleReport {
    /// `allow` or `deny`.
    pub(crate) effect: &'static str,
    /// The rule's routes, as the settings have them.
    pub(crate) routes: Vec<String>,
    /// Those of them that match the request.
    pub(crate) matching: Vec<String>,
    /// The caller needs one of these, if there are any.
    pub(crate) scopes: Vec<String>,
    /// The caller needs to be in one of these, if there are any.
    pub(crate) groups: Vec<String>,
    /// Whether the caller has what the rule wants; `None` where nobody was verified.
    pub(crate) applies: Option<bool>,
}

/// What a caller may do in a product. Each says whether the policy allows any of the set.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct EffectiveAccess {
    /// The product's name in the settings.
    pub(crate) product: String,
    /// The product's path.
    pub(crate) path: String,
    /// Something of `@read`.
    pub(crate) read: bool,
    /// Something of `@write`.
    pub(crate) write: bool,
    /// Something of `@admin`; `None` for products of no known kind.
    pub(crate) admin: Option<bool>,
}

impl Access {
    /// What the rules of a product say of a request, given as `{method}/{path}`.
    pub(super) fn of(product: &Product, identity: Option<&Identity>, request: &str) -> Self {
        let rules = product.access();
        let policy = rules.policy(Grant::ALL_RULES, "");
        let limits = identity.map(|identity| &identity.limits);
        let all = rules.rules().map(|all| {
            all.iter()
                .map(|rule| RuleReport::of(rules, rule, identity, request))
                .collect()
        });
        Self {
            product: product.id().to_owned(),
            upstream: product.upstream().mode(),
            rules: all,
            denied_by_spelling: policy.denies_spelling(request),
            other_product: limits.is_some_and(|limits| !limits.allow_product(product.id())),
            read_only: limits.is_some_and(|limits| limits.read_only),
        }
    }
}

impl RuleReport {
    fn of(rules: &Rules, rule: &Rule, identity: Option<&Identity>, request: &str) -> Self {
        let matches = |text: &&String| {
            let routes = expand(text, rules.kind(), rule.effect).unwrap_or_default();
            let mut resources = routes
                .iter()
                .flat_map(|route| route.resources(rules.path()));
            resources.any(|resource| is_match(resource.as_bytes(), request.as_bytes()))
        };
        Self {
            effect: match rule.effect {
                Effect::Allow => "allow",
                Effect::Deny => "deny",
            },
            routes: rule.texts.clone(),
            matching: rule.texts.iter().filter(matches).cloned().collect(),
            scopes: rule.scopes.clone(),
            groups: rule.groups.clone(),
            applies: identity.map(|identity| rule.applies_to(identity)),
        }
    }
}

impl EffectiveAccess {
    /// What a caller may do in a product.
    pub(super) fn of(product: &Product, identity: &Identity) -> Self {
        let rules = product.access();
        let policy = rules.policy(rules.grant(product.id(), identity), "");
        let set = |name: &str, effect| -> Option<Vec<String>> {
            let routes = expand(name, rules.kind(), effect).ok()?;
            let resources = routes
                .iter()
                .flat_map(|route| route.resources(rules.path()));
            Some(resources.collect())
        };
        let any = |resources: &[String], others: &[String]| {
            let mut resources = resources.iter();
            resources.any(|resource| policy.allows_some_of(resource, others))
        };
        let read = set("@read", Effect::Allow).unwrap_or_default();
        let write = set("@write", Effect::Allow).unwrap_or_default();
        let admin = set("@admin", Effect::Deny);
        Self {
            product: product.id().to_owned(),
            path: format!("{}/", product.path()),
            read: any(&read, &[]),
            // Searches by POST are in both sets.
            write: any(&write, &read),
            admin: admin.map(|admin| any(&admin, &[])),
        }
    }
}
