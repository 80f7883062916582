//! The documents as operators write them, before their rules are checked.
//!
//! The JSON Schema of the settings is made of these types (feature `schema`): their comments are
//! what an operator's editor shows.

mod provider;
mod read;
#[cfg(feature = "schema")]
mod schema;

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

#[cfg(feature = "schema")]
use provider::RawUsernameFields;
pub(crate) use provider::{
    ClientAuthMethod, Discovery, Kind, RawProvider, RawRequirement, RawTransform, RawUsernameRule,
    Trust, Verify,
};
pub(crate) use read::{read, read_list};
#[cfg(feature = "schema")]
pub use schema::schema;

/// General settings.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawGeneral {
    /// How long settings are used before they are read again, in seconds: 1 to 3600, by default 300.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 3600)))]
    pub(crate) refresh_seconds: Option<u64>,
    /// What becomes of decisions; `enforce` by default.
    pub(crate) mode: Option<Mode>,
    /// What becomes of Basic credentials; `deny` by default.
    pub(crate) basic_auth: Option<RawBasicAuth>,
    /// The tokens that we issue ourselves.
    pub(crate) api_tokens: Option<RawApiTokens>,
    /// Providers, by their ids, in the order in which they are asked about opaque tokens. Those
    /// that are not named follow in the order of their ids.
    pub(crate) opaque_order: Option<Vec<String>>,
}

/// What becomes of decisions.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// API Gateway is told what was decided.
    #[default]
    Enforce,
    /// Decisions are recorded, and every request let through with the caller's own Authorization.
    Monitor,
    /// Nothing is decided, and every request let through.
    Off,
}

/// `basic_auth`: `deny`, `pass_through`, or who and where.
#[derive(Clone, Debug)]
pub(crate) enum RawBasicAuth {
    Deny,
    PassThrough,
    Some(RawBasicRule),
}

/// Basic credentials that are passed through to Atlassian; all others are refused.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawBasicRule {
    /// Users, as in Atlassian's own `allowed-users`; `*` stands for any characters.
    pub(crate) allowed_users: Option<Vec<String>>,
    /// Paths in the API, as in Atlassian's own `allowed-paths` but with the product's path before
    /// them; `*` stands for any characters.
    pub(crate) allowed_paths: Option<Vec<String>>,
}

impl<'de> Deserialize<'de> for RawBasicAuth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BasicVisitor;

        impl<'de> Visitor<'de> for BasicVisitor {
            type Value = RawBasicAuth;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(
                    "`deny`, `pass_through`, or {\"allowed_users\": […], \"allowed_paths\": […]}",
                )
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<RawBasicAuth, E> {
                match name {
                    "deny" => Ok(RawBasicAuth::Deny),
                    "pass_through" => Ok(RawBasicAuth::PassThrough),
                    _ => Err(E::custom(
                        "expected `deny`, `pass_through`, or an object of `allowed_users` and `allowed_paths`",
                    )),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawBasicAuth, A::Error> {
                RawBasicRule::deserialize(MapAccessDeserializer::new(map)).map(RawBasicAuth::Some)
            }
        }

        deserializer.deserialize_any(BasicVisitor)
    }
}

/// The tokens that we issue ourselves.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawApiTokens {
    /// Whether they are accepted; false by default.
    pub(crate) enabled: Option<bool>,
    /// Whether they are also accepted as the password of Basic auth; false by default.
    pub(crate) allow_basic: Option<bool>,
    /// The longest time from a token's creation for which it is accepted, in days: 1 to 3650, by
    /// default 365.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 3650)))]
    pub(crate) max_lifetime_days: Option<u64>,
    /// How long a token's record is used before it is read again, in seconds: 1 to 3600, by default
    /// 60. A revoked token is refused after that time at the latest.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 3600)))]
    pub(crate) recheck_seconds: Option<u64>,
}

/// One product.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawProduct {
    /// The product's path in the API, such as `/jira`.
    pub(crate) path: Option<String>,
    /// What `@read`, `@write` and `@admin` mean; by default from the product's id.
    pub(crate) kind: Option<ProductKind>,
    /// Who may do what. Without it every verified caller may use the whole product.
    pub(crate) access: Option<Vec<RawRule>>,
}

/// The Atlassian product, as far as its REST API is known here.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum ProductKind {
    /// Jira Software, Core and Service Management.
    Jira,
    /// Confluence.
    Confluence,
    /// Bitbucket.
    Bitbucket,
}

/// One access rule: `allow` or `deny`, under conditions.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRule {
    /// Routes such as `GET /rest/*`, `@read` or `@write`.
    pub(crate) allow: Option<Vec<String>>,
    /// Routes such as `DELETE /rest/*` or `@admin`; they win.
    pub(crate) deny: Option<Vec<String>>,
    /// The caller needs one of these scopes.
    pub(crate) scopes: Option<Vec<String>>,
    /// The caller needs to be in one of these groups.
    pub(crate) groups: Option<Vec<String>>,
}
