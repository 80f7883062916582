//! JWTs: by a key of their issuer, and where the settings say so by the provider's answer too.

use std::sync::Arc;

use super::claim_rules::{Proof, VerifiedClaims};
use super::jwt::{UnverifiedJwt, unverified_issuer};
use super::{Context, Failure, Terms, Verdict, VerifyingKey, inspect, needs_inspection, opaque};
use crate::credential::Token;
use crate::error::{Denial, Fault};
use crate::identity::Sender;
use crate::keys::Candidates;
use crate::keys::cache::KeyCache;
use crate::provider::{Issued, Provider, ProviderIndex};

/// Verifies a JWT.
///
/// # Errors
///
/// A denial for the first thing that does not hold, or a fault when keys or provider can't be
/// reached.
pub(super) async fn verify(token: &Token<'_>, cx: Context<'_>) -> Result<Verdict, Failure> {
    let unverified_jwt = UnverifiedJwt::parse(token).map_err(|denial| {
        let unverified_issuer = unverified_issuer(token);
        Failure::from(denial).by(|| Sender::unverified(&unverified_issuer?))
    })?;
    let unverified_issuer = unverified_jwt.unverified_issuer();
    let Issued {
        issuer,
        index,
        provider,
        keys,
    } = unverified_issuer
        .and_then(|issuer| cx.registry.issuer(issuer))
        .ok_or_else(|| {
            let sender = || Sender::unverified(unverified_issuer?);
            Failure::from(Denial::IssuerUnknown).by(sender)
        })?;
    let verdict = match provider.refuses_unverified(unverified_jwt.unverified_audience()) {
        Some(denial) => Err(denial.into()),
        None => match keys {
            Some(keys) => by_key(index, provider, keys, unverified_jwt, token, cx).await,
            None => by_provider(index, provider, &unverified_jwt, token, cx).await,
        },
    };
    verdict.map_err(|failure| failure.at(index).by(|| Sender::unverified(issuer)))
}

/// Its signature is for the provider alone to judge.
async fn by_provider(
    index: ProviderIndex,
    provider: &Provider,
    unverified_jwt: &UnverifiedJwt<'_>,
    token: &Token<'_>,
    cx: Context<'_>,
) -> Result<Verdict, Failure> {
    if !unverified_jwt.has_signature() {
        return Err(Denial::SignatureInvalid.into());
    }
    let way = provider
        .opaque
        .as_ref()
        .ok_or(Fault::ProviderMisconfigured)?;
    let status = inspect(
        index,
        way,
        token,
        Terms::unsigned(provider.request_timeout()),
        cx,
    )
    .await
    .map_err(|fault| Failure::from(fault).asked())?;
    opaque::by_answer(index, way.as_ref(), token, status, cx).map_err(Failure::asked)
}

async fn by_key(
    index: ProviderIndex,
    provider: &Provider,
    cache: &Arc<KeyCache>,
    unverified_jwt: UnverifiedJwt<'_>,
    token: &Token<'_>,
    cx: Context<'_>,
) -> Result<Verdict, Failure> {
    if !provider.accepts_type(unverified_jwt.unverified_type().as_deref()) {
        return Err(Denial::TokenTypeUnsupported.into());
    }
    let algorithm = unverified_jwt.unverified_algorithm();
    let algorithm = algorithm.filter(|one| provider.algorithms.contains(one));
    let algorithm = algorithm.ok_or(Denial::AlgorithmNotAllowed)?;
    let hint = unverified_jwt.unverified_hint.clone();
    let keys = cache.keys(&hint, cx.fetch).await?;
    let issuer = unverified_jwt.unverified_issuer().unwrap_or_default();
    let candidates = match keys.candidates(&hint, algorithm, issuer) {
        Candidates::Fitting(keys) => keys,
        Candidates::Unknown => return Err(Denial::KeyUnknown.into()),
        Candidates::NotAllowed => return Err(Denial::AlgorithmNotAllowed.into()),
        Candidates::Ambiguous => return Err(Denial::KeyIdMissing.into()),
    };
    let (claims, key) = unverified_jwt.verify(algorithm, candidates.keys())?;
    let claims = VerifiedClaims {
        claims,
        proof: Proof::Signature,
    };
    let key = VerifyingKey {
        keys: Arc::clone(cache),
        hint,
        thumbprint: key.thumbprint(),
    };
    match &provider.online {
        Some(_) if needs_inspection(provider, cx.route) => {
            Box::pin(with_answer(index, provider, claims, key, token, cx)).await
        }
        _ => {
            let now = cx.fetch.clock.now();
            let identity = claims.identify(provider, cx.revoked, now);
            let identity = identity.map_err(|denial| claims.refused(denial, provider))?;
            Ok(Verdict {
                identity: Arc::new(identity),
                key: Some(key),
                provider: Some(index),
                answer_until: None,
            })
        }
    }
}

/// The provider is asked about a token whose signature holds, too.
async fn with_answer(
    index: ProviderIndex,
    provider: &Provider,
    mut claims: VerifiedClaims,
    key: VerifyingKey,
    token: &Token<'_>,
    cx: Context<'_>,
) -> Result<Verdict, Failure> {
    let way = provider
        .online
        .as_ref()
        .ok_or(Fault::ProviderMisconfigured)?;
    let now = cx.fetch.clock.now();
    // What can be refused without the provider is.
    let checked = claims
        .check_times(provider, now)
        .and_then(|_| claims.check_token_use(provider))
        .and_then(|token_use| claims.check_audience(provider, token_use))
        .and_then(|_| claims.claims.subject(false));
    let subject = checked.map_err(|denial| claims.refused(denial, provider))?;
    let terms = Terms::signed(subject.as_deref(), provider.request_timeout());
    let status = inspect(index, way, token, terms, cx)
        .await
        .map_err(|fault| claims.refused(fault, provider).asked())?;
    let identity = status
        .claims()
        .and_then(|answer| claims.claims.add(answer))
        .and_then(|()| claims.identify(provider, cx.revoked, now))
        .map_err(|denial| claims.refused(denial, provider).asked())?;
    Ok(Verdict {
        identity: Arc::new(identity),
        key: Some(key),
        provider: Some(index),
        answer_until: Some(now.saturating_add(provider.recheck)),
    })
}
