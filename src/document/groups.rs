//! What a document says about groups: a claim's name, or how they stand in it.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

/// `groups`: a claim, or how they stand in it.
#[derive(Clone, Debug, Default)]
pub struct GroupsDocument {
    /// The claim, or a path into nested ones.
    pub attribute: Option<String>,
    /// What separates groups in one string.
    pub separator: Option<Separator>,
}

/// How groups stand in a claim.
#[derive(Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "GroupsRule")
)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupsFields {
    /// The claim, or a path into nested ones; `roles[*].name` for the names in an array of objects.
    attribute: Option<String>,
    /// What separates groups where they stand in one string.
    separator: Option<Separator>,
}

/// What separates groups or scopes in a string.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Separator {
    /// A comma.
    Comma,
    /// A space.
    Space,
}

impl Separator {
    /// The character.
    pub const fn character(self) -> char {
        match self {
            Self::Comma => ',',
            Self::Space => ' ',
        }
    }
}

impl<'de> Deserialize<'de> for GroupsDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct GroupsVisitor;

        impl<'de> Visitor<'de> for GroupsVisitor {
            type Value = GroupsDocument;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(
                    "a claim's name, or {\"attribute\": \"…\", \"separator\": \"comma\"}",
                )
            }

            fn visit_str<E>(self, name: &str) -> Result<GroupsDocument, E> {
                Ok(GroupsDocument {
                    attribute: Some(name.to_owned()),
                    separator: None,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<GroupsDocument, A::Error> {
                let fields = GroupsFields::deserialize(MapAccessDeserializer::new(map))?;
                Ok(GroupsDocument {
                    attribute: fields.attribute,
                    separator: fields.separator,
                })
            }
        }

        deserializer.deserialize_any(GroupsVisitor)
    }
}
