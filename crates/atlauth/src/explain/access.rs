//! What the access rules say of a request and of a caller, for a tool that explains it.

use serde::Serialize;

use super::routes::expand;
use super::{Effect, Grant, Product, Rule, is_match};
use crate::identity::Identity;

/// What a product's rules say of one request of a caller.
#[derive(Clone, Debug, Serialize)]
pub struct Access {
    /// The product's name in the settings.
    pub product: String,
    /// How the product learns who is calling.
    pub upstream: &'static str,
    /// Its rules; `None` where it has none, and every verified caller may use all of it.
    pub rules: Option<Vec<RuleReport>>,
    /// The path is spelled in a way that the policy denies whatever its rules say.
    pub denied_by_spelling: bool,
    /// The credential is for other products.
    pub other_product: bool,
    /// The credential is for what reads alone.
    pub read_only: bool,
}

/// What one rule says.
#[derive(Clone, Debug, Serialize)]
pub struct RuleReport {
    /// `allow` or `deny`.
    pub effect: &'static str,
    /// The rule's routes, as the settings have them.
    pub routes: Vec<String>,
    /// Those of them that match the request.
    pub matching: Vec<String>,
    /// The caller needs one of these, if there are any.
    pub scopes: Vec<String>,
    /// The caller needs to be in one of these, if there are any.
    pub groups: Vec<String>,
    /// Whether the caller has what the rule wants; `None` where nobody was verified.
    pub applies: Option<bool>,
}

/// What a caller may do in a product. Each says whether the policy allows any of the set.
#[derive(Clone, Debug, Serialize)]
pub struct Reach {
    /// The product's name in the settings.
    pub product: String,
    /// The product's path.
    pub path: String,
    /// Something of `@read`.
    pub read: bool,
    /// Something of `@write`.
    pub write: bool,
    /// Something of `@admin`; `None` for products of no known kind.
    pub admin: Option<bool>,
}

impl Product {
    /// What the rules say of a request, given as `{method}/{path}`.
    pub(crate) fn explain(&self, identity: Option<&Identity>, request: &str) -> Access {
        let policy = self.policy(Grant::ALL_RULES, "");
        let limits = identity.map(|identity| &identity.limits);
        Access {
            product: self.id.clone(),
            upstream: self.upstream.mode(),
            rules: self.rules.as_ref().map(|rules| {
                rules
                    .iter()
                    .map(|rule| self.explain_rule(rule, identity, request))
                    .collect()
            }),
            denied_by_spelling: policy.denies_spelling(request),
            other_product: limits.is_some_and(|limits| !limits.allow_product(&self.id)),
            read_only: limits.is_some_and(|limits| limits.read_only),
        }
    }

    fn explain_rule(&self, rule: &Rule, identity: Option<&Identity>, request: &str) -> RuleReport {
        let matches = |text: &&String| {
            let routes = expand(text, self.kind, rule.effect).unwrap_or_default();
            let mut resources = routes.iter().flat_map(|route| route.resources(&self.path));
            resources.any(|resource| is_match(resource.as_bytes(), request.as_bytes()))
        };
        RuleReport {
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

    /// What a caller may do in the product.
    pub(crate) fn reach(&self, identity: &Identity) -> Reach {
        let policy = self.policy(self.grant(identity), "");
        let set = |name: &str, effect| -> Option<Vec<String>> {
            let routes = expand(name, self.kind, effect).ok()?;
            let resources = routes.iter().flat_map(|route| route.resources(&self.path));
            Some(resources.collect())
        };
        let any = |resources: &[String], others: &[String]| {
            let mut resources = resources.iter();
            resources.any(|resource| policy.allows_some_of(resource, others))
        };
        let read = set("@read", Effect::Allow).unwrap_or_default();
        let write = set("@write", Effect::Allow).unwrap_or_default();
        let admin = set("@admin", Effect::Deny);
        Reach {
            product: self.id.clone(),
            path: format!("{}/", self.path),
            read: any(&read, &[]),
            // Searches by POST are in both sets.
            write: any(&write, &read),
            admin: admin.map(|admin| any(&admin, &[])),
        }
    }
}
