//! The JSON Schema of all documents, as one schema of the file form.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::{
    Discovery, RawBasicAuth, RawBasicRule, RawGeneral, RawProduct, RawProvider, RawUsernameFields,
    RawUsernameRule,
};
use crate::http::Endpoint;

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
    settings: Option<RawGeneral>,
    /// Providers by id; at least one, unless API tokens are enabled.
    providers: Option<BTreeMap<String, RawProvider>>,
    /// Products by id.
    products: Option<BTreeMap<String, RawProduct>>,
    /// Secrets by name; the documents refer to them by it.
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

/// A field is left out or has a value: `null` and empty text are errors.
fn without_empty(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
    }
    if schema.get("type").is_some_and(|name| name == "string")
        && schema.get("enum").is_none()
        && schema.get("const").is_none()
    {
        schema.insert("minLength".to_owned(), 1.into());
    }
}

impl JsonSchema for Endpoint {
    fn schema_name() -> Cow<'static, str> {
        "Endpoint".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "uri",
            "description": "An https URL without user, password or fragment; http for loopback addresses alone."
        })
    }
}

impl JsonSchema for Discovery {
    fn schema_name() -> Cow<'static, str> {
        "Discovery".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "boolean"}, generator.subschema_for::<Endpoint>()]})
    }
}

impl JsonSchema for RawBasicAuth {
    fn schema_name() -> Cow<'static, str> {
        "BasicAuth".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                {"type": "string", "enum": ["deny", "pass_through"]},
                generator.subschema_for::<RawBasicRule>(),
            ]
        })
    }
}

impl JsonSchema for RawUsernameRule {
    fn schema_name() -> Cow<'static, str> {
        "Username".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                {"type": "string", "minLength": 1},
                generator.subschema_for::<RawUsernameFields>(),
            ]
        })
    }
}
