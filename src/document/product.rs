//! The document of a product.

use serde::Deserialize;

/// One product.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawProduct {
    /// The product's path in the API, such as `/jira`.
    pub path: Option<String>,
    /// What `@read`, `@write` and `@admin` mean; by default from the product's id.
    pub kind: Option<ProductKind>,
    /// Who may do what. Without it every verified caller may use the whole product.
    pub access: Option<Vec<RawRule>>,
    /// How the product learns who is calling; by default it does not.
    pub upstream: Option<RawUpstream>,
}

/// How a product learns who is calling.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawUpstream {
    /// The way; the other fields belong to one or the other.
    pub mode: Option<UpstreamMode>,
    /// `fixed`, `per_user`: how the credential is sent; `bearer` by default.
    pub scheme: Option<UpstreamScheme>,
    /// `fixed`: the name of the secret, below `secrets/`, that holds a personal access token, or
    /// `user:password` with the scheme `basic`.
    pub secret: Option<String>,
    /// `per_user`: how long a user's credential is used before it is read again, in seconds: 1 to
    /// 3600, by default 300.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 3600)))]
    pub recheck_seconds: Option<u64>,
    /// `oauth1`, `assertion`: the name of the secret, below `secrets/`, that holds the private key in
    /// PEM: RSA for `oauth1`, P-256 for `assertion`.
    pub private_key: Option<String>,
    /// `oauth1`: the consumer key of the product's incoming application link.
    pub consumer_key: Option<String>,
    /// `oauth1`: what the product believes its own URL to be for the product's `path`.
    pub base_url: Option<String>,
    /// `oauth1`, `assertion`: users that nobody is ever made, such as administrators; `*` stands for
    /// any characters.
    pub never_impersonate: Option<Vec<String>>,
    /// `assertion`: the `iss` of the JWT.
    pub issuer: Option<String>,
    /// `assertion`: the `aud` of the JWT.
    pub audience: Option<String>,
}

impl RawUpstream {
    /// The fields beside `mode`, and whether each is given.
    pub fn fields(&self) -> [(&'static str, bool); 9] {
        [
            ("scheme", self.scheme.is_some()),
            ("secret", self.secret.is_some()),
            ("recheck_seconds", self.recheck_seconds.is_some()),
            ("private_key", self.private_key.is_some()),
            ("consumer_key", self.consumer_key.is_some()),
            ("base_url", self.base_url.is_some()),
            ("never_impersonate", self.never_impersonate.is_some()),
            ("issuer", self.issuer.is_some()),
            ("audience", self.audience.is_some()),
        ]
    }
}

/// The ways in which a product learns who is calling.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum UpstreamMode {
    /// It does not: the username is in the context alone.
    None,
    /// Everyone is one service user.
    Fixed,
    /// Everyone is themselves, by a credential of their own.
    PerUser,
    /// Everyone is themselves, by two-legged OAuth 1.0a with impersonation.
    #[serde(rename = "oauth1")]
    OAuth1,
    /// Everyone is themselves, by a signed JWT that something at the origin verifies.
    Assertion,
}

/// How a credential is sent.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum UpstreamScheme {
    /// A personal access token: `Authorization: Bearer`.
    #[default]
    Bearer,
    /// `user:password`, or Cloud's `email:token`: `Authorization: Basic`.
    Basic,
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawRule {
    /// Routes such as `GET /rest/*`, `@read` or `@write`.
    pub allow: Option<Vec<String>>,
    /// Routes such as `DELETE /rest/*` or `@admin`; they win.
    pub deny: Option<Vec<String>>,
    /// The caller needs one of these scopes.
    pub scopes: Option<Vec<String>>,
    /// The caller needs to be in one of these groups.
    pub groups: Option<Vec<String>>,
}
