//! Warnings that each load of the settings logs: what is valid but risky.

use super::{Settings, service_users};
use crate::access::{BasicAuth, Rules};
use crate::deployment::{AnswerScope, Deployment};
use crate::document::{API_TOKENS, Kind, Mode};
use crate::keys::cache::KeySource;
use crate::provider::Groups;
use crate::route::Target;

/// Something that is valid but risky. Never holds a value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Warning {
    /// The rule's stable name.
    pub id: &'static str,
    /// The parameter, relative to the prefix.
    pub parameter: String,
    /// The field in the parameter's document; empty for the document as a whole.
    pub field: String,
    /// Why it is risky.
    pub why: String,
    /// What would be better.
    pub instead: String,
    /// Whether it can admit someone who should have no access, or let one user act as another.
    pub severe: bool,
}

impl Warning {
    /// A warning of this rule, about this field of a parameter.
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

    /// Why it is risky.
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

    /// It can admit someone who should have no access, or let one user act as another.
    #[must_use]
    pub fn severe(mut self) -> Self {
        self.severe = true;
        self
    }
}

impl Settings {
    /// The warnings that each load logs.
    pub fn warnings_at_load(&self, deployment: &Deployment) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let mode = match self.general.mode {
            Mode::Enforce => None,
            Mode::Monitor => Some("mode `monitor`: every request is allowed, whatever was decided"),
            Mode::Off => Some("mode `off`: nothing is decided, and every request is allowed"),
        };
        warnings.extend(mode.map(|why| {
            let found = Warning::new("mode_not_enforce", "settings", "mode").why(why);
            found
                .instead("set `enforce` once you have seen enough")
                .severe()
        }));
        if self.general.basic_auth == BasicAuth::PassThrough {
            warnings.push(
                Warning::new("basic_pass_through", "settings", "basic_auth")
                    .why("Basic credentials of every user are passed through")
                    .instead("set `allowed_users` and `allowed_paths`, or `deny`")
                    .severe(),
            );
        }
        self.warn_of_api_tokens(&mut warnings);
        for product in self
            .products
            .iter()
            .filter(|one| one.access().has_no_rules())
        {
            let name = format!("products/{}", product.id());
            warnings.push(
                Warning::new("no_access_rules", name, "access")
                    .why("no access rules: every authenticated caller may use the whole product")
                    .instead("add rules, for example [{\"allow\": [\"@read\"]}]"),
            );
        }
        self.warn_of_rules(deployment, &mut warnings);
        service_users::warn(&self.products, &mut warnings);
        for provider in &self.providers {
            let name = format!("providers/{}", provider.id.as_str());
            if provider.audience.any_client {
                warnings.push(
                    Warning::new("any_client", &*name, "trust")
                        .why("tokens of any client are accepted")
                        .instead("set `client_ids` or `audiences`, or an endpoint that says which application a token was issued to")
                        .severe(),
                );
            }
            let mut keys = provider.issuers.iter().map(|issuer| &issuer.keys);
            if keys.any(|keys| matches!(keys, Some(KeySource::Inline(_)))) {
                warnings.push(
                    Warning::new("inline_keys", &*name, "jwks")
                        .why("the keys are in the settings: you must rotate them there by hand")
                        .instead("use `jwks_uri` or `discovery`"),
                );
            }
            if provider.kind == Kind::Google && provider.requirements.is_empty() {
                warnings.push(
                    Warning::new("google_any_domain", &*name, "hd")
                        .why("users of any domain are accepted: `hd` restricts them to yours")
                        .instead("set `hd` to your Google Workspace domain")
                        .severe(),
                );
            }
        }
        warnings
    }

    /// Warns where a made-up API token causes a look-up in the store.
    fn warn_of_api_tokens(&self, warnings: &mut Vec<Warning>) {
        let Some(tokens) = &self.general.api_tokens else {
            return;
        };
        if tokens.checksums.keys.is_empty() {
            warnings.push(
                Warning::new("api_tokens_without_key", "settings", "api_tokens")
                    .why("anyone can make up API tokens that cause a look-up in the store")
                    .instead("create a key with `atlauth token key create`"),
            );
        } else if tokens.checksums.accept_unkeyed {
            warnings.push(
                Warning::new("api_tokens_unkeyed", "settings", "api_tokens.accept_unkeyed")
                    .why("API tokens from before the key are accepted; anyone can make up such tokens, and each causes a look-up in the store")
                    .instead("remove the field once those tokens are rotated or have expired"),
            );
        }
    }

    /// Warns about rules that allow less or more than they seem to.
    fn warn_of_rules(&self, deployment: &Deployment, warnings: &mut Vec<Warning>) {
        for product in &self.products {
            let name = format!("products/{}", product.id());
            let access = product.access();
            for (index, rule) in access.rules().unwrap_or_default().iter().enumerate() {
                let conditions = &rule.conditions;
                let is_anyones = conditions.providers.is_empty()
                    && !(conditions.groups.is_empty() && conditions.scopes.is_empty());
                // A provider without groups has nobody in any.
                let needs_groups = !conditions.groups.is_empty();
                let providers = self.providers.iter();
                let providers = providers
                    .filter(|one| !needs_groups || !matches!(one.groups, Groups::None))
                    .map(|one| one.id.as_str());
                let own_tokens = self.general.api_tokens.as_ref().map(|_| API_TOKENS);
                let whose: Vec<&str> = providers.chain(own_tokens).collect();
                if is_anyones && whose.len() > 1 {
                    let why = format!(
                        "names groups or scopes, and those of every provider match: {}",
                        whose.join(", ")
                    );
                    warnings.push(
                        Warning::new("rule_of_any_provider", &*name, &format!("access[{index}]"))
                            .why(why)
                            .instead("add `providers` with the ids of the providers that you mean")
                            .severe(),
                    );
                }
            }
            let says_it_badly = deployment.scope(product.id()) == AnswerScope::Token
                && deployment.cache_keys.of(product.id()).is_none()
                && access.rules().is_some_and(|_| loses_by_policy(access));
            if says_it_badly {
                warnings.push(
                    Warning::new("rules_in_one_policy", name, "access")
                        .why(
                            "one policy for all routes refuses some requests that these rules allow: those for routes of the \
                             sets that are not among the most used, and those whose path has most percent-encoded characters",
                        )
                        .instead(
                            "set AUTHORIZER_CACHE_KEY to `route`, with method and path among the identity sources of the API's \
                             authorizer, or to `token` if you accept this",
                        ),
                );
            }
        }
    }
}

/// Whether one policy for all routes allows less than the rules.
fn loses_by_policy(access: &Rules) -> bool {
    let mut rules = access.rules().unwrap_or_default().iter();
    rules.any(|rule| {
        let mut targets = rule.targets.iter();
        !rule.denied.is_empty() || targets.any(Target::leaves_out_admin)
    })
}
