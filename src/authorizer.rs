//! From an event to its answer, and the caches on the way.

use std::sync::Arc;
use std::time::Instant;

use serde_json::value::RawValue;

use crate::access::{Compiled, Policy, PolicyCache, Product};
use crate::audit::{AuditLog, Counts, Outcome, Record};
use crate::authenticate::{self, IssuerEntry, Verdict};
use crate::clock::Clock;
use crate::credential::Credential;
use crate::error::{Fault, Refusal};
use crate::event::Request;
use crate::http::{Deadline, HttpClient};
use crate::identity::Identity;
use crate::keys::cache::{FetchContext, FetchCounts};
use crate::response::{Decision, Options};
use crate::settings::source::Source;
use crate::settings::store::{Loaded, Store};
use crate::verdicts::{TokenDigest, Verdicts};

/// The authorizer. One per process; all its methods can be called concurrently.
pub struct Authorizer {
    http: HttpClient,
    clock: Arc<dyn Clock>,
    store: Store,
    verdicts: Verdicts,
    policies: PolicyCache,
    fetches: FetchCounts,
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
            store: Store::new(source),
            verdicts: Verdicts::new(),
            policies: PolicyCache::new(),
            fetches: FetchCounts::default(),
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
    /// route is no error but a policy without that route.
    pub async fn authorize(
        &self,
        event: &str,
        invocation_id: &str,
    ) -> Result<Box<RawValue>, Refusal> {
        let started = Instant::now();
        let mut trail = Trail::default();
        let request = Request::parse(event);
        let result = match &request {
            Ok(request) => self.answer(request, &mut trail).await,
            Err(fault) => Err(Refusal::from(*fault)),
        };
        let (outcome, code) = match &result {
            Ok(_) if trail.allowed => (Outcome::Allowed, "allowed"),
            Ok(_) if trail.product.is_some() => (Outcome::Forbidden, "route_not_allowed"),
            Ok(_) => (Outcome::Forbidden, "product_unknown"),
            Err(refusal @ Refusal::Denied(denial)) => (Outcome::from(*refusal), denial.code()),
            Err(refusal @ Refusal::Failed(fault)) => (Outcome::from(*refusal), fault.code()),
        };
        let request = request.as_ref().ok();
        let identity = trail.identity.as_deref();
        self.audit.write(Record {
            time: self.clock.now(),
            outcome,
            code,
            provider: identity
                .map(|identity| identity.provider.as_str())
                .or(trail.provider.as_deref())
                .unwrap_or_default(),
            username: identity
                .map(|identity| identity.username.as_str())
                .unwrap_or_default(),
            client_id: identity
                .and_then(|identity| identity.client_id.as_deref())
                .unwrap_or_default(),
            method: request
                .map(|request| request.arn.method())
                .unwrap_or_default(),
            product: trail.product.as_deref().unwrap_or_default(),
            path: request
                .map(|request| request.arn.path())
                .unwrap_or_default(),
            source_ip: request
                .and_then(|request| request.source_ip.as_deref())
                .unwrap_or_default(),
            request_id: request
                .and_then(|request| request.request_id.as_deref())
                .unwrap_or(invocation_id),
            from_cache: trail.from_cache,
            duration: started.elapsed(),
            counts: Counts {
                key_fetches: Counts::drain(&self.fetches.tried),
                key_fetch_failures: Counts::drain(&self.fetches.failed),
                settings_loads: Counts::drain(&self.store.counts.tried),
                settings_load_failures: Counts::drain(&self.store.counts.failed),
            },
        });
        result
    }

    async fn answer(
        &self,
        request: &Request<'_>,
        trail: &mut Trail,
    ) -> Result<Box<RawValue>, Refusal> {
        let deadline = Deadline::start();
        let loaded = self.store.current(self.clock.as_ref(), deadline).await?;
        let product = loaded
            .settings
            .products
            .iter()
            .find(|product| product.contains(request.arn.path()));
        trail.product = product.map(|product| product.id().to_owned());

        let credential = Credential::of(request)?;
        let identity = self.identify(credential, &loaded, deadline, trail).await?;
        let compiled = self.policy(request, product, loaded.generation, &identity)?;
        let decision = Decision {
            identity: &identity,
            product: product.map(Product::id).unwrap_or_default(),
            policy_document: &compiled.document,
            allowed: compiled.policy.allows(request.arn.as_str()),
        };
        trail.allowed = decision.allowed;
        decision
            .answer(request.kind, self.options)
            .map_err(Refusal::from)
    }

    fn policy(
        &self,
        request: &Request<'_>,
        product: Option<&Product>,
        generation: u64,
        identity: &Identity,
    ) -> Result<Arc<Compiled>, Fault> {
        let stage_prefix = request.arn.stage_prefix();
        match product {
            None => Compiled::new(Policy::nothing(stage_prefix)).map(Arc::new),
            Some(product) => {
                let applicable = product.applicable(identity);
                self.policies
                    .policy(generation, product, applicable, stage_prefix)
            }
        }
    }

    async fn identify(
        &self,
        credential: Credential<'_>,
        loaded: &Loaded,
        deadline: Deadline,
        trail: &mut Trail,
    ) -> Result<Arc<Identity>, Refusal> {
        let context = FetchContext {
            http: &self.http,
            clock: self.clock.as_ref(),
            counts: &self.fetches,
            deadline,
        };
        let digest = match credential {
            Credential::Bearer(token) => Some(TokenDigest::of(token)),
            Credential::Basic => None,
        };
        if let Some(digest) = &digest
            && let Some(identity) = self.known(digest, loaded, context).await?
        {
            trail.from_cache = true;
            trail.identity = Some(Arc::clone(&identity));
            return Ok(identity);
        }

        let issuer = |name: &str| {
            loaded
                .issuer(name)
                .map(|(provider, keys)| IssuerEntry { provider, keys })
        };
        let mut tried = None;
        let verdict = authenticate::verify(credential, issuer, context, &mut tried).await;
        if verdict.is_err() {
            trail.provider = tried.map(|provider| provider.id.as_str().to_owned());
        }
        let verdict = verdict?;
        let identity = Arc::clone(&verdict.identity);
        trail.identity = Some(Arc::clone(&identity));
        if let Some(digest) = digest {
            self.verdicts.keep(digest, loaded.generation, verdict);
        }
        Ok(identity)
    }

    /// The identity of a token seen before, provided that the key which verified it is still in
    /// its provider's set.
    async fn known(
        &self,
        digest: &TokenDigest,
        loaded: &Loaded,
        context: FetchContext<'_>,
    ) -> Result<Option<Arc<Identity>>, Fault> {
        let Some(verdict) = self
            .verdicts
            .find(digest, loaded.generation, self.clock.now())
        else {
            return Ok(None);
        };
        let Verdict {
            identity,
            keys,
            key_id,
            thumbprint,
        } = verdict;
        if keys
            .keys(key_id.as_ref(), context)
            .await?
            .contains(thumbprint)
        {
            return Ok(Some(identity));
        }
        self.verdicts.remove(digest);
        Ok(None)
    }
}

/// What the audit line tells beside the request and the result.
#[derive(Default)]
struct Trail {
    product: Option<String>,
    /// The provider that refused; one that vouched is in the identity.
    provider: Option<String>,
    identity: Option<Arc<Identity>>,
    from_cache: bool,
    allowed: bool,
}
