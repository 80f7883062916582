//! Who is calling, after everything has been verified.

use crate::authenticate::claims::SignedClaims;
use crate::clock::SinceEpoch;
use crate::settings::ProviderId;
use crate::username::Username;

/// A verified caller.
///
/// It can only be made from signed claims, and those only from a token whose signature held.
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
    /// The token's id (`jti`).
    pub token_id: Option<String>,
    /// When the verification lapses.
    pub valid_until: SinceEpoch,
    _verified: Verified,
}

/// How a caller authenticated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum AuthMethod {
    /// A JWT that we verified ourselves.
    Jwt,
}

impl AuthMethod {
    /// The name of the method in context and audit line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jwt => "jwt",
        }
    }
}

/// Keeps other modules from writing an [`Identity`] down.
#[derive(Clone, Copy, Debug)]
struct Verified;

/// What the claims rules found out about a token.
pub(crate) struct Subject {
    pub(crate) provider: ProviderId,
    pub(crate) username: Username,
    pub(crate) client_id: Option<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) valid_until: SinceEpoch,
}

impl Identity {
    /// The identity that signed claims give, after the claims rules.
    pub(crate) fn from_signed(claims: &SignedClaims, subject: Subject) -> Self {
        Self {
            provider: subject.provider,
            auth_method: AuthMethod::Jwt,
            principal: claims.text("sub").unwrap_or_default().to_owned(),
            username: subject.username,
            client_id: subject.client_id,
            scopes: claims.scopes(),
            groups: subject.groups,
            token_id: claims.text("jti").map(str::to_owned),
            valid_until: subject.valid_until,
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
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }
}
