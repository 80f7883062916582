//! Settings in force: loaded, refreshed on the request that finds them old, kept when a reload
//! fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tracing::{error, info};

use crate::authenticate::online::Line;
use crate::backoff::Backoff;
use crate::clock::{Clock, SinceEpoch};
use crate::credential::Token;
use crate::error::Fault;
use crate::http::{Deadline, TOTAL_DEADLINE};
use crate::keys::cache::KeyCache;
use crate::provider::Provider;
use crate::response::Options;
use crate::settings::source::{LoadError, Source};
use crate::settings::{Settings, Tree};
use crate::sync::Locked;

/// The longest that a reload may hold up a request while older settings are there to use.
const RELOAD_TIMEOUT: Duration = Duration::from_secs(3);
/// The longest pause after failed loads.
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// Settings with the key caches of their issuers.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) settings: Settings,
    /// Tells two loaded settings apart.
    pub(crate) generation: u64,
    issuers: Vec<(String, usize, Option<Arc<KeyCache>>)>,
    /// The lines to the providers, in their order.
    lines: Vec<Arc<Line>>,
    tree: Tree,
}

/// A provider and the keys of one of its issuers.
pub(crate) struct IssuerEntry<'l> {
    pub(crate) index: usize,
    pub(crate) provider: &'l Provider,
    /// `None` where the provider is asked about each token.
    pub(crate) keys: Option<&'l Arc<KeyCache>>,
}

impl Loaded {
    /// The provider that this exact issuer belongs to, and its keys.
    pub(crate) fn issuer(&self, name: &str) -> Option<IssuerEntry<'_>> {
        let (_, index, keys) = self.issuers.iter().find(|(issuer, ..)| issuer == name)?;
        Some(IssuerEntry {
            index: *index,
            provider: self.settings.providers.get(*index)?,
            keys: keys.as_ref(),
        })
    }

    /// The provider at a place, and the line to it.
    pub(crate) fn line(&self, index: usize) -> Option<(&Provider, &Line)> {
        Some((self.settings.providers.get(index)?, self.lines.get(index)?))
    }

    /// As [`Line::settle`], of the provider at a place.
    pub(crate) fn settle(&self, index: usize, token: &Token<'_>, verified: bool) {
        if let Some(line) = self.lines.get(index) {
            line.settle(token, verified);
        }
    }

    /// The line to a provider that these settings have too, and to the same secrets.
    fn line_of(&self, provider: &Provider, tree: &Tree) -> Option<Arc<Line>> {
        let name = format!("providers/{}", provider.id.as_str());
        let is_same = |name: &str| self.tree.0.get(name) == tree.0.get(name);
        let mut secrets = self.tree.0.keys().chain(tree.0.keys());
        let same_secrets = secrets.all(|name| !name.starts_with("secrets/") || is_same(name));
        let place = self
            .settings
            .providers
            .iter()
            .position(|one| one.id == provider.id)?;
        self.lines
            .get(place)
            .filter(|_| is_same(&name) && same_secrets)
            .map(Arc::clone)
    }

    /// Takes over the key caches whose source is the same, so that a change of a rule doesn't
    /// make us fetch all keys anew. Keys that came by a private authority are fetched anew, for the
    /// authority may be what has changed.
    fn new(tree: Tree, settings: Settings, generation: u64, previous: Option<&Self>) -> Self {
        let known = |keys: &_| {
            previous
                .iter()
                .flat_map(|previous| &previous.issuers)
                .filter_map(|(_, _, cache)| cache.as_ref())
                .find(|cache| cache.source() == keys && !cache.is_private())
                .map(Arc::clone)
        };
        let mut issuers = Vec::new();
        for (index, provider) in settings.providers.iter().enumerate() {
            for issuer in &provider.issuers {
                let cache = issuer.keys.as_ref().map(|keys| {
                    let cache = || KeyCache::new(keys.clone(), provider.http.clone());
                    let known = known(keys).filter(|_| provider.http.is_none());
                    known.unwrap_or_else(|| Arc::new(cache()))
                });
                issuers.push((issuer.name.clone(), index, cache));
            }
        }
        Self {
            lines: settings
                .providers
                .iter()
                .map(|provider| {
                    let known = previous.and_then(|previous| previous.line_of(provider, &tree));
                    known.unwrap_or_else(|| Arc::new(Line::new(provider)))
                })
                .collect(),
            settings,
            generation,
            issuers,
            tree,
        }
    }
}

/// Counts loads for the metrics.
#[derive(Debug, Default)]
pub(crate) struct LoadCounts {
    /// Loads that were tried.
    pub(crate) tried: AtomicU64,
    /// Loads that failed.
    pub(crate) failed: AtomicU64,
}

/// Keeps the settings in force.
pub(crate) struct Store {
    pub(crate) source: Source,
    options: Options,
    state: Locked<State>,
    flight: tokio::sync::Mutex<()>,
    pub(crate) counts: LoadCounts,
}

#[derive(Default)]
struct State {
    loaded: Option<Arc<Loaded>>,
    /// When the settings were last found or proved current.
    checked: SinceEpoch,
    tries: Backoff,
}

enum Plan {
    Use(Arc<Loaded>),
    Load(Option<Arc<Loaded>>),
    GiveUp,
}

impl Store {
    pub(crate) fn new(source: Source, options: Options) -> Self {
        Self {
            source,
            options,
            state: Locked::default(),
            flight: tokio::sync::Mutex::default(),
            counts: LoadCounts::default(),
        }
    }

    /// The settings in force, read again when they are older than their `refresh_seconds`.
    pub(crate) async fn current(
        &self,
        clock: &dyn Clock,
        deadline: Deadline,
    ) -> Result<Arc<Loaded>, Fault> {
        if let Plan::Use(loaded) = self.plan(clock.now()) {
            return Ok(loaded);
        }
        let flight = self.flight.lock().await;
        if let Plan::Load(previous) = self.plan(clock.now()) {
            Box::pin(self.load(previous.as_deref(), clock, deadline)).await;
        }
        drop(flight);
        match self.plan(clock.now()) {
            Plan::Use(loaded) | Plan::Load(Some(loaded)) => Ok(loaded),
            Plan::Load(None) | Plan::GiveUp => Err(Fault::SettingsUnavailable),
        }
    }

    fn plan(&self, now: SinceEpoch) -> Plan {
        self.state.with(|state| {
            let may_retry = state.tries.may_retry(now, MAX_BACKOFF);
            match &state.loaded {
                None if may_retry => Plan::Load(None),
                None => Plan::GiveUp,
                Some(loaded) => {
                    // A clock that was set back makes settings old rather than young for ever.
                    let age = now.checked_sub(state.checked).unwrap_or(Duration::MAX);
                    if age >= loaded.settings.general.refresh && may_retry {
                        Plan::Load(Some(Arc::clone(loaded)))
                    } else {
                        Plan::Use(Arc::clone(loaded))
                    }
                }
            }
        })
    }

    async fn load(&self, previous: Option<&Loaded>, clock: &dyn Clock, deadline: Deadline) {
        self.counts.tried.fetch_add(1, Ordering::Relaxed);
        let limit = previous.map_or(TOTAL_DEADLINE, |_| RELOAD_TIMEOUT);
        let result = self
            .read(previous, Deadline::after(deadline.left(limit)))
            .await;
        let now = clock.now();
        self.state.with(|state| {
            match result {
                Ok(loaded) => {
                    state.tries.succeeded(now);
                    state.checked = now;
                    if let Some(loaded) = loaded {
                        loaded.settings.warn();
                        info!(source = %self.source, generation = loaded.generation, "settings loaded");
                        state.loaded = Some(Arc::new(loaded));
                    }
                }
                Err(load_error) => {
                    self.counts.failed.fetch_add(1, Ordering::Relaxed);
                    state.tries.failed(now);
                    let kept = state.loaded.is_some();
                    error!(source = %self.source, error = %load_error, kept, "settings could not be loaded");
                }
            }
        });
    }

    /// New settings, or `None` when the tree has not changed.
    async fn read(
        &self,
        previous: Option<&Loaded>,
        deadline: Deadline,
    ) -> Result<Option<Loaded>, LoadError> {
        let tree = self.source.read(deadline).await?;
        if previous.is_some_and(|previous| previous.tree == tree) {
            return Ok(None);
        }
        let settings = Settings::parse(&tree, &self.options).map_err(LoadError::Invalid)?;
        let generation = previous.map_or(0, |previous| previous.generation.saturating_add(1));
        Ok(Some(Loaded::new(tree, settings, generation, previous)))
    }
}
