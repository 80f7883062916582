//! The steps of a decision that more than one room has a say in.

use std::borrow::Cow;
use std::sync::Arc;

use super::record::{Caller, Refused};
use super::{Authorizer, Context};
use crate::access::{Asked, CompiledPolicy, Grant, Ruling, document_of_request};
use crate::authenticate;
use crate::credential::{Credential, Token};
use crate::deployment::AnswerScope;
use crate::error::{Denial, Fault, Forbidden, Refusal};
use crate::event::EventKind;
use crate::product::Product;
use crate::route::Unreadable;
use crate::settings::is_same_header;
use crate::upstream::{RequestContext, UpstreamAuth};
use crate::username::lowercase;

/// The request's credential, in a request that contradicts it by nothing.
pub(super) fn credential(cx: Context<'_>) -> Result<Credential<'_>, Denial> {
    let credential = Credential::of(cx.request)?;
    check_contradictions(cx)?;
    Ok(credential)
}

/// Refuses what would contradict the decision at the product: another user, method or path.
fn check_contradictions(cx: Context<'_>) -> Result<(), Denial> {
    for name in &cx.request.header_names {
        if cx.settings.general.is_identity_header(name) {
            return Err(Denial::IdentityHeader);
        }
        // Most headers have other beginnings.
        if !name.starts_with(['x', 'X']) {
            continue;
        }
        if is_one_of(name, &METHOD_OVERRIDES) {
            return Err(Denial::MethodOverride);
        }
        if is_one_of(name, &PATH_OVERRIDES) {
            return Err(Denial::PathOverride);
        }
    }
    if let Some((_, product)) = cx.product {
        let upstream = product.upstream();
        let mut parameters = cx.request.query.iter();
        if parameters.any(|(name, _)| upstream.is_identity_parameter(name)) {
            return Err(Denial::IdentityParameter);
        }
    }
    Ok(())
}

/// Headers that something on the way may take for the method, which the policy is about: API Gateway
/// itself reads the first.
const METHOD_OVERRIDES: [&str; 3] = [
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
];

/// Headers that proxies and frameworks take for the path, or for its beginning.
const PATH_OVERRIDES: [&str; 4] = [
    "x-original-url",
    "x-rewrite-url",
    "x-forwarded-path",
    "x-forwarded-prefix",
];

/// Whether a header has one of these names, in any case and with `_` for `-`, as CGI has it.
fn is_one_of(name: &str, known: &[&str]) -> bool {
    known.iter().any(|known| is_same_header(known, name))
}

/// What the access rules make of a request, and the policy that says so.
pub(super) struct Ruled {
    /// Why the policy lacks the request's own route.
    pub(super) refusal: Option<Forbidden>,
    /// What the rules say of the request; `None` where there is no telling what it is for.
    pub(super) ruling: Option<Ruling>,
    /// Whether the policy allows something else than the request.
    pub(super) serves_others: bool,
    pub(super) document: Document,
}

/// A policy document.
pub(super) enum Document {
    /// About one request.
    Own(String),
    /// About all of a product.
    Compiled(Arc<CompiledPolicy>),
}

impl Document {
    pub(super) fn as_json(&self) -> &str {
        match self {
            Self::Own(document) => document,
            Self::Compiled(compiled) => &compiled.document,
        }
    }
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
                let rules = general.api_tokens.as_ref();
                if !rules.is_some_and(|rules| rules.allow_basic) {
                    return Err(Denial::BasicDenied.into());
                }
                let caller = self.authenticate(token, cx).await?;
                let username = caller.identity().map(|identity| identity.username.as_str());
                // Atlassian tells no capital letters from small ones in user names.
                if username.is_none_or(|name| lowercase(name) != lowercase(unverified_username)) {
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
            api_tokens: cx.settings.general.api_tokens.as_ref(),
            store: self.settings.source(),
            fetch: cx.fetch,
            route: authenticate::Route {
                method: cx.asked.method,
                readings: cx.asked.readings.as_ref().ok(),
                product: cx
                    .product
                    .map(|(place, product)| (place, product.access().kind())),
            },
        };
        let authenticated = self.authenticator.authenticate(token, context).await?;
        Ok(Caller::Verified {
            identity: authenticated.identity,
            from_cache: authenticated.from_cache,
        })
    }

    /// Checks what the credential itself may not do, and what the rules need to know of the caller.
    pub(super) fn check_limits(
        &self,
        product: &Product,
        caller: &Caller,
        cx: Context<'_>,
    ) -> Result<(), Refusal> {
        let is_bound = self.deployment.is_bound_to_source(product.id());
        if product.access().depend_on_source() && !is_bound {
            return Err(Fault::SourceNotInCacheKey.into());
        }
        let Some(identity) = caller.identity() else {
            return Ok(());
        };
        if identity.groups_incomplete && product.access().denies_by_group() {
            return Err(Denial::GroupsIncomplete.into());
        }
        if !identity.limits.source_cidrs.is_empty() && !is_bound {
            return Err(Fault::SourceNotInCacheKey.into());
        }
        if !identity
            .limits
            .allow_source(cx.request.source_ip.as_deref())
        {
            return Err(Forbidden::SourceNotAllowed.into());
        }
        Ok(())
    }

    /// What an answer to the request will serve for.
    pub(super) fn scope(&self, product: &Product, cx: Context<'_>) -> AnswerScope {
        let said = self.deployment.scope(product.id());
        match (said, cx.request.kind) {
            // `$connect` has no path, and a TOKEN authorizer's cache knows nothing but the token.
            (AnswerScope::Route, EventKind::RestToken | EventKind::WebSocket) => AnswerScope::Token,
            (AnswerScope::Route, EventKind::Http1 | EventKind::Http2)
                if !cx.request.is_found_by_route() =>
            {
                AnswerScope::Token
            }
            (said, _) => said,
        }
    }

    /// What the access rules make of a request, and the policy that says so.
    pub(super) fn rule(
        &self,
        product: &Product,
        caller: &Caller,
        scope: AnswerScope,
        cx: Context<'_>,
    ) -> Result<Ruled, Refusal> {
        let rules = product.access();
        let arn = &cx.request.arn;
        let requester = caller.requester();
        let grant = rules.grant(product.id(), requester, cx.request.source_ip.as_deref());
        // Then there is nothing outside, and nothing within that is denied.
        let is_everything = rules.is_whole_api() && !grant.is_limited();
        let ruling = match &cx.asked.readings {
            // API Gateway refuses it, and nobody knows what an emulator makes of it.
            Err(Unreadable::TooLong) => None,
            _ if is_everything => Some(Ruling::Allowed(None)),
            Ok(readings) => {
                let method = cx.asked.method;
                Some(rules.ruling(Asked { method, readings }, &grant))
            }
            Err(_) => None,
        };
        if scope == AnswerScope::Token {
            // Whatever this path is, the answer is for the others of the product too.
            return self.rule_for_all(product, &grant, ruling, cx);
        }
        let ruling = ruling.ok_or(Forbidden::PathNotReadable)?;
        let needs_no_care = is_everything || scope == AnswerScope::Request;
        let document = if !ruling.is_allowed() || needs_no_care {
            let allowed = ruling.is_allowed();
            Some(document_of_request(
                arn.stage_prefix(),
                arn.below_stage(),
                allowed,
            ))
        } else if let Ok(readings) = &cx.asked.readings {
            let method = cx.asked.method;
            let asked = Asked { method, readings };
            rules.document_of_allowed(asked, &grant, arn.stage_prefix(), arn.below_stage())
        } else {
            None
        };
        Ok(Ruled {
            serves_others: false,
            refusal: match (&document, ruling.is_allowed()) {
                (Some(_), true) => None,
                (None, _) => Some(Forbidden::PathNotExact),
                (Some(_), false) => Some(Forbidden::RouteNotAllowed),
            },
            document: Document::Own(document.unwrap_or_else(|| {
                document_of_request(arn.stage_prefix(), arn.below_stage(), false)
            })),
            ruling: Some(ruling),
        })
    }

    /// The same where the answer will serve for every route of the product.
    fn rule_for_all(
        &self,
        product: &Product,
        grant: &Grant,
        ruling: Option<Ruling>,
        cx: Context<'_>,
    ) -> Result<Ruled, Refusal> {
        let arn = &cx.request.arn;
        if self.deployment.simple_responses && cx.request.kind == EventKind::Http2 {
            return Err(Fault::RouteNotInCacheKey.into());
        }
        let generation = cx.settings.generation;
        let compiled = self.policies.policy(
            generation,
            product.id(),
            product.access(),
            grant,
            arn.stage_prefix(),
        )?;
        Ok(Ruled {
            serves_others: compiled.policy.allows_anything(),
            refusal: match ruling {
                None => Some(Forbidden::PathNotReadable),
                _ if compiled.policy.allows(arn.as_str()) => None,
                Some(ruling) if ruling.is_allowed() => Some(Forbidden::RouteNotInPolicy),
                Some(_) => Some(Forbidden::RouteNotAllowed),
            },
            document: Document::Compiled(compiled),
            ruling,
        })
    }

    /// What Atlassian is sent about a caller.
    ///
    /// Where the answer serves for all routes it is needed wherever anything is allowed.
    pub(super) async fn upstream<'u>(
        &'u self,
        product: &'u Product,
        caller: &'u Caller,
        ruled: &Ruled,
        cx: Context<'u>,
    ) -> Result<UpstreamAuth<'u>, Refusal> {
        let identity = match caller {
            Caller::Verified { identity, .. } => identity,
            // Atlassian checks what we did not.
            Caller::Unverified(_) => {
                return Ok(UpstreamAuth {
                    authorization: cx.request.only_authorization().map(Cow::Borrowed),
                    xoauth_requestor_id: None,
                });
            }
        };
        if ruled.refusal.is_some() && !ruled.serves_others {
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
