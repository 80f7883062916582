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
    /// Jira in Atlassian's cloud.
    JiraCloud,
    /// Confluence in Atlassian's cloud.
    ConfluenceCloud,
    /// Bitbucket in Atlassian's cloud.
    BitbucketCloud,
}

impl ProductKind {
    /// The kind's name in the settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jira => "jira",
            Self::Confluence => "confluence",
            Self::Bitbucket => "bitbucket",
            Self::JiraCloud => "jira_cloud",
            Self::ConfluenceCloud => "confluence_cloud",
            Self::BitbucketCloud => "bitbucket_cloud",
        }
    }
}

/// One access rule: `allow`, `deny` or `only`, under conditions.
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
    /// Routes such as `@admin` that are allowed to callers who meet the conditions, and denied to
    /// all others.
    pub only: Option<Vec<String>>,
    /// The caller needs one of these scopes.
    pub scopes: Option<Vec<String>>,
    /// The caller needs to be in one of these groups.
    pub groups: Option<Vec<String>>,
    /// The caller needs to come by one of these providers, by their ids.
    pub providers: Option<Vec<String>>,
    /// The caller needs to be one of these Atlassian users; `*` stands for any characters.
    pub users: Option<Vec<String>>,
    /// The request needs to come from one of these networks, such as `10.0.0.0/8`.
    pub networks: Option<Vec<String>>,
}
