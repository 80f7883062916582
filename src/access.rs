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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{Policy, Product};
    use crate::authenticate::claims::VerifiedClaims;
    use crate::identity::{Identity, Subject};
    use crate::settings::problem::Problems;
    use crate::settings::{ProviderId, Secrets};
    use crate::username::Username;

    const STAGE: &str = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod";

    fn product(id: &str, document: &Value) -> Product {
        let mut problems = Problems::default();
        let raw = serde_json::from_value(document.clone()).unwrap();
        let product = Product::resolve(id, raw, &Secrets::new(), &mut problems.of("product"));
        problems.or(product.unwrap()).unwrap()
    }

    fn caller(scope: &str, groups: &[&str]) -> Identity {
        let claims = VerifiedClaims::for_test(json!({"sub": "1", "scope": scope}));
        Identity::from_verified(
            &claims,
            Subject {
                provider: ProviderId::for_test("idp"),
                principal: "1".to_owned(),
                username: Username::new("alice".to_owned()).unwrap(),
                client_id: None,
                groups_incomplete: false,
                groups: groups.iter().map(|group| (*group).to_owned()).collect(),
                valid_until: std::time::Duration::MAX,
            },
        )
    }

    fn policy(product: &Product, caller: &Identity) -> Policy {
        product.policy(product.grant(caller), STAGE)
    }

    fn allows(policy: &Policy, route: &str) -> bool {
        policy.allows(&format!("{STAGE}/{}", route.replacen(' ', "", 1)))
    }

    #[test]
    fn without_rules_the_whole_product_and_nothing_else() {
        let jira = product("jira", &json!({"path": "/jira"}));
        let policy = policy(&jira, &caller("", &[]));
        for route in [
            "GET /jira",
            "GET /jira/",
            "DELETE /jira/rest/api/2/issue/A-1",
            "PATCH /jira/x%20y",
        ] {
            assert!(allows(&policy, route), "{route}");
        }
        for route in [
            "GET /",
            "GET /jira2/rest",
            "GET /confluence/rest",
            "GET /confluence/jira/rest",
            "GET /jira/../confluence",
            "GET /jira/%2e%2E/confluence",
            "GET /jira/..;/confluence",
            "GET /jira/x%2f..%2f..%2fconfluence",
            "GET /jira/%252e%252e/confluence",
            "GET /jira/..\\confluence",
        ] {
            assert!(!allows(&policy, route), "{route}");
        }
        assert!(
            !policy.allows("arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/test/GET/jira")
        );
        assert!(!policy.allows("arn:aws:execute-api:eu-west-1:123456789012:other/prod/GET/jira"));
    }

    #[test]
    fn the_whole_api_includes_connect() {
        let policy = policy(&Product::whole_api(), &caller("", &[]));
        assert!(policy.allows(&format!("{STAGE}/$connect")));
        assert!(allows(&policy, "GET /x"));
    }

    #[test]
    fn rules_by_scope_and_group() {
        let wiki = product(
            "confluence",
            &json!({"path": "/confluence", "access": [
                {"allow": ["@read"], "scopes": ["atlassian/read"]},
                {"allow": ["* /rest/*"], "groups": ["confluence-editors", "confluence-admins"]},
                {"deny": ["DELETE /rest/*"], "groups": ["juniors"]},
                {"deny": ["@admin"]},
            ]}),
        );
        let (read, write, delete, admin) = (
            "GET /confluence/rest/api/content",
            "POST /confluence/rest/api/content",
            "DELETE /confluence/rest/api/content/1",
            "GET /confluence/rest/plugins/1.0/",
        );
        for (caller, expected) in [
            (caller("", &[]), [false, false, false, false]),
            (caller("openid", &["other"]), [false, false, false, false]),
            (caller("atlassian/read", &[]), [true, false, false, false]),
            (
                caller("openid atlassian/read", &[]),
                [true, false, false, false],
            ),
            (
                caller("", &["confluence-admins"]),
                [true, true, true, false],
            ),
            (
                caller("", &["confluence-editors", "juniors"]),
                [true, true, false, false],
            ),
        ] {
            let policy = policy(&wiki, &caller);
            assert_eq!(
                [read, write, delete, admin].map(|route| allows(&policy, route)),
                expected
            );
        }
    }

    #[test]
    fn a_denied_path_has_no_other_spelling() {
        let jira = product(
            "jira",
            &json!({"path": "/jira", "access": [{"allow": ["* /*"]}, {"deny": ["@admin"]}]}),
        );
        let policy = policy(&jira, &caller("", &[]));
        for route in [
            "GET /jira/rest/plugins/1.0/",
            "POST /jira/rest/api/2/reindex",
            "POST /jira/rest/pat/latest/tokens",
            "GET /jira/rest/%70lugins/1.0/",
            "GET /jira/rest//plugins/1.0/",
            "GET /jira/rest/./plugins/1.0/",
            "GET /jira/rest;x=1/plugins/1.0/",
            "GET /jira/rest%2Fplugins/1.0/",
            "GET /jira/rest/api/2/application%2dproperties",
            "GET /jira/rest/api/2/..;/..;/plugins/1.0/",
            "POST /jira/secure/admin/AddUser.jspa",
            "POST /jira/rest/AddUser.jspa",
            "DELETE /jira/rest/api/2/user",
            "POST /jira/rest/auth/1/session",
        ] {
            assert!(!allows(&policy, route), "{route}");
        }
        for route in [
            "GET /jira/rest/api/2/issue/A-1",
            "POST /jira/rest/api/2/search",
            "GET /jira/rest/api/2/issue/A%20B/%C3%A9",
        ] {
            assert!(allows(&policy, route), "{route}");
        }
    }

    #[test]
    fn an_exact_deny_meets_what_atlassian_takes_for_it() {
        let jira = product(
            "jira",
            &json!({"path": "/jira", "access": [{"allow": ["* /*"]}, {"deny": ["POST /rest/api/2/user"]}]}),
        );
        let policy = policy(&jira, &caller("", &[]));
        for spelling in [
            "user",
            "user/",
            "user/.",
            "user.json",
            "user.xml",
            "%75ser",
            "user;x=1",
            "./user",
        ] {
            let route = format!("POST /jira/rest/api/2/{spelling}");
            assert!(!allows(&policy, &route), "{route}");
        }
        for route in [
            "GET /jira/rest/api/2/user",
            "POST /jira/rest/api/2/userpicker",
        ] {
            assert!(allows(&policy, route), "{route}");
        }
    }

    #[test]
    fn reading_knows_the_product() {
        let access = json!([{"allow": ["@read"]}]);
        for (id, reads, writes) in [
            (
                "jira",
                "POST /p/rest/api/2/search",
                "POST /p/rest/api/2/issue",
            ),
            (
                "confluence",
                "GET /p/download/attachments/1/a.pdf",
                "PUT /p/rest/api/content/1",
            ),
            (
                "bitbucket",
                "POST /p/rest/search/latest/search",
                "DELETE /p/rest/api/latest/projects/A",
            ),
            ("other", "GET /p/x", "POST /p/x"),
        ] {
            let product = product(id, &json!({"path": "/p", "access": access}));
            let policy = policy(&product, &caller("", &[]));
            assert!(allows(&policy, reads), "{reads}");
            assert!(!allows(&policy, writes), "{writes}");
        }
    }

    #[test]
    fn no_rule_that_applies_denies_everything() {
        let jira = product(
            "jira",
            &json!({"path": "/", "access": [{"allow": ["@read"], "groups": ["a"]}]}),
        );
        let document = serde_json::to_value(policy(&jira, &caller("", &[])).document()).unwrap();
        assert_eq!(
            document,
            json!({"Version": "2012-10-17", "Statement": [{
                "Action": ["execute-api:Invoke"], "Effect": "Deny", "Resource": [format!("{STAGE}/*")],
            }]})
        );
    }

    proptest! {
        /// What is allowed lies in the product, however the path is written.
        #[test]
        fn nothing_outside_the_product_is_allowed(path in "(/(jira|confluence|rest|\\.\\.|%2e%2e|[a-z;%.\\\\]{0,4})){0,6}") {
            let jira = product("jira", &json!({"path": "/jira"}));
            if allows(&policy(&jira, &caller("", &[])), &format!("GET {path}")) {
                prop_assert!(jira.contains(&path));
                prop_assert!(!path.contains(".."));
            }
        }
    }
}
