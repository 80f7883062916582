//! What the documents of products and their upstreams share.

use serde::Deserialize;

use super::named::named;

named! {
    /// The ways in which a product learns who is calling.
    pub enum UpstreamMode {
        /// It does not: the username is in the context alone.
        None = "none",
        /// Everyone is one service user.
        Fixed = "fixed",
        /// Everyone is themselves, by a credential of their own.
        PerUser = "per_user",
        /// Everyone is themselves, by two-legged OAuth 1.0a with impersonation.
        OAuth1 = "oauth1",
        /// Everyone is themselves, by a signed JWT that something at the origin verifies.
        Assertion = "assertion",
    }
}

/// The Atlassian product, as far as its REST API is known here.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProductKind {
    /// Jira Software, Core and Service Management.
    Jira,
    /// Confluence.
    Confluence,
    /// Bitbucket.
    Bitbucket,
}

impl ProductKind {
    /// The kind's name in the settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jira => "jira",
            Self::Confluence => "confluence",
            Self::Bitbucket => "bitbucket",
        }
    }
}

/// One access rule: `allow` or `deny`, under conditions.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "Rule")
)]
#[serde(deny_unknown_fields)]
pub struct RuleDocument {
    /// Routes such as `GET /rest/*`, `@read` or `@write`.
    pub allow: Option<Vec<String>>,
    /// Routes such as `DELETE /rest/*` or `@admin`; they win.
    pub deny: Option<Vec<String>>,
    /// The caller needs one of these scopes.
    pub scopes: Option<Vec<String>>,
    /// The caller needs to be in one of these groups.
    pub groups: Option<Vec<String>>,
}
