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
use std::time::Duration;

use serde_json::Value;
use tracing::{info, warn};

use crate::error::Fault;
use crate::http::{Deadline, Endpoint, FetchContext, FetchError, HttpClient};
use crate::keys::{KeyId, KeySet, KeySetError};
use crate::sync::{Age, Due, FetchOutcome, Refreshed};

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

/// The keys of one issuer.
#[derive(Debug)]
pub struct KeyCache {
    source: KeySource,
    /// Trusts the provider's own authority, where it has one.
    http: Option<HttpClient>,
    fetched: Refreshed<FetchedKeys>,
}

#[derive(Debug)]
struct FetchedKeys {
    keys: Arc<KeySet>,
    fresh_for: Duration,
}

impl From<(KeySet, Option<Duration>)> for FetchedKeys {
    fn from((keys, max_age): (KeySet, Option<Duration>)) -> Self {
        Self {
            keys: Arc::new(keys),
            fresh_for: max_age.unwrap_or(DEFAULT_FRESH).clamp(MIN_FRESH, MAX_FRESH),
        }
    }
}

impl KeySource {
    /// Where they are asked for first; `None` where they stand in the settings.
    pub(crate) const fn endpoint(&self) -> Option<&Endpoint> {
        match self {
            Self::Inline(_) => None,
            Self::Jwks(endpoint) | Self::Discovery { endpoint, .. } => Some(endpoint),
        }
    }

    /// Whether both lead to the same keys over the network. Inline sets are cheap to make anew, so
    /// none leads where another does.
    pub(crate) fn leads_to_keys_of(&self, other: &Self) -> bool {
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

impl KeyCache {
    /// A cache that has fetched nothing yet.
    pub(crate) fn new(source: KeySource, http: Option<HttpClient>) -> Self {
        Self {
            source,
            http,
            fetched: Refreshed::new(MAX_BACKOFF),
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
        let due = |fetched: &FetchedKeys, age: Age| Due {
            fetch: age.of_value >= fetched.fresh_for
                || (age.of_try >= COOLDOWN && wanted.is_some_and(|id| !fetched.keys.has(id))),
            usable: age.of_value < MAX_STALE,
        };
        // On the heap: most events fetch nothing, and need not carry room for it.
        let fetch =
            async |previous: Option<_>| Box::pin(self.fetch(context, previous.is_some())).await;
        let fetched = self.fetched.current(context.clock, due, fetch).await;
        let fetched = fetched.ok_or(Fault::KeysUnavailable)?;
        Ok(Arc::clone(&fetched.keys))
    }

    /// Fetches the keys ahead of the first token. A failure is no fault: the first token that needs
    /// them has them fetched at once.
    pub(crate) async fn prepare(&self, context: FetchContext<'_>) {
        let fetch = async || {
            context.counters.key_fetches.count_try();
            match fetch(&self.source, self.trusting(context)).await {
                Ok(fetched) => Some(FetchedKeys::from(fetched)),
                Err(error) => {
                    info!(source = ?self.source, %error, "the key set could not be fetched ahead of the first token");
                    None
                }
            }
        };
        self.fetched.prepare(context.clock, fetch).await;
    }

    fn trusting<'c>(&'c self, context: FetchContext<'c>) -> FetchContext<'c> {
        FetchContext {
            http: self.http.as_ref().unwrap_or(context.http),
            ..context
        }
    }

    async fn fetch(&self, context: FetchContext<'_>, kept: bool) -> FetchOutcome<FetchedKeys> {
        context.counters.key_fetches.count_try();
        match fetch(&self.source, self.trusting(context)).await {
            Ok(fetched) => FetchOutcome::New(fetched.into()),
            Err(error) => {
                context.counters.key_fetches.count_failure();
                // No outage: the issuer says that none of its keys holds any more.
                let withdrawn = matches!(error, FetchError::NoKeys);
                let kept = kept && !withdrawn;
                warn!(source = ?self.source, %error, kept, "the key set could not be fetched");
                if withdrawn {
                    FetchOutcome::Withdrawn
                } else {
                    FetchOutcome::Failed
                }
            }
        }
    }
}

/// Fetches a key set, whatever is cached.
///
/// # Errors
///
/// When the answer does not come in time, or is not what was asked for.
pub async fn fetch(
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
///
/// # Errors
///
/// When the answer does not come in time, or is not what was asked for.
pub async fn discovery_document(
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
pub fn endpoint_of(document: &Value, name: &str, from: &Endpoint) -> Option<Endpoint> {
    let endpoint = Endpoint::parse(document.get(name)?.as_str()?).ok()?;
    // A document from the network must not point us at our own machine.
    (from.is_loopback() || !endpoint.is_loopback()).then_some(endpoint)
}
