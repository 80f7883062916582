//! The operator's settings: documents in, one checked [`Settings`] out.
//!
//! A tree of small JSON documents is read whole. The problems of all documents are reported at
//! once, with the parameter and the field; a document with fields that can't be read has its rules
//! checked once they can. A tree with any problem is not used at all.

pub(crate) mod document;
mod file;
pub mod problem;
pub mod source;
mod ssm;
pub(crate) mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use tracing::warn;

use crate::access::Product;
use crate::keys::cache::KeySource;
use crate::provider::Provider;
use crate::settings::document::{RawGeneral, RawProduct, RawProvider};
use crate::settings::problem::{Problems, Report};

/// How long settings are used before they are read again.
pub const DEFAULT_REFRESH: Duration = Duration::from_mins(5);

/// The name of a provider in the settings: letters, digits, `-`, `_` and `.`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ProviderId(String);

impl ProviderId {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[cfg(test)]
    pub(crate) fn for_test(id: &str) -> Self {
        Self(id.to_owned())
    }
}

/// Documents by parameter name, relative to the prefix: `settings`, `providers/<id>`,
/// `products/<id>`, `secrets/<name>`.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Tree(BTreeMap<String, String>);

impl FromIterator<(String, String)> for Tree {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(documents: I) -> Self {
        Self(documents.into_iter().collect())
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
    /// How long to use these settings before reading them again.
    pub refresh: Duration,
    /// All providers; no two share an issuer.
    pub providers: Vec<Provider>,
    /// All products; no two share a path. Never empty.
    pub products: Vec<Product>,
}

impl Settings {
    /// Reads a tree.
    ///
    /// # Errors
    ///
    /// All problems of all documents, each with its parameter and field.
    pub fn parse(tree: &Tree) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let mut refresh = DEFAULT_REFRESH;
        let mut providers = Vec::new();
        let mut products = Vec::new();
        for (name, text) in &tree.0 {
            let mut report = problems.of(name);
            match name.split_once('/') {
                None if name == "settings" => {
                    if let Some(raw) = document::read::<RawGeneral>(text, &mut report) {
                        refresh = general(&raw, &mut report);
                    }
                }
                Some(("providers", id)) if is_id(id) => {
                    if let Some(raw) = document::read::<RawProvider>(text, &mut report) {
                        let id = ProviderId(id.to_owned());
                        providers.extend(Provider::resolve(&id, raw, &mut report));
                    }
                }
                Some(("products", id)) if is_id(id) => {
                    if let Some(raw) = document::read::<RawProduct>(text, &mut report) {
                        products.extend(Product::resolve(id, raw, &mut report));
                    }
                }
                // Read by the upstream modes; nothing refers to a secret here.
                Some(("secrets", id)) if is_id(id) => {}
                _ => report.whole(
                    "is no known parameter; expected `settings`, `providers/<id>`, `products/<id>` \
                     or `secrets/<name>`, the last part of 1 to 64 letters, digits, `-`, `_` and `.`",
                ),
            }
        }
        check_together(tree, &providers, &products, &mut problems);
        if products.is_empty() {
            products.push(Product::whole_api());
        }
        problems.or(Self {
            refresh,
            providers,
            products,
        })
    }
}

impl Settings {
    /// Says in the log what is allowed and seldom wise.
    fn warn(&self) {
        if self.products.iter().any(Product::is_whole_api) {
            warn!("no products are set: every verified caller may use every route of the API");
        }
        for provider in &self.providers {
            if provider.audience.any_client {
                warn!(
                    provider = provider.id.as_str(),
                    "tokens of any client are accepted"
                );
            }
            let mut keys = provider.issuers.iter().map(|issuer| &issuer.keys);
            if keys.any(|keys| matches!(keys, KeySource::Inline(_))) {
                warn!(
                    provider = provider.id.as_str(),
                    "the keys are written in the settings: a rotation must be made there by hand"
                );
            }
        }
    }
}

fn general(raw: &RawGeneral, report: &mut Report<'_>) -> Duration {
    match raw.refresh_seconds {
        None => DEFAULT_REFRESH,
        Some(seconds @ 1..=3_600) => Duration::from_secs(seconds),
        Some(_) => {
            report.wrong("refresh_seconds", "expected a number from 1 to 3600");
            DEFAULT_REFRESH
        }
    }
}

/// The rules that span documents.
fn check_together(
    tree: &Tree,
    providers: &[Provider],
    products: &[Product],
    problems: &mut Problems,
) {
    if !tree.0.keys().any(|name| name.starts_with("providers/")) {
        problems
            .of("providers")
            .whole("is missing; expected at least one parameter `providers/<id>`");
    }
    let mut issuers = BTreeSet::new();
    for provider in providers {
        for issuer in &provider.issuers {
            if !issuers.insert(&issuer.name) {
                problems
                    .of(&format!("providers/{}", provider.id.as_str()))
                    .wrong("issuer", "is another provider's too; a token's issuer decides which provider it belongs to");
            }
        }
    }
    // A Deny that no caller of some provider can meet would let those callers through.
    for product in products.iter().filter(|product| product.denies_by_group()) {
        for provider in providers
            .iter()
            .filter(|provider| provider.groups.is_none())
        {
            problems
                .of(&format!("providers/{}", provider.id.as_str()))
                .wrong(
                    "groups",
                    &format!(
                        "is missing; products/{} denies by group, which needs the claim that holds them",
                        product.id()
                    ),
                );
        }
    }
    // A policy covers one product, and its context speaks of one. A product within another would
    // be reachable with the other's cached answer.
    for product in products {
        let overlaps =
            |other: &&Product| other.id() != product.id() && other.contains(product.path());
        if let Some(other) = products.iter().find(overlaps) {
            problems.of(&format!("products/{}", product.id())).wrong(
                "path",
                &format!(
                    "lies within the path of products/{}; expected paths that don't overlap",
                    other.id()
                ),
            );
        }
    }
}

fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}
