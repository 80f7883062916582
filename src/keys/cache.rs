//! The key cache: when a key set is fetched, how long it is kept, and who waits for it.
//!
//! - A set is fresh for as long as its `Cache-Control` says, within [`MIN_FRESH`] and
//!   [`MAX_FRESH`]; the request that finds it older fetches it again.
//! - A token with an unknown `kid` makes us fetch again, at most once per [`COOLDOWN`].
//! - There is one fetch in flight for any number of waiters.
//! - A failed fetch is not repeated before a back-off that doubles up to [`MAX_BACKOFF`]. In the
//!   meantime the last good set is used, until it is [`MAX_STALE`] old. A set without any usable
//!   key is no failure of that kind: it takes the last good set away.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tracing::warn;

use crate::backoff::Backoff;
use crate::clock::{Clock, SinceEpoch};
use crate::error::Fault;
use crate::http::{Deadline, Endpoint, FetchError, HttpClient};
use crate::keys::{KeyId, KeySet, KeySetError};
use crate::sync::Locked;

/// A set is never fetched more often than this for its age alone.
pub const MIN_FRESH: Duration = Duration::from_mins(1);
/// A withdrawn key stops verifying after this time at the latest, while the endpoint answers.
pub const MAX_FRESH: Duration = Duration::from_hours(1);
/// How long a set without `Cache-Control` is fresh.
pub const DEFAULT_FRESH: Duration = Duration::from_mins(5);
/// The age at which a set is given up while its endpoint fails.
pub const MAX_STALE: Duration = Duration::from_hours(24);
/// The least time between two fetches that tokens with unknown `kid` can cause.
pub const COOLDOWN: Duration = Duration::from_secs(10);
/// The longest pause after failed fetches.
pub const MAX_BACKOFF: Duration = Duration::from_mins(1);

/// The largest key set and discovery document that are read, in bytes.
const MAX_DOCUMENT: usize = 256 * 1024;

/// Where a provider's keys come from.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// Written in the settings.
    Inline(Arc<KeySet>),
    /// A key set endpoint.
    Jwks(Endpoint),
    /// OpenID Connect Discovery 1.0, section 4: the document names the key set endpoint.
    Discovery {
        /// The discovery document.
        endpoint: Endpoint,
        /// The issuer that the document must name (section 4.3).
        issuer: String,
    },
}

/// Counts fetches for the metrics.
#[derive(Debug, Default)]
pub struct FetchCounts {
    /// Fetches that were tried.
    pub tried: AtomicU64,
    /// Fetches that failed.
    pub failed: AtomicU64,
}

/// What a fetch needs from its surroundings.
#[derive(Clone, Copy)]
pub struct FetchContext<'c> {
    /// The HTTP client.
    pub http: &'c HttpClient,
    /// The clock.
    pub clock: &'c dyn Clock,
    /// Where fetches of keys are counted.
    pub counts: &'c FetchCounts,
    /// Where questions to providers about tokens are counted.
    pub asks: &'c FetchCounts,
    /// When the decision must be made.
    pub deadline: Deadline,
}

/// The keys of one issuer.
#[derive(Debug)]
pub struct KeyCache {
    source: KeySource,
    /// Trusts the provider's own authority, where it has one.
    http: Option<HttpClient>,
    state: Locked<State>,
    flight: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    good: Option<Good>,
    tries: Backoff,
}

#[derive(Clone, Debug)]
struct Good {
    keys: Arc<KeySet>,
    fetched: SinceEpoch,
    fresh_for: Duration,
}

enum Plan {
    Use(Arc<KeySet>),
    /// Fetch; the set is what serves if that must not happen again.
    Fetch(Option<Arc<KeySet>>),
    GiveUp,
}

impl KeyCache {
    /// A cache that has fetched nothing yet.
    pub(crate) fn new(source: KeySource, http: Option<HttpClient>) -> Self {
        Self {
            source,
            http,
            state: Locked::default(),
            flight: tokio::sync::Mutex::default(),
        }
    }

    /// Where the keys come from.
    pub fn source(&self) -> &KeySource {
        &self.source
    }

    /// Whether the keys come by an authority of the provider's own.
    pub(crate) fn is_private(&self) -> bool {
        self.http.is_some()
    }

    /// The current key set, fetched when it is due or when it lacks `wanted`.
    ///
    /// The set may lack `wanted` all the same: then the provider has no such key, or was asked
    /// less than [`COOLDOWN`] ago.
    ///
    /// # Errors
    ///
    /// [`Fault::KeysUnavailable`] when no set can be fetched and none young enough is cached.
    pub async fn keys(
        &self,
        wanted: Option<&KeyId>,
        context: FetchContext<'_>,
    ) -> Result<Arc<KeySet>, Fault> {
        if let KeySource::Inline(keys) = &self.source {
            return Ok(Arc::clone(keys));
        }
        match self.plan(wanted, context) {
            Plan::Use(keys) => return Ok(keys),
            Plan::GiveUp => return Err(Fault::KeysUnavailable),
            Plan::Fetch(_) => {}
        }
        // Whoever waited here finds the plan changed by the fetch that it waited for.
        let flight = self.flight.lock().await;
        if let Plan::Fetch(_) = self.plan(wanted, context) {
            Box::pin(self.fetch(context)).await;
        }
        drop(flight);
        match self.plan(wanted, context) {
            Plan::Use(keys) | Plan::Fetch(Some(keys)) => Ok(keys),
            Plan::Fetch(None) | Plan::GiveUp => Err(Fault::KeysUnavailable),
        }
    }

    fn plan(&self, wanted: Option<&KeyId>, context: FetchContext<'_>) -> Plan {
        let now = context.clock.now();
        self.state.with(|state| {
            let may_retry = state.tries.may_retry(now, MAX_BACKOFF);
            let Some(good) = &mut state.good else {
                return if may_retry {
                    Plan::Fetch(None)
                } else {
                    Plan::GiveUp
                };
            };
            if good.fetched > now {
                // The clock was set back: the set's true age is unknown, so it is due, and starts
                // to age again.
                good.fetched = now;
                good.fresh_for = Duration::ZERO;
            }
            let age = now.saturating_sub(good.fetched);
            let due = age >= good.fresh_for;
            let missing = wanted.is_some_and(|id| !good.keys.has(id))
                && state.tries.since_try(now) >= COOLDOWN;
            let keys = (age < MAX_STALE).then(|| Arc::clone(&good.keys));
            if (due || missing) && may_retry {
                Plan::Fetch(keys)
            } else {
                keys.map_or(Plan::GiveUp, Plan::Use)
            }
        })
    }

    async fn fetch(&self, context: FetchContext<'_>) {
        context.counts.tried.fetch_add(1, Ordering::Relaxed);
        let context = FetchContext {
            http: self.http.as_ref().unwrap_or(context.http),
            ..context
        };
        let result = fetch(&self.source, context).await;
        let now = context.clock.now();
        self.state.with(|state| match result {
            Ok((keys, max_age)) => {
                state.tries.succeeded(now);
                state.good = Some(Good {
                    keys: Arc::new(keys),
                    fetched: now,
                    fresh_for: max_age.unwrap_or(DEFAULT_FRESH).clamp(MIN_FRESH, MAX_FRESH),
                });
            }
            Err(error) => {
                context.counts.failed.fetch_add(1, Ordering::Relaxed);
                state.tries.failed(now);
                if matches!(error, FetchError::NoKeys) {
                    // No outage: the issuer says that none of its keys holds any more.
                    state.good = None;
                }
                let kept = state.good.is_some();
                warn!(source = ?self.source, %error, kept, "the key set could not be fetched");
            }
        });
    }
}

/// Fetches a key set, whatever is cached.
pub(crate) async fn fetch(
    source: &KeySource,
    context: FetchContext<'_>,
) -> Result<(KeySet, Option<Duration>), FetchError> {
    let discovered;
    let endpoint = match source {
        KeySource::Jwks(endpoint) => endpoint,
        KeySource::Discovery { endpoint, issuer } => {
            discovered = discover(endpoint, issuer, context).await?;
            &discovered
        }
        KeySource::Inline(keys) => return Ok((KeySet::clone(keys), None)),
    };
    let fetched = context
        .http
        .get(endpoint, MAX_DOCUMENT, context.deadline)
        .await?;
    let keys = KeySet::parse(&fetched.body).map_err(|error| match error {
        KeySetError::Malformed => FetchError::Unusable("a key set"),
        KeySetError::NoUsableKey => FetchError::NoKeys,
    })?;
    Ok((keys, fetched.max_age))
}

async fn discover(
    endpoint: &Endpoint,
    issuer: &str,
    context: FetchContext<'_>,
) -> Result<Endpoint, FetchError> {
    let document = discovery_document(context.http, endpoint, issuer, context.deadline).await?;
    endpoint_of(&document, "jwks_uri", endpoint).ok_or(FetchError::Unusable(
        "a discovery document with an https jwks_uri",
    ))
}

/// The discovery document of an issuer, which it must name.
pub(crate) async fn discovery_document(
    http: &HttpClient,
    endpoint: &Endpoint,
    issuer: &str,
    deadline: Deadline,
) -> Result<Value, FetchError> {
    let fetched = http.get(endpoint, MAX_DOCUMENT, deadline).await?;
    let document = crate::json::parse(&fetched.body)
        .map_err(|_| FetchError::Unusable("a discovery document"))?;
    if document.get("issuer").and_then(Value::as_str) != Some(issuer) {
        return Err(FetchError::Unusable(
            "a discovery document of the issuer in the settings",
        ));
    }
    Ok(document)
}

/// An endpoint that the discovery document at `from` names.
pub(crate) fn endpoint_of(document: &Value, name: &str, from: &Endpoint) -> Option<Endpoint> {
    let endpoint = Endpoint::parse(document.get(name)?.as_str()?).ok()?;
    // A document from the network must not point us at our own machine.
    (from.is_loopback() || !endpoint.is_loopback()).then_some(endpoint)
}

impl PartialEq for KeySource {
    /// Whether both lead to the same keys. Inline sets are cheap to make anew, so no two are equal.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Jwks(one), Self::Jwks(two)) => one == two,
            (
                Self::Discovery { endpoint, issuer },
                Self::Discovery {
                    endpoint: other_endpoint,
                    issuer: other_issuer,
                },
            ) => endpoint == other_endpoint && issuer == other_issuer,
            _ => false,
        }
    }
}
