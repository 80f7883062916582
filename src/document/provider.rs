//! What the documents of several kinds of provider share.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::groups::{GroupsDocument, Separator};
use super::named::named;
use super::username::UsernameDocument;
use crate::http::Endpoint;

named! {
    /// The kinds of provider.
    pub enum Kind {
        /// AWS Cognito user pools.
        Cognito = "cognito",
        /// Microsoft Entra ID.
        Entra = "entra",
        /// Keycloak.
        Keycloak = "keycloak",
        /// Okta.
        Okta = "okta",
        /// Google.
        Google = "google",
        /// GitHub and GitHub Enterprise Server.
        Github = "github",
        /// GitLab.com and self-managed GitLab.
        Gitlab = "gitlab",
        /// Slack.
        Slack = "slack",
        /// Facebook.
        Facebook = "facebook",
        /// Any other provider.
        Custom = "custom",
    }
}

/// The fields of every kind.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SharedFields {
    /// Clients that tokens may have been issued to.
    pub client_ids: Option<Vec<String>>,
    /// Audiences, `aud`, that access tokens may be for.
    pub audiences: Option<Vec<String>>,
    /// `any_client` to accept tokens that were issued to any application.
    pub trust: Option<Trust>,
    /// The attribute that holds the Atlassian username, or a rule.
    pub username: Option<UsernameDocument>,
    /// The claim that holds the groups, or how they stand in it.
    pub groups: Option<GroupsDocument>,
    /// What separates scopes in one string; `space` by default (RFC 6749, section 3.3).
    pub scope_separator: Option<Separator>,
    /// Usernames for tokens without a user, by client id.
    pub machine_users: Option<BTreeMap<String, String>>,
    /// What marks a token without a user, beside what is known of all providers: one of these rules
    /// is enough. Only then `machine_users` counts.
    pub machine_when: Option<Vec<RequirementDocument>>,
    /// What other claims must be.
    pub require: Option<Vec<RequirementDocument>>,
    /// Which JWTs are accepted: access tokens (`access`), id tokens (`id`) or `both`. The default is
    /// `both` for cognito, `id` for google, gitlab and slack, and `access` for all others.
    pub token_use: Option<AcceptedUse>,
    /// Values of the JWT header `typ` that are accepted, such as `at+jwt` (RFC 9068), without
    /// `application/`. A JWT without one of them is refused. By default those that vendors write.
    pub token_types: Option<Vec<String>>,
    /// How long the provider's word about a token is used before it is asked again, in seconds: 1
    /// to 3600, by default 60. A revoked token is refused after that time at the latest.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 3600)))]
    pub recheck_seconds: Option<u64>,
    /// The longest time since a token was issued, in seconds.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub max_token_age_seconds: Option<u64>,
    /// The longest whole life of a token, from its issue to its expiry, in seconds. By default there
    /// is none, and tokens that live longer than a day are told in the log.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub max_token_lifetime_seconds: Option<u64>,
    /// The longest that one request to the provider may take, for its keys, its discovery document, or
    /// about a token, in seconds: 1 to 4, by default 2. All requests of one decision take 5 at most.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 4)))]
    pub request_timeout_seconds: Option<u64>,
    /// Certificates of the authority that the provider's certificate is by, in PEM, in place of
    /// the public authorities.
    pub ca_certificates: Option<String>,
}

/// How JWTs are verified by their signature.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KeyFields {
    /// The exact `iss` of the provider's tokens. custom needs it for JWTs; elsewhere it stands in
    /// for the one that follows from other fields.
    pub issuer: Option<String>,
    /// Where the provider's key set is.
    pub jwks_uri: Option<Endpoint>,
    /// The provider's key set itself (RFC 7517, section 5).
    pub jwks: Option<Value>,
    /// What tokens may be signed with: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512,
    /// EdDSA.
    pub algorithms: Option<Vec<String>>,
    /// How long the last good key set serves while it can't be fetched, in seconds: 300 to 86400, by
    /// default 14400. Without an outage, keys are kept for an hour at most, and for half of this.
    #[cfg_attr(feature = "schema", schemars(range(min = 300, max = 86_400)))]
    pub keys_max_stale_seconds: Option<u64>,
}

/// Who we are at the provider.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClientFields {
    /// Our own client id at the provider, to ask it about tokens.
    pub client_id: Option<String>,
    /// The name of the secret, of this provider's, that goes with `client_id`.
    pub client_secret: Option<String>,
}

/// How the provider is asked by introspection.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IntrospectionFields {
    /// RFC 7662. With kind custom, opaque tokens are checked there.
    pub introspection_endpoint: Option<Endpoint>,
    /// How we authenticate at the introspection endpoint; `client_secret_basic` by default, or
    /// `private_key_jwt` where there is a `private_key`. With `bearer`, `client_secret` names the secret
    /// that holds a Bearer token of ours, and `client_id` is not needed.
    pub client_auth: Option<ClientAuthMethod>,
    /// The name of the secret, of this provider's, that holds our private key in PEM.
    pub private_key: Option<String>,
    /// The `kid` under which the provider knows that key's public half.
    pub client_key_id: Option<String>,
}

/// Whether the provider is asked about JWTs.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OnlineFields {
    /// How JWTs are verified: by their signature (`jwt`, the default), by their signature and the
    /// provider's word, or by the provider's word alone.
    pub verify: Option<Verify>,
    /// Routes, as in access rules, for which the provider's word is asked for; by default all.
    /// Needs API Gateway's cache to be off.
    pub online_for: Option<Vec<String>>,
    /// OpenID Connect's userinfo. With kind custom, opaque tokens are checked there.
    pub userinfo_endpoint: Option<Endpoint>,
}

/// Whom to trust beyond the lists.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Tokens that were issued to any application.
    AnyClient,
}

/// Client authentication (RFC 6749, section 2.3.1; OpenID Connect Core 1.0, section 9).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthMethod {
    /// Client id and secret by Basic auth.
    ClientSecretBasic,
    /// Client id and secret in the form.
    ClientSecretPost,
    /// A JWT that we sign (RFC 7523).
    PrivateKeyJwt,
    /// A Bearer token of our own (RFC 7662, section 2.1).
    Bearer,
}

/// How JWTs are verified.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Verify {
    /// By their signature.
    #[serde(rename = "jwt")]
    Jwt,
    /// By their signature, and introspection says that they are active.
    #[serde(rename = "jwt+introspection")]
    JwtIntrospection,
    /// By their signature, and userinfo answers to them.
    #[serde(rename = "jwt+userinfo")]
    JwtUserinfo,
    /// By introspection alone.
    #[serde(rename = "introspection")]
    Introspection,
    /// By userinfo, and what binds it, alone.
    #[serde(rename = "userinfo")]
    Userinfo,
}

/// Which JWTs of a provider are accepted.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AcceptedUse {
    /// Access tokens.
    Access,
    /// Id tokens.
    Id,
    /// Access tokens and id tokens.
    Both,
}

/// One rule about a claim: `claim` and one of the others.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "Requirement")
)]
#[serde(deny_unknown_fields)]
pub struct RequirementDocument {
    /// The claim, or a path into nested ones.
    pub claim: Option<String>,
    /// The value that it must be.
    pub equals: Option<Value>,
    /// Values of which it must be one.
    pub one_of: Option<Vec<Value>>,
    /// A value that must be in it, an array or words separated by spaces.
    pub contains: Option<Value>,
    /// True where there must be no such claim.
    pub missing: Option<bool>,
}
