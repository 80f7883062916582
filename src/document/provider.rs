//! The document of a provider, of any kind.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;

use crate::http::Endpoint;

/// One provider.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawProvider {
    /// The kind of provider, which knows endpoints, keys and attributes.
    pub kind: Option<Kind>,
    /// cognito: the user pool's id, such as `eu-west-1_AbCdEfGhI`.
    pub user_pool_id: Option<String>,
    /// cognito: the user pool's domain, for userinfo. okta: the Okta domain.
    pub domain: Option<String>,
    /// entra: the directory (tenant) id.
    pub tenant_id: Option<String>,
    /// keycloak: the server's URL. github, gitlab: that of a self-managed instance.
    pub base_url: Option<String>,
    /// keycloak: the realm's name.
    pub realm: Option<String>,
    /// okta: the authorization server's id, by default `default`; `org` for the org's own.
    pub authorization_server: Option<String>,
    /// google: the Google Workspace domain that users must be of.
    pub hd: Option<String>,
    /// slack: the workspace's id.
    pub team_id: Option<String>,
    /// The exact `iss` of the provider's tokens. custom needs it for JWTs; elsewhere it stands in
    /// for the one that follows from other fields.
    pub issuer: Option<String>,
    /// Where the provider's key set is.
    pub jwks_uri: Option<Endpoint>,
    /// The provider's key set itself (RFC 7517, section 5).
    pub jwks: Option<Value>,
    /// custom: whether the key set is found by OpenID Connect discovery, or the URL of the document.
    pub discovery: Option<Discovery>,
    /// What tokens may be signed with: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA.
    pub algorithms: Option<Vec<String>>,
    /// Our own client id at the provider, to ask it about tokens.
    pub client_id: Option<String>,
    /// The name of the secret, below `secrets/`, that goes with `client_id`.
    pub client_secret: Option<String>,
    /// How we authenticate at the introspection endpoint; `client_secret_basic` by default, or
    /// `private_key_jwt` where there is a `private_key`.
    pub client_auth: Option<ClientAuthMethod>,
    /// The name of the secret, below `secrets/`, that holds our private key in PEM.
    pub private_key: Option<String>,
    /// The `kid` under which the provider knows that key's public half.
    pub client_key_id: Option<String>,
    /// RFC 7662. With kind custom, opaque tokens are checked there.
    pub introspection_endpoint: Option<Endpoint>,
    /// OpenID Connect's userinfo. With kind custom, opaque tokens are checked there.
    pub userinfo_endpoint: Option<Endpoint>,
    /// What tells which client a token was issued to, where userinfo is not enough.
    pub binding_endpoint: Option<Endpoint>,
    /// Clients that tokens may have been issued to.
    pub client_ids: Option<Vec<String>>,
    /// Audiences, `aud`, that access tokens may be for.
    pub audiences: Option<Vec<String>>,
    /// `any_client` to accept tokens that were issued to any application.
    pub trust: Option<Trust>,
    /// cognito: accept tokens of this use alone; by default both.
    #[serde(default, deserialize_with = "one_or_more")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<TokenUse>"))]
    pub token_use: Option<Vec<TokenUse>>,
    /// The attribute that holds the Atlassian username, or a rule.
    pub username: Option<RawUsernameRule>,
    /// The claim that holds the groups.
    pub groups: Option<String>,
    /// Usernames for tokens without a user, by client id.
    pub machine_users: Option<BTreeMap<String, String>>,
    /// What other claims must be.
    pub require: Option<Vec<RawRequirement>>,
    /// How JWTs are verified: by their signature (`jwt`, the default), by their signature and the
    /// provider's word, or by the provider's word alone.
    pub verify: Option<Verify>,
    /// Routes, as in access rules, for which the provider's word is asked for; by default all.
    /// Needs API Gateway's cache to be off.
    pub online_for: Option<Vec<String>>,
    /// How long the provider's word about a token is used before it is asked again, in seconds: 1
    /// to 3600, by default 60. A revoked token is refused after that time at the latest.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 3600)))]
    pub recheck_seconds: Option<u64>,
    /// The longest time since a token was issued, in seconds.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub max_token_age_seconds: Option<u64>,
    /// Certificates of the authority that the provider's certificate is by, in PEM, in place of
    /// the public authorities.
    pub ca_certificates: Option<String>,
}

impl RawProvider {
    /// The fields that do not belong to every kind, and whether each is given.
    pub fn specific(&self) -> [(&'static str, bool); 23] {
        [
            ("user_pool_id", self.user_pool_id.is_some()),
            ("domain", self.domain.is_some()),
            ("tenant_id", self.tenant_id.is_some()),
            ("base_url", self.base_url.is_some()),
            ("realm", self.realm.is_some()),
            ("authorization_server", self.authorization_server.is_some()),
            ("hd", self.hd.is_some()),
            ("team_id", self.team_id.is_some()),
            ("issuer", self.issuer.is_some()),
            ("jwks_uri", self.jwks_uri.is_some()),
            ("jwks", self.jwks.is_some()),
            ("discovery", self.discovery.is_some()),
            ("algorithms", self.algorithms.is_some()),
            ("client_id", self.client_id.is_some()),
            ("client_secret", self.client_secret.is_some()),
            ("client_auth", self.client_auth.is_some()),
            ("private_key", self.private_key.is_some()),
            ("client_key_id", self.client_key_id.is_some()),
            (
                "introspection_endpoint",
                self.introspection_endpoint.is_some(),
            ),
            ("userinfo_endpoint", self.userinfo_endpoint.is_some()),
            ("binding_endpoint", self.binding_endpoint.is_some()),
            ("token_use", self.token_use.is_some()),
            // `online_for` is of use only together with it.
            ("verify", self.verify.is_some() || self.online_for.is_some()),
        ]
    }
}

/// The kinds and their names, each once.
macro_rules! kinds {
    ($($(#[$documentation:meta])* $kind:ident = $name:literal,)+) => {
        /// The kinds of provider.
        #[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum Kind {
            $($(#[$documentation])* #[serde(rename = $name)] $kind,)+
        }

        impl Kind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            /// The kind's name in the settings.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }
        }
    };
}

kinds! {
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

/// Cognito's `token_use`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TokenUse {
    /// An access token.
    Access,
    /// An id token.
    Id,
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

/// One rule about a claim: `claim` and one of the others.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawRequirement {
    /// The claim, or a path into nested ones.
    pub claim: Option<String>,
    /// The value that it must be.
    pub equals: Option<Value>,
    /// Values of which it must be one.
    pub one_of: Option<Vec<Value>>,
    /// A value that must be in it, an array or words separated by spaces.
    pub contains: Option<Value>,
}

/// `discovery`: true, false, or the URL of the document.
#[derive(Clone, Debug, PartialEq)]
pub enum Discovery {
    /// There is none.
    Off,
    /// At its usual place below the issuer.
    On,
    /// At this URL.
    At(Endpoint),
}

impl<'de> Deserialize<'de> for Discovery {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DiscoveryVisitor;

        impl Visitor<'_> for DiscoveryVisitor {
            type Value = Discovery;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("true, false, or the https URL of the discovery document")
            }

            fn visit_bool<E>(self, on: bool) -> Result<Discovery, E> {
                Ok(if on { Discovery::On } else { Discovery::Off })
            }

            fn visit_str<E: Error>(self, url: &str) -> Result<Discovery, E> {
                Endpoint::parse(url).map(Discovery::At).map_err(E::custom)
            }
        }

        deserializer.deserialize_any(DiscoveryVisitor)
    }
}

/// `username`: an attribute, or a rule.
#[derive(Clone, Debug, Default)]
pub struct RawUsernameRule {
    /// Where to look, in order; the first with a value decides.
    pub attributes: Option<Vec<String>>,
    /// Applied one after the other.
    pub transform: Option<Vec<RawTransform>>,
    /// Usernames by the value that the transforms give.
    pub map: Option<BTreeMap<String, String>>,
    /// A regular expression that the username must match from end to end.
    pub allow: Option<String>,
}

/// How attributes become a username.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawUsernameFields {
    /// Where to look, in order; the first with a value decides.
    attributes: Option<Vec<String>>,
    /// Applied one after the other.
    transform: Option<Vec<RawTransform>>,
    /// Usernames by the value that the transforms give; a value without an entry is refused.
    map: Option<BTreeMap<String, String>>,
    /// A regular expression that the username must match from end to end.
    allow: Option<String>,
}

/// One step from an attribute's value towards a username.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RawTransform {
    /// ASCII letters to lower case.
    Lowercase,
    /// ASCII letters to upper case.
    Uppercase,
    /// What stands before the one `@`.
    StripDomain,
    /// The one capture of an expression that must match from end to end.
    Regex(String),
}

impl<'de> Deserialize<'de> for RawUsernameRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct UsernameVisitor;

        impl<'de> Visitor<'de> for UsernameVisitor {
            type Value = RawUsernameRule;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(
                    "an attribute's name, or {\"attributes\": […], \"transform\": […], \"map\": {…}, \"allow\": \"…\"}",
                )
            }

            fn visit_str<E>(self, name: &str) -> Result<RawUsernameRule, E> {
                Ok(RawUsernameRule {
                    attributes: Some(vec![name.to_owned()]),
                    ..RawUsernameRule::default()
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawUsernameRule, A::Error> {
                let fields = RawUsernameFields::deserialize(MapAccessDeserializer::new(map))?;
                Ok(RawUsernameRule {
                    attributes: fields.attributes,
                    transform: fields.transform,
                    map: fields.map,
                    allow: fields.allow,
                })
            }
        }

        deserializer.deserialize_any(UsernameVisitor)
    }
}

fn one_or_more<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<TokenUse>>, D::Error> {
    TokenUse::deserialize(deserializer).map(|one| Some(vec![one]))
}
