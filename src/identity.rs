//! Who is calling, after everything has been verified.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::authenticate::claims::VerifiedClaims;
use crate::clock::SinceEpoch;
use crate::settings::ProviderId;
use crate::username::Username;

/// A verified caller.
///
/// It can only be made from claims that hold, by a signature or by the provider's own word, or from
/// the record of an API token whose secret was shown.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The provider that vouched for the caller.
    pub provider: ProviderId,
    /// How the caller authenticated.
    pub auth_method: AuthMethod,
    /// The provider's own name of the subject (`sub`).
    pub principal: String,
    /// The Atlassian user.
    pub username: Username,
    /// The client that the token was issued to.
    pub client_id: Option<String>,
    /// OAuth 2.0 scopes.
    pub scopes: Vec<String>,
    /// The caller's groups.
    pub groups: Vec<String>,
    /// Whether the caller may be in groups that are not named here, as the token says nothing of
    /// groups or leaves some out for their number.
    pub groups_incomplete: bool,
    /// The token's id (`jti`).
    pub token_id: Option<String>,
    /// When the verification lapses.
    pub valid_until: SinceEpoch,
    /// What the credential itself may not do, whatever the access rules say.
    pub limits: Limits,
    _verified: Verified,
}

/// How a caller authenticated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum AuthMethod {
    /// A JWT that we verified ourselves.
    Jwt,
    /// The provider was asked about the token.
    Introspection,
    /// The provider was asked about the token's user.
    Userinfo,
    /// A token that we issued.
    ApiToken,
}

/// Limits of an API token. The default limits nothing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Limits {
    /// Only routes that read.
    pub read_only: bool,
    /// Only these products, if there are any.
    pub products: Vec<String>,
    /// Only from these networks, if there are any.
    pub source_cidrs: Vec<IpNet>,
}

impl Limits {
    /// Whether the credential may be used in a product.
    pub fn allow_product(&self, id: &str) -> bool {
        self.products.is_empty() || self.products.iter().any(|product| product == id)
    }

    /// Whether the credential may be used from an address, as API Gateway tells it.
    pub fn allow_source(&self, address: Option<&str>) -> bool {
        let address = address.and_then(|address| address.parse::<IpAddr>().ok());
        // An IPv4 address may be written as an IPv6 one.
        let address = address.map(|address| address.to_canonical());
        self.source_cidrs.is_empty()
            || address
                .is_some_and(|address| self.source_cidrs.iter().any(|net| net.contains(&address)))
    }
}

impl AuthMethod {
    /// The name of the method in context and audit line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jwt => "jwt",
            Self::Introspection => "introspection",
            Self::Userinfo => "userinfo",
            Self::ApiToken => "api_token",
        }
    }
}

/// Keeps other modules from writing an [`Identity`] down.
#[derive(Clone, Copy, Debug)]
struct Verified;

/// What the claims rules found out about a token.
pub(crate) struct Subject {
    pub(crate) provider: ProviderId,
    pub(crate) principal: String,
    pub(crate) username: Username,
    pub(crate) client_id: Option<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) groups_incomplete: bool,
    pub(crate) valid_until: SinceEpoch,
}

/// What the record of an API token says.
pub(crate) struct ApiTokenSubject {
    pub(crate) provider: ProviderId,
    pub(crate) id: String,
    pub(crate) username: Username,
    pub(crate) scopes: Vec<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) groups_incomplete: bool,
    pub(crate) valid_until: SinceEpoch,
    pub(crate) limits: Limits,
}

impl Identity {
    /// The identity that verified claims give, after the claims rules.
    pub(crate) fn from_verified(claims: &VerifiedClaims, subject: Subject) -> Self {
        Self {
            provider: subject.provider,
            auth_method: claims.auth_method(),
            principal: subject.principal,
            username: subject.username,
            client_id: subject.client_id,
            scopes: claims.scopes(),
            groups: subject.groups,
            groups_incomplete: subject.groups_incomplete,
            token_id: claims.text("jti").map(str::to_owned),
            valid_until: subject.valid_until,
            limits: Limits::default(),
            _verified: Verified,
        }
    }

    /// The identity that the record of an API token gives, after its rules.
    pub(crate) fn from_api_token(token: ApiTokenSubject) -> Self {
        Self {
            provider: token.provider,
            auth_method: AuthMethod::ApiToken,
            principal: token.username.as_str().to_owned(),
            username: token.username,
            client_id: None,
            scopes: token.scopes,
            groups: token.groups,
            groups_incomplete: token.groups_incomplete,
            token_id: Some(token.id),
            valid_until: token.valid_until,
            limits: token.limits,
            _verified: Verified,
        }
    }

    /// Roughly how many bytes the identity holds on to.
    pub(crate) fn weight(&self) -> usize {
        let list = |items: &[String]| {
            items
                .iter()
                .map(|item| item.len().saturating_add(size_of::<String>()))
                .fold(0, usize::saturating_add)
        };
        let text = |item: &Option<String>| item.as_ref().map_or(0, String::len);
        [
            size_of::<Self>(),
            self.principal.len(),
            self.username.as_str().len(),
            text(&self.client_id),
            text(&self.token_id),
            list(&self.scopes),
            list(&self.groups),
            list(&self.limits.products),
            self.limits
                .source_cidrs
                .len()
                .saturating_mul(size_of::<IpNet>()),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }
}
