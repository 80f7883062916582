//! From an event to its answer, and the caches on the way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;

use crate::access::{Compiled, Grant, Policy, PolicyCache, Product};
use crate::audit::{AuditLog, Counts, Outcome, Record};
use crate::authenticate::api_token::Registry;
use crate::authenticate::{self, Surroundings, Trace, Verdict, api_token, basic, needs_word};
use crate::clock::Clock;
use crate::credential::{Credential, Form, Token};
use crate::error::{Denial, Fault, Refusal};
use crate::event::Request;
use crate::http::{Deadline, HttpClient};
use crate::identity::Identity;
use crate::keys::cache::{FetchContext, FetchCounts};
use crate::response::{Decision, Options};
use crate::settings::Mode;
use crate::settings::source::Source;
use crate::settings::store::Store;
use crate::verdicts::{Finding, TokenDigest, Verdicts};

/// How long a provider is not asked again about a token that it refused.
const REFUSED_FOR: Duration = Duration::from_secs(10);

/// The authorizer. One per process; all its methods can be called concurrently.
pub struct Authorizer {
    http: HttpClient,
    clock: Arc<dyn Clock>,
    store: Store,
    verdicts: Verdicts,
    policies: PolicyCache,
    registry: Registry,
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
            store: Store::new(source, options),
            verdicts: Verdicts::new(),
            policies: PolicyCache::new(),
            registry: Registry::new(),
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
        let started = Instant::now();
        let mut trail = Trail::default();
        let request = Request::parse(event);
        let result = match &request {
            Ok(request) => self.answer(request, &mut trail).await,
            Err(fault) => Err(Refusal::from(*fault)),
        };
        self.record(
            started,
            request.as_ref().ok(),
            invocation_id,
            &trail,
            result.as_ref().err().copied(),
        );
        match (&request, trail.mode) {
            (Ok(request), Mode::Monitor | Mode::Off) => self.let_through(request, &trail),
            _ => result,
        }
    }

    fn record(
        &self,
        started: Instant,
        request: Option<&Request<'_>>,
        invocation_id: &str,
        trail: &Trail,
        refusal: Option<Refusal>,
    ) {
        let (outcome, code) = match refusal {
            Some(refusal @ Refusal::Denied(denial)) => (Outcome::from(refusal), denial.code()),
            Some(refusal @ Refusal::Failed(fault)) => (Outcome::from(refusal), fault.code()),
            None if trail.mode == Mode::Off => (Outcome::Allowed, "mode_off"),
            None if trail.allowed => (Outcome::Allowed, "allowed"),
            None if trail.source_refused => (Outcome::Forbidden, "source_not_allowed"),
            None if trail.product.is_some() => (Outcome::Forbidden, "route_not_allowed"),
            None => (Outcome::Forbidden, "product_unknown"),
        };
        let identity = trail.identity.as_deref();
        self.audit.write(&Record {
            time: self.clock.now(),
            mode: trail.mode,
            outcome,
            code,
            provider: identity
                .map(|identity| identity.provider.as_str())
                .or(trail.provider.as_deref())
                .unwrap_or_default(),
            auth_method: identity.map_or(trail.unverified_method, |identity| {
                identity.auth_method.as_str()
            }),
            username: identity
                .map(|identity| identity.username.as_str())
                .unwrap_or_default(),
            principal: identity
                .map(|identity| identity.principal.as_str())
                .unwrap_or_default(),
            client_id: identity
                .and_then(|identity| identity.client_id.as_deref())
                .unwrap_or_default(),
            token_id: identity
                .and_then(|identity| identity.token_id.as_deref())
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
                provider_checks: Counts::drain(&self.asks.tried),
                provider_check_failures: Counts::drain(&self.asks.failed),
                settings_loads: Counts::drain(&self.store.counts.tried),
                settings_load_failures: Counts::drain(&self.store.counts.failed),
            },
        });
    }

    /// What the modes that refuse nothing answer: everything, as nobody in particular, with the
    /// caller's own credential.
    fn let_through(&self, request: &Request<'_>, trail: &Trail) -> Result<Box<RawValue>, Refusal> {
        let policy = Product::whole_api().policy(Grant::Everything, request.arn.stage_prefix());
        let compiled = Compiled::new(policy)?;
        let decision = Decision {
            identity: None,
            unverified_method: "",
            pass_on: request.only_authorization(),
            product: trail.product.as_deref().unwrap_or_default(),
            policy_document: &compiled.document,
            allowed: true,
        };
        decision
            .answer(request.kind, self.options)
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
        trail.mode = loaded.settings.general.mode;
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
        let credential = Credential::of(request)?;
        let (identity, grant) = match &credential {
            Credential::Basic {
                unverified_username,
            } => {
                trail.unverified_method = "basic";
                let grant = basic::grant(
                    &loaded.settings.general.basic_auth,
                    unverified_username.as_deref(),
                )?;
                (None, grant)
            }
            Credential::Bearer(token) => (
                Some(self.identify(token, around, trail).await?),
                Grant::Nothing,
            ),
            Credential::BasicApiToken {
                unverified_username,
                token,
            } => {
                let rules = loaded.settings.general.api_tokens;
                if !rules.is_some_and(|rules| rules.allow_basic) {
                    return Err(Denial::BasicDenied.into());
                }
                let identity = self.identify(token, around, trail).await?;
                // Atlassian tells no capital letters from small ones in user names.
                let username = identity.username.as_str();
                if !username.eq_ignore_ascii_case(unverified_username) {
                    return Err(Denial::ApiTokenUserMismatch.into());
                }
                (Some(identity), Grant::Nothing)
            }
        };
        let grant = match (&identity, product) {
            (Some(identity), Some(product)) => self.grant(request, product, identity, trail)?,
            _ => grant,
        };
        let compiled = self.policy(request, product, loaded.generation, grant)?;
        let decision = Decision {
            unverified_method: trail.unverified_method,
            // Atlassian checks what we did not.
            pass_on: request.only_authorization().filter(|_| identity.is_none()),
            identity: identity.as_deref(),
            product: product.map(Product::id).unwrap_or_default(),
            policy_document: &compiled.document,
            allowed: compiled.policy.allows(request.arn.as_str()),
        };
        trail.allowed = decision.allowed;
        decision
            .answer(request.kind, self.options)
            .map_err(Refusal::from)
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
        if !identity.limits.source_cidrs.is_empty() && !self.options.is_bound_to_source() {
            return Err(Fault::SourceNotInCacheKey.into());
        }
        if !identity.limits.allow_source(request.source_ip.as_deref()) {
            trail.source_refused = true;
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

    async fn identify(
        &self,
        token: &Token<'_>,
        around: Surroundings<'_>,
        trail: &mut Trail,
    ) -> Result<Arc<Identity>, Refusal> {
        let generation = around.loaded.generation;
        let digest = TokenDigest::of(token);
        if let Some(identity) = self.known(&digest, around, trail).await? {
            trail.from_cache = true;
            trail.identity = Some(Arc::clone(&identity));
            return Ok(identity);
        }

        let mut trace = Trace::default();
        let verdict = if token.form() == Form::ApiToken {
            let rules = around.loaded.settings.general.api_tokens;
            api_token::verify(token, rules, &self.registry, around, &self.store.source).await
        } else {
            authenticate::verify(token, around, &mut trace).await
        };
        match verdict {
            Ok(verdict) => {
                let now = self.clock.now();
                let identity = Arc::clone(&verdict.identity);
                trail.identity = Some(Arc::clone(&identity));
                self.verdicts
                    .keep(digest, generation, Finding::Verified(verdict), now);
                Ok(identity)
            }
            Err(refusal) => {
                trail.set_provider(trace.provider, around);
                if let (Refusal::Denied(denial), true) = (refusal, trace.asked) {
                    let now = self.clock.now();
                    let until = now.saturating_add(REFUSED_FOR);
                    let finding = Finding::Refused {
                        denial,
                        provider: trace.provider,
                        until,
                    };
                    self.verdicts.keep(digest, generation, finding, now);
                }
                Err(refusal)
            }
        }
    }

    /// The identity of a token seen before, provided that what its verification rests on still
    /// holds: the key is in its provider's set, and the provider's word has not lapsed.
    async fn known(
        &self,
        digest: &TokenDigest,
        around: Surroundings<'_>,
        trail: &mut Trail,
    ) -> Result<Option<Arc<Identity>>, Refusal> {
        let now = self.clock.now();
        let found = self.verdicts.find(digest, around.loaded.generation, now);
        let verdict = match found {
            None => return Ok(None),
            Some(Finding::Verified(verdict)) => verdict,
            Some(Finding::Refused {
                denial, provider, ..
            }) => {
                trail.from_cache = true;
                trail.set_provider(provider, around);
                return Err(denial.into());
            }
        };
        let Verdict {
            identity,
            key,
            provider,
            word_until,
        } = verdict;
        let needs_word = provider
            .and_then(|provider| around.loaded.settings.providers.get(provider))
            .is_some_and(|provider| key.is_some() && needs_word(provider, around.route));
        // A lapsed word takes what it said of the caller with it, whatever is asked for.
        let word_holds = word_until.map_or(!needs_word, |until| until > now);
        let key_holds = match &key {
            None => true,
            Some(key) => key
                .keys
                .keys(key.key_id.as_ref(), around.fetch)
                .await?
                .contains(key.thumbprint),
        };
        if key_holds && word_holds {
            return Ok(Some(identity));
        }
        self.verdicts.remove(digest);
        Ok(None)
    }
}

/// What the audit line tells beside the request and the result.
#[derive(Default)]
struct Trail {
    mode: Mode,
    product: Option<String>,
    /// The provider that refused; one that vouched is in the identity.
    provider: Option<String>,
    identity: Option<Arc<Identity>>,
    /// How a caller without an identity came.
    unverified_method: &'static str,
    from_cache: bool,
    source_refused: bool,
    allowed: bool,
}

impl Trail {
    fn set_provider(&mut self, place: Option<usize>, around: Surroundings<'_>) {
        let provider = place.and_then(|place| around.loaded.settings.providers.get(place));
        self.provider = provider.map(|provider| provider.id.as_str().to_owned());
    }
}
