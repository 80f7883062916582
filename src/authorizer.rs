//! From an event to its answer, and the caches on the way.

#[cfg(feature = "cli")]
mod explain;
mod identify;
mod trail;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use serde_json::value::RawValue;

use crate::access::{Compiled, Grant, Policy, PolicyCache, Product};
use crate::audit::AuditLog;
use crate::authenticate::api_token::Registry;
use crate::authenticate::{Surroundings, api_token, basic};
use crate::clock::Clock;
use crate::credential::Credential;
use crate::error::{Denial, Fault, Forbidden, Refusal};
use crate::event::Request;
use crate::http::{Deadline, HttpClient};
use crate::identity::Identity;
use crate::keys::cache::{FetchContext, FetchCounts};
use crate::response::{Decision, Options};
use crate::settings::Mode;
use crate::settings::source::Source;
use crate::settings::store::Store;
use crate::upstream::{self, Users, Word};
use crate::verdicts::Verdicts;
#[cfg(feature = "cli")]
pub use explain::Explanation;
use trail::Trail;

/// The authorizer. One per process; all its methods can be called concurrently.
pub struct Authorizer {
    http: HttpClient,
    clock: Arc<dyn Clock>,
    store: Store,
    verdicts: Verdicts,
    policies: PolicyCache,
    registry: Registry,
    users: Users,
    fetches: FetchCounts,
    asks: FetchCounts,
    audit: AuditLog,
    options: Options,
}

impl Authorizer {
    /// An authorizer that has loaded nothing yet.
    pub fn new(
        source: Source,
        http: HttpClient,
        clock: Arc<dyn Clock>,
        audit: AuditLog,
        options: Options,
    ) -> Self {
        Self {
            http,
            clock,
            store: Store::new(source, options.clone()),
            verdicts: Verdicts::new(),
            policies: PolicyCache::new(),
            registry: api_token::registry(),
            users: upstream::users(),
            fetches: FetchCounts::default(),
            asks: FetchCounts::default(),
            audit,
            options,
        }
    }

    /// Loads the settings ahead of the first event.
    ///
    /// A failure is logged, not returned: events will be answered with faults until a later load
    /// succeeds. Keys are fetched when the first token needs them.
    pub async fn prepare(&self) {
        let _ = self
            .store
            .current(self.clock.as_ref(), Deadline::start())
            .await;
    }

    /// Answers one event, and writes its audit line.
    ///
    /// `invocation_id` stands in for API Gateway's request id where the event has none.
    ///
    /// # Errors
    ///
    /// A denial, which is a 401, or a fault, which is a 500. A verified caller who may not use the
    /// route is no error but a policy without that route. In the modes `monitor` and `off` there is
    /// an error only when no settings are there to say so.
    pub async fn authorize(
        &self,
        event: &str,
        invocation_id: &str,
    ) -> Result<Box<RawValue>, Refusal> {
        self.decide(event, invocation_id, &mut Trail::default())
            .await
    }

    /// As [`Self::authorize`]; the trail is told what happens on the way.
    async fn decide(
        &self,
        event: &str,
        invocation_id: &str,
        trail: &mut Trail,
    ) -> Result<Box<RawValue>, Refusal> {
        let started = Instant::now();
        let request = Request::parse(event);
        let result = match &request {
            Ok(request) => self.answer(request, trail).await,
            Err(fault) => Err(Refusal::from(*fault)),
        };
        trail.refusal = result.as_ref().err().copied();
        self.record(started, request.as_ref().ok(), invocation_id, trail);
        match (&request, trail.mode) {
            (Ok(request), Mode::Monitor | Mode::Off) => self.let_through(request, trail),
            _ => result,
        }
    }

    /// What the modes that refuse nothing answer: everything, as nobody in particular, with the
    /// caller's own credential.
    fn let_through(&self, request: &Request<'_>, trail: &Trail) -> Result<Box<RawValue>, Refusal> {
        let policy = Product::whole_api().policy(Grant::Everything, request.arn.stage_prefix());
        let compiled = Compiled::new(policy)?;
        let decision = Decision {
            identity: None,
            unverified_method: "",
            authorization: request.only_authorization(),
            xoauth_requestor_id: None,
            usage_key: trail.usage_key.as_deref(),
            product: trail.product.as_deref().unwrap_or_default(),
            policy_document: &compiled.document,
            allowed: true,
        };
        decision
            .answer(request.kind, &self.options)
            .map_err(Refusal::from)
    }

    async fn answer(
        &self,
        request: &Request<'_>,
        trail: &mut Trail,
    ) -> Result<Box<RawValue>, Refusal> {
        let deadline = Deadline::start();
        let loaded = self.store.current(self.clock.as_ref(), deadline).await?;
        let products = &loaded.settings.products;
        let place = products
            .iter()
            .position(|product| product.contains(request.arn.path()));
        let product = place.and_then(|place| products.get(place));
        trail.product = product.map(|product| product.id().to_owned());
        let general = &loaded.settings.general;
        trail.mode = general.mode;
        if trail.mode != Mode::Enforce {
            trail.usage_key = general.usage_key(None).map(str::to_owned);
        }
        if trail.mode == Mode::Off {
            return self.let_through(request, trail);
        }

        let around = Surroundings {
            loaded: &loaded,
            fetch: FetchContext {
                http: &self.http,
                clock: self.clock.as_ref(),
                counts: &self.fetches,
                asks: &self.asks,
                deadline,
            },
            route: (request.arn.below_stage(), place),
        };
        let (caller, grant) = self.caller(request, product, around, trail).await?;
        let grant = match (&caller, product) {
            (Some(caller), Some(product)) => self.grant(request, product, caller, trail)?,
            _ => grant,
        };
        let mut compiled = self.policy(request, product, loaded.generation, grant)?;
        let mut allowed = compiled.policy.allows(request.arn.as_str());
        if !allowed && trail.forbidden.is_none() {
            trail.forbidden = Some(match product {
                None => Forbidden::ProductUnknown,
                Some(_) => Forbidden::RouteNotAllowed,
            });
        }
        let word = match (&caller, product) {
            (Some(caller), Some(product)) => {
                let open = compiled.policy.allows_anything();
                let is_needed = allowed || (open && !self.options.cache_is_off(product.id()));
                self.word(request, product, caller, around, is_needed)
                    .await?
            }
            // Atlassian checks what we did not.
            (None, _) => Ok(Word {
                authorization: request.only_authorization().map(Cow::Borrowed),
                xoauth_requestor_id: None,
            }),
            (Some(_), None) => Ok(Word::default()),
        };
        let word = word.or_else(|forbidden| {
            trail.forbidden = Some(forbidden);
            allowed = false;
            compiled = self.policy(request, product, loaded.generation, Grant::Nothing)?;
            Ok::<_, Fault>(Word::default())
        })?;
        let client_id = caller
            .as_deref()
            .and_then(|caller| caller.client_id.as_deref());
        let decision = Decision {
            unverified_method: trail.unverified_method,
            authorization: word.authorization.as_deref(),
            xoauth_requestor_id: word.xoauth_requestor_id,
            usage_key: general.usage_key(client_id),
            identity: caller.as_deref(),
            product: product.map(Product::id).unwrap_or_default(),
            policy_document: &compiled.document,
            allowed,
        };
        decision
            .answer(request.kind, &self.options)
            .map_err(Refusal::from)
    }

    /// Who is calling; without an identity, what callers are granted that nobody has verified.
    async fn caller(
        &self,
        request: &Request<'_>,
        product: Option<&Product>,
        around: Surroundings<'_>,
        trail: &mut Trail,
    ) -> Result<(Option<Arc<Identity>>, Grant), Refusal> {
        let general = &around.loaded.settings.general;
        let credential = Credential::of(request)?;
        for name in &request.header_names {
            if general.is_identity_header(name) {
                return Err(Denial::IdentityHeader.into());
            }
            if is_method_override(name) {
                return Err(Denial::MethodOverride.into());
            }
        }
        let mut parameters = request.query.iter();
        let upstream = product.map(Product::upstream);
        if parameters
            .any(|(name, _)| upstream.is_some_and(|upstream| upstream.is_identity_parameter(name)))
        {
            return Err(Denial::IdentityParameter.into());
        }
        match &credential {
            Credential::Basic {
                unverified_username,
            } => {
                trail.unverified_method = "basic";
                let grant = basic::grant(&general.basic_auth, unverified_username.as_deref())?;
                Ok((None, grant))
            }
            Credential::Bearer(token) => {
                let identity = self.identify(token, around, trail).await?;
                Ok((Some(identity), Grant::Nothing))
            }
            Credential::BasicApiToken {
                unverified_username,
                token,
            } => {
                if !general.api_tokens.is_some_and(|rules| rules.allow_basic) {
                    return Err(Denial::BasicDenied.into());
                }
                let identity = self.identify(token, around, trail).await?;
                // Atlassian tells no capital letters from small ones in user names.
                let username = identity.username.as_str();
                if !username.eq_ignore_ascii_case(unverified_username) {
                    return Err(Denial::ApiTokenUserMismatch.into());
                }
                Ok((Some(identity), Grant::Nothing))
            }
        }
    }

    /// What Atlassian is sent about a verified caller, or why the caller may not go on.
    ///
    /// With API Gateway's cache on it is needed wherever anything is allowed: an answer that is used
    /// again serves for routes that this request did not ask for.
    async fn word<'w>(
        &'w self,
        request: &'w Request<'_>,
        product: &'w Product,
        caller: &'w Identity,
        around: Surroundings<'w>,
        is_needed: bool,
    ) -> Result<Result<Word<'w>, Forbidden>, Fault> {
        if !is_needed {
            return Ok(Ok(Word::default()));
        }
        let around = upstream::Around {
            request,
            product,
            cache_seconds: self.options.cache_seconds.of(product.id()),
            store: &self.store.source,
            users: &self.users,
            fetch: around.fetch,
        };
        product.upstream().word(&caller.username, around).await
    }

    /// What a verified caller is granted, after what the credential itself may not do.
    fn grant(
        &self,
        request: &Request<'_>,
        product: &Product,
        identity: &Identity,
        trail: &mut Trail,
    ) -> Result<Grant, Refusal> {
        if identity.groups_incomplete && product.denies_by_group() {
            return Err(Denial::GroupsIncomplete.into());
        }
        if !identity.limits.source_cidrs.is_empty()
            && !self.options.is_bound_to_source(product.id())
        {
            return Err(Fault::SourceNotInCacheKey.into());
        }
        if !identity.limits.allow_source(request.source_ip.as_deref()) {
            trail.forbidden = Some(Forbidden::SourceNotAllowed);
            return Ok(Grant::Nothing);
        }
        Ok(product.grant(identity))
    }

    fn policy(
        &self,
        request: &Request<'_>,
        product: Option<&Product>,
        generation: u64,
        grant: Grant,
    ) -> Result<Arc<Compiled>, Fault> {
        let stage_prefix = request.arn.stage_prefix();
        match product {
            None => Compiled::new(Policy::nothing(stage_prefix)).map(Arc::new),
            Some(product) => self
                .policies
                .policy(generation, product, grant, stage_prefix),
        }
    }
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
