//! What a caller is granted in a product, and the policy that says so.

use super::routes::READING;
use super::{Effect, MAX_RULES, Policy, Route, Rules};
use crate::identity::Identity;
use crate::wildcard::is_match;

/// What decides on a policy, beside product and stage. There are few of these, whatever the number
/// of callers.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Grant {
    /// To a verified caller.
    Rules {
        /// Which of the product's rules apply, a bit each.
        applicable: u64,
        /// Of what they allow, only what reads.
        read_only: bool,
    },
    /// To Basic credentials, which nobody has verified yet: what rules without conditions allow,
    /// less what any rule denies, for whether its condition holds is not known.
    Basic,
    /// To Basic credentials on some paths, whatever the rules allow, less what any rule denies.
    BasicOnSomePaths,
    /// To every request, in modes that refuse none.
    Everything,
    /// Nothing.
    Nothing,
}

impl Grant {
    /// What all rules together grant, whomever they apply to.
    pub const ALL_RULES: Self = Self::Rules {
        applicable: u64::MAX,
        read_only: false,
    };
}

impl Rules {
    /// What a verified caller is granted in the product of this name.
    pub fn grant(&self, product: &str, identity: &Identity) -> Grant {
        if !identity.limits.allow_product(product) {
            return Grant::Nothing;
        }
        let rules = self.list.iter().flatten().enumerate();
        let applicable = rules.fold(0, |applicable, (index, rule)| {
            applicable | (u64::from(rule.applies_to(identity)) << (index % MAX_RULES))
        });
        Grant::Rules {
            applicable,
            read_only: identity.limits.read_only,
        }
    }

    /// What a grant allows in the product, in this API and stage.
    pub fn policy(&self, grant: Grant, stage_prefix: &str) -> Policy {
        let mut policy = Policy::new(stage_prefix);
        let read_only = match grant {
            Grant::Nothing => return Policy::nothing(stage_prefix),
            Grant::Everything => return Policy::everything(stage_prefix),
            Grant::Rules { read_only, .. } => read_only,
            Grant::Basic | Grant::BasicOnSomePaths => false,
        };
        let mut denies = false;
        for (index, rule) in self.list.iter().flatten().enumerate() {
            let applies = match (grant, rule.effect) {
                (Grant::Rules { applicable, .. }, _) => {
                    applicable & (1 << (index % MAX_RULES)) != 0
                }
                (_, Effect::Deny) => true,
                (Grant::Basic, Effect::Allow) => rule.is_unconditional(),
                (_, Effect::Allow) => false,
            };
            if !applies {
                continue;
            }
            denies |= rule.effect == Effect::Deny;
            for resource in &rule.resources {
                match rule.effect {
                    Effect::Allow if read_only => self.allow_reading(resource, &mut policy),
                    Effect::Allow => policy.allow(resource),
                    Effect::Deny => policy.deny(resource),
                }
            }
        }
        if grant == Grant::BasicOnSomePaths {
            for resource in &self.basic {
                policy.allow(resource);
            }
        } else if self.list.is_none() {
            for resource in Route::everything().resources(&self.path) {
                if read_only {
                    self.allow_reading(&resource, &mut policy);
                } else {
                    policy.allow(&resource);
                }
            }
        }
        // Without rules, the whole API has no way out of it.
        if !(self.is_whole_api() && grant != Grant::BasicOnSomePaths) {
            policy.deny_traversal();
        }
        if denies || grant == Grant::BasicOnSomePaths {
            policy.deny_encoded();
        }
        policy.or_nothing()
    }

    /// Allows what reads of a resource that a rule allows: methods that read, and the searches
    /// that are POSTs.
    fn allow_reading(&self, resource: &str, policy: &mut Policy) {
        let method = resource.split('/').next().unwrap_or_default();
        match method {
            "GET" | "HEAD" | "OPTIONS" => policy.allow(resource),
            "*" => {
                for method in READING {
                    policy.allow(&format!("{method}{}/*", self.path));
                }
            }
            _ => {}
        }
        for search in &self.searches {
            if is_match(resource.as_bytes(), search.as_bytes()) {
                policy.allow(search);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Grant;
    use crate::access::{Policy, Rules};
    use crate::document::Secrets;
    use crate::document::problem::Problems;
    use crate::product::Product;

    const STAGE: &str = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod";
    const READ_ONLY: Grant = Grant::Rules {
        applicable: u64::MAX,
        read_only: true,
    };

    fn product(id: &str, document: &Value) -> Rules {
        let mut problems = Problems::default();
        let text = document.to_string();
        let product = Product::read(id, &text, &Secrets::new(), &mut problems.of("product"));
        problems.or(product.unwrap()).unwrap().access().clone()
    }

    fn allows(policy: &Policy, route: &str) -> bool {
        policy.allows(&format!("{STAGE}/{}", route.replacen(' ', "", 1)))
    }

    #[test]
    fn read_only_is_what_reads_of_what_is_allowed() {
        let everything = json!({"path": "/jira"});
        let at_root = json!({"path": "/", "kind": "jira", "access": [{"allow": ["* /*"]}]});
        let rest = json!({"path": "/jira", "access": [{"allow": ["* /rest/*"]}]});
        let narrow = json!({"path": "/jira", "access": [{"allow": ["POST /rest/api/2/issue", "GET /rest/api/2/issue/*"]}]});
        for (document, reads, writes) in [
            (
                &everything,
                vec!["GET /jira/x", "HEAD /jira", "POST /jira/rest/api/2/search"],
                vec!["POST /jira/rest/api/2/issue", "PUT /jira/x", "GET /other"],
            ),
            (
                &at_root,
                vec!["GET /x", "POST /rest/api/2/search"],
                vec!["POST /rest/api/2/issue", "DELETE /x"],
            ),
            (
                &rest,
                vec![
                    "GET /jira/rest/api/2/issue/A-1",
                    "POST /jira/rest/api/2/search",
                ],
                vec!["GET /jira/secure/x", "POST /jira/rest/api/2/issue"],
            ),
            (
                &narrow,
                vec!["GET /jira/rest/api/2/issue/A-1"],
                vec![
                    "POST /jira/rest/api/2/issue",
                    "POST /jira/rest/api/2/search",
                    "GET /jira/rest/api/2/user",
                ],
            ),
        ] {
            let policy = product("jira", document).policy(READ_ONLY, STAGE);
            for route in reads {
                assert!(allows(&policy, route), "{document} {route}");
            }
            for route in writes {
                assert!(!allows(&policy, route), "{document} {route}");
            }
        }
    }

    #[test]
    fn basic_meets_every_deny_and_no_conditional_allow() {
        let mut jira = product(
            "jira",
            &json!({"path": "/jira", "access": [
                {"allow": ["@read"]},
                {"allow": ["@write"], "groups": ["writers"]},
                {"deny": ["GET /rest/api/2/secret*"], "groups": ["juniors"]},
            ]}),
        );
        let basic = jira.policy(Grant::Basic, STAGE);
        assert!(allows(&basic, "GET /jira/rest/api/2/issue/A-1"));
        assert!(!allows(&basic, "POST /jira/rest/api/2/issue"));
        assert!(!allows(&basic, "GET /jira/rest/api/2/secrets"));

        jira.set_basic_paths(&["/jira/rest/api/2/*".to_owned(), "/wiki/rest/*".to_owned()])
            .unwrap();
        let some = jira.policy(Grant::BasicOnSomePaths, STAGE);
        assert!(allows(&some, "POST /jira/rest/api/2/issue"));
        assert!(!allows(&some, "GET /jira/rest/api/2/secrets"));
        assert!(!allows(&some, "GET /jira/rest/api/2/x%2f..%2fsecrets"));
        assert!(!allows(&some, "GET /jira/rest/agile/1.0/board"));
        assert!(!allows(&some, "GET /wiki/rest/api"));
        assert!(!allows(
            &jira.policy(Grant::Nothing, STAGE),
            "GET /jira/rest/api/2/issue/A-1"
        ));
        assert!(allows(
            &jira.policy(Grant::Everything, STAGE),
            "GET /anything/../at%20all"
        ));
        let many: Vec<String> = (0..100)
            .map(|number| format!("/jira/rest/api/2/{number}"))
            .collect();
        assert!(jira.set_basic_paths(&many).is_err());
    }
}
