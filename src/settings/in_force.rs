//! Settings in force: loaded, refreshed on the request that finds them old, kept when a reload
//! fails.

use std::sync::Arc;
use std::time::Duration;

use tracing::{error, info, warn};

use super::{General, Settings};
use crate::authenticate::Revoked;
use crate::clock::Clock;
use crate::deployment::Deployment;
use crate::document::{ProviderId, Tree};
use crate::error::Fault;
use crate::http::{Counters, Deadline};
use crate::product::Product;
use crate::provider::Registry;
use crate::store::{Found, LoadError, Source, WhenThrottled};
use crate::sync::{Age, Due, FetchOutcome, Refreshed};

/// The longest that a reload may hold up a request while older settings are there to use.
const RELOAD_TIMEOUT: Duration = Duration::from_secs(3);
/// The most entries of all lists of what is revoked that were read while settings were invalid. Beyond
/// it only the last good list and the newest count.
const MAX_REVOKED_SINCE: usize = 5_000;
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
    /// What is revoked: by these settings, and by what was read since.
    pub revoked: Revoked,
    /// Tells two loaded settings apart.
    pub generation: u64,
    tree: Tree,
    /// Other documents were invalid when `revoked` was read since.
    is_amended: bool,
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
            is_amended: false,
        }
    }

    /// The same settings, where more is revoked by now; `None` where nothing is. What was revoked stays
    /// so until settings are loaded whole.
    fn amended(&self, revoked: &Revoked, deployment: &Deployment) -> Option<Self> {
        let all = self.revoked.union(revoked);
        if all == self.revoked {
            return None;
        }
        // They were parsed before.
        let settings = Settings::parse(&self.tree, deployment).ok()?;
        let revoked = if all.len() > MAX_REVOKED_SINCE {
            settings.revoked.union(revoked)
        } else {
            all
        };
        let amended = Self::new(self.tree.clone(), settings, Some(self));
        Some(Self {
            revoked,
            is_amended: true,
            ..amended
        })
    }
}

/// Whether two trees have the same document of a provider, and the same secrets that it can name.
fn has_same(one: &Tree, other: &Tree, id: &ProviderId) -> bool {
    let (one, other) = (one.documents(), other.documents());
    let is_same = |name: &str| one.get(name) == other.get(name);
    let document = format!("providers/{}", id.as_str());
    let is_nameable = |name: &str| {
        name.strip_prefix("secrets/").is_some_and(|rest| {
            let own = rest.strip_prefix(&document);
            !rest.contains('/') || own.is_some_and(|own| own.starts_with('/'))
        })
    };
    let mut names = one.keys().chain(other.keys());
    is_same(&document) && names.all(|name| !is_nameable(name) || is_same(name))
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
    /// [`Fault::SettingsUnavailable`] when none have ever been loaded, or the last good ones are older
    /// than their `max_settings_age_seconds`.
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
        let load = async |previous| Box::pin(self.load(previous, clock, counters, deadline)).await;
        let settings = self.settings.current(clock, due, load).await;
        let settings = settings.ok_or(Fault::SettingsUnavailable)?;
        if self.is_too_old(&settings, clock) {
            return Err(Fault::SettingsUnavailable);
        }
        Ok(settings)
    }

    /// Whether settings have not been loaded, or found to be current, for too long.
    fn is_too_old(&self, settings: &SettingsInForce, clock: &dyn Clock) -> bool {
        let most = settings.general.max_age;
        most.is_some_and(|most| self.settings.age(clock) >= most)
    }

    /// Lets the next event load settings at once, whatever failed before.
    pub fn forget_failures(&self) {
        self.settings.forget_failures();
    }

    async fn load(
        &self,
        previous: Option<Arc<SettingsInForce>>,
        clock: &dyn Clock,
        counters: &Counters,
        deadline: Deadline,
    ) -> FetchOutcome<SettingsInForce> {
        counters.settings_loads.count_try();
        let previous = previous.as_deref();
        let is_usable = previous.is_some_and(|previous| !self.is_too_old(previous, clock));
        // What is too old serves as little as nothing, and so does a load that gives up early.
        let (limit, when_throttled) = if is_usable {
            (RELOAD_TIMEOUT, WhenThrottled::Briefly)
        } else {
            (Duration::MAX, WhenThrottled::Wait)
        };
        let deadline = deadline.within(limit);
        let found = self.source.find(deadline, when_throttled, counters).await;
        let (load_error, revoked) = match found {
            Ok(found) => match self.read(&found, previous) {
                Ok(Some(settings)) => {
                    info!(source = %self.source, generation = settings.generation, "settings loaded");
                    return FetchOutcome::New(settings);
                }
                Ok(None) => return FetchOutcome::Current,
                Err(error) => (error, Settings::revoked_in(&found.tree)),
            },
            Err(error) => (error, None),
        };
        counters.settings_loads.count_failure();
        error!(source = %self.source, error = %load_error, kept = is_usable, "settings could not be loaded");
        if let Some(previous) = previous {
            counters
                .settings_age
                .set(self.settings.age(clock).as_secs());
            let amended = revoked.and_then(|list| previous.amended(&list, &self.deployment));
            if let Some(amended) = amended {
                let (entries, generation) = (amended.revoked.len(), amended.generation);
                warn!(source = %self.source, entries, generation, "more is revoked: only the parameter \
                    `revoked` was updated");
                return FetchOutcome::Amended(amended);
            }
        }
        FetchOutcome::Failed
    }

    /// New settings, or `None` when the tree has not changed.
    fn read(
        &self,
        found: &Found,
        previous: Option<&SettingsInForce>,
    ) -> Result<Option<SettingsInForce>, LoadError> {
        let tree = found.whole()?;
        if previous.is_some_and(|previous| previous.tree == *tree && !previous.is_amended) {
            return Ok(None);
        }
        let settings = Settings::parse(tree, &self.deployment).map_err(LoadError::Invalid)?;
        settings.warn(&self.deployment);
        Ok(Some(SettingsInForce::new(tree.clone(), settings, previous)))
    }
}
