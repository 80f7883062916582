//! The same decision, told with what it is based on.

use std::sync::Arc;

use atlassian_authorizer::authorizer::DecisionRecord;
use atlassian_authorizer::error::{Forbidden, Refusal};
use atlassian_authorizer::event::Request;
use atlassian_authorizer::identity::Identity;
use atlassian_authorizer::provider::Provider;
use atlassian_authorizer::settings::{Settings, SettingsInForce};

use super::access::{Access, EffectiveAccess};
use super::asked::KnownClaims;
use super::meaning::Meaning;
use super::path_hint::path_hint;

/// What became of an event, and why.
pub(crate) struct Explanation {
    /// The decision.
    pub(super) decision: DecisionRecord,
    /// What the rules of the request's product say; `None` where there is no such product.
    pub(super) access: Option<Access>,
    /// The caller's own rights in each product.
    pub(super) reach: Vec<EffectiveAccess>,
    /// When an API token expires, in seconds since the epoch; `None` where that is not known.
    pub(super) record_ends: Option<u64>,
    /// Where products lie, for a request that was refused for its path.
    path_hint: Option<String>,
    /// The settings once more, with all providers; `None` where they could not be read.
    pub(super) settings: Option<Settings>,
    /// The claims that the decision was made with, as far as they are known.
    pub(super) known: Option<KnownClaims>,
    /// The address that the request comes from.
    pub(super) source_ip: Option<String>,
}

impl Explanation {
    /// What there is to tell of the decision about an event.
    pub(super) fn of(
        decision: DecisionRecord,
        event: &str,
        record_ends: Option<u64>,
        settings: Option<Settings>,
        known: Option<KnownClaims>,
    ) -> Self {
        let identity = decision.identity();
        let access = decision.product().and_then(|product| {
            let request = Request::parse(event).ok()?;
            let caller = decision.caller.as_ref();
            Some(Access::of(product, caller, &request, decision.ruling))
        });
        let request = Request::parse(event).ok();
        let source = request.as_ref().and_then(|one| one.source_ip.as_deref());
        Self {
            reach: reach(&decision, identity, source),
            path_hint: path_hint(&decision, event),
            source_ip: source.map(str::to_owned),
            settings,
            known,
            access,
            record_ends,
            decision,
        }
    }

    /// The provider that confirmed the caller, or that refused.
    pub(super) fn provider(&self) -> Option<&Provider> {
        let id = self.decision.provider()?.as_str();
        let mut all = self.settings.as_ref()?.providers.iter();
        all.find(|provider| provider.id.as_str() == id)
    }

    /// What the refusal means, if there is one.
    pub(super) fn meaning(&self) -> Option<Meaning> {
        self.decision.refusal.map(Meaning::of)
    }

    /// What to do about the refusal, if there is one.
    pub(super) fn next_step(&self) -> Option<String> {
        let next = self.meaning()?.next;
        Some(match &self.path_hint {
            Some(hint) => format!("{next} {hint}"),
            None => next.to_owned(),
        })
    }
}

fn reach(
    decision: &DecisionRecord,
    identity: Option<&Identity>,
    source: Option<&str>,
) -> Vec<EffectiveAccess> {
    // A credential that is restricted to networks has no rights from elsewhere.
    let elsewhere = decision.refusal == Some(Refusal::Forbidden(Forbidden::SourceNotAllowed));
    let settings: Option<&Arc<SettingsInForce>> = decision.settings.as_ref();
    match (settings, identity) {
        (Some(settings), Some(identity)) if !elsewhere => settings
            .products
            .iter()
            .map(|product| EffectiveAccess::of(product, identity, source))
            .collect(),
        _ => Vec::new(),
    }
}
