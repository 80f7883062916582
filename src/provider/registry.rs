//! The providers in force, with what is kept of each from one event to the next: the keys of its
//! issuers, and the guard before it.

use std::sync::Arc;

use super::{Issuer, Provider};
use crate::document::ProviderId;
use crate::inspect::{AnswerKeys, ProviderGuard};
use crate::keys::cache::{KeyCache, KeySource};

/// The place of a provider in the order of the settings in force.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ProviderIndex(usize);

/// All providers of the settings in force.
#[derive(Debug)]
pub struct Registry {
    providers: Vec<Registered>,
    issuers: Vec<RegisteredIssuer>,
}

#[derive(Debug)]
struct Registered {
    provider: Provider,
    guard: Arc<ProviderGuard>,
    answers: Arc<AnswerKeys>,
}

#[derive(Debug)]
struct RegisteredIssuer {
    name: String,
    index: ProviderIndex,
    keys: Option<Arc<KeyCache>>,
}

/// A provider and the keys of one of its issuers.
pub(crate) struct Issued<'r> {
    /// The issuer's name.
    pub(crate) issuer: &'r str,
    pub(crate) index: ProviderIndex,
    pub(crate) provider: &'r Provider,
    /// `None` where the provider is asked about each token.
    pub(crate) keys: Option<&'r Arc<KeyCache>>,
}

impl Registry {
    /// Registers providers, whose issuers are unique.
    ///
    /// Takes over the key caches whose source is the same, so that a change of a rule doesn't make
    /// us fetch all keys anew; issuers whose keys come from one source share what was fetched. Keys
    /// from a server with a private CA are fetched anew, because the CA may be what has changed.
    /// Takes over the guards of the providers that `is_unchanged`.
    pub(crate) fn new(
        providers: Vec<Provider>,
        previous: Option<&Self>,
        is_unchanged: impl Fn(&ProviderId) -> bool,
    ) -> Self {
        let mut issuers: Vec<RegisteredIssuer> = Vec::new();
        for (index, provider) in providers.iter().enumerate() {
            for issuer in &provider.issuers {
                let cache = issuer.keys.as_ref().map(|source| {
                    let terms = provider.key_terms;
                    let known = previous.and_then(|one| public_keys(&one.issuers, source));
                    let known = known.or_else(|| public_keys(&issuers, source));
                    let known = known.map(|cache| cache.on_terms(terms));
                    let new =
                        || Arc::new(KeyCache::new(source.clone(), provider.http.clone(), terms));
                    known
                        .filter(|_| provider.http.is_none())
                        .unwrap_or_else(new)
                });
                issuers.push(RegisteredIssuer {
                    name: issuer.name.clone(),
                    index: ProviderIndex(index),
                    keys: cache,
                });
            }
        }
        let providers = providers.into_iter().enumerate().map(|(place, provider)| {
            let known = previous
                .and_then(|previous| previous.registered(&provider.id))
                .filter(|_| is_unchanged(&provider.id));
            let (guard, answers) = match known {
                Some(known) => (Arc::clone(&known.guard), Arc::clone(&known.answers)),
                None => (
                    Arc::new(ProviderGuard::new(provider.unknown_token_pause())),
                    Arc::new(answer_keys(ProviderIndex(place), &provider, &issuers)),
                ),
            };
            Registered {
                provider,
                guard,
                answers,
            }
        });
        Self {
            providers: providers.collect(),
            issuers,
        }
    }

    /// The provider that this exact issuer belongs to, and its keys.
    pub(crate) fn issuer(&self, name: &str) -> Option<Issued<'_>> {
        let issuer = self.issuers.iter().find(|issuer| issuer.name == name)?;
        Some(Issued {
            issuer: &issuer.name,
            index: issuer.index,
            provider: self.provider(issuer.index)?,
            keys: issuer.keys.as_ref(),
        })
    }

    /// The provider at a place; `None` for one of other settings.
    pub fn provider(&self, index: ProviderIndex) -> Option<&Provider> {
        let registered = self.providers.get(index.0)?;
        Some(&registered.provider)
    }

    /// The provider at a place, and the guard before it.
    pub(crate) fn guarded(&self, index: ProviderIndex) -> Option<(&Provider, &ProviderGuard)> {
        let registered = self.providers.get(index.0)?;
        Some((&registered.provider, &registered.guard))
    }

    /// The keys that the answers of the provider at a place may be signed by.
    pub(crate) fn answer_keys(&self, index: ProviderIndex) -> Option<&AnswerKeys> {
        let registered = self.providers.get(index.0)?;
        Some(&registered.answers)
    }

    /// All providers, in their order.
    pub(crate) fn providers(&self) -> impl Iterator<Item = (ProviderIndex, &Provider)> {
        let providers = self.providers.iter().enumerate();
        providers.map(|(index, registered)| (ProviderIndex(index), &registered.provider))
    }

    /// The caches of keys that come over the network, each once.
    pub(super) fn fetched_keys(&self) -> Vec<&Arc<KeyCache>> {
        let mut caches: Vec<&Arc<KeyCache>> = Vec::new();
        for cache in self.issuers.iter().filter_map(|one| one.keys.as_ref()) {
            let is_new = !caches.iter().any(|known| Arc::ptr_eq(known, cache));
            if is_new && cache.source().endpoint().is_some() {
                caches.push(cache);
            }
        }
        caches
    }

    fn registered(&self, id: &ProviderId) -> Option<&Registered> {
        self.providers.iter().find(|one| one.provider.id == *id)
    }
}

/// The keys that a provider's answers may be signed by: those of its tokens, where there are some.
fn answer_keys(
    index: ProviderIndex,
    provider: &Provider,
    issuers: &[RegisteredIssuer],
) -> AnswerKeys {
    let keys = |issuer: &Issuer| {
        let mut known = issuers.iter();
        let known = known.find(|one| one.index == index && one.name == issuer.name);
        let known = known.and_then(|one| one.keys.clone());
        let new = || {
            let source = issuer.keys.clone()?;
            let http = provider.http.clone();
            Some(Arc::new(KeyCache::new(source, http, provider.key_terms)))
        };
        Some((issuer.name.clone(), known.or_else(new)?))
    };
    AnswerKeys {
        issuers: provider.answer_issuers.iter().filter_map(keys).collect(),
        algorithms: provider.algorithms.clone(),
        client_ids: provider.audience.client_ids.clone(),
        audiences: provider.audience.audiences.clone(),
    }
}

/// The cache of keys that come from this source with a public CA.
fn public_keys(issuers: &[RegisteredIssuer], source: &KeySource) -> Option<Arc<KeyCache>> {
    let caches = issuers.iter().filter_map(|issuer| issuer.keys.as_ref());
    caches
        .filter(|cache| !cache.is_private())
        .find(|cache| cache.source().leads_to_keys_of(source))
        .map(Arc::clone)
}
