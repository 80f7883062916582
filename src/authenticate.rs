//! From a credential to an identity. The only way to an [`Identity`].

pub(crate) mod claims;
mod jwt;

use std::sync::Arc;

use crate::credential::{Credential, Token};
use crate::error::{Denial, Refusal};
use crate::identity::Identity;
use crate::keys::cache::{FetchContext, KeyCache};
use crate::keys::{Candidates, KeyId, Thumbprint};
use crate::provider::Provider;

/// A provider and the key cache of one of its issuers.
#[derive(Clone, Copy)]
pub(crate) struct IssuerEntry<'a> {
    pub(crate) provider: &'a Provider,
    pub(crate) keys: &'a Arc<KeyCache>,
}

/// An identity, and the key that its verification rests on.
#[derive(Clone)]
pub(crate) struct Verdict {
    pub(crate) identity: Arc<Identity>,
    pub(crate) keys: Arc<KeyCache>,
    pub(crate) key_id: Option<KeyId>,
    pub(crate) thumbprint: Thumbprint,
}

/// Verifies a credential.
///
/// `issuer` finds the provider that an exact issuer belongs to. `tried` is told which provider
/// that is as soon as it is known, for the audit line of a refusal.
///
/// # Errors
///
/// A denial for the first thing that does not hold, or a fault when the keys can't be had.
pub(crate) async fn verify<'a>(
    credential: Credential<'_>,
    issuer: impl Fn(&str) -> Option<IssuerEntry<'a>>,
    context: FetchContext<'_>,
    tried: &mut Option<&'a Provider>,
) -> Result<Verdict, Refusal> {
    match credential {
        Credential::Bearer(token) => verify_jwt(token, issuer, context, tried).await,
        Credential::Basic => Err(Denial::BasicDenied.into()),
    }
}

async fn verify_jwt<'a>(
    token: Token<'_>,
    issuer: impl Fn(&str) -> Option<IssuerEntry<'a>>,
    context: FetchContext<'_>,
    tried: &mut Option<&'a Provider>,
) -> Result<Verdict, Refusal> {
    let unverified_jwt = jwt::UnverifiedJwt::parse(token)?;
    let entry = unverified_jwt
        .unverified_issuer()
        .and_then(issuer)
        .ok_or(Denial::IssuerUnknown)?;
    *tried = Some(entry.provider);
    let algorithm = unverified_jwt.unverified_algorithm;
    if !entry.provider.algorithms.contains(&algorithm) {
        return Err(Denial::AlgorithmNotAllowed.into());
    }

    let key_id = unverified_jwt.unverified_key_id.clone();
    let keys = entry.keys.keys(key_id.as_ref(), context).await?;
    let key = match keys.candidates(key_id.as_ref(), algorithm) {
        Candidates::One(key) => key,
        Candidates::Unknown => return Err(Denial::KeyUnknown.into()),
        Candidates::NotAllowed => return Err(Denial::AlgorithmNotAllowed.into()),
        Candidates::Ambiguous => return Err(Denial::KeyIdMissing.into()),
    };
    let signed_claims = unverified_jwt.verify(key)?;
    let identity = signed_claims.identify(entry.provider, context.clock.now())?;
    Ok(Verdict {
        identity: Arc::new(identity),
        keys: Arc::clone(entry.keys),
        key_id,
        thumbprint: key.thumbprint(),
    })
}
