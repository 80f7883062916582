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
    /// Jira Data Center: Jira Software and Jira Service Management.
    Jira,
    /// Confluence Data Center.
    Confluence,
    /// Bitbucket Data Center.
    Bitbucket,
    /// Jira in Atlassian Cloud.
    JiraCloud,
    /// Confluence in Atlassian Cloud.
    ConfluenceCloud,
    /// Bitbucket in Atlassian Cloud.
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

/// One access rule: routes under one of `allow`, `deny` and `only`, and conditions on the caller. All
/// conditions that are there must hold, each by one of its entries. A deny wins over every allow.
#[derive(Debug, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "Rule")
)]
#[serde(deny_unknown_fields)]
pub struct RuleDocument {
    /// Routes that callers who meet the conditions may use. A route is a method or `*`, a space, and a
    /// path in the product, such as `GET /rest/*`. In a path `*` stands for any characters, and `{name}`
    /// for one segment. `@read`, `@write`, `@admin` and `@git` are sets of routes. Excludes `deny` and
    /// `only`.
    pub allow: Option<Vec<String>>,
    /// Routes that callers who meet the conditions may not use, whatever other rules allow. They match in
    /// any case, with all that lies below them. Excludes `allow` and `only`.
    pub deny: Option<Vec<String>>,
    /// Routes that callers who meet the conditions may use, and all others may not, whatever other rules
    /// allow. It needs a condition. Excludes `allow` and `deny`.
    pub only: Option<Vec<String>>,
    /// OAuth scopes, of which the caller's token needs one.
    pub scopes: Option<Vec<String>>,
    /// Groups, of which the caller must be in one. The provider's `groups` says where a token names
    /// them.
    pub groups: Option<Vec<String>>,
    /// Ids of providers, one of which must have issued the caller's token. `api-tokens` stands for API
    /// tokens of this service.
    pub providers: Option<Vec<String>>,
    /// Atlassian users, of whom the caller must be one. `*` stands for any characters, and case does not
    /// count.
    pub users: Option<Vec<String>>,
    /// Networks such as `203.0.113.0/24`, or addresses, from one of which the request must come. With API
    /// Gateway's cache on, the caller's address must be among the authorizer's identity sources.
    pub networks: Option<Vec<String>>,
}
