//! The documents as operators write them, before their rules are checked.
//!
//! Here is what several documents share, and how a document is read. What one vendor's document
//! holds stands with the vendor, below `provider`, and what one way of telling a product stands below
//! `upstream`.
//!
//! The JSON Schema of the settings is made of these types (feature `schema`): their comments are
//! what an operator's editor shows.

mod fields;
mod groups;
mod named;
mod object;
pub mod problem;
mod product;
mod provider;
mod read;
#[cfg(feature = "schema")]
mod schema;
mod secrets;
mod tree;
mod username;

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

pub(crate) use fields::{ByTag, Fields, by_tag, field_names, grouped};
pub use groups::{GroupsDocument, Separator};
pub(crate) use named::Named;
pub(crate) use object::Object;
pub use product::{ProductKind, RuleDocument, UpstreamMode};
pub use provider::{
    AcceptedUse, ClientAuthMethod, ClientFields, IntrospectionFields, KeyFields, Kind,
    OnlineFields, RequirementDocument, SharedFields, Trust, Verify,
};
pub(crate) use read::{read, read_list};
#[cfg(feature = "schema")]
pub(crate) use schema::{TagSchema, choice, without_empty};
pub use secrets::{NamedSecret, SECRET_FOLDERS, Secrets};
pub use tree::{API_TOKENS, PUSH_MARKER, ProviderId, Tree, is_id};
pub use username::{TransformDocument, UsernameDocument};

/// General settings.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "General")
)]
#[serde(deny_unknown_fields)]
pub struct GeneralDocument {
    /// How long settings are used before they are read again, in seconds: 1 to 3600, by default 300.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 3600)))]
    pub refresh_seconds: Option<u64>,
    /// How long the last good settings are used while newer ones can't be read or have errors, in
    /// seconds: more than `refresh_seconds`, to 2592000 (30 days). Requests are answered with 500 after
    /// it. By default there is no limit.
    #[cfg_attr(feature = "schema", schemars(range(min = 2, max = 2_592_000)))]
    pub max_settings_age_seconds: Option<u64>,
    /// What becomes of decisions; `enforce` by default.
    pub mode: Option<Mode>,
    /// What becomes of Basic credentials; `deny` by default.
    pub basic_auth: Option<BasicAuthDocument>,
    /// The tokens that we issue ourselves.
    pub api_tokens: Option<ApiTokensDocument>,
    /// Providers, by their ids, in the order in which they are asked about opaque tokens. Those
    /// that are not named follow in the order of their ids.
    pub opaque_order: Option<Vec<String>>,
    /// Names of headers, beside `X-Authorizer-Username`, by which something at the origin knows
    /// users. A request that has one of them, in any case, is refused.
    pub identity_headers: Option<Vec<String>>,
    /// Values of API Gateway's API keys by client id, `*` for all others: whose usage plan a
    /// request counts for.
    pub usage_keys: Option<BTreeMap<String, String>>,
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
pub enum BasicAuthDocument {
    /// They are refused.
    Deny,
    /// Atlassian checks them.
    PassThrough,
    /// Some are passed through.
    Some(BasicRuleDocument),
}

/// Basic credentials that are passed through to Atlassian; all others are refused.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "BasicRule")
)]
#[serde(deny_unknown_fields)]
pub struct BasicRuleDocument {
    /// Users, as in Atlassian's own `allowed-users`; `*` stands for any characters.
    pub allowed_users: Option<Vec<String>>,
    /// Paths in the API, as in Atlassian's own `allowed-paths` but with the product's path before
    /// them; `*` stands for any characters.
    pub allowed_paths: Option<Vec<String>>,
}

impl<'de> Deserialize<'de> for BasicAuthDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BasicVisitor;

        impl<'de> Visitor<'de> for BasicVisitor {
            type Value = BasicAuthDocument;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(
                    "`deny`, `pass_through`, or {\"allowed_users\": […], \"allowed_paths\": […]}",
                )
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<BasicAuthDocument, E> {
                match name {
                    "deny" => Ok(BasicAuthDocument::Deny),
                    "pass_through" => Ok(BasicAuthDocument::PassThrough),
                    _ => Err(E::custom(
                        "expected `deny`, `pass_through`, or an object of `allowed_users` and `allowed_paths`",
                    )),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<BasicAuthDocument, A::Error> {
                BasicRuleDocument::deserialize(MapAccessDeserializer::new(map))
                    .map(BasicAuthDocument::Some)
            }
        }

        deserializer.deserialize_any(BasicVisitor)
    }
}

/// The tokens that we issue ourselves.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "ApiTokens")
)]
#[serde(deny_unknown_fields)]
pub struct ApiTokensDocument {
    /// Whether they are accepted; false by default.
    pub enabled: Option<bool>,
    /// Whether they are also accepted as the password of Basic auth; false by default.
    pub allow_basic: Option<bool>,
    /// The longest time from a token's creation for which it is accepted, in days: 1 to 3650, by
    /// default 365.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 3650)))]
    pub max_lifetime_days: Option<u64>,
    /// How long a token's record is used before it is read again, in seconds: 1 to 3600, by default
    /// 60. A revoked token is refused after that time at the latest.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 3600)))]
    pub recheck_seconds: Option<u64>,
    /// Whether tokens from before the secret `api-token-key` of the service, below
    /// `secrets/settings/`, are accepted beside it; false by default. Without that secret all are.
    pub accept_unkeyed: Option<bool>,
}
