//! The documents of one source, and the names that stand in them.

use std::collections::BTreeMap;
use std::fmt;

/// The provider that API tokens are by, in context and audit line.
pub const API_TOKENS: &str = "api-tokens";

/// The parameter that is there while settings are being written. Any version of the authorizer refuses
/// a tree with it, as it does with any other parameter that it does not know.
pub const PUSH_MARKER: &str = "push-in-progress";

/// The name of a provider in the settings: letters, digits, `-`, `_` and `.`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ProviderId(String);

impl ProviderId {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The provider of this name; `None` for what is no name, or stands for our own API tokens.
    pub fn new(id: &str) -> Option<Self> {
        (is_id(id) && id != API_TOKENS).then(|| Self(id.to_owned()))
    }

    /// The issuer of API tokens: ourselves.
    pub fn api_tokens() -> Self {
        Self(API_TOKENS.to_owned())
    }
}

/// Documents by parameter name, relative to the prefix: `settings`, `providers/<id>`,
/// `products/<id>`, `secrets/<name>` and those in [`super::SECRET_FOLDERS`], `revoked`.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Tree(BTreeMap<String, String>);

impl FromIterator<(String, String)> for Tree {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(documents: I) -> Self {
        Self(documents.into_iter().collect())
    }
}

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

/// Whether a text can be the name of a provider, a product or a secret.
pub fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}
