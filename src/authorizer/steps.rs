//! The steps of a decision that more than one room has a say in.

use std::borrow::Cow;
use std::sync::Arc;

use super::record::{Caller, Refused};
use super::{Authorizer, Context};
use crate::access::{CompiledPolicy, Grant};
use crate::authenticate;
use crate::credential::{Credential, Token};
use crate::error::{Denial, Fault, Forbidden, Refusal};
use crate::product::Product;
use crate::upstream::{RequestContext, UpstreamAuth};

/// The request's credential, in a request that contradicts it by nothing.
pub(super) fn credential(cx: Context<'_>) -> Result<Credential<'_>, Denial> {
    let credential = Credential::of(cx.request)?;
    for name in &cx.request.header_names {
        if cx.settings.general.is_identity_header(name) {
            return Err(Denial::IdentityHeader);
        }
        if is_method_override(name) {
            return Err(Denial::MethodOverride);
        }
    }
    if let Some((_, product)) = cx.product {
        let upstream = product.upstream();
        let mut parameters = cx.request.query.iter();
        if parameters.any(|(name, _)| upstream.is_identity_parameter(name)) {
            return Err(Denial::IdentityParameter);
        }
    }
    Ok(credential)
}

/// Whether something on the way may take a header of this name for the method, which the policy is
/// about: API Gateway itself reads the first.
fn is_method_override(name: &str) -> bool {
    [
        "X-HTTP-Method-Override",
        "X-HTTP-Method",
        "X-Method-Override",
    ]
    .iter()
    .any(|known| name.eq_ignore_ascii_case(known))
}

impl Authorizer {
    /// Who is calling.
    pub(super) async fn caller(
        &self,
        credential: &Credential<'_>,
        cx: Context<'_>,
    ) -> Result<Caller, Refused> {
        let general = &cx.settings.general;
        match credential {
            Credential::Basic {
                unverified_username,
            } => general
                .basic_auth
                .grant(unverified_username.as_deref())
                .map(Caller::Unverified)
                .map_err(Refused::basic),
            Credential::Bearer(token) => self.authenticate(token, cx).await,
            Credential::BasicApiToken {
                unverified_username,
                token,
            } => {
                if !general.api_tokens.is_some_and(|rules| rules.allow_basic) {
                    return Err(Denial::BasicDenied.into());
                }
                let caller = self.authenticate(token, cx).await?;
                let username = caller.identity().map(|identity| identity.username.as_str());
                // Atlassian tells no capital letters from small ones in user names.
                if !username.is_some_and(|name| name.eq_ignore_ascii_case(unverified_username)) {
                    let mismatch = Denial::ApiTokenUserMismatch;
                    return Err(Refused::after(&caller, mismatch.into()));
                }
                Ok(caller)
            }
        }
    }

    async fn authenticate(&self, token: &Token<'_>, cx: Context<'_>) -> Result<Caller, Refused> {
        let context = authenticate::Context {
            generation: cx.settings.generation,
            registry: &cx.settings.registry,
            revoked: &cx.settings.revoked,
            api_tokens: cx.settings.general.api_tokens,
            store: self.settings.source(),
            fetch: cx.fetch,
            route: (
                cx.request.arn.below_stage(),
                cx.product.map(|(place, _)| place),
            ),
        };
        let authenticated = self.authenticator.authenticate(token, context).await;
        let authenticated = authenticated.map_err(|rejection| {
            Refused::rejected(rejection.refusal, rejection.provider, rejection.from_cache)
        })?;
        Ok(Caller::Verified {
            identity: authenticated.identity,
            from_cache: authenticated.from_cache,
        })
    }

    /// What a caller is granted in the product, after what the credential itself may not do.
    pub(super) fn grant(
        &self,
        product: &Product,
        caller: &Caller,
        cx: Context<'_>,
    ) -> Result<Grant, Refusal> {
        let identity = match caller {
            Caller::Verified { identity, .. } => identity,
            Caller::Unverified(grant) => return Ok(*grant),
        };
        if identity.groups_incomplete && product.access().denies_by_group() {
            return Err(Denial::GroupsIncomplete.into());
        }
        if !identity.limits.source_cidrs.is_empty()
            && !self.deployment.is_bound_to_source(product.id())
        {
            return Err(Fault::SourceNotInCacheKey.into());
        }
        if !identity
            .limits
            .allow_source(cx.request.source_ip.as_deref())
        {
            return Err(Forbidden::SourceNotAllowed.into());
        }
        Ok(product.access().grant(product.id(), identity))
    }

    /// What a grant allows in the product.
    pub(super) fn policy(
        &self,
        product: &Product,
        grant: Grant,
        cx: Context<'_>,
    ) -> Result<Arc<CompiledPolicy>, Refusal> {
        let prefix = cx.request.arn.stage_prefix();
        let generation = cx.settings.generation;
        Ok(self
            .policies
            .policy(generation, product.id(), product.access(), grant, prefix)?)
    }

    /// What Atlassian is sent about a caller.
    ///
    /// With API Gateway's cache on it is needed wherever anything is allowed: an answer that is used
    /// again serves for routes that this request did not ask for.
    pub(super) async fn upstream<'u>(
        &'u self,
        product: &'u Product,
        caller: &'u Caller,
        policy: &CompiledPolicy,
        allowed: bool,
        cx: Context<'u>,
    ) -> Result<UpstreamAuth<'u>, Refusal> {
        let Some(identity) = caller.identity() else {
            // Atlassian checks what we did not.
            return Ok(UpstreamAuth {
                authorization: cx.request.only_authorization().map(Cow::Borrowed),
                xoauth_requestor_id: None,
            });
        };
        let serves_others =
            policy.policy.allows_anything() && !self.deployment.cache_is_off(product.id());
        if !allowed && !serves_others {
            return Ok(UpstreamAuth::default());
        }
        let context = RequestContext {
            request: cx.request,
            product: product.id(),
            path: product.path(),
            cache_seconds: self.deployment.cache_seconds.of(product.id()),
            store: self.settings.source(),
            users: &self.users,
            fetch: cx.fetch,
        };
        product
            .upstream()
            .credential(&identity.username, context)
            .await
    }
}
