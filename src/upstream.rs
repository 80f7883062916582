//! How Atlassian learns who is calling.
//!
//! What a product is sent rests on the verified [`crate::identity::Identity`] and the settings alone.
//! It goes into the answer's context, from where API Gateway's mappings take it.

mod assertion;
mod credential;
mod impersonation;
pub mod oauth1;
mod per_user;

use std::borrow::Cow;

use crate::access::{Product, is_match};
use crate::error::{Fault, Forbidden};
use crate::event::Request;
use crate::keys::cache::FetchContext;
use crate::settings::Secrets;
use crate::settings::document::{RawUpstream, UpstreamMode};
use crate::settings::problem::Report;
use crate::settings::source::Source;
use crate::username::Username;
use assertion::Assertion;
use credential::header;
use impersonation::OAuth1;
use per_user::PerUser;
pub(crate) use per_user::{Users, users};

/// A product's way of learning who is calling.
#[derive(Clone, Debug, Default)]
pub(crate) enum Upstream {
    /// None: the username is in the context alone.
    #[default]
    None,
    /// The credential of one service user for everyone.
    Fixed(crate::secret::Secret),
    /// Each user's own credential.
    PerUser(PerUser),
    /// A signature over each request, that names the user.
    OAuth1(OAuth1),
    /// A signed statement about the user.
    Assertion(Assertion),
}

/// What Atlassian is sent about a caller.
#[derive(Default)]
pub(crate) struct Word<'u> {
    /// The value of `Authorization`; `None` sends none.
    pub(crate) authorization: Option<Cow<'u, str>>,
    /// The query parameter of that name.
    pub(crate) xoauth_requestor_id: Option<&'u str>,
}

/// What is needed to find a word.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    pub(crate) request: &'a Request<'a>,
    pub(crate) product: &'a Product,
    /// How long API Gateway uses an answer again; `None` where nobody has said.
    pub(crate) cache_seconds: Option<u32>,
    pub(crate) store: &'a Source,
    pub(crate) users: &'a Users,
    pub(crate) fetch: FetchContext<'a>,
}

impl Upstream {
    /// Reads a product's `upstream`; what is wrong goes to the report.
    pub(crate) fn resolve(raw: RawUpstream, secrets: &Secrets, report: &mut Report<'_>) -> Self {
        let Some(mode) = raw.mode else {
            report.wrong(
                "upstream.mode",
                "is missing; expected `none`, `fixed`, `per_user`, `oauth1` or `assertion`",
            );
            return Self::None;
        };
        let (name, takes): (_, &[&str]) = match mode {
            UpstreamMode::None => ("none", &[]),
            UpstreamMode::Fixed => ("fixed", &["scheme", "secret"]),
            UpstreamMode::PerUser => ("per_user", &["scheme", "recheck_seconds"]),
            UpstreamMode::OAuth1 => (
                "oauth1",
                &[
                    "private_key",
                    "consumer_key",
                    "base_url",
                    "never_impersonate",
                ],
            ),
            UpstreamMode::Assertion => (
                "assertion",
                &["private_key", "issuer", "audience", "never_impersonate"],
            ),
        };
        for (field, given) in raw.fields() {
            if given && !takes.contains(&field) {
                report.wrong(
                    &format!("upstream.{field}"),
                    &format!("does not belong to mode `{name}`"),
                );
            }
        }
        let resolved = match mode {
            UpstreamMode::None => Some(Self::None),
            UpstreamMode::Fixed => fixed(&raw, secrets, report).map(Self::Fixed),
            UpstreamMode::PerUser => Some(Self::PerUser(PerUser::resolve(&raw, report))),
            UpstreamMode::OAuth1 => OAuth1::resolve(raw, secrets, report).map(Self::OAuth1),
            UpstreamMode::Assertion => {
                Assertion::resolve(raw, secrets, report).map(Self::Assertion)
            }
        };
        resolved.unwrap_or_default()
    }

    /// Whether what is sent is right for one request alone, so that no answer may be used again.
    pub(crate) const fn is_for_one_request(&self) -> bool {
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
    #[cfg(feature = "cli")]
    pub(crate) const fn mode(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Fixed(_) => "fixed",
            Self::PerUser(_) => "per_user",
            Self::OAuth1(_) => "oauth1",
            Self::Assertion(_) => "assertion",
        }
    }

    /// Whether it makes callers other users, and no user is kept out of that.
    #[cfg(feature = "cli")]
    pub(crate) fn impersonates_anyone(&self) -> bool {
        match self {
            Self::OAuth1(oauth1) => oauth1.never_impersonate().0.is_empty(),
            Self::Assertion(assertion) => assertion.never_impersonate().0.is_empty(),
            _ => false,
        }
    }

    /// The keys that verify what is sent, as a JWK Set; `None` where nothing is to be verified.
    #[cfg(feature = "cli")]
    pub(crate) fn jwks(&self) -> Option<serde_json::Value> {
        match self {
            Self::Assertion(about) => Some(serde_json::json!({"keys": [about.jwk()]})),
            _ => None,
        }
    }

    /// Whether the product would take a query parameter of this name for a user, a password or a
    /// part of a signature.
    pub(crate) fn is_identity_parameter(&self, name: &str) -> bool {
        oauth1::is_reserved(name, self.is_for_one_request())
    }

    /// What to send for a verified caller, or why the caller may not go on.
    ///
    /// # Errors
    ///
    /// A fault where the store of users' credentials can't be read, or nothing can be signed.
    pub(crate) async fn word<'u>(
        &'u self,
        username: &'u Username,
        around: Around<'_>,
    ) -> Result<Result<Word<'u>, Forbidden>, Fault> {
        let authorization = match self {
            Self::None => return Ok(Ok(Word::default())),
            Self::Fixed(header) => Cow::Borrowed(header.reveal()),
            // On the heap, where it adds nothing to the future of every event.
            Self::PerUser(own) => match Box::pin(own.header(username, around)).await? {
                Some(header) => Cow::Owned(header),
                None => return Ok(Err(Forbidden::UserCredentialMissing)),
            },
            Self::OAuth1(signer) => {
                return Ok(signer.sign(username, around)?.map(|authorization| Word {
                    authorization: Some(Cow::Owned(authorization)),
                    xoauth_requestor_id: Some(username.as_str()),
                }));
            }
            Self::Assertion(about) => match about.header(username, around)? {
                Ok(header) => Cow::Owned(header),
                Err(forbidden) => return Ok(Err(forbidden)),
            },
        };
        Ok(Ok(Word {
            authorization: Some(authorization),
            xoauth_requestor_id: None,
        }))
    }
}

fn fixed(
    raw: &RawUpstream,
    secrets: &Secrets,
    report: &mut Report<'_>,
) -> Option<crate::secret::Secret> {
    let scheme = raw.scheme.unwrap_or_default();
    let secret = report.secret(secrets, raw.secret.as_ref(), "upstream.secret")?;
    let header = header(scheme, secret.reveal());
    if header.is_none() {
        report.wrong("upstream.secret", credential::expected(scheme));
    }
    header.map(|header| crate::secret::Secret::new(&header))
}

/// Users that nobody is ever made.
#[derive(Clone, Debug, Default)]
struct NeverImpersonate(Vec<String>);

impl NeverImpersonate {
    fn resolve(users: Option<Vec<String>>, report: &mut Report<'_>) -> Self {
        let users = users.unwrap_or_default();
        let plain = |user: &String| {
            user.bytes()
                .all(|byte| matches!(byte, b' '..=b'~' if byte != b'?'))
        };
        if !users.iter().all(plain) {
            report.wrong(
                "upstream.never_impersonate",
                "expected user names of printable ASCII, with `*` for any characters and without `?`",
            );
        }
        Self(users.iter().map(|user| user.to_ascii_lowercase()).collect())
    }

    fn contains(&self, username: &Username) -> bool {
        // Atlassian tells no capital letters from small ones in user names.
        let username = username.as_str().to_ascii_lowercase();
        self.0
            .iter()
            .any(|user| is_match(user.as_bytes(), username.as_bytes()))
    }
}
