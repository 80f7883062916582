//! What came of an event, and what it is based on.

use std::fmt;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::access::{BasicGrant, Requester, Ruling, needs};
use crate::audit::{self, Outcome, Reason};
use crate::authenticate::Rejection;
use crate::document::{Mode, ProviderId};
use crate::error::{Denial, Fault, Forbidden, Refusal};
use crate::identity::{Identity, Sender};
use crate::product::Product;
use crate::provider::ProviderIndex;
use crate::random::DecisionId;
use crate::settings::SettingsInForce;

/// Who is calling.
#[derive(Clone, Debug)]
pub enum Caller {
    /// A verified caller.
    Verified {
        /// Who it is.
        identity: Arc<Identity>,
        /// Whether that was known from an event before.
        from_cache: bool,
    },
    /// Whoever sent Basic credentials, which Atlassian will check, and what these are granted.
    Unverified(BasicGrant),
}

impl Caller {
    /// The verified caller.
    pub fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Verified { identity, .. } => Some(identity),
            Self::Unverified(_) => None,
        }
    }

    /// How a caller who was not verified came; empty for one who was.
    pub(super) const fn unverified_method(&self) -> &'static str {
        match self {
            Self::Verified { .. } => "",
            Self::Unverified(_) => BASIC,
        }
    }

    /// Who asks, to the access rules.
    pub(super) fn requester(&self) -> Requester<'_> {
        match self {
            Self::Verified { identity, .. } => Requester::Verified(identity),
            Self::Unverified(grant) => Requester::Basic(*grant),
        }
    }

    pub(super) const fn is_from_cache(&self) -> bool {
        matches!(
            self,
            Self::Verified {
                from_cache: true,
                ..
            }
        )
    }

    /// The value of the API key whose usage plan the request counts for.
    pub(super) fn usage_key<'s>(&self, settings: &'s SettingsInForce) -> Option<&'s str> {
        let client_id = self.identity().and_then(|one| one.client_id.as_deref());
        settings.general.usage_key(client_id)
    }
}

/// How a caller with Basic credentials came.
const BASIC: &str = "basic";

/// A decision that was come to.
pub(super) struct Decided {
    pub(super) answer: Box<RawValue>,
    /// Why the policy lacks the request's own route.
    pub(super) refusal: Option<Refusal>,
    pub(super) caller: Caller,
    pub(super) ruling: Option<Ruling>,
}

/// A step that refused, and what was known by then.
pub(super) struct Refused {
    pub(super) refusal: Refusal,
    pub(super) caller: Option<Caller>,
    /// The provider that refused or failed.
    pub(super) provider: Option<ProviderIndex>,
    /// Who sent a token that stands for nobody.
    pub(super) sender: Option<Arc<Sender>>,
    pub(super) from_cache: bool,
    pub(super) unverified_method: &'static str,
}

impl From<Denial> for Refused {
    fn from(denial: Denial) -> Self {
        Self::new(denial.into())
    }
}

impl Refused {
    const fn new(refusal: Refusal) -> Self {
        Self {
            refusal,
            caller: None,
            provider: None,
            sender: None,
            from_cache: false,
            unverified_method: "",
        }
    }

    /// After the caller was known.
    pub(super) fn after(caller: &Caller, refusal: Refusal) -> Self {
        Self {
            caller: Some(caller.clone()),
            ..Self::new(refusal)
        }
    }

    /// Basic credentials that nothing is granted to.
    pub(super) fn basic(denial: Denial) -> Self {
        Self {
            unverified_method: BASIC,
            ..Self::new(Refusal::Denied(denial))
        }
    }
}

/// A token that stands for nobody.
impl From<Rejection> for Refused {
    fn from(rejection: Rejection) -> Self {
        Self {
            provider: rejection.provider,
            sender: rejection.sender,
            from_cache: rejection.from_cache,
            ..Self::new(rejection.refusal)
        }
    }
}

/// What came of an event, and what it is based on.
pub struct DecisionRecord {
    /// Its name, in the answer's context and in the audit line.
    pub id: DecisionId,
    /// What API Gateway is told.
    pub answer: Result<Box<RawValue>, Refusal>,
    /// Why the request is not allowed, or would not be in the mode `enforce`.
    pub refusal: Option<Refusal>,
    /// What becomes of decisions.
    pub mode: Mode,
    /// Who is calling, once that is known.
    pub caller: Option<Caller>,
    /// Whether what was found out about the token was known from an event before.
    pub from_cache: bool,
    /// The settings that it is based on; `None` where there were none.
    pub settings: Option<Arc<SettingsInForce>>,
    /// How a caller who was not verified came: `basic`, or empty.
    pub unverified_method: &'static str,
    /// What the access rules make of the request; `None` where they were not asked.
    pub ruling: Option<Ruling>,
    /// Who sent a token that stands for nobody, as far as that is known.
    pub sender: Option<Arc<Sender>>,
    rejected_by: Option<ProviderIndex>,
    /// The place of the product among those of the settings.
    pub(super) product: Option<usize>,
}

/// Without the answer, which holds what Atlassian is sent.
impl fmt::Debug for DecisionRecord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DecisionRecord")
            .field("refusal", &self.refusal)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

impl DecisionRecord {
    /// Of an event about which nothing was decided.
    pub(super) fn undecided(id: DecisionId, answer: Result<Box<RawValue>, Refusal>) -> Self {
        Self {
            id,
            refusal: answer.as_ref().err().copied(),
            answer,
            mode: Mode::Enforce,
            caller: None,
            from_cache: false,
            settings: None,
            unverified_method: "",
            ruling: None,
            sender: None,
            rejected_by: None,
            product: None,
        }
    }

    /// Of an event that could not be read, or that no settings were there for.
    pub(super) fn without_settings(id: DecisionId, fault: Fault) -> Self {
        Self::undecided(id, Err(Refusal::Failed(fault)))
    }

    pub(super) fn decided(id: DecisionId, decided: Decided) -> Self {
        Self {
            refusal: decided.refusal,
            from_cache: decided.caller.is_from_cache(),
            unverified_method: decided.caller.unverified_method(),
            ruling: decided.ruling,
            caller: Some(decided.caller),
            ..Self::undecided(id, Ok(decided.answer))
        }
    }

    pub(super) fn refused(
        id: DecisionId,
        answer: Result<Box<RawValue>, Refusal>,
        refused: Refused,
    ) -> Self {
        let caller = refused.caller.as_ref();
        Self {
            // A refusal that does not fit into an answer has become a fault.
            refusal: Some(answer.as_ref().err().copied().unwrap_or(refused.refusal)),
            from_cache: refused.from_cache || caller.is_some_and(Caller::is_from_cache),
            unverified_method: caller.map_or(refused.unverified_method, Caller::unverified_method),
            rejected_by: refused.provider,
            caller: refused.caller,
            sender: refused.sender,
            ..Self::undecided(id, answer)
        }
    }

    /// The same decision, with another answer to API Gateway.
    pub(super) fn answered(self, answer: Result<Box<RawValue>, Refusal>) -> Self {
        Self { answer, ..self }
    }

    /// What came of it, in the mode `enforce`.
    pub fn outcome(&self) -> Outcome {
        self.refusal.map_or(Outcome::Allowed, Outcome::from)
    }

    /// The code of its audit line.
    pub const fn code(&self) -> &'static str {
        audit::code(self.mode, self.refusal)
    }

    /// The verified caller.
    pub fn identity(&self) -> Option<&Identity> {
        self.caller.as_ref().and_then(Caller::identity)
    }

    /// The provider that confirmed the caller, or that refused or failed.
    pub fn provider(&self) -> Option<&ProviderId> {
        let vouched = match (self.identity(), self.sender.as_deref()) {
            (Some(identity), _) => Some(&identity.provider),
            (None, Some(Sender::Verified(sender))) => Some(&sender.provider),
            (None, _) => None,
        };
        vouched.or_else(|| {
            let settings = self.settings.as_deref()?;
            Some(&settings.registry.provider(self.rejected_by?)?.id)
        })
    }

    /// Why a verified caller may not go on, or could not in the mode `enforce`.
    pub fn reason(&self) -> Option<Reason> {
        let Some(Refusal::Forbidden(forbidden)) = self.refusal else {
            return None;
        };
        let is_on_basic_paths = self
            .caller
            .as_ref()
            .is_some_and(|caller| matches!(caller, Caller::Unverified(BasicGrant::OnSomePaths)));
        Some(Reason::of(forbidden, self.ruling, is_on_basic_paths))
    }

    /// What a caller who may not go on would need: entries of the settings, or of the API token, by the
    /// name of their field.
    pub fn needs(&self) -> Option<String> {
        let Some(Refusal::Forbidden(forbidden)) = self.refusal else {
            return None;
        };
        let limits = self.identity().map(|identity| &identity.limits);
        match (forbidden, self.ruling) {
            (Forbidden::SourceNotAllowed, _) => Some(needs("networks", &limits?.source_cidrs)),
            (_, Some(Ruling::OtherProduct)) => Some(needs("products", &limits?.products)),
            (_, ruling) => {
                let rules = self.product()?.access().rules()?;
                let rule = rules.get(ruling?.rule()?)?;
                Some(rule.conditions.needs(ruling?.lacks()?))
            }
        }
    }

    /// The product that the request's path lies in.
    pub fn product(&self) -> Option<&Product> {
        self.settings.as_deref()?.products.get(self.product?)
    }
}
