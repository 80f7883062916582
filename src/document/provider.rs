//! What the documents of several kinds of provider share.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

#[cfg(feature = "schema")]
use super::bounds::{KEYS_MAX_STALE_SECONDS, PROVIDER_RECHECK_SECONDS, REQUEST_TIMEOUT_SECONDS};
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
    /// Ids of the clients whose tokens are accepted. A token names its client in `client_id`, `azp`,
    /// `cid` or `appid`, which must agree, or else in a single `aud`. Required, unless there is `trust` or
    /// `audiences`. With kind `google`, `gitlab` and `slack`, `audiences` do not replace it. With kind
    /// `facebook` it is `client_id` by default. With kind `github` it is `client_id`, and anything else is
    /// an error.
    pub client_ids: Option<Vec<String>>,
    /// Values of `aud`, one of which an access token must have. Where there are `client_ids` too, both
    /// must match. Id tokens need `client_ids`. With kind `entra` the default is each of the `client_ids`,
    /// as `<id>` and as `api://<id>`.
    pub audiences: Option<Vec<String>>,
    /// `any_client` accepts the tokens of any application. It excludes `client_ids` and `audiences`, except
    /// where nothing tells which application an opaque token was issued to: the lists are then for JWTs.
    /// It is an error with kind `github` and `facebook`.
    pub trust: Option<Trust>,
    /// The claim that holds the Atlassian username, or a rule. Required with kind `custom`; other kinds
    /// know their claims. Kind `facebook` needs a `map`, and accounts of github.com and gitlab.com need a
    /// `map` or an `allow`.
    pub username: Option<UsernameDocument>,
    /// The claim that holds the groups, or a rule. By default it is `cognito:groups` with kind `cognito`,
    /// `groups` with `entra` and `okta`, and the realm's and clients' roles with `keycloak`. Other kinds
    /// have no groups by default.
    pub groups: Option<GroupsDocument>,
    /// What separates scopes in one string: a space by RFC 6749, section 3.3. With `comma`, commas and
    /// spaces do.
    #[cfg_attr(
        feature = "schema",
        schemars(extend("default" = Separator::OF_SCOPES))
    )]
    pub scope_separator: Option<Separator>,
    /// The username for each service account, a client that acts on its own behalf (client credentials),
    /// by client id. The username rule's `allow` does not apply to these. A token without a user is
    /// refused where its client has no entry.
    pub machine_users: Option<BTreeMap<String, String>>,
    /// Rules about claims that mark a token without a user, beside the marks that are known without
    /// them. One rule is enough. `machine_users` counts for tokens with such a mark alone.
    pub machine_when: Option<Vec<RequirementDocument>>,
    /// Rules about other claims, all of which must hold.
    pub require: Option<Vec<RequirementDocument>>,
    /// Which JWTs are accepted. The default is `both` with kind `cognito`, `id` with `google`, `gitlab` and
    /// `slack`, and `access` with the other kinds.
    pub token_use: Option<AcceptedUse>,
    /// Values that the JWT header `typ` may have, such as `at+jwt` (RFC 9068). Case and `application/` do
    /// not count. With a list, a JWT without `typ` is refused. By default `typ` is `JWT`, `at+jwt`,
    /// `JOSE` or Okta's own, or is missing.
    pub token_types: Option<Vec<String>>,
    /// How long the provider's answer about a token is used, in seconds, before the provider is asked
    /// again. A token that is revoked there is refused after this time and API Gateway's cache time.
    #[cfg_attr(
        feature = "schema",
        schemars(
            range(min = PROVIDER_RECHECK_SECONDS.least, max = PROVIDER_RECHECK_SECONDS.most),
            extend("default" = PROVIDER_RECHECK_SECONDS.default)
        )
    )]
    pub recheck_seconds: Option<u64>,
    /// The longest time since the issue of a token, in seconds. The token must then have `iat`. Without
    /// this field there is no limit.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub max_token_age_seconds: Option<u64>,
    /// The longest life of a token, in seconds, from its issue (`iat`, `nbf`, or else now) to `exp`.
    /// Without this field there is no limit. The log then says once if tokens live longer than a day.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub max_token_lifetime_seconds: Option<u64>,
    /// How long one request to the provider may take, in seconds, for keys, discovery, introspection or
    /// userinfo. All requests of one decision together take 5 seconds at most.
    #[cfg_attr(
        feature = "schema",
        schemars(
            range(min = REQUEST_TIMEOUT_SECONDS.least, max = REQUEST_TIMEOUT_SECONDS.most),
            extend("default" = REQUEST_TIMEOUT_SECONDS.default)
        )
    )]
    pub request_timeout_seconds: Option<u64>,
    /// Certificates of the CA that issued the provider's certificate, in PEM. No other CA is trusted for
    /// this provider then. By default the public CAs are trusted.
    pub ca_certificates: Option<String>,
}

/// How JWTs are verified by their signature.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KeyFields {
    /// The exact `iss` of the provider's tokens. Required with kind `custom` for JWTs. With other kinds it
    /// replaces the issuer that follows from other fields, for a national cloud or an emulator.
    pub issuer: Option<String>,
    /// The URL of the provider's JWKS, in place of the kind's own. Excludes `jwks`, and with kind `custom`
    /// also `discovery`.
    pub jwks_uri: Option<Endpoint>,
    /// The provider's JWKS itself (RFC 7517, section 5), in place of one that is fetched. Excludes
    /// `jwks_uri`, and with kind `custom` also `discovery`. The log warns at every load.
    pub jwks: Option<Value>,
    /// Algorithms that a token may be signed with. By default `RS256` alone with kind `cognito` and
    /// `entra`, and all of them with the other kinds.
    pub algorithms: Option<Vec<String>>,
    /// How long the last good JWKS is used, in seconds, while no newer one can be fetched. While one can
    /// be, it is fetched again after an hour at most, and after half of this time at most.
    #[cfg_attr(
        feature = "schema",
        schemars(
            range(min = KEYS_MAX_STALE_SECONDS.least, max = KEYS_MAX_STALE_SECONDS.most),
            extend("default" = KEYS_MAX_STALE_SECONDS.default)
        )
    )]
    pub keys_max_stale_seconds: Option<u64>,
}

/// The authorizer's own client at the provider.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClientFields {
    /// The id of the authorizer's own client at the provider, by which it asks about tokens. Required with
    /// kind `github` and `facebook`, and for introspection unless `client_auth` is `bearer`.
    pub client_id: Option<String>,
    /// The name of the secret, below `secrets/providers/<id>/`, that holds the client secret of
    /// `client_id`. Required with kind `github` and `facebook`, and for introspection unless `client_auth`
    /// is `private_key_jwt`. With `bearer` the secret holds a Bearer token.
    pub client_secret: Option<String>,
}

/// How the provider is asked by introspection.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IntrospectionFields {
    /// The URL of the provider's introspection (RFC 7662), in place of the kind's own. With kind `custom`,
    /// opaque tokens are verified there. Required with kind `custom` where `verify` asks for
    /// introspection.
    pub introspection_endpoint: Option<Endpoint>,
    /// How the authorizer authenticates at the introspection endpoint. By default it is
    /// `private_key_jwt` where there is a `private_key`, and `client_secret_basic` elsewhere. Without
    /// introspection it has no effect.
    pub client_auth: Option<ClientAuthMethod>,
    /// The name of the secret, below `secrets/providers/<id>/`, that holds the authorizer's private key in
    /// PEM, RSA or P-256. Required with `client_auth` `private_key_jwt`.
    pub private_key: Option<String>,
    /// The `kid` under which the provider knows the public half of `private_key`.
    pub client_key_id: Option<String>,
}

/// Whether the provider is asked about JWTs.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OnlineFields {
    /// How JWTs are verified: by their signature, by the provider's answer, or by both. The default is
    /// `jwt`, and with kind `okta` and the `authorization_server` `org` it is `introspection`. Kind
    /// `cognito` has no introspection, and kind `okta` no `jwt+userinfo`.
    pub verify: Option<Verify>,
    /// Routes for which the provider is asked about JWTs, such as `@write`, by default all. They match as
    /// in a `deny`. It needs `verify` to be `jwt+introspection` or `jwt+userinfo`. It also needs the cache
    /// key `route`, or API Gateway's cache off.
    pub online_for: Option<Vec<String>>,
    /// The URL of the provider's userinfo (OpenID Connect), in place of the kind's own. With kind `custom`,
    /// opaque tokens are verified there. Beside introspection it tells of the user. Required with kind
    /// `custom` where `verify` asks for userinfo.
    pub userinfo_endpoint: Option<Endpoint>,
}

/// Whose tokens are accepted without a list.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Tokens that were issued to any application of the provider.
    AnyClient,
}

/// Client authentication (RFC 6749, section 2.3.1; OpenID Connect Core 1.0, section 9).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthMethod {
    /// Client id and client secret by Basic auth.
    ClientSecretBasic,
    /// Client id and client secret in the form.
    ClientSecretPost,
    /// A JWT that the authorizer signs (RFC 7523).
    PrivateKeyJwt,
    /// A Bearer token of the authorizer's own (RFC 7662, section 2.1).
    Bearer,
}

/// How JWTs are verified.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Verify {
    /// By their signature.
    #[serde(rename = "jwt")]
    Jwt,
    /// By their signature, and introspection must say that they are active.
    #[serde(rename = "jwt+introspection")]
    JwtIntrospection,
    /// By their signature, and userinfo must answer to them with the same `sub`.
    #[serde(rename = "jwt+userinfo")]
    JwtUserinfo,
    /// By introspection alone, for JWTs that nobody else can verify.
    #[serde(rename = "introspection")]
    Introspection,
    /// By userinfo alone, for JWTs that nobody else can verify. It needs `binding_endpoint` or `trust`.
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

/// A rule about one claim: `claim`, and one of `equals`, `one_of`, `contains` and `missing`. Where the
/// token does not have the claim, only `missing` holds.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "Requirement")
)]
#[serde(deny_unknown_fields)]
pub struct RequirementDocument {
    /// The claim. Required. `a.b` leads into nested claims, unless a claim has just that name.
    pub claim: Option<String>,
    /// The value that the claim must have. An array of one value equals that value.
    pub equals: Option<Value>,
    /// Values, one of which the claim must have.
    pub one_of: Option<Vec<Value>>,
    /// A value that must be in the claim: an item of its array, or one of its words separated by spaces.
    pub contains: Option<Value>,
    /// `true` where the token must not have the claim. No other value is valid.
    pub missing: Option<bool>,
}
