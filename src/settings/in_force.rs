//! Settings in force: loaded, refreshed on the request that finds them old, kept when a reload
//! fails.

use std::sync::Arc;
use std::time::Duration;

use tracing::{error, info};

use super::{General, Settings};
use crate::authenticate::Revoked;
use crate::clock::Clock;
use crate::deployment::Deployment;
use crate::document::{ProviderId, Tree};
use crate::error::Fault;
use crate::http::{Counters, Deadline};
use crate::product::Product;
use crate::provider::Registry;
use crate::store::{LoadError, Source, WhenThrottled};
use crate::sync::{Age, Due, FetchOutcome, Refreshed};

/// The longest that a reload may hold up a request while older settings are there to use.
const RELOAD_TIMEOUT: Duration = Duration::from_secs(3);
/// The longest pause after failed loads.
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// Settings in force, with what is kept of their providers.
#[derive(Debug)]
pub struct SettingsInForce {
    /// General settings.
    pub general: General,
    /// The providers.
    pub registry: Registry,
    /// The products; never empty.
    pub products: Vec<Product>,
    /// What is revoked.
    pub revoked: Revoked,
    /// Tells two loaded settings apart.
    pub generation: u64,
    tree: Tree,
}

impl SettingsInForce {
    fn new(tree: Tree, settings: Settings, previous: Option<&Self>) -> Self {
        let is_unchanged =
            |id: &ProviderId| previous.is_some_and(|previous| has_same(&previous.tree, &tree, id));
        let registry = Registry::new(
            settings.providers,
            previous.map(|previous| &previous.registry),
            is_unchanged,
        );
        Self {
            general: settings.general,
            registry,
            products: settings.products,
            revoked: settings.revoked,
            generation: previous.map_or(0, |previous| previous.generation.saturating_add(1)),
            tree,
        }
    }
}

/// Whether two trees have the same document of a provider, and the same secrets.
fn has_same(one: &Tree, other: &Tree, id: &ProviderId) -> bool {
    let (one, other) = (one.documents(), other.documents());
    let is_same = |name: &str| one.get(name) == other.get(name);
    let mut names = one.keys().chain(other.keys());
    is_same(&format!("providers/{}", id.as_str()))
        && names.all(|name| !name.starts_with("secrets/") || is_same(name))
}

/// Keeps the settings in force.
pub struct SettingsCache {
    source: Source,
    deployment: Deployment,
    settings: Refreshed<SettingsInForce>,
}

impl SettingsCache {
    /// Nothing loaded yet.
    pub fn new(source: Source, deployment: Deployment) -> Self {
        Self {
            source,
            deployment,
            settings: Refreshed::new(MAX_BACKOFF),
        }
    }

    /// Where they are read from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The settings in force, read again when they are older than their `refresh_seconds`.
    ///
    /// # Errors
    ///
    /// [`Fault::SettingsUnavailable`] when none have ever been loaded.
    pub async fn current(
        &self,
        clock: &dyn Clock,
        counters: &Counters,
        deadline: Deadline,
    ) -> Result<Arc<SettingsInForce>, Fault> {
        let due = |settings: &SettingsInForce, age: Age| Due {
            fetch: age.of_value >= settings.general.refresh,
            usable: true,
        };
        // On the heap: most events load nothing, and need not carry room for it.
        let load = async |previous| Box::pin(self.load(previous, counters, deadline)).await;
        let settings = self.settings.current(clock, due, load).await;
        settings.ok_or(Fault::SettingsUnavailable)
    }

    /// Lets the next event load settings at once, whatever failed before.
    pub fn forget_failures(&self) {
        self.settings.forget_failures();
    }

    async fn load(
        &self,
        previous: Option<Arc<SettingsInForce>>,
        counters: &Counters,
        deadline: Deadline,
    ) -> FetchOutcome<SettingsInForce> {
        counters.settings_loads.count_try();
        let previous = previous.as_deref();
        let limit = previous.map_or(Duration::MAX, |_| RELOAD_TIMEOUT);
        let deadline = deadline.within(limit);
        match self.read(previous, counters, deadline).await {
            Ok(Some(settings)) => {
                info!(source = %self.source, generation = settings.generation, "settings loaded");
                FetchOutcome::New(settings)
            }
            Ok(None) => FetchOutcome::Current,
            Err(load_error) => {
                counters.settings_loads.count_failure();
                let kept = previous.is_some();
                error!(source = %self.source, error = %load_error, kept, "settings could not be loaded");
                FetchOutcome::Failed
            }
        }
    }

    /// New settings, or `None` when the tree has not changed.
    async fn read(
        &self,
        previous: Option<&SettingsInForce>,
        counters: &Counters,
        deadline: Deadline,
    ) -> Result<Option<SettingsInForce>, LoadError> {
        let when_throttled = match previous {
            Some(_) => WhenThrottled::Briefly,
            None => WhenThrottled::Wait,
        };
        let tree = self.source.read(deadline, when_throttled, counters).await?;
        if previous.is_some_and(|previous| previous.tree == tree) {
            return Ok(None);
        }
        let settings = Settings::parse(&tree, &self.deployment).map_err(LoadError::Invalid)?;
        settings.warn(&self.deployment);
        Ok(Some(SettingsInForce::new(tree, settings, previous)))
    }
}
