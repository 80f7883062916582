//! The operator's settings: documents in, one checked [`Settings`] out.
//!
//! A tree of small JSON documents is read whole. The problems of all documents are reported at
//! once, with the parameter and the field; a document with fields that can't be read has its rules
//! checked once they can. A tree with any problem is not used at all.

mod advice;
pub(crate) mod document;
mod file;
pub(crate) mod general;
#[cfg(feature = "cli")]
mod lint;
#[cfg(feature = "cli")]
pub mod probe;
pub mod problem;
pub mod source;
mod ssm;
pub(crate) mod store;
mod together;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use tracing::warn;

use crate::access::Product;
use crate::provider::Provider;
use crate::response::Options;
use crate::secret::Secret;
use crate::settings::document::{RawGeneral, RawProduct, RawProvider};
use crate::settings::problem::Problems;

pub use advice::Advice;
pub use document::Mode;
#[cfg(feature = "schema")]
pub use document::schema;
pub use general::{ApiTokens, BasicAuth, General};
#[cfg(feature = "cli")]
pub use ssm::{SsmSource, write::Kept, write::MAX_VALUE};

/// The provider that API tokens are by, in context and audit line.
pub(crate) const API_TOKENS: &str = "api-tokens";

/// The parameter that is there while settings are being written. Any version of the authorizer refuses
/// a tree with it, as it does with any other parameter that it does not know.
pub const PUSH_MARKER: &str = "push-in-progress";

/// The most entries of `revoked`.
const MAX_REVOKED: usize = 1_000;

/// The name of a provider in the settings: letters, digits, `-`, `_` and `.`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ProviderId(String);

impl ProviderId {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The issuer of API tokens: ourselves.
    pub(crate) fn api_tokens() -> Self {
        Self(API_TOKENS.to_owned())
    }

    #[cfg(test)]
    pub(crate) fn for_test(id: &str) -> Self {
        Self(id.to_owned())
    }
}

/// Secrets by name.
pub(crate) type Secrets = BTreeMap<String, Secret>;

/// Documents by parameter name, relative to the prefix: `settings`, `providers/<id>`,
/// `products/<id>`, `secrets/<name>`, `revoked`.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Tree(BTreeMap<String, String>);

impl FromIterator<(String, String)> for Tree {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(documents: I) -> Self {
        Self(documents.into_iter().collect())
    }
}

#[cfg(feature = "cli")]
impl Tree {
    /// Names and texts of the documents, secrets among them.
    pub fn documents(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// The documents, to be changed.
    pub fn documents_mut(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.0
    }
}

/// Shows the names alone: some of the documents are secrets.
impl fmt::Debug for Tree {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

/// Settings that have been checked as a whole.
#[derive(Clone, Debug)]
pub struct Settings {
    /// General settings.
    pub general: General,
    /// All providers; no two share an issuer. In the order in which they are asked about opaque
    /// tokens.
    pub providers: Vec<Provider>,
    /// All products; no two share a path. Never empty.
    pub products: Vec<Product>,
    /// Ids of tokens, subjects and clients that are refused.
    pub revoked: BTreeSet<String>,
}

impl Settings {
    /// Reads a tree, for an API Gateway that is set up as `options` says.
    ///
    /// # Errors
    ///
    /// All problems of all documents, each with its parameter and field.
    pub fn parse(tree: &Tree, options: &Options) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let mut general = General::default();
        let mut providers = Vec::new();
        let mut products = Vec::new();
        let mut revoked = BTreeSet::new();
        let secrets = secrets(tree);
        for (name, text) in &tree.0 {
            let mut report = problems.of(name);
            match name.split_once('/') {
                None if name == "settings" => {
                    if let Some(raw) = document::read::<RawGeneral>(text, &mut report) {
                        general = General::resolve(raw, &mut report);
                    }
                }
                None if name == PUSH_MARKER => report.whole(
                    "a push of settings is going on, or was interrupted: whoever began it can finish it by \
                     `atlauth settings push` again, or take it back by `atlauth settings push --undo`",
                ),
                None if name == "revoked" => {
                    revoked = document::read_list(text, &mut report).unwrap_or_default();
                    if revoked.len() > MAX_REVOKED {
                        report.whole("expected at most 1000 ids; those of expired tokens can be left out");
                    }
                }
                Some(("providers", API_TOKENS)) => {
                    report.whole("is the name that our own API tokens have as a provider; expected another");
                }
                Some(("providers", id)) if is_id(id) => {
                    if let Some(raw) = document::read::<RawProvider>(text, &mut report) {
                        let id = ProviderId(id.to_owned());
                        providers.extend(Provider::resolve(&id, raw, &secrets, &mut report));
                    }
                }
                Some(("products", id)) if is_id(id) => {
                    if let Some(raw) = document::read::<RawProduct>(text, &mut report) {
                        products.extend(Product::resolve(id, raw, &secrets, &mut report));
                    }
                }
                Some(("secrets", id)) if is_id(id) => {
                    if text.is_empty() {
                        report.whole("is empty; expected a secret");
                    }
                }
                _ => report.whole(
                    "is no known parameter; expected `settings`, `providers/<id>`, `products/<id>`, \
                     `secrets/<name>` or `revoked`, the last part of 1 to 64 letters, digits, `-`, `_` and `.`",
                ),
            }
        }
        if products.is_empty() && !tree.0.keys().any(|name| name.starts_with("products/")) {
            products.push(Product::whole_api());
        }
        let mut settings = Self {
            general,
            providers,
            products,
            revoked,
        };
        together::check(&mut settings, tree, options, &mut problems);
        problems.or(settings)
    }

    /// The public keys, by product, that verify what products with the upstream mode `assertion` are
    /// sent, each as a JWK Set (RFC 7517, section 5).
    #[cfg(feature = "cli")]
    pub fn assertion_keys(&self) -> BTreeMap<&str, serde_json::Value> {
        let products = self.products.iter();
        products
            .filter_map(|product| Some((product.id(), product.upstream().jwks()?)))
            .collect()
    }

    /// Says in the log what is allowed and seldom wise.
    fn warn(&self) {
        for advice in self.advice_at_load() {
            warn!(
                parameter = advice.parameter,
                advice = advice.id,
                "{}",
                advice.why
            );
        }
    }
}

fn secrets(tree: &Tree) -> Secrets {
    tree.0
        .iter()
        .filter_map(|(name, text)| {
            let name = name.strip_prefix("secrets/")?;
            Some((name.to_owned(), Secret::new(text)))
        })
        .collect()
}

fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}
