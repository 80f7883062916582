//! The operator's settings: documents in, one checked [`Settings`] out.
//!
//! A tree of small JSON documents is read whole. The problems of all documents are reported at
//! once, with the parameter and the field; a document with fields that can't be read has its rules
//! checked once they can. A tree with any problem is not used at all.

mod cross_checks;
mod general;
mod in_force;
#[cfg(feature = "schema")]
mod schema;
mod service_users;
mod warnings;

use std::collections::BTreeMap;

use tracing::warn;

use crate::authenticate::Revoked;
use crate::authenticate::api_token::{API_TOKEN_KEY, PREVIOUS_API_TOKEN_KEY};
use crate::credential::ChecksumKey;
use crate::deployment::Deployment;
use crate::document::problem::{Problems, Report};
use crate::document::{
    API_TOKENS, GeneralDocument, PUSH_MARKER, ProviderId, SECRET_FOLDERS, Tree, is_id, read,
    read_list,
};
use crate::product::Product;
use crate::provider::Provider;
use crate::secret::{Secret, holds_private_key};

pub use general::General;
pub(crate) use general::is_same_header;
pub use in_force::{SettingsCache, SettingsInForce};
#[cfg(feature = "schema")]
pub use schema::schema;
pub use warnings::Warning;

/// The most entries of `revoked`.
const MAX_REVOKED: usize = 1_000;

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
    pub revoked: Revoked,
}

impl Settings {
    /// Reads a tree, for an API Gateway that is set up as `deployment` says.
    ///
    /// # Errors
    ///
    /// All problems of all documents, each with its parameter and field.
    pub fn parse(tree: &Tree, deployment: &Deployment) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let mut general = General::default();
        let mut providers = Vec::new();
        let mut products = Vec::new();
        let mut revoked = None;
        for (name, text) in tree.documents() {
            let mut report = problems.of(name);
            match name.split_once('/') {
                None if name == "settings" => {
                    if let Some(document) = read::<GeneralDocument>(text, &mut report) {
                        let secrets = tree.secrets_of(name);
                        general = General::resolve(document, &secrets, &mut report);
                    }
                }
                None if name == PUSH_MARKER => report.whole(
                    "a push of settings is in progress, or was interrupted: whoever started it can finish \
                     it with `atlauth settings push`, or revert it with `atlauth settings push --undo`; \
                     delete a marker that was written by hand",
                ),
                None if name == "revoked" => {
                    revoked = read_revoked(text, &mut report);
                }
                Some(("providers", API_TOKENS)) => {
                    report.whole("is reserved for the authorizer's own API tokens; expected another id");
                }
                Some(("providers", id)) if is_id(id) => {
                    let id = ProviderId::new(id);
                    let secrets = tree.secrets_of(name);
                    providers.extend(
                        id.and_then(|id| Provider::read(&id, text, &secrets, &mut report)),
                    );
                }
                Some(("products", id)) if is_id(id) => {
                    let secrets = tree.secrets_of(name);
                    products.extend(Product::read(id, text, &secrets, &mut report));
                }
                Some(("secrets", rest)) if is_secret_name(rest) => {
                    if Secret::new(text).expose_secret().is_empty() {
                        report.whole("is empty; expected a secret");
                    } else if let Some(problem) = api_token_key_problem(rest, text, tree) {
                        report.whole(problem);
                    }
                }
                _ => report.whole(
                    "is not a known parameter; expected `settings`, `providers/<id>`, `products/<id>`, \
                     `secrets/providers/<id>/<name>`, `secrets/products/<id>/<name>`, `secrets/settings/<name>`, \
                     `secrets/<name>` or `revoked`, ids and names of 1 to 64 letters, digits, `-`, `_` and `.`",
                ),
            }
        }
        if products.is_empty()
            && !tree
                .documents()
                .keys()
                .any(|name| name.starts_with("products/"))
        {
            products.push(Product::whole_api());
        }
        let mut settings = Self {
            general,
            providers,
            products,
            revoked: revoked.unwrap_or_default(),
        };
        cross_checks::check(&mut settings, tree, deployment, &mut problems);
        problems.or(settings)
    }

    /// What the parameter `revoked` of a tree holds, whatever the other documents are; `None` where it
    /// is not there, or can't be read.
    fn revoked_in(tree: &Tree) -> Option<Revoked> {
        let text = tree.documents().get("revoked")?;
        read_revoked(text, &mut Problems::default().of("revoked"))
    }

    /// The public keys, by product, that verify what products with the upstream mode `assertion`
    /// are sent, each as a JWK Set (RFC 7517, section 5).
    pub fn assertion_keys(&self) -> BTreeMap<&str, serde_json::Value> {
        let products = self.products.iter();
        products
            .filter_map(|product| Some((product.id(), product.upstream().jwks()?)))
            .collect()
    }

    /// Logs the warnings.
    fn warn(&self, deployment: &Deployment) {
        for warning in self.warnings_at_load(deployment) {
            warn!(
                parameter = warning.parameter,
                warning = warning.id,
                "{}",
                warning.why
            );
        }
    }
}

fn read_revoked(text: &str, report: &mut Report<'_>) -> Option<Revoked> {
    let revoked = read_list(text, report)?;
    if revoked.len() > MAX_REVOKED {
        report.whole("expected at most 1000 ids; you can remove those of expired tokens");
        return None;
    }
    Some(Revoked::new(revoked))
}

/// What is wrong with a parameter below `secrets/` that holds a key of API tokens.
fn api_token_key_problem(rest: &str, text: &str, tree: &Tree) -> Option<&'static str> {
    let name = rest.strip_prefix("settings/")?;
    if ![API_TOKEN_KEY, PREVIOUS_API_TOKEN_KEY].contains(&name) {
        return None;
    }
    let last = ["secrets/settings/", API_TOKEN_KEY].concat();
    // PEM of every kind: a public key or a certificate is no secret at all.
    if holds_private_key(text) || text.contains("-----BEGIN ") {
        Some(
            "holds a private key, a public one or a certificate; expected 32 random characters or more, as \
             `atlauth token key create` creates them",
        )
    } else if ChecksumKey::new(&Secret::new(text)).is_none() {
        Some(
            "is too short; expected 32 characters or more, as `atlauth token key create` creates them",
        )
    } else if name == PREVIOUS_API_TOKEN_KEY && !tree.documents().contains_key(&last) {
        Some("needs `api-token-key`, which is missing")
    } else {
        None
    }
}

/// Whether a parameter below `secrets/` has a name by which a document can know it.
fn is_secret_name(rest: &str) -> bool {
    let parts: Vec<&str> = rest.split('/').collect();
    match parts.as_slice() {
        // Else a folder and a secret of one name could not stand in one file.
        [name] => is_id(name) && !SECRET_FOLDERS.contains(name),
        ["settings", name] => is_id(name),
        ["providers" | "products", id, name] => is_id(id) && is_id(name),
        _ => false,
    }
}
