//! What is allowed and seldom wise, as far as a load can tell: said in the log each time.

use super::{Settings, service_users};
use crate::access::{BasicAuth, Rules};
use crate::deployment::{AnswerScope, Deployment};
use crate::document::{API_TOKENS, Kind, Mode};
use crate::keys::cache::KeySource;
use crate::provider::Groups;
use crate::route::Target;

/// One thing that is valid and seldom wise. Never holds a value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Advice {
    /// The rule's name, which stays the same.
    pub id: &'static str,
    /// The parameter, relative to the prefix.
    pub parameter: String,
    /// The field in the parameter's document; empty for the document as a whole.
    pub field: String,
    /// What follows from it.
    pub why: String,
    /// What would be better.
    pub instead: String,
    /// Whether it can let in someone who should stay outside, or make one user another.
    pub severe: bool,
}

impl Advice {
    /// Advice of this rule, about this field of a parameter.
    pub fn new(id: &'static str, parameter: impl Into<String>, field: &str) -> Self {
        Self {
            id,
            parameter: parameter.into(),
            field: field.to_owned(),
            why: String::new(),
            instead: String::new(),
            severe: false,
        }
    }

    /// What follows from it.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    /// What would be better.
    #[must_use]
    pub fn instead(mut self, instead: impl Into<String>) -> Self {
        self.instead = instead.into();
        self
    }

    /// It can let in someone who should stay outside, or make one user another.
    #[must_use]
    pub fn severe(mut self) -> Self {
        self.severe = true;
        self
    }
}

impl Settings {
    /// What is said in the log at each load.
    pub fn advice_at_load(&self, deployment: &Deployment) -> Vec<Advice> {
        let mut advice = Vec::new();
        let mode = match self.general.mode {
            Mode::Enforce => None,
            Mode::Monitor => {
                Some("mode `monitor`: every request is let through, whatever was decided")
            }
            Mode::Off => Some("mode `off`: nothing is decided, and every request is let through"),
        };
        advice.extend(mode.map(|why| {
            let found = Advice::new("mode_not_enforce", "settings", "mode").why(why);
            found
                .instead("`enforce`, once you have seen enough")
                .severe()
        }));
        if self.general.basic_auth == BasicAuth::PassThrough {
            advice.push(
                Advice::new("basic_pass_through", "settings", "basic_auth")
                    .why("Basic credentials of every user are passed through")
                    .instead("`allowed_users` and `allowed_paths`, or `deny`")
                    .severe(),
            );
        }
        self.advise_on_api_tokens(&mut advice);
        for product in self
            .products
            .iter()
            .filter(|one| one.access().has_no_rules())
        {
            let name = format!("products/{}", product.id());
            advice.push(
                Advice::new("no_access_rules", name, "access")
                    .why("no access rules: every caller who gets in may use the whole product")
                    .instead("rules, for example [{\"allow\": [\"@read\"]}]"),
            );
        }
        self.advise_on_rules(deployment, &mut advice);
        service_users::advise(&self.products, &mut advice);
        for provider in &self.providers {
            let name = format!("providers/{}", provider.id.as_str());
            if provider.audience.any_client {
                advice.push(
                    Advice::new("any_client", &*name, "trust")
                        .why("tokens of any client are accepted")
                        .instead("`client_ids` or `audiences`, or an endpoint that binds tokens")
                        .severe(),
                );
            }
            let mut keys = provider.issuers.iter().map(|issuer| &issuer.keys);
            if keys.any(|keys| matches!(keys, Some(KeySource::Inline(_)))) {
                advice.push(
                    Advice::new("inline_keys", &*name, "jwks")
                        .why("the keys are written in the settings: a rotation must be made there by hand")
                        .instead("`jwks_uri` or `discovery`"),
                );
            }
            if provider.kind == Kind::Google && provider.requirements.is_empty() {
                advice.push(
                    Advice::new("google_any_domain", &*name, "hd")
                        .why("users of any domain are accepted: `hd` would name yours")
                        .instead("your Google Workspace domain in `hd`")
                        .severe(),
                );
            }
        }
        advice
    }

    /// Which made-up API tokens are looked for in the store.
    fn advise_on_api_tokens(&self, advice: &mut Vec<Advice>) {
        let Some(tokens) = &self.general.api_tokens else {
            return;
        };
        if tokens.checksums.keys.is_empty() {
            advice.push(
                Advice::new("api_tokens_without_key", "settings", "api_tokens")
                    .why("anyone can make up API tokens that are looked for in the store")
                    .instead("a key, which `atlauth token key create` makes"),
            );
        } else if tokens.checksums.accept_unkeyed {
            advice.push(
                Advice::new("api_tokens_unkeyed", "settings", "api_tokens.accept_unkeyed")
                    .why("API tokens from before the key are accepted, which anyone can make up and have looked for in the store")
                    .instead("the field left out, once those tokens are rotated or have expired"),
            );
        }
    }

    /// What rules say less or more of than they seem to.
    fn advise_on_rules(&self, deployment: &Deployment, advice: &mut Vec<Advice>) {
        for product in &self.products {
            let name = format!("products/{}", product.id());
            let access = product.access();
            for (index, rule) in access.rules().unwrap_or_default().iter().enumerate() {
                let conditions = &rule.conditions;
                let is_anyones = conditions.providers.is_empty()
                    && !(conditions.groups.is_empty() && conditions.scopes.is_empty());
                // A provider that tells no groups has nobody in any.
                let needs_groups = !conditions.groups.is_empty();
                let providers = self.providers.iter();
                let providers = providers
                    .filter(|one| !needs_groups || !matches!(one.groups, Groups::None))
                    .map(|one| one.id.as_str());
                let own_tokens = self.general.api_tokens.as_ref().map(|_| API_TOKENS);
                let whose: Vec<&str> = providers.chain(own_tokens).collect();
                if is_anyones && whose.len() > 1 {
                    let why = format!(
                        "names groups or scopes, and those of each provider count: {}",
                        whose.join(", ")
                    );
                    advice.push(
                        Advice::new("rule_of_any_provider", &*name, &format!("access[{index}]"))
                            .why(why)
                            .instead("`providers` with the ids of those that are meant")
                            .severe(),
                    );
                }
            }
            let says_it_badly = deployment.scope(product.id()) == AnswerScope::Token
                && deployment.cache_keys.of(product.id()).is_none()
                && access.rules().is_some_and(|_| loses_by_policy(access));
            if says_it_badly {
                advice.push(
                    Advice::new("rules_in_one_policy", name, "access")
                        .why(
                            "one policy for all routes refuses some of what these rules allow: what the sets \
                             hold beside the most used routes, and paths with most percent-encoded characters",
                        )
                        .instead(
                            "AUTHORIZER_CACHE_KEY set to `route`, as the identity sources of the API's \
                             authorizer then are, or to `token`, if that is meant",
                        ),
                );
            }
        }
    }
}

/// Whether one policy for all routes says less than the rules.
fn loses_by_policy(access: &Rules) -> bool {
    let mut rules = access.rules().unwrap_or_default().iter();
    rules.any(|rule| {
        let mut targets = rule.targets.iter();
        !rule.denied.is_empty() || targets.any(Target::leaves_out_admin)
    })
}
