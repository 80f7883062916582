//! From an event to its answer.
//!
//! `Authorizer::decide` is the line: request, settings, product, credential, caller, grant, policy,
//! upstream, answer. Any step may refuse, and what it refuses with says all that the audit line tells.

mod record;
mod steps;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;

use crate::access::{CompiledPolicy, Policy, PolicyCache, document_of_request};
use crate::audit::{AuditLog, AuditRecord};
use crate::authenticate::Authenticator;
use crate::clock::Clock;
use crate::deployment::{AnswerScope, Deployment};
use crate::document::{Mode, ProviderId};
use crate::error::{Fault, Forbidden, Refusal};
use crate::event::Request;
use crate::http::{Counters, Deadline, FetchContext, HttpClient};
use crate::product::Product;
use crate::random::DecisionId;
use crate::response::Decision;
use crate::route::{self, Method, Readings, Unreadable};
use crate::settings::{SettingsCache, SettingsInForce};
use crate::store::Source;
use crate::upstream::{self, UserCredentials};
pub use record::{Caller, DecisionRecord};
use record::{Decided, Refused};

/// The longest that settings are waited for ahead of the first event. The keys' time comes on top; Lambda
/// gives a start 10 s, its extensions included.
pub const SETTINGS_AHEAD: Duration = Duration::from_millis(7_500);
/// The longest that keys are waited for after that: a provider that does not answer holds up the
/// callers of all others.
const KEYS_AHEAD: Duration = Duration::from_secs(1);

/// The authorizer. One per process; all its methods can be called concurrently.
pub struct Authorizer {
    http: HttpClient,
    clock: Arc<dyn Clock>,
    settings: SettingsCache,
    authenticator: Authenticator,
    policies: PolicyCache,
    users: UserCredentials,
    counters: Counters,
    audit: AuditLog,
    deployment: Deployment,
}

/// What a decision is made about, and by.
#[derive(Clone, Copy)]
struct Context<'c> {
    id: DecisionId,
    request: &'c Request<'c>,
    settings: &'c SettingsInForce,
    /// The product that the path lies in, and its place among the products.
    product: Option<(usize, &'c Product)>,
    /// What is asked for in the product.
    asked: &'c RequestRoute<'c>,
    fetch: FetchContext<'c>,
}

/// A request's method, and all paths in the product that its path may mean.
struct RequestRoute<'r> {
    method: Method,
    readings: Result<Readings<'r>, Unreadable>,
}

impl<'r> RequestRoute<'r> {
    fn of(request: &'r Request<'_>, product: Option<&Product>) -> Self {
        let path = product.map(Product::path).unwrap_or_default();
        let others = request.paths.iter().map(AsRef::as_ref);
        Self {
            method: Method::of(request.arn.method()),
            readings: Readings::of(path, request.arn.path(), others),
        }
    }
}

impl Authorizer {
    /// An authorizer that has loaded nothing yet.
    pub fn new(
        source: Source,
        http: HttpClient,
        clock: Arc<dyn Clock>,
        audit: AuditLog,
        deployment: Deployment,
    ) -> Self {
        Self {
            http,
            clock,
            settings: SettingsCache::new(source, deployment.clone()),
            authenticator: Authenticator::new(),
            policies: PolicyCache::default(),
            users: upstream::user_credentials(),
            counters: Counters::default(),
            audit,
            deployment,
        }
    }

    /// Loads the settings and fetches the keys ahead of the first event.
    ///
    /// It returns after 8.5 s at most. A failure is logged, not returned: the first event tries again at
    /// once, and is answered with a fault if that fails too. With `connect` it also connects to providers
    /// that are asked about tokens, which helps where the first event comes soon. In the mode `off` no
    /// keys are needed, and none fetched.
    pub async fn prepare(&self, connect: bool) {
        match self.settings(Deadline::after(SETTINGS_AHEAD)).await {
            Ok(settings) if settings.general.mode == Mode::Off => {}
            Ok(settings) => {
                for product in &settings.products {
                    route::prepare(product.access().kind());
                }
                let context = FetchContext {
                    http: &self.http,
                    clock: self.clock.as_ref(),
                    counters: &self.counters,
                    deadline: Deadline::after(KEYS_AHEAD),
                };
                settings.registry.prepare(connect, context).await;
            }
            Err(_) => self.settings.forget_failures(),
        }
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
        self.explain(event, invocation_id).await.answer
    }

    /// As [`Authorizer::authorize`], with what the answer is based on.
    pub async fn explain(&self, event: &str, invocation_id: &str) -> DecisionRecord {
        let started = Instant::now();
        let deadline = Deadline::start();
        let id = DecisionId::random();
        let request = Request::parse(event);
        let record = match &request {
            Err(fault) => DecisionRecord::without_settings(id, *fault),
            Ok(request) => match self.settings(deadline).await {
                Err(fault) => DecisionRecord::without_settings(id, fault),
                Ok(settings) => self.by_mode(id, request, settings, deadline).await,
            },
        };
        let provider = record.provider();
        let needs = record.needs();
        self.audit.write(&AuditRecord {
            decision_id: record.id.as_str(),
            time: self.clock.now(),
            mode: record.mode,
            refusal: record.refusal,
            reason: record.reason(),
            needs: needs.as_deref(),
            product: record.product().map(Product::id),
            provider: provider.map(ProviderId::as_str),
            identity: record.identity(),
            sender: record.sender.as_deref(),
            unverified_method: record.unverified_method,
            request: request.as_ref().ok(),
            invocation_id,
            from_cache: record.from_cache,
            ruling: record.ruling,
            duration: started.elapsed(),
            counters: &self.counters,
        });
        record
    }

    /// The settings in force.
    ///
    /// # Errors
    ///
    /// [`Fault::SettingsUnavailable`] when none have ever been loaded.
    pub async fn settings(&self, deadline: Deadline) -> Result<Arc<SettingsInForce>, Fault> {
        let clock = self.clock.as_ref();
        self.settings.current(clock, &self.counters, deadline).await
    }

    /// What the mode of the settings makes of the decision.
    async fn by_mode(
        &self,
        id: DecisionId,
        request: &Request<'_>,
        settings: Arc<SettingsInForce>,
        deadline: Deadline,
    ) -> DecisionRecord {
        let products = settings.products.iter().enumerate();
        let mut products = products.filter(|(_, product)| product.contains(request.arn.path()));
        let product = products.next();
        let asked = RequestRoute::of(request, product.map(|(_, product)| product));
        let cx = Context {
            id,
            request,
            settings: &settings,
            product,
            asked: &asked,
            fetch: FetchContext {
                http: &self.http,
                clock: self.clock.as_ref(),
                counters: &self.counters,
                deadline,
            },
        };
        let mut record = match settings.general.mode {
            Mode::Enforce => self.enforce(cx).await,
            Mode::Monitor => self.enforce(cx).await.answered(self.pass_through(cx)),
            Mode::Off => DecisionRecord::undecided(id, self.pass_through(cx)),
        };
        record.product = cx.product.map(|(place, _)| place);
        record.mode = settings.general.mode;
        record.settings = Some(settings);
        record
    }

    /// Decides, and says so.
    async fn enforce(&self, cx: Context<'_>) -> DecisionRecord {
        match self.decide(cx).await {
            Ok(decided) => DecisionRecord::decided(cx.id, decided),
            Err(refused) => DecisionRecord::refused(cx.id, self.refuse(cx, &refused), refused),
        }
    }

    /// The line.
    async fn decide(&self, cx: Context<'_>) -> Result<Decided, Refused> {
        let credential = steps::credential(cx)?;
        let caller = self.caller(&credential, cx).await?;
        let refused = |refusal| Refused::after(&caller, refusal);
        let (_, product) = cx
            .product
            .ok_or_else(|| refused(Forbidden::ProductUnknown.into()))?;
        self.check_limits(product, &caller, cx).map_err(refused)?;
        let scope = self.scope(product, cx);
        let ruled = self.rule(product, &caller, scope, cx).map_err(refused)?;
        let upstream = self.upstream(product, &caller, &ruled, cx).await;
        let upstream = upstream.map_err(refused)?;
        let decision = Decision {
            decision_id: cx.id.as_str(),
            identity: caller.identity(),
            unverified_method: caller.unverified_method(),
            authorization: upstream.authorization.as_deref(),
            xoauth_requestor_id: upstream.xoauth_requestor_id,
            usage_key: caller.usage_key(cx.settings),
            product: product.id(),
            policy_document: ruled.document.as_json(),
            allowed: ruled.refusal.is_none(),
        };
        let answer = decision.answer(cx.request.kind, &self.deployment);
        let answer = answer.map_err(|fault| refused(fault.into()))?;
        drop(upstream);
        Ok(Decided {
            answer,
            refusal: ruled.refusal.map(Refusal::from),
            ruling: ruled.ruling,
            caller,
        })
    }

    /// What API Gateway is told of a refusal: a policy that allows nothing for a caller who is known,
    /// and an error for all others.
    fn refuse(&self, cx: Context<'_>, refused: &Refused) -> Result<Box<RawValue>, Refusal> {
        let (Refusal::Forbidden(_), Some(caller)) = (refused.refusal, &refused.caller) else {
            return Err(refused.refusal);
        };
        let arn = &cx.request.arn;
        let serves_all = cx
            .product
            .is_none_or(|(_, product)| self.scope(product, cx) == AnswerScope::Token);
        let nothing = if serves_all {
            CompiledPolicy::new(Policy::nothing(arn.stage_prefix()))?.document
        } else {
            document_of_request(arn.stage_prefix(), arn.below_stage(), false)
        };
        let decision = Decision {
            decision_id: cx.id.as_str(),
            identity: caller.identity(),
            unverified_method: caller.unverified_method(),
            authorization: match caller {
                Caller::Verified { .. } => None,
                Caller::Unverified(_) => cx.request.only_authorization(),
            },
            xoauth_requestor_id: None,
            usage_key: caller.usage_key(cx.settings),
            product: cx.product.map(|(_, one)| one.id()).unwrap_or_default(),
            policy_document: &nothing,
            allowed: false,
        };
        Ok(decision.answer(cx.request.kind, &self.deployment)?)
    }

    /// What the modes that refuse nothing answer: everything, as nobody in particular, with the
    /// caller's own credential.
    fn pass_through(&self, cx: Context<'_>) -> Result<Box<RawValue>, Refusal> {
        let prefix = cx.request.arn.stage_prefix();
        let everything = CompiledPolicy::new(Policy::everything(prefix))?;
        let decision = Decision {
            decision_id: cx.id.as_str(),
            identity: None,
            unverified_method: "",
            authorization: cx.request.only_authorization(),
            xoauth_requestor_id: None,
            usage_key: cx.settings.general.usage_key(None),
            product: cx.product.map(|(_, one)| one.id()).unwrap_or_default(),
            policy_document: &everything.document,
            allowed: true,
        };
        Ok(decision.answer(cx.request.kind, &self.deployment)?)
    }
}
