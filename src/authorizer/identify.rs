//! Tokens: those seen before, and those that are new.

use std::sync::Arc;
use std::time::Duration;

use super::Authorizer;
use super::trail::Trail;
use crate::authenticate::{self, Surroundings, Trace, Verdict, api_token, needs_word};
use crate::credential::{Form, Token};
use crate::error::Refusal;
use crate::identity::Identity;
use crate::verdicts::{Finding, TokenDigest};

/// How long a provider is not asked again about a token that it refused.
const REFUSED_FOR: Duration = Duration::from_secs(10);

impl Authorizer {
    /// The identity that a token stands for.
    ///
    /// # Errors
    ///
    /// As [`authenticate::verify`].
    pub(super) async fn identify(
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
