//! How Atlassian learns who is calling.
//!
//! What a product is sent depends only on the verified [`crate::identity::Identity`] and the
//! settings. It goes into the answer's context, from where API Gateway's mappings take it.

mod assertion;
mod credential;
mod document;
mod fixed;
mod identity_parameters;
mod oauth1;
mod per_user;

use std::borrow::Cow;

use crate::document::UpstreamMode;
use crate::document::problem::Report;
use crate::error::Refusal;
use crate::event::Request;
use crate::http::FetchContext;
use crate::secret::Secret;
use crate::store::Source;
use crate::username::{Username, folded, is_hidden};
use crate::wildcard::is_match;
pub use assertion::Assertion;
pub(crate) use document::UpstreamDocument;
use identity_parameters::{Company, is_identity_parameter_name};
pub use oauth1::OAuth1;
pub use oauth1::signer::{Moment, SignError, Signer, SignerError};
pub use per_user::{PerUser, UserCredentials, user_credentials};

/// A product's way of learning who is calling.
#[derive(Clone, Debug, Default)]
pub enum Upstream {
    /// None: the username is in the context alone.
    #[default]
    None,
    /// The credential of one service user for everyone.
    Fixed(Secret),
    /// Each user's own credential.
    PerUser(PerUser),
    /// A signature over each request, that names the user.
    OAuth1(OAuth1),
    /// A signed statement about the user.
    Assertion(Assertion),
}

/// What Atlassian is sent about a caller.
#[derive(Default)]
pub struct UpstreamAuth<'u> {
    /// The value of `Authorization`; `None` sends none.
    pub authorization: Option<Cow<'u, str>>,
    /// The query parameter of that name.
    pub xoauth_requestor_id: Option<&'u str>,
}

/// The request that something is sent with, and what it takes to find out what.
#[derive(Clone, Copy)]
pub struct RequestContext<'c> {
    /// The request.
    pub request: &'c Request<'c>,
    /// The product's name in the settings.
    pub product: &'c str,
    /// The product's path in the API, without a slash at the end.
    pub path: &'c str,
    /// How long API Gateway uses an answer again; `None` where nobody has said.
    pub cache_seconds: Option<u32>,
    /// Where users' credentials are.
    pub store: &'c Source,
    /// Users' credentials seen before.
    pub users: &'c UserCredentials,
    /// What outgoing requests need.
    pub fetch: FetchContext<'c>,
}

impl Upstream {
    /// Whether what is sent is right for one request alone, so that no answer may be used again.
    pub const fn is_for_one_request(&self) -> bool {
        matches!(self, Self::OAuth1(_))
    }

    pub(crate) const fn is_per_user(&self) -> bool {
        matches!(self, Self::PerUser(_))
    }

    /// Takes of users' credentials only those that are stored for one product by name.
    pub(crate) fn demand_credentials_by_product(&mut self) {
        if let Self::PerUser(own) = self {
            own.by_product_alone = true;
        }
    }

    /// The name of the mode in the settings.
    pub const fn mode(&self) -> &'static str {
        let mode = match self {
            Self::None => UpstreamMode::None,
            Self::Fixed(_) => UpstreamMode::Fixed,
            Self::PerUser(_) => UpstreamMode::PerUser,
            Self::OAuth1(_) => UpstreamMode::OAuth1,
            Self::Assertion(_) => UpstreamMode::Assertion,
        };
        mode.as_str()
    }

    /// Whether it makes callers other users, and no user is kept out of that.
    pub fn impersonates_anyone(&self) -> bool {
        match self {
            Self::OAuth1(oauth1) => oauth1.never_impersonate().0.is_empty(),
            Self::Assertion(assertion) => assertion.never_impersonate().0.is_empty(),
            _ => false,
        }
    }

    /// The keys that verify what is sent, as a JWK Set; `None` where nothing is to be verified.
    pub fn jwks(&self) -> Option<serde_json::Value> {
        match self {
            Self::Assertion(about) => Some(serde_json::json!({"keys": [about.jwk()]})),
            _ => None,
        }
    }

    /// Whether the product would take a query parameter of this name for a user, a password or a
    /// part of a signature.
    pub(crate) fn is_identity_parameter(&self, name: &str) -> bool {
        let company = match self {
            Self::None => Company::Nothing,
            Self::Fixed(_) | Self::PerUser(_) | Self::Assertion(_) => Company::Credential,
            Self::OAuth1(_) => Company::Signature,
        };
        is_identity_parameter_name(name, company)
    }

    /// What to send for a verified caller.
    ///
    /// # Errors
    ///
    /// Why the caller may not go on, or a fault where the store of users' credentials can't be read,
    /// or nothing can be signed.
    pub async fn credential<'u>(
        &'u self,
        username: &'u Username,
        cx: RequestContext<'_>,
    ) -> Result<UpstreamAuth<'u>, Refusal> {
        let authorization = match self {
            Self::None => return Ok(UpstreamAuth::default()),
            Self::Fixed(header) => Cow::Borrowed(header.expose_secret()),
            // On the heap, where it adds nothing to the future of every event.
            Self::PerUser(own) => Cow::Owned(Box::pin(own.header(username, cx)).await?),
            Self::OAuth1(signer) => {
                return Ok(UpstreamAuth {
                    authorization: Some(Cow::Owned(signer.sign(username, cx)?)),
                    xoauth_requestor_id: Some(username.as_str()),
                });
            }
            Self::Assertion(about) => Cow::Owned(about.header(username, cx)?),
        };
        Ok(UpstreamAuth {
            authorization: Some(authorization),
            xoauth_requestor_id: None,
        })
    }
}

/// Users that nobody is ever made.
#[derive(Clone, Debug, Default)]
struct NeverImpersonate(Vec<String>);

impl NeverImpersonate {
    fn resolve(users: Option<Vec<String>>, report: &mut Report<'_>) -> Self {
        let users = users.unwrap_or_default();
        let plain = |user: &String| !user.contains(|one| one == '?' || is_hidden(one));
        if !users.iter().all(plain) {
            report.wrong(
                "upstream.never_impersonate",
                "expected user names of visible characters, with `*` for any characters and without `?`",
            );
        }
        Self(users.iter().map(|user| folded(user).into_owned()).collect())
    }

    fn contains(&self, username: &Username) -> bool {
        // Atlassian tells no capital letters from small ones in user names.
        let username = folded(username.as_str());
        self.0
            .iter()
            .any(|user| is_match(user.as_bytes(), username.as_bytes()))
    }
}
