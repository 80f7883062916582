//! The JSON Schema of all documents, as one schema of the file form.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};

use crate::document::{GeneralDocument, unwrapped, without_empty};
use crate::keys::Algorithm;
use crate::product::ProductDocument;
use crate::provider::ProviderDocument;
use crate::username::DEFAULT_ALLOW;

/// The settings of atlassian-authorizer in their file form. In SSM each provider, product and secret is
/// a parameter of its own, whose schema is below `$defs`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(
    dead_code,
    reason = "stands for the file, which is read as a tree of documents"
)]
struct File {
    /// The path or URL of this schema, for editors.
    #[schemars(rename = "$schema")]
    schema: Option<String>,
    /// General settings. They may be missing.
    settings: Option<GeneralDocument>,
    /// Providers by id. At least one is required, unless API tokens are enabled. An id is 1 to 64 letters,
    /// digits, `-`, `_` and `.`.
    #[schemars(extend("minProperties" = 1))]
    providers: Option<BTreeMap<String, ProviderDocument>>,
    /// Products by id. An id is 1 to 64 letters, digits, `-`, `_` and `.`. Without any, everything below
    /// `/` is one product.
    #[schemars(extend("minProperties" = 1))]
    products: Option<BTreeMap<String, ProductDocument>>,
    /// Secrets, which the documents name. A secret belongs to one document, and to one field there.
    #[schemars(extend("minProperties" = 1))]
    secrets: Option<SecretsFile>,
    /// What is refused: ids of tokens (`jti`, `origin_jti`) and of API tokens, subjects (`sub`), client ids
    /// and Atlassian usernames. Case counts, except in usernames. It takes effect even while other
    /// settings have errors.
    #[schemars(length(max = super::MAX_REVOKED))]
    revoked: Option<Vec<String>>,
}

/// Secrets of single documents, the service's own, and secrets without a folder.
#[derive(JsonSchema)]
#[schemars(rename = "Secrets")]
#[allow(
    dead_code,
    reason = "stands for a folder of the file, which is read as a tree of documents"
)]
struct SecretsFile {
    /// Secrets of providers, by the provider's id and then by name. No other document can name them. In
    /// SSM they are `secrets/providers/<id>/<name>`.
    #[schemars(extend("minProperties" = 1))]
    providers: Option<BTreeMap<String, SecretsByName>>,
    /// Secrets of products, by the product's id and then by name. No other document can name them. In SSM
    /// they are `secrets/products/<id>/<name>`.
    #[schemars(extend("minProperties" = 1))]
    products: Option<BTreeMap<String, SecretsByName>>,
    /// The service's own keys, by name. `api-token-key` is the key of API tokens, of 32 characters or
    /// more. `api-token-key-previous` is the one before it, whose tokens are accepted too.
    settings: Option<SecretsByName>,
    /// Secrets by name, each of which one document names. That document's own folder comes first.
    #[schemars(flatten)]
    others: BTreeMap<String, String>,
}

/// Secrets by name.
#[derive(JsonSchema)]
#[schemars(extend("minProperties" = 1))]
#[allow(
    dead_code,
    reason = "stands for a folder of the file, which is read as a tree of documents"
)]
struct SecretsByName(BTreeMap<String, String>);

/// The JSON Schema of the settings (draft 2020-12).
pub fn schema() -> Schema {
    SchemaSettings::draft2020_12()
        .with_transform(RecursiveTransform(without_empty))
        .with_transform(RecursiveTransform(unwrapped))
        .with_transform(RecursiveTransform(known_above))
        .into_generator()
        .into_root_schema_for::<File>()
}

/// Adds what the documents are too low to know: the names of algorithms, and the usernames that are
/// allowed by default.
fn known_above(schema: &mut Schema) {
    if let Some(items) = schema.pointer_mut("/properties/algorithms/items") {
        items["enum"] = Algorithm::ALL.iter().map(|one| one.name()).collect();
    }
    // An access rule has a field of this name, too, and no `transform`.
    if schema.pointer("/properties/transform").is_some()
        && let Some(allow) = schema.pointer_mut("/properties/allow")
    {
        allow["default"] = DEFAULT_ALLOW.into();
    }
}
