//! What derived code can't tell of the documents' JSON Schema.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::groups::GroupsFields;
use super::username::UsernameFields;
use super::{BasicAuthDocument, BasicRuleDocument, GroupsDocument, UsernameDocument};
use crate::http::Endpoint;

/// A tag in the schema of a document.
pub(crate) struct TagSchema {
    pub(crate) field: &'static str,
    pub(crate) value: &'static str,
    /// What is said of the field.
    pub(crate) about: &'static str,
}

/// The schema of a document whose tag has this value. It has the fields of all groups and no
/// others, and is described as the first of them.
pub(crate) fn choice(
    generator: &mut SchemaGenerator,
    name: &str,
    tag: &TagSchema,
    groups: &[Schema],
) -> Schema {
    let mut properties = Map::new();
    for group in groups {
        if let Some(Value::Object(fields)) = group.get("properties") {
            properties.extend(fields.clone());
        }
    }
    let is_tag = json!({"description": tag.about, "type": "string", "const": tag.value});
    properties.insert(tag.field.to_owned(), is_tag);
    let mut schema = json_schema!({
        "type": "object",
        "properties": properties,
        "required": [tag.field],
        "additionalProperties": false,
    });
    let described = groups.first().and_then(|group| group.get("description"));
    if let Some(about) = described {
        schema.insert("description".to_owned(), about.clone());
    }
    let definitions = generator.definitions_mut();
    definitions.insert(name.to_owned(), schema.to_value());
    json_schema!({"$ref": format!("#/$defs/{name}")})
}

/// A field is left out or has a value: `null` and empty text are errors.
pub(crate) fn without_empty(schema: &mut Schema) {
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

/// A comment's lines are of the source alone: a description is one.
pub(crate) fn unwrapped(schema: &mut Schema) {
    if let Some(Value::String(about)) = schema.get_mut("description") {
        *about = about.replace('\n', " ");
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
            "description": "An `https` URL without user, password and fragment. `http` is valid for loopback addresses alone."
        })
    }
}

impl JsonSchema for BasicAuthDocument {
    fn schema_name() -> Cow<'static, str> {
        "BasicAuth".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What becomes of Basic credentials.",
            "anyOf": [
                {"type": "string", "enum": [BasicAuthDocument::DENY, BasicAuthDocument::PASS_THROUGH]},
                generator.subschema_for::<BasicRuleDocument>(),
            ]
        })
    }
}

impl JsonSchema for UsernameDocument {
    fn schema_name() -> Cow<'static, str> {
        "Username".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The claim that holds the Atlassian username, or a rule.",
            "anyOf": [
                {"type": "string", "minLength": 1},
                generator.subschema_for::<UsernameFields>(),
            ]
        })
    }
}

impl JsonSchema for GroupsDocument {
    fn schema_name() -> Cow<'static, str> {
        "Groups".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The claim that holds the groups, or a rule.",
            "anyOf": [
                {"type": "string", "minLength": 1},
                generator.subschema_for::<GroupsFields>(),
            ]
        })
    }
}
