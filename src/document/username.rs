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

/// How a token's claims become a username, of at most 255 bytes of visible characters.
#[derive(Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "UsernameRule")
)]
#[serde(deny_unknown_fields)]
pub(super) struct UsernameFields {
    /// Claims, in the order in which they are looked at. The first with a non-empty string or an integer
    /// decides, or with an array of just one. `a.b` leads into nested claims, unless a claim has just
    /// that name. Required with kind `custom`; other kinds know their claims.
    attributes: Option<Vec<String>>,
    /// Steps from the claim's value to the username, applied one after the other.
    transform: Option<Vec<TransformDocument>>,
    /// The username for each value that the transforms give. A value without an entry is refused.
    /// Required with kind `facebook`. Excludes `allow`.
    map: Option<BTreeMap<String, String>>,
    /// A regular expression that the username must match from end to end. It can list letters outside of
    /// ASCII, and knows no classes such as `\p{L}`. Excludes `map`.
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
    /// ASCII letters become lower case.
    Lowercase,
    /// ASCII letters become upper case.
    Uppercase,
    /// What stands before the one `@` stays. `alice@a.example` and `alice@b.example` become one user.
    StripDomain,
    /// The one capture group of a regular expression stays. The expression must match from end to end.
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
