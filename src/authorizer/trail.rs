//! What happens to an event on its way, and the audit line that tells it.

use std::sync::Arc;
use std::time::Instant;

use super::Authorizer;
use crate::audit::{Counts, Outcome, Record};
use crate::authenticate::Surroundings;
use crate::error::{Forbidden, Refusal};
use crate::event::Request;
use crate::identity::Identity;
use crate::settings::Mode;

/// What the audit line tells beside the request and the result.
#[derive(Default)]
pub(super) struct Trail {
    pub(super) mode: Mode,
    pub(super) product: Option<String>,
    /// The provider that refused; one that vouched is in the identity.
    pub(super) provider: Option<String>,
    pub(super) identity: Option<Arc<Identity>>,
    /// How a caller without an identity came.
    pub(super) unverified_method: &'static str,
    pub(super) from_cache: bool,
    /// Why there is no answer, or would be none in the mode `enforce`.
    pub(super) refusal: Option<Refusal>,
    /// Why a verified caller may not go on.
    pub(super) forbidden: Option<Forbidden>,
    /// The API key that requests count for in the modes that refuse nothing.
    pub(super) usage_key: Option<String>,
}

impl Trail {
    pub(super) fn set_provider(&mut self, place: Option<usize>, around: Surroundings<'_>) {
        let provider = place.and_then(|place| around.loaded.settings.providers.get(place));
        self.provider = provider.map(|provider| provider.id.as_str().to_owned());
    }

    /// What came of the event, and why, as the audit line has it.
    pub(super) fn outcome(&self) -> (Outcome, &'static str) {
        match self.refusal {
            Some(refusal @ Refusal::Denied(denial)) => (Outcome::from(refusal), denial.code()),
            Some(refusal @ Refusal::Failed(fault)) => (Outcome::from(refusal), fault.code()),
            None if self.mode == Mode::Off => (Outcome::Allowed, "mode_off"),
            None => match self.forbidden {
                None => (Outcome::Allowed, "allowed"),
                Some(forbidden) => (Outcome::Forbidden, forbidden.code()),
            },
        }
    }
}

impl Authorizer {
    /// Writes the audit line of an event.
    pub(super) fn record(
        &self,
        started: Instant,
        request: Option<&Request<'_>>,
        invocation_id: &str,
        trail: &Trail,
    ) {
        let (outcome, code) = trail.outcome();
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
}
