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
    /// Secrets by name; the documents refer to them by it.
    #[schemars(extend("minProperties" = 1))]
    secrets: Option<BTreeMap<String, String>>,
    /// Token ids (`jti`, `origin_jti`, ids of API tokens), subjects (`sub`) and client ids that
    /// are refused.
    revoked: Option<Vec<String>>,
}

/// The JSON Schema of the settings (draft 2020-12).
pub fn schema() -> Schema {
    SchemaSettings::draft2020_12()
        .with_transform(RecursiveTransform(without_empty))
        .into_generator()
        .into_root_schema_for::<File>()
}
