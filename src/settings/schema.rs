//! The JSON Schema of all documents, as one schema of the file form.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};

use crate::document::{GeneralDocument, without_empty};
use crate::product::ProductDocument;
use crate::provider::ProviderDocument;

/// The settings of atlassian-authorizer in their file form. In SSM each provider, product and
/// secret is a parameter of its own; their schemas are those below `$defs`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(
    dead_code,
    reason = "stands for the file, which is read as a tree of documents"
)]
struct File {
    /// Where this schema is, for editors.
    #[schemars(rename = "$schema")]
    schema: Option<String>,
    /// General settings.
    settings: Option<GeneralDocument>,
    /// Providers by id; at least one, unless API tokens are enabled.
    #[schemars(extend("minProperties" = 1))]
    providers: Option<BTreeMap<String, ProviderDocument>>,
    /// Products by id.
    #[schemars(extend("minProperties" = 1))]
    products: Option<BTreeMap<String, ProductDocument>>,
    /// Secrets; the documents refer to them by name.
    #[schemars(extend("minProperties" = 1))]
    secrets: Option<SecretsFile>,
    /// Token ids (`jti`, `origin_jti`, ids of API tokens), subjects (`sub`), client ids and user names
    /// that are refused; user names in any case.
    revoked: Option<Vec<String>>,
}

/// Secrets of single documents, the service's own, and secrets that belong to no document.
#[derive(JsonSchema)]
#[schemars(rename = "Secrets")]
#[allow(
    dead_code,
    reason = "stands for a folder of the file, which is read as a tree of documents"
)]
struct SecretsFile {
    /// Secrets of providers, by the provider's id and then by name. No other document can name them.
    #[schemars(extend("minProperties" = 1))]
    providers: Option<BTreeMap<String, SecretsByName>>,
    /// Secrets of products, by the product's id and then by name. No other document can name them.
    #[schemars(extend("minProperties" = 1))]
    products: Option<BTreeMap<String, SecretsByName>>,
    /// The service's own keys by name: `api-token-key` makes the checksums of API tokens, and
    /// `api-token-key-previous` made them before.
    settings: Option<SecretsByName>,
    /// Secrets by name, each of which one document names.
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
        .into_generator()
        .into_root_schema_for::<File>()
}
