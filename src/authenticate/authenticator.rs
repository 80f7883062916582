//! Tokens: those seen before, and those that are new.

use std::sync::Arc;
use std::time::Duration;

use super::verdict_cache::{CachedVerdict, VerdictCache};
use super::{Context, Failure, Verdict, api_token, needs_inspection, opaque, signed};
use crate::credential::{Form, Token, TokenDigest};
use crate::error::{Denial, Refusal};
use crate::identity::{Identity, Sender, VerifiedSender};
use crate::provider::ProviderIndex;

/// How long a provider is not asked again about a token that it refused.
const REFUSED_FOR: Duration = Duration::from_secs(10);

/// Authenticates tokens, and remembers what it found out about them.
pub struct Authenticator {
    verdicts: VerdictCache,
    api_tokens: api_token::ApiTokenRecords,
}

/// Whom a token stands for.
pub struct Authenticated {
    /// The verified caller.
    pub identity: Arc<Identity>,
    /// Whether that was known from an event before.
    pub from_cache: bool,
}

/// Why a token stands for nobody: a denial or a fault.
pub struct Rejection {
    /// What was wrong.
    pub refusal: Refusal,
    /// The provider that refused or failed.
    pub provider: Option<ProviderIndex>,
    /// Whether that was known from an event before.
    pub from_cache: bool,
    /// Who sent the token, as far as that is known.
    pub sender: Option<Arc<Sender>>,
}

impl From<Failure> for Rejection {
    fn from(failure: Failure) -> Self {
        Self {
            refusal: failure.refusal,
            provider: failure.provider,
            from_cache: false,
            sender: failure.sender,
        }
    }
}

impl Authenticator {
    /// An authenticator that has seen no token yet.
    pub fn new() -> Self {
        Self {
            verdicts: VerdictCache::new(),
            api_tokens: api_token::records(),
        }
    }

    /// The identity that a token stands for.
    ///
    /// # Errors
    ///
    /// A denial for the first thing that does not hold, or a fault when keys, provider or store
    /// can't be reached.
    pub async fn authenticate(
        &self,
        token: &Token<'_>,
        cx: Context<'_>,
    ) -> Result<Authenticated, Rejection> {
        let digest = TokenDigest::of(token);
        if let Some(identity) = self.known(&digest, cx).await? {
            return Ok(Authenticated {
                identity,
                from_cache: true,
            });
        }
        let verdict = match token.form() {
            Form::ApiToken => api_token::verify(token, &self.api_tokens, cx).await,
            Form::Jwt => signed::verify(token, cx).await,
            Form::Opaque(vendor) => opaque::verify(token, vendor, cx).await,
            Form::PersonalOrMachine => Err(Denial::TokenTypeUnsupported.into()),
        };
        let now = cx.fetch.clock.now();
        match verdict {
            Ok(verdict) => {
                let identity = Arc::clone(&verdict.identity);
                let verified = CachedVerdict::Verified(verdict);
                self.verdicts.keep(digest, cx.generation, verified, now);
                Ok(Authenticated {
                    identity,
                    from_cache: false,
                })
            }
            Err(failure) => {
                if let (Refusal::Denied(denial), true) = (failure.refusal, failure.was_asked) {
                    let refused = CachedVerdict::Refused {
                        denial,
                        provider: failure.provider,
                        sender: failure.sender.clone(),
                        until: now.saturating_add(REFUSED_FOR),
                    };
                    self.verdicts.keep(digest, cx.generation, refused, now);
                }
                Err(failure.into())
            }
        }
    }

    /// The identity of a token seen before, if what its verification depends on is still valid: the
    /// key is in its provider's JWKS, and the provider's response has not lapsed.
    async fn known(
        &self,
        digest: &TokenDigest,
        cx: Context<'_>,
    ) -> Result<Option<Arc<Identity>>, Rejection> {
        let now = cx.fetch.clock.now();
        let verdict = match self.verdicts.find(digest, cx.generation, now) {
            None => return Ok(None),
            Some(CachedVerdict::Verified(verdict)) => verdict,
            Some(CachedVerdict::Refused {
                denial,
                provider,
                sender,
                ..
            }) => {
                return Err(Rejection {
                    refusal: denial.into(),
                    provider,
                    from_cache: true,
                    sender,
                });
            }
        };
        let Verdict {
            identity,
            key,
            provider,
            answer_until,
        } = verdict;
        let needs_answer = provider
            .and_then(|index| cx.registry.provider(index))
            .is_some_and(|provider| key.is_some() && needs_inspection(provider, cx.route));
        // An answer that lapsed takes what it said of the caller with it, whatever is asked for.
        let answer_holds = answer_until.map_or(!needs_answer, |until| until > now);
        let key_holds = match &key {
            None => true,
            Some(key) => key
                .keys
                .keys(&key.hint, cx.fetch)
                .await
                .map_err(|fault| {
                    let sender = || Sender::Verified(VerifiedSender::of(&identity).into());
                    Failure::from(fault).by(|| Some(sender()))
                })?
                .contains(key.thumbprint),
        };
        if key_holds && answer_holds {
            return Ok(Some(identity));
        }
        self.verdicts.remove(digest);
        Ok(None)
    }
}

impl Default for Authenticator {
    fn default() -> Self {
        Self::new()
    }
}
