//! What a document says about usernames: an attribute's name, or a rule.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

/// `username`: an attribute, or a rule.
#[derive(Clone, Debug, Default)]
pub struct UsernameDocument {
    /// Where to look, in order; the first with a value decides.
    pub attributes: Option<Vec<String>>,
    /// Applied one after the other.
    pub transform: Option<Vec<TransformDocument>>,
    /// Usernames by the value that the transforms give.
    pub map: Option<BTreeMap<String, String>>,
    /// A regular expression that the username must match from end to end.
    pub allow: Option<String>,
}

/// How attributes become a username.
#[derive(Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "UsernameRule")
)]
#[serde(deny_unknown_fields)]
pub(super) struct UsernameFields {
    /// Where to look, in order; the first with a value decides.
    attributes: Option<Vec<String>>,
    /// Applied one after the other.
    transform: Option<Vec<TransformDocument>>,
    /// Usernames by the value that the transforms give; a value without an entry is refused.
    map: Option<BTreeMap<String, String>>,
    /// A regular expression that the username must match from end to end.
    allow: Option<String>,
}

/// One step from an attribute's value towards a username.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "Transform")
)]
#[serde(rename_all = "snake_case")]
pub enum TransformDocument {
    /// ASCII letters to lower case.
    Lowercase,
    /// ASCII letters to upper case.
    Uppercase,
    /// What stands before the one `@`.
    StripDomain,
    /// The one capture of an expression that must match from end to end.
    Regex(String),
}

impl<'de> Deserialize<'de> for UsernameDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct UsernameVisitor;

        impl<'de> Visitor<'de> for UsernameVisitor {
            type Value = UsernameDocument;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(
                    "an attribute's name, or {\"attributes\": […], \"transform\": […], \"map\": {…}, \"allow\": \"…\"}",
                )
            }

            fn visit_str<E>(self, name: &str) -> Result<UsernameDocument, E> {
                Ok(UsernameDocument {
                    attributes: Some(vec![name.to_owned()]),
                    ..UsernameDocument::default()
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<UsernameDocument, A::Error> {
                let fields = UsernameFields::deserialize(MapAccessDeserializer::new(map))?;
                Ok(UsernameDocument {
                    attributes: fields.attributes,
                    transform: fields.transform,
                    map: fields.map,
                    allow: fields.allow,
                })
            }
        }

        deserializer.deserialize_any(UsernameVisitor)
    }
}
