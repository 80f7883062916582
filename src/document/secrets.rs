//! Secrets: which of them a document can name, and which it names.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Tree;
use crate::secret::Secret;

/// Folders of secrets within `secrets/`: those of documents of one kind, and the service's own.
pub const SECRET_FOLDERS: [&str; 3] = ["providers", "products", "settings"];

/// Fields that hold a secret's name: of a provider, and of a product within `upstream`.
const OF_PROVIDERS: [&str; 2] = ["client_secret", "private_key"];
const OF_PRODUCTS: [&str; 2] = ["secret", "private_key"];

/// The secrets that one document can name.
#[derive(Clone, Debug, Default)]
pub struct Secrets(BTreeMap<String, Secret>);

impl Secrets {
    /// The secret that the document names so.
    pub fn find(&self, name: &str) -> Option<&Secret> {
        self.0.get(name)
    }
}

/// A field with the name of a secret that is there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NamedSecret {
    /// The parameter that the field stands in.
    pub document: String,
    /// The field.
    pub field: String,
    /// The secret's own parameter.
    pub parameter: String,
}

impl Tree {
    /// The secrets that a document (`providers/<id>`, `products/<id>` or `settings`) can name: its
    /// own, and those that belong to no document. Its own counts where there are two of a name.
    pub fn secrets_of(&self, document: &str) -> Secrets {
        let mut secrets = BTreeMap::new();
        for (name, text) in self.documents() {
            let Some(name) = name.strip_prefix("secrets/") else {
                continue;
            };
            let own = name.strip_prefix(document);
            match own.and_then(|own| own.strip_prefix('/')) {
                Some(own) => {
                    secrets.insert(own.to_owned(), Secret::new(text));
                }
                // The service's own keys are new, and never were without a folder.
                None if !name.contains('/') && document != "settings" => {
                    let secret = || Secret::new(text);
                    secrets.entry(name.to_owned()).or_insert_with(secret);
                }
                None => {}
            }
        }
        Secrets(secrets)
    }

    /// All fields of providers and products that name a secret which is there.
    pub fn named_secrets(&self) -> Vec<NamedSecret> {
        let mut named = Vec::new();
        let documents = self.documents();
        if !documents.keys().any(|name| name.starts_with("secrets/")) {
            return named;
        }
        for (document, text) in documents {
            let is_provider = document.starts_with("providers/");
            if !is_provider && !document.starts_with("products/") {
                continue;
            }
            let Ok(value) = serde_json::from_str::<Value>(text) else {
                continue;
            };
            let (within, fields, before) = if is_provider {
                (Some(&value), OF_PROVIDERS, "")
            } else {
                (value.get("upstream"), OF_PRODUCTS, "upstream.")
            };
            for field in fields {
                let name = within.and_then(|within| within.get(field)?.as_str());
                let parameter = name.and_then(|name| {
                    let own = format!("secrets/{document}/{name}");
                    let plain = format!("secrets/{name}");
                    [own, plain]
                        .into_iter()
                        .find(|parameter| documents.contains_key(parameter))
                });
                named.extend(parameter.map(|parameter| NamedSecret {
                    document: document.clone(),
                    field: [before, field].concat(),
                    parameter,
                }));
            }
        }
        named
    }
}
