//! From a credential to an identity. The only way to an [`Identity`].

pub(crate) mod api_token;
pub(crate) mod basic;
pub(crate) mod claims;
pub(crate) mod introspection;
mod jwt;
pub(crate) mod online;
pub(crate) mod rules;
pub(crate) mod userinfo;

use std::sync::Arc;
use std::time::Duration;

use crate::clock::SinceEpoch;
use crate::credential::{Form, Token};
use crate::error::{Denial, Fault, Refusal};
use crate::http::REQUEST_TIMEOUT;
use crate::identity::Identity;
use crate::keys::cache::{FetchContext, KeyCache};
use crate::keys::{Candidates, KeyId, Thumbprint};
use crate::provider::{Provider, Vendor};
use crate::settings::store::Loaded;
use claims::{Proof, VerifiedClaims};
use online::{Check, Word};

/// An identity, and what its verification rests on.
#[derive(Clone)]
pub(crate) struct Verdict {
    pub(crate) identity: Arc<Identity>,
    /// The key that verified its token.
    pub(crate) key: Option<ByKey>,
    /// The place of its provider in the settings; `None` for our own tokens.
    pub(crate) provider: Option<usize>,
    /// Until when the provider's word about a signed token holds; `None` where it was not asked.
    pub(crate) word_until: Option<SinceEpoch>,
}

/// A key in a cache.
#[derive(Clone)]
pub(crate) struct ByKey {
    pub(crate) keys: Arc<KeyCache>,
    pub(crate) key_id: Option<KeyId>,
    pub(crate) thumbprint: Thumbprint,
}

/// What verification needs from its surroundings.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'s> {
    pub(crate) loaded: &'s Loaded,
    pub(crate) fetch: FetchContext<'s>,
    /// What API Gateway matches of the request, below the stage, and the place of its product.
    pub(crate) route: (&'s str, Option<usize>),
}

/// What is known of a verification that failed.
#[derive(Default)]
pub(crate) struct Trace {
    /// The place of the provider that refused or failed, for the audit line.
    pub(crate) provider: Option<usize>,
    /// Whether a provider was asked, so that the answer is worth keeping.
    pub(crate) asked: bool,
}

/// Verifies a bearer token that is none of ours.
///
/// `trace` is told which provider is tried as soon as it is known.
///
/// # Errors
///
/// A denial for the first thing that does not hold, or a fault when keys or provider can't be
/// reached.
pub(crate) async fn verify(
    token: &Token<'_>,
    around: Surroundings<'_>,
    trace: &mut Trace,
) -> Result<Verdict, Refusal> {
    match token.form() {
        Form::Jwt => verify_jwt(token, around, trace).await,
        Form::Opaque(vendor) => verify_opaque(token, vendor, around, trace).await,
        Form::NeverBound => Err(Denial::TokenTypeUnsupported.into()),
        Form::ApiToken => Err(Denial::ApiTokensDisabled.into()),
    }
}

async fn verify_jwt(
    token: &Token<'_>,
    around: Surroundings<'_>,
    trace: &mut Trace,
) -> Result<Verdict, Refusal> {
    let unverified_jwt = jwt::UnverifiedJwt::parse(token)?;
    let entry = unverified_jwt
        .unverified_issuer()
        .and_then(|issuer| around.loaded.issuer(issuer))
        .ok_or(Denial::IssuerUnknown)?;
    let provider = entry.provider;
    trace.provider = Some(entry.index);
    if let Some(denial) = provider.refuses_unverified(unverified_jwt.unverified_audience()) {
        return Err(denial.into());
    }
    let Some(cache) = entry.keys else {
        // Its signature is for the provider alone to judge.
        if !unverified_jwt.has_signature() {
            return Err(Denial::SignatureInvalid.into());
        }
        let check = provider
            .opaque
            .as_ref()
            .ok_or(Fault::ProviderMisconfigured)?;
        let word = ask(
            entry.index,
            check,
            token,
            around,
            trace,
            REQUEST_TIMEOUT,
            false,
        )
        .await?;
        return by_word(entry.index, check, token, word, around);
    };
    let algorithm = unverified_jwt.unverified_algorithm;
    if !provider.algorithms.contains(&algorithm) {
        return Err(Denial::AlgorithmNotAllowed.into());
    }

    let key_id = unverified_jwt.unverified_key_id.clone();
    let keys = cache.keys(key_id.as_ref(), around.fetch).await?;
    let key = match keys.candidates(key_id.as_ref(), algorithm) {
        Candidates::One(key) => key,
        Candidates::Unknown => return Err(Denial::KeyUnknown.into()),
        Candidates::NotAllowed => return Err(Denial::AlgorithmNotAllowed.into()),
        Candidates::Ambiguous => return Err(Denial::KeyIdMissing.into()),
    };
    let mut claims = unverified_jwt.verify(key)?;
    let now = around.fetch.clock.now();
    let mut word_until = None;
    if let Some(check) = &provider.online
        && needs_word(provider, around.route)
    {
        // What can be refused without the provider is.
        claims.check_times(provider, now)?;
        claims.check_audience(provider, claims.check_token_use(provider)?)?;
        let word = ask(
            entry.index,
            check,
            token,
            around,
            trace,
            REQUEST_TIMEOUT,
            true,
        )
        .await?;
        claims.add(word.claims()?)?;
        word_until = Some(now.saturating_add(provider.recheck));
    }
    let identity = claims.identify(provider, &around.loaded.settings.revoked, now)?;
    Ok(Verdict {
        identity: Arc::new(identity),
        key: Some(ByKey {
            keys: Arc::clone(cache),
            key_id,
            thumbprint: key.thumbprint(),
        }),
        provider: Some(entry.index),
        word_until,
    })
}

/// Asks the providers of such tokens one after the other. One that fails does not keep the next
/// from being asked; if none knows the token then, nobody can say that it is no good.
async fn verify_opaque(
    token: &Token<'_>,
    vendor: Option<Vendor>,
    around: Surroundings<'_>,
    trace: &mut Trace,
) -> Result<Verdict, Refusal> {
    let candidates = candidates(&around.loaded.settings.providers, vendor)?;
    let mut failed = None;
    for (place, (index, check)) in candidates.iter().enumerate() {
        // A slow one leaves those after it their share of the time.
        let left = u32::try_from(candidates.len().saturating_sub(place)).unwrap_or(u32::MAX);
        let share = around.fetch.deadline.left(Duration::MAX).checked_div(left);
        let word = ask(
            *index,
            check,
            token,
            around,
            trace,
            share.unwrap_or_default(),
            false,
        )
        .await;
        trace.provider = Some(*index);
        match word {
            Ok(Word::NotMine) => around.loaded.settle(*index, token, false),
            Ok(word) => return by_word(*index, check, token, word, around),
            Err(fault) => failed = failed.or(Some((fault, *index))),
        }
    }
    trace.provider = failed.map(|(_, index)| index);
    match failed {
        None => Err(Denial::TokenInactive.into()),
        Some((fault, _)) => Err(fault.into()),
    }
}

/// Whom an opaque token may be shown, by their places in the settings.
///
/// # Errors
///
/// [`Denial::IssuerUnknown`] for a token of a vendor that no provider is of, and
/// [`Denial::TokenMalformed`] where no provider takes opaque tokens.
fn candidates(
    providers: &[Provider],
    vendor: Option<Vendor>,
) -> Result<Vec<(usize, &Check)>, Denial> {
    let find = |wanted: &dyn Fn(&Provider) -> bool| -> Vec<(usize, &Check)> {
        let wanted = providers.iter().enumerate().filter(|(_, one)| wanted(one));
        wanted
            .filter_map(|(index, one)| Some((index, one.opaque.as_ref()?)))
            .collect()
    };
    let of_vendor = find(&|one| vendor.is_some() && one.vendor == vendor);
    if !of_vendor.is_empty() {
        return Ok(of_vendor);
    }
    if vendor.is_some_and(Vendor::prefix_is_unmistakable) {
        return Err(Denial::IssuerUnknown);
    }
    let others = find(&|one| !one.vendor.is_some_and(Vendor::always_has_prefix));
    if others.is_empty() {
        return Err(Denial::TokenMalformed);
    }
    Ok(others)
}

async fn ask(
    index: usize,
    check: &Check,
    token: &Token<'_>,
    around: Surroundings<'_>,
    trace: &mut Trace,
    allowed: Duration,
    signed: bool,
) -> Result<Word, Fault> {
    let (provider, line) = around
        .loaded
        .line(index)
        .ok_or(Fault::ProviderMisconfigured)?;
    trace.asked = true;
    // On the heap: most events ask nothing, and need not carry room for it.
    let question = line.ask(provider, check, token, around.fetch, allowed, signed);
    let mut word = Box::pin(question).await?;
    // Some servers name a token by itself; its id goes into the audit line.
    if let Word::Claims(claims) = &mut word
        && claims.get("jti").is_some_and(|id| id == token.reveal())
    {
        claims.remove("jti");
    }
    Ok(word)
}

/// The identity of a token that its provider vouches for.
fn by_word(
    index: usize,
    check: &Check,
    token: &Token<'_>,
    word: Word,
    around: Surroundings<'_>,
) -> Result<Verdict, Refusal> {
    let (provider, line) = around
        .loaded
        .line(index)
        .ok_or(Fault::ProviderMisconfigured)?;
    let now = around.fetch.clock.now();
    let proof = Proof::Word {
        method: check.method(),
        until: now.saturating_add(provider.recheck),
        bound: check.is_bound(),
    };
    let identity = word.claims().and_then(|claims| {
        VerifiedClaims::new(claims, proof).identify(provider, &around.loaded.settings.revoked, now)
    });
    line.settle(token, identity.is_ok());
    Ok(Verdict {
        identity: Arc::new(identity?),
        key: None,
        provider: Some(index),
        word_until: None,
    })
}

/// Whether a signed token of this provider needs the provider's word too, for this route.
pub(crate) fn needs_word(provider: &Provider, (route, product): (&str, Option<usize>)) -> bool {
    let Some(online_for) = &provider.online_for else {
        return provider.online.is_some();
    };
    let resources = product.and_then(|product| online_for.resources.get(product));
    resources.is_none_or(|resources| crate::access::covers(resources, route))
}
