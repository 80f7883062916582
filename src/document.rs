//! The documents as operators write them, before their rules are checked.
//!
//! Here is what several documents share, and how a document is read. What one vendor's document
//! holds stands with the vendor, below `provider`, and what one way of telling a product stands below
//! `upstream`.
//!
//! The JSON Schema of the settings is made of these types (feature `schema`): their comments are
//! what an operator's editor shows.

pub(crate) mod bounds;
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
pub(crate) use schema::{TagSchema, choice, unwrapped, without_empty};
pub use secrets::{NamedSecret, SECRET_FOLDERS, Secrets};
pub use tree::{API_TOKENS, PUSH_MARKER, ProviderId, Tree, is_id};
pub use username::{TransformDocument, UsernameDocument};

/// General settings: the parameter `settings`.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "General")
)]
#[serde(deny_unknown_fields)]
pub struct GeneralDocument {
    /// How long the settings are used, in seconds, before the next request reads them again.
    #[cfg_attr(
        feature = "schema",
        schemars(
            range(min = bounds::REFRESH_SECONDS.least, max = bounds::REFRESH_SECONDS.most),
            extend("default" = bounds::REFRESH_SECONDS.default)
        )
    )]
    pub refresh_seconds: Option<u64>,
    /// How long the last good settings stay in force, in seconds, while newer ones can't be read or
    /// have errors. After that every answer is a 500. It must be more than `refresh_seconds`, and at
    /// most 30 days. Without it there is no limit.
    #[cfg_attr(
        feature = "schema",
        schemars(range(min = 2, max = bounds::MAX_SETTINGS_AGE.as_secs()))
    )]
    pub max_settings_age_seconds: Option<u64>,
    /// Whether decisions are enforced, only recorded, or not made at all.
    #[cfg_attr(feature = "schema", schemars(extend("default" = Mode::default())))]
    pub mode: Option<Mode>,
    /// What becomes of Basic credentials. `deny` refuses them, and `pass_through` passes them on to
    /// the product, which checks the password. An object passes on those of the users and paths that it
    /// lists.
    #[cfg_attr(feature = "schema", schemars(extend("default" = BasicAuthDocument::DENY)))]
    pub basic_auth: Option<BasicAuthDocument>,
    /// The API tokens that this service issues itself. Without this field none is accepted.
    pub api_tokens: Option<ApiTokensDocument>,
    /// Ids of providers, in the order in which they are asked about opaque tokens. The others follow
    /// in the order of their ids. A provider sees the opaque tokens of those after it, so name the one
    /// first that you trust most and use most.
    pub opaque_order: Option<Vec<String>>,
    /// Names of headers by which something at the origin recognises users. A request with one of them,
    /// or with `X-Authorizer-Username`, is refused. Case does not count, and `_` is the same as `-`.
    /// `Authorization`, `Content-Type`, `Host` and `Accept` can't be among them. The function sees every
    /// request only while API Gateway's cache is off.
    pub identity_headers: Option<Vec<String>>,
    /// The value of an API Gateway API key for each client id, and for `*`, which stands for everyone
    /// else. A request counts for that key's usage plan. A value has 20 to 128 letters, digits and `-`.
    pub usage_keys: Option<BTreeMap<String, String>>,
}

/// Whether decisions are enforced.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, serde::Serialize))]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Requests are decided, and API Gateway is told the decision.
    #[default]
    Enforce,
    /// Requests are decided, and the decision is recorded. Every request is let through with the
    /// caller's own `Authorization`, and without a username.
    Monitor,
    /// Nothing is decided. Every request is let through with the caller's own `Authorization`, and
    /// without a username.
    Off,
}

/// `basic_auth`: `deny`, `pass_through`, or who and where.
#[derive(Clone, Debug, Default)]
pub enum BasicAuthDocument {
    /// They are refused.
    #[default]
    Deny,
    /// Atlassian checks them.
    PassThrough,
    /// Some are passed through.
    Some(BasicRuleDocument),
}

impl BasicAuthDocument {
    pub(crate) const DENY: &str = "deny";
    pub(crate) const PASS_THROUGH: &str = "pass_through";
}

/// Which Basic credentials are passed on to the product; all others are refused. What an access rule
/// denies stays denied.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "BasicRule")
)]
#[serde(deny_unknown_fields)]
pub struct BasicRuleDocument {
    /// Users whose Basic credentials are passed on, as in Atlassian's own `allowed-users`. They may use
    /// what access rules without conditions on the caller allow. `*` stands for any characters, and case
    /// does not count.
    pub allowed_users: Option<Vec<String>>,
    /// Paths that every user may call with Basic credentials, as in Atlassian's own `allowed-paths`.
    /// Each begins with the product's path in the API. `*` stands for any characters.
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
                    BasicAuthDocument::DENY => Ok(BasicAuthDocument::Deny),
                    BasicAuthDocument::PASS_THROUGH => Ok(BasicAuthDocument::PassThrough),
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

/// The API tokens that this service issues itself.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "ApiTokens")
)]
#[serde(deny_unknown_fields)]
pub struct ApiTokensDocument {
    /// Whether API tokens are accepted.
    #[cfg_attr(feature = "schema", schemars(extend("default" = bool::default())))]
    pub enabled: Option<bool>,
    /// Whether an API token is also accepted as the password of Basic auth, beside the username that
    /// it belongs to.
    #[cfg_attr(feature = "schema", schemars(extend("default" = bool::default())))]
    pub allow_basic: Option<bool>,
    /// How long a token is accepted after its creation, in days, whatever its record says.
    #[cfg_attr(
        feature = "schema",
        schemars(
            range(
                min = bounds::API_TOKEN_LIFETIME_DAYS.least,
                max = bounds::API_TOKEN_LIFETIME_DAYS.most
            ),
            extend("default" = bounds::API_TOKEN_LIFETIME_DAYS.default)
        )
    )]
    pub max_lifetime_days: Option<u64>,
    /// How long a token's record is used, in seconds, before it is read again. A record that is changed
    /// or deleted takes effect within this time.
    #[cfg_attr(
        feature = "schema",
        schemars(
            range(
                min = bounds::API_TOKEN_RECHECK_SECONDS.least,
                max = bounds::API_TOKEN_RECHECK_SECONDS.most
            ),
            extend("default" = bounds::API_TOKEN_RECHECK_SECONDS.default)
        )
    )]
    pub recheck_seconds: Option<u64>,
    /// Whether tokens without a key are accepted although there is a key, the secret
    /// `secrets/settings/api-token-key`. These are the tokens from before the key. Without that secret
    /// they are accepted in any case.
    #[cfg_attr(feature = "schema", schemars(extend("default" = bool::default())))]
    pub accept_unkeyed: Option<bool>,
}
