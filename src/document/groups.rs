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

/// The claim that holds the groups, and how they stand in it.
#[derive(Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "GroupsRule")
)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupsFields {
    /// The claim, whose value is a string, numbers, an array of these, or an object whose members' names
    /// are the groups. Required. `a.b` leads into nested claims, unless a claim has just that name.
    /// `roles[*].name` is the `name` of each item of `roles`.
    attribute: Option<String>,
    /// What separates groups where all stand in one string. Without it a string is one group.
    separator: Option<Separator>,
}

/// What separates groups or scopes in a string.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, serde::Serialize))]
#[serde(rename_all = "snake_case")]
pub enum Separator {
    /// A comma.
    Comma,
    /// A space.
    Space,
}

impl Separator {
    /// What separates scopes where the settings don't say (RFC 6749, section 3.3).
    pub const OF_SCOPES: Self = Self::Space;

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
