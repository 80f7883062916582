//! Opaque tokens: by the answer of the provider that they may be of.

use std::sync::Arc;
use std::time::Duration;

use super::claim_rules::{Proof, VerifiedClaims};
use super::{Context, Failure, Terms, Verdict, inspect};
use crate::credential::{Token, Vendor};
use crate::error::{Denial, Fault};
use crate::inspect::{Inspect, TokenStatus};
use crate::provider::{Provider, ProviderIndex, Registry};

/// Asks the providers of such tokens one after the other. One that fails does not keep the next
/// from being asked; if none knows the token then, nobody can say that it is no good.
///
/// # Errors
///
/// A denial by the provider that knows the token, [`Denial::TokenInactive`] where none does, or the
/// first fault.
pub(super) async fn verify(
    token: &Token<'_>,
    vendor: Option<Vendor>,
    cx: Context<'_>,
) -> Result<Verdict, Failure> {
    let candidates = candidates(cx.registry, token, vendor)?;
    let mut failed: Option<(ProviderIndex, Fault)> = None;
    for (place, Candidate { index, way }) in candidates.iter().enumerate() {
        // A slow one leaves those after it their share of the time.
        let left = u32::try_from(candidates.len().saturating_sub(place)).unwrap_or(u32::MAX);
        let share = cx.fetch.deadline.left(Duration::MAX).checked_div(left);
        let terms = Terms::unsigned(share.unwrap_or_default());
        match inspect(*index, way, token, terms, cx).await {
            Ok(TokenStatus::Inactive) => {
                if let Some((_, guard)) = cx.registry.guarded(*index) {
                    guard.record(token, false);
                }
            }
            Ok(status) => {
                let verdict = by_answer(*index, way.as_ref(), token, status, cx);
                return verdict.map_err(|failure| failure.at(*index).asked());
            }
            Err(fault) => failed = failed.or(Some((*index, fault))),
        }
    }
    Err(match failed {
        None => Failure::from(Denial::TokenInactive).asked(),
        Some((index, fault)) => Failure::from(fault).at(index).asked(),
    })
}

/// A provider that an opaque token may be shown to.
struct Candidate<'r> {
    index: ProviderIndex,
    /// How it is asked.
    way: &'r Arc<dyn Inspect>,
}

/// Whom an opaque token may be shown, in their order.
///
/// # Errors
///
/// [`Denial::IssuerUnknown`] for a token of a vendor that no provider is of, and
/// [`Denial::TokenMalformed`] where no provider takes opaque tokens.
fn candidates<'r>(
    registry: &'r Registry,
    token: &Token<'_>,
    vendor: Option<Vendor>,
) -> Result<Vec<Candidate<'r>>, Denial> {
    let find = |wanted: &dyn Fn(&Provider) -> bool| -> Vec<_> {
        let wanted = registry.providers().filter(|(_, one)| wanted(one));
        wanted
            .filter_map(|(index, one)| {
                let way = one.opaque.as_ref()?;
                Some(Candidate { index, way })
            })
            .collect()
    };
    let of_vendor = find(&|one| vendor.is_some() && one.vendor == vendor);
    if !of_vendor.is_empty() {
        return Ok(of_vendor);
    }
    if vendor.is_some_and(Vendor::prefix_is_unmistakable) {
        return Err(Denial::IssuerUnknown);
    }
    let text = token.expose_secret();
    let others = find(&|one| one.vendor.is_none_or(|vendor| vendor.may_have_issued(text)));
    if others.is_empty() {
        return Err(Denial::TokenMalformed);
    }
    Ok(others)
}

/// The identity of a token that its provider confirms.
pub(super) fn by_answer(
    index: ProviderIndex,
    way: &dyn Inspect,
    token: &Token<'_>,
    status: TokenStatus,
    cx: Context<'_>,
) -> Result<Verdict, Failure> {
    let (provider, guard) = cx
        .registry
        .guarded(index)
        .ok_or(Fault::ProviderMisconfigured)?;
    let now = cx.fetch.clock.now();
    let proof = Proof::Answer {
        method: way.auth_method(),
        until: now.saturating_add(provider.recheck),
        binds_client: way.binds_client(),
    };
    let identity = status.claims().map_err(Failure::from).and_then(|claims| {
        let claims = VerifiedClaims {
            claims: claims.into(),
            proof,
        };
        let identity = claims.identify(provider, cx.revoked, now);
        identity.map_err(|denial| claims.refused(denial, provider))
    });
    guard.record(token, identity.is_ok());
    Ok(Verdict {
        identity: Arc::new(identity?),
        key: None,
        provider: Some(index),
        answer_until: None,
    })
}
