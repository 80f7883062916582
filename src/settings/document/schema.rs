//! The JSON Schema of all documents, as one schema of the file form.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

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
    /// General settings.
    settings: Option<RawGeneral>,
    /// Providers by id.
    providers: BTreeMap<String, RawProvider>,
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
        .into_generator()
        .into_root_schema_for::<File>()
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
