//! What is allowed and seldom wise, as far as a load can tell: said in the log each time.

use super::Settings;
use crate::access::BasicAuth;
use crate::document::{Kind, Mode};
use crate::keys::cache::KeySource;

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
    pub fn advice_at_load(&self) -> Vec<Advice> {
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
}
